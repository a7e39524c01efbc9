use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use hallpass::audit::{Entry, PublicAuditKey};
use hallpass::{Event, EventId, Note, Realm, SessionId, Subject, Swept, Timestamp};
use hallpass_server::audit::AuditState;
use hallpass_server::keys::{ApiKeyInfo, KeyName, Role};
use hallpass_server::{RemovedSigningKey, SigningKeyInfo};
use reqwest::header::{ACCEPT, HeaderName};
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::http::Connection;
use super::sse::Reader;
use super::{Ask, Backend, Follow, KeyText, Part, Purpose, Reached, unknown};
use crate::args::Filter;
use crate::failure::Failure;
use crate::view::{Explained, SessionView};

/// How many items a page has: the most that the service gives.
const PAGE: &str = "1000";

/// How long a stream of events may be silent. The service says something every 15 seconds.
const SILENCE: Duration = Duration::from_mins(1);

/// How many sessions one request ends, so that somebody who waits sees it move.
const BATCH: u32 = 500;

/// A running service.
#[derive(Debug)]
pub(super) struct Service {
    connection: Connection,
    realm: Option<Realm>,
}

impl Service {
    /// Returns the service behind a connection, for somebody who named a realm or did not.
    pub(super) fn new(connection: Connection, realm: Option<Realm>) -> Self {
        Self { connection, realm }
    }

    /// Returns a request about sessions: of the realm of the API key, and of no other.
    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Failure> {
        match &self.realm {
            None => Ok(self.connection.request(method, path)),
            Some(realm) => {
                Err(Failure::new(format!("over a service the API key decides the realm, not --realm {realm}"))
                    .hint("take a key of that realm (`hallpass keys create --realm` makes one), or --store"))
            }
        }
    }
}

#[async_trait]
impl Backend for Service {
    async fn sessions(&self, ask: &Ask, after: Option<&str>) -> Result<Part<SessionView>, Failure> {
        let states: Vec<_> = ask.states.iter().map(|state| state.meant().as_str()).collect();
        let request = self.request(Method::GET, &["v1", "sessions"])?.query(&FilterKeys::of(&ask.filter));
        let request = request.query(&[("limit", PAGE)]).query(&after.map(|after| [("cursor", after)]));
        let request = if states.is_empty() { request } else { request.query(&[("state", states.join(","))]) };
        let Items { items, next } = self.connection.must(request, "list sessions").await?;
        Ok(Part { items, next })
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionView>, Failure> {
        self.connection.ask(self.request(Method::GET, &["v1", "sessions", &id.to_string()])?).await
    }

    async fn timeline(&self, id: &SessionId) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = self.request(Method::GET, &["v1", "sessions", &id.to_string(), "timeline"])?;
            let request = request.query(&[("limit", PAGE)]).query(&cursor.map(|cursor| [("cursor", cursor)]));
            let Some(Items { items, next }) = self.connection.ask(request).await? else { return Ok(events) };
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
        let request = self.request(Method::GET, &["v1", "events", "stream"])?.header(ACCEPT, "text/event-stream");
        let request = request.query(&subject.as_ref().map(|subject| [("subject", subject)]));
        let request = request.query(&session.map(|session| [("session", session)]));
        let mut request = request.query(&kind.as_ref().map(|kind| [("kind", kind.as_str())]));
        if let Some(after) = after {
            request = request.header(HeaderName::from_static("last-event-id"), after.to_string());
        }
        let response = self.connection.open(request, "be followed").await?;
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

    async fn events(&self, follow: &Follow, after: Option<EventId>) -> Result<Part<Event>, Failure> {
        let Follow { subject, session, kind } = follow;
        let request = self.request(Method::GET, &["v1", "events"])?.query(&[("limit", PAGE)]);
        let request = request.query(&subject.as_ref().map(|subject| [("subject", subject)]));
        let request = request.query(&session.map(|session| [("session", session)]));
        let request = request.query(&kind.as_ref().map(|kind| [("kind", kind.as_str())]));
        let request = request.query(&after.map(|after| [("after", after.to_string())]));
        let Items { items, next } = self.connection.must(request, "list events").await?;
        Ok(Part { items, next })
    }

    async fn audit_state(&self) -> Result<AuditState, Failure> {
        let request = self.connection.request(Method::GET, &["v1", "audit", "checkpoint"]);
        self.connection.must(request, "show its audit trail").await
    }

    async fn trail(&self, from: u64, purpose: Purpose) -> Result<BoxStream<'static, Result<String, Failure>>, Failure> {
        let purpose = match purpose {
            Purpose::Export => "export",
            Purpose::Verify => "verify",
        };
        let request = self.connection.request(Method::GET, &["v1", "audit", "export"]);
        let request = request.query(&[("from", from.to_string()), ("purpose", purpose.to_owned())]);
        let response = self.connection.open(request, "export its audit trail").await?;
        let lost = || Failure::passing("the connection to the service was lost before the end of the trail");
        // A character may be cut in two by the way.
        let texts = stream::try_unfold((response, Vec::new()), move |(mut response, mut rest)| async move {
            let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
            let chunk = chunk.map_err(|_| lost())?.map_err(|error| lost().because(error.without_url()))?;
            let Some(chunk) = chunk else {
                return if rest.is_empty() { Ok(None) } else { Err(lost()) };
            };
            rest.extend_from_slice(&chunk);
            if rest.len() > Entry::LONGEST * 1024 {
                return Err(Failure::new("the service sends lines that are too long for an audit trail"));
            }
            let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let whole: Vec<u8> = rest.drain(..end).collect();
            let text = String::from_utf8(whole).map_err(|_| Failure::new("the service sends what is no text"))?;
            Ok(Some((text, (response, rest))))
        });
        Ok(texts.boxed())
    }

