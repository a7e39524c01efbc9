use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use hallpass::{Error, Event, EventId, EventQuery, PageLimit, Sessions};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::page::filter;
use crate::app::App;
use crate::keys::KeyHolder;
use crate::wire::{Audit, Authorized, Problem, ProblemJson, RawParams};

/// How long after it happened elsewhere an event is shown at the latest.
const POLL: Duration = Duration::from_secs(1);
/// How long events of this process are gathered before the store is asked for them.
const GATHER: Duration = Duration::from_millis(50);
/// How often something is sent when nothing happens, so that nobody on the way closes the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Shows what happens, as it happens, as server-sent events; goes on behind `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events", params(
    ("subject" = Option<String>, Query, description = "To sessions of this subject."),
    ("session" = Option<String>, Query, description = "To this session."),
    ("kind" = Option<String>, Query, description = "Of this kind."),
    ("after" = Option<String>, Query, description = "After this event; from now on if nobody says."),
    ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen; stronger than `after`."),
), responses(
    (status = 200, description = "Events, each with its name as `id`, its kind as `event` and itself as `data`.", body = String, content_type = "text/event-stream"),
    (status = 501, description = "`unsupported`: the store keeps no events.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 503, description = "`overloaded`: as many streams are open as may be.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    key: Authorized<Audit>,
    headers: HeaderMap,
    query: RawParams,
) -> Result<Response, Problem> {
    let mut params = query.read()?;
    let mut query = filter(&mut params)?;
    let start = params.parse::<EventId>("after")?;
    params.finish()?;
    query.after = Some(match last_seen(&headers)?.or(start) {
        Some(event) => event,
        None => now(key.sessions()),
    });
    query.limit = PageLimit::MOST;
    // Asked once here, so that a store without events, or one that is away, is a problem and no silence.
    let first = key.sessions().events(&query).await?;
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::overloaded("As many event streams are open as may be."))?;
    let mut live = Live {
        app: Arc::clone(&app),
        holder: Arc::clone(&key.holder),
        query,
        waiting: VecDeque::new(),
        news: app.news.listen(),
        stopping: app.stopping.clone(),
        _place: place,
    };
    live.take(first.items);
    Ok(Sse::new(live.into_stream()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn last_seen(headers: &HeaderMap) -> Result<Option<EventId>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let event = value.to_str().ok().and_then(|text| text.parse().ok());
    event.map(Some).ok_or_else(|| Problem::field("Last-Event-ID", "This is 32 hexadecimal digits."))
}

/// Returns a name that sorts behind every event so far: names begin with the time in milliseconds.
fn now(sessions: &Sessions) -> EventId {
    EventId::from_instant(sessions.now())
}

/// A stream of events under way.
struct Live {
    app: Arc<App>,
    holder: Arc<KeyHolder>,
    query: EventQuery,
    waiting: VecDeque<Event>,
    news: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Live {
    fn into_stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        stream::unfold(self, |mut live| async move {
            let event = live.next().await?;
            Some((Ok(event), live))
        })
    }

    /// Returns the next event, or nothing once the service stops, or the key was taken away.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            while let Some(event) = self.waiting.pop_front() {
                if let Ok(json) = serde_json::to_string(&event) {
                    return Some(sse::Event::default().id(event.id.to_string()).event(event.kind.as_str()).data(json));
                }
            }
            let mut stopping = self.stopping.clone();
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return None,
                is_allowed = self.look() => if !is_allowed { return None },
            }
        }
    }

    /// Waits until something may have happened, and takes it in; tells whether the key is still good for it.
    async fn look(&mut self) -> bool {
        // A sender that is gone is a service that stops.
        if let Ok(Ok(())) = tokio::time::timeout(POLL, self.news.changed()).await {
            tokio::time::sleep(GATHER).await;
            self.news.mark_unchanged();
        }
        let look = async {
            let is_allowed = self.app.ring.knows(&self.holder).await?;
            Ok::<_, Error>((is_allowed, self.holder.sessions.events(&self.query).await?))
        };
        match look.await {
            Ok((true, page)) => self.take(page.items),
            Ok((false, _)) => return false,
            Err(error) => {
                tracing::warn!(error = %error, "an event stream could not go on");
                tokio::time::sleep(POLL).await;
            }
        }
        true
    }

    fn take(&mut self, events: Vec<Event>) {
        if let Some(last) = events.last() {
            self.query.after = Some(last.id);
        }
        self.waiting.extend(events);
    }
}
