//! Self-contained tokens: what makes them here, under which keys, and who keeps those up.

mod counted;
mod keeper;
mod keys;
mod mint;
mod unmade;

pub(crate) use self::keeper::Keeper;
pub use self::keys::TokenKeyError;
pub(crate) use self::mint::{Mint, Parts};
