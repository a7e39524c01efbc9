//! Many sessions, each of several tabs, over a network that stalls and loses packets, for days of simulated time.
//!
//! The model checker sees every schedule of a few requests; this sees few schedules of millions, with the
//! real times of the rules, and races of two nodes over one store.

mod network;
mod plan;
mod report;
mod session;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use hallpass::Timestamp;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use self::network::Transit;
pub use self::plan::Plan;
pub use self::report::Report;
use self::session::{Held, Session};
use crate::party::Who;
use crate::server::{Ask, Change, Server, Verdict};

/// A simulation under way.
#[derive(Debug)]
pub struct Fleet {
    plan: Plan,
    server: Server,
    rng: SmallRng,
    sessions: Vec<Session>,
    queue: BinaryHeap<Event>,
    events: u64,
    now: u64,
    report: Report,
}

/// Something that happens at a time, in milliseconds.
#[derive(Debug)]
struct Event {
    at: u64,
    order: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A party opens some pages at once.
    Visit(usize, Who),
    /// A request comes to a node.
    Judge(Request),
    /// The node saves, if the version is still that.
    Save(Request, Save),
    /// The answer comes to the party: let in or not, and with a new token or not.
    Answer(Request, bool, Option<Held>),
}

/// What is to be saved, and handed out after that.
#[derive(Debug)]
struct Save {
    loaded: u64,
    change: Change,
    handed_out: Option<Held>,
    makes_up: bool,
    goes_on: bool,
}

#[derive(Debug)]
struct Request {
    session: usize,
    who: Who,
    token: Held,
    ask: Ask,
    /// By when it must be answered for its stall to be within the plan.
    judged_by: u64,
}

impl Fleet {
    /// Runs the plan to its end.
    pub fn run(plan: Plan) -> Report {
        let mut fleet = Self::new(plan);
        while fleet.report.requests < fleet.plan.requests {
            let Some(event) = fleet.queue.pop() else { break };
            fleet.now = event.at;
            match event.what {
                What::Visit(session, who) => fleet.visit(session, who),
                What::Judge(request) => fleet.judge(request),
                What::Save(request, save) => fleet.save(request, save),
                What::Answer(request, accepted, handed_out) => fleet.receive(&request, accepted, handed_out),
            }
        }
        fleet.report.simulated_hours = fleet.now / 3_600_000;
        fleet.report
    }

