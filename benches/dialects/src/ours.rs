use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Dialect, Presented, Secret, Stored};
use serde_json::Value as Json;

use crate::rounds;

const NOW_MS: i64 = 1_767_225_600_000;

/// Measures each vector that its framework measures too.
pub(crate) fn measure(framework: &str, vectors: &str) -> BTreeMap<String, f64> {
    let text = std::fs::read(format!("{vectors}/{framework}.json")).expect("vectors");
    let file: Json = serde_json::from_slice(&text).expect("JSON");
    let mut measured = BTreeMap::new();
    for vector in file["vectors"].as_array().expect("a list") {
        let Some((dialect, header, stored)) = arm(framework, vector) else { continue };
        let id = vector["id"].as_str().expect("a name").to_owned();
        // Where the client has the session, the cookie is all; where the key is no secret of the client's making, so is what is stored.
        let run = || {
            let presented = header.as_ref().map(|header| dialect.presented(header.as_bytes(), NOW_MS));
            if let Some(presented) = &presented {
                assert!(matches!(presented[..], [Ok(Presented::Points(_) | Presented::Carries(_))]), "{id}");
            }
            let session = stored.as_ref().map(|stored| dialect.read(stored).expect("a session"));
            (presented, session)
        };
        measured.insert(id.clone(), rounds::median(run));
    }
    measured
}

type Arm = (Box<dyn Dialect>, Option<String>, Option<Stored>);

fn arm(framework: &str, vector: &Json) -> Option<Arm> {
    let config = &vector["config"];
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let bytes = |value: &Json| value.as_str().map(|text| STANDARD.decode(text).expect("base64"));
    match framework {
        "express" => {
            let secrets =
                config["secrets"].as_array()?.iter().map(|secret| Secret::new(secret.as_str().expect("text")));
            let name = text(&config["cookie_name"])?;
            let header = format!("{name}={}", text(&vector["cookie_value_wire"])?);
            let stored = Stored::Bytes(bytes(&vector["redis_value_base64"])?);
            Some((Box::new(Express::new(secrets).cookie_name(name)), Some(header), Some(stored)))
        }
        "django" => {
            let key = || [Secret::new(config["secret_key"].as_str().expect("text"))];
            match config["backend"].as_str()? {
                "db" => {
                    let stored = Stored::Bytes(text(&vector["db_row"]["session_data"])?.into_bytes());
                    Some((Box::new(Django::db(key())), None, Some(stored)))
                }
                "cache" if config["cache"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache" => {
                    let stored = Stored::Bytes(bytes(&vector["redis_value_base64"])?);
                    Some((Box::new(Django::cache(Cache::BuiltIn)), None, Some(stored)))
                }
                "signed_cookies" => {
                    let header = format!("sessionid={}", text(&vector["cookie_value"])?);
                    Some((Box::new(Django::signed_cookies(key())), Some(header), None))
                }
                _ => None,
            }
        }
        "spring" => {
            let hash = vector["redis"].as_array()?.iter().find(|entry| entry["type"] == "hash")?;
            let fields = hash["fields"].as_object()?.iter();
            let fields = fields.map(|(name, value)| (name.clone(), bytes(value).expect("base64"))).collect();
            if config["serializer"] != "jdk" {
                return None;
            }
            let header = format!("SESSION={}", text(&vector["cookie"]["value"])?);
            Some((
                Box::new(Spring::new(Repository::Redis, Serializer::Jdk)),
                Some(header),
                Some(Stored::Fields(fields)),
            ))
        }
        _ => {
            let keys = config["key_pairs_base64"].as_array()?;
            let hash = Secret::new(bytes(keys.first()?)?);
            let block = keys.get(1).and_then(bytes).map(Secret::new);
            if config["store"] != "CookieStore" || config["max_length"].is_number() {
                return None;
            }
            let header = format!("session-name={}", text(&vector["cookie_value"])?);
            Some((Box::new(Gorilla::cookie_store("session-name", [(hash, block)])), Some(header), None))
        }
    }
}
