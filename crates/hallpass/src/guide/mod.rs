//! The ideas, one page each: how tokens are renewed, how sessions end, what happens when requests meet, where each number
//! comes from, where records live, which tokens carry a session, and how to test an application that uses sessions.

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
