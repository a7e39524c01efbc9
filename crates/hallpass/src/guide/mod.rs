//! The ideas, one page each.
//!
//! To begin: [which pattern do I need](patterns), [what applications otherwise build themselves](application),
//! [requests from other sites](csrf), [web sockets and the like](streams), [`testing`], and
//! [from other libraries to this one](migrating).
//!
//! To understand: how tokens are [renewed](renewal), how sessions [end](ending), what happens when [requests
//! meet](concurrency), where each [number](defaults) comes from, where [records](stores) live, which [`tokens`] carry a
//! session, and which [`keys`] there are.

#[doc = include_str!("patterns.md")]
pub mod patterns {}

#[doc = include_str!("application.md")]
pub mod application {}

#[doc = include_str!("csrf.md")]
pub mod csrf {}

#[doc = include_str!("streams.md")]
pub mod streams {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("renewal.md")]
pub mod renewal {}

#[doc = include_str!("ending.md")]
pub mod ending {}

#[doc = include_str!("concurrency.md")]
pub mod concurrency {}

#[doc = include_str!("defaults.md")]
pub mod defaults {}

#[doc = include_str!("stores.md")]
pub mod stores {}

#[doc = include_str!("tokens.md")]
pub mod tokens {}

#[doc = include_str!("testing.md")]
pub mod testing {}
