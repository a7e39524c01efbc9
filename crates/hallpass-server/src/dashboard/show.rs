//! A session: its facts, what is left of it or what ended it, and what happened to it.

use std::collections::VecDeque;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Error, Event, EventKind, EventQuery, PageLimit, Record};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::row::Row;
use super::story::Moment;
use super::trouble::Trouble;
use super::when::When;
use crate::html::{self, span};
use crate::keys::Right;
use crate::view::{Ending, SessionView};
use crate::wire::{PathId, Problem};

/// How many events are shown: the latest.
const SHOWN: usize = 200;
/// How many pages of events are read at the most: a session that has more is being played with.
const MOST_PAGES: usize = 8;

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/session.html")]
struct SessionPage {
    frame: Frame,
    row: Row,
    user_agent: Option<String>,
    authenticated: Option<When>,
    left: Option<Left>,
    end: Option<End>,
    version: u64,
    story: Story,
}

/// What is left of a session that goes on.
#[derive(Debug)]
struct Left {
    idle: When,
    absolute: When,
    idle_seconds: u64,
    idle_of: u64,
    absolute_seconds: u64,
    absolute_of: u64,
    generation: u32,
    renewed: When,
    /// Whether it locks when it is unused, instead of ending.
    locks: bool,
}

/// What ended a session.
#[derive(Debug)]
struct End {
    at: When,
    reason: String,
    /// What it means.
    text: String,
    clock: Option<&'static str>,
    policy: String,
    actor: String,
    request_id: Option<String>,
    /// What was asked for, and from where, as far as it is known.
    came: String,
    note: Option<String>,
}

#[derive(Debug)]
enum Story {
    Told(Vec<Moment>, usize),
    /// The store keeps no events.
    NotKept,
    /// The role may not read them.
    NotAllowed,
}

impl SessionPage {
    fn renewals(&self) -> usize {
        match &self.story {
            Story::Told(moments, _) => moments.iter().filter(|moment| moment.kind == "renewed").count(),
            _ => 0,
        }
    }
}

pub(super) async fn show(operator: Operator, id: Result<PathId, Problem>) -> Result<Response, Trouble> {
    let PathId(id) = id.map_err(|_| Trouble::no_session())?;
    let sessions = operator.sessions();
    let record = sessions.find(&id).await?.ok_or_else(Trouble::no_session)?;
    let events = if operator.may(Right::Audit) { Some(events(&operator, &record).await) } else { None };
    let (story, end_event) = match events {
        None => (Story::NotAllowed, None),
        Some(Err(error)) if error.is_unsupported() => (Story::NotKept, None),
        Some(events) => {
            let (events, left_out) = events?;
            let moments = events.iter().rev().map(|event| Moment::of(event, sessions.now())).collect();
            let is_end =
                |event: &&Event| matches!(event.kind, EventKind::Expired | EventKind::Revoked | EventKind::Replayed);
            let end = events.iter().rev().find(is_end).cloned();
            (Story::Told(moments, left_out), end)
        }
    };
    let page = SessionPage {
        row: Row::of(sessions, &record),
        user_agent: record.client.user_agent.as_ref().map(ToString::to_string),
        authenticated: record.authenticated_at.map(|at| When::new(at, sessions.now())),
        left: Left::of(&operator, &record),
        end: Ending::of(sessions, &record, end_event.as_ref()).map(|ending| End::of(ending, &operator)),
        version: record.version.number(),
        story,
        frame: Frame::new("Session", Place::Sessions, &operator).await?,
    };
    Ok(html::page(StatusCode::OK, &page))
}

/// Returns the latest events of a session, oldest first, and how many there were before them.
async fn events(operator: &Operator, record: &Record) -> Result<(VecDeque<Event>, usize), Error> {
    let mut query = EventQuery::of_session(record.realm.clone(), record.id);
    query.limit = PageLimit::MOST;
    let (mut latest, mut left_out) = (VecDeque::new(), 0);
    for _ in 0..MOST_PAGES {
        let page = operator.sessions().events(&query).await?;
        for event in page.items {
            if latest.len() == SHOWN {
                latest.pop_front();
                left_out += 1;
            }
            latest.push_back(event);
        }
        query.after = page.next.and_then(|next| next.event().ok());
        if query.after.is_none() {
            break;
        }
    }
    Ok((latest, left_out))
}

impl Left {
    fn of(operator: &Operator, record: &Record) -> Option<Self> {
        let (sessions, now) = (operator.sessions(), operator.now());
        let view = SessionView::of(sessions, record);
        let (idle, absolute) = (view.idle_expires_at?, view.expires_at?);
        let began = record.authenticated_at.unwrap_or(record.created_at);
        let policy = sessions.policy(&record.profile);
        Some(Self {
            idle: When::new(idle, now),
            absolute: When::new(absolute, now),
            idle_seconds: idle.since(now).as_secs(),
            idle_of: idle.since(record.seen_at).as_secs().max(1),
            absolute_seconds: absolute.since(now).as_secs(),
            absolute_of: absolute.since(began).as_secs().max(1),
            generation: view.generation?,
            renewed: When::new(view.renewed_at?, now),
            locks: policy.terms().locks,
        })
    }
}

impl End {
    fn of(ending: Ending<'_>, operator: &Operator) -> Self {
        let Ending { at, reason, clock, policy, actor, request_id, route, ip, note } = ending;
        let length = |seconds| span(std::time::Duration::from_secs(seconds));
        let text = match reason {
            hallpass::EndReason::Logout => "Its user logged out.".to_owned(),
            hallpass::EndReason::Revoked => "An operator or an application ended it.".to_owned(),
            hallpass::EndReason::Idle => {
                format!("It was unused for longer than {}, the idle timeout of its policy.", length(policy.idle))
            }
            hallpass::EndReason::Absolute => {
                format!("Its lifetime of {} was over, the absolute timeout of its policy.", length(policy.absolute))
            }
            hallpass::EndReason::Replayed => {
                "A token that was replaced long ago was shown again: two parties held it.".to_owned()
            }
            hallpass::EndReason::Replaced => "Somebody else signed in in the same browser.".to_owned(),
            hallpass::EndReason::Evicted => "Its user signed in more often than the policy allows.".to_owned(),
            hallpass::EndReason::Exhausted => "It had used up all tokens that it could have.".to_owned(),
            _ => "A newer version of hallpass ended it, for a reason that this one has no words for.".to_owned(),
        };
        Self {
            at: When::new(at, operator.now()),
            reason: reason.to_string(),
            text,
            clock,
            policy: format!("{}: idle {}, absolute {}", policy.profile, length(policy.idle), length(policy.absolute)),
            actor: actor.to_string(),
            request_id,
            came: route.into_iter().chain(ip.map(|ip| format!("from {ip}"))).collect::<Vec<_>>().join(" "),
            note,
        }
    }
}
