use std::net::IpAddr;

use bytes::Bytes;
use hallpass::{CorruptRecord, Timestamp, Version};

/// A value on its way into a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// An instant; databases without such a type keep its [number](instant).
    Instant(Timestamp),
    /// An address; databases without such a type keep its [bytes](address).
    Address(IpAddr),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
}

impl Value {
    /// Returns the text, or nothing.
    pub fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }

    /// Returns these bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Bytes::copy_from_slice(bytes))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Instant(at)
    }
}

/// The error of reading a row that no store wrote; says what is wrong with it, never what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorruptRow {
    /// The packed part of a session is damaged.
    #[error(transparent)]
    Record(#[from] CorruptRecord),
    /// A column does not hold what it is for.
    #[error("the column {0} holds something else")]
    Column(&'static str),
}

/// Returns how an address is stored where there is no type for it: its 4 or 16 bytes, which sort as its ranges do.
pub fn address(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// Returns how an instant is stored where there is no type for it: in milliseconds since 1970 UTC.
pub fn instant(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the instant that is stored as this number.
///
/// # Errors
///
/// [`CorruptRow::Column`] if it is before 1970.
pub fn instant_from(number: i64, column: &'static str) -> Result<Timestamp, CorruptRow> {
    u64::try_from(number).map(Timestamp::from_millis).map_err(|_| CorruptRow::Column(column))
}

/// Returns how a version is stored: as the same 64 bits, since databases count with a sign.
pub const fn version(version: Version) -> i64 {
    version.number().cast_signed()
}

/// Returns the version that is stored as this number.
pub const fn version_from(number: i64) -> Version {
    Version::new(number.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_and_instant_comes_back() {
        for number in [0, 1, u64::MAX / 2 + 1, u64::MAX] {
            assert_eq!(version_from(version(Version::new(number))), Version::new(number));
        }
        for at in [Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert_eq!(instant_from(instant(at), "at"), Ok(at));
        }
        assert_eq!(instant_from(-1, "at"), Err(CorruptRow::Column("at")));
    }
}
