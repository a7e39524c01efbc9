use futures_util::future::try_join3;
use hallpass::{Event, Realm, Record, Timestamp};

use crate::error::Fault;
use crate::events::pointer_arguments;
use crate::link::Way;
use crate::member::{Member, whose};
use crate::open::Base;
use crate::records::answered;
use crate::script::{FILE_IN_REALM, FILE_UNDER_SUBJECT};
use crate::stored::instant;

/// Where a session is to be found by listings, before its record says so.
pub(crate) struct Filing<'a> {
    realm: &'a Realm,
    member: Member,
    whose: &'a str,
    expires_at: Timestamp,
    events: &'a [Event],
}

impl<'a> Filing<'a> {
    pub(crate) fn of(record: &'a Record, events: &'a [Event]) -> Self {
        Self {
            realm: &record.realm,
            member: Member::of(record),
            whose: whose(record.subject.as_ref()),
            expires_at: record.expires_at,
            events,
        }
    }
}

/// Returns the keys of all indices, for a script on the server that has them all.
pub(crate) fn keys(base: &Base, filing: &Filing<'_>) -> [String; 5] {
    let Filing { realm, whose, .. } = filing;
    let keys = &base.keys;
    [keys.realms(), keys.all(realm), keys.due(realm), keys.subject(realm, whose), keys.stream(realm)]
}

/// Files a session on the servers of a cluster, before its record is written; if `whole` is not set, only its events.
///
/// Answers when that was, by the clock of a server.
pub(crate) async fn file(base: &Base, filing: &Filing<'_>, whole: bool) -> Result<String, Fault> {
    let in_realm = file_in_realm(base, filing, whole, filing.events);
    if !whole {
        return in_realm.await;
    }
    let (in_realm, (), ()) =
        try_join3(in_realm, note_realm(base, filing.realm), file_under_subject(base, filing)).await?;
    Ok(in_realm)
}

/// Files a session whose events are filed already.
pub(crate) async fn file_again(base: &Base, filing: &Filing<'_>) -> Result<String, Fault> {
    let in_realm = file_in_realm(base, filing, true, &[]);
    let (in_realm, (), ()) =
        try_join3(in_realm, note_realm(base, filing.realm), file_under_subject(base, filing)).await?;
    Ok(in_realm)
}

async fn file_in_realm(base: &Base, filing: &Filing<'_>, whole: bool, events: &[Event]) -> Result<String, Fault> {
    let Filing { realm, member, whose, expires_at, .. } = filing;
    let keys = [base.keys.all(realm), base.keys.due(realm), base.keys.stream(realm)];
    let mut arguments = vec![
        member.to_bytes().to_vec(),
        (*whose).into(),
        if whole { instant(*expires_at).to_vec() } else { Vec::new() },
        base.events_per_realm.to_string().into(),
    ];
    arguments.extend(events.iter().flat_map(pointer_arguments));
    let way = if events.is_empty() { Way::File } else { Way::Write };
    answered(base.link.run(&FILE_IN_REALM, &keys, &arguments, way).await?)
}

async fn note_realm(base: &Base, realm: &Realm) -> Result<(), Fault> {
    let key = base.keys.realms();
    base.link.ask_about(&key, redis::cmd("SADD").arg(&key).arg(realm.as_str()), Way::File).await.map(drop)
}

async fn file_under_subject(base: &Base, filing: &Filing<'_>) -> Result<(), Fault> {
    let Filing { realm, member, whose, .. } = filing;
    if whose.is_empty() {
        return Ok(());
    }
    let keys = [base.keys.subject(realm, whose), base.keys.mark(realm, whose)];
    let arguments = [member.to_bytes().to_vec()];
    base.link.run(&FILE_UNDER_SUBJECT, &keys, &arguments, Way::File).await.map(drop)
}

/// Returns the realms that have, or had, sessions.
pub(crate) async fn realms(base: &Base) -> Result<Vec<Realm>, Fault> {
    let names: Vec<String> = answered(base.link.ask(redis::cmd("SMEMBERS").arg(base.keys.realms())).await?)?;
    let mut realms: Vec<_> = names.iter().filter_map(|name| Realm::new(name).ok()).collect();
    realms.sort_unstable();
    Ok(realms)
}
