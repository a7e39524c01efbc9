use std::time::Duration;

use hallpass::Grace;

use crate::server::Fault;

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where chance starts; the same seed gives the same run.
    pub seed: u64,
    /// How many requests are sent in all.
    pub requests: u64,
    /// How many sessions there are at a time.
    pub sessions: usize,
    /// How many of them have a thief.
    pub thieves: usize,
    /// The times of rules 2 and 4.
    pub grace: Grace,
    /// When a renewal is due.
    pub renewal: Duration,
    /// How long a request can take to its judgement, in milliseconds.
    pub slowest_request: u64,
    /// How long an answer can take, in milliseconds.
    pub slowest_answer: u64,
    /// Which share of packets stalls.
    pub stalled: f64,
    /// Which share of packets is lost.
    pub lost: f64,
    /// How the nodes are broken, if they are.
    pub fault: Option<Fault>,
}

impl Default for Plan {
    /// Returns a plan with the times that are the default of policies, but renewals six times as often, and a network
    /// where one packet in fifty stalls for up to just under `replay_after`.
    fn default() -> Self {
        Self {
            seed: 1,
            requests: 10_000_000,
            sessions: 2_000,
            thieves: 0,
            grace: Grace { grace: Duration::from_secs(30), replay_after: Duration::from_secs(150) },
            renewal: Duration::from_mins(10),
            slowest_request: 149_999,
            slowest_answer: 149_999,
            stalled: 0.02,
            lost: 0.005,
            fault: None,
        }
    }
}
