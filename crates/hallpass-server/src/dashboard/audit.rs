//! What happened, the latest first.

use std::collections::VecDeque;

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Event, EventId, EventKind, EventQuery};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::seal::Seal;
use super::search::{self, AGES};
use super::story::{Moment, told};
use super::trail::Trail;
use super::trouble::Trouble;
use crate::html;
use crate::keys::Right;

/// How many events are on a page.
const PAGE: usize = 100;
/// How many pages of the store are read in search of the latest: stores list the oldest first.
const MOST_PAGES: usize = 20;

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/audit.html")]
struct AuditPage {
    frame: Frame,
    seal: Seal,
    trail: Trail,
    /// Which field is wrong, what the page calls it, and what is wrong with it.
    wrong: Option<(String, &'static str, String)>,
    found: Found,
    /// The address of what happened before, if it is not all here.
    older: Option<String>,
    is_later: bool,
    /// What can be asked for: each word, and what it means.
    kinds: Vec<(&'static str, &'static str)>,
}

#[derive(Debug)]
enum Found {
    /// The latest first; and whether there is more than was read.
    Events(Vec<Moment>, bool),
    /// The store keeps none.
    NotKept,
}

impl AuditPage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(name, ..)| name == field).map(|(.., detail)| detail.as_str())
    }
}

/// Returns the kinds that can be asked for: each word, and what it means.
fn kinds() -> Vec<(&'static str, &'static str)> {
    let kept = EventKind::ALL.iter().filter(|kind| !kind.is_refusal());
    kept.map(|kind| (kind.as_str(), told(kind).0)).collect()
}

pub(super) async fn show(operator: Operator, RawQuery(query): RawQuery) -> Result<Response, Trouble> {
    operator.needs(Right::Audit, "read events").await?;
    let fields: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let pairs = || fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let trail = Trail::of(pairs());
    let before = pairs().find(|(name, _)| *name == "before").and_then(|(_, value)| value.parse::<EventId>().ok());
    let mut page = AuditPage {
        frame: Frame::new("Audit", Place::Audit, &operator).await?,
        seal: Seal::read(&operator).await.map_err(hallpass::Error::from)?,
        wrong: None,
        found: Found::Events(Vec::new(), false),
        older: None,
        is_later: before.is_some(),
        kinds: kinds(),
        trail,
    };
    let status = match page.trail.question(operator.now()) {
        Ok(question) => {
            match latest(&operator, question, before).await {
                Err(error) if error.is_unsupported() => page.found = Found::NotKept,
                found => {
                    let Latest { events, has_older, is_cut } = found?;
                    let oldest = events.front().filter(|_| has_older).map(|event| event.id);
                    page.older = oldest.map(|id| format!("/dashboard/audit?{}&before={id}", page.trail.query_string()));
                    let moments = events.iter().rev().map(|event| Moment::of(event, operator.now())).collect();
                    page.found = Found::Events(moments, is_cut);
                }
            }
            StatusCode::OK
        }
        Err(problem) => {
            let field = problem.wrong_field().unwrap_or_default().to_owned();
            let label = search::label(&field).unwrap_or("This search");
            page.wrong = Some((field, label, problem.detail().to_owned()));
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    Ok(html::page(status, &page))
}

/// The latest events, oldest first.
struct Latest {
    events: VecDeque<Event>,
    has_older: bool,
    /// Whether there are later ones that were not read.
    is_cut: bool,
}

async fn latest(
    operator: &Operator,
    mut query: EventQuery,
    before: Option<EventId>,
) -> Result<Latest, hallpass::Error> {
    let mut latest = Latest { events: VecDeque::with_capacity(PAGE), has_older: false, is_cut: false };
    for _ in 0..MOST_PAGES {
        let page = operator.sessions().events(&query).await?;
        for event in page.items {
            if before.is_some_and(|before| event.id >= before) {
                continue;
            }
            if latest.events.len() == PAGE {
                latest.events.pop_front();
                latest.has_older = true;
            }
            latest.events.push_back(event);
        }
        query.after = page.next.and_then(|next| next.event().ok());
        if query.after.is_none() {
            return Ok(latest);
        }
    }
    latest.is_cut = true;
    Ok(latest)
}
