//! Sessions that are a hash: Spring.

use std::sync::LazyLock;

use futures_util::future::try_join_all;
use hallpass_dialects::spring::{Repository, Spring};
use hallpass_dialects::{Credential, Dialect as _, Keep, Map, Session, Stored, Value as Neutral};
use hallpass_redis::redis::Value;
use hallpass_redis::{RedisScript, RedisServer};

use super::text::{is_done, kept};
use crate::error::Error;
use crate::found::Found;

static READ: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/read_hash.lua")));
static SAVE: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/hash.lua")));
static REVOKE: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/revoke_hash.lua")));
static REVOKE_REACTIVE: LazyLock<RedisScript> =
    LazyLock::new(|| RedisScript::new(include_str!("lua/revoke_reactive.lua")));

const ATTRIBUTE: &str = "sessionAttr:";
const SEEN: &str = "lastAccessedTime";
const IDLE: &str = "maxInactiveInterval";
/// What says that it still is the same session, and that nobody ended it.
const IDENTITY: [&str; 2] = ["creationTime", IDLE];
const NONE: &str = "-";

pub(super) async fn load(
    server: &RedisServer,
    spring: &Spring,
    credential: &Credential,
) -> Result<Option<Found>, Error> {
    match server.read(&READ, &[spring.key(credential)]).await? {
        Value::BulkString(_) | Value::SimpleString(_) => {
            // It is refused as what it is: too large to be read.
            let stored = Stored::Fields(vec![(String::new(), vec![0; (2 << 20) + 1])]);
            let session = spring.read(&stored);
            Ok(Some(Found {
                credential: credential.clone(),
                stored: Stored::Fields(Vec::new()),
                session,
                kept: Keep::Forever,
            }))
        }
        Value::Array(parts) => {
            let mut parts = parts.into_iter();
            let Some(kept) = kept(parts.next().as_ref())? else { return Ok(None) };
            let stored = Stored::Fields(fields(parts.next())?);
            Ok(Some(Found { credential: credential.clone(), session: spring.read(&stored), stored, kept }))
        }
        _ => Err(Error::answer("a session is a hash")),
    }
}

pub(super) async fn load_all(
    server: &RedisServer,
    spring: &Spring,
    credentials: Vec<Credential>,
) -> Result<Vec<Found>, Error> {
    let loads = credentials.iter().map(|credential| load(server, spring, credential));
    Ok(try_join_all(loads).await?.into_iter().flatten().collect())
}

fn fields(answer: Option<Value>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let wrong = || Error::answer("a hash has names and values");
    let Some(Value::Array(items)) = answer else { return Err(wrong()) };
    let mut items = items.into_iter();
    let mut fields = Vec::with_capacity(items.len() / 2);
    while let (Some(name), Some(value)) = (items.next(), items.next()) {
        let (Value::BulkString(name), Value::BulkString(value)) = (name, value) else { return Err(wrong()) };
        // A name that is no text is none of Spring's; what it names stays as it is.
        if let Ok(name) = String::from_utf8(name) {
            fields.push((name, value));
        }
    }
    Ok(fields)
}

pub(super) async fn create(
    server: &RedisServer,
    spring: &Spring,
    credential: &Credential,
    session: &Session,
    now_ms: i64,
) -> Result<bool, Error> {
    let Stored::Fields(fields) = spring.write(session, now_ms)? else { return Err(Error::answer("Spring has fields")) };
    let news = if spring.repository() == Repository::Indexed {
        let namespace = spring.key(credential);
        let namespace = namespace.split(":sessions:").next().unwrap_or_default().to_owned();
        let id = credential.danger_expose();
        Some((format!("{namespace}:event:{}:created:{id}", server.database()), delta(spring, session, now_ms)?))
    } else {
        None
    };
    let write = Write { spring, credential, before: None, after: session, now_ms };
    write.send(server, &[], &fields, news).await
}

