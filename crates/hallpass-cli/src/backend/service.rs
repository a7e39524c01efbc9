use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use hallpass::{Event, EventId, Note, SessionId, Subject, Swept, Timestamp};
use hallpass_server::keys::{ApiKeyInfo, KeyName, Role};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::http::Connection;
use super::sse::Reader;
use super::{Ask, Backend, Follow, KeyText, Part, Reached};
use crate::args::Filter;
use crate::failure::Failure;
use crate::view::SessionView;

/// How many items a page has: the most that the service gives.
const PAGE: &str = "1000";

/// How long a stream of events may be silent. The service says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// A running service.
#[derive(Debug)]
pub(super) struct Service(Connection);

impl Service {
    /// Returns the service behind a connection.
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

#[async_trait]
impl Backend for Service {
    async fn sessions(&self, ask: &Ask, after: Option<&str>) -> Result<Part<SessionView>, Failure> {
        let states: Vec<_> = ask.states.iter().map(|state| state.as_str()).collect();
        let request = self.0.request(Method::GET, &["v1", "sessions"]).query(&FilterKeys::of(&ask.filter));
        let request = request.query(&[("limit", PAGE)]).query(&after.map(|after| [("cursor", after)]));
        let request = if states.is_empty() { request } else { request.query(&[("state", states.join(","))]) };
        let Items { items, next } = self.0.must(request, "list sessions").await?;
        Ok(Part { items, next })
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionView>, Failure> {
        self.0.ask(self.0.request(Method::GET, &["v1", "sessions", &id.to_string()])).await
    }

    async fn timeline(&self, id: &SessionId) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = self.0.request(Method::GET, &["v1", "sessions", &id.to_string(), "timeline"]);
            let request = request.query(&[("limit", PAGE)]).query(&cursor.map(|cursor| [("cursor", cursor)]));
            let Some(Items { items, next }) = self.0.ask(request).await? else { return Ok(events) };
            events.extend(items);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(events),
            }
        }
    }

    async fn follow(
        &self,
        follow: &Follow,
        after: Option<EventId>,
    ) -> Result<BoxStream<'static, Result<Event, Failure>>, Failure> {
        let Follow { subject, session, kind } = follow;
        let request = self.0.request(Method::GET, &["v1", "events", "stream"]).header(ACCEPT, "text/event-stream");
        let request = request.query(&subject.as_ref().map(|subject| [("subject", subject)]));
        let request = request.query(&session.map(|session| [("session", session)]));
        let mut request = request.query(&kind.as_ref().map(|kind| [("kind", kind.as_str())]));
        if let Some(after) = after {
            request = request.header(HeaderName::from_static("last-event-id"), after.to_string());
        }
        let response = self.0.send(request).await?.ok_or_else(|| self.0.unable("be followed"))?;
        let lost = Failure::passing("the connection to the service was lost");
        let state = (response, Reader::default(), VecDeque::new(), Some(lost));
        let events = stream::unfold(state, |(mut response, mut reader, mut read, mut lost)| async move {
            loop {
                if let Some(event) = read.pop_front() {
                    return Some((event, (response, reader, read, lost)));
                }
                let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
                match chunk {
                    Ok(Ok(Some(chunk))) => match reader.feed(&chunk) {
                        Ok(messages) => read.extend(messages.iter().filter(|m| !m.data.is_empty()).map(event)),
                        Err(failure) => read.push_back(Err(failure)),
                    },
                    _ => return lost.take().map(|lost| (Err(lost), (response, reader, read, None))),
                }
            }
        });
        Ok(events.boxed())
    }

    async fn revoke(&self, id: &SessionId, note: Option<&Note>) -> Result<Option<bool>, Failure> {
        let request = self.0.request(Method::POST, &["v1", "sessions", &id.to_string(), "revoke"]);
        let answer: Option<Revoked> = self.0.ask(request.json(&json!({ "reason": note }))).await?;
        Ok(answer.map(|answer| answer.revoked > 0))
    }

    async fn revoke_subject(
        &self,
        subject: &Subject,
        except: Option<&SessionId>,
        note: Option<&Note>,
    ) -> Result<u64, Failure> {
        let request = self.0.request(Method::POST, &["v1", "subjects", subject.as_str(), "revoke"]);
        let mut body = json!({ "reason": note });
        if let Some(except) = except {
            body["except"] = json!(except);
        }
        let Revoked { revoked, .. } = self.0.must(request.json(&body), "revoke by subject").await?;
        Ok(revoked)
    }

    async fn revoke_matching(
        &self,
        filter: &Filter,
        note: Option<&Note>,
        reached: &mut (dyn FnMut(Reached) + Send),
    ) -> Result<Reached, Failure> {
        let request = self.0.request(Method::POST, &["v1", "revoke"]);
        let body = json!({ "filter": FilterKeys::of(filter), "reason": note });
        let Revoked { matched, revoked } = self.0.must(request.json(&body), "revoke by filter").await?;
        reached(Reached { matched, revoked });
        Ok(Reached { matched, revoked })
    }

    async fn sweep(&self, limit: NonZeroUsize) -> Result<Swept, Failure> {
        let request = self.0.request(Method::POST, &["v1", "sweep"]);
        let SweptKeys { expired, forgotten } = self.0.must(request.json(&json!({ "limit": limit })), "sweep").await?;
        Ok(Swept { expired, forgotten })
    }

    async fn create_key(&self, name: KeyName, role: Role) -> Result<(ApiKeyInfo, KeyText), Failure> {
        let request = self.0.request(Method::POST, &["v1", "keys"]).json(&json!({ "name": name, "role": role }));
        let Made { info, key } = self.0.must(request, "make keys").await?;
        Ok((info, KeyText::new(key)))
    }

    async fn keys(&self) -> Result<Vec<ApiKeyInfo>, Failure> {
        let Items { items, .. } = self.0.must(self.0.request(Method::GET, &["v1", "keys"]), "list keys").await?;
        Ok(items)
    }

    async fn revoke_key(&self, id: &str) -> Result<(), Failure> {
        let request = self.0.request(Method::POST, &["v1", "keys", id, "revoke"]);
        let gone = || Failure::refused("there is no such key").hint("`hallpass keys list` shows them");
        self.0.send(request).await?.map(drop).ok_or_else(gone)
    }
}

#[derive(Debug, Deserialize)]
struct SweptKeys {
    expired: usize,
    forgotten: usize,
}

#[derive(Deserialize)]
struct Made {
    #[serde(flatten)]
    info: ApiKeyInfo,
    key: String,
}

/// Reads one event of the stream.
fn event(message: &super::sse::Message) -> Result<Event, Failure> {
    serde_json::from_str(&message.data)
        .map_err(|error| Failure::new("the service sends events that this version cannot read").because(error))
}

#[derive(Debug, Deserialize)]
struct Revoked {
    #[serde(default)]
    matched: u64,
    revoked: u64,
}

#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// The keys of a filter, as the listing's query and the revocation's body have them.
#[derive(Debug, Serialize)]
struct FilterKeys<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
}

impl<'a> FilterKeys<'a> {
    fn of(filter: &'a Filter) -> Self {
        Self {
            subject: filter.subject.as_ref(),
            ip: filter.ip.map(|range| range.to_string()),
            user_agent: filter.user_agent.as_deref(),
            created_after: filter.created_after,
            seen_before: filter.seen_before,
            level: filter.level.map(hallpass::Level::number),
            profile: filter.profile.as_ref().map(hallpass::Profile::as_str),
        }
    }
}
