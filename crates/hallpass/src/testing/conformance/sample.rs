use std::time::Duration;

use bytes::Bytes;

use crate::event::EndReason;
use crate::id::{SecretHash, SessionId};
use crate::name::{Actor, Method, Note, Profile, Realm, Subject};
use crate::record::{Client, Ended, Level, Record, Retry, Terms};
use crate::time::Timestamp;
use crate::token::{Chain, Generation, Grace};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

/// Returns a realm that nobody else uses.
pub(super) fn realm() -> Realm {
    Realm::new(format!("conformance.{}", SessionId::random())).expect("an id has letters, digits, `-` and `_`")
}

/// Returns a subject that nobody else uses.
pub(super) fn subject() -> Subject {
    Subject::new(format!("subject {}", SessionId::random())).expect("an id is short")
}

/// Returns a living record of nobody, with all that can be left out left out.
pub(super) fn least(realm: Realm, now: Timestamp) -> Record {
    let terms = Terms { idle: 1_800, absolute: 14_400, renewal: 3_600, anonymous: 900, locks: false };
    let chain = Chain::start(Generation::FIRST, now).chain;
    let mut record = Record::new(SessionId::random(), realm, Profile::default(), terms, chain, now);
    record.expires_at = now.plus(HOUR);
    record
}

/// Returns a living record in which every field is set, to a value that no other has.
pub(super) fn full(realm: Realm, now: Timestamp) -> Record {
    let first = Chain::start(Generation::new(41).expect("small"), now.minus(DAY));
    let shown = first.chain.generation;
    let grace = Grace { grace: 30 * SECOND, replay_after: 150 * SECOND };
    let renewed =
        first.chain.renew(&first.secret, shown, None, grace, now.minus(MINUTE)).expect("generations are left");
    let mut record = least(realm, now.minus(2 * DAY));
    record.chain = Some(renewed.chain);
    record.subject = Some(subject());
    record.profile = Profile::remember();
    record.terms = Terms { idle: 1, absolute: u32::MAX, renewal: 77, anonymous: 5, locks: true };
    record.authenticated_at = Some(now.minus(HOUR).plus(Duration::from_millis(123)));
    record.seen_at = now.minus(Duration::from_millis(1));
    record.expires_at = now.plus(HOUR).plus(Duration::from_millis(999));
    record.level = Level::new(9).expect("9 is the highest");
    record.methods = ["pwd", "otp", "x-1.y_2"].map(|method| Method::new(method).expect("valid")).to_vec();
    record.impersonator = Some(Subject::new("Zoë <zoe@example.org>").expect("valid"));
    record.client = Client {
        ip: Some("2001:db8::ff00:42:8329".parse().expect("valid")),
        user_agent: Note::lossy("Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
        label: Note::lossy("Firefox on Linux"),
    };
    record.retry =
        Some(Retry { key: [0xa5; 16], presented: Some(SecretHash::from_bytes([0x5a; 32])), asked: Some([0xc3; 32]) });
    record.data = Bytes::from_static(br#"{"cart":[1,2,{"sku":"a-7"}],"name":"Zo\u00eb"}"#);
    record.unknown = unknown_fields();
    record
}

/// Returns two fields as a newer version might write them: tag, length, value.
fn unknown_fields() -> Bytes {
    let long = [&[201, 0xac, 0x02][..], &[0x07; 300]].concat();
    Bytes::from([b"\xc8\x05later", &long[..]].concat())
}

/// Returns the next version of a record, with a change.
pub(super) fn next(before: &Record, change: impl FnOnce(&mut Record)) -> Record {
    let mut after = before.clone();
    after.version = before.version.next();
    change(&mut after);
    after
}

/// Ends a session, to be forgotten in an hour.
pub(super) fn end(record: &mut Record, now: Timestamp) {
    let note = Note::lossy("stolen \u{1f4bb}, said \"Zoë\"");
    let ended = Ended { at: now, reason: EndReason::Revoked, actor: Actor::operator("alice"), note };
    record.end(ended, now.plus(HOUR));
}

/// Asserts that a record came back as it was saved, and otherwise says in which fields it did not.
#[track_caller]
pub(super) fn assert_same(found: Option<&Record>, expected: &Record) {
    let Some(found) = found else {
        panic!("the record must be there, in version {}, and is not", expected.version.number());
    };
    let different = differences(found, expected);
    assert!(different.is_empty(), "the record is not as it must be: {}", different.join("; "));
}

/// Asserts that a listing has these records, in this order, each as it was saved.
#[track_caller]
pub(super) fn assert_listed(found: &[Record], expected: &[Record], what: &str) {
    let ids = |records: &[Record]| records.iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(found), ids(expected), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert_same(Some(found), expected);
    }
}

fn differences(found: &Record, expected: &Record) -> Vec<String> {
    let mut different = Vec::new();
    macro_rules! compare {
        ($($field:ident)*) => {
            // Names every field, so that a new one is not forgotten here.
            let Record { $($field: _,)* } = expected;
            $(if found.$field != expected.$field {
                let (found, expected) = (shown(&found.$field), shown(&expected.$field));
                different.push(format!("{} is {found} instead of {expected}", stringify!($field)));
            })*
        };
    }
    compare!(id realm subject version profile terms created_at authenticated_at seen_at expires_at chain level methods
        impersonator client ended retry data unknown);
    different
}

fn shown(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    if text.len() <= 200 {
        text
    } else {
        format!("{}... ({} bytes)", text.chars().take(60).collect::<String>(), text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Version;

    #[test]
    fn the_full_record_is_a_valid_one_that_leaves_nothing_out() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let record = full(realm(), now);
        assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record.clone()));
        let least = least(realm(), now);
        let differing = differences(&record, &least).len();
        assert_eq!(differing, 17, "all but version and end: {:?}", differences(&record, &least));
        assert_eq!((record.version, record.ended), (Version::FIRST, None));
    }

    #[test]
    fn a_difference_is_told_by_its_field() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let record = full(realm(), now);
        let mut other = record.clone();
        other.level = Level::ANONYMOUS;
        assert_eq!(differences(&other, &record), ["level is Level(0) instead of Level(9)"]);
    }
}
