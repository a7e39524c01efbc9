//! Any `Cookie` header for every dialect: no panic, and whoever is recognised is recognised by the cookie that they get.

#![no_main]

use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Dialect, Held, Presented, Secret, Session};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let secret = || Secret::new("open-vector-hash-key-32-bytes-ok");
    let dialects: [Box<dyn Dialect>; 8] = [
        Box::new(Express::new([Secret::new("keyboard cat")])),
        Box::new(Django::cache(Cache::BuiltIn)),
        Box::new(Django::file([])),
        Box::new(Django::signed_cookies([Secret::new("django-insecure-open-vectors-key-0123456789abcdef")])),
        Box::new(Spring::new(Repository::Redis, Serializer::Jdk)),
        Box::new(Spring::new(Repository::Reactive, Serializer::Jdk).jvm_route("node1")),
        Box::new(Gorilla::cookie_store("session-name", [(secret(), Some(secret()))])),
        Box::new(Gorilla::redisstore("session-name")),
    ];
    for dialect in dialects {
        for presented in dialect.presented(header, 1_767_225_600_000).into_iter().flatten() {
            let Presented::Points(credential) = presented else { continue };
            assert_eq!(dialect.credential(dialect.key(&credential).as_bytes()).as_ref(), Some(&credential));
            let Ok(line) = dialect.set_cookie(Held::Points(&credential), &Session::new(), 0) else { continue };
            let pair = line.split(';').next().expect("there is one");
            let again = dialect.presented(pair.as_bytes(), 0);
            assert_eq!(again, [Ok(Presented::Points(credential))], "{dialect:?} {line}");
        }
    }
});
