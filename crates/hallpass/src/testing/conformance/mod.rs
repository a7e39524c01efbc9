//! The conformance suite: what every [`Store`](crate::Store) must hold, each as a case with a name.
//!
//! A store is right when every case passes against its real server. What a case means is told in the lists
//! [`CASES`] and [`OUTAGE_CASES`]; what a method must hold is told at the method.
//!
//! # How to run it
//!
//! In the test binary of your store's crate, one line makes a test of each case:
//!
//! ```
//! mod my_store {
//!     use std::sync::Arc;
//!
//!     use hallpass::MemoryStore;
//!     use hallpass::testing::conformance_tests;
//!
//!     conformance_tests!(async || Arc::new(MemoryStore::new()));
//! }
//! # fn main() {}
//! ```
//!
//! What is given is an async function without arguments; each test calls it once, in a runtime of its own. It returns
//! a store, or [`Handles`], or nothing where the machine lacks what the store needs:
//!
//! ```
//! mod my_store {
//!     use std::sync::Arc;
//!
//!     use hallpass::testing::conformance::Handles;
//!     use hallpass::testing::{conformance_tests, require};
//!     # use hallpass::{MemoryStore as MyStore, StoreError};
//!     # async fn connect(url: &str) -> Arc<MyStore> { Arc::new(MyStore::new()) }
//!
//!     async fn handles() -> Option<Handles> {
//!         let url = require(std::env::var("MY_STORE_URL").map_err(|_| "MY_STORE_URL is not set"))?;
//!         Some(Handles::two(connect(&url).await, connect(&url).await))
//!     }
//!
//!     conformance_tests!(handles);
//! }
//! # fn main() {}
//! ```
//!
//! [`outage_tests!`](crate::testing::outage_tests) does the same for [`OUTAGE_CASES`], which take the store away and need
//! [`Handles::with_outage`]. [`run`] runs everything in one test, and [`Case::check`] one case for a runner of your
//! own.
//!
//! A home of [`Settings`](crate::Settings) has a check of its own, [`check_settings`], and one of the audit trail
//! [`check_trail`].
//!
//! # What a store needs for it
//!
//! - It need not be fresh or empty: every case has a random realm of its own, and asserts only about its own
//!   records. Cases may run at the same time. Only sweeps are of all realms: they are made far in the past, one at a
//!   time within a process, so that two processes should not test one store at the same moment.
//! - What [`Store::capabilities`](crate::Store::capabilities) denies is not asked for, but must be refused as
//!   unsupported.
//! - A store that several processes can share is given as two handles. Then the races go through both, and what one
//!   writes the other must see at once, and its [copies](crate::Store::copy) within 5 seconds.
//! - A store whose server removes expired records by itself says so: [`Handles::expiring_by_itself`]. Only the sweep
//!   cases keep records that expired more than an hour ago.
//! - The number of calls is made for servers that answer in milliseconds; a case that takes two minutes has failed.

mod bench;
mod cancel;
mod case;
mod cases;
mod copy;
mod epoch;
mod event;
mod feed;
mod fields;
mod filter;
mod handles;
mod outage;
mod page;
mod race;
mod realm;
mod sample;
mod save;
mod settings;
mod subject;
mod suite;
mod sweep;
mod touch;
mod trail;

pub use self::case::{Case, Failure};
pub use self::cases::{CASES, OUTAGE_CASES};
pub use self::handles::{Handles, IntoHandles};
pub use self::settings::check_settings;
pub use self::suite::{check, run};
pub use self::trail::check_trail;
