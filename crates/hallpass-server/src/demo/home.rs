//! The session itself: what is kept in it, its token, its time.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Level, Record, Sessions};

use super::page::{Page, Place, html};
use super::people::{PEOPLE, Person, Who};
use super::token::TokenCard;
use super::trouble::Trouble;
use super::visit::Visit;
use super::words::{Left, When};
use super::{keep, token};
use crate::html::span;

#[derive(Debug, Template)]
#[template(path = "demo/pages/home.html")]
struct HomePage {
    page: Page,
    people: &'static [Person],
    pass: Option<Pass>,
    kept: keep::Kept,
    token: Option<TokenCard>,
    time: Option<TimeCard>,
    /// Who has to say that they are still there.
    locked: Option<Who>,
    /// Whether the browser showed a token that opens nothing.
    is_refused: bool,
    /// Whether sessions outlive the service.
    is_durable: bool,
}

/// What the session says of its bearer.
#[derive(Debug)]
struct Pass {
    id: String,
    authenticated: Option<When>,
    level: u8,
    methods: String,
    is_remembered: bool,
}

/// What is left of the session, and the policy that says so.
#[derive(Debug)]
struct TimeCard {
    idle: Left,
    absolute: Left,
    profile: String,
    idle_words: String,
    absolute_words: String,
    renewal_words: String,
    grace_words: String,
    fresh_words: String,
}

impl HomePage {
    /// Whether there are others to sign in as, and to sign in at all.
    fn is_anonymous(&self) -> bool {
        self.page.who.is_none()
    }

    fn is_me(&self, person: &Person) -> bool {
        self.page.who.as_ref().is_some_and(|who| who.key == person.key)
    }

    fn has_second_factor(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| pass.level >= Level::TWO_FACTORS.number())
    }
}

pub(super) async fn show(visit: Visit) -> Result<Response, Trouble> {
    let record = visit.settled().await?;
    let kept = keep::Kept::of(&visit.session)?;
    let last = token::last_renewal(&visit.session)?;
    let (sessions, now) = (visit.session.sessions(), visit.now());
    let title = if visit.session.subject().is_some() { "Your session" } else { "Sessions you can see" };
    let page = HomePage {
        people: &PEOPLE,
        pass: record.as_ref().map(|record| Pass {
            id: record.id.to_string(),
            authenticated: record.authenticated_at.map(|at| When::new(at, now)),
            level: record.level.number(),
            methods: record.methods.iter().map(hallpass::Method::as_str).collect::<Vec<_>>().join(", "),
            is_remembered: sessions.policy(&record.profile).is_persistent(),
        }),
        token: record.as_ref().and_then(|record| TokenCard::of(record, &visit, last)),
        time: record.as_ref().map(|record| TimeCard::of(record, sessions)),
        locked: visit.session.locked_subject().as_ref().map(Who::from),
        is_refused: visit.is_refused,
        is_durable: sessions.capabilities().durable,
        kept,
        page: Page::new(title, Place::Home, &visit),
    };
    Ok(html(StatusCode::OK, &page))
}

impl TimeCard {
    fn of(record: &Record, sessions: &Sessions) -> Self {
        let (policy, now) = (sessions.policy(&record.profile), sessions.now());
        let deadlines = policy.deadlines(record);
        let begins = record.authenticated_at.unwrap_or(record.created_at);
        let absolute = if record.subject.is_some() { policy.absolute() } else { policy.anonymous() };
        Self {
            idle: Left::new(record.seen_at, deadlines.idle, now),
            absolute: Left::new(begins, deadlines.absolute, now),
            profile: record.profile.to_string(),
            idle_words: span(policy.idle()),
            absolute_words: span(absolute),
            renewal_words: span(policy.renewal()),
            grace_words: span(policy.grace().grace),
            fresh_words: span(policy.fresh()),
        }
    }
}