/// Returns the message about a new session: a map of its fields, serialised.
fn delta(spring: &Spring, session: &Session, now_ms: i64) -> Result<Vec<u8>, Error> {
    let times = session.times;
    let long = |number: Option<i64>| Neutral::tagged("java.lang.Long", Neutral::Int(number.unwrap_or_default()));
    let mut map: Map = [
        ("creationTime".into(), long(times.created_at_ms)),
        (SEEN.into(), long(times.seen_at_ms)),
        (IDLE.into(), Neutral::Int(times.idle_s.unwrap_or_default())),
    ]
    .into_iter()
    .collect();
    for (name, value) in session.attributes.iter() {
        if let Some(name) = name.as_str() {
            map.insert(&format!("{ATTRIBUTE}{name}"), value.clone());
        }
    }
    let whole = Session { attributes: [("delta".into(), map.into())].into_iter().collect(), ..session.clone() };
    Ok(field(&spring.write(&whole, now_ms)?, "sessionAttr:delta").unwrap_or_default().to_vec())
}

pub(super) async fn replace(
    server: &RedisServer,
    spring: &Spring,
    found: &Found,
    session: &Session,
    now_ms: i64,
) -> Result<bool, Error> {
    let before = found.session.as_ref().map_err(Clone::clone)?;
    // Only what changed is written: what is stored of the rest may say more than was understood of it.
    let is_changed = |(name, value): &&(Neutral, Neutral)| {
        name.as_str().is_none_or(|name| before.attributes.get(name) != Some(value))
    };
    let changed: Map = session.attributes.iter().filter(is_changed).cloned().collect();
    let written = spring.write(&Session { attributes: changed, ..session.clone() }, now_ms)?;
    let mut fields: Vec<(String, Vec<u8>)> =
        written.fields().iter().filter(|(name, _)| name != "creationTime" && name != IDLE).cloned().collect();
    // To Spring, what is empty was removed.
    let is_gone = |name: &str| before.attributes.get(name).is_some() && session.attributes.get(name).is_none();
    let gone = before.attributes.iter().filter_map(|(name, _)| name.as_str()).filter(|name| is_gone(name));
    fields.extend(gone.map(|name| (format!("{ATTRIBUTE}{name}"), Vec::new())));
    let attributes = fields.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with(ATTRIBUTE));
    let compared: Vec<(&str, Option<&[u8]>)> =
        IDENTITY.into_iter().chain(attributes).map(|name| (name, field(&found.stored, name))).collect();
    let write = Write { spring, credential: &found.credential, before: Some(before), after: session, now_ms };
    write.send(server, &compared, &fields, None).await
}

pub(super) async fn touch(server: &RedisServer, spring: &Spring, found: &Found, now_ms: i64) -> Result<bool, Error> {
    let before = found.session.as_ref().map_err(Clone::clone)?;
    let mut after = before.clone();
    if !spring.touch(&mut after, now_ms) {
        return Ok(true);
    }
    let times = spring.write(&Session { attributes: Map::new(), ..after.clone() }, now_ms)?;
    let fields = [(SEEN.to_owned(), field(&times, SEEN).unwrap_or_default().to_vec())];
    let compared: Vec<_> = IDENTITY.into_iter().map(|name| (name, field(&found.stored, name))).collect();
    let write = Write { spring, credential: &found.credential, before: Some(before), after: &after, now_ms };
    write.send(server, &compared, &fields, None).await
}

fn field<'s>(stored: &'s Stored, name: &str) -> Option<&'s [u8]> {
    stored.fields().iter().find(|(found, _)| found == name).map(|(_, bytes)| bytes.as_slice())
}

/// A write with what belongs to it in the indexes.
struct Write<'a> {
    spring: &'a Spring,
    credential: &'a Credential,
    before: Option<&'a Session>,
    after: &'a Session,
    now_ms: i64,
}

