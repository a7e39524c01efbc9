//! What can happen next, and what it does.

use super::memo::{Shown, Stands};
use super::{Action, Apart, Bounds, Job, Message, NODES, Theft, Violation, World, WorldState};
use crate::decision::{Answer, Decision};
use crate::party::{Jar, Who};
use crate::record::Record;
use crate::secrets::{Name, number};
use crate::server::{Ask, Fault};

impl World {
    pub(super) fn list_actions(&self, state: &WorldState, actions: &mut Vec<Action>) {
        if self.may_tick(state) {
            actions.push(Action::Tick);
        }
        for who in [Who::Client, Who::Thief] {
            let asks = self.bounds.asks.iter().filter(|ask| self.may_send(state, who, **ask));
            if self.bounds.is_immediate() {
                let asks = asks.filter(|ask| self.may_judge(state, who, **ask));
                actions.extend(asks.map(|ask| Action::Call(who, *ask)));
            } else {
                actions.extend(asks.map(|ask| Action::Send(who, *ask)));
            }
        }
        for (index, message) in state.messages.iter().enumerate() {
            if index > 0 && state.messages[index - 1] == *message {
                continue;
            }
            match message {
                Message::Request { who, ask, .. } if self.may_judge(state, *who, *ask) => {
                    actions.push(Action::Judge(*message));
                }
                Message::Request { .. } => {}
                Message::Answer { .. } => actions.push(Action::Receive(*message)),
            }
            if state.lost < self.bounds.losses {
                actions.push(Action::Lose(*message));
            }
        }
        actions.extend((0..state.jobs.len()).map(Action::Save));
        if self.bounds.theft == Theft::AtAnyTime && state.parties[Who::Thief.index()].token.is_none() {
            actions.push(Action::Steal);
        }
        if self.bounds.guesses {
            actions.extend((0..=number(state.record.chain.generation) + 1).map(Action::Guess));
        }
    }

    /// Time stands still while something that may not take longer is under way.
    fn may_tick(&self, state: &WorldState) -> bool {
        let Some(next) = state.now.checked_add(1).filter(|next| *next <= self.bounds.until) else {
            return false;
        };
        let in_time = |message: &Message| match message {
            Message::Request { sent_at, .. } => next - sent_at <= self.bounds.slowest_request,
            Message::Answer { sent_at, .. } => next - sent_at <= self.bounds.slowest_answer,
        };
        let may_wait = |job: &Job| self.bounds.nodes_stall && next - job.sent_at <= self.bounds.slowest_request;
        state.messages.iter().all(in_time) && state.jobs.iter().all(may_wait)
    }

    fn may_send(&self, state: &WorldState, who: Who, ask: Ask) -> bool {
        let party = &state.parties[who.index()];
        let Some(token) = party.token else { return false };
        let outstanding = state.messages.iter().filter(|message| message.who() == who).count()
            + state.jobs.iter().filter(|job| job.who == who).count();
        party.sent < self.bounds.requests[who.index()]
            && outstanding < self.bounds.tabs
            && match ask {
                Ask::Authenticate => who == Who::Client,
                Ask::Verify => !self.bounds.is_immediate() || self.would_confirm(state, token),
                Ask::Page | Ask::Renew => true,
            }
    }

    /// Tells whether a use changes anything; where it is judged at once, the others are left out.
    fn would_confirm(&self, state: &WorldState, token: Name) -> bool {
        matches!(self.standing(state, token), Stands::Current { first_use: true })
    }

    fn may_judge(&self, state: &WorldState, who: Who, ask: Ask) -> bool {
        let last = self.apart_from(who).map(|index| state.renewals[index]);
        let apart = ask != Ask::Renew || last.is_none_or(|last| state.now > last + self.bounds.grace);
        apart && state.jobs.len() < NODES
    }

    /// Returns where the time of the renewal is kept that this party's next one is to be apart from.
    fn apart_from(&self, who: Who) -> Option<usize> {
        match self.bounds.apart {
            Apart::All => Some(0),
            Apart::OfEach => Some(who.index()),
            Apart::None => None,
        }
    }

    pub(super) fn step(&self, state: &mut WorldState, action: Action) {
        match action {
            Action::Tick => state.now += 1,
            Action::Send(who, ask) => self.send(state, who, ask),
            Action::Call(who, ask) => self.call(state, who, ask),
            Action::Judge(message) => {
                state.remove(message);
                if let Message::Request { who, token, ask, sent_at } = message {
                    self.judge(state, Request { who, token, ask, sent_at });
                }
            }
            Action::Save(index) => self.save(state, index),
            Action::Receive(message) => {
                state.remove(message);
                if let Message::Answer { who, token, renewal, .. } = message {
                    self.receive(state, who, token, renewal);
                }
            }
            Action::Lose(message) => {
                state.remove(message);
                state.lost += 1;
            }
            Action::Steal => state.parties[1].token = state.parties[0].token,
            Action::Guess(generation) => {
                if let Some(save) = self.decide(state, Shown::Guess(generation), Ask::Page).save {
                    state.record = save;
                }
            }
        }
    }

    fn send(&self, state: &mut WorldState, who: Who, ask: Ask) {
        let party = &mut state.parties[who.index()];
        let Some(token) = party.token else { return };
        if self.bounds.requests[who.index()] != Bounds::UNCOUNTED {
            party.sent += 1;
        }
        state.add(Message::Request { who, token, ask, sent_at: state.now });
    }

