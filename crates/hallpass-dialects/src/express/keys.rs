use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Express;
use crate::credential::Credential;
use crate::crypto;

impl Express {
    pub(super) fn key_of(&self, credential: &Credential) -> String {
        format!("{}{}", self.prefix, credential.danger_expose())
    }

    pub(super) fn credential_of(&self, key: &[u8]) -> Option<Credential> {
        let sid = key.strip_prefix(self.prefix.as_bytes())?;
        Credential::new(str::from_utf8(sid).ok()?)
    }
}

/// 24 random bytes, as uid-safe makes them.
pub(super) fn new_credential() -> Credential {
    Credential::new(URL_SAFE_NO_PAD.encode(crypto::random::<24>())).expect("32 characters")
}
