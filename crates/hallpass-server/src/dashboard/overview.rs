//! What happens now: counters, each with a chart of the last quarter of an hour, and whether the service is well.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::Response;

use super::census::Count;
use super::chart::{Chart, HEIGHT, WIDTH};
use super::frame::{Frame, Place};
use super::operator::Operator;
use super::trouble::Trouble;
use crate::html::{self, span};
use crate::metrics::{History, Sample, Totals, delay};

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/overview.html")]
struct OverviewPage {
    frame: Frame,
    live: Live,
}

/// The part of the page that is shown anew every few seconds.
#[derive(Debug, Template)]
#[template(path = "dashboard/pages/live.html")]
struct Live {
    /// When it was, in UTC.
    at: String,
    /// What is not well, if anything is.
    unready: Option<&'static str>,
    cards: Vec<Card>,
    minutes: Vec<Minute>,
}

/// It is a part of a page.
impl HtmlSafe for Live {}

/// One thing that is watched.
#[derive(Debug)]
struct Card {
    name: &'static str,
    value: String,
    /// What the value counts.
    about: String,
    chart: Chart,
    /// The top of the chart's scale.
    scale: String,
    is_alarm: bool,
}

/// A minute in numbers, for those who cannot use the charts.
#[derive(Debug)]
struct Minute {
    label: String,
    totals: Totals,
    wait: String,
}

pub(super) async fn show(operator: Operator) -> Result<Response, Trouble> {
    let live = Live::now(&operator).await;
    let frame = Frame::new("Overview", Place::Overview, &operator).await?;
    Ok(html::page(StatusCode::OK, &OverviewPage { frame, live }))
}

/// Shows the live part alone, to a page that asks by itself: that is no use of the operator's session.
pub(super) async fn live(operator: Operator) -> Response {
    operator.session.leave_untouched();
    html::page(StatusCode::OK, &Live::now(&operator).await)
}

impl Live {
    async fn now(operator: &Operator) -> Self {
        let app = &operator.desk.app;
        let unready = app.readiness.check(app).await.err().map(crate::health::Unready::detail);
        let counts = match unready {
            // Whoever cannot be asked is not asked; the page shows the rest.
            Some(_) => Err("the store is away"),
            None => operator.desk.census.of(operator.sessions()).await.map_err(|_| "this store lists none"),
        };
        let steps = app.metrics.history.steps();
        Self {
            at: operator.now().to_string().get(..19).unwrap_or_default().replace('T', " "),
            unready,
            cards: cards(operator, counts.as_deref(), &steps),
            minutes: minutes(&steps),
        }
    }
}

fn cards(operator: &Operator, counts: Result<&[Count], &&'static str>, steps: &[Sample]) -> Vec<Card> {
    let app = &operator.desk.app;
    let window = sum(steps);
    let last_minute = sum(&steps[steps.len().saturating_sub(12)..]);
    let counter = |name, about: &str, of: fn(&Totals) -> u64, is_alarm: bool| {
        let values: Vec<_> = steps.iter().map(|sample| Some(number(of(&sample.step)))).collect();
        let chart = Chart::of(&values, History::STEPS);
        let value = of(&window);
        Card {
            name,
            value: grouped(value),
            about: about.to_owned(),
            scale: format!("most in 5 s: {}", chart.most),
            chart,
            is_alarm: is_alarm && value > 0,
        }
    };
    let waits: Vec<_> = steps.iter().map(|sample| sample.step.wait(0.99)).collect();
    let delays: Vec<_> = steps.iter().map(|sample| sample.delay).collect();
    let (wait_chart, delay_chart) = (Chart::of(&waits, History::STEPS), Chart::of(&delays, History::STEPS));
    let bound = operator.sessions().revocation_bound();
    vec![
        active(counts),
        counter("Created", "sessions made in 15 min", |totals| totals.created, false),
        counter("Renewed", "next tokens on schedule in 15 min", |totals| totals.renewed, false),
        counter("Ended", "by somebody or by time in 15 min", |totals| totals.ended, false),
        counter("Verified", "good tokens shown to /v1/verify in 15 min", |totals| totals.verified, false),
        counter("Refused", "wrong, spent and unknown tokens in 15 min", |totals| totals.refused, false),
        counter("Replays", "sessions ended as stolen in 15 min", |totals| totals.replayed, true),
        Card {
            name: "Revocation delay",
            value: delay(app).map_or_else(|| "unknown".to_owned(), seconds),
            about: if bound.is_zero() {
                "a token is dead at once".to_owned()
            } else {
                format!("never more than {}", span(bound))
            },
            scale: format!("most: {}", seconds(delay_chart.most)),
            chart: delay_chart,
            is_alarm: delay(app).is_none(),
        },
        Card {
            name: "Store latency",
            value: last_minute.wait(0.99).map_or_else(|| "–".to_owned(), |wait| format!("≤ {}", seconds(wait))),
            about: match last_minute.wait(0.5) {
                Some(half) => format!("99 of 100 answers in the last minute; half of them ≤ {}", seconds(half)),
                None => "nobody asked the store in the last minute".to_owned(),
            },
            scale: format!("slowest: {}", seconds(wait_chart.most)),
            chart: wait_chart,
            is_alarm: false,
        },
    ]
}

