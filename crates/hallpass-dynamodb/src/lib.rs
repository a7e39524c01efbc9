//! The DynamoDB store of [`hallpass`]: one table.

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
