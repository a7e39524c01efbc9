//! The keys that self-contained tokens are signed or sealed with.

mod jwks;
mod key;
mod ring;

pub use self::jwks::InvalidJwks;
pub(crate) use self::key::Material;
#[cfg(feature = "jwt")]
pub(crate) use self::key::KeyMark;
pub use self::key::{InvalidKey, InvalidKeyAlgorithm, Key, KeyAlgorithm, KeyId};
pub use self::ring::{InvalidKeyRing, KeyRing};
