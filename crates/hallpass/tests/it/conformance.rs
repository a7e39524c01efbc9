//! The stores of this crate keep the contract.

mod memory {
    use std::sync::Arc;

    use hallpass::MemoryStore;
    use hallpass::testing::conformance_tests;

    conformance_tests!(async || Arc::new(MemoryStore::new()));
}

mod outage {
    use std::sync::Arc;

    use hallpass::MemoryStore;
    use hallpass::testing::conformance::Handles;
    use hallpass::testing::{FaultyStore, outage_tests};

    async fn handles() -> Handles {
        let store = FaultyStore::new(MemoryStore::new());
        let switch = store.clone();
        Handles::one(Arc::new(store)).with_outage(move |away| {
            switch.outage(away);
            std::future::ready(())
        })
    }

    outage_tests!(handles);
}

mod suite {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use hallpass::testing::conformance::{self, CASES, Handles};
    use hallpass::testing::{Fault, FaultyStore, Method};
    use hallpass::{Capabilities, MemoryStore};

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_store_that_can_do_less_passes_if_it_says_so() {
        for capabilities in [Capabilities::default(), Capabilities { events: true, ..Capabilities::default() }] {
            let store = || FaultyStore::new(MemoryStore::new()).limited_to(capabilities);
            conformance::run(async || Arc::new(store())).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_store_serves_all_cases_through_two_slow_handles_that_answer_late() {
        let store = FaultyStore::new(MemoryStore::new());
        for method in Method::ALL {
            store.always(method, Fault::Delay(Duration::from_millis(1)));
        }
        conformance::run(async || Handles::two(Arc::new(store.clone()), Arc::new(store.clone()))).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_case_is_given_a_store_of_its_own() {
        let made = AtomicUsize::new(0);
        conformance::run(async || {
            made.fetch_add(1, Ordering::Relaxed);
            Arc::new(MemoryStore::new())
        })
        .await;
        assert_eq!(made.into_inner(), CASES.len() + 1, "and one more shows that there is no switch for an outage");
    }

    #[tokio::test(flavor = "multi_thread")]
    #[should_panic(expected = "an_outage_is_an_error_and_not_an_absent_record: while the store is away")]
    async fn outages_are_run_where_there_is_a_switch() {
        let a_switch_without_effect = |_| std::future::ready(());
        conformance::run(async || Handles::one(Arc::new(MemoryStore::new())).with_outage(a_switch_without_effect))
            .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[should_panic(expected = "an_unknown_session_is_absent: load must answer, and fails")]
    async fn a_failure_is_told_with_its_case() {
        let store = FaultyStore::new(MemoryStore::new());
        store.always(Method::Load, Fault::Unavailable);
        conformance::run(async || Arc::new(store.clone())).await;
    }

    #[test]
    fn a_test_without_what_its_store_needs_is_skipped() {
        conformance::check("every_field_comes_back", async || None::<Handles>);
    }

    #[test]
    #[should_panic(expected = "there is no case every_field_vanishes")]
    fn a_case_that_does_not_exist_is_no_success() {
        conformance::check("every_field_vanishes", async || Arc::new(MemoryStore::new()));
    }
}
