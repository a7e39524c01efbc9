//! hallpass
mod code;
mod crypto;
mod event;
mod id;
mod name;
mod policy;
mod record;
mod time;
mod token;
pub use crate::event::*;
pub use crate::id::*;
pub use crate::name::*;
pub use crate::policy::*;
pub use crate::record::*;
pub use crate::time::*;
pub use crate::token::*;
mod store;
pub use crate::store::*;
