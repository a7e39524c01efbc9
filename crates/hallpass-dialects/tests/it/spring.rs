use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Credential, Dialect as _, Held, Keep, Presented, Session, Stored, User, Value};
use serde_json::Value as Json;

use crate::expect;
use crate::vectors::{self, Vector, bytes, text};

fn vectors() -> Vec<Vector> {
    vectors::all("spring", 28)
}

fn spring(vector: &Vector) -> Spring {
    let config = &vector.0["config"];
    let repository = match text(&config["repository"]) {
        "RedisSessionRepository" => Repository::Redis,
        name if name.starts_with("RedisIndexedSessionRepository") => Repository::Indexed,
        "ReactiveRedisSessionRepository" => Repository::Reactive,
        "ReactiveRedisIndexedSessionRepository" => Repository::ReactiveIndexed,
        _ => Repository::Jdbc,
    };
    let serializer = if config["serializer"] == "json" { Serializer::Json } else { Serializer::Jdk };
    let spring = Spring::new(repository, serializer);
    match config["namespace"].as_str() {
        Some(namespace) => spring.namespace(namespace),
        None => spring,
    }
}

fn stored(vector: &Vector) -> Option<(&str, Stored)> {
    let hash = vector.list("redis").iter().find(|entry| entry["type"] == "hash")?;
    let fields = hash["fields"].as_object().expect("fields");
    let fields = fields.iter().map(|(name, value)| (name.clone(), bytes(value))).collect();
    Some((text(&hash["key"]), Stored::Fields(fields)))
}

fn sessions() -> Vec<(Vector, Spring, Stored, Session)> {
    let named = vectors().into_iter().filter(|vector| vector.kind().is_empty());
    let sessions: Vec<_> = named
        .map(|vector| {
            let spring = spring(&vector);
            let (_, stored) = stored(&vector).expect("there is a hash");
            let session = spring.read(&stored).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
            (vector, spring, stored, session)
        })
        .collect();
    assert_eq!(sessions.len(), 23);
    sessions
}

#[test]
fn every_hash_has_the_stated_content_and_times() {
    let mut compared = 0;
    for (vector, _, _, session) in sessions() {
        if vector.0["plain_attributes"].is_object() {
            expect::content(
                vector.id(),
                &known(&session, &vector.0["plain_attributes"]),
                &vector.0["plain_attributes"],
            );
            compared += 1;
        }
        let present = vector.0["attributes"].as_object().expect("attributes").keys();
        let gone: Vec<&str> =
            vector.0["expect"]["absent_attributes"].as_array().into_iter().flatten().map(text).collect();
        let (count, all) = (session.attributes.len(), present.len());
        assert_eq!(count, all - gone.len(), "{}", vector.id());
        assert_eq!(session.times.created_at_ms, vector.0["creationTime"].as_i64());
        assert_eq!(session.times.seen_at_ms, vector.0["lastAccessedTime"].as_i64());
        // What was revoked has 0.
        if vector.id() != "spring-014-delete-indexed" {
            assert_eq!(session.times.idle_s, vector.0["maxInactiveInterval"].as_i64(), "{}", vector.id());
        }
    }
    assert!(compared >= 9, "{compared}");
}

// A vector states only what can be said in JSON.
fn known(session: &Session, stated: &Json) -> hallpass_dialects::Map {
    let names = stated.as_object().expect("an object");
    session
        .attributes
        .iter()
        .filter(|(name, _)| name.as_str().is_some_and(|name| names.contains_key(name)))
        .cloned()
        .collect()
}

#[test]
fn what_is_written_again_is_what_was_stored() {
    for (vector, spring, stored, session) in sessions() {
        let again = spring.write(&session, 0).unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
        assert_eq!(spring.read(&again).as_ref(), Ok(&session), "{}", vector.id());
        for (name, bytes) in again.fields() {
            let theirs = stored.fields().iter().find(|(other, _)| other == name).map(|(_, bytes)| bytes);
            // Java shares objects that are equal, and keeps the order of a map by their hashes.
            if !matches!(
                session.attributes.get(name.strip_prefix("sessionAttr:").unwrap_or_default()),
                Some(Value::List(_) | Value::Map(_))
            ) {
                assert_eq!(Some(bytes), theirs, "{} {name}", vector.id());
            }
        }
    }
}

#[test]
fn keys_are_those_of_spring_and_nothing_beside_a_session_is_one() {
    for (vector, spring, ..) in sessions() {
        for entry in vector.list("redis") {
            let key = text(&entry["key"]);
            let credential = spring.credential(key.as_bytes());
            assert_eq!(credential.is_some(), entry["type"] == "hash", "{key}");
            if let Some(credential) = credential {
                assert_eq!(spring.key(&credential), key);
            }
        }
    }
}

