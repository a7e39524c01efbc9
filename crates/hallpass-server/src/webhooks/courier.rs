use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hallpass::{Error, Event, EventQuery, PageLimit, SessionId, Sessions, Settings, StoreError, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Webhook;
use super::message::Message;
use super::position::{Place, Position, Trouble};
use super::sender::{Refused, Sender};
use crate::app::App;
use crate::metrics::Delivery;

/// How often the store is asked for events that came from elsewhere.
const POLL: Duration = Duration::from_secs(1);
/// How long events of this process are gathered before the store is asked for them.
const GATHER: Duration = Duration::from_millis(50);
/// For how long the node that delivers may leave its position as it is although there is something to deliver: longer than
/// a receiver may take to answer.
const SILENCE: Duration = Duration::from_secs(25);
/// After how many deliveries the position is written: so many can come twice when a node dies.
const BATCH: usize = 16;
/// After how long a message is given up that its receiver does not take, so that later ones get through.
const GIVE_UP: Duration = Duration::from_hours(72);
const LONGEST_BACKOFF: Duration = Duration::from_hours(1);

/// All couriers of one node.
#[derive(Debug)]
pub(crate) struct Couriers(Vec<JoinHandle<Courier>>);

impl Couriers {
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let start = |webhook: &Arc<Webhook>| match Courier::new(app, webhook) {
            Ok(courier) => Some(tokio::spawn(courier.run())),
            Err(error) => {
                tracing::error!(webhook = webhook.name(), error = %error, "this webhook is told nothing");
                None
            }
        };
        Self(app.webhooks.iter().filter_map(start).collect())
    }

    /// Lets other nodes take over at once.
    pub(crate) async fn stop(self) {
        for ended in join_all(self.0).await {
            match ended {
                Ok(courier) => courier.give_up().await,
                Err(error) => tracing::error!(error = %error, "a courier of webhooks ended early"),
            }
        }
    }
}

/// Tells one receiver, if no other node does.
#[derive(Debug)]
struct Courier {
    app: Arc<App>,
    webhook: Arc<Webhook>,
    sessions: Sessions,
    place: Place,
    sender: Sender,
    me: String,
    /// How far it is, while it is this node that delivers.
    mine: Option<Position>,
    /// Since when another node has something to deliver and does not.
    silent_since: Option<Timestamp>,
}

impl Courier {
    fn new(app: &Arc<App>, webhook: &Arc<Webhook>) -> Result<Self, reqwest::Error> {
        let settings: Arc<dyn Settings> = Arc::clone(&app.settings);
        Ok(Self {
            place: Place::new(settings, webhook.name()),
            sessions: app.sessions.in_realm(webhook.config.realm.clone()),
            sender: Sender::new(webhook)?,
            me: SessionId::random().to_string(),
            mine: None,
            silent_since: None,
            app: Arc::clone(app),
            webhook: Arc::clone(webhook),
        })
    }

