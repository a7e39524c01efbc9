//! The conformance suite finds what it is there to find: each of many broken stores fails the case that is about it.

mod flaw;
mod read;
mod store;
mod table;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use hallpass::Capabilities;
use hallpass::testing::conformance::{CASES, Case, Handles, OUTAGE_CASES};

pub(crate) use self::flaw::Flaw;
pub(crate) use self::store::PlainStore;
use self::table::BROKEN;

fn handles(flaw: Option<Flaw>, capabilities: Capabilities) -> Handles {
    let store = Arc::new(PlainStore::new(flaw, capabilities));
    let switch = Arc::clone(&store);
    Handles::one(store).with_outage(move |away| {
        switch.outage(away);
        std::future::ready(())
    })
}

pub(crate) fn everything() -> Capabilities {
    Capabilities { list: true, events: true, changes: true, shared: true, durable: true }
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(OUTAGE_CASES)
}

fn capabilities_of(flaw: Flaw) -> Capabilities {
    match flaw {
        Flaw::ListIsEmptyWithoutTheCapability => Capabilities { list: false, ..everything() },
        Flaw::NewsWithoutTheCapability => Capabilities { changes: false, ..everything() },
        _ => everything(),
    }
}

/// Runs a case in a runtime of its own, so that what a broken store leaves behind is no other case's trouble.
fn finds(case: &Case, flaw: Option<Flaw>, capabilities: Capabilities) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_all().build().expect("the system gives threads");
    let outcome = runtime.block_on(case.check(handles(flaw, capabilities)));
    outcome.map_err(|failure| failure.to_string())
}

/// Returns which of the cases that are to find a flaw do not.
fn unnoticed(flaw: Flaw, names: &[&str]) -> Vec<String> {
    let mut unnoticed = Vec::new();
    for name in names {
        let case = all_cases().find(|case| case.name() == *name);
        let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
        if finds(case, Some(flaw), capabilities_of(flaw)).is_ok() {
            unnoticed.push(format!("{flaw:?} passes {name}"));
        }
    }
    unnoticed
}

#[test]
fn each_broken_store_fails_the_case_that_names_it() {
    // Side by side, since some cases wait for what never comes.
    let unnoticed: Vec<_> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..8)
            .map(|part| {
                let stores = BROKEN.iter().skip(part).step_by(8);
                scope.spawn(|| stores.flat_map(|(flaw, names)| unnoticed(*flaw, names)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("it names cases that exist")).collect()
    });
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn each_case_is_failed_by_some_broken_store() {
    let failed: BTreeSet<_> = BROKEN.iter().flat_map(|(_, names)| *names).copied().collect();
    let never: Vec<_> = all_cases().map(Case::name).filter(|name| !failed.contains(name)).collect();
    assert_eq!(never, <[&str; 0]>::default(), "these cases are not shown to find anything");
}

#[test]
fn the_store_without_a_flaw_passes_every_case() {
    let least = Capabilities::default();
    let kinds = [everything(), least, Capabilities { list: true, ..least }, Capabilities { events: true, ..least }];
    for capabilities in kinds {
        for case in all_cases() {
            assert_eq!(finds(case, None, capabilities), Ok(()), "with {capabilities:?}");
        }
    }
}