fn active(counts: Result<&[Count], &&'static str>) -> Card {
    let values: Vec<_> = counts.unwrap_or_default().iter().map(|count| Some(number(count.usable))).collect();
    let (value, about) = match counts.map(<[Count]>::last) {
        Ok(Some(count)) if count.is_more => (format!("{}+", grouped(Count::MOST)), "usable sessions of this realm"),
        Ok(Some(count)) => (grouped(count.usable), "usable sessions of this realm"),
        Ok(None) => ("–".to_owned(), "not counted yet"),
        Err(why) => ("–".to_owned(), *why),
    };
    let chart = Chart::of(&values, 90);
    let scale = format!("most seen: {}", chart.most);
    Card { name: "Active", value, about: about.to_owned(), chart, scale, is_alarm: false }
}

/// Adds up the last 15 minutes, the latest first.
fn minutes(steps: &[Sample]) -> Vec<Minute> {
    let each = usize::try_from(60 / History::STEP.as_secs()).unwrap_or(1);
    let minute = |(place, steps): (usize, &[Sample])| {
        let totals = sum(steps);
        let label = if place == 0 { "the last minute".to_owned() } else { format!("{place} min before") };
        Minute { label, totals, wait: totals.wait(0.99).map_or_else(|| "–".to_owned(), seconds) }
    };
    steps.rchunks(each).enumerate().map(minute).collect()
}

fn sum(steps: &[Sample]) -> Totals {
    steps.iter().fold(Totals::default(), |sum, sample| sum.plus(&sample.step))
}

#[allow(clippy::cast_precision_loss)] // a chart has 48 lines
fn number(count: u64) -> f64 {
    count as f64
}

/// Returns a number with a thin space between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Returns a length of time in the unit in which people read it.
fn seconds(seconds: f64) -> String {
    if seconds == 0.0 {
        "0 s".to_owned()
    } else if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        for (count, expected) in
            [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(grouped(count), expected);
        }
        for (length, expected) in [(0.0, "0 s"), (0.000_05, "50 µs"), (0.002_5, "2.5 ms"), (1.5, "1.5 s")] {
            assert_eq!(seconds(length), expected);
        }
    }

    #[test]
    fn minutes_are_made_of_whole_steps_from_the_latest_on() {
        let of = |created| Sample { step: Totals { created, ..Totals::default() }, delay: None };
        let steps: Vec<_> = (1..=13).map(of).collect();
        let told: Vec<_> = minutes(&steps).into_iter().map(|minute| (minute.label, minute.totals.created)).collect();
        assert_eq!(told, [("the last minute".to_owned(), 90), ("1 min before".to_owned(), 1)]);
    }
}
