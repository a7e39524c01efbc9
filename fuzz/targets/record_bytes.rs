//! Any bytes as a stored record: no panic, and what was understood is written so that it is understood the same again.

#![no_main]

use hallpass::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = Record::from_bytes(&bytes.to_vec().into()) else { return };
    let written = record.to_bytes();
    let again = Record::from_bytes(&written).expect("a written record can be read");
    assert!(again == record, "{record:?}\n{again:?}");
    assert_eq!(again.to_bytes(), written, "a record has one way to be written");

    let mut cut = written.clone();
    while !cut.is_empty() {
        cut.truncate(cut.len() - 1 - cut.len() / 8);
        assert!(Record::from_bytes(&cut).is_err(), "a record that was cut off is noticed");
    }
});
