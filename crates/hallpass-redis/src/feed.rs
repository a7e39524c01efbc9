use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use hallpass::{Change, ChangeStream, SessionId};
use parking_lot::Mutex;
use redis::aio::PubSubStream;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::error::Fault;
use crate::link::{Link, Source};

/// How many changes a slow listener may be behind before it has missed some.
const ROOM: usize = 8192;
/// How long the feed rests between two proofs that it is whole, and how long a proof may take: together no more than a
/// cache before the store allows for, `Tiered::BOUND`, since in a cluster its heartbeats do not pass every server.
const BEAT: Duration = Duration::from_millis(500);
/// How long subscribing may take.
const SUBSCRIBING: Duration = Duration::from_secs(2);
/// What a feed says of itself begins with this, which no realm does.
const BEATS: &str = "~";
const SHORTEST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_millis(400);

/// News of what changes elsewhere, from one subscription for all who listen.
///
/// It is subscribed when somebody first listens. Every half second a word is published on the way that writes take, at each
/// primary of a cluster, and must come back: a subscription at a server that is no more the one written to, or that does
/// not hear all others, would stay silent, and look whole.
pub(crate) struct Feed {
    source: Source,
    link: Arc<Link>,
    channel: String,
    news: broadcast::Sender<Change>,
    listening: Mutex<Option<AbortHandle>>,
    runtime: Handle,
}

impl Feed {
    pub(crate) fn new(source: Source, link: Arc<Link>, channel: String) -> Self {
        let news = broadcast::Sender::new(ROOM);
        Self { source, link, channel, news, listening: Mutex::new(None), runtime: Handle::current() }
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.source.can_subscribe()
    }

    pub(crate) fn listen(&self) -> Option<ChangeStream> {
        if !self.is_possible() {
            return None;
        }
        let heard = self.news.subscribe();
        self.listening.lock().get_or_insert_with(|| {
            let subscription = Subscription {
                source: self.source.clone(),
                link: Arc::clone(&self.link),
                channel: self.channel.clone(),
                news: self.news.clone(),
            };
            self.runtime.spawn(subscription.keep()).abort_handle()
        });
        let changes = stream::unfold(heard, |mut heard| async move {
            match heard.recv().await {
                Ok(change) => Some((change, heard)),
                Err(RecvError::Lagged(_)) => Some((Change::Hole, heard)),
                Err(RecvError::Closed) => None,
            }
        });
        Some(changes.boxed())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get_mut() {
            listening.abort();
        }
    }
}

struct Subscription {
    source: Source,
    link: Arc<Link>,
    channel: String,
    news: broadcast::Sender<Change>,
}

impl Subscription {
    /// Subscribes again and again; whatever is between two subscriptions is a hole.
    async fn keep(self) {
        let mut rest = SHORTEST_REST;
        for attempt in 0.. {
            match self.subscribe(attempt).await {
                Ok(messages) => {
                    rest = SHORTEST_REST;
                    // What changed before is not told.
                    self.tell(Change::Hole);
                    if let Err(fault) = self.hear(messages).await {
                        tracing::debug!(error = %fault, "the feed of changes was lost");
                    }
                }
                Err(fault) => tracing::debug!(error = %fault, "the feed of changes cannot be heard"),
            }
            self.tell(Change::Hole);
            sleep(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    async fn subscribe(&self, attempt: usize) -> Result<PubSubStream, Fault> {
        let subscribing = async {
            let client = self.source.subscriber(attempt).await?;
            let mut subscription = client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            Ok(subscription.into_on_message())
        };
        timeout(SUBSCRIBING, subscribing).await.unwrap_or(Err(Fault::Late(SUBSCRIBING)))
    }

    async fn hear(&self, mut messages: PubSubStream) -> Result<(), Fault> {
        let own = format!("{BEATS}{}", SessionId::random());
        loop {
            // Until the word comes back from each, and then until the next is due.
            let coming_back = async {
                for _ in 0..self.beat(&own).await? {
                    self.hear_until(&mut messages, Some(&own)).await?;
                }
                Ok(())
            };
            timeout(BEAT, coming_back).await.unwrap_or(Err(Fault::Late(BEAT)))?;
            if let Ok(ended) = timeout(BEAT, self.hear_until(&mut messages, None)).await {
                return ended;
            }
        }
    }

    /// Has each server that is written to say a word; answers how many those are.
    async fn beat(&self, word: &str) -> Result<usize, Fault> {
        let (link, mut command) = (Arc::clone(&self.link), redis::cmd("PUBLISH"));
        command.arg(&self.channel).arg(word);
        // Whoever waits for less long leaves it going: a connection that is stuck is made anew by who waits it out.
        let beating = tokio::spawn(async move { link.ask_everywhere(&command).await });
        beating.await.unwrap_or(Err(Fault::Closed))
    }

    /// Passes on what is heard, until this word is, or the subscription ends.
    async fn hear_until(&self, messages: &mut PubSubStream, word: Option<&str>) -> Result<(), Fault> {
        while let Some(message) = messages.next().await {
            let text = str::from_utf8(message.get_payload_bytes()).unwrap_or_default();
            if word == Some(text) {
                return Ok(());
            }
            if !text.starts_with(BEATS) {
                // Something else than a change was published here: who knows what else is wrong.
                self.tell(read(text).unwrap_or(Change::Hole));
            }
        }
        Err(Fault::Closed)
    }

    fn tell(&self, change: Change) {
        // It fails while nobody listens.
        let _ = self.news.send(change);
    }
}

fn read(text: &str) -> Option<Change> {
    let (realm, id) = text.split_once('/')?;
    Some(Change::Session { realm: realm.parse().ok()?, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_names_a_session_of_a_realm() {
        let id = SessionId::random();
        let told = Change::Session { realm: "shop".parse().expect("a realm"), id };
        assert_eq!(read(&format!("shop/{id}")), Some(told));
        for other in ["", "shop", "shop/", "a b/AAAA", &format!("{BEATS}{id}")] {
            assert_eq!(read(other), None);
        }
    }
}
