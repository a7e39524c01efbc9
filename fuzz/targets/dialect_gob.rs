//! Any bytes as gob: no panic, and what was understood, types of the application's own included, is written so that it is
//! read the same.

#![no_main]

use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::{Dialect, Stored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let gorilla = Gorilla::redisstore("session");
    let Ok(session) = gorilla.read(&Stored::Bytes(bytes.to_vec())) else { return };
    let written = match gorilla.write(&session, 0) {
        // Values that are not of the same type bring their own along.
        Err(error) if error.is_too_large() => return,
        written => written.expect("what was read can be written"),
    };
    let again = gorilla.read(&written).expect("what was written is read");
    assert_eq!(format!("{:?}", again.attributes), format!("{:?}", session.attributes));
    assert_eq!(gorilla.write(&again, 0), Ok(written), "a session has one way to be written");
});
