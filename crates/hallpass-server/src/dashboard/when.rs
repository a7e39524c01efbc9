use askama::Template;
use askama::filters::HtmlSafe;
use hallpass::Timestamp;

use crate::html::{ago, span};

/// An instant as pages show it: in UTC, and how far away it is.
#[derive(Debug, Template)]
#[template(
    source = r#"<time datetime="{{ rfc3339 }}"><span class="exact">{{ exact }}</span> <span class="away">{{ away }}</span></time>"#,
    ext = "html"
)]
pub(super) struct When {
    /// For programs.
    rfc3339: String,
    /// For people who compare it with a log.
    exact: String,
    /// For people.
    away: String,
}

/// It is an element of its own.
impl HtmlSafe for When {}

impl When {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        let rfc3339 = at.to_string();
        let exact = rfc3339.get(..19).unwrap_or_default().replace('T', " ");
        let away = if at > now { format!("in {}", span(at.since(now))) } else { ago(now.since(at)) };
        Self { rfc3339, exact, away }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_instant_is_told_in_utc_and_by_its_distance() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let text = |now| When::new(at, now).to_string();
        let time = |away| {
            format!(
                r#"<time datetime="2023-11-14T22:13:20.123Z"><span class="exact">2023-11-14 22:13:20</span> <span class="away">{away}</span></time>"#
            )
        };
        assert_eq!(text(at.plus(Duration::from_mins(1))), time("1 minute ago"));
        assert_eq!(text(at), time("just now"));
        assert_eq!(text(at.minus(Duration::from_secs(90))), time("in 1 min 30 s"));
    }
}
