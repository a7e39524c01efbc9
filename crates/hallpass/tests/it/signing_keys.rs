//! The keys of tokens, which nodes share and change in turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hallpass::testing::ManualClock;
use hallpass::{
    Caller, Clock, Jwt, KeyAlgorithm, KeyId, KeyRing, KeyState, MemorySettings, MemoryStore, NewSession, Outcome,
    Rotation, SealingKeys, Sessions, Settings, StoreError, StoredKeys, Timestamp,
};
use tokio::sync::oneshot;

use crate::app::subject;

const SEALING: &[u8] = b"the newest key: 32 random bytes!";
const OTHER: &[u8] = b"an older key of 32 random bytes!";
const ROTATION: Rotation =
    Rotation { every: Duration::from_secs(100), ahead: Duration::from_secs(10), keep: Duration::from_secs(30) };

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

async fn node(settings: &Arc<MemorySettings>, now: u64) -> StoredKeys {
    let sealing = SealingKeys::new(SEALING).expect("32 bytes");
    let settings = Arc::clone(settings) as Arc<dyn Settings>;
    StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, ROTATION, at(now)).await.expect("keys")
}

fn signing(keys: &StoredKeys, now: u64) -> String {
    keys.ring().signing(at(now)).expect("a key signs").id().to_string()
}

#[tokio::test]
async fn the_nodes_of_a_service_have_the_same_first_key() {
    let settings = Arc::new(MemorySettings::default());
    let (one, other) = tokio::join!(node(&settings, 0), node(&settings, 0));
    assert_eq!(signing(&one, 0), signing(&other, 0));
}

#[tokio::test]
async fn jwt_13_a_key_is_published_before_it_signs_and_verifies_after_it_has_signed() {
    let settings = Arc::new(MemorySettings::default());
    let (one, other) = (node(&settings, 0).await, node(&settings, 0).await);
    let first = signing(&one, 0);
    for keys in [&one, &other] {
        keys.keep_up(at(89)).await.expect("kept up");
        assert_eq!(keys.ring().keys().len(), 1, "nothing is due yet");
    }
    // Both find it due, and one key comes of it.
    tokio::join!(async { one.keep_up(at(90)).await.expect("kept up") }, async {
        other.keep_up(at(90)).await.expect("kept up");
    });
    one.refresh(at(90)).await.expect("read");
    for keys in [&one, &other] {
        assert_eq!(keys.ring().keys().len(), 2);
        assert_eq!(signing(keys, 99), first, "it is published, and does not sign yet");
        assert!(keys.ring().to_jwks().matches("kid").count() == 2);
        assert_ne!(signing(keys, 100), first);
    }
    for keys in [&one, &other] {
        keys.keep_up(at(129)).await.expect("kept up");
        assert!(keys.ring().find(&first).is_some(), "tokens of its last second live on");
    }
    for keys in [&one, &other] {
        keys.keep_up(at(130)).await.expect("kept up");
        assert!(keys.ring().find(&first).is_none(), "its last token is over");
    }
}

#[tokio::test]
async fn a_key_that_is_taken_away_is_gone_from_every_node_and_another_signs_at_once() {
    let settings = Arc::new(MemorySettings::default());
    let (one, other) = (node(&settings, 0).await, node(&settings, 0).await);
    let stolen = one.ring().signing(at(1)).expect("a key signs").id().clone();
    let removed = one.remove(&stolen, at(1)).await.expect("removed").expect("it was there");
    assert_eq!((&removed.id, removed.state(at(1))), (&stolen, KeyState::Signing));
    assert!(one.remove(&stolen, at(1)).await.expect("asked").is_none(), "it is gone already");
    assert_ne!(signing(&one, 1), stolen.as_str());
    assert_eq!(signing(&other, 1), stolen.as_str());
    other.keep_up(at(2)).await.expect("kept up");
    assert!(other.ring().find(stolen.as_str()).is_none());
    assert_eq!(signing(&other, 2), signing(&one, 2));
}

#[tokio::test]
async fn a_key_that_is_over_verifies_nothing_again_when_its_successor_is_taken_away() {
    let settings = Arc::new(MemorySettings::default());
    let keys = node(&settings, 0).await;
    let first = signing(&keys, 0);
    let second = keys.rotate(at(5)).await.expect("rotated");
    assert_eq!(keys.keys().expect("keys")[0].retires_at, Some(at(45)));
    // Nobody has forgotten the first one yet.
    assert!(keys.remove(&second.id, at(46)).await.expect("removed").is_some());
    assert!(keys.ring().find(&first).is_none());
    assert_eq!(keys.keys().expect("keys").len(), 1);
}

