//! The attributes of a session, whatever JSON they came as, beside a whole parse of the same bytes.
//!
//! An input is the JSON, a zero byte, and pairs of bytes: what to do, and with which key.

#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hallpass::{Caller, Clock, MemoryStore, NewSession, Session, Sessions, Timestamp};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

const KEYS: [&str; 6] = ["a", "b", "", "a\"b", "\u{e9}", "note"];

#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (data, steps) = bytes.split_at(end);
    let sessions = Sessions::builder().store(MemoryStore::with_capacity(4)).clock(Standing).build();
    let sessions = sessions.expect("store and clock are there");
    let mut new = NewSession::anonymous();
    new.data = data.to_vec().into();
    let whole = if data.is_empty() { Ok(Map::new()) } else { serde_json::from_slice::<Map<String, Value>>(data) };
    let Ok(issued) = ready(sessions.create(new, &Caller::user())) else {
        assert!(whole.is_err(), "an object was refused");
        return;
    };
    let token = issued.token.expose();
    let open = || ready(sessions.open(token, &Caller::user())).expect("it was just made");
    let session = open();
    // A whole parse refuses what nobody asked for, such as a number that no type holds: then only panics count.
    let mut whole = whole.ok();
    for step in steps.get(1..).unwrap_or_default().chunks_exact(2) {
        take(&session, step[0], name(step[1]), whole.as_mut());
    }
    ready(session.commit()).expect("nobody else writes");

    if let Some(whole) = whole {
        let session = open();
        for (key, value) in &whole {
            assert_eq!(read(&session, key).as_ref(), Some(value), "{key:?} after the commit");
        }
        let stored = session.record().expect("it lives").data;
        let stored: Map<_, _> =
            if stored.is_empty() { Map::new() } else { serde_json::from_slice(&stored).expect("JSON") };
        assert_eq!(stored, whole);
    }
});

fn take(session: &Session, step: u8, key: &str, whole: Option<&mut Map<String, Value>>) {
    let mut unseen = Map::new();
    let checked = whole.is_some();
    let whole = whole.unwrap_or(&mut unseen);
    match step % 6 {
        0 => {
            let found = session.get::<Value>(key);
            if checked {
                assert_eq!(found.expect("JSON").as_ref(), whole.get(key), "{key:?}");
            }
        }
        1 => {
            session.set(key, &i64::MIN).expect("small");
            whole.insert(key.to_owned(), i64::MIN.into());
        }
        2 => {
            session.set(key, "\u{0}\"\u{1f600}").expect("small");
            whole.insert(key.to_owned(), "\u{0}\"\u{1f600}".into());
        }
        3 => {
            session.remove(key).expect("it is not locked");
            whole.remove(key);
        }
        4 => {
            let updated = session.update(key, |_: Option<Value>| Value::from(7));
            if checked {
                assert_eq!(updated.expect("JSON"), 7);
                whole.insert(key.to_owned(), 7.into());
            }
        }
        _ => ready(session.commit()).expect("nobody else writes"),
    }
}

fn read(session: &Session, key: &str) -> Option<Value> {
    session.get(key).expect("JSON")
}

fn name(key: u8) -> &'static str {
    KEYS[usize::from(key) % KEYS.len()]
}

/// Runs what never has to wait, on the memory store.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the memory store made somebody wait"),
    }
}
