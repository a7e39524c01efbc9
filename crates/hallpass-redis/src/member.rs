use hallpass::{Record, SessionId, Subject, Timestamp};

/// A session in an index: when it was made and its id, as bytes that sort as listings do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member {
    pub(crate) created_at: Timestamp,
    pub(crate) id: SessionId,
}

impl Member {
    pub(crate) fn of(record: &Record) -> Self {
        Self { created_at: record.created_at, id: record.id }
    }

    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.created_at.as_millis().to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        bytes
    }

    /// Reads the member that these bytes begin with; a record that is due has its subject behind it.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &str)> {
        let (created_at, rest) = bytes.split_first_chunk::<8>()?;
        let (id, whose) = rest.split_first_chunk::<16>()?;
        let created_at = Timestamp::from_millis(u64::from_be_bytes(*created_at));
        Some((Self { created_at, id: SessionId::from_bytes(*id) }, str::from_utf8(whose).ok()?))
    }
}

/// Returns the text of a subject; nobody has none.
pub(crate) fn whose(subject: Option<&Subject>) -> &str {
    subject.map_or("", Subject::as_str)
}
