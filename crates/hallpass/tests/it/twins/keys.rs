use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::ManualClock;
use hallpass::{
    Caller, Clock as _, Jwt, Key, KeyAlgorithm, KeyId, KeyRing, MemorySettings, MemoryStore, NewSession, Rotation,
    SealingKeys, Sessions, Settings, StoredKeys,
};
use parking_lot::Mutex;

use super::{Case, cases, check, passes};
use crate::app::subject;

const LIFETIME: Duration = Duration::from_secs(30);
/// How long somebody may keep the published keys.
const MAX_AGE: Duration = Duration::from_secs(10);
const ROTATION: Rotation =
    Rotation { every: Duration::from_secs(100), ahead: Duration::from_secs(12), keep: Duration::from_secs(62) };

/// What can be wrong with keys that take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// The key that signed is dropped when another signs.
    DropsTheVerifyingKey,
    /// A key signs as soon as it was made.
    SignsUnpublished,
    /// A key that is over is kept.
    NeverForgets,
    /// Each node makes keys of its own.
    SharesNothing,
    /// A key that was removed is kept by those who know it.
    KeepsWhatWasRemoved,
    /// No new key is ever made.
    NeverRotates,
}

const CASES: &[Case<Flaw>] = cases![
    a_token_outlives_the_turn_of_its_key,
    who_read_the_published_keys_a_while_ago_knows_the_key_that_signs,
    a_key_takes_its_turn_and_is_forgotten_after_it,
    all_nodes_have_the_same_keys,
    a_removed_key_is_gone_from_every_node,
];

const FLAWS: &[(Flaw, &[&str])] = &[
    (Flaw::DropsTheVerifyingKey, &["a_token_outlives_the_turn_of_its_key"]),
    (Flaw::SignsUnpublished, &["who_read_the_published_keys_a_while_ago_knows_the_key_that_signs"]),
    (Flaw::NeverForgets, &["a_key_takes_its_turn_and_is_forgotten_after_it"]),
    (Flaw::NeverRotates, &["a_key_takes_its_turn_and_is_forgotten_after_it"]),
    (Flaw::SharesNothing, &["all_nodes_have_the_same_keys"]),
    (Flaw::KeepsWhatWasRemoved, &["a_removed_key_is_gone_from_every_node"]),
];

#[test]
fn each_broken_key_ring_fails_the_case_that_names_it() {
    check(CASES, FLAWS);
}

#[test]
fn keys_without_a_flaw_pass_every_case() {
    for case in CASES {
        assert!(passes(case, None), "{}", case.0);
    }
}

/// The keys of a node, as they are but for the flaw.
struct Node {
    flaw: Option<Flaw>,
    keys: StoredKeys,
    ring: KeyRing,
    ever: Mutex<Vec<Arc<Key>>>,
    sessions: Sessions,
    clock: ManualClock,
}

struct World {
    settings: Arc<MemorySettings>,
    store: Arc<MemoryStore>,
    clock: ManualClock,
    flaw: Option<Flaw>,
}

impl World {
    fn new(flaw: Option<Flaw>) -> Self {
        let (settings, store) = (Arc::new(MemorySettings::default()), Arc::new(MemoryStore::new()));
        Self { settings, store, clock: ManualClock::new(), flaw }
    }

    async fn node(&self) -> Node {
        let settings: Arc<dyn Settings> = match self.flaw {
            Some(Flaw::SharesNothing) => Arc::new(MemorySettings::default()),
            _ => Arc::clone(&self.settings) as Arc<dyn Settings>,
        };
        let rotation = match self.flaw {
            Some(Flaw::DropsTheVerifyingKey) => Rotation { keep: Duration::ZERO, ..ROTATION },
            Some(Flaw::SignsUnpublished) => Rotation { ahead: Duration::ZERO, ..ROTATION },
            _ => ROTATION,
        };
        let sealing = SealingKeys::new(b"the newest key: 32 random bytes!").expect("32 bytes");
        let now = self.clock.now();
        let keys = StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, rotation, now).await.expect("keys");
        let first = keys.ring().signing(now).expect("a key signs");
        let ring = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring");
        ring.replace(vec![Arc::clone(&first)]).expect("a ring");
        let builder = Sessions::builder().shared_store(Arc::clone(&self.store) as Arc<dyn hallpass::Store>);
        let builder = builder.clock(self.clock.clone()).access_tokens(jwt(&ring), LIFETIME);
        let sessions = builder.build().expect("all parts");
        let ever = Mutex::new(vec![first]);
        Node { flaw: self.flaw, keys, ring, ever, sessions, clock: self.clock.clone() }
    }

    /// Lets time pass in steps in which the nodes keep up, and tells those who look.
    async fn pass(&self, length: Duration, nodes: &[&Node]) {
        for _ in 0..length.as_secs() {
            self.clock.advance(Duration::from_secs(1));
            for node in nodes {
                node.keep_up().await;
            }
        }
    }
}

