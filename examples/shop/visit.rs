use std::fmt::Display;

use hallpass::{Deadlines, Subject};
use serde::Serialize;

use crate::goods::Line;
use crate::{Cart, Customer};

/// What a page shows to whoever asks for it: as HTML, or as JSON for pages that build themselves.
#[derive(Debug, Serialize)]
pub struct Visit {
    pub(crate) customer: Option<&'static Customer>,
    pub(crate) cart: Vec<Line>,
    pub(crate) facts: Vec<Fact>,
}

/// Something that the server knows of the session.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

impl Visit {
    /// Returns the visit of a customer, or of somebody unknown, with their cart.
    pub fn new(subject: Option<&Subject>, cart: Option<Cart>) -> Self {
        let customer = subject.and_then(|subject| Customer::find(subject.as_str()));
        Self { customer, cart: cart.unwrap_or_default().lines(), facts: Vec::new() }
    }

    /// Says something that the server knows, if it does.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.facts.extend(value.map(|value| Fact { name, value: value.to_string() }));
        self
    }

    /// Says when the session ends.
    #[must_use]
    pub fn until(self, deadlines: Option<Deadlines>) -> Self {
        let idle = deadlines.map(|deadlines| deadlines.idle);
        self.fact("Ends if unused until", idle)
            .fact("Ends at the latest", deadlines.map(|deadlines| deadlines.absolute))
    }
}
