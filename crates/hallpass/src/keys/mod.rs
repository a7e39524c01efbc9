//! The keys that self-contained tokens are signed or sealed with.

mod jwks;
mod key;
mod ring;

pub use self::jwks::InvalidJwks;
#[cfg(feature = "jwt")]
pub(crate) use self::key::KeyMark;
pub(crate) use self::key::Material;
pub use self::key::{InvalidKey, InvalidKeyAlgorithm, Key, KeyAlgorithm, KeyId};
pub use self::ring::{InvalidKeyRing, KeyRing};
