//! A million sessions of a subject of 8 bytes, in each of the stores.

use std::any::Any;
use std::collections::HashMap;

use actix_session::storage::SessionStore as _;
use actix_web::cookie::time::{Duration, OffsetDateTime};
use hallpass::{Caller, NewSession, Sessions, Subject};
use ruts::store::SessionStore as _;
use ruts::store::Ttl;
use ruts::store::moka::MokaStoreBuilder;
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore, SessionStore as _};

use crate::arm::Memory;

/// As many as the capacity that hallpass' store has by default.
pub const SESSIONS: usize = 1_000_000;

/// The stores that are filled.
pub const STORES: [&str; 4] = ["hallpass", "tower-sessions", "ruts", "actix-session, memory"];

/// Fills a store, and returns what holds it.
pub fn fill(store: &str) -> Box<dyn Any> {
    layer::runtime().block_on(async {
        match store {
            "hallpass" => hallpass_memory().await,
            "tower-sessions" => tower_sessions_memory().await,
            "ruts" => ruts_moka().await,
            "actix-session, memory" => actix_map().await,
            other => panic!("no store {other}"),
        }
    })
}

fn subject(index: usize) -> String {
    format!("u{index:07}")
}

/// Everything that its middleware would do for an anonymous visitor who signs in, with the events of it.
async fn hallpass_memory() -> Box<dyn Any> {
    let sessions = Sessions::builder().store(hallpass::MemoryStore::new()).build().expect("a store was chosen");
    for index in 0..SESSIONS {
        let new = NewSession::signed_in(Subject::new(subject(index)).expect("short"));
        sessions.create(new, &Caller::user()).await.expect("room is left");
    }
    Box::new(sessions)
}

async fn tower_sessions_memory() -> Box<dyn Any> {
    let store = MemoryStore::default();
    for index in 0..SESSIONS {
        let mut record = Record {
            id: Id::default(),
            data: HashMap::from([("user_id".to_owned(), subject(index).into())]),
            expiry_date: OffsetDateTime::now_utc() + Duration::hours(4),
        };
        store.create(&mut record).await.expect("memory is there");
    }
    Box::new(store)
}

async fn ruts_moka() -> Box<dyn Any> {
    let store = MokaStoreBuilder::new().max_capacity(2 * SESSIONS as u64).build();
    let hours = Ttl::new(4 * 3600).expect("hours are allowed");
    for index in 0..SESSIONS {
        store.set(&ruts::Id::default(), "user_id", &subject(index), hours, None).await.expect("memory is there");
    }
    Box::new(store)
}

async fn actix_map() -> Box<dyn Any> {
    let store = Memory::default();
    for index in 0..SESSIONS {
        let state = HashMap::from([("user_id".to_owned(), format!("{:?}", subject(index)))]);
        store.save(state, &Duration::hours(4)).await.expect("memory is there");
    }
    Box::new(store)
}