    fn call(&self, state: &mut WorldState, who: Who, ask: Ask) {
        self.step(state, Action::Send(who, ask));
        for message in state.messages.clone() {
            self.step(state, Action::Judge(message));
        }
        while !state.jobs.is_empty() {
            self.step(state, Action::Save(0));
        }
        for message in state.messages.clone() {
            self.step(state, Action::Receive(message));
        }
    }

    /// Loads, judges, and answers at once if nothing is to be saved.
    fn judge(&self, state: &mut WorldState, request: Request) {
        let Request { who, token, ask, sent_at } = request;
        if ask == Ask::Renew {
            self.apart_from(who).into_iter().for_each(|index| state.renewals[index] = state.now);
        }
        let decision = self.decide(state, Shown::Token(token), ask);
        self.check(state, request, &decision);
        if decision.save.is_some() {
            let loaded = state.record.version;
            state.jobs.push(Job { who, token, ask, sent_at, loaded, decision });
            state.jobs.sort_by_key(|job| (job.who, job.token, job.ask, job.sent_at, job.loaded));
        } else {
            answer(state, request, decision.answer);
        }
    }

    /// Saves by compare-and-set; after a conflict, loads and judges again.
    fn save(&self, state: &mut WorldState, index: usize) {
        let Job { who, token, ask, sent_at, loaded, decision } = state.jobs.remove(index);
        let request = Request { who, token, ask, sent_at };
        let Some(save) = decision.save else { return };
        if loaded != state.record.version && !self.server.has(Fault::SavesBlindly) {
            if self.server.has(Fault::AnswersDespiteConflict) {
                answer(state, request, decision.answer);
                check_handed_out(state, decision.answer);
            } else {
                self.judge(state, request);
            }
            return;
        }
        check_order(state, &save);
        if decision.makes_up && state.used {
            state.violate(Violation::UsedTakenForLost);
        }
        if ask == Ask::Authenticate && save.ended.is_none() && !decision.goes_on {
            state.dead_below = number(save.chain.generation);
        }
        state.chains = state.chains.max(save.chain_number + 1);
        if save.chain.hash != state.record.chain.hash {
            state.used = false;
        }
        state.record = save;
        if decision.goes_on && ask != Ask::Verify {
            state.used = true;
            return self.judge(state, request);
        }
        answer(state, request, decision.answer);
        check_handed_out(state, decision.answer);
    }

    fn receive(&self, state: &mut WorldState, who: Who, token: Name, renewal: bool) {
        let party = &mut state.parties[who.index()];
        let jar = if who == Who::Client { self.bounds.jar } else { Jar::Newest };
        party.token = Some(jar.keep(party.token, token));
        if renewal {
            state.finish_renewal(who);
        }
    }

    /// Checks what a judgement alone can break.
    fn check(&self, state: &mut WorldState, request: Request, decision: &Decision) {
        let accepted = decision.answer != Answer::Refused;
        if accepted && request.token.generation < state.dead_below {
            state.violate(Violation::OutlivedAuthentication);
        }
        let record = &state.record;
        let was_shown = request.token == record.name(number(record.chain.from))
            && request.token != record.present()
            && Self::now(state).since(record.chain.renewed_at) <= self.server.grace.grace;
        let same = match request.ask {
            Ask::Page | Ask::Renew => decision.answer == Answer::Handed(record.present()),
            Ask::Verify => decision.answer == Answer::Accepted,
            Ask::Authenticate => accepted,
        };
        if was_shown && !same {
            state.violate(Violation::Diverged);
        }
        if decision.save.is_none() {
            check_handed_out(state, decision.answer);
        }
    }
}

/// A request at a node.
#[derive(Clone, Copy)]
struct Request {
    who: Who,
    token: Name,
    ask: Ask,
    sent_at: u8,
}

fn answer(state: &mut WorldState, request: Request, answer: Answer) {
    let renewal = request.ask == Ask::Renew;
    if answer != Answer::Refused && request.token == state.record.present() {
        state.used = true;
    }
    if let Answer::Handed(token) = answer {
        state.add(Message::Answer { who: request.who, token, renewal, sent_at: state.now });
    } else if renewal {
        state.finish_renewal(request.who);
    }
}

fn check_handed_out(state: &mut WorldState, answer: Answer) {
    if matches!(answer, Answer::Handed(token) if token != state.record.present()) {
        state.violate(Violation::HandedOutUnsaved);
    }
}

fn check_order(state: &mut WorldState, save: &Record) {
    if state.record.ended.is_some() {
        state.violate(Violation::CameBack);
    } else if save.chain.generation < state.record.chain.generation {
        state.violate(Violation::WentBack);
    }
}

impl WorldState {
    fn add(&mut self, message: Message) {
        let place = self.messages.partition_point(|other| *other < message);
        self.messages.insert(place, message);
    }

    fn remove(&mut self, message: Message) {
        if let Some(place) = self.messages.iter().position(|other| *other == message) {
            self.messages.remove(place);
        }
    }

    fn violate(&mut self, violation: Violation) {
        self.violation.get_or_insert(violation);
    }

    fn finish_renewal(&mut self, who: Who) {
        if self.parties[Who::Thief.index()].token.is_none() {
            return;
        }
        self.parties[who.index()].renewed = true;
        if self.parties.iter().all(|party| party.renewed) {
            self.rounds += 1;
            self.parties.iter_mut().for_each(|party| party.renewed = false);
        }
    }
}

impl Message {
    /// Returns the party that sent it or that it is for.
    pub fn who(&self) -> Who {
        match self {
            Self::Request { who, .. } | Self::Answer { who, .. } => *who,
        }
    }
}
