//! Self-contained tokens: what makes them here, under which keys, and who keeps those up.

mod counted;
mod current;
mod keeper;
mod keys;
mod mint;
mod node_keys;
mod signing_keys;
mod unmade;

pub(crate) use self::keeper::Keeper;
pub use self::keys::TokenKeyError;
pub(crate) use self::mint::{Mint, Parts};
pub use self::signing_keys::{RemovedSigningKey, SigningKeyError, SigningKeyInfo, SigningKeys};
