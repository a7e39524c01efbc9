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
            let following = Following { watches: Arc::downgrade(self), is_over: false };
            tokio::spawn(follow(following, Arc::clone(store), changes));
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
    /// Returns once the session changed, or may have; answers whether more will be heard.
    pub(crate) async fn changed(&mut self) -> bool {
        match &mut self.changed {
            Some(changed) => changed.changed().await.is_ok(),
            None => false,
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

/// Notices that whoever follows the feed is gone before it is over, as when the runtime of one of several workers ends:
/// those who watch then have to begin anew.
struct Following {
    watches: Weak<Watches>,
    is_over: bool,
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(watches) = self.watches.upgrade().filter(|_| !self.is_over) {
            *watches.0.lock() = Watched::default();
        }
    }
}

/// Hears what changes for as long as somebody watches.
async fn follow(mut following: Following, store: Arc<dyn Store>, changes: Option<ChangeStream>) {
    follow_feed(&following.watches, store, changes).await;
    following.is_over = true;
}

async fn follow_feed(watches: &Weak<Watches>, store: Arc<dyn Store>, mut changes: Option<ChangeStream>) {
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
