use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::watch::{Receiver, Sender};
use tokio::time::sleep;

use crate::id::SessionId;
use crate::store::{Change, ChangeStream, Store};

/// Tells those who watch sessions when the store's feed says that theirs changed: one feed for all of them.
#[derive(Default)]
pub(crate) struct Watches(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    by_session: HashMap<SessionId, Sender<()>>,
    is_following: bool,
}

/// How long to wait before the feed is listened to again.
const REST: Duration = Duration::from_millis(500);
/// How often the feed is left if nobody watches any more.
const IDLE: Duration = Duration::from_secs(10);

impl Watches {
    /// Returns who hears of changes of a session from now on; nothing where the store does not tell of any.
    pub(crate) fn hear(self: &Arc<Self>, store: &Arc<dyn Store>, id: SessionId) -> Option<News> {
        if !store.capabilities().changes {
            return None;
        }
        let mut watched = self.0.lock();
        if !std::mem::replace(&mut watched.is_following, true) {
            // Subscribed before anybody looks: what changes from then on is heard of.
            let changes = store.changes();
            tokio::spawn(follow(Arc::downgrade(self), Arc::clone(store), changes));
        }
        let sender = watched.by_session.entry(id).or_insert_with(|| Sender::new(()));
        Some(News { id, changed: Some(sender.subscribe()), watches: Arc::clone(self) })
    }

    fn tell(&self, id: &SessionId) {
        if let Some(sender) = self.0.lock().by_session.get(id) {
            sender.send_replace(());
        }
    }

    fn tell_all(&self) {
        for sender in self.0.lock().by_session.values() {
            sender.send_replace(());
        }
    }

    /// Leaves the feed if nobody watches; answers whether it did.
    fn leave(&self) -> bool {
        let mut watched = self.0.lock();
        watched.is_following = !watched.by_session.is_empty();
        !watched.is_following
    }
}

/// Hears of changes of one session.
pub(crate) struct News {
    id: SessionId,
    changed: Option<Receiver<()>>,
    watches: Arc<Watches>,
}

impl News {
    /// Returns once the session changed, or may have.
    pub(crate) async fn changed(&mut self) {
        match &mut self.changed {
            Some(changed) => match changed.changed().await {
                Ok(()) => {}
                Err(_) => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.changed = None;
        let by_session = &mut self.watches.0.lock().by_session;
        if by_session.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            by_session.remove(&self.id);
        }
    }
}

/// Hears what changes for as long as somebody watches.
async fn follow(watches: Weak<Watches>, store: Arc<dyn Store>, mut changes: Option<ChangeStream>) {
    loop {
        while let Some(feed) = &mut changes {
            let change = tokio::select! {
                change = feed.next() => change,
                () = sleep(IDLE) => match watches.upgrade() {
                    Some(watches) if !watches.leave() => continue,
                    _ => return,
                },
            };
            let Some(watches) = watches.upgrade() else { return };
            match change {
                Some(Change::Session { id, .. }) => watches.tell(&id),
                Some(Change::Hole) => watches.tell_all(),
                None => changes = None,
            }
        }
        sleep(REST).await;
        let Some(watches) = watches.upgrade().filter(|watches| !watches.leave()) else { return };
        changes = store.changes();
        watches.tell_all();
    }
}
