//! How long sessions of the demo live: short enough to watch.

use std::time::Duration;

use hallpass::{Policy, PolicyBuilder, Profile, Sessions};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

const SHORT: &str = "demo";
const REMEMBERED: &str = "demo-remember";

/// Returns the profiles that make the demo worth watching, each for
/// [`SessionsBuilder::profile`](hallpass::SessionsBuilder::profile).
///
/// `demo` ends after 10 minutes without use and after an hour in any case; `demo-remember` after 14 days and 30 days.
/// Both get a new token every minute, and let somebody end other sessions within 2 minutes of proving who they are. A
/// real app is better served by the defaults.
pub fn profiles() -> impl Iterator<Item = (Profile, Policy)> {
    let short = lively().idle(10 * MINUTE).absolute(60 * MINUTE);
    let remembered = lively().idle(14 * DAY).absolute(30 * DAY).persistent();
    let profiles = [(SHORT, short), (REMEMBERED, remembered)];
    profiles.into_iter().filter_map(|(name, policy)| Some((Profile::new(name).ok()?, policy.build().ok()?)))
}

fn lively() -> PolicyBuilder {
    Policy::builder()
        .renewal(MINUTE)
        .grace(10 * SECOND)
        .replay_after(25 * SECOND)
        .anonymous(30 * MINUTE)
        .fresh(2 * MINUTE)
}

/// Returns the profile for a session: that of the demo, if it was set up.
pub(super) fn profile(sessions: &Sessions, is_remembered: bool) -> Profile {
    let (name, otherwise) = if is_remembered { (REMEMBERED, Profile::remember()) } else { (SHORT, Profile::default()) };
    Profile::new(name).ok().filter(|profile| sessions.has_profile(profile)).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use hallpass::MemoryStore;

    use super::*;

    #[test]
    fn both_profiles_are_sound_and_found() {
        let mut builder = Sessions::builder().store(MemoryStore::new());
        for (name, policy) in profiles() {
            builder = builder.profile(name, policy);
        }
        let sessions = builder.build().expect("whole");
        assert_eq!(profile(&sessions, false).as_str(), "demo");
        assert!(sessions.policy(&profile(&sessions, true)).is_persistent());
    }

    #[test]
    fn without_them_the_usual_ones_are_used() {
        let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("whole");
        assert_eq!(profile(&sessions, false), Profile::default());
        assert_eq!(profile(&sessions, true), Profile::remember());
    }
}