    fn audit_keys(&self) -> Result<Option<BTreeSet<PublicAuditKey>>, Failure> {
        Ok(None)
    }

    async fn explain(&self, id: &SessionId) -> Result<Option<Explained>, Failure> {
        let path = ["v1", "sessions", &id.to_string(), "timeline"];
        let request = || Ok::<_, Failure>(self.request(Method::GET, &path)?.query(&[("limit", PAGE)]));
        let Some(mut explained) = self.connection.ask::<Explained>(request()?).await? else { return Ok(None) };
        while let Some(next) = explained.next.take() {
            let Some(more) = self.connection.ask::<Explained>(request()?.query(&[("cursor", next)])).await? else {
                break;
            };
            explained.items.extend(more.items);
            explained.next = more.next;
        }
        Ok(Some(explained))
    }

    async fn revoke(&self, id: &SessionId, note: &Note) -> Result<Option<bool>, Failure> {
        let request = self.request(Method::POST, &["v1", "sessions", &id.to_string(), "revoke"])?;
        let answer: Option<Revoked> = self.connection.ask(request.json(&json!({ "reason": note }))).await?;
        Ok(answer.map(|answer| answer.revoked > 0))
    }

    async fn revoke_subject(&self, subject: &Subject, except: Option<&SessionId>, note: &Note) -> Result<u64, Failure> {
        let request = self.request(Method::POST, &["v1", "subjects", subject.as_str(), "revoke"])?;
        let mut body = json!({ "reason": note });
        if let Some(except) = except {
            body["except"] = json!(except);
        }
        let Revoked { revoked } = self.connection.must(request.json(&body), "revoke by subject").await?;
        Ok(revoked)
    }

    async fn revoke_matching(
        &self,
        filter: &Filter,
        note: &Note,
        reached: &mut (dyn FnMut(Reached) + Send),
    ) -> Result<Reached, Failure> {
        let mut done = Reached::default();
        let mut cursor: Option<String> = None;
        loop {
            let request = self.request(Method::POST, &["v1", "revoke"])?;
            let mut body = json!({ "filter": FilterKeys::of(filter), "reason": note, "limit": BATCH });
            if let Some(cursor) = &cursor {
                body["cursor"] = json!(cursor);
            }
            let RevokedBatch { matched, revoked, next } =
                self.connection.must(request.json(&body), "revoke by filter").await?;
            done.matched += matched;
            done.revoked += revoked;
            reached(done);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(done),
            }
        }
    }

    async fn sweep(&self, limit: NonZeroUsize) -> Result<Swept, Failure> {
        let request = self.connection.request(Method::POST, &["v1", "sweep"]);
        let SweptKeys { expired, forgotten } =
            self.connection.must(request.json(&json!({ "limit": limit })), "sweep").await?;
        Ok(Swept { expired, forgotten })
    }

    async fn create_key(&self, name: KeyName, role: Role) -> Result<(ApiKeyInfo, KeyText), Failure> {
        let mut body = json!({ "name": name, "role": role });
        if let Some(realm) = &self.realm {
            body["realm"] = json!(realm);
        }
        let request = self.connection.request(Method::POST, &["v1", "keys"]).json(&body);
        let Made { info, key } = self.connection.must(request, "make keys").await?;
        Ok((info, KeyText::new(key)))
    }

    async fn keys(&self) -> Result<Vec<ApiKeyInfo>, Failure> {
        let Items { items, .. } =
            self.connection.must(self.connection.request(Method::GET, &["v1", "keys"]), "list keys").await?;
        Ok(items)
    }

    async fn revoke_key(&self, id: &str) -> Result<(), Failure> {
        let request = self.connection.request(Method::DELETE, &["v1", "keys", id]);
        let gone = || Failure::refused("there is no such key").hint("`hallpass keys list` shows them");
        self.connection.send(request).await?.map(drop).ok_or_else(gone)
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyInfo>, Failure> {
        let request = self.connection.request(Method::GET, &["v1", "signing-keys"]);
        let Items { items, .. } = self.connection.must(request, "list signing keys").await?;
        Ok(items)
    }

    async fn rotate_signing_key(&self, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure> {
        let request = self.connection.request(Method::POST, &["v1", "signing-keys", "rotate"]);
        self.connection.must(request.json(&json!({ "reason": reason })), "rotate signing keys").await
    }

    async fn retire_signing_key(&self, id: &str, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure> {
        let request = self.connection.request(Method::POST, &["v1", "signing-keys", id, "retire"]);
        let retired = self.connection.ask(request.json(&json!({ "reason": reason }))).await?;
        retired.ok_or_else(|| unknown(id))
    }

    async fn remove_signing_key(&self, id: &str, reason: &Note) -> Result<RemovedSigningKey, Failure> {
        let request = self.connection.request(Method::POST, &["v1", "signing-keys", id, "remove"]);
        let removed = self.connection.ask(request.json(&json!({ "reason": reason }))).await?;
        removed.ok_or_else(|| unknown(id))
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
    revoked: u64,
}

#[derive(Debug, Deserialize)]
struct RevokedBatch {
    matched: u64,
    revoked: u64,
    next: Option<String>,
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
