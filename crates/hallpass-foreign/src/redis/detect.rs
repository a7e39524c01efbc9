//! Finding out what keeps sessions on a server, by the shapes of keys and values.

use std::collections::BTreeMap;

use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::{self, Gorilla};
use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Framework, Stored};
use hallpass_redis::RedisServer;
use hallpass_redis::redis::{self, Cmd, Value};

use super::Tongue;
use super::scan::answered;
use crate::error::Error;

/// How many keys are looked at.
const SAMPLE: usize = 20_000;
/// Keys that look alike are of one home; so many of them are looked into.
const LOOKS: usize = 3;
/// How much of a value says whose it is.
const GLANCE: usize = 64;

/// What is known of a home before it is looked at.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Clues {
    /// Whose sessions they are.
    pub framework: Option<Framework>,
    /// What their keys begin with.
    pub prefix: Option<String>,
    /// Under which names the user is found, where the framework has none of its own: Express and gorilla.
    pub user_path: Vec<String>,
}

/// What seems to keep sessions on a server.
#[derive(Debug)]
pub struct Detected {
    /// In words, such as `spring (indexed, jdk) at spring:session`.
    pub description: String,
    /// How it writes them.
    pub tongue: Tongue,
}

/// Looks for what keeps sessions on a server; each kind that is found is there once.
///
/// Where the framework is given and nothing of it is found, its own usual way is answered. A glance at some thousand
/// keys, and no proof.
///
/// # Errors
///
/// If the server cannot be asked.
pub async fn detect(server: &RedisServer, clues: &Clues) -> Result<Vec<Detected>, Error> {
    let mut found: BTreeMap<String, Detected> = BTreeMap::new();
    let mut looks: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let (mut cursor, mut seen) = (0, 0);
    while seen < SAMPLE {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("COUNT").arg(1000);
        let (next, keys) = answered(server.ask(&command).await?)?;
        seen += keys.len().max(1);
        let is_asked = |key: &Vec<u8>| clues.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_bytes()));
        for key in keys.into_iter().filter(is_asked) {
            let look = looks.entry(shape(&key)).or_default();
            if *look < LOOKS {
                *look += 1;
                if let Some(detected) = glance(server, &key, clues).await? {
                    found.entry(detected.description.clone()).or_insert(detected);
                }
            }
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    if found.is_empty() {
        return Ok(clues.framework.map(|framework| usual(framework, clues)).into_iter().collect());
    }
    Ok(found.into_values().collect())
}

/// Returns what keys of one kind have together: all before what could be an id, and how long they are.
fn shape(key: &[u8]) -> Vec<u8> {
    let is_id = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let end = key.iter().rposition(|byte| !is_id(byte)).map_or(0, |at| at + 1);
    [&key[..end], key.len().to_string().as_bytes()].concat()
}

async fn glance(server: &RedisServer, key: &[u8], clues: &Clues) -> Result<Option<Detected>, Error> {
    let Value::SimpleString(kind) = server.ask(redis::cmd("TYPE").arg(key)).await? else { return Ok(None) };
    let stored = match kind.as_str() {
        "string" => match server.ask(redis::cmd("GETRANGE").arg(key).arg(0).arg(GLANCE)).await? {
            Value::BulkString(bytes) => Stored::Bytes(bytes),
            _ => return Ok(None),
        },
        "hash" => {
            let names = ["creationTime", "lastAccessedTime", "maxInactiveInterval"];
            let Value::Array(values) = server.ask(redis::cmd("HMGET").arg(key).arg(&names)).await? else {
                return Ok(None);
            };
            let field = |(name, value): (&str, Value)| match value {
                Value::BulkString(bytes) => Some((name.to_owned(), bytes)),
                _ => None,
            };
            Stored::Fields(names.into_iter().zip(values).filter_map(field).collect())
        }
        _ => return Ok(None),
    };
    let (Some(framework), Ok(key)) = (Framework::detect(key, &stored), str::from_utf8(key)) else { return Ok(None) };
    if clues.framework.is_some_and(|wanted| wanted != framework) {
        return Ok(None);
    }
    match framework {
        Framework::Express => Ok(express(key, clues)),
        Framework::Django => Ok(django(key)),
        Framework::Spring => spring(server, key, &stored).await,
        Framework::Gorilla => Ok(gorilla(key, &stored, clues)),
        _ => Ok(None),
    }
}

fn express(key: &str, clues: &Clues) -> Option<Detected> {
    let prefix = match &clues.prefix {
        Some(prefix) => prefix.clone(),
        None if key.starts_with("sess:") => "sess:".to_owned(),
        // Its own ids have 32 characters; of others, nobody can say where they begin.
        None => key.get(..key.len().checked_sub(32)?)?.to_owned(),
    };
    let mut express = Express::new([]).prefix(prefix.clone());
    if !clues.user_path.is_empty() {
        express = express.user_path(&clues.user_path);
    }
    Some(Detected { description: format!("express at {prefix}"), tongue: express.into() })
}

