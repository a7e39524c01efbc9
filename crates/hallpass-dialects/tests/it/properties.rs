//! What must hold for values and bytes that nobody thought of.

use std::sync::LazyLock;

use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Dialect, Framework, Held, Map, Presented, Secret, Session, Stored, Value};
use proptest::prelude::*;

use crate::vectors::{self, bytes};

/// Values that all four languages have.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|number| Value::Int(number.into())),
        // A whole number with a fraction of zero is another kind of number in some languages, and the same in others.
        any::<i32>().prop_map(|number| Value::Float(f64::from(number) + 0.5)),
        (-300_i32..300)
            .prop_map(|exponent| Value::Float(1.5_f64.powi(exponent) + 0.25))
            .prop_filter("whole", is_broken),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec((any::<String>(), inner), 0..8).prop_map(|pairs| Value::Map(to_map(pairs))),
        ]
    })
}

fn is_broken(value: &Value) -> bool {
    matches!(value, Value::Float(number) if number.fract() != 0.0)
}

// Names that are numbers move to the front in JavaScript, and some are the framework's own.
fn to_map(pairs: Vec<(String, Value)>) -> Map {
    pairs.into_iter().map(|(name, value)| (format!("k{name}").into(), value)).collect()
}

fn sessions() -> impl Strategy<Value = Session> {
    prop::collection::vec(("[a-zé🦀]{0,12}", values()), 0..6).prop_map(|pairs| {
        let mut session = Spring::new(Repository::Redis, Serializer::Jdk).new_session(0);
        session.attributes = to_map(pairs);
        session
    })
}

fn secret() -> Secret {
    Secret::new("a secret of more than thirty-two bytes")
}

fn dialects() -> Vec<Box<dyn Dialect>> {
    let keys = || [(secret(), Some(Secret::new("block-key-of-exactly-32-bytes-ok")))];
    vec![
        Box::new(Express::new([secret()])),
        Box::new(Django::db([secret()])),
        Box::new(Django::cache(Cache::BuiltIn)),
        Box::new(Django::cache(Cache::DjangoRedis)),
        Box::new(Django::cache(Cache::DjangoRedisJson)),
        Box::new(Django::cached_db([secret()], Cache::BuiltIn)),
        Box::new(Django::file([secret()])),
        Box::new(Spring::new(Repository::Redis, Serializer::Jdk)),
        Box::new(Spring::new(Repository::Indexed, Serializer::Json)),
        Box::new(Spring::new(Repository::Jdbc, Serializer::Jdk)),
        Box::new(Gorilla::filesystem_store("session", keys()).max_length(0)),
        Box::new(Gorilla::redistore("session", keys()).max_length(0)),
        Box::new(Gorilla::redisstore("session")),
    ]
}

proptest! {
    #[test]
    fn what_is_written_in_any_dialect_is_read_again(session in sessions()) {
        for dialect in dialects() {
            let stored = dialect.write(&session, 0).expect("all languages have such values");
            let again = dialect.read(&stored).expect("what was written is read");
            // In Spring what is null is absent.
            let expected: Map = session
                .attributes
                .iter()
                .filter(|(_, value)| dialect.framework() != Framework::Spring || *value != Value::Null)
                .cloned()
                .collect();
            prop_assert_eq!(again.attributes, expected, "{:?}", dialect);
        }
    }

    #[test]
    fn a_cookie_that_carries_a_session_is_taken_back_until_one_bit_of_it_changes(
        session in sessions(),
        place in any::<prop::sample::Index>(),
        bit in 0..6_u8,
    ) {
        let carriers: [Box<dyn Dialect>; 2] = [
            Box::new(Django::signed_cookies([secret()])),
            Box::new(Gorilla::cookie_store("session", [(secret(), None)])),
        ];
        for dialect in carriers {
            let Ok(line) = dialect.set_cookie(Held::Carries, &session, 0) else { continue };
            let pair = line.split(';').next().expect("there is one");
            let presented = dialect.presented(pair.as_bytes(), 0);
            let [Ok(Presented::Carries(carried))] = &presented[..] else { panic!("{presented:?}") };
            prop_assert_eq!(&carried.attributes, &session.attributes);

            let mut forged = pair.as_bytes().to_vec();
            let from = pair.find('=').expect("there is one") + 1;
            let at = from + place.index(forged.len() - from);
            forged[at] ^= 1 << bit;
            let presented = dialect.presented(&forged, 0);
            if let [Ok(Presented::Carries(carried))] = &presented[..] {
                // Base64 has bits that stand for nothing, of which Go looks at none.
                prop_assert_eq!(&carried.attributes, &session.attributes);
                prop_assert_eq!(dialect.framework(), Framework::Gorilla);
            }
        }
    }

    #[test]
    fn damage_never_does_more_than_to_be_refused(
        vector in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let (dialect, stored) = &STORED[vector.index(STORED.len())];
        let mut bytes = stored.clone();
        for (place, byte) in damage {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 4).max(1));
        let stored = match dialect.framework() {
            Framework::Spring => Stored::Fields(vec![("k".to_owned(), bytes)]),
            _ => Stored::Bytes(bytes),
        };
        if let Ok(session) = dialect.read(&stored) {
            dialect.user(&session);
            if let Ok(written) = dialect.write(&session, 0) {
                let again = dialect.read(&written).expect("what was written is read");
                // What is no number is not the same as itself, and JavaScript has it written as null.
                let shown = format!("{:?}", session.attributes);
                if dialect.framework() != Framework::Express || !shown.contains("inf") {
                    prop_assert_eq!(format!("{:?}", again.attributes), shown);
                }
            }
        }
    }
}

type Readable = (Box<dyn Dialect>, Vec<u8>);

/// What real frameworks stored, each with who reads it.
static STORED: LazyLock<Vec<Readable>> = LazyLock::new(|| {
    let mut stored: Vec<Readable> = Vec::new();
    for vector in vectors::all("express", 24) {
        if vector.0["redis_value_base64"].is_string() {
            stored.push((Box::new(Express::new([])), bytes(&vector.0["redis_value_base64"])));
        }
    }
    for vector in vectors::all("django", 57) {
        if vector.0["redis_value_base64"].is_string() {
            stored.push((Box::new(Django::cache(Cache::BuiltIn)), bytes(&vector.0["redis_value_base64"])));
        }
    }
    for vector in vectors::all("gorilla", 42) {
        for value in vector.list("values") {
            stored.push((Box::new(Gorilla::redisstore("session")), bytes(&value["gob_base64"])));
        }
    }
    for vector in vectors::all("spring", 28) {
        for value in vector.list("values").iter().filter(|value| value["jdk_base64"].is_string()) {
            stored.push((Box::new(Spring::new(Repository::Jdbc, Serializer::Jdk)), bytes(&value["jdk_base64"])));
        }
    }
    stored.retain(|(_, bytes)| !bytes.is_empty());
    assert!(stored.len() > 100);
    stored
});
