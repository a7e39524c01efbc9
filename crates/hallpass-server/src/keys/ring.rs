use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use hallpass::{Actor, Sessions, StoreError};
use tokio::sync::Mutex;

use super::key::{KeyHash, StoredKey};
use super::{ApiKeyInfo, ApiKeys};
use crate::metrics::{Cache, Metrics};

/// The keys of the store as this process knows them: asked in memory, and never older than a second.
///
/// A key that is made or revoked here counts at once; one that is made or revoked elsewhere within
/// [`KeyRing::OLDEST`]. However many requests show whatever keys, the store is asked twice a second at the most.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: ApiKeys,
    sessions: Sessions,
    metrics: Arc<Metrics>,
    known: ArcSwapOption<Known>,
    reading: Mutex<()>,
}

struct Known {
    read_at: Instant,
    by_bucket: HashMap<u64, Vec<Arc<KeyHolder>>>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("keys", &self.by_bucket.len()).finish_non_exhaustive()
    }
}

/// Who shows a key, and the sessions that it is for.
#[derive(Debug)]
pub(crate) struct KeyHolder {
    pub(crate) info: ApiKeyInfo,
    pub(crate) hash: KeyHash,
    pub(crate) sessions: Sessions,
}

impl KeyHolder {
    /// Returns what events say of who calls.
    pub(crate) fn actor(&self) -> Actor {
        self.info.actor()
    }
}

impl KeyRing {
    /// How old what is known of keys may be.
    pub(crate) const OLDEST: Duration = Duration::from_secs(1);
    /// When it is read again, while what is known is still good.
    const READ_AFTER: Duration = Duration::from_millis(500);

    pub(crate) fn new(keys: ApiKeys, sessions: Sessions, metrics: Arc<Metrics>) -> Self {
        Self { keys, sessions, metrics, known: ArcSwapOption::empty(), reading: Mutex::new(()) }
    }

    /// Returns who holds a key, or nobody.
    pub(crate) async fn holder(self: &Arc<Self>, key: &str) -> Result<Option<Arc<KeyHolder>>, StoreError> {
        let known = self.known().await?;
        let hash = KeyHash::of(key);
        let holders = known.by_bucket.get(&hash.bucket()).map(Vec::as_slice).unwrap_or_default();
        Ok(holders.iter().find(|holder| holder.hash.matches(&hash)).map(Arc::clone))
    }

    /// Tells whether a key that was shown once is still good.
    pub(crate) async fn knows(self: &Arc<Self>, holder: &KeyHolder) -> Result<bool, StoreError> {
        let known = self.known().await?;
        let holders = known.by_bucket.get(&holder.hash.bucket()).map(Vec::as_slice).unwrap_or_default();
        Ok(holders.iter().any(|known| known.hash.matches(&holder.hash)))
    }

    /// Returns who holds the key of this name, for those who showed the key itself before.
    pub(crate) async fn named(self: &Arc<Self>, id: &str) -> Result<Option<Arc<KeyHolder>>, StoreError> {
        let known = self.known().await?;
        Ok(known.by_bucket.values().flatten().find(|holder| holder.info.id == id).map(Arc::clone))
    }

    /// Has the next request see what was just changed here, also if the keys are being read this moment.
    pub(crate) async fn forget(&self) {
        let _reading = self.reading.lock().await;
        self.known.store(None);
    }

    async fn known(self: &Arc<Self>) -> Result<Arc<Known>, StoreError> {
        let Some(known) = self.known.load_full().filter(|known| known.read_at.elapsed() < Self::OLDEST) else {
            self.metrics.looked_up_key(Cache::Miss);
            return self.read().await;
        };
        self.metrics.looked_up_key(Cache::Hit);
        if known.read_at.elapsed() >= Self::READ_AFTER {
            self.read_ahead();
        }
        Ok(known)
    }

    /// Reads the keys while requests go on with what is known.
    fn read_ahead(self: &Arc<Self>) {
        if self.reading.try_lock().is_err() {
            return;
        }
        let ring = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = ring.read().await {
                tracing::warn!(error = %error, "the API keys could not be read");
            }
        });
    }

    /// Reads the keys, unless somebody else has done so while this waited.
    async fn read(&self) -> Result<Arc<Known>, StoreError> {
        let _reading = self.reading.lock().await;
        if let Some(known) = self.known.load_full().filter(|known| known.read_at.elapsed() < Self::READ_AFTER) {
            return Ok(known);
        }
        let read_at = Instant::now();
        let keys = self.keys.load().await?;
        let mut by_bucket: HashMap<_, Vec<_>> = HashMap::with_capacity(keys.len());
        for StoredKey { info, hash } in keys {
            let sessions = self.sessions.in_realm(info.realm.clone());
            by_bucket.entry(hash.bucket()).or_default().push(Arc::new(KeyHolder { info, hash, sessions }));
        }
        let known = Arc::new(Known { read_at, by_bucket });
        self.known.store(Some(Arc::clone(&known)));
        Ok(known)
    }
}
