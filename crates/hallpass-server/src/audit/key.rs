use std::collections::BTreeSet;
use std::path::PathBuf;

use hallpass::audit::{AuditKey, PublicAuditKey};
use zeroize::Zeroizing;

use crate::Config;

/// The key that signs an audit trail, and those whose signatures are believed; none where none are configured.
#[derive(Debug, Default)]
pub struct AuditKeys {
    signing: Option<AuditKey>,
    trusted: BTreeSet<PublicAuditKey>,
}

/// The error of a file that is to hold the key of an audit trail; says which, and what to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: this file cannot be used as key of the audit trail ({source}); make one with: openssl genpkey -algorithm ed25519 -out audit-key.pem",
    path.display()
)]
pub struct AuditKeyError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// What to do about a trail that nobody signs.
pub const UNSIGNED_ADVICE: &str =
    "whoever may write to the store can write another history; name a key with --audit-key-file or audit.key_file";

impl AuditKeys {
    /// Reads the key from `audit.key_file`, or derives it from the first of the `sealing_key_files`; keys of the older ones
    /// are believed.
    ///
    /// # Errors
    ///
    /// [`AuditKeyError`] if a file cannot be read, or has no key in it.
    pub fn open(config: &Config) -> Result<Self, AuditKeyError> {
        let mut keys = Self::default();
        if let Some(path) = &config.audit.key_file {
            let wrong = |source: Box<dyn std::error::Error + Send + Sync>| AuditKeyError { path: path.clone(), source };
            let pem = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| wrong(error.into()))?;
            keys.add(AuditKey::from_pem(&pem).map_err(|error| wrong(error.into()))?);
        }
        for path in &config.sealing_key_files.0 {
            let wrong = |source: Box<dyn std::error::Error + Send + Sync>| AuditKeyError { path: path.clone(), source };
            let secret = std::fs::read(path).map(Zeroizing::new).map_err(|error| wrong(error.into()))?;
            keys.add(AuditKey::derived(&secret).map_err(|error| wrong(error.into()))?);
        }
        Ok(keys)
    }

    /// The first that is added signs.
    fn add(&mut self, key: AuditKey) {
        self.trusted.insert(key.public());
        self.signing.get_or_insert(key);
    }

    /// Returns what signs.
    pub fn signing(&self) -> Option<&AuditKey> {
        self.signing.as_ref()
    }

    /// Returns whose signatures are believed; nothing if there is no key.
    pub fn trusted(&self) -> Option<BTreeSet<PublicAuditKey>> {
        (!self.trusted.is_empty()).then(|| self.trusted.clone())
    }
}
