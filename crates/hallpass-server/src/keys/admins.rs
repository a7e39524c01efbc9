use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError};

/// The admin keys of the realm `default`, without one of which nobody could make another: named together in one
/// setting, so that of two that are revoked at once the second knows of the first.
pub(super) struct Admins<'a> {
    settings: &'a dyn Settings,
}

/// Not among the keys themselves, whose names begin with `api-key/`.
const NAME: &str = "api-key-admins";

impl<'a> Admins<'a> {
    pub(super) fn new(settings: &'a dyn Settings) -> Self {
        Self { settings }
    }

    /// Adds a key that was just made. Until then it does not count as one that others can do without.
    pub(super) async fn add(&self, id: &str) -> Result<(), StoreError> {
        loop {
            // Without the setting, whoever needs it first finds this key among the others.
            let Some(present) = self.settings.load(NAME).await? else { return Ok(()) };
            let mut named = read(&present)?;
            if named.iter().any(|other| other == id) {
                return Ok(());
            }
            named.push(id.to_owned());
            if self.save(&named, Some(&present)).await? == Outcome::Applied {
                return Ok(());
            }
        }
    }

    /// Takes a key out, if one of the others stays; answers whether it did. `living` are the keys that there are.
    pub(super) async fn take_out<F>(&self, id: &str, living: impl Fn() -> F) -> Result<bool, StoreError>
    where
        F: Future<Output = Result<Vec<String>, StoreError>>,
    {
        loop {
            let present = self.settings.load(NAME).await?;
            let mut left = living().await?;
            if let Some(present) = &present {
                let named = read(present)?;
                left.retain(|other| named.contains(other));
            }
            left.retain(|other| other != id);
            if left.is_empty() {
                return Ok(false);
            }
            if self.save(&left, present.as_ref()).await? == Outcome::Applied {
                return Ok(true);
            }
        }
    }

    async fn save(&self, named: &[String], present: Option<&Bytes>) -> Result<Outcome, StoreError> {
        let value = serde_json::to_vec(named).map_err(StoreError::corrupt)?;
        self.settings.save(NAME, &value, present.map(|present| &**present)).await
    }
}

fn read(value: &[u8]) -> Result<Vec<String>, StoreError> {
    serde_json::from_slice(value).map_err(StoreError::corrupt)
}