impl Write<'_> {
    async fn send(
        &self,
        server: &RedisServer,
        compared: &[(&str, Option<&[u8]>)],
        fields: &[(String, Vec<u8>)],
        news: Option<(String, Vec<u8>)>,
    ) -> Result<bool, Error> {
        let spring = self.spring;
        if spring.repository() == Repository::ReactiveIndexed {
            return Err(Error::unsupported(
                "sessions of the reactive repository with an index are only read and revoked",
            ));
        }
        let millis = |keep| match keep {
            Keep::For(millis) => Ok(millis.to_string()),
            Keep::Forever => Ok(String::new()),
            Keep::Not => Err(Error::unsupported("the session would be over when it is written")),
        };
        let hash_ms = millis(spring.keep(self.after, self.now_ms))?;
        let (mut keys, mut lives_ms) = (vec![spring.key(self.credential)], hash_ms.clone());
        let (mut in_minute, mut in_index) = (Vec::new(), Vec::new());
        if let Some(expiry) = spring.expiry_key(self.credential) {
            lives_ms = self.lives_ms().map_or_else(String::new, |millis| millis.to_string());
            let place = |found: Option<(String, Vec<u8>)>, member: &mut Vec<u8>| match found {
                Some((key, name)) => {
                    *member = name;
                    key
                }
                None => NONE.to_owned(),
            };
            let minute = |session: Option<&Session>| match session {
                Some(session) => spring.expirations(self.credential, session),
                None => Ok(None),
            };
            let user = |session: Option<&Session>| match session.and_then(|session| spring.user(session)) {
                Some(user) => spring.principal_index(self.credential, &user),
                None => Ok(None),
            };
            keys.push(expiry);
            keys.push(place(minute(self.before)?, &mut in_minute));
            keys.push(place(minute(Some(self.after))?, &mut in_minute));
            keys.push(place(user(self.before)?, &mut in_index));
            keys.push(place(user(Some(self.after))?, &mut in_index));
        }
        let way = if self.before.is_some() { "same" } else { "new" };
        let count = compared.len().to_string();
        let mut arguments: Vec<Vec<u8>> =
            vec![way.into(), hash_ms.into(), lives_ms.into(), in_minute, in_index, count.into()];
        for (name, read) in compared {
            let flag = if read.is_some() { "1" } else { "0" };
            arguments.extend([(*name).into(), flag.into(), read.unwrap_or_default().to_vec()]);
        }
        for (name, value) in fields {
            arguments.extend([name.clone().into_bytes(), value.clone()]);
        }
        let (channel, message) = news.unwrap_or_default();
        arguments.extend([channel.into_bytes(), message]);
        is_done(&server.write(&SAVE, &keys, &arguments).await?)
    }

    /// Returns for how long the session lives; nothing is for ever.
    fn lives_ms(&self) -> Option<i64> {
        let times = self.after.times;
        let idle_s = times.idle_s.filter(|idle_s| *idle_s >= 0)?;
        let ends_at_ms = times.seen_at_ms?.saturating_add(idle_s.saturating_mul(1000));
        Some(ends_at_ms.saturating_sub(self.now_ms).max(1))
    }
}

pub(super) async fn revoke(
    server: &RedisServer,
    spring: &Spring,
    credential: &Credential,
    now_ms: i64,
) -> Result<bool, Error> {
    let key = spring.key(credential);
    let Some(expiry) = spring.expiry_key(credential) else {
        return is_done(&server.write(&REVOKE, &[key], &[]).await?);
    };
    let found = load(server, spring, credential).await?;
    // What cannot be read is ended too; it stays in what its user is found by, where nobody can find it.
    let session = found.and_then(|found| found.session.ok()).unwrap_or_else(|| spring.new_session(now_ms));
    let place = |found: Option<(String, Vec<u8>)>| found.unwrap_or_else(|| (NONE.to_owned(), Vec::new()));
    let user = spring.user(&session);
    let in_index = match &user {
        Some(user) => spring.principal_index(credential, user)?,
        None => None,
    };
    let (index, name) = place(in_index);
    if spring.repository() == Repository::ReactiveIndexed {
        let namespace = key.split(":sessions:").next().unwrap_or_default();
        let ends = format!("{namespace}:sessions:expirations");
        let nobody = hallpass_dialects::User::default();
        let name = spring.principal_index(credential, &nobody)?.map_or(name, |(_, name)| name);
        let keys = [key.clone(), expiry, format!("{key}:idx"), ends, index];
        return is_done(&server.write(&REVOKE_REACTIVE, &keys, &[name]).await?);
    }
    let (minute, in_minute) = place(spring.expirations(credential, &session)?);
    let mut over = Session { attributes: Map::new(), ..session };
    over.times.idle_s = Some(0);
    let over = field(&spring.write(&over, now_ms)?, IDLE).unwrap_or_default().to_vec();
    is_done(&server.write(&REVOKE, &[key, expiry, minute, index], &[in_minute, name, over]).await?)
}
