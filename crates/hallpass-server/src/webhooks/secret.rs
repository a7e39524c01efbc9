use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::config::Paths;

/// What messages are signed with.
pub(super) struct Secret(hmac::Key);

/// The error of a file that is to hold a secret for webhooks; says which, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: this file cannot be used as secret of a webhook ({reason}); make one with: echo whsec_$(openssl rand -base64 32)", path.display())]
pub struct WebhookSecretError {
    path: PathBuf,
    reason: String,
}

pub(super) fn secrets(files: &Paths) -> Result<Vec<Secret>, WebhookSecretError> {
    files.0.iter().map(|path| Secret::open(path)).collect()
}

impl Secret {
    fn open(path: &Path) -> Result<Self, WebhookSecretError> {
        let error = |reason: String| WebhookSecretError { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|cause| error(cause.to_string()))?;
        Self::parse(text.trim()).map_err(|rule| error(rule.to_owned()))
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix("whsec_").ok_or("it does not begin with whsec_")?;
        let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| "what follows whsec_ is not Base64")?;
        if !(24..=64).contains(&bytes.len()) {
            return Err("the secret is not 24 to 64 bytes");
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Returns the signature as it stands in its header.
    pub(super) fn sign(&self, content: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, content)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_specification_shows() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let content = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(secret.sign(content), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_none_is_printed() {
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_!"] {
            assert!(Secret::parse(bad).is_err(), "{bad:?}");
        }
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
