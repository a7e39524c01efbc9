//! Sixty-four tabs that all show the same token at once, to nodes that each serve many of them at a time.
//!
//! The tabs are alike, so a state only counts how many of them are where: that loses nothing, and makes every one of
//! the schedules of 64 requests one of some hundred thousand states.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hallpass::{Grace, Timestamp};
use stateright::{Model, Property};

use crate::decision::{Answer, Decision};
use crate::record::Record;
use crate::secrets::Name;
use crate::server::{Ask, Fault, Server};

/// The model of the tabs.
#[derive(Debug)]
pub struct Tabs {
    server: Server,
    count: u8,
}

/// How many tabs are where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TabsState {
    /// The time, in ticks of ten seconds.
    pub now: u8,
    /// What the store holds.
    pub record: Record,
    /// How many have not been judged yet.
    pub waiting: u8,
    /// How many are between load and save, by the version that was loaded and the tick in which it was judged.
    pub saving: BTreeMap<(u16, u8), u8>,
    /// Whether a page with the successor is between load and save, and for which version.
    pub confirming: Option<u16>,
    /// How many were given which answer.
    pub answered: BTreeMap<Answer, u8>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TabsAction {
    /// Time passes; all happens within grace.
    Tick,
    /// A tab's request is judged.
    Judge,
    /// One of those that were judged then, by that version, saves.
    Save(u16, u8),
    /// A tab shows the successor for the first time.
    Use,
    /// That is saved.
    Confirm,
}

/// Whatever the order, all tabs go on with one token.
pub const CONVERGE: &str = "all tabs get the same successor";
/// The model goes to its end.
pub const ALL_ANSWERED: &str = "all tabs are answered";

const GRACE_TICKS: u8 = 2;
const TICK: Duration = Duration::from_secs(10);
const FIRST: Name = Name { chain: 0, first: 0, generation: 0 };

impl Tabs {
    /// Returns the model of `count` tabs.
    pub fn new(count: u8, fault: Option<Fault>) -> Self {
        let grace = Grace { grace: TICK * GRACE_TICKS.into(), replay_after: TICK * 6 };
        Self { server: Server { grace, renewal: None, fault }, count }
    }

    fn decide(&self, state: &TabsState, at_tick: u8, token: Name, ask: Ask) -> Decision {
        Decision::new(&self.server, &state.record, &token.token(), ask, 1, at(at_tick))
    }

    fn judge(&self, state: &mut TabsState) {
        let decision = self.decide(state, state.now, FIRST, Ask::Renew);
        if decision.save.is_some() {
            *state.saving.entry((state.record.version, state.now)).or_default() += 1;
        } else {
            state.answer(decision.answer);
        }
    }

    fn save(&self, state: &mut TabsState, loaded: u16, judged_at: u8) {
        if let Some(count) = state.saving.get_mut(&(loaded, judged_at)) {
            *count -= 1;
            if *count == 0 {
                state.saving.remove(&(loaded, judged_at));
            }
        }
        if loaded != state.record.version {
            return self.judge(state);
        }
        let decision = self.decide(state, judged_at, FIRST, Ask::Renew);
        if let Some(record) = decision.save {
            state.record = record;
            state.answer(decision.answer);
        }
    }

    fn confirm(&self, state: &mut TabsState, loaded: u16) {
        state.confirming = None;
        if loaded == state.record.version {
            let decision = self.decide(state, state.now, state.record.present(), Ask::Verify);
            state.record = decision.save.unwrap_or_else(|| state.record.clone());
        }
    }
}

fn at(ticks: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH.plus(TICK * ticks.into())
}

impl TabsState {
    fn answer(&mut self, answer: Answer) {
        *self.answered.entry(answer).or_default() += 1;
    }

    fn successors(&self) -> BTreeSet<Answer> {
        self.answered.keys().copied().collect()
    }
}

impl Model for Tabs {
    type State = TabsState;
    type Action = TabsAction;

    fn init_states(&self) -> Vec<TabsState> {
        vec![TabsState {
            now: 0,
            record: Record { chain: FIRST.start(at(0)), chain_number: 0, version: 0, ended: None },
            waiting: self.count,
            saving: BTreeMap::new(),
            confirming: None,
            answered: BTreeMap::new(),
        }]
    }

    fn actions(&self, state: &TabsState, actions: &mut Vec<TabsAction>) {
        let renewed = !state.answered.is_empty();
        if renewed && at(state.now + 1).since(state.record.chain.renewed_at) <= self.server.grace.grace {
            actions.push(TabsAction::Tick);
        }
        if state.waiting > 0 {
            actions.push(TabsAction::Judge);
        }
        actions.extend(state.saving.keys().map(|(loaded, judged_at)| TabsAction::Save(*loaded, *judged_at)));
        match state.confirming {
            None if renewed && state.record.chain.confirmed_at.is_none() => actions.push(TabsAction::Use),
            None => {}
            Some(_) => actions.push(TabsAction::Confirm),
        }
    }

    fn next_state(&self, last: &TabsState, action: TabsAction) -> Option<TabsState> {
        let mut state = last.clone();
        match action {
            TabsAction::Tick => state.now += 1,
            TabsAction::Judge => {
                state.waiting -= 1;
                self.judge(&mut state);
            }
            TabsAction::Save(loaded, judged_at) => self.save(&mut state, loaded, judged_at),
            TabsAction::Use => state.confirming = Some(state.record.version),
            TabsAction::Confirm => self.confirm(&mut state, last.confirming?),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(CONVERGE, |_: &Self, state: &TabsState| {
                let successors = state.successors();
                successors.len() <= 1 && !successors.contains(&Answer::Refused)
            }),
            Property::sometimes(ALL_ANSWERED, |tabs: &Self, state: &TabsState| {
                state.answered.values().sum::<u8>() == tabs.count && state.record.chain.confirmed_at.is_some()
            }),
            Property::sometimes("all are judged before one is saved", |tabs: &Self, state: &TabsState| {
                state.saving.values().sum::<u8>() == tabs.count
            }),
        ]
    }
}
