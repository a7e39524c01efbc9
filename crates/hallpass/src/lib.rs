#![doc = include_str!("guide/front.md")]

pub mod audit;
mod carried;
mod code;
mod crypto;
mod demand;
mod error;
mod event;
pub mod guide;
pub mod http;
mod id;
mod json;
#[cfg(any(feature = "jwt", feature = "sealed"))]
mod keys;
mod name;
mod policy;
mod record;
#[cfg(feature = "revocations")]
mod revocations;
mod session;
mod sessions;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod token;

pub use crate::carried::*;
pub use crate::demand::{AtLevel, Demand, Demands, Fresh, SignedIn};
pub use crate::error::{Error, Refusal};
pub use crate::event::*;
pub use crate::id::*;
pub use crate::json::{InvalidJson, JsonLimits};
#[cfg(any(feature = "jwt", feature = "sealed"))]
pub use crate::keys::*;
pub use crate::name::*;
pub use crate::policy::*;
pub use crate::record::*;
#[cfg(feature = "revocations")]
pub use crate::revocations::{RevocationCounts, Revocations};
pub use crate::session::{Attribute, Device, Flash, FormToken, Session, Tone};
#[cfg(feature = "watch")]
pub use crate::session::{Watch, WhileActive};
pub use crate::sessions::*;
pub use crate::store::*;
pub use crate::time::*;
pub use crate::token::*;

/// The examples of the README are compiled with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
