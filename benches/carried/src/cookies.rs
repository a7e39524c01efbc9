//! A session in an encrypted cookie: reading one attribute, and changing one.
//!
//! All carry the same: whose session it is, from when until when, and three attributes. The peers have no session of
//! their own to keep that in, so there it stands among the attributes, and its end is looked at.

use std::collections::HashMap;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use actix_session::storage::{CookieSessionStore, SessionStore as _};
use actix_web::cookie as actix;
use hallpass::{
    Caller, Key, KeyAlgorithm, KeyRing, NewSession, Outgoing, Realm, Sealed, SelfContained as _, Sessions, Subject,
};
use serde_json::{Map, Value, json};

use crate::rounds::{Arm, Measured};

const NAME: &str = "__Host-session";
const ROWS: [(&str, &str, &str); 4] = [
    ("hallpass, `Sessions` with `Sealed`", "hallpass read", "hallpass write"),
    ("hallpass, the seal alone: open; open and seal", "seal read", "seal write"),
    ("cookie 0.18, private jar", "jar read", "jar write"),
    ("actix-session, cookie store", "actix read", "actix write"),
];

pub(crate) fn report() {
    let measured = Measured::of(arms());
    let (_, read, write) = ROWS[0];
    println!("| encrypted cookie | read, µs | write, µs | hallpass' read ÷ it | hallpass' write ÷ it |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, its_read, its_write) in ROWS {
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} |",
            measured.nanos(its_read) / 1e3,
            measured.nanos(its_write) / 1e3,
            measured.ratio(read, its_read),
            measured.ratio(write, its_write),
        );
    }
}

pub(crate) fn arms() -> Vec<Arm> {
    let mut arms = hallpass();
    arms.extend(jar());
    arms.extend(actix_session());
    arms
}

fn hallpass() -> Vec<Arm> {
    let key = Key::generate(KeyAlgorithm::Sealing).expect("the system makes keys");
    let ring = KeyRing::new([key]).expect("a key");
    let sealed = || Sealed::new(ring.clone(), &Realm::default(), NAME).expect("a name");
    let sessions = Sessions::builder().carried(sealed()).build().expect("all parts");
    let mut new = NewSession::signed_in(Subject::new("user-31415926").expect("a name"));
    new.data = serde_json::to_vec(&attributes()).expect("JSON").into();
    let text = ready(sessions.create(new, &Caller::user())).expect("created").token.expose().to_owned();
    let (form, again) = (sealed(), sealed());
    let (sessions_too, texts) = (sessions.clone(), [text.clone(), text.clone(), text.clone(), text]);
    let [one, two, three, four] = texts;
    let now = sessions.now();
    vec![
        Arm::new("hallpass read", move || {
            let session = ready(sessions.open(&one, &Caller::user())).expect("it is good");
            assert_eq!(black_box(session.get::<u32>("visits").expect("a number")), Some(3));
        }),
        Arm::new("hallpass write", move || {
            let session = ready(sessions_too.open(&two, &Caller::user())).expect("it is good");
            session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).expect("a number");
            ready(session.commit()).expect("it fits");
            let Outgoing::Hand(token, _) = session.outgoing() else { panic!("a changed session is handed out") };
            black_box(token);
        }),
        Arm::new("seal read", move || {
            black_box(form.open(three.as_bytes(), now).expect("it is good"));
        }),
        Arm::new("seal write", move || {
            let carried = again.open(four.as_bytes(), now).expect("it is good");
            black_box(again.seal(&carried).expect("it fits"));
        }),
    ]
}

fn jar() -> Vec<Arm> {
    use cookie::{Cookie, CookieJar, Key};
    let key = Key::generate();
    let mut jar = CookieJar::new();
    jar.private_mut(&key).add(Cookie::new(NAME, serde_json::to_string(&state()).expect("JSON")));
    let text = jar.get(NAME).expect("it was just added").value().to_owned();
    let open = |jar: &mut CookieJar, key: &Key, text: &str| -> Map<String, Value> {
        jar.add_original(Cookie::new(NAME, text.to_owned()));
        let cookie = jar.private(key).get(NAME).expect("it is good");
        serde_json::from_str(cookie.value()).expect("JSON")
    };
    let (key_too, text_too) = (key.clone(), text.clone());
    vec![
        Arm::new("jar read", move || {
            let state = open(&mut CookieJar::new(), &key, &text);
            assert_eq!(black_box(visits(&state)), 3);
        }),
        Arm::new("jar write", move || {
            let mut jar = CookieJar::new();
            let mut state = open(&mut jar, &key_too, &text_too);
            let visits = visits(&state) + 1;
            state.insert("visits".to_owned(), visits.into());
            let state = serde_json::to_string(&state).expect("JSON");
            jar.private_mut(&key_too).add(Cookie::new(NAME, state));
            black_box(jar.get(NAME).expect("it was just added").value());
        }),
    ]
}

/// As actix-session does it: the state is JSON by its store, in a private jar of its own for each request.
fn actix_session() -> Vec<Arm> {
    use actix::{Cookie, CookieJar, Key};
    let key = Key::generate();
    let seal = |key: &Key, value: String| {
        let mut jar = CookieJar::new();
        jar.private_mut(key).add(Cookie::new(NAME, value));
        jar.delta().next().expect("it was just added").value().to_owned()
    };
    let open = |key: &Key, text: &str| {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(NAME, text.to_owned()));
        let value = jar.private(key).get(NAME).expect("it is good").value().to_owned();
        let session = value.try_into().expect("the key of a session");
        let state = ready(CookieSessionStore::default().load(&session)).expect("JSON").expect("a state");
        (session, state)
    };
    // Each value is JSON within the JSON of the state.
    let values: HashMap<String, String> = state().into_iter().map(|(key, value)| (key, value.to_string())).collect();
    let text = seal(&key, serde_json::to_string(&values).expect("JSON"));
    let visits = |state: &HashMap<String, String>| -> u64 {
        assert!(serde_json::from_str::<u64>(&state["until"]).is_ok_and(|until| until > now()), "its time is not over");
        serde_json::from_str(&state["visits"]).expect("a number")
    };
    let (key_too, text_too) = (key.clone(), text.clone());
    vec![
        Arm::new("actix read", move || {
            let (_, state) = open(&key, &text);
            assert_eq!(black_box(visits(&state)), 3);
        }),
        Arm::new("actix write", move || {
            let (session, mut state) = open(&key_too, &text_too);
            let next = visits(&state) + 1;
            state.insert("visits".to_owned(), serde_json::to_string(&next).expect("a number"));
            let life = actix::time::Duration::minutes(30);
            let session = ready(CookieSessionStore::default().update(session, state, &life)).expect("JSON");
            black_box(seal(&key_too, session.as_ref().to_owned()));
        }),
    ]
}

fn visits(state: &Map<String, Value>) -> u64 {
    assert!(state["until"].as_u64().is_some_and(|until| until > now()), "its time is not over");
    state["visits"].as_u64().expect("a number")
}

fn attributes() -> Map<String, Value> {
    let Value::Object(attributes) = json!({"theme": "dark", "cart": [12, 96, 1007], "visits": 3}) else {
        unreachable!("it is written above")
    };
    attributes
}

fn state() -> Map<String, Value> {
    let mut state = attributes();
    state.insert("subject".to_owned(), "user-31415926".into());
    state.insert("since".to_owned(), now().into());
    state.insert("until".to_owned(), (now() + 1800).into());
    state
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// Runs what never has to wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("no store is asked"),
    }
}
