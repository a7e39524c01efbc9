//! Following a store's feed of changes, and knowing whether it is whole.

mod heart;
mod pulse;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep};

use self::heart::Heart;
pub(crate) use self::pulse::Pulse;
use super::{Change, ChangeStream, Store, StoreError};
use crate::id::SessionId;
use crate::name::Realm;
use crate::time::{Clock, SystemClock};

/// How long to wait before the feed is listened to again.
const REST: Duration = Duration::from_millis(100);
/// For how long the feed does not prove itself before somebody is told, and again each time it has been so long.
const SILENT: Duration = Duration::from_secs(10);

/// Who remembers something of what a store holds, and is to hear when it changes.
#[async_trait]
pub(crate) trait Follower: Send + Sync + 'static {
    /// What is followed.
    fn store(&self) -> &dyn Store;

    /// Until when the feed was whole.
    fn pulse(&self) -> &Pulse;

    /// From now on changes are heard of: what is remembered from before may be stale.
    async fn begin(&self) -> Result<(), StoreError>;

    /// A record changed. What is heard later counts as heard only when this is done.
    async fn hear(&self, realm: &Realm, id: &SessionId) -> Result<(), StoreError>;

    /// Something may have been missed.
    fn lose(&self);
}

/// Hears what changes, and proves that it does, for as long as there is a feed.
pub(crate) async fn follow(follower: Arc<impl Follower>) {
    let mut heart = None;
    let mut silent_since = None;
    loop {
        // Subscribed first: what changes while the heart starts is heard of.
        if let Some(changes) = follower.store().changes() {
            match follower.begin().await {
                Ok(()) => tokio::select! {
                    () = listen(&*follower, changes) => {}
                    () = beat(&*follower, &mut heart, &mut silent_since) => {}
                },
                Err(error) => tracing::debug!(%error, "what was missed cannot be read"),
            }
        }
        // In this order: what is remembered in between is lost too.
        follower.pulse().lose();
        follower.lose();
        let since = *silent_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= SILENT {
            tracing::warn!("the store's feed of changes does not prove itself: the store is asked instead");
            silent_since = Some(Instant::now());
        }
        sleep(REST).await;
    }
}

/// Listens until something may have been missed.
async fn listen(follower: &impl Follower, mut changes: ChangeStream) {
    while let Some(change) = changes.next().await {
        match change {
            Change::Session { realm, id } => {
                if let Err(error) = follower.hear(&realm, &id).await {
                    return tracing::debug!(%error, "a change cannot be read");
                }
                follower.pulse().hear(&id);
            }
            // Every feed begins with one, and then nothing was missed that `begin` has not read.
            Change::Hole => {
                follower.pulse().lose();
                follower.lose();
                if let Err(error) = follower.begin().await {
                    return tracing::debug!(%error, "what was missed cannot be read");
                }
            }
        }
    }
}

/// Writes heartbeats until one does not come back: the store is away, its feed is silent, or the heart's records were
/// swept away, and then the next heart is a new one.
async fn beat(follower: &impl Follower, heart: &mut Option<Heart>, silent_since: &mut Option<Instant>) {
    let clock = SystemClock::new();
    loop {
        let living = match heart {
            Some(heart) => heart,
            None => match Heart::start(follower.store(), clock.now()).await {
                Ok(started) => heart.insert(started),
                Err(error) => return tracing::debug!(%error, "no heartbeat can be written"),
            },
        };
        let beat = follower.pulse().begin(living.next());
        if !beat.comes_back(living.beat(follower.store(), clock.now())).await {
            if living.is_dead() {
                *heart = None;
            }
            return tracing::debug!("a heartbeat did not come back");
        }
        *silent_since = None;
        beat.rest().await;
    }
}
