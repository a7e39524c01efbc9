//! Style, script and icon: part of the program, and nothing from elsewhere.

use std::sync::LazyLock;

use axum::Router;
use axum::routing::get;

use crate::html::{address, file};

const STYLE: &str = include_str!("dashboard.css");
const SCRIPT: &str = include_str!("dashboard.js");
const ICON: &str = include_str!("icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/dashboard/dashboard.css", STYLE));
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/dashboard/dashboard.js", SCRIPT));

/// Returns the address of the style sheet as it is now.
pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// Returns the address of the script as it is now.
pub(super) fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

pub(super) fn router() -> Router {
    Router::new()
        .route("/dashboard/dashboard.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
        .route("/dashboard/dashboard.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/dashboard/icon.svg", get(|| async { file("image/svg+xml", ICON) }))
}
