//! Events to take away, as JSON lines, oldest first.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use hallpass::{Error, Event, EventKind, EventQuery, Note};

use super::Desk;
use super::operator::Operator;
use super::trail::Trail;
use super::trouble::Trouble;
use crate::keys::{KeyHolder, Right};

/// What is still to be written.
struct Rest {
    desk: Arc<Desk>,
    holder: Arc<KeyHolder>,
    query: EventQuery,
    first: Option<Vec<Event>>,
    is_over: bool,
}

pub(super) async fn export(operator: Operator, RawQuery(query): RawQuery) -> Result<Response, Trouble> {
    operator.needs(Right::Audit, "take out events").await?;
    let fields: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let trail = Trail::of(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut query = trail.question(operator.now())?;
    // Asked once before anything is written, so that a store without events is a page and no empty file.
    let first = operator.sessions().events(&query).await?;
    query.after = first.next.as_ref().and_then(|next| next.event().ok());
    // Before the first line is given: where the policy says so, nothing is given whose event cannot be kept.
    let mut event = Event::new(EventKind::AuditExported, operator.sessions().realm().clone(), operator.now());
    let caller = operator.caller();
    (event.actor, event.origin) = (caller.actor, caller.origin);
    event.note = Note::lossy(&format!("events: {}", trail.query_string()));
    operator.desk.app.actions.keep(operator.sessions(), event).await?;
    let rest = Rest {
        desk: Arc::clone(&operator.desk),
        holder: Arc::clone(&operator.holder),
        is_over: query.after.is_none(),
        query,
        first: Some(first.items),
    };
    let name = format!("attachment; filename=\"hallpass-events-{}.jsonl\"", operator.sessions().realm());
    let headers = [(header::CONTENT_TYPE, "application/jsonl".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let body = Body::from_stream(stream::try_unfold(rest, |mut rest| async move {
        Ok::<_, Error>(rest.page().await?.map(|page| (page, rest)))
    }));
    Ok((headers, body).into_response())
}

impl Rest {
    /// Returns the lines of the next page. A key that was revoked meanwhile breaks the file off, which its reader notices.
    async fn page(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(first) = self.first.take() {
            return Ok(Some(lines(&first)));
        }
        if self.is_over {
            return Ok(None);
        }
        if !self.desk.app.ring.knows(&self.holder).await? {
            return Err(hallpass::StoreError::unavailable("the key was revoked").into());
        }
        let page = self.holder.sessions.events(&self.query).await?;
        self.query.after = page.next.as_ref().and_then(|next| next.event().ok());
        self.is_over = self.query.after.is_none();
        Ok(Some(lines(&page.items)))
    }
}

fn lines(events: &[Event]) -> Bytes {
    let mut bytes = Vec::with_capacity(events.len() * 256);
    for event in events {
        if serde_json::to_writer(&mut bytes, event).is_ok() {
            bytes.push(b'\n');
        }
    }
    bytes.into()
}
