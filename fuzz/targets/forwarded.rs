//! What a proxy says of a request: its method, host and target. All proxies are understood alike, and no other spelling of
//! a host or path leads around the pattern that it is about.

#![no_main]

use axum::body::Body;
use axum::extract::Request;
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

// Not the service as a whole: building that with coverage takes as long as all other fuzzers together.
#[allow(dead_code)]
#[path = "../../crates/hallpass-server/src/forward_auth/host.rs"]
mod host;
#[allow(dead_code)]
#[path = "../../crates/hallpass-server/src/forward_auth/original.rs"]
mod original;
#[allow(dead_code)]
#[path = "../../crates/hallpass-server/src/forward_auth/path.rs"]
mod path;

/// What those files tell of a request that cannot be read.
mod wire {
    use axum::http::StatusCode;

    #[derive(Debug)]
    pub(crate) struct Problem;

    impl Problem {
        pub(crate) fn new(_status: StatusCode, _code: &'static str, _detail: &'static str) -> Self {
            Self
        }
    }
}

use self::host::{Host, HostPattern};
use self::original::{Manner, Original, PATH};
use self::path::{PathPattern, Readings};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, authority, target) = (line(), line(), line());
    all_are_understood_alike(method, authority, target);
    no_spelling_of_a_host_is_another(authority);
    no_spelling_of_a_path_is_another(target);
    if let (Ok(pattern), Some(readings)) = (PathPattern::parse(method), Readings::of(target)) {
        let _ = readings.iter().any(|reading| pattern.fits(reading));
    }
});

fn all_are_understood_alike(method: &str, authority: &str, target: &str) {
    let said = Original::new(method, "https", authority, target, Manner::Verbatim);
    if let Ok(said) = &said {
        assert!(said.method.as_str() == method && said.target == target && target.starts_with('/'));
        assert!(
            said.address().parse::<axum::http::Uri>().is_ok() || target.bytes().any(|b| b"\"<>\\^`{|}".contains(&b))
        );
    }
    let forwarded = ask(
        "GET",
        PATH,
        &[
            ("x-forwarded-method", method),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", authority),
            ("x-forwarded-uri", target),
        ],
    );
    let url = format!("https://{authority}{target}");
    let nginx = ask("GET", PATH, &[("x-original-method", method), ("x-original-url", &url)]);
    let envoy = ask(method, &format!("{PATH}{target}"), &[("host", authority)]);
    for (name, read) in [("forwarded", &forwarded), ("nginx", &nginx), ("Envoy", &envoy)] {
        // nginx writes host and target in one, and Envoy asks as it was asked, without what no request line has.
        let is_another = match name {
            "nginx" => authority.contains('/') || !target.starts_with('/'),
            "Envoy" => !target.starts_with('/') || target.contains('#'),
            _ => false,
        };
        if let (Some(Ok(read)), false) = (read, is_another) {
            let said = said.as_ref().unwrap_or_else(|_| panic!("only {name} understands {url:?}"));
            assert_eq!((&read.host, &read.target, &read.method), (&said.host, &said.target, &said.method), "{name}");
        }
    }
    if let (Ok(_), Some(read)) = (&said, forwarded) {
        assert!(read.is_ok());
    }
}

/// Reads a question, if there can be one.
fn ask(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Result<Original, wire::Problem>> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Some(Original::of(&request.body(Body::empty()).ok()?))
}

fn no_spelling_of_a_host_is_another(authority: &str) {
    let Some(host) = Host::parse(authority) else { return };
    let name = authority.to_ascii_lowercase();
    let end = if name.starts_with('[') { name.find(']').map_or(name.len(), |at| at + 1) } else { name.len() };
    let (inside, _) = name.split_at(end);
    let name = if inside.starts_with('[') { inside } else { name.split(':').next().unwrap_or_default() };
    let dotted = !name.starts_with('[') && !name.ends_with('.');
    let mut spellings = vec![name.to_ascii_uppercase(), format!("{name}:1"), name.to_owned()];
    if dotted {
        spellings.extend([format!("{name}."), format!("{name}.:65535")]);
    }
    let pattern = HostPattern::parse(name.strip_suffix('.').unwrap_or(name));
    for spelling in spellings {
        let other = Host::parse(&spelling).unwrap_or_else(|| panic!("{spelling} is {authority}"));
        let is_about = |host: &Host| pattern.as_ref().map(|pattern| pattern.fits(host));
        assert!(is_about(&other) == is_about(&host) && is_about(&host) != Some(false), "{spelling}: {authority}");
    }
}

fn no_spelling_of_a_path_is_another(target: &str) {
    let Some(readings) = Readings::of(target) else { return };
    assert!((1..=64).contains(&readings.iter().count()));
    let path = target.split('?').next().unwrap_or_default();
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { panic!("{path} was read") };
    assert_eq!(Readings::of(&encoded(&decoded)), Some(readings), "{path}");
    let Ok(pattern) = PathPattern::parse(&decoded) else { return };
    let upper: String = decoded.chars().flat_map(char::to_uppercase).collect();
    let parameters = |path: &str| format!("{};x=y", encoded(path).replace("/", ";a/").trim_start_matches(";a"));
    for spelling in [
        path.to_owned(),
        format!("{path}?/other"),
        format!("{path}%3Fx"),
        format!("{path}%23/x"),
        encoded(&decoded),
        encoded(&upper),
        path.replace('/', "//"),
        parameters(&decoded),
        parameters(&upper).replace('/', "///"),
    ] {
        // What cannot be read is refused.
        let found = Readings::of(&spelling).is_none_or(|read| read.iter().any(|reading| pattern.fits(reading)));
        assert!(found, "{spelling:?} is not {decoded:?} any more");
    }
}

/// Returns a path with all encoded that can be.
fn encoded(path: &str) -> String {
    let parts = path.split('/').map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string());
    parts.collect::<Vec<_>>().join("/")
}
