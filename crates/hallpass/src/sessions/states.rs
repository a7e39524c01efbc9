use std::str::FromStr;

use super::{SessionState, Sessions};
use crate::error::Error;
use crate::record::Record;
use crate::store::{Page, Query};
use crate::time::Timestamp;

/// Some of the states that sessions can be in; every one by default.
///
/// ```
/// use hallpass::{SessionState, States};
///
/// let states: States = "active,locked".parse()?;
/// assert_eq!(states, States::USABLE);
/// assert!(!states.contains(SessionState::Ended));
/// # Ok::<(), hallpass::InvalidStates>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct States {
    active: bool,
    locked: bool,
    ended: bool,
}

/// The error of reading [`States`] from text that is no list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not some of active, locked and ended, separated by commas")]
pub struct InvalidStates;

impl States {
    /// Every state.
    pub const ALL: Self = Self { active: true, locked: true, ended: true };
    /// Those of sessions that have not ended.
    pub const USABLE: Self = Self { active: true, locked: true, ended: false };

    /// Tells whether a state is among them.
    pub const fn contains(self, state: SessionState) -> bool {
        match state {
            SessionState::Active => self.active,
            SessionState::Locked => self.locked,
            SessionState::Ended => self.ended,
        }
    }

    /// Leaves out of a question what cannot be in these states now. A store may still answer with some that are not,
    /// since only policies can say.
    pub(super) fn narrow(self, query: &mut Query, now: Timestamp) {
        if !self.ended {
            query.ended = Some(false);
            query.expires_after = Some(now);
        } else if !self.active && !self.locked {
            query.ended = Some(true);
        }
    }
}

impl Default for States {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<SessionState> for States {
    fn from_iter<I: IntoIterator<Item = SessionState>>(states: I) -> Self {
        let mut all = Self { active: false, locked: false, ended: false };
        for state in states {
            match state {
                SessionState::Active => all.active = true,
                SessionState::Locked => all.locked = true,
                SessionState::Ended => all.ended = true,
            }
        }
        all
    }
}

impl FromStr for States {
    type Err = InvalidStates;

    fn from_str(text: &str) -> Result<Self, InvalidStates> {
        let all = [SessionState::Active, SessionState::Locked, SessionState::Ended];
        let state = |word: &str| all.into_iter().find(|state| state.as_str() == word).ok_or(InvalidStates);
        text.split(',').map(state).collect()
    }
}

impl Sessions {
    /// Returns a page of this realm's sessions that are in one of these states now, newest first.
    ///
    /// A page may hold fewer than its limit, or none, and yet have a next: only policies can say in which state a
    /// session is, and no store knows them. What is over counts as ended at once, and is listed so after the next sweep.
    ///
    /// # Errors
    ///
    /// [`Error::is_unsupported`] if the store cannot list; [`Error::is_unavailable`].
    pub async fn list_in(&self, query: &Query, states: States) -> Result<Page<Record>, Error> {
        let mut query = query.clone();
        states.narrow(&mut query, self.now());
        let mut page = self.list(&query).await?;
        page.items.retain(|record| states.contains(self.state(record)));
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_from_a_list_of_their_words() {
        assert_eq!("active,locked,ended".parse(), Ok(States::ALL));
        assert_eq!("locked,active,active".parse(), Ok(States::USABLE));
        for bad in ["", "active,", "Active", "living", "active ended"] {
            assert_eq!(bad.parse::<States>(), Err(InvalidStates), "{bad}");
        }
    }

    #[test]
    fn a_question_is_narrowed_to_what_can_be_in_the_states() {
        let now = Timestamp::from_millis(5);
        let narrowed = |text: &str| {
            let mut query = Query::default();
            text.parse::<States>().expect("states").narrow(&mut query, now);
            (query.ended, query.expires_after)
        };
        assert_eq!(narrowed("active,locked,ended"), (None, None));
        assert_eq!(narrowed("active"), (Some(false), Some(now)));
        assert_eq!(narrowed("locked"), (Some(false), Some(now)));
        assert_eq!(narrowed("ended"), (Some(true), None));
        assert_eq!(narrowed("ended,locked"), (None, None));
    }
}
