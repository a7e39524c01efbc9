use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use hallpass::Timestamp;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::clock::ServerClock;
use crate::error::Fault;
use crate::index::Seen;
use crate::log::Places;

/// How often a read is asked again.
const MOST_AGAIN: u32 = 3;
/// How long is waited before something is asked again: twice as long each time.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(160);

/// What all parts of a store share.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) place: Arc<str>,
    pub(crate) timeout: Duration,
    pub(crate) keep_events: Option<Duration>,
    pub(crate) server_clock: ServerClock,
    pub(crate) seen: Seen,
    pub(crate) places: Mutex<Places>,
}

impl Base {
    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.server_clock.read()
    }

    /// Does something within the time that a question may take.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        timeout(self.timeout, work).await.unwrap_or(Err(Fault::Late(self.timeout)))
    }

    /// Asks something that changes nothing, and asks again on a new connection when an answer is lost.
    ///
    /// The first attempt has half of the time, so that a connection which is silent does not use up all of it.
    pub(crate) async fn read<T, E, F>(&self, ask: impl Fn() -> F) -> Result<T, Fault>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let deadline = Instant::now() + self.timeout;
        let mut pause = Pause::new();
        for again in 0.. {
            let until = if again == 0 { Instant::now() + self.timeout / 2 } else { deadline };
            let fault = match timeout_at(until, Box::pin(ask())).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => Fault::of(&error),
                Err(_) => Fault::Late(self.timeout),
            };
            let is_over = Instant::now() + pause.next >= deadline;
            let may_pass = fault.may_pass() || matches!(fault, Fault::Late(_));
            if is_over || again >= MOST_AGAIN || !may_pass {
                return Err(fault);
            }
            pause.wait().await;
        }
        Err(Fault::Late(self.timeout))
    }

    /// Asks for a change, once: who has no answer does not know. It is asked again only where the service says that it
    /// was not done, and may be soon.
    pub(crate) async fn write<T, E, F>(&self, ask: impl Fn() -> F) -> Result<Result<T, E>, Fault>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        self.in_time(async {
            let mut pause = Pause::new();
            let mut throttled = 0;
            loop {
                let error = match Box::pin(ask()).await {
                    Ok(answer) => return Ok(Ok(answer)),
                    Err(error) => error,
                };
                let fault = Fault::of(&error);
                let is_answer =
                    matches!(error.code(), Some("ConditionalCheckFailedException" | "TransactionCanceledException"));
                if let (true, SdkError::ServiceError(answer)) = (is_answer, error) {
                    return Ok(Err(answer.into_err()));
                }
                throttled += u32::from(matches!(fault, Fault::Throttled(_)));
                if !fault.was_not_done() || throttled > MOST_AGAIN {
                    return Err(fault);
                }
                pause.wait().await;
            }
        })
        .await
    }
}

/// A wait that grows, and is not the same for all who wait.
pub(crate) struct Pause {
    next: Duration,
}

impl Pause {
    pub(crate) fn new() -> Self {
        Self { next: PAUSE }
    }

    pub(crate) async fn wait(&mut self) {
        // Parts of the clock that nobody chooses: enough to part those who met.
        let odd = hallpass::SessionId::random().as_bytes()[0];
        sleep(self.next / 2 + self.next * u32::from(odd) / 512).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
    }
}
