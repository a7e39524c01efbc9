//! The stores of this crate keep the contract.

mod memory {
    use std::sync::Arc;

    use hallpass::MemoryStore;
    use hallpass::testing::conformance_tests;

    conformance_tests!(async || Arc::new(MemoryStore::new()));
}
