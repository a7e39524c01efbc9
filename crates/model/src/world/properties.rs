//! What must hold in every state, and what must come up in some.

use std::collections::BTreeSet;

use stateright::Property;

use super::memo::Stands;
use super::{Bounds, Message, Theft, Violation, World, WorldState};
use crate::party::Who;
use crate::secrets::{Name, number};
use crate::server::End;

/// What must hold in every state of a world.
pub mod always {
    /// Only one line of successors is good, and it only moves forward.
    pub const ONE_LINEAGE: &str = "at most one lineage lives";
    /// An end is final.
    pub const ENDED_STAYS: &str = "an ended session stays ended";
    /// No wrong secret ends a session, and neither does a spent token before its time.
    pub const ONLY_REPLAYS_END: &str = "nothing but a replay ends a session";
    /// Two holders are noticed.
    pub const THEFT_IS_FOUND: &str = "a theft is found when both go on renewing";
    /// One holder is never taken for two.
    pub const NO_FALSE_REPLAY: &str = "no honest session ends";
    /// All tabs converge.
    pub const SAME_SUCCESSOR: &str = "within grace all get the same successor";
    /// A login leaves nothing of before.
    pub const AUTHENTICATION_KILLS: &str = "an authentication kills every older token";
    /// Rule 3 is for lost answers.
    pub const USED_IS_NOT_LOST: &str = "a token that was used is never taken for lost";
    /// A client that lost an answer gets another.
    pub const HONEST_RECOVERS: &str = "an honest client is never locked out";
}

/// What must come up in some state of a world, since otherwise the world was too small to prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// A client holds a token that rule 3 made.
    MadeUp,
    /// Two answers hand out the same token at once.
    Converging,
    /// A node saves for a version that has passed.
    Race,
    /// A spent token is on its way.
    SpentShown,
    /// An answer comes later than one with a newer token.
    LateAnswer,
    /// The client is locked out, though nothing ended.
    LockedOut,
    /// There was an authentication.
    Authenticated,
    /// The session ended as replayed.
    Replayed,
    /// Both have renewed four times, and nobody has noticed.
    Unnoticed,
    /// The thief is the one who holds the present token when the theft is found.
    ThiefAhead,
}

/// The properties of a world with these bounds.
pub(super) fn of(bounds: &Bounds) -> Vec<Property<World>> {
    let mut properties = vec![
        Property::always(always::ONE_LINEAGE, one_lineage),
        Property::always(always::ENDED_STAYS, |_: &World, state: &WorldState| !state.has(Violation::CameBack)),
        Property::always(always::ONLY_REPLAYS_END, |_: &World, state: &WorldState| {
            state.record.ended != Some(End::Mistaken)
        }),
        Property::always(always::SAME_SUCCESSOR, |_: &World, state: &WorldState| !state.has(Violation::Diverged)),
        Property::always(always::AUTHENTICATION_KILLS, |_: &World, state: &WorldState| {
            !state.has(Violation::OutlivedAuthentication)
        }),
        Property::always(always::USED_IS_NOT_LOST, |_: &World, state: &WorldState| {
            !state.has(Violation::UsedTakenForLost)
        }),
    ];
    if bounds.theft == Theft::Never {
        properties.push(Property::always(always::NO_FALSE_REPLAY, |_: &World, state: &WorldState| {
            state.record.ended.is_none()
        }));
    } else if bounds.rounds > 0 {
        properties.push(Property::always(always::THEFT_IS_FOUND, theft_is_found));
    }
    if bounds.recovers {
        properties.push(Property::always(always::HONEST_RECOVERS, |world: &World, state: &WorldState| {
            !locked_out(world, state)
        }));
    }
    properties.extend(bounds.sights.iter().map(|sight| sight.property()));
    properties
}

fn one_lineage(world: &World, state: &WorldState) -> bool {
    if state.has(Violation::HandedOutUnsaved) || state.has(Violation::WentBack) {
        return false;
    }
    let held = state.parties.iter().filter_map(|party| party.token);
    let successors: BTreeSet<Name> = held.filter_map(|token| leads_to(world, state, token)).collect();
    successors.len() <= 1
}

/// Returns the present token, as the rules derive it from this one, if this one is good.
fn leads_to(world: &World, state: &WorldState, token: Name) -> Option<Name> {
    match world.standing(state, token) {
        Stands::Current { .. } => Some(token),
        Stands::Replaced(present) => Some(present),
        Stands::Spent | Stands::Replayed | Stands::Wrong => None,
    }
}

fn theft_is_found(world: &World, state: &WorldState) -> bool {
    state.record.ended.is_some() || state.rounds < world.bounds.rounds
}

fn locked_out(world: &World, state: &WorldState) -> bool {
    let waits = state.messages.iter().any(|message| message.who() == Who::Client)
        || state.jobs.iter().any(|job| job.who == Who::Client);
    let token = state.parties[Who::Client.index()].token;
    state.record.ended.is_none() && !waits && token.is_some_and(|token| leads_to(world, state, token).is_none())
}

impl Sight {
    fn property(self) -> Property<World> {
        match self {
            Self::MadeUp => Property::sometimes("a lost answer is made up for", |_: &World, state: &WorldState| {
                let chain = &state.record.chain;
                let skipped = number(chain.generation) - number(chain.from) > 1;
                skipped && state.parties[0].token == Some(state.record.present())
            }),
            Self::Converging => {
                Property::sometimes("two tabs get the same successor", |_: &World, state: &WorldState| {
                    state.answers().any(|token| state.answers().filter(|other| *other == token).count() > 1)
                })
            }
            Self::Race => Property::sometimes("a node saves too late", |_: &World, state: &WorldState| {
                state.jobs.iter().any(|job| job.loaded != state.record.version)
            }),
            Self::SpentShown => Property::sometimes("a spent token is shown", |world: &World, state: &WorldState| {
                state.shown().any(|token| world.standing(state, token) == Stands::Spent)
            }),
            Self::LateAnswer => Property::sometimes("an answer comes late", |_: &World, state: &WorldState| {
                let held = state.parties[0].token.map(|token| token.generation);
                state.answers().any(|token| Some(token.generation) < held)
            }),
            Self::LockedOut => Property::sometimes("a late answer locks the client out", locked_out),
            Self::Authenticated => {
                Property::sometimes("there is an authentication", |_: &World, state: &WorldState| state.dead_below > 0)
            }
            Self::Replayed => Property::sometimes("a replay ends the session", |_: &World, state: &WorldState| {
                state.record.ended == Some(End::Replayed)
            }),
            Self::Unnoticed => Property::sometimes("a theft goes unnoticed", |_: &World, state: &WorldState| {
                state.rounds >= 4 && state.record.ended.is_none()
            }),
            Self::ThiefAhead => {
                Property::sometimes("the thief is ahead when it is found", |_: &World, state: &WorldState| {
                    state.record.ended == Some(End::Replayed) && state.parties[1].token == Some(state.record.present())
                })
            }
        }
    }
}

impl WorldState {
    fn has(&self, violation: Violation) -> bool {
        self.violation == Some(violation)
    }

    /// The tokens that are on their way to the client.
    fn answers(&self) -> impl Iterator<Item = Name> {
        self.messages.iter().filter_map(|message| match message {
            Message::Answer { who: Who::Client, token, .. } => Some(*token),
            _ => None,
        })
    }

    /// The tokens that are on their way to a node.
    fn shown(&self) -> impl Iterator<Item = Name> {
        self.messages.iter().filter_map(|message| match message {
            Message::Request { token, .. } => Some(*token),
            Message::Answer { .. } => None,
        })
    }
}
