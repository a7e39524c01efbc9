use hallpass::{EventId, EventKind, EventQuery, PageLimit, SessionId, Subject, Timestamp};

use super::search::age;
use crate::wire::Problem;

/// Which events somebody asks for, as they wrote it.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) session: String,
    /// Within this time: one of the ages, `all`, or 24 hours if nobody says.
    pub(super) within: String,
}

impl Trail {
    /// Reads the fields of an address.
    pub(super) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut trail = Self::default();
        for (name, value) in fields {
            let field = match name {
                "kind" => &mut trail.kind,
                "subject" => &mut trail.subject,
                "session" => &mut trail.session,
                "within" => &mut trail.within,
                _ => continue,
            };
            value.trim().clone_into(field);
        }
        if trail.within.is_empty() {
            "24h".clone_into(&mut trail.within);
        }
        trail
    }

    /// Returns the query of an address that asks for the same.
    pub(super) fn query_string(&self) -> String {
        let all =
            [("kind", &self.kind), ("subject", &self.subject), ("session", &self.session), ("within", &self.within)];
        let filled = all.into_iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish()
    }

    /// Returns the question for the store.
    pub(super) fn question(&self, now: Timestamp) -> Result<EventQuery, Problem> {
        let mut query = EventQuery::default();
        query.limit = PageLimit::MOST;
        if !self.kind.is_empty() {
            query.kind = match EventKind::from_word(&self.kind) {
                EventKind::Other(_) => return Err(Problem::field("kind", "There are no events of this kind.")),
                kind => Some(kind),
            };
        }
        if !self.subject.is_empty() {
            let subject = Subject::new(&self.subject);
            query.subject =
                Some(subject.map_err(|error| Problem::field("subject", format!("This is wrong: {error}.")))?);
        }
        if !self.session.is_empty() {
            let wrong = |_| Problem::field("session", "This is the name of a session: 22 letters, digits, - or _.");
            query.session = Some(self.session.parse::<SessionId>().map_err(wrong)?);
        }
        query.after = match (self.within.as_str(), age(&self.within)) {
            ("all", _) => None,
            (_, Some(age)) => Some(EventId::from_instant(now.minus(age))),
            _ => return Err(Problem::field("within", "Choose one of the times that the page offers.")),
        };
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(query: &str) -> Trail {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Trail::of(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    #[test]
    fn a_day_is_asked_for_if_nobody_says() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let query = trail("kind=revoked&subject=").question(now).expect("valid");
        assert_eq!(query.kind, Some(EventKind::Revoked));
        assert_eq!(query.after.map(EventId::at), Some(now.minus(std::time::Duration::from_hours(24))));
        assert_eq!(trail("within=all").question(now).expect("valid").after, None);
        assert_eq!(trail("kind=revoked").query_string(), "kind=revoked&within=24h");
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for (query, field) in [("kind=x", "kind"), ("session=x", "session"), ("within=1y", "within")] {
            assert_eq!(trail(query).question(now).expect_err(query).wrong_field(), Some(field), "{query}");
        }
    }
}
