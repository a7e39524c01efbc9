//! Any bytes as Java's own serialisation: no panic, and each attribute goes back as it came or is read the same.

#![no_main]

use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Dialect, Stored, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let spring = Spring::new(Repository::Jdbc, Serializer::Jdk);
    let stored = Stored::Fields(vec![("SPRING_SECURITY_CONTEXT".to_owned(), bytes.to_vec())]);
    let Ok(session) = spring.read(&stored) else { return };
    spring.user(&session);
    let written = spring.write(&session, 0).expect("what was read can be written");
    if let Some(Value::Opaque(_)) = session.attributes.get("SPRING_SECURITY_CONTEXT") {
        assert_eq!(written, stored, "what is not understood goes back as it came");
    }
    let again = spring.read(&written).expect("what was written is read");
    assert_eq!(format!("{:?}", again.attributes), format!("{:?}", session.attributes));
    assert_eq!(spring.write(&again, 0), Ok(written), "an attribute has one way to be written");
});
