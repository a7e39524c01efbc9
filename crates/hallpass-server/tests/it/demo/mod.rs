//! The demo web app: in process, and in a real browser.

mod browser;
mod ending;
mod keeping;
mod outage;
mod safety;
mod signing_in;
mod telling;
mod visitor;

use axum::Router;
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{MemoryStore, Policy, PolicyBuilder, Profile, Realm, Sessions, Store};

use self::visitor::Visitor;

/// The demo on a store that fails on demand, at a time that stands still until it is moved.
struct App {
    clock: ManualClock,
    store: FaultyStore<MemoryStore>,
    sessions: Sessions,
    router: Router,
}

impl App {
    fn new() -> Self {
        Self::on(FaultyStore::new(MemoryStore::new()), hallpass_server::demo::profiles())
    }

    /// The demo under another policy than its own.
    fn under(policy: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        let policy = policy(Policy::builder()).build().expect("a sound policy");
        let profile = Profile::new("demo").expect("a word");
        Self::on(FaultyStore::new(MemoryStore::new()), [(profile, policy)])
    }

    fn on(store: FaultyStore<MemoryStore>, profiles: impl IntoIterator<Item = (Profile, Policy)>) -> Self {
        let clock = ManualClock::new();
        let mut builder = Sessions::builder().store(store.clone()).clock(clock.clone());
        for (profile, policy) in profiles {
            builder = builder.profile(profile, policy);
        }
        let sessions = builder.build().expect("whole");
        let router = hallpass_server::demo::router(&sessions);
        let sessions = sessions.in_realm(Realm::new(hallpass_server::demo::REALM).expect("a word"));
        Self { clock, store, sessions, router }
    }

    /// A browser on this machine that was never here.
    fn visitor(&self) -> Visitor {
        Visitor::new(self.router.clone())
    }

    /// A browser in which somebody has just signed in.
    async fn signed_in(&self, person: &str) -> Visitor {
        let mut visitor = self.visitor();
        visitor.post("/demo/sign-in", &[("person", person)]).await.expect_redirect("/demo?said=signed-in");
        visitor
    }

    async fn sessions_kept(&self) -> usize {
        self.store.list(&hallpass::Query::default()).await.expect("the store is there").items.len()
    }
}
