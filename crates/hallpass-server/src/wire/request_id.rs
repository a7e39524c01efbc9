use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use hallpass::{Note, SessionId};

/// The name of a request: what the client calls it, or what was made up here.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Note);

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

impl RequestId {
    /// Reads what the client calls its request, if that can stand in logs and headers as it is.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(HEADER)?.to_str().ok()?;
        let is_plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        Note::new(text).ok().filter(|_| is_plain).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn note(&self) -> Note {
        self.0.clone()
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.as_str()).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names requests that have no name: random for the process, counted within it.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: [u8; 4],
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let [a, b, c, d, ..] = *SessionId::random().as_bytes();
        Self { process: [a, b, c, d], next: AtomicU64::new(1) }
    }

    pub(crate) fn name(&self, headers: &HeaderMap) -> RequestId {
        RequestId::of(headers).unwrap_or_else(|| self.next())
    }

    fn next(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let process = u32::from_be_bytes(self.process);
        let name = Note::new(format!("{process:08x}-{number:010x}"));
        RequestId(name.unwrap_or_else(|_| unreachable!("digits and a dash are a note")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_stand_in_a_log_is_replaced() {
        let ids = RequestIds::new();
        let name = |text: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_bytes(text).expect("a header value"));
            ids.name(&headers).to_string()
        };
        assert_eq!(name(b"abc-1"), "abc-1");
        for bad in [&b""[..], b"two words", b"caf\xc3\xa9", &[b'x'; 129]] {
            assert!(name(bad).contains('-') && name(bad).as_bytes() != bad, "{bad:?}");
        }
        assert_ne!(ids.next().to_string(), ids.next().to_string());
    }
}
