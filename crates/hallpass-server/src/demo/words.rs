//! Times in words.

use askama::Template;
use askama::filters::HtmlSafe;
use hallpass::Timestamp;

use crate::html::{ago, span};

/// An instant as pages show it.
#[derive(Debug, Template)]
#[template(source = r#"<time datetime="{{ rfc3339 }}" title="{{ exact }}">{{ ago }}</time>"#, ext = "html")]
pub(super) struct When {
    /// For programs.
    rfc3339: String,
    /// For people, on demand.
    exact: String,
    /// For people.
    ago: String,
}

/// It is an element of its own.
impl HtmlSafe for When {}

impl When {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        let rfc3339 = at.to_string();
        let exact = format!("{} UTC", rfc3339.get(..19).unwrap_or_default().replace('T', " "));
        Self { rfc3339, exact, ago: ago(now.since(at)) }
    }
}

/// What is left of a timeout.
#[derive(Debug)]
pub(super) struct Left {
    /// Seconds until it is over.
    pub(super) seconds: u64,
    /// Seconds that it lasts from beginning to end.
    pub(super) of: u64,
    pub(super) words: String,
}

impl Left {
    pub(super) fn new(begins: Timestamp, ends: Timestamp, now: Timestamp) -> Self {
        let left = ends.since(now);
        Self { seconds: left.as_secs(), of: ends.since(begins).as_secs().max(1), words: span(left) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_instant_is_told_exactly_and_roughly() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let when = When::new(at, at.plus(Duration::from_secs(61)));
        assert_eq!(
            when.to_string(),
            r#"<time datetime="2023-11-14T22:13:20.123Z" title="2023-11-14 22:13:20 UTC">1 minute ago</time>"#
        );
    }
}
