//! API keys: who may call the service, and what they may do.

mod admins;
mod given;
mod key;
mod registry;
mod ring;
mod role;
mod secret;

pub(crate) use self::given::GivenKey;
#[cfg(feature = "memcached")]
pub(crate) use self::given::NoSettings;
pub use self::key::{ApiKeyInfo, InvalidKeyName, KeyName};
pub use self::registry::{ApiKeys, KeyError};
pub(crate) use self::ring::{KeyHolder, KeyRing};
pub(crate) use self::role::Right;
pub use self::role::{InvalidRole, Role};
pub use self::secret::ApiKeySecret;
pub(crate) use self::secret::is_key_shaped;
