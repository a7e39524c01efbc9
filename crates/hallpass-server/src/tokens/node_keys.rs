use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallpass::{KeyRing, StoreError, StoredKey, Timestamp};
use tokio::sync::Mutex;

use super::keys::TokenKeys;

/// The keys of tokens as this node has them: read again and again, and not believed for long.
///
/// A key that was removed is refused by every node within [`NodeKeys::BOUND`]: a node that could not read them for so long
/// reads them first, and answers neither yes nor no if it cannot. Nothing here compares the clocks of two machines.
#[derive(Debug)]
pub(crate) struct NodeKeys {
    keys: TokenKeys,
    began: Instant,
    /// When the last reading of them began that was answered, in milliseconds since this began.
    read_at: AtomicU64,
    /// How the last look ended that a token caused, and when it began.
    looked: Mutex<Option<(Instant, bool)>>,
}

impl NodeKeys {
    /// For how long the keys are believed that were read.
    pub(crate) const BOUND: Duration = Duration::from_secs(4);
    /// However many tokens name keys that are not known, the keys are looked at no more often than this (`JWT-5`).
    const PAUSE: Duration = Duration::from_millis(250);

    /// Holds keys that were read since `began`.
    pub(super) fn new(keys: TokenKeys, began: Instant) -> Self {
        Self { keys, began, read_at: AtomicU64::new(0), looked: Mutex::default() }
    }

    pub(crate) fn keys(&self) -> &TokenKeys {
        &self.keys
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        self.keys.ring()
    }

    /// Tells whether whatever was done to the keys longer ago than this is known.
    pub(super) fn are_known_since(&self, age: Duration) -> bool {
        match &self.keys {
            TokenKeys::Given(_) => true,
            TokenKeys::Stored(_) => {
                let read_at = self.began + Duration::from_millis(self.read_at.load(Ordering::Acquire));
                read_at.elapsed() < age
            }
        }
    }

    /// Does what is due with the keys: takes over what other nodes changed, and makes and forgets some. Returns the key that
    /// was made.
    pub(super) async fn keep_up(&self, now: Timestamp) -> Result<Option<StoredKey>, StoreError> {
        let TokenKeys::Stored(keys) = &self.keys else { return Ok(None) };
        let began = Instant::now();
        let made = keys.keep_up(now).await?;
        self.have_read(began);
        Ok(made)
    }

    /// Takes over the keys of other nodes, unless that was done since this was asked: after an emergency, a key signs before
    /// every node knows it.
    pub(super) async fn look_again(&self, now: Timestamp) -> Result<(), StoreError> {
        let TokenKeys::Stored(keys) = &self.keys else { return Ok(()) };
        let asked_at = Instant::now();
        let mut looked = self.looked.lock().await;
        if let Some((last, was_answered)) = *looked {
            if last >= asked_at {
                let why = "the keys of tokens cannot be read";
                return if was_answered { Ok(()) } else { Err(StoreError::unavailable(why)) };
            }
            tokio::time::sleep(Self::PAUSE.saturating_sub(last.elapsed())).await;
        }
        let began = Instant::now();
        // If nobody waits for it any more, the next one looks.
        let answer = keys.refresh(now).await;
        *looked = Some((began, answer.is_ok()));
        if answer.is_ok() {
            self.have_read(began);
        }
        answer
    }

    fn have_read(&self, began: Instant) {
        let at = u64::try_from(began.duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.read_at.fetch_max(at, Ordering::AcqRel);
    }
}
