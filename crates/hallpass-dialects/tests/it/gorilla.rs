use hallpass_dialects::gorilla::{Gorilla, Serializer};
use hallpass_dialects::{CookieOptions, Dialect as _, Held, Keep, Presented, SameSite, Secret, Session, Stored};
use serde_json::Value as Json;

use crate::expect;
use crate::vectors::{self, Vector, bytes, text};

const ID: &str = "DZKHNBHZGATQU5H3JTKJB46VGR6GNGU3C2ZRM3QUZOGUCOJDNLIA";

fn vectors() -> Vec<Vector> {
    vectors::all("gorilla", 42)
}

fn pairs(keys: &Json) -> Vec<(Secret, Option<Secret>)> {
    let keys: Vec<_> =
        keys.as_array().expect("a list").iter().map(|key| key.is_string().then(|| Secret::new(bytes(key)))).collect();
    keys.chunks(2).map(|pair| (pair[0].clone().expect("a key"), pair.get(1).cloned().flatten())).collect()
}

fn gorilla(vector: &Vector) -> Gorilla {
    let config = &vector.0["config"];
    let (name, keys) = (text(&config["cookie_name"]), pairs(&config["key_pairs_base64"]));
    let gorilla = match text(&config["store"]) {
        "CookieStore" => Gorilla::cookie_store(name, keys),
        "FilesystemStore" => Gorilla::filesystem_store(name, keys),
        "redistore1" => Gorilla::redistore(name, keys),
        "redistore2" => Gorilla::redistore(name, keys).zero_age_s(Some(1200)),
        _ => Gorilla::redisstore(name),
    };
    let options = &vector.0["options"];
    let cookie = CookieOptions {
        domain: options["Domain"].as_str().filter(|domain| !domain.is_empty()).map(str::to_owned),
        path: options["Path"].as_str().map(str::to_owned),
        is_secure: options["Secure"] == true,
        is_http_only: options["HttpOnly"] == true,
        is_partitioned: options["Partitioned"] == true,
        same_site: match options["SameSite"].as_i64() {
            Some(2) => Some(SameSite::Lax),
            Some(3) => Some(SameSite::Strict),
            Some(4) => Some(SameSite::None),
            _ => None,
        },
    };
    let json = config["value_serializer"] == "json";
    let gorilla = gorilla
        .serializer(if json { Serializer::Json } else { Serializer::Gob })
        .max_length(config["max_length"].as_u64().map_or(4096, |length| length.try_into().expect("small")))
        .max_age_s(options["MaxAge"].as_i64().expect("a number"))
        .cookie_options(cookie);
    match config["key_prefix"].as_str() {
        Some(prefix) => gorilla.prefix(prefix),
        None => gorilla,
    }
}

fn now_ms(vector: &Vector) -> i64 {
    vector.0["clock_unix"].as_i64().expect("a time") * 1000
}

fn header(vector: &Vector) -> Option<String> {
    let value = vector.0["cookie_value"].as_str()?;
    Some(format!("x=1; {}={value}", text(&vector.0["config"]["cookie_name"])))
}

/// Every place in which a vector has its session.
fn stored(vector: &Vector) -> Vec<Stored> {
    let file = vector.0["file"]["content"].as_str().map(|text| Stored::Bytes(text.into()));
    let cookie = vector.0["cookie_value"].as_str().filter(|_| vector.0["config"]["store"] == "CookieStore");
    let redis = vector.list("redis").iter().map(|entry| Stored::Bytes(bytes(&entry["value_base64"])));
    file.into_iter().chain(cookie.map(|text| Stored::Bytes(text.into()))).chain(redis).collect()
}

fn sessions() -> Vec<(Vector, Gorilla, Session)> {
    let mut sessions = Vec::new();
    for vector in vectors().into_iter().filter(|vector| vector.kind().is_empty()) {
        let gorilla = gorilla(&vector);
        if let Some(stored) = stored(&vector).first() {
            let session = gorilla.read(stored).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
            sessions.push((vector, gorilla, session));
        }
    }
    assert!(sessions.len() >= 30, "{}", sessions.len());
    sessions
}

