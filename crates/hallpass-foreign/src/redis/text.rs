//! Sessions that are one string: Express, Django, gorilla.

use std::sync::LazyLock;

use hallpass_dialects::{Credential, Dialect, Framework, Keep, Session, Stored};
use hallpass_redis::redis::{self, Cmd, Value};
use hallpass_redis::{RedisScript, RedisServer};

use crate::error::Error;
use crate::found::Found;

static SAVE: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/text.lua")));
static KEEP: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/keep.lua")));
static REVOKE: LazyLock<RedisScript> = LazyLock::new(|| RedisScript::new(include_str!("lua/revoke_text.lua")));

/// The last byte that is read: one more than readers take, so that they refuse what is longer.
const LAST: usize = 2 << 20;

pub(super) async fn load(
    server: &RedisServer,
    dialect: &dyn Dialect,
    credential: &Credential,
) -> Result<Option<Found>, Error> {
    Ok(load_all(server, dialect, vec![credential.clone()]).await?.pop())
}

pub(super) async fn load_all(
    server: &RedisServer,
    dialect: &dyn Dialect,
    credentials: Vec<Credential>,
) -> Result<Vec<Found>, Error> {
    if credentials.is_empty() {
        return Ok(Vec::new());
    }
    let commands: Vec<Cmd> = credentials
        .iter()
        .flat_map(|credential| {
            let key = dialect.key(credential);
            let mut part = redis::cmd("GETRANGE");
            part.arg(&key).arg(0).arg(LAST);
            // Asked last: a key that went meanwhile has no time left.
            [part, Cmd::pttl(&key)]
        })
        .collect();
    let mut answers = server.ask_all(&commands).await?.into_iter();
    let mut all = Vec::with_capacity(credentials.len());
    for credential in credentials {
        let (bytes, left) = (answers.next(), answers.next());
        let Some(kept) = kept(left.as_ref())? else { continue };
        let Some(Value::BulkString(bytes)) = bytes else { return Err(Error::answer("a session is a string")) };
        // What went after the first question had nothing to read.
        if bytes.is_empty() {
            continue;
        }
        let stored = Stored::Bytes(bytes);
        all.push(Found { credential, session: dialect.read(&stored), stored, kept });
    }
    Ok(all)
}

/// Reads how long something is kept; nothing if it is not there.
pub(super) fn kept(left: Option<&Value>) -> Result<Option<Keep>, Error> {
    match left {
        Some(Value::Int(-2)) => Ok(None),
        Some(Value::Int(..0)) => Ok(Some(Keep::Forever)),
        Some(Value::Int(left_ms)) => Ok(Some(Keep::For(*left_ms))),
        _ => Err(Error::answer("a time to live is a number")),
    }
}

pub(super) async fn save(
    server: &RedisServer,
    dialect: &dyn Dialect,
    credential: &Credential,
    found: Option<&Found>,
    session: &Session,
    now_ms: i64,
) -> Result<bool, Error> {
    let Stored::Bytes(bytes) = dialect.write(session, now_ms)? else {
        return Err(Error::unsupported("this dialect keeps a session in fields"));
    };
    let keep = match dialect.keep(session, now_ms) {
        Keep::For(millis) => millis.to_string(),
        Keep::Forever => String::new(),
        Keep::Not => "0".to_owned(),
    };
    let (way, read) = match found {
        Some(found) => ("same", found.stored.bytes().unwrap_or_default().to_vec()),
        None => ("new", Vec::new()),
    };
    let arguments = [way.into(), read, bytes, keep.into_bytes()];
    is_done(&server.write(&SAVE, &[dialect.key(credential)], &arguments).await?)
}

/// Express has each request keep its session for longer; Django and gorilla do that only when they save it.
pub(super) async fn touch(
    server: &RedisServer,
    dialect: &dyn Dialect,
    found: &Found,
    now_ms: i64,
) -> Result<bool, Error> {
    let mut session = found.session.clone()?;
    dialect.touch(&mut session, now_ms);
    let keep = match (dialect.framework(), dialect.keep(&session, now_ms)) {
        (Framework::Express, Keep::For(millis)) => millis,
        // The server itself ends what was to end before now.
        (Framework::Express, Keep::Not) => 0,
        _ => return Ok(true),
    };
    is_done(&server.write(&KEEP, &[dialect.key(&found.credential)], &[keep.to_string().into_bytes()]).await?)
}

pub(super) async fn revoke(
    server: &RedisServer,
    dialect: &dyn Dialect,
    credential: &Credential,
) -> Result<bool, Error> {
    is_done(&server.write(&REVOKE, &[dialect.key(credential)], &[]).await?)
}

pub(super) fn is_done(answer: &Value) -> Result<bool, Error> {
    match answer {
        Value::Int(number) => Ok(*number != 0),
        _ => Err(Error::answer("a script answers with a number")),
    }
}
