use std::fmt;

use zeroize::Zeroizing;

/// An API key as its holder has it: `hpk_` and random text. Only its hash is stored.
#[derive(Clone)]
pub struct ApiKeySecret(Zeroizing<String>);

impl ApiKeySecret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text of the key.
    ///
    /// # Security
    ///
    /// Show it once to whoever is to hold it, and write it nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Tells whether text could be a key at all, so that nothing else is hashed: `hpk_` and 32 to 128 letters, digits, `-` or
/// `_`.
pub(crate) fn is_key_shaped(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let random = text.strip_prefix("hpk_").filter(|random| (32..=128).contains(&random.len()));
    random.is_some_and(|random| random.bytes().all(is_word))
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(..)")
    }
}
