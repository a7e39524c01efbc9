//! A small web app to click through, mounted under `/demo`.

use axum::Router;
use hallpass::Sessions;

/// Returns the routes of the demo, which keeps its own sessions in `sessions`.
pub(crate) fn router(_sessions: Sessions) -> Router {
    Router::new()
}
