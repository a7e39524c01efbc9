use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::RwLock;

use super::{Outcome, StoreError};

/// Where the few things live that are not sessions: API keys, signing keys, revocation cursors.
///
/// It is small on purpose: names and bytes, with a compare-and-set, so that SQL, Redis or a file can be its home.
/// A name is 1 to 128 bytes of text, in parts with slashes such as `api-key/shop`; a value is at most 64 KiB.
///
/// # Security
///
/// What must stay secret is kept here as a hash, or sealed, never as it is: whoever can read the store reads this.
///
/// Implementers: `<dyn Settings>::check` refuses what is out of these bounds, and
/// `hallpass::testing::conformance::check_settings` checks all that must hold.
#[async_trait]
pub trait Settings: fmt::Debug + Send + Sync + 'static {
    /// Returns the value of this name, if it has one.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`] if its home cannot be asked.
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError>;

    /// Writes `value` if the present one is `expected`; nothing means that the name must have none.
    ///
    /// Must hold: comparison and write are one atomic step.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unsupported`] if name or value is out of its bounds; [`StoreError::is_unavailable`] if the outcome is
    /// not known or nothing could be written.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the write happens whole or not at all.
    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError>;

    /// Returns the names that begin with `prefix` and their values, sorted by the bytes of the name.
    ///
    /// # Errors
    ///
    /// As [`load`](Settings::load).
    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError>;

    /// Removes the name if its present value is `expected`.
    ///
    /// # Errors
    ///
    /// As [`save`](Settings::save).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the write happens whole or not at all.
    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError>;
}

impl dyn Settings {
    /// How many bytes a name has at the most.
    pub const LONGEST_NAME: usize = 128;
    /// How many bytes a value has at the most: 64 KiB.
    pub const LONGEST_VALUE: usize = 64 * 1024;

    /// Checks that a setting is within its bounds, for a home that is about to write it.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unsupported`] if it is not.
    pub fn check(name: &str, value: &[u8]) -> Result<(), StoreError> {
        if name.is_empty() || name.len() > Self::LONGEST_NAME {
            return Err(StoreError::unsupported("the name of a setting is 1 to 128 bytes"));
        }
        if value.len() > Self::LONGEST_VALUE {
            return Err(StoreError::unsupported("the value of a setting is at most 64 KiB"));
        }
        Ok(())
    }
}

/// Settings in this process's memory, gone when it ends.
///
/// ```
/// use hallpass::{MemorySettings, Outcome, Settings};
///
/// # async fn example() -> Result<(), hallpass::StoreError> {
/// let settings = MemorySettings::default();
/// assert_eq!(settings.save("api-key/shop", b"hash", None).await?, Outcome::Applied);
/// assert_eq!(settings.save("api-key/shop", b"other", None).await?, Outcome::Conflict);
/// assert_eq!(settings.load("api-key/shop").await?.as_deref(), Some(&b"hash"[..]));
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct MemorySettings {
    values: RwLock<BTreeMap<String, Bytes>>,
}

#[async_trait]
impl Settings for MemorySettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.values.read().get(name).cloned())
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        <dyn Settings>::check(name, value)?;
        let mut values = self.values.write();
        if values.get(name).map(|present| &**present) != expected {
            return Ok(Outcome::Conflict);
        }
        values.insert(name.to_owned(), Bytes::copy_from_slice(value));
        Ok(Outcome::Applied)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        let values = self.values.read();
        let found = values.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix));
        Ok(found.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        let mut values = self.values.write();
        if values.get(name).is_none_or(|present| present != expected) {
            return Ok(Outcome::Conflict);
        }
        values.remove(name);
        Ok(Outcome::Applied)
    }
}

/// Names only: a value may be worth guarding.
impl fmt::Debug for MemorySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.read().keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_setting_changes_only_from_what_was_expected() {
        let settings = MemorySettings::default();
        assert_eq!(settings.save("a/1", b"one", Some(b"zero")).await.expect("memory"), Outcome::Conflict);
        assert_eq!(settings.save("a/1", b"one", None).await.expect("memory"), Outcome::Applied);
        assert_eq!(settings.save("a/1", b"two", Some(b"one")).await.expect("memory"), Outcome::Applied);
        assert_eq!(settings.remove("a/1", b"one").await.expect("memory"), Outcome::Conflict);
        assert_eq!(settings.load("a/1").await.expect("memory"), Some(Bytes::from_static(b"two")));
        assert_eq!(settings.remove("a/1", b"two").await.expect("memory"), Outcome::Applied);
        assert_eq!(settings.remove("a/1", b"two").await.expect("memory"), Outcome::Conflict);
        assert_eq!(settings.load("a/1").await.expect("memory"), None);
    }

    #[tokio::test]
    async fn settings_are_listed_by_prefix_and_their_values_are_not_shown() {
        let settings = MemorySettings::default();
        for name in ["b", "a/2", "a/1", "a"] {
            let _ = settings.save(name, b"hidden", None).await.expect("memory");
        }
        let names: Vec<_> = settings.list("a/").await.expect("memory").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a/1", "a/2"]);
        assert_eq!(format!("{settings:?}"), r#"{"a", "a/1", "a/2", "b"}"#);
    }
}
