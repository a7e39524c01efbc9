use hallpass_model::{Bounds, Jar, Sight, World, always, worlds};
use stateright::{Checker, HasDiscoveries, Model};

fn holds(bounds: Bounds) {
    World::new(bounds).checker().spawn_bfs().join().assert_properties();
}

/// Tells after how many steps this property is first broken.
#[track_caller]
pub(crate) fn breaks(bounds: Bounds, property: &'static str) -> usize {
    let only = HasDiscoveries::AnyOf([property].into());
    let checker = World::new(bounds).checker().finish_when(only).spawn_bfs().join();
    let schedule = checker.discovery(property).expect("there is a schedule that breaks it");
    schedule.into_actions().len()
}

#[test]
fn the_rules_hold_with_many_tabs_over_a_bad_network() {
    holds(worlds::tabs());
}

#[test]
fn the_rules_hold_for_a_browser_that_keeps_what_came_last() {
    holds(worlds::browser());
}

#[test]
fn a_client_with_one_tab_always_recovers_from_lost_answers() {
    holds(worlds::one_tab());
}

#[test]
fn a_client_with_many_tabs_recovers_from_a_lost_answer_if_the_others_are_prompt() {
    holds(worlds::prompt_network());
}

#[test]
fn an_authentication_kills_every_older_token_at_once() {
    holds(worlds::login());
}

#[test]
fn a_theft_is_found_within_four_rounds() {
    holds(worlds::theft());
}

#[test]
fn a_theft_at_any_time_is_found() {
    holds(worlds::theft_at_any_time());
}

#[test]
fn a_theft_is_found_when_tokens_are_used_between_renewals() {
    holds(worlds::theft_with_use());
}

#[test]
fn a_theft_is_found_over_a_bad_network() {
    holds(worlds::theft_over_a_bad_network());
}

#[test]
fn two_who_poll_within_grace_go_unnoticed() {
    holds(worlds::theft_within_grace());
}

#[test]
fn three_rounds_are_not_enough_to_find_a_theft() {
    breaks(Bounds { rounds: 3, ..worlds::theft() }, always::THEFT_IS_FOUND);
}

#[test]
fn a_request_that_stalls_for_longer_than_replay_after_can_end_an_honest_session() {
    let tabs = worlds::tabs();
    breaks(Bounds { slowest_request: tabs.replay_after + 1, ..tabs }, always::NO_FALSE_REPLAY);
}

#[test]
fn a_browser_whose_renewals_are_close_together_can_lose_its_session() {
    let browser = worlds::browser();
    let renewal = 2 * browser.replay_after;
    let until = browser.until - 1;
    breaks(Bounds { renewal: Some(renewal), from: renewal, until, ..browser }, always::NO_FALSE_REPLAY);
}

#[test]
fn a_late_answer_can_lock_a_client_out() {
    for jar in [Jar::Latest, Jar::Newest] {
        breaks(Bounds { jar, recovers: true, sights: &[], ..worlds::tabs() }, always::HONEST_RECOVERS);
    }
}

#[test]
fn a_client_that_loses_nothing_and_reads_generations_is_not_locked_out() {
    let sights = &[Sight::Race, Sight::Converging];
    holds(Bounds { losses: 0, recovers: true, sights, guesses: false, ..worlds::tabs() });
}