fn django(key: &str) -> Option<Detected> {
    let (before, behind) = key.split_once(":django.contrib.sessions.")?;
    let (prefix, version) = before.rsplit_once(':')?;
    let version = version.parse().ok()?;
    // Which cache wrote a value is seen when it is read, and it is written so again.
    let (django, backend) = if behind.starts_with("cached_db") {
        (Django::cached_db([], Cache::BuiltIn), "cached_db")
    } else {
        (Django::cache(Cache::BuiltIn), "cache")
    };
    let django = django.cache_key(prefix, version);
    Some(Detected { description: format!("django ({backend}) at {before}"), tongue: django.into() })
}

async fn spring(server: &RedisServer, key: &str, stored: &Stored) -> Result<Option<Detected>, Error> {
    let Some((namespace, id)) = key.split_once(":sessions:") else { return Ok(None) };
    let beside = [
        format!("{namespace}:sessions:expires:{id}"),
        format!("{namespace}:sessions:{id}:idx"),
        format!("{namespace}:sessions:expirations"),
    ];
    let asked: Vec<Cmd> = beside.iter().map(Cmd::exists).collect();
    let there: Vec<bool> = server.ask_all(&asked).await?.iter().map(|answer| *answer == Value::Int(1)).collect();
    let (repository, repository_word) = match there[..] {
        [_, true, _] => (Repository::ReactiveIndexed, "reactive, indexed"),
        [true, ..] => (Repository::Indexed, "indexed"),
        _ => (Repository::Redis, "not indexed"),
    };
    let idle = stored.fields().iter().find(|(name, _)| name == "maxInactiveInterval");
    let is_jdk = idle.is_some_and(|(_, bytes)| bytes.first() == Some(&0xac));
    let (serializer, serializer_word) = if is_jdk { (Serializer::Jdk, "jdk") } else { (Serializer::Json, "json") };
    Ok(Some(Detected {
        description: format!("spring ({repository_word}, {serializer_word}) at {namespace}"),
        tongue: Spring::new(repository, serializer).namespace(namespace).into(),
    }))
}

fn gorilla(key: &str, stored: &Stored, clues: &Clues) -> Option<Detected> {
    let digits = key.bytes().rev().take_while(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')).count();
    let prefix = key.get(..key.len() - digits)?.to_owned();
    let is_json = stored.bytes().is_some_and(|bytes| bytes.first() == Some(&b'{'));
    let (gorilla, store) = match digits {
        103 => (Gorilla::redisstore("session"), "redisstore"),
        _ => (Gorilla::redistore("session", []), "redistore"),
    };
    let serializer = if is_json { gorilla::Serializer::Json } else { gorilla::Serializer::Gob };
    let mut gorilla = gorilla.prefix(prefix.clone()).serializer(serializer);
    if !clues.user_path.is_empty() {
        gorilla = gorilla.user_names(&clues.user_path);
    }
    Some(Detected { description: format!("gorilla ({store}) at {prefix}"), tongue: gorilla.into() })
}

fn usual(framework: Framework, clues: &Clues) -> Detected {
    let tongue: Tongue = match (framework, &clues.prefix) {
        (Framework::Express, Some(prefix)) => Express::new([]).prefix(prefix).into(),
        (Framework::Django, _) => Django::cache(Cache::BuiltIn).into(),
        (Framework::Spring, _) => Spring::new(Repository::Redis, Serializer::Jdk).into(),
        (Framework::Gorilla, _) => Gorilla::redistore("session", []).into(),
        _ => Express::new([]).into(),
    };
    Detected { description: framework.to_string(), tongue }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_home_have_one_shape() {
        assert_eq!(shape(b"sess:abcd-_1"), shape(b"sess:ABCD-_2"));
        assert_ne!(shape(b"sess:abcd"), shape(b"sess:abcde"));
        assert_ne!(shape(b"spring:session:sessions:a"), shape(b"spring:session:index:ab"));
        assert_eq!(shape(b""), b"0");
    }

    #[test]
    fn what_stands_before_an_id_is_the_prefix() {
        let id = "PXgtDXxjBoQbl1P-3UriNGEUItlYQw7L";
        let found = |key: String, prefix: Option<&str>| {
            let clues = Clues { prefix: prefix.map(str::to_owned), ..Clues::default() };
            express(&key, &clues).map(|detected| detected.description)
        };
        assert_eq!(found(format!("sess:{id}"), None).as_deref(), Some("express at sess:"));
        assert_eq!(found(format!("shop:s:{id}"), None).as_deref(), Some("express at shop:s:"));
        assert_eq!(found("short".to_owned(), None), None);
        assert_eq!(found("shop:7".to_owned(), Some("shop:")).as_deref(), Some("express at shop:"));
        let of_django = |key| django(key).map(|detected| detected.description);
        let key = "shop:a:2:django.contrib.sessions.cached_dbabcdefgh";
        assert_eq!(of_django(key).as_deref(), Some("django (cached_db) at shop:a:2"));
        assert_eq!(of_django("x:django.contrib.sessions.cacheabc"), None);
    }
}
