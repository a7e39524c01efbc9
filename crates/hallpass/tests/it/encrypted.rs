//! A store that is not to read what it keeps.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{
    Caller, Client, Encrypted, EndReason, Expected, MemoryStore, NewSession, Note, Outcome, PageLimit, Query, Record,
    Revocation, SealingKeys, Sessions, Store,
};

use crate::app::subject;

const NEW: &[u8] = b"the newest key: 32 random bytes!";
const OLD: &[u8] = b"an older key of 32 random bytes!";

type Far = FaultyStore<MemoryStore>;

fn keys(key: &[u8]) -> SealingKeys {
    SealingKeys::new(key).expect("32 bytes")
}

fn sealing(far: &Far) -> Arc<Encrypted<Far>> {
    Arc::new(Encrypted::new(far.clone(), keys(NEW)))
}

mod suite {
    use hallpass::testing::conformance::Handles;
    use hallpass::testing::{conformance_tests, outage_tests};

    use super::*;

    async fn handles() -> Handles {
        let far = FaultyStore::new(MemoryStore::new());
        let handles = Handles::two(sealing(&far), sealing(&far));
        handles.with_outage(move |away| {
            far.outage(away);
            std::future::ready(())
        })
    }

    conformance_tests!(handles);

    mod away {
        use super::{handles, outage_tests};

        outage_tests!(handles);
    }
}