    async fn run(mut self) -> Self {
        let mut news = self.app.news.listen();
        let mut stopping = self.app.stopping.clone();
        let mut has_failed = false;
        while !*stopping.borrow() {
            match self.look(&mut stopping).await {
                Ok(()) => has_failed = false,
                // Said once, and not every second of an outage.
                Err(error) if !has_failed => {
                    tracing::warn!(webhook = self.webhook.name(), error = %error, "events for a webhook could not be read");
                    has_failed = true;
                }
                Err(_) => {}
            }
            let rest = async {
                if let Ok(Ok(())) = timeout(POLL, news.changed()).await {
                    sleep(GATHER).await;
                    news.mark_unchanged();
                }
            };
            tokio::select! {
                () = rest => {}
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
        self
    }

    async fn look(&mut self, stopping: &mut watch::Receiver<bool>) -> Result<(), Error> {
        let position = match self.mine.take() {
            Some(position) => Some(position),
            None => self.take_over().await?,
        };
        let Some(position) = position else { return Ok(()) };
        self.mine = self.deliver(position, stopping).await?;
        Ok(())
    }

    /// Returns the position if this node is to go on from it.
    async fn take_over(&mut self) -> Result<Option<Position>, Error> {
        let (loaded, is_same) = self.place.load().await?;
        let now = self.sessions.now();
        let mut position = loaded.unwrap_or_else(|| Position::new(now));
        if position.node.as_ref().is_some_and(|node| *node != self.me) {
            let is_at_rest = position.trouble.as_ref().is_some_and(|trouble| trouble.next > now);
            let waits = !is_at_rest && !self.waiting(&position).await?.is_empty();
            self.silent_since = self.silent_since.filter(|_| is_same && waits).or(waits.then_some(now));
            if self.silent_since.is_none_or(|since| now.since(since) < SILENCE) {
                return Ok(None);
            }
        }
        self.silent_since = None;
        position.node = Some(self.me.clone());
        Ok(self.place.save(&position).await?.then_some(position))
    }

    /// Delivers what there is; returns the position as long as no other node has taken over.
    async fn deliver(
        &mut self,
        mut position: Position,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<Option<Position>, Error> {
        if position.trouble.as_ref().is_some_and(|trouble| trouble.next > self.sessions.now()) {
            return Ok(Some(position));
        }
        let now = self.sessions.now();
        let waiting = self.waiting(&position).await?;
        if waiting.is_empty() {
            // Only here: as long as nothing happens, nothing is written.
            position.settle(now);
            return Ok(Some(position));
        }
        for batch in waiting.chunks(BATCH) {
            for event in batch {
                if *stopping.borrow() || !self.tell(&mut position, event).await {
                    return self.saved(position).await;
                }
            }
            match self.saved(position).await? {
                Some(saved) => position = saved,
                None => return Ok(None),
            }
        }
        Ok(Some(position))
    }

    /// Returns what is to be delivered, oldest first.
    async fn waiting(&self, position: &Position) -> Result<Vec<Event>, Error> {
        let mut query = EventQuery::default();
        query.limit = PageLimit::MOST;
        query.after = Some(position.floor);
        loop {
            let events = self.sessions.events(&query).await?.items;
            let Some(last) = events.last() else { return Ok(Vec::new()) };
            query.after = Some(last.id);
            let is_due = |event: &Event| self.webhook.is_about(&event.kind) && !position.delivered.contains(&event.id);
            let due: Vec<_> = events.into_iter().filter(is_due).collect();
            if !due.is_empty() {
                return Ok(due);
            }
        }
    }

    /// Sends an event; tells whether the next one may follow.
    async fn tell(&self, position: &mut Position, event: &Event) -> bool {
        let message = match Message::of(event) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(event = %event.id, error = %error, "an event cannot be written, and is left out");
                position.pass(event.id);
                return true;
            }
        };
        let now = self.sessions.now();
        match self.sender.send(&self.webhook, &message, now).await {
            Ok(()) => {
                self.app.metrics.delivered(self.webhook.name(), Delivery::Delivered);
                position.pass(event.id);
                true
            }
            Err(refused) => self.put_off(position, event, &refused),
        }
    }

    fn put_off(&self, position: &mut Position, event: &Event, refused: &Refused) -> bool {
        let (name, now) = (self.webhook.name(), self.sessions.now());
        let known = position.trouble.take().filter(|trouble| trouble.event == event.id);
        let (since, attempts) = known.map_or((now, 0), |trouble| (trouble.since, trouble.attempts));
        if now.since(since) >= GIVE_UP {
            self.app.metrics.delivered(name, Delivery::GivenUp);
            tracing::error!(webhook = name, event = %event.id, error = refused.error, "a message was given up after 72 hours");
            position.pass(event.id);
            return true;
        }
        self.app.metrics.delivered(name, Delivery::Refused);
        let attempts = attempts.saturating_add(1);
        let rest = backoff(attempts).max(refused.rest.unwrap_or_default());
        tracing::warn!(webhook = name, event = %event.id, attempts, ?rest, error = refused.error, "a message was not taken");
        let next = now.plus(rest);
        position.trouble = Some(Trouble { event: event.id, since, attempts, next, error: refused.error.clone() });
        false
    }

    /// Writes the position; returns it if this is still the node that delivers.
    async fn saved(&mut self, position: Position) -> Result<Option<Position>, Error> {
        match self.place.save(&position).await {
            Ok(true) => Ok(Some(position)),
            Ok(false) => {
                tracing::info!(webhook = self.webhook.name(), "another node delivers for this webhook now");
                Ok(None)
            }
            Err(error) => {
                // What was delivered is still known here.
                self.mine = Some(position);
                Err(error.into())
            }
        }
    }

    async fn give_up(mut self) {
        let Some(mut position) = self.mine.take() else { return };
        position.node = None;
        if let Err(error) = self.place.save(&position).await {
            log_left(&self.webhook, &error);
        }
    }
}

fn log_left(webhook: &Webhook, error: &StoreError) {
    tracing::debug!(webhook = webhook.name(), error = %error, "the place of the courier could not be given up");
}

/// Returns how long to wait after so many attempts: twice as long each time, and not all at once.
fn backoff(attempts: u32) -> Duration {
    let doubled = NonZeroU32::new(1 << attempts.saturating_sub(1).min(12)).map_or(1, NonZeroU32::get);
    let longest = Duration::from_secs(u64::from(doubled)).min(LONGEST_BACKOFF);
    let [random, ..] = *SessionId::random().as_bytes();
    longest.mul_f64(0.75 + 0.25 * f64::from(random) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_twice_as_long_each_time_and_at_most_an_hour() {
        for (attempts, least, most) in
            [(1, 750, 1000), (2, 1500, 2000), (5, 12_000, 16_000), (u32::MAX, 2_700_000, 3_600_000)]
        {
            let waits = backoff(attempts).as_millis();
            assert!((least..=most).contains(&waits), "{attempts}: {waits}");
        }
    }
}
