//! The Redis and Valkey store of [`hallpass`]: one server, Sentinel or Cluster.
//!
//! ```no_run
//! use hallpass::Store;
//! use hallpass_redis::RedisStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::from_url("redis://app:secret@redis.internal").await?;
//! for danger in store.server_facts().dangers() {
//!     eprintln!("{}", danger.found);
//! }
//! assert!(store.capabilities().shared);
//! # Ok(()) }
//! ```
//!
//! # Setup
//!
//! Redis 6.2 or newer, or Valkey. The store is named by a URL, by [`RedisOptions`], or by a client of the driver, which
//! is re-exported as [`redis`]:
//!
//! | server | URL |
//! | --- | --- |
//! | one | `redis://USER:PASSWORD@HOST:6379/0` |
//! | the primary that sentinels watch | `redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/NAME/0` |
//! | a cluster | `redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379` |
//!
//! `rediss` is TLS. [`RedisOptions::from_url`] has the options that a URL can carry. A
//! [`ClusterClient`](redis::cluster::ClusterClient) of your own is to be built with `retries(0)`: by itself the driver
//! sends a write again after a lost connection, which may have been done already; and it tells no nodes at which to
//! hear news, so there is no feed of changes.
//!
//! These settings keep every acknowledged write, a logout above all, over crashes and power loss:
//!
//! ```text
//! appendonly yes
//! appendfsync always
//! maxmemory-policy noeviction
//! ```
//!
//! With Sentinel or Cluster another server may take over with what it has got of the last writes. There, have two
//! replicas of each primary and say [`replicas=2`](RedisOptions::replicas): a save is then acknowledged after both have
//! it. With `replicas=1` one of them has it, and another may be chosen: sentinels and clusters go by what they heard of the
//! replicas up to a second ago, and a storm of ours lost an acknowledged session so. The price of two is that a replica
//! which is away stops all writes until it is back.
//! A write that fewer have taken in time fails as unavailable. It can be read all the same, so whoever is told that a
//! session has ended, without having ended it just now, is told so after a replica has that, too; the same holds for the
//! successor of a token, which is handed out again, and for attributes that are found as they are to be.
//! `min-replicas-to-write 1` also keeps a primary that was cut off from taking writes that nobody will see.
//!
//! A user needs these rights:
//!
//! ```text
//! user app on >PASSWORD ~hallpass:* &hallpass:* +@read +@write +@scripting +@pubsub +@connection +info +time +config|get +wait
//! ```
//!
//! # Keys and schema
//!
//! Every key begins with the [prefix](RedisOptions::prefix), here the usual one. What stands in braces decides about the
//! slot in a cluster. RECORD is the key of a record, which leaves the realm out where it is the usual one.
//!
//! | key | holds | goes |
//! | --- | --- | --- |
//! | `hallpass:ID`, `hallpass:REALM/ID` | the record: what scripts compare, then the fields, the attributes as JSON | 2 to 3 hours after `expires_at` |
//! | `hallpass:events:{RECORD}` | a list: the session's latest events as JSON | with the record |
//! | `hallpass:subject:{REALM/SUBJECT}` | a sorted set: the sessions of a subject, by creation and id | swept |
//! | `hallpass:all:{REALM}` | the same of a realm | swept |
//! | `hallpass:due:{REALM}` | a sorted set: the sessions of a realm, by when they may be over at the earliest | swept |
//! | `hallpass:stream:{REALM}` | a stream: pointers to the realm's latest events, in the order in which they came | trimmed |
//! | `hallpass:mark:{REALM/SUBJECT}` | in a cluster: that something was just added to the index of a subject | after 90 s |
//! | `hallpass:epoch:{REALM/SUBJECT}` | a number | stays |
//! | `hallpass:realms` | a set: the realms that there are | stays |
//! | `hallpass:settling:{RECORD}`, `hallpass:settling:NUMBER` | nothing: with replicas, what was written before it is waited for | after 1 s |
//! | `hallpass:settings` | a hash: API keys and the like | stays |
//!
//! `hallpass:changes` is the channel of news, with messages such as `default/K5qVbXQ0Tdu0kq1y7m7zXw`.
//!
//! A record, its comparison and its events are one script. On one server the same script writes the indices. In a cluster
//! they are written first, so that a crash between the two leaves an entry without a record, and never a record that a
//! revocation of everything would miss. An entry without a record is taken out by a [sweep](hallpass::Store::sweep), two
//! to three hours after what it was filed for is over, so that none is taken whose record is under way.
//!
//! The server's own expiry only cleans up. It is two to three hours late, and set anew when a deadline moves into another
//! hour, so that neither the server's clock nor a node's ends a session.
//!
//! # Capabilities
//!
//! It lists, keeps events, tells of changes, and is shared. A load is one question, and so is a save; in a cluster a save
//! that creates, sets another subject or brings events is two, and one more if the first finds that out.
//!
//! Of each session the [latest events](RedisOptions::events_per_session) are kept, as long as its record is. An event is
//! there if and only if its change is. Events without a session are kept in the stream itself. What is asked for without a session comes from the last
//! [100,000](RedisOptions::events_per_realm) of the realm.
//!
//! News is published at every save, not at touches. A feed proves itself every half second by a word that goes the way of a
//! write and must come back; when it does not, or when the connection is lost, or a listener is too slow, the feed says
//! [`Change::Hole`](hallpass::Change::Hole).
//!
//! [`Capabilities::durable`](hallpass::Capabilities::durable) is what the server said when it was last connected to: true
//! with the three settings above, and with Sentinel and Cluster only if writes wait for replicas, too.
//! [`RedisStore::server_facts`] has the facts, and [`ServerFacts::dangers`] says in words what endangers sessions.
//!
//! # When the server is away
//!
//! Every question fails as unavailable, in no more than the [timeout](RedisOptions::timeout): no absent records, no
//! conflicts. Between two attempts to connect it fails at once. A new connection is tried for from the first moment on, at
//! intervals that grow to half a second, so that service is back within two seconds of the server. A connection that
//! gives no answer is used on until there is a better one.
//!
//! A read is asked again on a new connection. A write whose answer was lost is not: it may have been done, so it fails as
//! unavailable, and who asks again finds out. The same holds for a write that too few replicas have taken in time.
//!
//! A full server refuses writes and keeps what it has. That is so only with `noeviction`; with any other policy it throws
//! sessions away, and tombstones with them.
//!
//! A primary that hangs or is cut off, and does not know that it has been replaced, answers reads with what it has for as
//! long as somebody asks it. A store asks the sentinels again as soon as an answer is late.
//!
//! # Limits
//!
//! On Redis 7, a session with a subject of 8 bytes and next to no attributes takes some 250 bytes, and the indices another
//! 270, and 150 more for a subject that has no other session. The indices of a realm lie on one server of a cluster. They
//! are [swept](hallpass::Store::sweep): somebody has to call that every minute or so, as the service does. A listing with
//! filters that match little reads what it passes over. One for what is over goes by the index of deadlines. Epochs stay
//! for ever. Server time and node time are not compared here.
//!
//! A sweep answers 0: it is the server that forgets records.
//!
//! # Testing
//!
//! The conformance suite runs against one server, with one service and with two, and against a cluster of three primaries
//! with replicas. In storms, servers are killed three times under a load of sessions: a single one that is restarted,
//! primaries that sentinels replace, and a primary of every part of a cluster. Nothing that was acknowledged may be
//! undone, nobody logged out, and no call fail later than 2 s after the servers themselves take writes again, not counting
//! what the machine was late with. `HALLPASS_STORM_SECONDS=60` makes them long. Servers are frozen and filled up, too;
//! connections are cut within replies and swallowed; users, passwords and certificates are wrong. Stores that
//! are broken on purpose fail the same cases.
//!
//! A test of your own takes a URL with a [prefix](RedisOptions::prefix) that nobody else has.

mod checkup;
mod due;
mod error;
mod events;
mod feed;
mod index;
mod keys;
mod link;
mod listing;
mod member;
mod open;
mod options;
mod records;
mod script;
mod server;
mod settings;
mod settling;
mod store;
mod stored;
mod sweep;
mod url;

pub use redis;

pub use crate::error::OpenError;
pub use crate::link::ServerFacts;
pub use crate::options::RedisOptions;
pub use crate::server::{RedisScript, RedisServer};
pub use crate::settings::RedisSettings;
pub use crate::store::RedisStore;
pub use crate::url::InvalidUrl;