#[test]
fn every_stored_session_has_the_stated_content_and_has_it_again() {
    for (vector, gorilla, session) in sessions() {
        let reloaded = &vector.0["reload"]["content"];
        let is_expired = vector.0["reload"]["error"].is_string();
        let stated = if reloaded.is_null() || is_expired { &vector.0["session_content"] } else { reloaded };
        expect::content(vector.id(), &session.attributes, stated);
        let again = gorilla.write(&session, now_ms(&vector)).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
        assert_eq!(gorilla.read(&again).map(|again| again.attributes), Ok(session.attributes), "{}", vector.id());
    }
}

#[test]
fn cookies_lead_to_what_is_stored_and_no_longer_than_gorilla_takes_them() {
    let (mut pointing, mut carrying, mut expired) = (0, 0, 0);
    for (vector, gorilla, session) in sessions() {
        let now_ms = now_ms(&vector) + vector.0["reload"]["after_s"].as_i64().unwrap_or_default() * 1000;
        let presented = gorilla.presented(header(&vector).expect("a cookie").as_bytes(), now_ms);
        match &presented[..] {
            [Ok(Presented::Points(credential))] => {
                let (key, id) = (gorilla.key(credential), text(&vector.0["session_id"]));
                assert_eq!(credential.danger_expose(), id);
                assert_eq!(gorilla.credential(key.as_bytes()).as_ref(), Some(credential));
                assert!(vector.0["redis_key"] == *key || vector.0["file"]["name"] == *key, "{}", vector.id());
                pointing += 1;
            }
            [Ok(Presented::Carries(carried))] => {
                assert_eq!(**carried, session, "{}", vector.id());
                carrying += 1;
            }
            [Err(error)] if error.is_expired() => {
                assert_eq!(vector.id(), "gorilla-018-expired");
                expired += 1;
            }
            // The defect of a store that takes any name.
            [Err(_)] => assert_eq!(vector.id(), "gorilla-051-rb-fixation"),
            other => panic!("{}: {other:?}", vector.id()),
        }
    }
    assert!(pointing >= 8 && carrying >= 18 && expired == 1, "{pointing} {carrying} {expired}");
}

#[test]
fn cookies_have_the_attributes_that_gorilla_gives_them() {
    for (vector, gorilla, session) in sessions() {
        let Some(line) = vector.0["set_cookie"].as_str() else { continue };
        let presented = gorilla.presented(header(&vector).expect("a cookie").as_bytes(), now_ms(&vector));
        let held = match presented.first() {
            Some(Ok(Presented::Points(credential))) => Held::Points(credential),
            Some(Ok(_)) => Held::Carries,
            _ => continue,
        };
        let written = gorilla.set_cookie(held, &session, now_ms(&vector)).expect("it fits");
        assert_eq!(attributes(&written), attributes(line), "{}", vector.id());
    }
}

// `Expires` was written by another clock.
fn attributes(line: &str) -> Vec<&str> {
    line.split("; ")
        .skip(1)
        .map(|attribute| if attribute.starts_with("Expires=") { "Expires" } else { attribute })
        .collect()
}

#[test]
fn stored_sessions_are_kept_for_as_long_as_gorilla_keeps_them() {
    let mut judged = 0;
    for vector in vectors().into_iter().filter(|vector| vector.kind().is_empty()) {
        let gorilla = gorilla(&vector);
        if let Some(seconds) = vector.0["redis_ttl_s"].as_i64() {
            assert_eq!(gorilla.keep(&Session::new(), 0), Keep::For(seconds * 1000), "{}", vector.id());
            judged += 1;
        }
        if vector.id() == "gorilla-044-boj1-maxage0" {
            assert_eq!(gorilla.keep(&Session::new(), 0), Keep::Not);
            judged += 1;
        }
    }
    assert!(judged >= 8, "{judged}");
}

