use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Key, KeyId};
use crate::time::Timestamp;

/// Several keys: the newest whose time has come signs, and all verify.
///
/// Clones are one ring: when it is [replaced](KeyRing::replace), every holder has the new keys. To change a key without
/// refusing anybody, add the next one that [signs later](Key::signing_from) everywhere, and take the old one away when
/// the last token under it is over.
///
/// ```
/// # #[cfg(feature = "jwt")] {
/// use hallpass::{Key, KeyAlgorithm, KeyRing, Timestamp};
///
/// let old = Key::generate(KeyAlgorithm::EdDsa)?;
/// let next = Key::generate(KeyAlgorithm::EdDsa)?.signing_from(Timestamp::from_millis(60_000));
/// let (old_id, next_id) = (old.id().clone(), next.id().clone());
/// let ring = KeyRing::new([old, next])?;
///
/// assert_eq!(ring.signing(Timestamp::from_millis(59_999)).map(|key| key.id().clone()), Some(old_id));
/// assert_eq!(ring.signing(Timestamp::from_millis(60_000)).map(|key| key.id().clone()), Some(next_id));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<RwLock<Arc<[Arc<Key>]>>>);

/// The error of making a ring of keys that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidKeyRing(&'static str);

impl KeyRing {
    /// The most keys that a ring has.
    pub const MOST: usize = 64;

    /// Returns the ring of these keys: 1 to 64.
    ///
    /// # Errors
    ///
    /// [`InvalidKeyRing`] if there is none, or more than 64; if two have one name; or if they are of several kinds: a
    /// ring signs by secrets, or by key pairs, or seals, and never two of these, since a public key would then pass for
    /// a secret (`JWT-3`).
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, InvalidKeyRing> {
        let keys = keys.into_iter().map(Arc::new).collect();
        Ok(Self(Arc::new(RwLock::new(sorted(keys)?))))
    }

    /// Puts other keys in the place of the present ones, for everybody who holds this ring.
    ///
    /// # Errors
    ///
    /// As [`KeyRing::new`]; the present ones then stay.
    pub fn replace(&self, keys: Vec<Arc<Key>>) -> Result<(), InvalidKeyRing> {
        let keys = sorted(keys)?;
        *self.0.write() = keys;
        Ok(())
    }

    /// Returns the keys as they are now, in the order in which they begin to sign.
    pub fn keys(&self) -> Arc<[Arc<Key>]> {
        Arc::clone(&self.0.read())
    }

    /// Returns the key that signs at this time: the last whose time has come.
    pub fn signing(&self, now: Timestamp) -> Option<Arc<Key>> {
        let keys = self.0.read();
        keys.iter().rev().find(|key| key.signs_from() <= now && key.can_sign()).cloned()
    }

    /// Returns the key of this name.
    pub fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.0.read().iter().find(|key| key.id().as_str() == id).cloned()
    }

    /// Tells whether this very key is one of them, and not another of its name.
    #[cfg(feature = "jwt")]
    pub(crate) fn holds(&self, key: super::KeyMark) -> bool {
        self.0.read().iter().any(|one| one.mark() == key)
    }

    /// Tells whether there is a key of this name.
    pub fn contains(&self, id: &KeyId) -> bool {
        self.0.read().iter().any(|key| key.id() == id)
    }
}

fn sorted(mut keys: Vec<Arc<Key>>) -> Result<Arc<[Arc<Key>]>, InvalidKeyRing> {
    if keys.is_empty() || keys.len() > KeyRing::MOST {
        return Err(InvalidKeyRing("a ring has 1 to 64 keys"));
    }
    keys.sort_by_key(|key| key.signs_from());
    let kind = |key: &Key| (key.algorithm().is_asymmetric(), key.algorithm() == super::KeyAlgorithm::Sealing);
    if keys.iter().any(|key| kind(key) != kind(&keys[0])) {
        return Err(InvalidKeyRing("a ring has secrets, or key pairs, or sealing keys, and never two of these"));
    }
    if keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| other.id() == key.id())) {
        return Err(InvalidKeyRing("two keys of a ring have one name"));
    }
    Ok(keys.into())
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().iter()).finish()
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests {
    use super::super::KeyAlgorithm;
    use super::*;

    fn key(algorithm: KeyAlgorithm, signs_from: u64) -> Key {
        Key::generate(algorithm).expect("the system makes keys").signing_from(Timestamp::from_millis(signs_from))
    }

    #[test]
    fn jwt_3_secrets_and_key_pairs_are_never_in_one_ring() {
        let mixed = |one, other| KeyRing::new([key(one, 0), key(other, 0)]);
        assert!(mixed(KeyAlgorithm::Hs256, KeyAlgorithm::EdDsa).is_err());
        assert!(mixed(KeyAlgorithm::Es256, KeyAlgorithm::Hs256).is_err());
        assert!(mixed(KeyAlgorithm::Es256, KeyAlgorithm::EdDsa).is_ok());
        assert!(KeyRing::new([]).is_err());
    }

    #[test]
    fn the_last_key_whose_time_has_come_signs_whatever_the_order() {
        let (first, second, third) =
            (key(KeyAlgorithm::EdDsa, 10), key(KeyAlgorithm::EdDsa, 20), key(KeyAlgorithm::EdDsa, 30));
        let names = [&first, &second, &third].map(|key| key.id().clone());
        let ring = KeyRing::new([third, first, second]).expect("three pairs");
        let signing = |at| ring.signing(Timestamp::from_millis(at)).map(|key| key.id().clone());
        assert_eq!(signing(9), None);
        assert_eq!(signing(10).as_ref(), Some(&names[0]));
        assert_eq!(signing(29).as_ref(), Some(&names[1]));
        assert_eq!(signing(31).as_ref(), Some(&names[2]));
    }

    #[test]
    fn whoever_holds_a_ring_has_the_keys_that_replace_the_old_ones() {
        let ring = KeyRing::new([key(KeyAlgorithm::EdDsa, 0)]).expect("a pair");
        let held = ring.clone();
        let next = Arc::new(key(KeyAlgorithm::EdDsa, 0));
        ring.replace(vec![Arc::clone(&next)]).expect("a pair");
        assert!(held.contains(next.id()));
        assert!(ring.replace(vec![]).is_err());
        assert!(held.contains(next.id()), "what is refused replaces nothing");
    }
}