#[test]
fn indexes_are_those_of_spring() {
    let mut found = 0;
    for (vector, spring, _, session) in sessions() {
        let is_plain = matches!(
            vector.id(),
            "spring-009-indexed-35"
                | "spring-010-indexed-33"
                | "spring-012-json-indexed"
                | "spring-022-reactive-indexed"
        );
        if !is_plain {
            continue;
        }
        let (key, _) = stored(&vector).expect("a hash");
        let credential = spring.credential(key.as_bytes()).expect("a key");
        let has = |key: &str, member: Option<&[u8]>| {
            vector.list("redis").iter().any(|entry| {
                let members = entry["members_base64"].as_array().into_iter().flatten().map(bytes);
                entry["key"] == key && member.is_none_or(|member| members.into_iter().any(|known| known == member))
            })
        };
        let expiry = spring.expiry_key(&credential).expect("it is indexed");
        assert!(has(&expiry, None), "{expiry}");
        let user = spring.user(&session).unwrap_or_else(alice);
        let (index, member) = spring.principal_index(&credential, &user).expect("text").expect("it is indexed");
        assert!(has(&index, Some(&member)), "{} {index}", vector.id());
        if let Some((minute, member)) = spring.expirations(&credential, &session).expect("text") {
            assert!(has(&minute, Some(&member)), "{} {minute}", vector.id());
        }
        found += 1;
    }
    assert_eq!(found, 4);
}

fn alice() -> User {
    let mut session = Session::new();
    session.attributes.insert(
        "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME",
        "alice".into(),
    );
    Spring::new(Repository::Indexed, Serializer::Jdk).user(&session).expect("alice")
}

#[test]
fn sessions_live_and_are_kept_as_in_spring() {
    for (vector, spring, _, session) in sessions() {
        let now_ms = vector.0["clock_ms"].as_i64().expect("a time");
        let is_live = vector.0["expect"]["live"] != false;
        assert_eq!(spring.is_live(&session, now_ms), is_live, "{}", vector.id());
        let hash = vector.list("redis").iter().find(|entry| entry["type"] == "hash").expect("a hash");
        let ttl_s = hash["ttl_s"].as_i64();
        if !is_live || ttl_s == Some(299) {
            continue;
        }
        let keep = match (ttl_s, vector.0["pexpireat_ms"].as_i64()) {
            (Some(-1), _) => Keep::Forever,
            (Some(seconds), _) => Keep::For(seconds * 1000),
            (None, Some(at_ms)) => Keep::For(at_ms - now_ms),
            (None, None) => panic!("{} is kept", vector.id()),
        };
        assert_eq!(spring.keep(&session, now_ms), keep, "{}", vector.id());
    }
}

#[test]
fn the_user_and_the_roles_are_found_in_the_context_of_spring_security() {
    let mut found = 0;
    for (vector, spring, _, session) in sessions() {
        let Some(principal) = vector.0["expect"]["principal"].as_str() else { continue };
        let user = spring.user(&session).expect("there is one");
        let roles: Vec<&str> = vector.0["expect"]["roles"].as_array().expect("roles").iter().map(text).collect();
        assert_eq!((user.id.as_str(), user.roles), (principal, roles.into_iter().map(str::to_owned).collect()));
        found += 1;
    }
    assert_eq!(found, 1);
    for vector in vectors().iter().filter(|vector| vector.kind() == "values") {
        for value in
            vector.list("values").iter().filter(|value| text(&value["name"]).starts_with("spring_security_context"))
        {
            let user = one(Serializer::Jdk, &bytes(&value["jdk_base64"]), "SPRING_SECURITY_CONTEXT");
            let user = user
                .and_then(|session| Spring::new(Repository::Jdbc, Serializer::Jdk).user(&session).ok_or_else(no_user));
            let name = match text(&value["name"]) {
                "spring_security_context_7" => "bob",
                "spring_security_context_strprincipal" => "carol",
                _ => "alice",
            };
            assert_eq!(user.map(|user| user.id).as_deref(), Ok(name), "{}", value["name"]);
        }
    }
}

fn no_user() -> hallpass_dialects::Error {
    let empty = Spring::new(Repository::Redis, Serializer::Jdk).read(&Stored::Bytes(Vec::new()));
    empty.expect_err("it is no hash")
}

fn one(serializer: Serializer, bytes: &[u8], name: &str) -> Result<Session, hallpass_dialects::Error> {
    Spring::new(Repository::Jdbc, serializer).read(&Stored::Fields(vec![(name.to_owned(), bytes.to_vec())]))
}

