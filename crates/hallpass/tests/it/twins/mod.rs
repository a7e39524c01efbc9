//! The tests of revocations and of keys in turns find what they are there to find: each of many broken twins fails the case
//! that is about it, and what is not broken passes all.

mod keys;
mod revocations;
mod verifier;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::pin::Pin;

/// What a case does to something that may have a flaw; a panic is a finding.
type Case<F> = (&'static str, fn(Option<F>) -> Pin<Box<dyn Future<Output = ()>>>);

/// Runs a case in a runtime of its own whose time passes when nothing else is to do; tells whether it found nothing.
fn passes<F: Copy + Send + 'static>(case: &Case<F>, flaw: Option<F>) -> bool {
    let run = case.1;
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().expect("a runtime").block_on(run(flaw));
    })
    .join()
    .is_ok()
}

/// Checks that each flaw fails its cases, and that each case is failed by some flaw.
fn check<F: Copy + Debug + Send + 'static>(cases: &[Case<F>], flaws: &[(F, &[&str])]) {
    let mut unnoticed = Vec::new();
    let mut failed = BTreeSet::new();
    for (flaw, names) in flaws {
        for name in *names {
            let case = cases.iter().find(|case| case.0 == *name);
            let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
            failed.insert(*name);
            if passes(case, Some(*flaw)) {
                unnoticed.push(format!("{flaw:?} passes {name}"));
            }
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
    let never: Vec<_> = cases.iter().map(|case| case.0).filter(|name| !failed.contains(name)).collect();
    assert_eq!(never, <[&str; 0]>::default(), "these cases are not shown to find anything");
}

/// Names functions as cases.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        &[$((stringify!($name), |flaw| -> std::pin::Pin<Box<dyn Future<Output = ()>>> { Box::pin($name(flaw)) })),+]
    };
}
use cases;
