use bytes::Bytes;
use hallpass::{Expected, Outcome, Realm, Record, SessionId, StoreError, Timestamp, Version};

use crate::error::Fault;
use crate::link::Link;
use crate::open::Base;
use crate::proto::{Ask, Reply};
use crate::stored::Stored;
use crate::ttl::ttl;

const UNASKED: Fault = Fault::Answer("it does not fit the question");

pub(crate) async fn load(base: &Base, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
    let key = base.keys.record(realm, id);
    let link = base.link(&key);
    let loading = async {
        let Some((stored, _)) = read(link, &key).await? else { return Ok(None) };
        let record = stored.into_record(realm, *id);
        record.map(Some).map_err(|source| Fault::Value { key: key.clone(), source })
    };
    base.told(link, loading).await
}

pub(crate) async fn save(base: &Base, record: &Record, expected: Expected) -> Result<Outcome, StoreError> {
    let key = base.keys.record(&record.realm, &record.id);
    let link = base.link(&key);
    let stored = Stored::of(record);
    let saving = async {
        link.check_size(&key, stored.bytes())?;
        match expected {
            Expected::Absent => add(link, &key, &stored).await,
            Expected::Version(version) => replace(link, &key, version, &stored).await,
        }
    };
    base.told(link, saving).await
}

pub(crate) async fn touch(
    base: &Base,
    realm: &Realm,
    id: &SessionId,
    version: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, StoreError> {
    let key = base.keys.record(realm, id);
    let link = base.link(&key);
    let touching = async {
        loop {
            let Some((mut stored, cas)) = read(link, &key).await? else { return Ok(Outcome::Conflict) };
            if stored.has_ended() || stored.version() != version {
                return Ok(Outcome::Conflict);
            }
            stored.move_seen_at(seen_at);
            stored.move_expires_at(expires_at);
            match swap(link, &key, &stored, cas).await {
                Ok(Reply::Written) => return Ok(Outcome::Applied),
                Ok(Reply::Absent) => return Ok(Outcome::Conflict),
                // Somebody was faster. Moving forward twice is moving once.
                Ok(Reply::Changed) | Err(Fault::Lost) => {}
                Ok(_) => return Err(UNASKED),
                Err(fault) => return Err(fault),
            }
        }
    };
    base.told(link, touching).await
}

/// Writes a record where there is none, not even a tombstone.
///
/// Looks first, since a server without memory for what is to be added throws away what it has under the key
/// (memcached's `proto_text.c`: "Avoid stale data persisting in cache because we failed alloc").
async fn add(link: &Link, key: &str, stored: &Stored) -> Result<Outcome, Fault> {
    if link.ask(Ask::Get { key: key.to_owned() }).await? != Reply::Absent {
        return Ok(Outcome::Conflict);
    }
    let (value, ttl) = (Bytes::copy_from_slice(stored.bytes()), ttl(stored.expires_at(), link.now()?));
    match link.ask(Ask::Add { key: key.to_owned(), value, ttl }).await? {
        Reply::Written => Ok(Outcome::Applied),
        Reply::Changed => Ok(Outcome::Conflict),
        _ => Err(UNASKED),
    }
}

/// Writes over a living record of this version. A record that is gone is not made again.
async fn replace(link: &Link, key: &str, version: Version, stored: &Stored) -> Result<Outcome, Fault> {
    loop {
        let Some((present, cas)) = read(link, key).await? else { return Ok(Outcome::Conflict) };
        if present.has_ended() || present.version() != version {
            return Ok(Outcome::Conflict);
        }
        let mut stored = stored.clone();
        stored.move_seen_at(present.seen_at());
        match swap(link, key, &stored, cas).await? {
            Reply::Written => return Ok(Outcome::Applied),
            Reply::Absent => return Ok(Outcome::Conflict),
            // It may have been a touch, which leaves the version.
            Reply::Changed => {}
            _ => return Err(UNASKED),
        }
    }
}

async fn read(link: &Link, key: &str) -> Result<Option<(Stored, u64)>, Fault> {
    match link.ask(Ask::Get { key: key.to_owned() }).await? {
        Reply::Absent => Ok(None),
        Reply::Value { value, cas } => {
            let stored = Stored::read(value).map_err(|source| Fault::Value { key: key.to_owned(), source })?;
            Ok(Some((stored, cas)))
        }
        _ => Err(UNASKED),
    }
}

async fn swap(link: &Link, key: &str, stored: &Stored, cas: u64) -> Result<Reply, Fault> {
    let (value, ttl) = (Bytes::copy_from_slice(stored.bytes()), ttl(stored.expires_at(), link.now()?));
    link.ask(Ask::Swap { key: key.to_owned(), value, ttl, cas }).await
}
