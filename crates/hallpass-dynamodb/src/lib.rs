//! The DynamoDB store of [`hallpass`]: one table, conditional writes, and indices and events in the transaction of their
//! change.
//!
//! ```no_run
//! use hallpass::Store;
//! use hallpass_dynamodb::DynamoDbStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = DynamoDbStore::from_url("dynamodb://eu-west-1/sessions").await?;
//! for finding in store.checkup().await?.findings {
//!     println!("{}: {}", finding.topic, finding.found);
//! }
//! assert!(store.capabilities().durable);
//! # Ok(()) }
//! ```
//!
//! # Setup
//!
//! The store is named by a URL, by [`DynamoDbOptions`], or by a client of the driver, which is re-exported as
//! [`aws_sdk_dynamodb`]. Credentials come from where every program on AWS finds them (variables, profile, container or
//! instance), or from the URL: `dynamodb://KEY:SECRET@REGION/TABLE`. [`DynamoDbOptions::from_url`] has the options that a
//! URL can carry.
//!
//! The table is made with the rest of the infrastructure:
//!
//! ```sh
//! aws dynamodb create-table --table-name sessions --billing-mode PAY_PER_REQUEST --deletion-protection-enabled \
//!   --attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S \
//!     AttributeName=due_in,AttributeType=S AttributeName=due_at,AttributeType=N \
//!   --key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE \
//!   --global-secondary-indexes 'IndexName=due,Projection={ProjectionType=KEYS_ONLY},KeySchema=[
//!     {AttributeName=due_in,KeyType=HASH},{AttributeName=due_at,KeyType=RANGE}]'
//! aws dynamodb update-time-to-live --table-name sessions \
//!   --time-to-live-specification Enabled=true,AttributeName=forget_at
//! aws dynamodb update-continuous-backups --table-name sessions \
//!   --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true
//! ```
//!
//! With [`create=true`](DynamoDbOptions::create) the store makes it, without protection and recovery, to try things out.
//!
//! These are the rights that it needs:
//!
//! ```json
//! {
//!   "Effect": "Allow",
//!   "Action": [
//!     "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable",
//!     "dynamodb:DescribeTimeToLive", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"
//!   ],
//!   "Resource": [
//!     "arn:aws:dynamodb:REGION:ACCOUNT:table/sessions", "arn:aws:dynamodb:REGION:ACCOUNT:table/sessions/index/due"
//!   ]
//! }
//! ```
//!
//! A table that several regions write to (a global table with eventual consistency) is no home for sessions: two regions
//! do not see each other's conditions, so an ended session could come back. Use one region, or multi-region strong
//! consistency.
//!
//! # Keys and schema
//!
//! | `pk` | `sk` | holds |
//! | --- | --- | --- |
//! | `session/REALM/ID` | `record` | the record: what conditions compare, then the fields, the attributes as JSON |
//! | `session/REALM/ID` | `data/000` and on | the attributes, where they are more than 300 KiB |
//! | `session/REALM/ID` | `event/NUMBER` | events of the session that came together, as JSON |
//! | `all/REALM/SHARD` | creation and id | an entry of the index of a realm, in 16 partitions |
//! | `subject/REALM/SUBJECT` | creation and id | an entry of the index of a subject |
//! | `log/REALM` | number | events that came together, in the order in which they came |
//! | `counter/REALM` | `log` | the last number of that |
//! | `epoch/REALM/SUBJECT` | `epoch` | a number |
//! | `realms` | realm | that there is this realm |
//! | `settings` | name | an API key and the like |
//!
//! A record is created in one transaction with its entries in the indices, and so it is moved from one subject to another.
//! Both are items of the table, read consistently, since an index of DynamoDB's own is behind by a moment: a revocation of
//! everything would miss what was just created. The index `due` of DynamoDB's own has the deadlines, for sweeps only, which
//! can wait. It says when a record may be over at the earliest, so that a touch does not write it; a sweep that meets a
//! record which was used since files it anew.
//!
//! DynamoDB's own time to live only cleans up where nobody sweeps: a day after `expires_at`, and at least a day after the
//! last write. Entries of what it removed are taken out by the listings that meet them.
//!
//! # Capabilities
//!
//! It lists, keeps events, is shared and durable. A load is one question; a save of an existing session is one conditional
//! write, and with events two: numbers for them are drawn first. One that creates, sets another subject or brings events is
//! a transaction.
//!
//! *Events* are there if and only if their change is. DynamoDB has no order of commits, so each transaction has a number of
//! its realm's log. Whoever reads comes to a number that is missing waits for it for two seconds at the most, and then takes
//! it away: the write that comes with it all the same is refused, and draws another. So nobody who reads on from an event
//! misses one. A listing of all realms merges their logs by the time of the server, and is as exact as its clocks.
//!
//! *Changes* are not told. DynamoDB tells of them by its streams, which are another service, with shards to be followed and
//! records that come when they come; without news no cache may let anybody in, so `Tiered` asks this store every time.
//!
//! # When the server is away
//!
//! Every question fails as unavailable, in no more than the [timeout](DynamoDbOptions::timeout): no absent records, no
//! conflicts. A read is asked again, a few times. A write whose answer was lost is not: it may have been done, and would then
//! look like a conflict. It fails as unavailable, and who asks again finds out. The retries of the driver are off for this
//! reason, also in a client of your own.
//!
//! A write that was certainly not done is sent again: after a conflict with another transaction under way until the time
//! is over, and three times when the table is asked too much. Then it is unavailable.
//!
//! # Limits
//!
//! - A session has at most 3 MiB of attributes, since a transaction is at most 4 MB; more is refused as unsupported. Above
//!   300 KiB it takes several items, and each save a transaction.
//! - A transaction has at most 100 items: that is events of some 48 sessions in one save.
//! - Creating a session writes 3 items in a transaction, 6 write units or more; with events another 5. A touch is 1. A load
//!   is 1 read unit for each 4 KB, since it is consistent.
//! - One partition takes a thousand write units a second. So much for one subject's sessions, and for the events of a
//!   realm: about a thousand saves with events a second. The index of a realm takes sixteen times as much.
//! - A listing of a realm asks 16 partitions. Filters besides realm and subject are applied to what is read, so one that
//!   matches little reads what it passes over. A listing without a realm asks all of them.
//! - Events and epochs stay for ever, unless [`events_days`](DynamoDbOptions::keep_events) says otherwise for events.
//! - [`time`](hallpass::Store::time) is the date of an answer, in whole seconds.
//! - After a restore to an earlier moment, sessions that were ended since are back: end all of them.
//!
//! # Testing
//!
//! The conformance suite runs against DynamoDB Local, with one service and with two. The server is cut off and restarted
//! under load, and frozen; connections are cut within replies and swallowed; a service that refuses, throttles and falls
//! silent counts what it is asked. Stores that are broken on purpose fail the same cases. What only AWS has is not tested:
//! an index that is behind, partitions that are split, throttling by load, and that what is acknowledged outlives its
//! servers. DynamoDB Local answers before it has written, and loses some of that when it is killed. Other
//! emulators are of no use here: dynalite 4.0 has no transactions, and moto 5.2 takes one back by putting the whole table
//! back as it was, so that what others wrote meanwhile is lost: 22 of 150 acknowledged writes beside three clients whose
//! transactions were refused.
//!
//! A test of your own takes `dynamodb://test:secret@eu-west-1/TABLE?endpoint=http://127.0.0.1:8000&create=true`.

mod base;
mod checkup;
mod clock;
mod commit;
mod due;
mod error;
mod events;
mod index;
mod item;
mod keys;
mod listing;
mod log;
mod open;
mod options;
mod records;
mod schema;
mod settings;
mod store;
mod sweep;
mod url;

pub use aws_sdk_dynamodb;

pub use crate::error::OpenError;
pub use crate::options::DynamoDbOptions;
pub use crate::settings::DynamoDbSettings;
pub use crate::store::DynamoDbStore;
pub use crate::url::InvalidUrl;
