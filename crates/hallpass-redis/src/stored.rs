use bytes::Bytes;
use hallpass::{CorruptRecord, Frame, Realm, Record, SessionId, Subject, Timestamp, Version};

/// What a value begins with: its format, and whether the session has ended.
const LIVING: u8 = 0x03;
const ENDED: u8 = 0x83;
/// Where the version begins.
const VERSION: usize = 13;

/// Why what lies under a record's key is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CorruptValue {
    #[error("it is not one that this release can read")]
    Format,
    #[error("it is cut off")]
    Torn,
    #[error("its subject is none")]
    Subject,
    #[error(transparent)]
    Record(#[from] CorruptRecord),
}

/// Writes a record as it is stored: first what scripts read, see `lua/frame.lua`, and then the rest.
pub(crate) fn to_value(record: &Record) -> Vec<u8> {
    let body = record.body_to_bytes();
    let filed = filed(record.version, record.subject.as_ref());
    let mut value = Vec::with_capacity(VERSION + filed.len() + body.len());
    value.push(if record.ended.is_some() { ENDED } else { LIVING });
    value.extend(instant(record.seen_at));
    value.extend(instant(record.expires_at));
    value.extend(filed);
    value.extend(&body[..]);
    value
}

/// Writes an instant, which has no more than 48 bits.
pub(crate) fn instant(at: Timestamp) -> [u8; 6] {
    let [_, _, bytes @ ..] = at.as_millis().to_be_bytes();
    bytes
}

/// Writes what stands together in a value: a version and whose the session is.
pub(crate) fn filed(version: Version, subject: Option<&Subject>) -> Vec<u8> {
    let subject = subject.map_or("", Subject::as_str);
    let mut filed = self::version(version);
    // A subject has at most 255 bytes.
    filed.push(u8::try_from(subject.len()).unwrap_or(u8::MAX));
    filed.extend(subject.as_bytes());
    filed
}

/// Writes seven bits a byte, the lowest first; all but the last have the highest bit. No version begins with another.
pub(crate) fn version(version: Version) -> Vec<u8> {
    let mut number = version.number();
    let mut bytes = Vec::with_capacity(2);
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads what [`to_value`] wrote for the record of this name.
pub(crate) fn from_value(value: Vec<u8>, realm: &Realm, id: SessionId) -> Result<Record, CorruptValue> {
    let value = Bytes::from(value);
    if !matches!(value.first(), Some(&(LIVING | ENDED))) {
        return Err(CorruptValue::Format);
    }
    let (frame, rest) = value.split_at_checked(VERSION).ok_or(CorruptValue::Torn)?;
    let (version, rest) = read_version(rest)?;
    let (length, rest) = rest.split_first().ok_or(CorruptValue::Torn)?;
    let (subject, body) = rest.split_at_checked((*length).into()).ok_or(CorruptValue::Torn)?;
    let frame = Frame {
        id,
        realm: realm.clone(),
        subject: if subject.is_empty() { None } else { Some(read_subject(subject)?) },
        version,
        seen_at: read_instant(&frame[1..7]),
        expires_at: read_instant(&frame[7..]),
    };
    Ok(Record::from_body(frame, &value.slice_ref(body))?)
}

fn read_version(bytes: &[u8]) -> Result<(Version, &[u8]), CorruptValue> {
    let mut number = 0;
    for (byte, shift) in bytes.iter().zip((0..64).step_by(7)) {
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((Version::new(number), &bytes[shift / 7 + 1..]));
        }
    }
    Err(CorruptValue::Torn)
}

fn read_instant(bytes: &[u8]) -> Timestamp {
    Timestamp::from_millis(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn read_subject(bytes: &[u8]) -> Result<Subject, CorruptValue> {
    let text = str::from_utf8(bytes).map_err(|_| CorruptValue::Subject)?;
    Subject::new(text).map_err(|_| CorruptValue::Subject)
}

#[cfg(test)]
mod tests {
    use hallpass::{Chain, Generation, Profile, Terms};

    use super::*;

    fn record(number: u64, subject: &str) -> Record {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 900, locks: false };
        let chain = Chain::start(Generation::FIRST, now).chain;
        let mut record = Record::new(SessionId::random(), Realm::default(), Profile::default(), terms, chain, now);
        record.version = Version::new(number);
        record.subject = Subject::new(subject).ok();
        record.expires_at = Timestamp::MAX;
        record
    }

    fn read(value: &[u8], of: &Record) -> Result<Record, CorruptValue> {
        from_value(value.to_vec(), &of.realm, of.id)
    }

    #[test]
    fn a_record_survives_its_value() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX] {
            for subject in ["", "u", &"s".repeat(255)] {
                let record = record(number, subject);
                assert_eq!(read(&to_value(&record), &record), Ok(record));
            }
        }
    }

    #[test]
    fn a_value_that_is_cut_off_or_of_another_format_is_refused() {
        let record = record(300, "alice");
        let value = to_value(&record);
        for length in 0..value.len() {
            assert!(read(&value[..length], &record).is_err(), "{length} bytes");
        }
        let other = [&[LIVING + 1], &value[1..]].concat();
        assert_eq!(read(&other, &record), Err(CorruptValue::Format));
    }

    #[test]
    fn a_new_session_takes_no_more_than_74_bytes_beside_its_attributes() {
        let mut record = record(1, "");
        record.data = Bytes::from_static(br#"{"user_id":"u0000123","count":0}"#);
        assert_eq!(to_value(&record).len(), 74 + record.data.len());
    }
}
