use hallpass::EventId;
use hallpass::audit::{ChainHash, Seal};

use crate::value::Value;

/// How many columns a seal has.
const SEAL_VALUES: usize = 4;

/// The columns of what seals an event, in the order of [`seal_values`].
pub const SEAL_COLUMNS: [&str; SEAL_VALUES] = ["number", "event", "hash", "checkpoint"];

/// Returns the values of a seal's row, in the order of [`SEAL_COLUMNS`].
pub fn seal_values(seal: &Seal) -> [Value; SEAL_VALUES] {
    [
        Value::Integer(i64::try_from(seal.number).unwrap_or(i64::MAX)),
        Value::bytes(&seal.event.number().to_be_bytes()),
        Value::bytes(seal.hash.as_bytes()),
        Value::text(seal.checkpoint.as_deref()),
    ]
}

/// What a store reads of a seal's row.
#[derive(Debug, Clone)]
pub struct StoredSeal<'a> {
    /// The column `number`.
    pub number: i64,
    /// The column `event`.
    pub event: &'a [u8],
    /// The column `hash`.
    pub hash: &'a [u8],
    /// The column `checkpoint`.
    pub checkpoint: Option<&'a str>,
}

impl StoredSeal<'_> {
    /// Returns the seal. What cannot be read is given as what fits nothing, so that whoever checks the trail finds it.
    pub fn to_seal(&self) -> Seal {
        Seal {
            number: u64::try_from(self.number).unwrap_or(0),
            event: EventId::from_number(self.event.try_into().map_or(0, u128::from_be_bytes)),
            hash: ChainHash::from_bytes(self.hash.try_into().unwrap_or_default()),
            checkpoint: self.checkpoint.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_comes_back_and_a_damaged_one_fits_nothing() {
        let hash = ChainHash::START.after(3, "{}");
        let seal = Seal { number: 3, event: EventId::from_number(7), hash, checkpoint: Some("{}".to_owned()) };
        let [_, Value::Bytes(event), Value::Bytes(bytes), _] = seal_values(&seal) else { panic!("two are bytes") };
        let stored = StoredSeal { number: 3, event: &event, hash: &bytes, checkpoint: Some("{}") };
        assert_eq!(stored.to_seal(), seal);
        let damaged = StoredSeal { hash: &bytes[1..], ..stored };
        assert_eq!(damaged.to_seal().hash, ChainHash::START);
    }
}
