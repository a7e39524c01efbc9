use hallpass::{Realm, Record, SessionId, Subject, Timestamp};

/// What both parts of a key are called, and the index of deadlines.
pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";
pub(crate) const DUE_INDEX: &str = "due";
pub(crate) const DUE_IN: &str = "due_in";
pub(crate) const DUE_AT: &str = "due_at";
/// The attribute by which DynamoDB may remove an item.
pub(crate) const FORGET_AT: &str = "forget_at";

/// How many partitions the index of a realm has, and that of deadlines: each takes a thousand writes a second.
pub(crate) const SHARDS: u8 = 16;

/// The name of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl Key {
    fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: sort.into() }
    }

    pub(crate) fn record(realm: &Realm, id: &SessionId) -> Self {
        Self::new(session(realm, id), "record")
    }

    /// The part of a record's attributes with this number, where they are too many for one item.
    pub(crate) fn data(realm: &Realm, id: &SessionId, part: usize) -> Self {
        Self::new(session(realm, id), format!("data/{part:03}"))
    }

    pub(crate) fn event_of_session(realm: &Realm, id: &SessionId, number: u64) -> Self {
        Self::new(session(realm, id), format!("event/{number:020}"))
    }

    pub(crate) fn in_log(realm: &Realm, number: u64) -> Self {
        Self::new(log(realm), numbered(number))
    }

    pub(crate) fn counter(realm: &Realm) -> Self {
        Self::new(format!("counter/{realm}"), "log")
    }

    pub(crate) fn epoch(realm: &Realm, subject: &Subject) -> Self {
        Self::new(format!("epoch/{realm}/{subject}"), "epoch")
    }

    pub(crate) fn realm(realm: &Realm) -> Self {
        Self::new(REALMS, realm.as_str())
    }

    pub(crate) fn setting(name: &str) -> Self {
        Self::new(SETTINGS, name)
    }

    /// The entry of a record in the index of its realm.
    pub(crate) fn entry(realm: &Realm, member: Member) -> Self {
        Self::new(all(realm, member.id.as_bytes()[0] % SHARDS), member.sort())
    }

    /// The entry of a record in the index of its subject.
    pub(crate) fn entry_of_subject(realm: &Realm, subject: &Subject, member: Member) -> Self {
        Self::new(of_subject(realm, subject), member.sort())
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.partition, self.sort)
    }
}

pub(crate) const REALMS: &str = "realms";
pub(crate) const SETTINGS: &str = "settings";

pub(crate) fn session(realm: &Realm, id: &SessionId) -> String {
    format!("session/{realm}/{id}")
}

/// Reads the realm and the id out of the partition of a record.
pub(crate) fn read_session(partition: &str) -> Option<(Realm, SessionId)> {
    let (realm, id) = partition.strip_prefix("session/")?.split_once('/')?;
    Some((Realm::new(realm).ok()?, id.parse().ok()?))
}

pub(crate) fn log(realm: &Realm) -> String {
    format!("log/{realm}")
}

pub(crate) fn numbered(number: u64) -> String {
    format!("{number:020}")
}

pub(crate) fn all(realm: &Realm, shard: u8) -> String {
    format!("all/{realm}/{shard}")
}

pub(crate) fn of_subject(realm: &Realm, subject: &Subject) -> String {
    format!("subject/{realm}/{subject}")
}

/// The partition of the index of deadlines that a record is in.
pub(crate) fn due_in(record: &Record) -> String {
    let kind = if record.ended.is_some() { Due::Ended } else { Due::Living };
    due_shard(kind, record.id.as_bytes()[0] % SHARDS)
}

/// Of what deadlines are kept apart, since what has ended is swept, and never ends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Living,
    Ended,
}

pub(crate) fn due_shard(kind: Due, shard: u8) -> String {
    match kind {
        Due::Living => format!("living/{shard}"),
        Due::Ended => format!("ended/{shard}"),
    }
}

/// A record in the order of listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member {
    pub(crate) created_at: Timestamp,
    pub(crate) id: SessionId,
}

impl Member {
    pub(crate) fn of(record: &Record) -> Self {
        Self { created_at: record.created_at, id: record.id }
    }

    /// Writes it so that texts sort as members do.
    pub(crate) fn sort(self) -> String {
        let id = self.id.as_bytes().map(|byte| format!("{byte:02x}")).concat();
        format!("{:015}/{id}", self.created_at.as_millis())
    }

    pub(crate) fn read(sort: &str) -> Option<Self> {
        let (created_at, hex) = sort.split_once('/')?;
        let mut id = [0; 16];
        if hex.len() != 32 || !hex.is_ascii() {
            return None;
        }
        for (byte, digits) in id.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
        }
        let created_at = Timestamp::from_millis(created_at.parse().ok()?);
        Some(Self { created_at, id: SessionId::from_bytes(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_sort_as_listings_do_and_come_back() {
        let of =
            |millis, byte| Member { created_at: Timestamp::from_millis(millis), id: SessionId::from_bytes([byte; 16]) };
        let mut members = [of(0, 255), of(9, 1), of(10, 0), of(10, 200), of(Timestamp::MAX.as_millis(), 0)];
        members.sort_unstable();
        let sorts = members.map(Member::sort);
        assert!(sorts.is_sorted(), "{sorts:?}");
        for (member, sort) in members.iter().zip(&sorts) {
            assert_eq!(Member::read(sort), Some(*member));
        }
        for wrong in ["", "5", "5/00", "x/00000000000000000000000000000000", "5/0000000000000000000000000000000é"] {
            assert_eq!(Member::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_name_of_a_record_tells_which_it_is() {
        let (realm, id) = (Realm::default(), SessionId::random());
        assert_eq!(read_session(&session(&realm, &id)), Some((realm, id)));
        assert_eq!(read_session("settings"), None);
    }
}
