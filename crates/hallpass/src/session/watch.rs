//! Ending what outlives its request when its session ends.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, sleep};

use super::Session;
use crate::error::{Error, Refusal};
use crate::record::Record;
use crate::sessions::Over;
use crate::time::Timestamp;

/// Watches a session for what outlives its request: a web socket, server-sent events, a spawned task (`LGO-7`).
///
/// It is over when the session ends or its time is over, and also when somebody signs in again with it or its role or
/// password changes: then the token that the stream was opened with is dead. Where the store tells of changes, that is
/// noticed as they come, and otherwise at the next check. An open stream is no use of the session: one that nobody uses
/// otherwise ends for its idle timeout, unless the handler [touches](Session::touch) it.
///
/// ```
/// use futures_util::{StreamExt as _, stream};
/// use hallpass::{Caller, MemoryStore, NewSession, Over, Sessions, Subject};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// # let issued = sessions.create(NewSession::signed_in(Subject::new("alice")?), &Caller::user()).await?;
/// # let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
/// let ticks = session.while_active(stream::repeat("tick"));
/// assert_eq!(ticks.take(3).collect::<Vec<_>>().await, ["tick"; 3]);
///
/// sessions.log_out(issued.token.expose(), &Caller::user()).await?;
/// assert!(matches!(session.until_over().await, Over::Ended(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Watch {
    session: Session,
    every: Duration,
    patience: Duration,
}

/// How often a session is looked at again where its store tells of changes, in case that some are missed.
const WITH_NEWS: Duration = Duration::from_secs(30);
/// The shortest time between two looks: a session that changes all the time is not looked at each time.
const BREATH: Duration = Duration::from_millis(50);
/// How soon a store that is away is asked again.
const RETRY: Duration = Duration::from_secs(1);

impl Session {
    /// Returns what watches this session, to be set up.
    pub fn watch(&self) -> Watch {
        Watch { session: self.clone(), every: Watch::DEFAULT_EVERY, patience: Watch::DEFAULT_PATIENCE }
    }

    /// Returns why the session is over, once it is: [`watch`](Session::watch) with its defaults.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub fn until_over(&self) -> impl Future<Output = Over> + Send + use<> {
        self.watch().until_over()
    }

    /// Returns a stream that ends with the session: [`watch`](Session::watch) with its defaults.
    pub fn while_active<S: Stream>(&self, stream: S) -> WhileActive<S> {
        self.watch().while_active(stream)
    }

    /// Notes a use of the session, for a handler that outlives its request, such as at a message of its user.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if it is over; [`Error::is_unavailable`] if the store is away;
    /// [`Error::is_unsupported`] where clients carry their sessions, since the use would be in their next token.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the use was noted or not.
    pub async fn touch(&self) -> Result<(), Error> {
        let sessions = self.sessions();
        if sessions.is_carried() {
            return Err(
                crate::store::StoreError::unsupported("a carried session is touched by its requests only").into()
            );
        }
        let known = self.record().ok_or_else(|| Error::inactive(Refusal::Missing))?;
        match sessions.still(&known).await? {
            Ok(present) => sessions.note_use(present).await,
            Err(Over::Ended(reason)) => Err(Error::inactive(Refusal::Ended(reason))),
            Err(_) => Err(Error::inactive(Refusal::Overtaken)),
        }
    }
}

impl Watch {
    /// How often a session is looked at where its store tells of no changes: every 5 seconds.
    pub const DEFAULT_EVERY: Duration = Duration::from_secs(5);
    /// For how long a store may be away before what depends on it is over: 1 minute.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_mins(1);

    /// Sets how often the session is looked at, where its store tells of no changes: that late, at the most, an end is
    /// noticed.
    pub fn check_every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets for how long the store may be away: an outage is no logout, and yet nothing goes on for ever on what was
    /// once known.
    pub fn give_up_after(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns why the session is over, once it is. What the request still has to save is to be saved before: of a session
    /// that is not made yet, it answers [`Over::Absent`] at once.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub async fn until_over(self) -> Over {
        let Self { session, every, patience } = self;
        let sessions = session.sessions();
        let mut news = None;
        let mut away_since = None;
        loop {
            let looked_at = Instant::now();
            let Some(known) = session.record() else { return Over::Absent };
            if news.is_none() && !sessions.is_carried() {
                news = sessions.watches().hear(sessions.store(), known.id);
            }
            let rest = match sessions.still(&known).await {
                Ok(Err(over)) => return over,
                Ok(Ok(present)) => {
                    away_since = None;
                    until_due(&present, sessions.now()).min(if news.is_some() { every.max(WITH_NEWS) } else { every })
                }
                Err(error) => {
                    let since = *away_since.get_or_insert(looked_at);
                    if !error.is_unavailable() || since.elapsed() >= patience {
                        tracing::warn!(session = %known.id, %error, "a stream ends, since its session cannot be looked at");
                        return Over::Unknown;
                    }
                    RETRY.min(patience.saturating_sub(since.elapsed()))
                }
            };
            let is_heard = if let Some(news) = &mut news {
                tokio::select! {
                    is_heard = news.changed() => {
                        sleep(BREATH.saturating_sub(looked_at.elapsed())).await;
                        is_heard
                    }
                    () = sleep(rest) => true,
                }
            } else {
                sleep(rest).await;
                false
            };
            news = news.filter(|_| is_heard);
        }
    }

    /// Returns a stream that ends with the session.
    pub fn while_active<S: Stream>(self, stream: S) -> WhileActive<S> {
        WhileActive { stream, over: Some(Box::pin(self.until_over())) }
    }
}

/// Returns in how long a session will be over unless it is used: a moment later, so that it then is.
fn until_due(record: &Record, now: Timestamp) -> Duration {
    record.expires_at.since(now) + Duration::from_millis(1)
}

pin_project! {
    /// A stream that ends when its session is over, whatever it still had to say.
    pub struct WhileActive<S> {
        #[pin]
        stream: S,
        over: Option<Pin<Box<dyn Future<Output = Over> + Send>>>,
    }
}

impl<S: Stream> Stream for WhileActive<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let Some(over) = this.over.as_mut() else { return Poll::Ready(None) };
        let next = match over.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => this.stream.poll_next(context),
        };
        if matches!(next, Poll::Ready(None)) {
            *this.over = None;
        }
        next
    }
}

impl<S> fmt::Debug for WhileActive<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhileActive").field("is_over", &self.over.is_none()).finish_non_exhaustive()
    }
}
