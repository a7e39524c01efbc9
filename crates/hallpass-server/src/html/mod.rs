//! What pages of the service have in common, whichever app they are of.

mod file;
mod harden;
mod loopback;
mod page;
mod span;

pub(crate) use self::file::{address, file, fingerprint};
pub(crate) use self::harden::harden;
pub(crate) use self::loopback::{authority, is_loopback};
pub(crate) use self::page::page;
pub(crate) use self::span::{ago, span};
