use hallpass_model::Fault;
use hallpass_model::tabs::{CONVERGE, Tabs};
use stateright::{Checker, HasDiscoveries, Model};

#[test]
fn sixty_four_tabs_converge_on_one_successor_in_every_schedule() {
    let checker = Tabs::new(64, None).checker().spawn_bfs().join();
    checker.assert_properties();
}

#[test]
fn without_grace_the_tabs_do_not_converge() {
    let tabs = Tabs::new(64, Some(Fault::HasNoGrace));
    let checker = tabs.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checker.assert_any_discovery(CONVERGE);
}
