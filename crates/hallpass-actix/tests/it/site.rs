//! A running server with the application, and everything that a test wants to move or look at.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::{FaultyStore, ManualClock, RecordingObserver};
use hallpass::{MemoryStore, Policy, Sessions, SessionsBuilder, Store};

use crate::app::Slow;
use crate::browser::Browser;
use crate::{on_actix, on_axum};

/// What the application is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

impl Framework {
    pub(crate) const BOTH: [Self; 2] = [Self::Axum, Self::Actix];
}

pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) sessions: Sessions,
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    pub(crate) clock: ManualClock,
    pub(crate) observer: RecordingObserver,
    pub(crate) slow: Arc<Slow>,
    _server: Box<dyn Running>,
}

trait Running: Send {}
impl<T: Send> Running for T {}

impl Site {
    pub(crate) async fn new(framework: Framework) -> Self {
        Self::with(framework, |builder| builder).await
    }

    pub(crate) async fn with_policy(framework: Framework, policy: Policy) -> Self {
        Self::with(framework, |builder| builder.policy(policy)).await
    }

    pub(crate) async fn with(framework: Framework, adjust: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        Self::start(framework, store, ManualClock::new(), adjust).await
    }

    /// Returns another process over the same store, made with another framework perhaps.
    pub(crate) async fn beside(&self, framework: Framework) -> Self {
        self.beside_at(framework, self.clock.clone()).await
    }

    /// Returns another process over the same store whose clock shows something else.
    pub(crate) async fn beside_at(&self, framework: Framework, clock: ManualClock) -> Self {
        Self::start(framework, Arc::clone(&self.store), clock, |builder| builder).await
    }

    async fn start(
        framework: Framework,
        store: Arc<FaultyStore<MemoryStore>>,
        clock: ManualClock,
        adjust: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
    ) -> Self {
        let observer = RecordingObserver::new();
        let builder = Sessions::builder()
            .shared_store(Arc::clone(&store) as Arc<dyn Store>)
            .clock(clock.clone())
            .observer(observer.clone());
        let sessions = adjust(builder).build().expect("the parts fit");
        let slow = Arc::new(Slow::default());
        let (base, server): (String, Box<dyn Running>) = match framework {
            Framework::Axum => {
                let (base, server) = on_axum::serve(sessions.clone(), Arc::clone(&slow)).await;
                (base, Box::new(server))
            }
            Framework::Actix => {
                let (base, server) = on_actix::serve(sessions.clone(), Arc::clone(&slow));
                (base, Box::new(server))
            }
        };
        Self { base, sessions, store, clock, observer, slow, _server: server }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// Returns a browser in which `who` has signed in.
    pub(crate) async fn signed_in(&self, who: &str) -> Browser {
        let mut browser = self.browser();
        browser.post(&format!("/sign-in/{who}")).await.expect(200);
        browser
    }

    /// Starts a request that waits in its handler, and returns when it has its session.
    pub(crate) async fn begin(
        &self,
        browser: &Browser,
        path: &'static str,
    ) -> tokio::task::JoinHandle<crate::browser::Reply> {
        let (browser, cookie) = (browser.clone(), browser.cookie());
        let reply = tokio::spawn(async move { browser.send("POST", path, &[("cookie", &cookie)]).await });
        self.slow.entered.notified().await;
        reply
    }

    /// Lets the request go on that waits.
    pub(crate) fn go_on(&self) {
        self.slow.go_on.notify_one();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({})", self.base)
    }
}

/// Has each case checked on both frameworks.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod axum {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case($crate::site::Framework::Axum).await;
                }
            )+
        }
        mod actix {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case($crate::site::Framework::Actix).await;
                }
            )+
        }
    };
}

pub(crate) use on_both;
