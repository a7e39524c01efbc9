use super::case::{Case, Failure};
use super::handles::{Handles, IntoHandles};
use super::{CASES, OUTAGE_CASES};

/// Runs every case, each on what `make` gives it, and goes on after a failure.
///
/// The [`OUTAGE_CASES`] are run where the handles have an outage. Give every case a fresh store where that is cheap.
/// Where it is not, give all the same: every case has a realm of its own, and asserts only about its own records.
///
/// ```
/// use std::sync::Arc;
///
/// use hallpass::MemoryStore;
/// use hallpass::testing::conformance;
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(async {
/// conformance::run(async || Arc::new(MemoryStore::new())).await;
/// # });
/// ```
///
/// # Panics
///
/// If a case fails, after all were run, with each failure in a line; and outside of a tokio runtime with time.
/// The runtime should have several threads, or the races are none.
pub async fn run<M, H>(make: M)
where
    M: AsyncFn() -> H,
    H: IntoHandles,
{
    let mut failures: Vec<Failure> = Vec::new();
    for case in CASES {
        let Some(handles) = make().await.into_handles() else { return };
        failures.extend(case.check(handles).await.err());
    }
    for case in OUTAGE_CASES {
        let handles = make().await.into_handles();
        let Some(handles) = handles.filter(Handles::has_outage) else { break };
        failures.extend(case.check(handles).await.err());
    }
    let told: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "the store does not keep the contract:\n{}", told.join("\n"));
}

/// Runs one case by its name, in a runtime of its own: what the functions of
/// [`conformance_tests!`](crate::testing::conformance_tests) do.
///
/// # Panics
///
/// If the case fails, if there is none of that name, or if no runtime can be had.
pub fn check<M, H>(name: &str, make: M)
where
    M: AsyncFn() -> H,
    H: IntoHandles,
{
    let case = find(name).unwrap_or_else(|| panic!("there is no case {name}"));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_all().build().expect("the system gives threads");
    runtime.block_on(async {
        if let Some(handles) = make().await.into_handles() {
            case.run(handles).await;
        }
    });
}

fn find(name: &str) -> Option<&'static Case> {
    CASES.iter().chain(OUTAGE_CASES).find(|case| case.name == name)
}
