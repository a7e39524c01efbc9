use hallpass_dialects::express::Express;
use hallpass_dialects::{Dialect as _, Held, Keep, Presented, Secret, Stored};
use serde_json::Value as Json;

use crate::expect;
use crate::vectors::{self, Vector, bytes, text};

fn vectors() -> Vec<Vector> {
    vectors::all("express", 24)
}

fn express(vector: &Vector) -> Express {
    let config = &vector.0["config"];
    let secrets = config["secrets"].as_array().expect("a list").iter().map(|secret| match secret.as_str() {
        Some(text) => Secret::new(text),
        None => Secret::new(bytes(&secret["base64"])),
    });
    let ttl_s = (config["disable_ttl"] != true).then(|| config["store_ttl"].as_i64().expect("a number"));
    let (name, prefix) = (text(&config["cookie_name"]), text(&config["key_prefix"]));
    Express::new(secrets.collect::<Vec<_>>()).cookie_name(name).prefix(prefix).ttl_s(ttl_s)
}

#[test]
fn every_stored_value_is_read_and_written_again_to_the_byte() {
    let mut read = 0;
    for vector in vectors() {
        let express = express(&vector);
        for entry in vector.list("steps").iter().flat_map(|step| step["redis"].as_array().into_iter().flatten()) {
            let stored = Stored::Bytes(bytes(&entry["value_base64"]));
            let session = express.read(&stored).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
            if vector.id() != "express-019-reserved-names" {
                assert_eq!(express.write(&session, 0).as_ref(), Ok(&stored), "{}", vector.id());
            }
            let key = text(&entry["key"]);
            let credential = express.credential(key.as_bytes()).expect("a key of a session");
            assert_eq!(express.key(&credential), key);
            read += 1;
        }
    }
    assert!(read > 30, "{read}");
}

#[test]
fn the_stated_content_is_found() {
    for vector in vectors() {
        let (express, stored) = (express(&vector), &vector.0["redis_value_base64"]);
        if !stored.is_string() {
            continue;
        }
        let session = express.read(&Stored::Bytes(bytes(stored))).expect("a session");
        let mut stated = vector.0["session_content"].clone();
        let cookie = stated.as_object_mut().expect("an object").remove("cookie").expect("there is one");
        if vector.id() == "express-019-reserved-names" {
            // What express-session itself showed at the next request.
            stated = vector.list("steps")[1]["response_body"]["session"].clone();
            stated.as_object_mut().expect("an object").remove("cookie");
        }
        expect::content(vector.id(), &session.attributes, &stated);
        expect::content(vector.id(), &session.own, &cookie);
    }
}

#[test]
fn cookies_are_written_as_express_session_wrote_them() {
    for vector in vectors() {
        let express = express(&vector);
        let step = &vector.list("steps")[0];
        let (Some(line), Some(entry)) = (step["set_cookie"][0].as_str(), step["redis"].get(0)) else { continue };
        let session = express.read(&Stored::Bytes(bytes(&entry["value_base64"]))).expect("a session");
        let credential = express.credential(text(&entry["key"]).as_bytes()).expect("a key");
        assert_eq!(express.set_cookie(Held::Points(&credential), &session, 0).as_deref(), Ok(line), "{}", vector.id());
    }
}

#[test]
fn cookies_are_honoured_where_express_session_honoured_them() {
    let (mut honoured, mut refused) = (0, 0);
    for vector in vectors() {
        let express = express(&vector);
        let rejected = vector.0["expect"]["rejected_steps"].as_array().cloned().unwrap_or_default();
        for (number, step) in vector.list("steps").iter().enumerate() {
            let Some(header) = step["request_cookie"].as_str() else { continue };
            let presented = express.presented(header.as_bytes(), 0);
            if rejected.contains(&Json::from(number)) {
                assert!(presented.iter().all(Result::is_err), "{} {number}", vector.id());
                refused += 1;
                continue;
            }
            let [Ok(Presented::Points(credential))] = &presented[..] else {
                panic!("{} {number}: {presented:?}", vector.id());
            };
            assert_eq!(credential.danger_expose(), text(&vector.0["session_id"]), "{}", vector.id());
            honoured += 1;
        }
    }
    assert!(honoured >= 12 && refused >= 8, "{honoured} {refused}");
}

#[test]
fn sessions_are_kept_for_as_long_as_connect_redis_keeps_them() {
    for vector in vectors() {
        let express = express(&vector);
        for step in vector.list("steps") {
            let now_ms = step["at_ms"].as_i64().expect("a time");
            for entry in step["redis"].as_array().into_iter().flatten() {
                let mut session = express.read(&Stored::Bytes(bytes(&entry["value_base64"]))).expect("a session");
                express.touch(&mut session, now_ms);
                let keep = match entry["ttl_s"].as_i64().expect("a number") {
                    -1 => Keep::Forever,
                    seconds => Keep::For(seconds * 1000),
                };
                assert_eq!(express.keep(&session, now_ms), keep, "{}", vector.id());
            }
        }
    }
}

#[test]
fn a_cookie_that_ended_before_it_was_saved_is_not_kept() {
    let express = Express::new([Secret::new("keyboard cat")]);
    let stored =
        br#"{"cookie":{"originalMaxAge":-1000,"expires":"2025-12-31T23:59:59.000Z","httpOnly":true,"path":"/"}}"#;
    let session = express.read(&Stored::Bytes(stored.to_vec())).expect("a session");
    assert_eq!(express.keep(&session, 1_767_225_600_000), Keep::Not);
}

#[test]
fn the_user_is_where_passport_puts_it_or_where_one_says() {
    let express = Express::new([Secret::new("keyboard cat")]);
    let read = |text: &str| express.read(&Stored::Bytes(text.into())).expect("a session");
    let session = read(r#"{"cookie":{},"passport":{"user":"u-1"},"userId":7}"#);
    assert_eq!(express.user(&session).map(|user| user.id).as_deref(), Some("u-1"));
    assert_eq!(express.clone().user_path(["userId"]).user(&session).map(|user| user.id).as_deref(), Some("7"));
    assert_eq!(express.user(&read(r#"{"cookie":{},"passport":{}}"#)), None);
}
