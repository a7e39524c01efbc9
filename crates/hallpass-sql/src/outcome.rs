use hallpass::Outcome;

/// Returns what a write answers, by whether it found what it expected.
pub fn outcome(is_applied: bool) -> Outcome {
    if is_applied { Outcome::Applied } else { Outcome::Conflict }
}
