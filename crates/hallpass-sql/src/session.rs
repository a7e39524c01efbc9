use bytes::Bytes;
use hallpass::{Client, Note, Record, Subject, Timestamp, Version};

use crate::value::{CorruptRow, Value, version};

/// How many columns a session has.
pub const SESSION_VALUES: usize = 14;

/// The columns of a session, in the order of [`session_values`]; the first two are its key.
///
/// `head` is the record without its attributes, packed. `version`, `seen_at` and `expires_at` are the truth where `head`
/// differs, since a touch moves only them. The others repeat what is in `head`, so that it can be searched; `user_agent`
/// is in lower case for that reason. `data` are the attributes.
pub const SESSION_COLUMNS: [&str; SESSION_VALUES] = [
    "realm",
    "id",
    "version",
    "seen_at",
    "expires_at",
    "subject",
    "created_at",
    "ended_at",
    "level",
    "profile",
    "ip",
    "user_agent",
    "head",
    "data",
];

/// Returns the values of a record's row, in the order of [`SESSION_COLUMNS`].
pub fn session_values(record: &Record) -> [Value; SESSION_VALUES] {
    let Client { ip, user_agent, .. } = &record.client;
    [
        Value::Text(record.realm.as_str().to_owned()),
        Value::bytes(record.id.as_bytes()),
        Value::Integer(version(record.version)),
        record.seen_at.into(),
        record.expires_at.into(),
        Value::text(record.subject.as_ref().map(Subject::as_str)),
        record.created_at.into(),
        record.ended.as_ref().map_or(Value::Null, |ended| ended.at.into()),
        Value::Integer(record.level.number().into()),
        Value::Text(record.profile.as_str().to_owned()),
        ip.map_or(Value::Null, Value::Address),
        Value::text(user_agent.as_ref().map(|agent| Note::as_str(agent).to_lowercase()).as_deref()),
        Value::Bytes(record.head_to_bytes()),
        data_value(&record.data),
    ]
}

/// Attributes are JSON, kept as text so that a database's own tools can show them; `Encrypted` makes them bytes.
fn data_value(data: &Bytes) -> Value {
    match str::from_utf8(data) {
        Ok("") => Value::Null,
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes(data.clone()),
    }
}

/// What a store reads of a session's row.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// The column `version`.
    pub version: Version,
    /// The column `seen_at`.
    pub seen_at: Timestamp,
    /// The column `expires_at`.
    pub expires_at: Timestamp,
    /// The column `head`.
    pub head: Bytes,
    /// The column `data`, empty where it is null.
    pub data: Bytes,
}

impl StoredSession {
    /// Returns the record.
    ///
    /// # Errors
    ///
    /// [`CorruptRow`] if `head` is damaged.
    pub fn into_record(self) -> Result<Record, CorruptRow> {
        let mut record = Record::from_bytes(&self.head)?;
        record.version = self.version;
        record.seen_at = self.seen_at;
        record.expires_at = self.expires_at;
        record.data = self.data;
        Ok(record)
    }
}
