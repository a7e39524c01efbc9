//! Any bytes as a value of Django's cache (pickle, JSON, MessagePack, compressed or not): no panic, nothing is made of a
//! class that is not known, and what was understood is written so that it is read the same.

#![no_main]

use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::{Dialect, Stored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let django = Django::cache(Cache::BuiltIn);
    let Ok(session) = django.read(&Stored::Bytes(bytes.to_vec())) else { return };
    django.user(&session);
    django.keep(&session, 0);
    let written = match django.write(&session, 0) {
        // What was shared is written at each place; and some is only read.
        Err(error) if error.is_too_large() || error.is_read_only() => return,
        written => written.expect("what was read can be written"),
    };
    let again = django.read(&written).expect("what was written is read");
    assert_eq!(format!("{:?}", again.attributes), format!("{:?}", session.attributes));
    assert_eq!(django.write(&again, 0), Ok(written), "a session has one way to be written");
});
