use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::Failure;
use crate::goods::Good;
use crate::visit::Visit;

/// The shop, as somebody sees it.
#[derive(Debug, Template)]
#[template(path = "page.html")]
pub struct Page {
    pattern: &'static str,
    visit: Visit,
    is_scripted: bool,
    trail: Vec<String>,
    goods: [Good; 4],
}

impl Page {
    /// Returns the page of an example that shows this pattern.
    pub fn new(pattern: &'static str, visit: Visit) -> Self {
        Self { pattern, visit, is_scripted: false, trail: Vec::new(), goods: Good::ALL }
    }

    /// Returns a page that asks for everything itself, by `/call.js`: it is the same for everybody.
    pub fn scripted(pattern: &'static str) -> Self {
        Self { is_scripted: true, ..Self::new(pattern, Visit::new(None, None)) }
    }

    /// Shows what happened, line by line.
    #[must_use]
    pub fn trail(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.trail.extend(lines);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        self.render().map(Html).map_err(Failure::from).into_response()
    }
}

/// What is shown in the place of a page, where something is wrong.
#[derive(Debug, Template)]
#[template(path = "trouble.html")]
pub(crate) struct Trouble<'a> {
    pub(crate) title: &'a str,
    pub(crate) detail: &'a str,
}
