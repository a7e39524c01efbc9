use async_trait::async_trait;
use bytes::Bytes;
use hallpass::{MemorySettings, Outcome, Settings, StoreError};

use super::registry::{FIRST, setting};

const WHY: &str = "it remembers no API keys: the only one is in HALLPASS_ADMIN_KEY of its services";

/// The settings of a store that remembers none. Nobody is told that there are none.
#[cfg(feature = "memcached")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoSettings;

#[cfg(feature = "memcached")]
#[async_trait]
impl Settings for NoSettings {
    async fn load(&self, _name: &str) -> Result<Option<Bytes>, StoreError> {
        Err(StoreError::unsupported(WHY))
    }

    async fn save(&self, _name: &str, _value: &[u8], _expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        Err(StoreError::unsupported(WHY))
    }

    async fn list(&self, _prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        Err(StoreError::unsupported(WHY))
    }

    async fn remove(&self, _name: &str, _expected: &[u8]) -> Result<Outcome, StoreError> {
        Err(StoreError::unsupported(WHY))
    }
}

/// The settings of a service on such a store: the key that its operator gave it, and no other.
#[derive(Debug, Default)]
pub(crate) struct GivenKey {
    held: MemorySettings,
}

#[async_trait]
impl Settings for GivenKey {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.held.load(name).await
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        if name != setting(FIRST) {
            return Err(StoreError::unsupported(WHY));
        }
        self.held.save(name, value, expected).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.held.list(prefix).await
    }

    async fn remove(&self, _name: &str, _expected: &[u8]) -> Result<Outcome, StoreError> {
        Err(StoreError::unsupported(WHY))
    }
}
