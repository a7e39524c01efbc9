use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass::testing::require;

use crate::program::{find, program};

/// A real browser, driven by a script for Node.js.
#[derive(Debug)]
pub struct Browser {
    node: PathBuf,
    modules: PathBuf,
    chromium: PathBuf,
}

/// Returns the browser for a test, or says that the test is skipped.
///
/// # Panics
///
/// If a part is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn browser() -> Option<Browser> {
    let node = program("node")?;
    let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find);
    let chromium = require(chromium.ok_or("chromium is not installed"))?;
    let modules = require(modules().ok_or("playwright-core is not installed; ./test does that"))?;
    Some(Browser { node, modules, chromium })
}

impl Browser {
    /// Returns the command that runs a CommonJS script with `playwright-core` in reach.
    ///
    /// The script finds the browser's path in `process.env.CHROMIUM`:
    ///
    /// ```js
    /// const { chromium } = require('playwright-core');
    /// const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    /// ```
    ///
    /// Tests run as root in containers, where Chromium's own sandbox cannot start; they load pages of this repository only.
    pub fn script(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(script).env("NODE_PATH", &self.modules).env("CHROMIUM", &self.chromium);
        command
    }
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn modules() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_NODE_MODULES").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/browser/node_modules"));
    [named, cached].into_iter().flatten().find(|folder| folder.join("playwright-core").is_dir())
}

pub(crate) fn cache() -> Option<PathBuf> {
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
}
