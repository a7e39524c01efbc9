//! Many short measurements, taken in turn, so that a busy moment of the machine hits all alike.

use std::time::Instant;

const ROUNDS: usize = 61;
const TIMES: u32 = 400;

pub(crate) struct Arm {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut()>,
}

impl Arm {
    pub(crate) fn new(name: &'static str, run: impl FnMut() + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Nanoseconds each, of every round.
pub(crate) struct Measured(Vec<(&'static str, Vec<f64>)>);

impl Measured {
    pub(crate) fn of(mut arms: Vec<Arm>) -> Self {
        for arm in &mut arms {
            (0..TIMES).for_each(|_| (arm.run)());
        }
        let mut measured: Vec<_> = arms.iter().map(|arm| (arm.name, Vec::new())).collect();
        for _ in 0..ROUNDS {
            for (arm, (_, rounds)) in arms.iter_mut().zip(&mut measured) {
                let started = Instant::now();
                (0..TIMES).for_each(|_| (arm.run)());
                rounds.push(started.elapsed().as_nanos() as f64 / f64::from(TIMES));
            }
        }
        Self(measured)
    }

    /// Returns the median.
    pub(crate) fn nanos(&self, name: &str) -> f64 {
        median(self.rounds(name).to_vec())
    }

    /// Returns the median of what was measured in the same round, one by the other.
    pub(crate) fn ratio(&self, over: &str, under: &str) -> f64 {
        median(self.rounds(over).iter().zip(self.rounds(under)).map(|(over, under)| over / under).collect())
    }

    fn rounds(&self, name: &str) -> &[f64] {
        let (_, rounds) = self.0.iter().find(|(one, _)| *one == name).expect("it was measured");
        rounds
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
