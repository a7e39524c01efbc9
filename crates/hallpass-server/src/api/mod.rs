//! The calls of the API, one file for each kind.

mod answers;
mod authenticate;
mod create;
mod data;
mod filter;
mod input;
mod issued;
mod keys;
mod list;
mod logout;
mod own;
mod renew;
mod revoke;
mod routes;
mod show;
mod signing_keys;
mod sweep;
mod verify;
mod webhooks;

pub(crate) use self::filter::{Filter, take_page};
pub(crate) use self::revoke::effective_at;
pub(crate) use self::routes::{Served, routes};
