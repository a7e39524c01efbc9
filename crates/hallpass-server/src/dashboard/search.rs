use std::time::Duration;

use hallpass::{SessionState, States, Timestamp};

use crate::api::Filter;
use crate::wire::{Params, Problem};

/// What somebody searches sessions by, as they wrote it: in the fields of a form, and in an address to share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) subject: String,
    pub(super) ip: String,
    pub(super) user_agent: String,
    pub(super) level: String,
    pub(super) profile: String,
    pub(super) state: String,
    /// Made within this time: one of [`AGES`].
    pub(super) created_within: String,
    /// Unused for this time: one of [`AGES`].
    pub(super) unused_for: String,
    /// Made after this instant.
    pub(super) created_after: String,
    /// Unused since this instant.
    pub(super) seen_before: String,
}

/// How long ago something may be chosen to be: its word in an address, its name, and its length in hours.
pub(super) const AGES: [(&str, &str, u64); 5] = [
    ("1h", "1 hour", 1),
    ("24h", "24 hours", 24),
    ("7d", "7 days", 7 * 24),
    ("30d", "30 days", 30 * 24),
    ("90d", "90 days", 90 * 24),
];

/// The states that can be chosen, and their names.
pub(super) const STATES: [(&str, &str); 5] = [
    ("", "Any"),
    ("active,locked", "Usable: active or locked"),
    ("active", "Active"),
    ("locked", "Locked"),
    ("ended", "Ended"),
];

impl Search {
    /// Reads the fields of a form or an address; what is none of them is left alone.
    pub(super) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut search = Self::default();
        for (name, value) in fields {
            if let Some(field) = search.field(name).filter(|field| field.is_empty()) {
                value.trim().clone_into(field);
            }
        }
        search
    }

    /// Returns the fields that are filled in.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("subject", &self.subject),
            ("ip", &self.ip),
            ("user_agent", &self.user_agent),
            ("level", &self.level),
            ("profile", &self.profile),
            ("state", &self.state),
            ("created_within", &self.created_within),
            ("unused_for", &self.unused_for),
            ("created_after", &self.created_after),
            ("seen_before", &self.seen_before),
        ];
        all.into_iter().map(|(name, value)| (name, value.as_str())).filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Returns the query of an address that has the same fields.
    pub(super) fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// Tells whether nothing is searched by, so that it means every session.
    pub(super) fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// Tells whether it could mean sessions that are usable.
    pub(super) fn may_be_usable(&self) -> bool {
        let states = self.state.parse::<States>().unwrap_or_default();
        self.state.is_empty() || states.contains(SessionState::Active) || states.contains(SessionState::Locked)
    }

    /// Tells whether something is searched by that is not always in view.
    pub(super) fn has_more(&self) -> bool {
        let seldom = ["user_agent", "level", "profile", "created_within", "unused_for", "created_after", "seen_before"];
        self.pairs().iter().any(|(name, _)| seldom.contains(name))
    }

    /// Says what is searched by, for people: a name and a value each.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        let word = |(name, value): (&'static str, &str)| {
            let age = || AGES.iter().find(|(word, ..)| *word == value).map_or(value, |(_, label, _)| label).to_owned();
            match name {
                "subject" => ("Subject", value.to_owned()),
                "ip" => ("Address", value.to_owned()),
                "user_agent" => ("Device", format!("“{value}”")),
                "level" => ("Level", value.to_owned()),
                "profile" => ("Profile", value.to_owned()),
                "state" => ("State", value.replace(',', " or ")),
                "created_within" => ("Made within", age()),
                "unused_for" => ("Unused for", age()),
                "created_after" => ("Made after", value.to_owned()),
                _ => ("Unused since", value.to_owned()),
            }
        };
        self.pairs().into_iter().map(word).collect()
    }

    /// Returns the same with instants in the place of times before `now`, so that it means the same a moment later.
    pub(super) fn pinned(&self, now: Timestamp) -> Self {
        let mut pinned = self.clone();
        if let Some(age) = age(&self.created_within) {
            pinned.created_within.clear();
            pinned.created_after = now.minus(age).to_string();
        }
        if let Some(age) = age(&self.unused_for) {
            pinned.unused_for.clear();
            pinned.seen_before = now.minus(age).to_string();
        }
        pinned
    }

    /// Returns which sessions it means.
    pub(super) fn filter(&self, now: Timestamp) -> Result<Filter, Problem> {
        for (name, value) in [("created_within", &self.created_within), ("unused_for", &self.unused_for)] {
            if !value.is_empty() && age(value).is_none() {
                return Err(Problem::field(name, "Choose one of the times that the page offers."));
            }
        }
        let pinned = self.pinned(now);
        let mut params = Params::of_fields(pinned.pairs());
        Filter::take(&mut params)
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "subject" => &mut self.subject,
            "ip" => &mut self.ip,
            "user_agent" => &mut self.user_agent,
            "level" => &mut self.level,
            "profile" => &mut self.profile,
            "state" => &mut self.state,
            "created_within" => &mut self.created_within,
            "unused_for" => &mut self.unused_for,
            "created_after" => &mut self.created_after,
            "seen_before" => &mut self.seen_before,
            _ => return None,
        })
    }
}

/// Returns what pages call a field that somebody searches by.
pub(super) fn label(field: &str) -> Option<&'static str> {
    Some(match field {
        "subject" => "Subject",
        "ip" => "Address or range",
        "user_agent" => "Device or browser",
        "level" => "Level",
        "profile" => "Profile",
        "state" => "State",
        "created_within" => "Made within",
        "unused_for" => "Unused for",
        "created_after" => "Made after",
        "seen_before" => "Unused since",
        "kind" => "Kind",
        "session" => "Session",
        "within" => "Within",
        _ => return None,
    })
}

/// Returns how long an age is, by its word.
pub(super) fn age(word: &str) -> Option<Duration> {
    AGES.iter().find(|(known, ..)| *known == word).map(|(.., hours)| Duration::from_hours(*hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Search {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Search::of(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    #[test]
    fn an_address_says_what_a_form_says() {
        let read = search("subject=+alice+&ip=192.0.2.0%2F24&level=&state=ended&cursor=x&subject=mallory");
        assert_eq!(read.query(), "subject=alice&ip=192.0.2.0%2F24&state=ended");
        assert_eq!(search(&read.query()), read);
        assert!(!read.may_be_usable() && !read.has_more() && !read.is_empty());
        assert!(search("subject=").is_empty() && search("level=2").has_more());
    }

    #[test]
    fn what_is_pinned_means_the_same_later() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let pinned = search("created_within=1h&unused_for=24h").pinned(now);
        assert_eq!(pinned.created_after, "2023-11-14T21:13:20.000Z");
        assert_eq!(pinned.seen_before, "2023-11-13T22:13:20.000Z");
        assert_eq!(pinned.pinned(now.plus(Duration::from_hours(5))), pinned);
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for (query, field) in [
            ("ip=nowhere", "ip"),
            ("ip=192.0.2.0%2F33", "ip"),
            ("level=12", "level"),
            ("level=x", "level"),
            ("state=alive", "state"),
            ("created_within=1y", "created_within"),
            ("seen_before=yesterday", "seen_before"),
            ("profile=a+b", "profile"),
        ] {
            let problem = search(query).filter(now).expect_err(query);
            assert_eq!(problem.wrong_field(), Some(field), "{query}");
        }
        assert!(search("subject=Zo%C3%AB&ip=2001:db8::/32&level=2&state=active,locked").filter(now).is_ok());
    }
}
