use rand::Rng;

use super::plan::Plan;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transit {
    /// It comes after so many milliseconds.
    After(u64),
    /// It never comes.
    Lost,
}

impl Transit {
    /// Draws the fate of one packet, which takes at most `slowest`.
    pub(super) fn draw(rng: &mut impl Rng, plan: &Plan, slowest: u64) -> Self {
        let fate: f64 = rng.random();
        if fate < plan.lost {
            Self::Lost
        } else if fate < plan.lost + plan.stalled {
            Self::After(rng.random_range(0..=slowest))
        } else {
            Self::After(rng.random_range(5..200).min(slowest))
        }
    }
}