    fn new(plan: Plan) -> Self {
        let mut fleet = Self {
            server: Server { grace: plan.grace, renewal: Some(plan.renewal), fault: plan.fault },
            rng: SmallRng::seed_from_u64(plan.seed),
            sessions: Vec::new(),
            queue: BinaryHeap::new(),
            events: 0,
            now: 1_000_000_000,
            report: Report::default(),
            plan,
        };
        for index in 0..fleet.plan.sessions {
            let session = Session::new(fleet.time(), index % 2 == 0);
            fleet.sessions.push(session);
            let within = fleet.rng.random_range(0..600_000);
            fleet.later(within, What::Visit(index, Who::Client));
            if index < fleet.plan.thieves {
                let within = fleet.rng.random_range(0..3_600_000);
                fleet.later(within, What::Visit(index, Who::Thief));
            }
        }
        fleet
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn later(&mut self, after: u64, what: What) {
        self.events += 1;
        self.queue.push(Event { at: self.now + after, order: self.events, what });
    }

    /// A client loads a page with its images in one or several tabs; a thief asks for a new token, now and then.
    fn visit(&mut self, session: usize, who: Who) {
        let pause = match who {
            Who::Client => self.pause(),
            Who::Thief => self.rng.random_range(self.plan.grace.grace.as_secs() + 1..1800) * 1000,
        };
        self.later(pause, What::Visit(session, who));
        if who == Who::Thief {
            self.sessions[session].steal_once();
            return self.send(session, who, Ask::Renew);
        }
        let asks_itself = self.sessions[session].reads_generations() && self.rng.random_bool(0.05);
        for _ in 0..self.rng.random_range(1..=7) {
            let ask = match self.rng.random_range(0..4) {
                0 => Ask::Verify,
                1 if asks_itself => Ask::Renew,
                _ => Ask::Page,
            };
            self.send(session, who, ask);
        }
    }

    /// Mostly the next click, at times a longer look, seldom a break.
    fn pause(&mut self) -> u64 {
        match self.rng.random_range(0..100) {
            0..70 => self.rng.random_range(500..30_000),
            70..96 => self.rng.random_range(30_000..600_000),
            _ => self.rng.random_range(600_000..5_400_000),
        }
    }

    fn send(&mut self, session: usize, who: Who, ask: Ask) {
        let Some(token) = self.sessions[session].held(who) else { return };
        self.report.requests += 1;
        let Transit::After(after) = Transit::draw(&mut self.rng, &self.plan, self.plan.slowest_request) else {
            self.report.lost += 1;
            return;
        };
        self.report.note_stall(after);
        let judged_by = self.now + self.plan.slowest_request;
        self.later(after, What::Judge(Request { session, who, token, ask, judged_by }));
    }

    /// Loads, judges, and answers at once if nothing is to be saved.
    fn judge(&mut self, request: Request) {
        let now = self.time();
        let session = &self.sessions[request.session];
        let shown = request.token.token();
        if session.has_ended() || shown.id != session.id() {
            return self.answer(request, false, None);
        }
        let chain = session.chain();
        let standing = self.server.judge(chain, shown, now);
        self.report.note_standing(&standing, request.ask);
        let verdict = self.server.decide(chain, shown, standing, request.ask, now, |started| started);
        let loaded = session.version();
        let Verdict { change, accepted, handed_out, makes_up, goes_on } = verdict;
        match change {
            None => {
                let handed_out = handed_out.map(|secret| session.hand_out(chain.generation, secret));
                self.answer(request, accepted, handed_out);
            }
            Some(change) => {
                let handed_out = handed_out.map(|secret| session.hand_out(change.generation(chain), secret));
                let after = self.node_time(&request);
                self.later(after, What::Save(request, Save { loaded, change, handed_out, makes_up, goes_on }));
            }
        }
    }

    /// Mostly a millisecond or so; at times the process is stopped for a while.
    fn node_time(&mut self, request: &Request) -> u64 {
        let stops = self.rng.random_bool(0.005);
        let time = if stops { self.rng.random_range(0..20_000) } else { self.rng.random_range(0..20) };
        time.min(request.judged_by.saturating_sub(self.now))
    }

    /// Saves by compare-and-set; after a conflict, loads and judges again.
    fn save(&mut self, request: Request, save: Save) {
        let session = &mut self.sessions[request.session];
        if session.version() != save.loaded {
            self.report.conflicts += 1;
            return self.judge(request);
        }
        self.report.note_save(&save, session.is_stolen());
        let accepted = !matches!(save.change, Change::End(_));
        session.save(save.change);
        if save.goes_on {
            return self.judge(request);
        }
        self.answer(request, accepted, save.handed_out);
    }

    fn answer(&mut self, request: Request, accepted: bool, handed_out: Option<Held>) {
        match Transit::draw(&mut self.rng, &self.plan, self.plan.slowest_answer) {
            Transit::After(after) => {
                self.report.note_stall(after);
                self.later(after, What::Answer(request, accepted, handed_out));
            }
            Transit::Lost => {
                self.report.lost += 1;
                self.report.lost_answers += u64::from(handed_out.is_some());
            }
        }
    }

    fn receive(&mut self, request: &Request, accepted: bool, handed_out: Option<Held>) {
        let now = self.time();
        let session = &mut self.sessions[request.session];
        if let Some(token) = handed_out {
            self.report.late_answers += u64::from(session.receive(request.who, token));
        } else if !accepted && request.who == Who::Client {
            if !session.shows(&request.token) {
                self.report.refused_in_passing += 1;
            } else if session.has_ended() {
                *session = Session::new(now, session.reads_generations());
            } else {
                self.report.locked_out += 1;
                session.log_in(now);
            }
        }
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Event {}
