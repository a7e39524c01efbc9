use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass::testing::require;

use crate::browser::cache;
use crate::program::program;

/// Libraries of others for what is sent over the wire: `openid-client`, `jose` and `standardwebhooks`.
#[derive(Debug)]
pub struct OauthClient {
    node: PathBuf,
    modules: PathBuf,
}

/// Returns the client for a test, or says that the test is skipped.
///
/// # Panics
///
/// If a part is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn oauth_client() -> Option<OauthClient> {
    let node = program("node")?;
    let modules = require(modules().ok_or("openid-client is not installed; ./test does that"))?;
    Some(OauthClient { node, modules })
}

impl OauthClient {
    /// Returns the command that runs a CommonJS script with both in reach.
    ///
    /// They are modules of the newer kind, which `NODE_PATH` does not reach, so the script imports them by their paths:
    ///
    /// ```js
    /// const oauth = await import(require.resolve('openid-client'));
    /// ```
    pub fn script(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(script).env("NODE_PATH", &self.modules);
        command
    }
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn modules() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_OAUTH").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/oauth/node_modules"));
    [named, cached].into_iter().flatten().find(|folder| folder.join("openid-client").is_dir())
}