impl Node {
    async fn keep_up(&self) {
        if self.flaw == Some(Flaw::NeverRotates) {
            return;
        }
        self.keys.keep_up(self.clock.now()).await.expect("kept up");
        self.follow();
    }

    fn follow(&self) {
        let mut ever = self.ever.lock();
        let present = self.keys.ring().keys();
        let new: Vec<_> = present.iter().filter(|key| !ever.iter().any(|known| known.id() == key.id())).collect();
        ever.extend(new.into_iter().cloned());
        let keeps_all = matches!(self.flaw, Some(Flaw::NeverForgets | Flaw::KeepsWhatWasRemoved));
        let keys = if keeps_all { ever.clone() } else { present.to_vec() };
        self.ring.replace(keys).expect("a ring");
    }

    async fn token(&self) -> String {
        let issued = self.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
        issued.expect("created").access_token.expect("somebody signed in").token.expose().to_owned()
    }

    async fn accepts(&self, token: &str) -> bool {
        self.sessions.verify_access(token, None, &Caller::user()).await.is_ok()
    }

    fn signing(&self) -> KeyId {
        self.ring.signing(self.clock.now()).expect("a key signs").id().clone()
    }
}

fn jwt(ring: &KeyRing) -> Jwt {
    Jwt::access(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

async fn a_token_outlives_the_turn_of_its_key(flaw: Option<Flaw>) {
    let world = World::new(flaw);
    let nodes = [&world.node().await, &world.node().await];
    let first = nodes[0].signing();
    world.pass(Duration::from_secs(99), &nodes).await;
    assert_eq!(nodes[0].signing(), first);
    let last = nodes[0].token().await;
    for _ in 0..LIFETIME.as_secs() {
        world.pass(Duration::from_secs(1), &nodes).await;
        for node in nodes {
            assert!(node.accepts(&last).await);
        }
    }
    assert_ne!(nodes[0].signing(), first);
}

async fn who_read_the_published_keys_a_while_ago_knows_the_key_that_signs(flaw: Option<Flaw>) {
    let world = World::new(flaw);
    let node = world.node().await;
    for _ in 0..12 {
        let read = jwt(&KeyRing::from_jwks(node.ring.to_jwks().as_bytes()).expect("keys"));
        for _ in 0..MAX_AGE.as_secs() {
            world.pass(Duration::from_secs(1), &[&node]).await;
            let token = node.token().await;
            assert!(read.check(token.as_bytes(), world.clock.now()).is_ok());
        }
    }
}

async fn a_key_takes_its_turn_and_is_forgotten_after_it(flaw: Option<Flaw>) {
    let world = World::new(flaw);
    let node = world.node().await;
    let first = node.signing();
    world.pass(ROTATION.every, &[&node]).await;
    assert_ne!(node.signing(), first);
    world.pass(ROTATION.keep, &[&node]).await;
    assert!(!node.ring.contains(&first));
    assert!(!node.ring.to_jwks().contains(first.as_str()));
}

async fn all_nodes_have_the_same_keys(flaw: Option<Flaw>) {
    let world = World::new(flaw);
    let nodes = [&world.node().await, &world.node().await];
    for _ in 0..25 {
        for (here, there) in [(0, 1), (1, 0)] {
            let token = nodes[here].token().await;
            assert!(nodes[there].accepts(&token).await);
        }
        world.pass(Duration::from_secs(10), &nodes).await;
    }
}

async fn a_removed_key_is_gone_from_every_node(flaw: Option<Flaw>) {
    let world = World::new(flaw);
    let nodes = [&world.node().await, &world.node().await];
    let (stolen, token) = (nodes[0].signing(), nodes[0].token().await);
    nodes[0].keys.remove(&stolen, world.clock.now()).await.expect("removed").expect("it was there");
    world.pass(Duration::from_secs(1), &nodes).await;
    for node in nodes {
        assert!(!node.accepts(&token).await);
        assert!(!node.ring.contains(&stolen));
        assert!(node.accepts(&nodes[0].token().await).await, "and its successor is good everywhere");
    }
}