#[test]
fn single_values_are_read_in_both_serialisations_and_go_back_as_they_came() {
    let mut judged = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "values") {
        for value in vector.list("values") {
            let jdk = (!value["jdk_base64"].is_null()).then(|| (Serializer::Jdk, bytes(&value["jdk_base64"])));
            let json = value["json_utf8"].as_str().map(|text| (Serializer::Json, text.as_bytes().to_vec()));
            for (serializer, bytes) in jdk.into_iter().chain(json) {
                let name = &value["name"];
                let session = one(serializer, &bytes, "k").unwrap_or_else(|error| panic!("{name}: {error}"));
                let again = Spring::new(Repository::Jdbc, serializer).write(&session, 0);
                let again = again.unwrap_or_else(|error| panic!("{name} {serializer:?}: {error}"));
                let read = Spring::new(Repository::Jdbc, serializer).read(&again);
                // What is no number is not even equal to itself.
                let shown = |session: &Session| format!("{:?}", session.attributes);
                assert_eq!(read.as_ref().map(shown), Ok(shown(&session)), "{name}");
                if matches!(session.attributes.get("k"), Some(Value::Opaque(_))) {
                    assert_eq!(again.fields()[0].1, bytes, "{name}");
                }
                judged += 1;
            }
        }
    }
    assert!(judged > 60, "{judged}");
}

#[test]
fn malformed_streams_are_refused() {
    let mut refused = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "reject") {
        for input in vector.list("inputs") {
            assert!(one(Serializer::Jdk, &bytes(&input["base64"]), "k").is_err(), "{}", input["name"]);
            refused += 1;
        }
    }
    assert_eq!(refused, 9);
}

#[test]
fn cookies_are_read_as_spring_reads_them() {
    for vector in vectors().iter().filter(|vector| vector.kind() == "cookie") {
        for case in vector.list("cases") {
            let mut spring = Spring::new(Repository::Redis, Serializer::Jdk).base64(case["useBase64Encoding"] != false);
            if let Some(route) = case["jvmRoute"].as_str() {
                spring = spring.jvm_route(route);
            }
            let presented = spring.presented(text(&case["cookie"]).as_bytes(), 0);
            let ids: Vec<_> = presented
                .iter()
                .filter_map(|one| match one {
                    Ok(Presented::Points(credential)) => Some(credential.danger_expose()),
                    _ => None,
                })
                .collect();
            let stated: Vec<_> = case["ids"].as_array().expect("ids").iter().map(text).collect();
            assert_eq!(ids, stated, "{case}");
        }
    }
}

#[test]
fn cookies_are_written_as_spring_writes_them() {
    for (vector, spring, ..) in sessions() {
        let cookie = &vector.0["cookie"];
        let Some(line) = cookie["set_cookie"].as_str() else { continue };
        let id = vector.0["session_id"].as_str().and_then(Credential::new).expect("an id");
        // Those that are reactive have no base64; a vector has the servlets' cookie all the same.
        let written = spring.base64(true).set_cookie(Held::Points(&id), &Session::new(), 0);
        assert_eq!(written.as_deref(), Ok(line), "{}", vector.id());
    }
}

#[test]
fn rows_have_their_attributes_by_name() {
    let mut read = 0;
    for vector in vectors().iter().filter(|vector| vector.kind() == "jdbc") {
        let rows = vector.list("SPRING_SESSION_ATTRIBUTES");
        let rows =
            rows.iter().map(|row| (text(&row["ATTRIBUTE_NAME"]).to_owned(), bytes(&row["ATTRIBUTE_BYTES_base64"])));
        let spring = spring(vector);
        let mut session = spring.read(&Stored::Fields(rows.collect())).expect("attributes");
        let row = &vector.0["SPRING_SESSION"];
        assert_eq!(spring.user(&session).map(|user| user.id).as_deref(), row["PRINCIPAL_NAME"].as_str());
        session.times.seen_at_ms = row["LAST_ACCESS_TIME"].as_i64();
        session.times.idle_s = row["MAX_INACTIVE_INTERVAL"].as_i64();
        let expires_at_ms = row["EXPIRY_TIME"].as_i64().expect("a time");
        let keep = if expires_at_ms == i64::MAX { Keep::Forever } else { Keep::For(1_800_000) };
        assert_eq!(spring.keep(&session, 1_767_225_600_000), keep);
        read += 1;
    }
    assert_eq!(read, 2);
}

#[test]
fn a_hash_without_its_three_times_is_neither_read_nor_written() {
    let spring = Spring::new(Repository::Redis, Serializer::Json);
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let fields = vec![field("creationTime", "1"), field("lastAccessedTime", "1")];
    assert!(spring.read(&Stored::Fields(fields)).expect_err("one is missing").is_malformed());
    assert!(spring.write(&Session::new(), 0).expect_err("all are missing").is_read_only());
    let session = spring.new_session(5);
    assert_eq!(spring.read(&spring.write(&session, 5).expect("it is whole")), Ok(session));
}
