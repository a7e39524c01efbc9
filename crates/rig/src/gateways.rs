use std::env;
use std::path::PathBuf;

use hallpass::testing::require;

use crate::browser::cache;

/// Returns the proxy Caddy, as it was built from its source, or says that the test is skipped.
///
/// # Panics
///
/// If it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn caddy() -> Option<PathBuf> {
    require(found("bin/caddy").ok_or("Caddy is not installed; ./test does that"))
}

/// Returns the proxy Envoy, as its package for Python carries it, or says that the test is skipped.
///
/// # Panics
///
/// If it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn envoy() -> Option<PathBuf> {
    require(found("envoy/envoy/_bin/envoy").ok_or("Envoy is not installed; ./test does that"))
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn found(program: &str) -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_PROXIES").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/proxies"));
    [named, cached].into_iter().flatten().map(|folder| folder.join(program)).find(|path| path.is_file())
}
