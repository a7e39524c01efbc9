use hallpass_dialects::{Framework, Stored};
use serde_json::Value as Json;

use crate::vectors::{self, bytes, text};

/// Every key of every vector, and what is under it.
fn stored() -> Vec<(Framework, String, Stored)> {
    let mut found = Vec::new();
    let frameworks = [
        (Framework::Express, "express", 24),
        (Framework::Django, "django", 57),
        (Framework::Spring, "spring", 28),
        (Framework::Gorilla, "gorilla", 42),
    ];
    for (framework, name, count) in frameworks {
        for vector in vectors::all(name, count) {
            let steps = vector.list("steps").iter().flat_map(|step| step["redis"].as_array().into_iter().flatten());
            for entry in vector.list("redis").iter().chain(steps) {
                found.extend(under(entry).map(|stored| (framework, text(&entry["key"]).to_owned(), stored)));
            }
            if let Some(row) = vector.0["db_row"]["session_data"].as_str() {
                found.push((framework, text(&vector.0["session_key"]).to_owned(), Stored::Bytes(row.into())));
            }
        }
    }
    found
}

fn under(entry: &Json) -> Option<Stored> {
    match entry["type"].as_str() {
        Some("hash") => {
            let fields = entry["fields"].as_object().expect("fields");
            Some(Stored::Fields(fields.iter().map(|(name, value)| (name.clone(), bytes(value))).collect()))
        }
        Some("string") | None => Some(Stored::Bytes(bytes(&entry["value_base64"]))),
        // Sets are indexes.
        Some(_) => None,
    }
}

#[test]
fn every_session_is_known_by_its_shape_and_nothing_beside_one_is() {
    let mut known = 0;
    for (framework, key, stored) in stored() {
        // What ends a session of Spring is a key beside it, and rbcervilla/redisstore takes any name for a session.
        let is_none = key.contains(":expires:") || key.ends_with("attacker-chosen-id");
        assert_eq!(Framework::detect(key.as_bytes(), &stored), (!is_none).then_some(framework), "{key}");
        known += 1;
    }
    assert!(known > 120, "{known}");
    for (key, value) in [("hallpass:session:default", "x"), ("celery", "{}"), ("cart:7", "[]"), ("", "")] {
        assert_eq!(Framework::detect(key.as_bytes(), &Stored::Bytes(value.into())), None, "{key}");
    }
}
