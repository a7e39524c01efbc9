use hallpass_model::Fault;
use hallpass_model::fleet::{Fleet, Plan};

fn small() -> Plan {
    Plan { requests: 300_000, sessions: 500, ..Plan::default() }
}

#[test]
fn ten_million_requests_with_stalled_packets_end_no_honest_session() {
    let plan = Plan::default();
    let report = Fleet::run(plan.clone());
    assert_eq!((report.false_replays, report.mistakes), (0, 0), "seed {}\n{report}", plan.seed);
    assert!(report.requests >= 10_000_000 && report.longest_stall > 149_000, "{report}");
    for (what, count) in [
        ("renewals", report.renewals),
        ("conflicts", report.conflicts),
        ("converged", report.converged),
        ("made up", report.made_up),
        ("spent", report.spent),
        ("late answers", report.late_answers),
        ("lost answers", report.lost_answers),
    ] {
        assert!(count > 100, "{what} came up {count} times\n{report}");
    }
    assert!(report.locked_out * 10_000 < report.requests, "{report}");
}

#[test]
fn packets_that_stall_for_longer_end_honest_sessions() {
    let report = Fleet::run(Plan { slowest_request: 600_000, slowest_answer: 600_000, ..small() });
    assert!(report.false_replays > 100, "{report}");
}

#[test]
fn thieves_are_found_and_nobody_else() {
    let report = Fleet::run(Plan { thieves: 100, ..small() });
    assert!(report.thefts_found > 50, "{report}");
    assert_eq!(report.false_replays, 0, "{report}");
}

#[test]
fn the_simulation_finds_what_is_broken() {
    let report = Fleet::run(Plan { fault: Some(Fault::EndsOnSpent), ..small() });
    assert!(report.mistakes > 100, "{report}");
    let report = Fleet::run(Plan { fault: Some(Fault::ForgivesReplays), thieves: 100, ..small() });
    assert_eq!(report.thefts_found, 0, "{report}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let plan = Plan { requests: 20_000, seed: 7, ..small() };
    assert_eq!(Fleet::run(plan.clone()), Fleet::run(plan.clone()));
    assert_ne!(Fleet::run(plan.clone()), Fleet::run(Plan { seed: 8, ..plan }));
}
