//! Any bytes as a session of express-session: no panic, and what was understood is written so that it is read the same.

#![no_main]

use hallpass_dialects::express::Express;
use hallpass_dialects::{Dialect, Stored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let express = Express::new([]);
    let Ok(session) = express.read(&Stored::Bytes(bytes.to_vec())) else { return };
    let Ok(written) = express.write(&session, 0) else { return };
    let again = express.read(&written).expect("what was written is read");
    // A number that is too large for a double is null when it is written.
    let shown = format!("{:?}", session.attributes);
    if !shown.contains("inf") {
        assert_eq!(format!("{:?}", again.attributes), shown);
    }
    assert_eq!(express.write(&again, 0), Ok(written), "a session has one way to be written");
});
