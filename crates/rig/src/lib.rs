//! What the tests need of the machine they run on, asked for in one way.
//!
//! A test that needs a program asks for it and ends early where it is missing:
//!
//! ```
//! # fn a_test() {
//! let Some(sh) = rig::program("sh") else { return };
//! assert!(sh.is_absolute());
//! # }
//! # a_test();
//! ```
//!
//! The missing program is then told by [`hallpass::testing::require`] as a line `SKIPPED: test: reason`, which `./test` counts.
//! With `HALLPASS_TEST_REQUIRE_ALL=1` the same test fails instead, so that CI never goes green on a machine that lacks something.

mod browser;
mod certificate;
mod daemon;
mod dynamodb;
mod frameworks;
mod gateways;
mod jose;
mod mariadb;
mod memcached;
mod oauth;
mod postgres;
mod program;
mod proxy;
mod redis;
mod redis_fleet;
mod schema;
mod scratch;
mod server;
mod signal;
mod sql_server;

pub use browser::{Browser, browser};
pub use certificate::{Certificate, certificate};
pub use dynamodb::{DynamoDb, dynamodb, lasting_dynamodb, shared_dynamodb};
pub use frameworks::{Frameworks, frameworks};
pub use gateways::{caddy, envoy};
pub use jose::{Jose, jose};
pub use mariadb::{MariaDb, MariaDbPrograms};
pub use memcached::{Memcached, memcached};
pub use oauth::{OauthClient, oauth_client};
pub use postgres::{Postgres, PostgresPrograms};
pub use program::program;
pub use proxy::Proxy;
pub use redis::{Redis, free_port, redis};
pub use redis_fleet::{RedisCluster, RedisSentinels, redis_cluster, redis_cluster_with, redis_sentinels};
pub use schema::{SchemaTester, schema_tester};
pub use scratch::scratch;
pub use server::{NotReady, Server};
pub use sql_server::{Programs, SqlServer};