#[tokio::test]
async fn an_operator_can_change_the_key_at_any_time() {
    let settings = Arc::new(MemorySettings::default());
    let keys = node(&settings, 0).await;
    let first = signing(&keys, 0);
    let next = keys.rotate(at(5)).await.expect("rotated");
    assert_eq!((next.signs_from, next.retires_at), (at(15), None));
    assert_eq!(signing(&keys, 14), first);
    assert_eq!(signing(&keys, 15), next.id.as_str());
    let shown = keys.keys().expect("keys");
    assert_eq!((shown[0].signs_until, shown[0].retires_at), (Some(at(15)), Some(at(45))));
    let states = |now: u64| shown.iter().map(|key| key.state(at(now))).collect::<Vec<_>>();
    assert_eq!(states(14), [KeyState::Signing, KeyState::Next]);
    assert_eq!(states(15), [KeyState::Verifying, KeyState::Signing]);
    assert_eq!(states(45), [KeyState::Retired, KeyState::Signing]);
    let after = keys.rotate(at(5)).await.expect("rotated");
    assert!(after.signs_from > next.signs_from, "the last one that was made is the last to sign");
}

#[tokio::test]
async fn a_key_is_retired_once_however_often_that_is_asked() {
    let settings = Arc::new(MemorySettings::default());
    let (one, other) = (node(&settings, 0).await, node(&settings, 0).await);
    let first = one.ring().signing(at(0)).expect("a key signs").id().clone();
    // Both nodes are asked at once, as by somebody who repeats what seemed to be lost.
    let (here, there) = tokio::join!(one.retire(&first, at(5)), other.retire(&first, at(5)));
    let made: Vec<_> = [here, there].into_iter().filter_map(|made| made.expect("retired")).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].signs_from, at(15), "it is published before it signs");
    assert_eq!(one.retire(&first, at(6)).await.expect("asked"), None);
    assert_eq!(one.retire(&KeyId::new("no-such-key").expect("a name"), at(6)).await.expect("asked"), None);
    one.refresh(at(15)).await.expect("read");
    assert_eq!(one.keys().expect("keys").len(), 2);
    assert_eq!(signing(&one, 15), made[0].id.as_str());
    assert!(one.ring().find(first.as_str()).is_some(), "and refuses nobody");
}

#[tokio::test]
async fn the_key_that_the_policy_makes_is_told_to_one_node() {
    let settings = Arc::new(MemorySettings::default());
    let (one, other) = (node(&settings, 0).await, node(&settings, 0).await);
    assert_eq!(one.keep_up(at(89)).await.expect("kept up"), None);
    let (here, there) = tokio::join!(one.keep_up(at(90)), other.keep_up(at(90)));
    let made: Vec<_> = [here, there].into_iter().filter_map(|made| made.expect("kept up")).collect();
    assert_eq!(made.iter().map(|key| key.signs_from).collect::<Vec<_>>(), [at(100)]);
    assert_eq!(one.keep_up(at(91)).await.expect("kept up"), None);
}

/// Settings whose next answer is held back until somebody lets it go.
#[derive(Debug, Default)]
struct Slow {
    inner: MemorySettings,
    held: Mutex<Option<oneshot::Receiver<()>>>,
}

#[async_trait]
impl Settings for Slow {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let answer = self.inner.load(name).await;
        let held = self.held.lock().expect("no panic").take();
        if let Some(held) = held {
            let _ = held.await;
        }
        answer
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        self.inner.save(name, value, expected).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.inner.remove(name, expected).await
    }
}