#[test]
fn what_gorilla_refuses_to_write_is_refused() {
    let mut refused = 0;
    for vector in vectors().into_iter().filter(|vector| vector.0["save_error"].is_string()) {
        let mut session = Session::new();
        let content = &vector.0["session_content"];
        if content["$pairs"].is_array() {
            session.attributes = [(hallpass_dialects::Value::Int(1), "x".into())].into_iter().collect();
        } else {
            let (name, value) = content.as_object().and_then(|content| content.iter().next()).expect("one value");
            session.attributes.insert(name, text(value).into());
        }
        let error = gorilla(&vector).write(&session, 0).expect_err(vector.id());
        assert!(error.is_too_large() || error.is_read_only(), "{}: {error}", vector.id());
        refused += 1;
    }
    assert_eq!(refused, 4);
}

#[test]
fn cookies_are_taken_and_refused_as_securecookie_does() {
    let mut judged = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "verify") {
        for input in vector.list("inputs") {
            let name = text(&input["name"]);
            let keys = if name.contains("rotat") {
                &vector.0["rotated_key_pairs_base64"]
            } else {
                &vector.0["key_pairs_base64"]
            };
            let mut keys = pairs(keys);
            if name == "plain value read with a block key" {
                keys[0].1 = Some(Secret::new("block-key-of-exactly-32-bytes-ok"));
            }
            if name == "unknown key" {
                keys = vec![(Secret::new("another key"), None)];
            }
            let cookie = text(&input["cookie_name"]);
            let gorilla =
                Gorilla::cookie_store(cookie, keys).codec_max_age_s(input["max_age"].as_i64().expect("a number"));
            let header = format!("{cookie}={}", text(&input["cookie_value"]));
            let now_ms = input["clock_unix"].as_i64().expect("a time") * 1000;
            let presented = gorilla.presented(header.as_bytes(), now_ms);
            assert_eq!(presented[0].is_ok(), input["accepted"] == true, "{name}: {presented:?} {}", input["error"]);
            if let Ok(Presented::Carries(session)) = &presented[0] {
                expect::content(name, &session.attributes, &input["content"]);
            }
            judged += 1;
        }
    }
    assert!(judged >= 10, "{judged}");
}

#[test]
fn single_values_of_gob_are_what_go_says_they_are() {
    let plain = Gorilla::redisstore("s");
    let mut judged = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "values") {
        for value in vector.list("values").iter().filter(|value| text(&value["go_type"]).starts_with("map")) {
            let session = plain.read(&Stored::Bytes(bytes(&value["gob_base64"])));
            let session = session.unwrap_or_else(|error| panic!("{}: {error}", value["name"]));
            expect::content(text(&value["name"]), &session.attributes, &value["value"]);
            let again = plain.read(&plain.write(&session, 0).expect("it can be written"));
            assert_eq!(again, Ok(session), "{}", value["name"]);
            judged += 1;
        }
    }
    assert!(judged >= 15, "{judged}");
}

#[test]
fn names_that_a_client_made_up_are_none() {
    let redisstore = Gorilla::redisstore("s");
    assert!(redisstore.presented(b"s=attacker-chosen-id", 0)[0].is_err());
    assert!(redisstore.credential(format!("session:{ID}").as_bytes()).is_none());
    let file = Gorilla::filesystem_store("s", [(Secret::new("key"), None)]);
    assert!(file.credential(format!("session_{ID}").as_bytes()).is_some());
    assert!(file.credential(b"session_../../x").is_none());
    for gorilla in [redisstore, file] {
        let id = gorilla.new_credential();
        assert_eq!(gorilla.credential(gorilla.key(&id).as_bytes()), Some(id));
    }
}
