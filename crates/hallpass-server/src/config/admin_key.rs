use std::collections::BTreeSet;
use std::fmt;

use zeroize::Zeroizing;

use crate::keys::is_key_shaped;

/// The first admin key of an empty store, as an operator chose it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminKey(Zeroizing<String>);

/// The error of choosing an admin key that could be guessed, or that no client could send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an admin key is `hpk_` and 32 to 128 random letters, digits, `-` or `_`; \
     make one with: echo hpk_$(openssl rand -hex 32)"
)]
pub struct InvalidAdminKey;

impl AdminKey {
    /// Returns the key with this text.
    ///
    /// # Errors
    ///
    /// [`InvalidAdminKey`] unless it is `hpk_` and 32 to 128 letters, digits, `-` or `_`.
    ///
    /// # Security
    ///
    /// It is stored as a plain SHA-256, which is safe for random text of this length and for nothing shorter.
    pub fn new(text: &str) -> Result<Self, InvalidAdminKey> {
        let kinds = text.bytes().collect::<BTreeSet<_>>().len();
        if is_key_shaped(text) && kinds >= 12 {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(InvalidAdminKey)
        }
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_be_guessed_is_refused_and_none_is_shown() {
        let good = format!("hpk_{}", "0123456789abcdef".repeat(2));
        assert_eq!(format!("{:?}", AdminKey::new(&good)), "Ok(AdminKey(..))");
        for bad in
            ["", "secret", "hpk_short", &"a".repeat(64), &format!("hpk_{}", "a".repeat(64)), &format!("{good}\n")]
        {
            assert_eq!(AdminKey::new(bad), Err(InvalidAdminKey), "{bad}");
        }
    }
}
