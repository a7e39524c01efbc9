use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something that the shop sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // their names say it
pub enum Good {
    Apples,
    Bread,
    Honey,
    Tea,
}

/// What somebody puts into their cart.
#[derive(Debug, Deserialize)]
pub struct Order {
    /// One of these.
    pub item: Good,
}

/// What is in a cart, as the session keeps it: `{"honey":2,"tea":1}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cart(BTreeMap<Good, u8>);

/// A line of a cart, as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) count: u8,
}

impl Cart {
    /// Returns the cart with one more of these, up to 99.
    #[must_use]
    pub fn with(mut self, good: Good) -> Self {
        let count = self.0.entry(good).or_default();
        *count = (*count + 1).min(99);
        self
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.0.iter().map(|(good, count)| Line { name: good.name(), count: *count }).collect()
    }
}

impl Good {
    pub(crate) const ALL: [Self; 4] = [Self::Apples, Self::Bread, Self::Honey, Self::Tea];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Apples => "apples",
            Self::Bread => "bread",
            Self::Honey => "honey",
            Self::Tea => "tea",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Apples => "Apples",
            Self::Bread => "Bread",
            Self::Honey => "Honey",
            Self::Tea => "Tea",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Apples => "Six, from the tree behind the house",
            Self::Bread => "Rye, baked this morning",
            Self::Honey => "Lime blossom, a glass of 250 g",
            Self::Tea => "Black, a tin of 100 g",
        }
    }

    pub(crate) fn price(self) -> &'static str {
        match self {
            Self::Apples => "3.20",
            Self::Bread => "4.50",
            Self::Honey => "6.80",
            Self::Tea => "9.00",
        }
    }
}
