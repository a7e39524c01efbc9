//! How other frameworks keep their sessions, for [hallpass](https://docs.rs/hallpass): express-session, Django, Spring
//! Session and gorilla/sessions.
//!
//! ```
//! use hallpass_dialects::django::Django;
//! use hallpass_dialects::{Dialect, Secret, Stored};
//!
//! fn whose(dialect: &dyn Dialect, stored: &Stored) -> Option<String> {
//!     let session = dialect.read(stored).ok()?;
//!     dialect.user(&session).map(|user| user.id)
//! }
//!
//! let django = Django::db([Secret::new("django-insecure-open-vectors-key-0123456789abcdef")]);
//! let column = b"eyJ1c2VyIjoiYWxpY2UiLCJ2aWV3cyI6MX0:1vb66i:xGyves15LD6hK0b0xzqtZeB1veB7OhRCrBH7YvolD0g";
//! assert_eq!(whose(&django, &Stored::Bytes(column.to_vec())), None);
//! ```
//!
//! A [`Dialect`] reads and writes cookies, keys and values as its framework does, and says whose a session is, whether it
//! lives, and how long it is kept. It does no I/O, and is given the time: who fetches and stores is somebody else.
//!
//! # What is read, and what is written
//!
//! | framework | read | written |
//! | --- | --- | --- |
//! | [express-session](express) 1.17 to 1.19, connect-redis 7 to 10 | cookies, JSON | cookies, JSON |
//! | [Django](django) 4.2 to 5.2: `db`, `file`, `signed_cookies` | cookies, signed JSON, signed pickle (4.2) | cookies, signed JSON |
//! | [Django](django): `cache` and `cached_db`, with Django's own Redis cache and django-redis | pickle, protocols 0 to 5, JSON, `MessagePack`; zlib, gzip, lz4, xz and zstd | pickle, protocols 4 and 5, JSON |
//! | [Spring Session](spring) 3.0 to 4.1: Redis, indexed and not, reactive and not, JDBC | cookies, JDK serialisation, JSON with Jackson's types | cookies, text, numbers, `Boolean`, `ArrayList`, `HashMap`; what else there was goes back as it came |
//! | [gorilla/sessions](gorilla) 1.2 to 1.4: `CookieStore`, `FilesystemStore`, boj/redistore, rbcervilla/redisstore | cookies, signed and encrypted values, gob, JSON | the same; types of the application's own go back as they came |
//!
//! What is only read is refused when it is to be written, with an [`Error`] that [says so](Error::is_read_only):
//!
//! - `MessagePack`, and compressed values of django-redis: they are written without compression, which it reads too;
//! - a pickle with a class that is not in [the list](django#pythons-own-types), whole;
//! - whole numbers beyond 2^53 in the JSON of JavaScript and Go, which would come back rounded;
//! - attributes of express-session that have a name of its own, which would be lost;
//! - a new value of a Java class that Spring's attributes have no plain form for, such as a date;
//! - what would be more than is read ([`Limits`]): what was shared in a pickle, for one, is written at each place.
//!
//! # Values
//!
//! A [`Value`] is what any language has: null, true and false, numbers, text, bytes, lists and maps. One of a type that the
//! language has besides is [tagged](Value::Tagged) with its name and goes back as that. What is not understood well enough
//! to be written anew is [opaque](Value::Opaque): its bytes go back unchanged. It is never constructed, never executed and
//! never dropped.
//!
//! # Security
//!
//! Stores and cookies can be reached by attackers, so readers are bounded in size, depth and number of values
//! ([`Limits`]) before anything is allocated, resolve no class and run no code. In Express, Django, Spring and
//! rbcervilla/redisstore a key *is* the session: a [`Credential`] is shown as its [`Fingerprint`]. Signatures are compared
//! in constant time, and as text where the framework does so.

mod cookie;
mod credential;
mod crypto;
mod cursor;
mod date;
mod dialect;
pub mod django;
mod error;
pub mod express;
mod format;
mod framework;
pub mod gorilla;
mod limits;
mod session;
pub mod spring;
mod value;

pub use crate::cookie::{CookieOptions, SameSite};
pub use crate::credential::{Credential, Fingerprint};
pub use crate::crypto::Secret;
pub use crate::dialect::{Dialect, Held, Keep, Presented, Stored};
pub use crate::error::{Error, Format};
pub use crate::framework::Framework;
pub use crate::limits::Limits;
pub use crate::session::{Session, Times, User};
pub use crate::value::{Map, Opaque, Tagged, Text, Value};