#[tokio::test]
async fn an_answer_that_was_slow_brings_no_removed_key_back() {
    let settings = Arc::new(Slow::default());
    let sealing = SealingKeys::new(SEALING).expect("32 bytes");
    let shared = Arc::clone(&settings) as Arc<dyn Settings>;
    let keys = StoredKeys::open(shared, sealing, KeyAlgorithm::EdDsa, ROTATION, at(0)).await.expect("keys");
    let keys = Arc::new(keys);
    let stolen = keys.ring().signing(at(0)).expect("a key signs").id().clone();
    let (go, held) = oneshot::channel();
    *settings.held.lock().expect("no panic") = Some(held);
    let (reader, remover) = (Arc::clone(&keys), Arc::clone(&keys));
    let reading = tokio::spawn(async move { reader.refresh(at(1)).await });
    while settings.held.lock().expect("no panic").is_some() {
        tokio::task::yield_now().await;
    }
    let id = stolen.clone();
    let removing = tokio::spawn(async move { remover.remove(&id, at(1)).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    go.send(()).expect("it waits");
    reading.await.expect("no panic").expect("read");
    assert!(removing.await.expect("no panic").expect("removed").is_some());
    assert!(keys.ring().find(stolen.as_str()).is_none());
}

#[tokio::test]
async fn who_reads_the_store_has_no_key() {
    let settings = Arc::new(MemorySettings::default());
    let keys = node(&settings, 0).await;
    let (name, value) = settings.list("token-keys/").await.expect("listed").pop().expect("the keys");
    let text = String::from_utf8(value.to_vec()).expect("JSON");
    assert_eq!(name, "token-keys/signing");
    // What a PKCS#8 document of Ed25519 begins with, in base64.
    assert!(!text.contains("MC4CAQ") && !text.contains("MFECAQ") && text.contains("sealed"));
    assert_eq!(format!("{keys:?}").matches("Key(").count(), 1);
    let other = SealingKeys::new(OTHER).expect("32 bytes");
    let settings = Arc::clone(&settings) as Arc<dyn Settings>;
    let wrong = StoredKeys::open(settings.clone(), other, KeyAlgorithm::EdDsa, ROTATION, at(0)).await;
    assert!(wrong.is_err_and(|error| error.is_corrupt()), "and no new key hides the trouble");
    // The sealing key is changed as it is for records: the older one opens.
    let both = SealingKeys::new(OTHER).and_then(|keys| keys.with_older(SEALING)).expect("32 bytes");
    assert!(StoredKeys::open(settings, both, KeyAlgorithm::EdDsa, ROTATION, at(0)).await.is_ok());
}

#[tokio::test]
async fn keys_that_change_every_second_refuse_nobody() {
    let settings = Arc::new(MemorySettings::default());
    let clock = ManualClock::starting_at(at(0));
    let rotation = Rotation {
        every: Duration::from_secs(1),
        ahead: Duration::from_secs(1),
        keep: Duration::from_mins(1) + Jwt::LEEWAY,
    };
    let open = async || {
        let sealing = SealingKeys::new(SEALING).expect("32 bytes");
        let settings = Arc::clone(&settings) as Arc<dyn Settings>;
        StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, rotation, clock.now()).await.expect("keys")
    };
    let (signer, verifier) = (open().await, open().await);
    let store = Arc::new(MemoryStore::new());
    let node = |ring: &KeyRing| {
        let jwt = Jwt::access(ring.clone(), "https://login.test", "https://api.test").expect("names");
        let builder = Sessions::builder().shared_store(store.clone()).clock(clock.clone());
        builder.access_tokens(jwt, Duration::from_secs(30)).build().expect("all parts")
    };
    let (here, there) = (node(signer.ring()), node(verifier.ring()));
    // A verifier elsewhere, which reads the key set once a second.
    let mut remote;
    let mut living = Vec::new();
    let mut names = std::collections::HashSet::new();
    for tick in 0..120_u64 {
        clock.advance(Duration::from_millis(500));
        // The nodes keep up at different times, each once a second.
        if tick % 2 == 0 { signer.keep_up(clock.now()).await } else { verifier.keep_up(clock.now()).await }
            .expect("kept up");
        remote = node(&KeyRing::from_jwks(signer.ring().to_jwks().as_bytes()).expect("a key set"));
        let issued = here.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
        names.insert(signer.ring().signing(clock.now()).expect("a key signs").id().clone());
        living.push(issued.access_token.expect("somebody signed in"));
        living.retain(|token| token.expires_at > clock.now());
        for token in &living {
            for node in [&here, &there, &remote] {
                let answer = node.verify_access(token.token.expose(), None, &Caller::user()).await;
                assert!(answer.is_ok(), "at tick {tick}: {answer:?}");
            }
        }
    }
    assert!(names.len() >= 50, "{} keys in a minute", names.len());
    assert!(signer.ring().keys().len() <= KeyRing::MOST);
}
