//! hallpass
mod crypto;
mod id;
mod time;
mod token;
pub use crate::id::*;
pub use crate::time::*;
pub use crate::token::*;
