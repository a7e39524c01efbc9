//! One session, as a token carries it, and the claims that another library reads of it.

use std::time::Duration;

use hallpass::{
    Carried, Chain, Clock as _, Epoch, Generation, Level, Method, Policy, Profile, Realm, Record, SessionId, Subject,
    SystemClock,
};
use serde::Deserialize;

pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

pub(crate) fn carried() -> Carried {
    let now = SystemClock::new().now();
    let chain = Chain::start(Generation::FIRST, now).chain;
    let terms = Policy::default().terms();
    let mut record =
        Record::new(SessionId::from_bytes([7; 16]), Realm::default(), Profile::default(), terms, chain, now);
    record.subject = Some(Subject::new("user-31415926").expect("a name"));
    record.authenticated_at = Some(now);
    record.level = Level::TWO_FACTORS;
    record.methods = ["pwd", "otp"].map(|word| Method::new(word).expect("a word")).to_vec();
    record.expires_at = now.plus(Duration::from_mins(30));
    Carried::new(record, Epoch(3), now, now.plus(Duration::from_mins(30)))
}

/// All that the standards name, with a type of its own.
#[allow(dead_code)] // read from the token, which is what is measured
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    jti: String,
    sub: String,
    client_id: String,
    sid: String,
    auth_time: u64,
    acr: String,
    amr: Vec<String>,
}
