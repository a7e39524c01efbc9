//! What happened to the session, when, and who did it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Error, Event, EventKind, EventQuery, PageLimit, Record, Sessions};

use super::agent;
use super::page::{Page, Place, html};
use super::trouble::Trouble;
use super::visit::Visit;
use super::words::When;

/// How many pages of events are read at the most: a session that has more is being played with.
const MOST_PAGES: usize = 8;

#[derive(Debug, Template)]
#[template(path = "demo/pages/timeline.html")]
struct TimelinePage {
    page: Page,
    has_session: bool,
    story: Story,
}

#[derive(Debug)]
enum Story {
    /// What happened, the latest first.
    Told(Vec<Moment>),
    /// The store keeps no events.
    NotKept,
}

/// Something that happened.
#[derive(Debug)]
struct Moment {
    kind: String,
    what: &'static str,
    why: Option<String>,
    who: String,
    device: Option<String>,
    when: When,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Trouble> {
    let record = visit.settled().await?;
    let sessions = visit.session.sessions();
    let story = match &record {
        Some(record) => match story(sessions, record).await {
            Err(error) if error.is_unsupported() => Story::NotKept,
            story => Story::Told(story?),
        },
        None => Story::Told(Vec::new()),
    };
    let page = Page::new("Timeline", Place::Timeline, &visit);
    Ok(html(StatusCode::OK, &TimelinePage { page, has_session: record.is_some(), story }))
}

/// Reads what happened to a session and tells it, the latest first.
async fn story(sessions: &Sessions, record: &Record) -> Result<Vec<Moment>, Error> {
    let mut query = EventQuery::of_session(record.realm.clone(), record.id);
    query.limit = PageLimit::MOST;
    let mut moments = Vec::new();
    let mut has_subject = false;
    for _ in 0..MOST_PAGES {
        let page = sessions.events(&query).await?;
        for event in &page.items {
            moments.push(Moment::of(event, has_subject, sessions));
            has_subject |= event.subject.is_some();
        }
        query.after = page.next.and_then(|next| next.event().ok());
        if query.after.is_none() {
            break;
        }
    }
    moments.reverse();
    Ok(moments)
}

impl Moment {
    /// Tells an event; `had_subject` says whether somebody was signed in before.
    fn of(event: &Event, had_subject: bool, sessions: &Sessions) -> Self {
        let origin = &event.origin;
        let label = origin.user_agent.as_ref().and_then(|user_agent| agent::label(user_agent.as_str()));
        let ip = origin.ip.map(|ip| ip.to_string());
        let device = match (label, ip) {
            (Some(label), Some(ip)) => Some(format!("{label}, {ip}")),
            (label, ip) => label.or(ip),
        };
        let why = match (&event.reason, &event.note) {
            (Some(reason), Some(note)) => Some(format!("{reason}: {note}")),
            (Some(reason), None) => Some(reason.to_string()),
            (None, note) => note.as_ref().map(ToString::to_string),
        };
        Self {
            kind: event.kind.to_string(),
            what: what(event, had_subject),
            why,
            who: who(event.actor.as_str()),
            device,
            when: When::new(event.at, sessions.now()),
        }
    }
}

fn what(event: &Event, had_subject: bool) -> &'static str {
    match &event.kind {
        EventKind::Created if event.subject.is_some() => "Signed in: the session began",
        EventKind::Created => "The session began, with nobody signed in",
        EventKind::ImpersonationStarted => "Somebody began to act as this user",
        EventKind::Authenticated if had_subject => "Proved again who it is: new chain of tokens",
        EventKind::Authenticated => "Signed in: new chain of tokens",
        EventKind::Renewed => "The token was renewed",
        EventKind::Rechained => "A new chain of tokens was started",
        EventKind::Expired => "The session ran out of time",
        EventKind::Revoked => "The session was ended",
        EventKind::Replayed => "A spent token came back: the session was ended as stolen",
        EventKind::DataChanged => "What is kept here was changed by an application",
        _ => "Something else happened",
    }
}

fn who(actor: &str) -> String {
    match actor {
        "user" => "you".to_owned(),
        "policy" => "the policy".to_owned(),
        other => other.replacen(':', " ", 1),
    }
}
