//! Homes of settings keep their contract, and the check of it finds those that do not.

use async_trait::async_trait;
use bytes::Bytes;
use hallpass::testing::conformance::check_settings;
use hallpass::{MemorySettings, Outcome, Settings, StoreError};

/// One thing that is wrong with a home of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    OverwritesWhatIsThere,
    CreatesWhereItShouldChange,
    RemovesWhatWasChanged,
    ForgetsTheOrder,
    IgnoresThePrefix,
    CutsLongValues,
    BreaksLongNames,
    TakesAnything,
}

#[derive(Debug)]
struct Broken {
    flaw: Flaw,
    home: MemorySettings,
    /// What is out of bounds, where nobody minds.
    beyond: parking_lot::Mutex<std::collections::HashMap<String, Bytes>>,
}

#[async_trait]
impl Settings for Broken {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let beyond = self.beyond.lock().get(name).cloned();
        Ok(self.home.load(name).await?.or(beyond))
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        let present = self.home.load(name).await?;
        let expected = match self.flaw {
            Flaw::OverwritesWhatIsThere => present.as_deref(),
            Flaw::CreatesWhereItShouldChange if present.is_none() => None,
            _ => expected,
        };
        let value = if self.flaw == Flaw::CutsLongValues { &value[..value.len().min(65_535)] } else { value };
        let name = if self.flaw == Flaw::BreaksLongNames && name.len() > 100 { &name[..50] } else { name };
        match self.home.save(name, value, expected).await {
            Err(_) if self.flaw == Flaw::TakesAnything => {
                self.beyond.lock().insert(name.to_owned(), Bytes::copy_from_slice(value));
                Ok(Outcome::Applied)
            }
            result => result,
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        let mut found = self.home.list(if self.flaw == Flaw::IgnoresThePrefix { "" } else { prefix }).await?;
        if self.flaw == Flaw::ForgetsTheOrder {
            found.reverse();
        }
        Ok(found)
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        let present = self.home.load(name).await?;
        match present {
            Some(present) if self.flaw == Flaw::RemovesWhatWasChanged => self.home.remove(name, &present).await,
            _ => self.home.remove(name, expected).await,
        }
    }
}

#[tokio::test]
async fn the_settings_in_memory_keep_their_contract() {
    check_settings(&MemorySettings::default()).await;
}

#[tokio::test]
async fn each_broken_home_of_settings_is_found() {
    for flaw in [
        Flaw::OverwritesWhatIsThere,
        Flaw::CreatesWhereItShouldChange,
        Flaw::RemovesWhatWasChanged,
        Flaw::ForgetsTheOrder,
        Flaw::IgnoresThePrefix,
        Flaw::CutsLongValues,
        Flaw::BreaksLongNames,
        Flaw::TakesAnything,
    ] {
        let broken = Broken { flaw, home: MemorySettings::default(), beyond: parking_lot::Mutex::default() };
        let check = tokio::spawn(async move { check_settings(&broken).await });
        assert!(check.await.is_err(), "{flaw:?} is not found");
    }
}
