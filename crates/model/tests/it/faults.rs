use hallpass_model::{Bounds, Fault, always, worlds};

use crate::worlds::breaks;

type Met = (Fault, fn() -> Bounds, &'static str);

/// Each fault, the world in which it is met, and what it breaks.
const FAULTS: [Met; 14] = [
    (Fault::ForgetsConfirmations, worlds::prompt_network, always::USED_IS_NOT_LOST),
    (Fault::SavesBlindly, worlds::prompt_network, always::ONE_LINEAGE),
    (Fault::AnswersDespiteConflict, worlds::login, always::ONE_LINEAGE),
    (Fault::EndsOnWrong, worlds::tabs, always::ONLY_REPLAYS_END),
    (Fault::EndsOnSpent, worlds::prompt_network, always::NO_FALSE_REPLAY),
    (Fault::ForgivesReplays, worlds::theft, always::THEFT_IS_FOUND),
    (Fault::MakesUpForUsed, worlds::prompt_network, always::USED_IS_NOT_LOST),
    (Fault::RepeatsLost, worlds::theft, always::THEFT_IS_FOUND),
    (Fault::HasNoGrace, worlds::prompt_network, always::SAME_SUCCESSOR),
    (Fault::HasEndlessGrace, worlds::theft, always::THEFT_IS_FOUND),
    (Fault::RenewsAtLogin, worlds::login, always::AUTHENTICATION_KILLS),
    (Fault::CountsFromRenewal, worlds::tabs, always::NO_FALSE_REPLAY),
    (Fault::EndsOnLost, worlds::tabs, always::NO_FALSE_REPLAY),
    (Fault::NeverSettles, worlds::theft, always::THEFT_IS_FOUND),
];

#[test]
fn each_broken_server_is_found_out() {
    for (fault, world, property) in FAULTS {
        let steps = breaks(world().with(fault), property);
        assert!(steps > 0, "{fault:?}");
    }
}

#[test]
fn a_node_that_saves_blindly_brings_an_ended_session_back() {
    let theft = Bounds { nodes_stall: true, slowest_request: 3, until: 12, ..worlds::theft() };
    breaks(theft.with(Fault::SavesBlindly), always::ENDED_STAYS);
}