/// Saves a session of Alice's through a store, from a known client, with attributes.
async fn session(store: &Arc<dyn Store>, index: usize) -> Record {
    let sessions = Sessions::builder().shared_store(Arc::clone(store)).build().expect("all parts");
    let mut new = NewSession::signed_in(subject("alice"));
    new.data = Bytes::from_static(br#"{"secret":"a birthday present"}"#);
    new.client = Client {
        ip: Some(format!("192.0.2.{}", index % 250).parse().expect("an address")),
        user_agent: Note::lossy(if index.is_multiple_of(3) { "Firefox" } else { "Safari" }),
        label: Note::lossy("the phone in the hall"),
    };
    sessions.create(new, &Caller::user()).await.expect("created").record
}

async fn raw(far: &Far, record: &Record) -> Record {
    far.load(&record.realm, &record.id).await.expect("memory").expect("it is there")
}

#[tokio::test]
async fn the_store_behind_reads_neither_attributes_nor_clients() {
    let far = FaultyStore::new(MemoryStore::new());
    let store: Arc<dyn Store> = sealing(&far);
    let record = session(&store, 0).await;
    let kept = raw(&far, &record).await;
    let text = format!("{kept:?}");
    for secret in ["birthday", "192.0.2", "Firefox", "hall\"", "phone"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    serde_json::from_slice::<serde_json::Value>(&kept.data).expect("it is JSON, as columns want it");
    let opened = store.load(&record.realm, &record.id).await.expect("it opens").expect("it is there");
    assert_eq!(opened, record);
    assert_eq!((kept.subject, kept.version, kept.expires_at), (record.subject, record.version, record.expires_at));
}

#[tokio::test]
async fn what_was_changed_behind_the_seal_is_damage_and_no_session() {
    let far = FaultyStore::new(MemoryStore::new());
    let store: Arc<dyn Store> = sealing(&far);
    let (record, other) = (session(&store, 0).await, session(&store, 1).await);
    let kept = raw(&far, &record).await;
    let planted = [
        Bytes::from_static(b"{}"),
        Bytes::new(),
        Bytes::from_static(br#"{"hallpass-sealed":""}"#),
        Bytes::from_static(br#"{"hallpass-sealed":"no base64"}"#),
        raw(&far, &other).await.data,
        kept.data.clone(),
    ];
    let mut version = kept.version;
    for data in planted {
        let mut changed = kept.clone();
        (changed.version, changed.data) = (version.next(), data);
        let saved = far.save(&changed, Expected::Version(version), &[]).await.expect("memory");
        assert_eq!(saved, Outcome::Applied);
        version = changed.version;
        let answer = store.load(&record.realm, &record.id).await;
        assert!(answer.is_err_and(|error| error.is_corrupt()), "{:?}", changed.data);
    }
}

#[tokio::test]
async fn a_node_without_the_key_refuses_to_answer_and_logs_nobody_out() {
    let far = FaultyStore::new(MemoryStore::new());
    let record = session(&(sealing(&far) as Arc<dyn Store>), 0).await;
    let behind = Encrypted::new(far.clone(), keys(OLD));
    let answer = behind.load(&record.realm, &record.id).await;
    assert!(answer.is_err_and(|error| error.is_unavailable()));
    let both = Encrypted::new(far, keys(OLD).with_older(NEW).expect("32 bytes"));
    let opened = both.load(&record.realm, &record.id).await.expect("it opens");
    assert_eq!(opened, Some(record));
}

#[tokio::test]
async fn a_save_seals_under_the_newest_key() {
    let far = FaultyStore::new(MemoryStore::new());
    let before = Encrypted::new(far.clone(), keys(OLD));
    let record = session(&(Arc::new(before) as Arc<dyn Store>), 0).await;
    let after = Encrypted::new(far.clone(), keys(NEW).with_older(OLD).expect("32 bytes"));
    let mut next = after.load(&record.realm, &record.id).await.expect("it opens").expect("it is there");
    next.version = record.version.next();
    let saved = after.save(&next, Expected::Version(record.version), &[]).await.expect("saved");
    assert_eq!(saved, Outcome::Applied);
    let done = sealing(&far);
    assert_eq!(done.load(&record.realm, &record.id).await.expect("the new key is enough"), Some(next));
}

#[tokio::test]
async fn records_from_before_are_read_where_that_is_asked_for_and_sealed_when_saved() {
    let far = FaultyStore::new(MemoryStore::new());
    let record = session(&(Arc::new(far.clone()) as Arc<dyn Store>), 0).await;
    let answer = sealing(&far).load(&record.realm, &record.id).await;
    assert!(answer.is_err_and(|error| error.is_corrupt()), "not by default");
    let store = Encrypted::new(far.clone(), keys(NEW)).danger_accepting_plain();
    let mut next = store.load(&record.realm, &record.id).await.expect("it is read").expect("it is there");
    assert_eq!(next, record);
    next.version = record.version.next();
    let saved = store.save(&next, Expected::Version(record.version), &[]).await.expect("saved");
    assert_eq!(saved, Outcome::Applied);
    assert_eq!(sealing(&far).load(&record.realm, &record.id).await.expect("it opens"), Some(next));
}

#[tokio::test]
async fn clients_are_found_though_the_store_cannot_see_them() {
    let far = FaultyStore::new(MemoryStore::new());
    let store: Arc<dyn Store> = sealing(&far);
    for index in 0..100 {
        session(&store, index).await;
    }
    let mut query = Query::default();
    query.user_agent = Some("fire".to_owned());
    query.limit = PageLimit::new(10).expect("1 to 1,000");
    let mut sizes = Vec::new();
    let mut found = std::collections::BTreeSet::new();
    loop {
        let page = store.list(&query).await.expect("it answers");
        sizes.push(page.items.len());
        found.extend(page.items.iter().map(|record| record.id));
        assert!(page.items.iter().all(|record| record.client.user_agent == Note::lossy("Firefox")));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!((sizes, found.len()), (vec![10, 10, 10, 4], 34));
}

#[tokio::test]
async fn a_session_that_nobody_can_read_any_more_ends_and_is_forgotten_all_the_same() {
    let far = FaultyStore::new(MemoryStore::new());
    let record = session(&(Arc::new(Encrypted::new(far.clone(), keys(OLD))) as Arc<dyn Store>), 0).await;
    let clock = ManualClock::new();
    clock.set(record.expires_at);
    let builder = Sessions::builder().shared_store(sealing(&far)).clock(clock.clone());
    let sessions = builder.build().expect("all parts");
    let limit = NonZeroUsize::new(10).expect("not zero");
    assert_eq!(sessions.sweep(limit).await.expect("swept").expired, 1);
    let kept = sealing(&far).load(&record.realm, &record.id).await.expect("sealed anew").expect("a tombstone");
    assert_eq!(kept.ended.expect("ended").reason, EndReason::Idle);
}

#[tokio::test]
async fn a_session_that_nobody_can_read_holds_up_no_listing_and_no_revocation_of_all() {
    let far = FaultyStore::new(MemoryStore::new());
    let store: Arc<dyn Store> = sealing(&far);
    session(&store, 0).await;
    let foreign = session(&(Arc::new(Encrypted::new(far.clone(), keys(OLD))) as Arc<dyn Store>), 1).await;
    session(&store, 2).await;
    let listed = store.list(&Query::default()).await.expect("it answers").items;
    let bare = listed.iter().find(|record| record.id == foreign.id).expect("it is listed");
    assert!(listed.len() == 3 && bare.data.is_empty() && bare.client == Client::default());
    let sessions = Sessions::builder().shared_store(Arc::clone(&store)).build().expect("all parts");
    let revoked = sessions.revoke_subject(&subject("alice"), None, &Revocation::default()).await;
    assert_eq!(revoked.expect("all are met"), 3);
}

#[tokio::test]
async fn a_session_that_a_process_without_keys_ended_has_ended() {
    let far = FaultyStore::new(MemoryStore::new());
    let store: Arc<dyn Store> = sealing(&far);
    let sessions = Sessions::builder().shared_store(Arc::clone(&store)).build().expect("all parts");
    let issued = sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    let without = Sessions::builder().store(far).build().expect("all parts");
    assert!(without.revoke(&issued.record.id, &Revocation::default()).await.expect("ended"));
    let refused = sessions.verify(issued.token.expose(), true, &Caller::user()).await;
    assert!(refused.is_err_and(|error| error.is_inactive()));
}
