use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much is done at once, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many connections are open at once, 1 to 1,000,000; more wait in the system's queue. 4,096 if nobody says.
    pub connections: usize,
    /// How many requests are worked on at once, 1 to 1,000,000; more are answered with 503. 1,024 if nobody says.
    pub requests: usize,
    /// How many event streams are open at once, 0 to 10,000; more are answered with 503. 64 if nobody says.
    pub streams: usize,
    /// How many seconds a client has for the head of its next request, 1 to 3,600. 60 if nobody says.
    pub header_timeout: u64,
    /// How many seconds a client has for the body of a request, 1 to 3,600. 10 if nobody says.
    pub body_timeout: u64,
    /// How many seconds a request may take, 1 to 3,600; then it is answered with 503. 30 if nobody says.
    pub request_timeout: u64,
    /// How many seconds requests have to finish after the service was told to stop, 0 to 3,600. 20 if nobody says.
    pub drain_timeout: u64,
    /// How many unknown tokens and keys may come from one network in a minute, 0 to 1,000,000, before it is answered with
    /// 429; any number with 0. Whoever shows a good one is let in nevertheless. 300 if nobody says.
    pub guesses: u32,
}

impl Limits {
    /// The most bytes that the body of a request may have: 1 MiB.
    pub const LARGEST_BODY: usize = 1 << 20;

    /// Returns what is out of its bounds, by its key.
    pub(super) fn broken(&self) -> Vec<(&'static str, &'static str)> {
        let second = 1..=3600;
        let broken = [
            ("connections", !(1..=1_000_000).contains(&self.connections), "this is 1 to 1,000,000"),
            ("requests", !(1..=1_000_000).contains(&self.requests), "this is 1 to 1,000,000"),
            ("streams", self.streams > 10_000, "this is 0 to 10,000"),
            ("header_timeout", !second.contains(&self.header_timeout), "this is 1 to 3,600 seconds"),
            ("body_timeout", !second.contains(&self.body_timeout), "this is 1 to 3,600 seconds"),
            ("request_timeout", !second.contains(&self.request_timeout), "this is 1 to 3,600 seconds"),
            ("guesses", self.guesses > 1_000_000, "this is 0 to 1,000,000 in a minute"),
            ("drain_timeout", self.drain_timeout > 3600, "this is 0 to 3,600 seconds"),
        ];
        broken.into_iter().filter(|(_, is_broken, _)| *is_broken).map(|(key, _, rule)| (key, rule)).collect()
    }

    pub(crate) fn request_time(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    pub(crate) fn body_time(&self) -> Duration {
        Duration::from_secs(self.body_timeout)
    }

    pub(crate) fn header_time(&self) -> Duration {
        Duration::from_secs(self.header_timeout)
    }

    pub(crate) fn drain_time(&self) -> Duration {
        Duration::from_secs(self.drain_timeout)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            requests: 1024,
            streams: 64,
            header_timeout: 60,
            body_timeout: 10,
            request_timeout: 30,
            drain_timeout: 20,
            guesses: 300,
        }
    }
}
