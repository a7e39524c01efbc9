use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::{CookieOptions, Dialect as _, Held, Keep, Presented, SameSite, Secret, Session, Stored};
use serde_json::Value as Json;

use crate::expect;
use crate::vectors::{self, Vector, bytes, text};

fn vectors() -> Vec<Vector> {
    vectors::all("django", 57)
}

fn django(vector: &Vector) -> Django {
    let config = &vector.0["config"];
    let fallbacks = config["secret_key_fallbacks"].as_array().into_iter().flatten();
    let secrets: Vec<_> =
        std::iter::once(&config["secret_key"]).chain(fallbacks).map(|key| Secret::new(text(key))).collect();
    let options = &config["cache"]["OPTIONS"];
    let cache = match (config["cache"]["BACKEND"].as_str(), options["SERIALIZER"].as_str()) {
        (Some("django_redis.cache.RedisCache"), None) => Cache::DjangoRedis,
        (Some("django_redis.cache.RedisCache"), Some(name)) if name.ends_with("JSONSerializer") => {
            Cache::DjangoRedisJson
        }
        (Some("django_redis.cache.RedisCache"), Some(_)) => Cache::DjangoRedisMessagePack,
        _ => Cache::BuiltIn,
    };
    let django = match text(&config["backend"]) {
        "db" => Django::db(secrets),
        "cache" => Django::cache(cache),
        "cached_db" => Django::cached_db(secrets, cache),
        "file" => Django::file(secrets),
        _ => Django::signed_cookies(secrets),
    };
    let prefix = config["cache"]["KEY_PREFIX"].as_str().unwrap_or_default();
    let version = config["cache"]["VERSION"].as_u64().and_then(|version| version.try_into().ok()).unwrap_or(1);
    configure(django.cache_key(prefix, version), &config["settings"])
}

fn configure(django: Django, settings: &Json) -> Django {
    if settings["SESSION_COOKIE_NAME"].is_null() {
        return django;
    }
    let cookie = CookieOptions {
        domain: settings["SESSION_COOKIE_DOMAIN"].as_str().map(str::to_owned),
        path: settings["SESSION_COOKIE_PATH"].as_str().map(str::to_owned),
        is_secure: settings["SESSION_COOKIE_SECURE"] == true,
        is_http_only: settings["SESSION_COOKIE_HTTPONLY"] == true,
        same_site: Some(SameSite::Strict),
        ..CookieOptions::default()
    };
    let age_s = settings["SESSION_COOKIE_AGE"].as_i64().expect("a number");
    django.cookie_name(text(&settings["SESSION_COOKIE_NAME"])).cookie_age_s(age_s).cookie_options(cookie)
}

fn now_ms(vector: &Vector) -> i64 {
    vector.0["clock_unix"].as_i64().expect("a time") * 1000
}

/// Every place in which a vector has its session.
fn stored(vector: &Vector) -> Vec<Stored> {
    let text = |value: &Json| value.as_str().map(|text| Stored::Bytes(text.as_bytes().to_vec()));
    let redis = vector.list("redis").iter().map(|entry| Stored::Bytes(bytes(&entry["value_base64"])));
    let signed = vector.0["config"]["backend"] == "signed_cookies";
    text(&vector.0["db_row"]["session_data"])
        .into_iter()
        .chain(text(&vector.0["file"]["content"]))
        .chain(signed.then(|| text(&vector.0["cookie_value"])).flatten())
        .chain(redis)
        .collect()
}

fn sessions() -> Vec<(Vector, Django, Vec<Session>)> {
    let named = vectors().into_iter().filter(|vector| vector.kind().is_empty());
    named
        .map(|vector| {
            let django = django(&vector);
            let read = |stored: &Stored| django.read(stored).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
            let sessions: Vec<_> = stored(&vector).iter().map(read).collect();
            assert!(!sessions.is_empty(), "{}", vector.id());
            (vector, django, sessions)
        })
        .collect()
}

/// Rows are JSON: of Python's types there is what they became.
fn stated<'v>(vector: &'v Vector, django: &Django, number: usize) -> &'v Json {
    let is_kept = format!("{django:?}").contains("backend: CachedDb") && number > 0;
    if is_kept { &vector.0["session_content"] } else { &vector.0["reload_content"] }
}

#[test]
fn every_stored_session_has_the_stated_content() {
    let mut read = 0;
    for (vector, django, sessions) in sessions() {
        for (number, session) in sessions.iter().enumerate() {
            expect::content(vector.id(), &session.attributes, stated(&vector, &django, number));
            read += 1;
        }
    }
    assert!(read >= 54, "{read}");
}

#[test]
fn what_is_written_again_has_the_same_content() {
    for (vector, django, sessions) in sessions() {
        for session in sessions {
            let again = match django.write(&session, now_ms(&vector)) {
                Ok(stored) => stored,
                // What only a cache can hold has no place in a row, and MessagePack is only read.
                Err(error) => {
                    assert!(error.is_read_only() && vector.id().contains("msgpack"), "{}: {error}", vector.id());
                    continue;
                }
            };
            let again = django.read(&again).expect("what was written is read");
            assert_eq!(again.attributes, session.attributes, "{}", vector.id());
        }
    }
}

#[test]
fn short_signed_texts_are_written_to_the_byte() {
    let mut same = 0;
    for (vector, django, sessions) in sessions() {
        let stored = vector.0["db_row"]["session_data"].as_str();
        let Some(stored) = stored.filter(|text| !text.starts_with('.')) else { continue };
        let written = django.write(&sessions[0], now_ms(&vector));
        assert_eq!(written, Ok(Stored::Bytes(stored.as_bytes().to_vec())), "{}", vector.id());
        same += 1;
    }
    assert!(same >= 4, "{same}");
}

