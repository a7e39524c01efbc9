//! What the service counts and measures, for Prometheus: by result, never by id or subject.

mod history;
mod labels;
mod observed_store;
mod observer;
mod tally;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use hallpass::{CacheCounts, Revocations};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use self::history::{History, Sample, Sampler, delay};
use self::labels::{Answered, Checked, CheckedBy, EventLabels, LookedUp, Operated, Swept, SweptAs, Told, Verified};
pub(crate) use self::labels::{Cache, Delivery, Operation, OperationResult, Route, Verification, method_word};
pub(crate) use self::observed_store::ObservedStore;
pub(crate) use self::observer::ServiceObserver;
use self::tally::Tally;
pub(crate) use self::tally::Totals;

type Timed<L> = Family<L, Histogram, fn() -> Histogram>;

/// Every counter of one service.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Timed<Answered>,
    operations: Timed<Operated>,
    events: Family<EventLabels, Counter>,
    verifications: Family<Verified, Counter>,
    swept: Family<Swept, Counter>,
    told: Family<Told, Counter>,
    slowed_down: Counter,
    certificate_is_current: Gauge,
    key_lookups: Family<LookedUp, Counter>,
    copy_lookups: Family<LookedUp, Counter>,
    copies: Gauge,
    feed_is_whole: Gauge,
    access_tokens: Counter,
    access_checks: Family<Checked, Counter>,
    revocations: Gauge,
    revocation_lag: Gauge<f64, AtomicU64>,
    /// What of it is read back.
    pub(crate) tally: Tally,
    pub(crate) history: History,
}

// From a look into memory to a disk that stalls.
const BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hallpass");
        let requests = Timed::new_with_constructor(histogram);
        let help = "From the head of a request to the head of its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, requests.clone());
        let operations = Timed::new_with_constructor(histogram);
        let help = "What the store took; a conflict is a result";
        registry.register_with_unit("store_duration", help, Unit::Seconds, operations.clone());
        let events = Family::default();
        registry.register("session_events", "What happened to sessions, and why those ended that did", events.clone());
        let verifications = Family::default();
        registry.register("verifications", "Tokens that were verified", verifications.clone());
        let swept = Family::default();
        registry.register("swept_sessions", "Sessions that sweeps ended or forgot", swept.clone());
        let told = Family::default();
        registry.register(
            "webhook_messages",
            "Messages to webhooks that were taken, refused or given up",
            told.clone(),
        );
        let slowed_down = Counter::default();
        let help = "Unknown tokens and keys that were answered with 429, since too many came from their network";
        registry.register("slowed_down_guesses", help, slowed_down.clone());
        let certificate_is_current = Gauge::default();
        let help = "Whether the certificate that is shown is that of the files: 1, or 0 where those cannot be used or there are none";
        registry.register("certificate_current", help, certificate_is_current.clone());
        let key_lookups = Family::default();
        registry.register("api_key_lookups", "API keys that were looked up in memory, or not", key_lookups.clone());
        let copy_lookups = Family::default();
        let help = "Sessions that were looked up in the cache before the store, and found, or not";
        registry.register("session_cache_lookups", help, copy_lookups.clone());
        let copies = Gauge::default();
        registry.register("session_cache_copies", "Sessions in the cache before the store", copies.clone());
        let feed_is_whole = Gauge::default();
        let help = "Whether the store's feed of changes proves itself, so that the cache may be used: 1 or 0";
        registry.register("session_cache_whole", help, feed_is_whole.clone());
        let access_tokens = Counter::default();
        registry.register("access_tokens", "Access tokens that were made", access_tokens.clone());
        let access_checks = Family::default();
        let help = "Self-contained tokens whose revocation was looked up in memory, or in the store";
        registry.register("revocation_checks", help, access_checks.clone());
        let revocations = Gauge::default();
        registry.register("revocations_held", "Revocations that are held in memory", revocations.clone());
        let revocation_lag = Gauge::default();
        let help =
            "How old what is held of revocations may be; 0 where the store is asked each time, infinite while unknown";
        registry.register_with_unit("revocation_lag", help, Unit::Seconds, revocation_lag.clone());
        Self {
            registry,
            requests,
            operations,
            events,
            verifications,
            swept,
            told,
            slowed_down,
            certificate_is_current,
            key_lookups,
            copy_lookups,
            copies,
            feed_is_whole,
            access_tokens,
            access_checks,
            revocations,
            revocation_lag,
            tally: Tally::default(),
            history: History::default(),
        }
    }

    pub(crate) fn answered(&self, route: Route, method: &Method, status: StatusCode, took: Duration) {
        let labels = Answered { route, method: method_word(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub(crate) fn operated(&self, operation: Operation, result: OperationResult, took: Duration) {
        self.operations.get_or_create(&Operated { operation, result }).observe(took.as_secs_f64());
        self.tally.waited(took);
    }

    pub(crate) fn happened(&self, kind: &str, reason: Option<&str>, times: u64) {
        let labels = EventLabels { kind: kind.to_owned(), reason: reason.unwrap_or_default().to_owned() };
        self.events.get_or_create(&labels).inc_by(times);
    }

    pub(crate) fn verified(&self, result: Verification) {
        self.verifications.get_or_create(&Verified { result }).inc();
        self.tally.verified(result);
    }

    pub(crate) fn swept(&self, expired: usize, forgotten: usize) {
        for (what, count) in [(SweptAs::Expired, expired), (SweptAs::Forgotten, forgotten)] {
            self.swept.get_or_create(&Swept { what }).inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    pub(crate) fn certificate_is_current(&self, is_current: bool) {
        self.certificate_is_current.set(is_current.into());
    }

    pub(crate) fn slowed_down(&self) {
        self.slowed_down.inc();
    }

    pub(crate) fn delivered(&self, webhook: &str, result: Delivery) {
        self.told.get_or_create(&Told { webhook: webhook.to_owned(), result }).inc();
    }

    pub(crate) fn looked_up_key(&self, result: Cache) {
        self.key_lookups.get_or_create(&LookedUp { result }).inc();
    }

    /// Takes over what the cache before the store has counted.
    pub(crate) fn cached(&self, counts: CacheCounts, is_whole: bool) {
        for (result, count) in [(Cache::Hit, counts.hits), (Cache::Miss, counts.misses)] {
            self.copy_lookups.get_or_create(&LookedUp { result }).inner().store(count, Ordering::Relaxed);
        }
        self.copies.set(i64::try_from(counts.copies).unwrap_or(i64::MAX));
        self.feed_is_whole.set(is_whole.into());
    }

    pub(crate) fn made_access_token(&self) {
        self.access_tokens.inc();
    }

    /// Takes over what the revocations have counted.
    pub(crate) fn revoked(&self, revocations: &Revocations) {
        let counts = revocations.counts();
        for (by, count) in [(CheckedBy::Memory, counts.from_memory), (CheckedBy::Store, counts.from_store)] {
            self.access_checks.get_or_create(&Checked { by }).inner().store(count, Ordering::Relaxed);
        }
        self.revocations.set(i64::try_from(counts.held).unwrap_or(i64::MAX));
        let lag = if revocations.bound().is_zero() { Some(Duration::ZERO) } else { revocations.lag() };
        self.revocation_lag.set(lag.map_or(f64::INFINITY, |lag| lag.as_secs_f64()));
    }

    /// Writes everything in the text format of `OpenMetrics`.
    pub(crate) fn write(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
