//! What somebody has to have proven before they may do something.

use std::time::Duration;

use crate::record::Level;

/// What a route or a deed demands of a session: that somebody has signed in, how strongly, and how recently.
///
/// ```
/// use std::time::Duration;
/// use hallpass::{Demand, Level};
///
/// const PAYMENT: Demand = Demand::signed_in().level(Level::TWO_FACTORS).fresh(Duration::from_secs(300));
/// assert_eq!(PAYMENT.max_age(), Some(Duration::from_secs(300)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    least: Level,
    within: Option<Duration>,
}

impl Demand {
    /// Demands that somebody has signed in.
    pub const fn signed_in() -> Self {
        Self { least: Level::ONE_FACTOR, within: None }
    }

    /// Demands a proof of at least this strength too.
    #[must_use]
    pub const fn level(self, least: Level) -> Self {
        Self { least, ..self }
    }

    /// Demands that the last proof was given within this time too (`PWD-3`).
    #[must_use]
    pub const fn fresh(self, within: Duration) -> Self {
        Self { within: Some(within), ..self }
    }

    /// Demands what this one and another demand.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let least = if self.least.number() > other.least.number() { self.least } else { other.least };
        let within = match (self.within, other.within) {
            (Some(one), Some(two)) => Some(if one.as_nanos() < two.as_nanos() { one } else { two }),
            (Some(within), None) | (None, Some(within)) => Some(within),
            (None, None) => None,
        };
        Self { least, within }
    }

    /// Returns the least level that meets it.
    pub const fn least_level(&self) -> Level {
        self.least
    }

    /// Returns how old a proof may be, if that matters.
    pub const fn max_age(&self) -> Option<Duration> {
        self.within
    }
}

impl Default for Demand {
    fn default() -> Self {
        Self::signed_in()
    }
}

/// A demand as a type, for the signature of a handler.
///
/// ```
/// use hallpass::{AtLevel, Demands, Fresh, Level};
///
/// type ForPayments = (AtLevel<2>, Fresh<300>);
/// assert_eq!(ForPayments::DEMAND.least_level(), Level::TWO_FACTORS);
/// ```
pub trait Demands: 'static {
    /// What is demanded.
    const DEMAND: Demand;
}

/// Demands that somebody has signed in.
#[derive(Debug)]
pub enum SignedIn {}

/// Demands a proof of at least this level, 0 to 9.
#[derive(Debug)]
pub enum AtLevel<const LEAST: u8> {}

/// Demands that the last proof was given within so many seconds.
#[derive(Debug)]
pub enum Fresh<const SECONDS: u64> {}

impl Demands for SignedIn {
    const DEMAND: Demand = Demand::signed_in();
}

impl<const LEAST: u8> Demands for AtLevel<LEAST> {
    const DEMAND: Demand = Demand::signed_in().level(match Level::new(LEAST) {
        Some(level) => level,
        None => panic!("a level is 0 to 9"),
    });
}

impl<const SECONDS: u64> Demands for Fresh<SECONDS> {
    const DEMAND: Demand = Demand::signed_in().fresh(Duration::from_secs(SECONDS));
}

impl<A: Demands, B: Demands> Demands for (A, B) {
    const DEMAND: Demand = A::DEMAND.and(B::DEMAND);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_demands_the_stricter_counts_in_each_respect() {
        let one = Demand::signed_in().level(Level::TWO_FACTORS).fresh(Duration::from_mins(1));
        let two = Demand::signed_in().fresh(Duration::from_secs(30));
        let both = Demand::signed_in().level(Level::TWO_FACTORS).fresh(Duration::from_secs(30));
        assert_eq!((one.and(two), two.and(one)), (both, both));
        assert_eq!(one.and(Demand::signed_in()), one);
        assert_eq!(<(AtLevel<2>, (Fresh<30>, SignedIn))>::DEMAND, both);
        assert_eq!(Demand::default(), SignedIn::DEMAND);
    }
}