#[test]
fn pickles_without_shared_objects_are_written_to_the_byte() {
    let mut same = 0;
    for (vector, django, sessions) in sessions() {
        let [entry] = vector.list("redis") else { continue };
        let opcodes = entry["pickle_opcodes"].as_array().cloned().unwrap_or_default();
        let is_plain =
            !opcodes.is_empty() && !opcodes.iter().any(|name| text(name).ends_with("GET") || name == "BINPUT");
        if !is_plain || vector.0["config"]["backend"] != "cache" || !entry["decompressed_base64"].is_null() {
            continue;
        }
        let written = django.write(&sessions[0], 0).expect("it can be written");
        let theirs = bytes(&entry["value_base64"]);
        if theirs.len() < 64 << 10 {
            assert_eq!(written.bytes(), Some(&theirs[..]), "{}", vector.id());
            same += 1;
        }
    }
    assert!(same >= 8, "{same}");
}

#[test]
fn keys_are_those_of_django() {
    for (vector, django, _) in sessions() {
        for entry in vector.list("redis") {
            let credential = django.credential(text(&entry["key"]).as_bytes()).expect("a key");
            assert_eq!(credential.danger_expose(), text(&vector.0["session_key"]));
            assert_eq!(django.key(&credential), text(&entry["key"]));
        }
        if let Some(name) = vector.0["file"]["name"].as_str() {
            assert_eq!(django.key(&django.credential(name.as_bytes()).expect("a name")), name);
        }
    }
    let cache = Django::cache(Cache::BuiltIn);
    assert!(cache.credential(b":1:views.decorators.cache").is_none());
}

#[test]
fn cookies_and_ages_are_those_of_django() {
    for (vector, django, sessions) in sessions() {
        let Some(line) = vector.0["set_cookie"].as_str() else { continue };
        let now_ms = now_ms(&vector);
        let header = format!("x=1; {}={}", text(&vector.0["cookie_name"]), text(&vector.0["cookie_value"]));
        let presented = django.presented(header.as_bytes(), now_ms);
        match &presented[..] {
            [Ok(Presented::Points(credential))] => {
                let written = django.set_cookie(Held::Points(credential), &sessions[0], now_ms);
                assert_eq!(written.as_deref(), Ok(line), "{}", vector.id());
            }
            [Ok(Presented::Carries(session))] => {
                let written = django.set_cookie(Held::Carries, session, now_ms).expect("it fits");
                let attributes = |line: &str| line.split_once(';').expect("attributes").1.to_owned();
                assert_eq!(attributes(&written), attributes(line), "{}", vector.id());
            }
            other => panic!("{}: {other:?}", vector.id()),
        }
        for entry in vector.list("redis") {
            let ttl_ms = entry["ttl_s"].as_i64().expect("a number") * 1000;
            let session = sessions.last().expect("there is one");
            assert_eq!(django.keep(session, now_ms), Keep::For(ttl_ms), "{}", vector.id());
        }
    }
}

#[test]
fn the_user_and_the_proof_of_the_password_are_found() {
    let mut found = 0;
    for (vector, django, sessions) in sessions() {
        let auth = &vector.0["auth"];
        if auth.is_null() {
            continue;
        }
        for session in sessions {
            assert_eq!(django.user(&session).map(|user| user.id).as_deref(), auth["user_pk"].as_str());
            if let Some(password) = auth["password_field"].as_str() {
                let key = Secret::new(text(&vector.0["config"]["secret_key"]));
                assert!(Django::db([key.clone()]).is_auth_hash(&session, password), "{}", vector.id());
                assert!(!Django::db([key]).is_auth_hash(&session, "another"), "{}", vector.id());
                found += 1;
            }
        }
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn what_django_accepts_is_accepted_and_what_it_refuses_is_refused() {
    let mut judged = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "verify") {
        let django = django(vector);
        for input in vector.list("inputs") {
            let name = format!("{} {}", vector.id(), text(&input["name"]));
            judged += 1;
            if let Some(value) = input["redis_value_base64"].as_str() {
                let read = django.read(&Stored::Bytes(bytes(&Json::from(value))));
                assert_eq!(read.is_err(), input["must_reject"] == true, "{name}");
                continue;
            }
            // Times of these vectors are whole seconds.
            let now_ms = format!("{:.0}000", input["at_unix"].as_f64().expect("a time")).parse().expect("a number");
            let read = match input["cookie_value"].as_str() {
                Some(value) => {
                    let presented = django.presented(format!("sessionid={value}").as_bytes(), now_ms);
                    presented.into_iter().find_map(|one| match one {
                        Ok(Presented::Carries(session)) => Some(*session),
                        _ => None,
                    })
                }
                None => row(&django, input).filter(|session| django.is_live(session, now_ms)),
            };
            assert_eq!(read.is_some(), input["accepted"] == true, "{name}");
            if let Some(session) = read {
                expect::content(&name, &session.attributes, &input["loaded"]);
            }
        }
    }
    assert_eq!(judged, 37);
}

/// Reads a row, whose end is in a column of its own.
fn row(django: &Django, input: &Json) -> Option<Session> {
    let mut session = django.read(&Stored::Bytes(text(&input["session_data"]).into())).ok()?;
    let date: jiff::civil::DateTime = text(&input["expire_date"]).parse().expect("a date");
    session.times.expires_at_ms =
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).expect("in range").timestamp().as_millisecond());
    Some(session)
}

#[test]
fn a_row_lives_until_its_date_and_not_at_it() {
    let django = Django::db([Secret::new("key")]);
    let mut session = Session::new();
    session.times.expires_at_ms = Some(1000);
    assert!(django.is_live(&session, 999) && !django.is_live(&session, 1000));
}
