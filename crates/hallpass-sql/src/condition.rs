use hallpass::{EventId, EventQuery, InvalidCursor, Query};
use ipnet::IpNet;

use crate::dialect::Dialect;
use crate::value::Value;

/// What follows `WHERE`, and the values of its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The condition; never empty.
    pub sql: String,
    /// The values, in the order of their places.
    pub values: Vec<Value>,
}

impl Condition {
    /// Returns the condition under which a session is on the page that `query` asks for, the limit apart.
    ///
    /// It says the same as [`Query::matches`], and takes up the order `created_at DESC, id DESC` after the cursor.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if no listing gave the cursor.
    pub fn of_sessions(query: &Query, dialect: &impl Dialect) -> Result<Self, InvalidCursor> {
        let mut terms = Terms::new(dialect);
        terms.is("realm = ", query.realm.as_ref().map(|realm| realm.as_str().to_owned()));
        terms.is("subject = ", query.subject.as_ref().map(|subject| subject.as_str().to_owned()));
        terms.is("profile = ", query.profile.as_ref().map(|profile| profile.as_str().to_owned()));
        terms.is("level = ", query.level.map(|level| i64::from(level.number())));
        terms.is("created_at > ", query.created_after);
        terms.is("seen_at < ", query.seen_before);
        terms.is("expires_at <= ", query.expires_by);
        terms.is("expires_at > ", query.expires_after);
        if let Some(ended) = query.ended {
            terms.plain(dialect.is_ended(ended));
        }
        if let Some(part) = &query.user_agent {
            terms.contains("user_agent", part.to_lowercase());
        }
        if let Some(range) = query.ip {
            terms.within("ip", range);
        }
        if let Some((created_at, id)) = query.after.as_ref().map(hallpass::Cursor::record).transpose()? {
            // Not a comparison of rows, which MySQL does not take to an index.
            terms.is("created_at <= ", Some(created_at));
            terms.is("(created_at < ", Some(created_at));
            terms.or("id < ", Value::bytes(id.as_bytes()));
        }
        Ok(terms.finish())
    }

    /// Returns the condition under which an event, taken in after another, is not sealed yet.
    pub fn of_unsealed(after: Option<EventId>, dialect: &impl Dialect) -> Self {
        let mut query = EventQuery::default();
        query.after = after;
        let mut condition = Self::of_events(&query, dialect);
        let (seals, events) = dialect.trail_tables();
        let is_sealed = format!(" AND NOT EXISTS (SELECT 1 FROM {seals} AS seal WHERE seal.event = {events}.id)");
        condition.sql.push_str(&is_sealed);
        condition
    }

    /// Returns the condition under which an event is on the page that `query` asks for, the limit apart.
    ///
    /// It says the same as [`EventQuery::matches`]; `seq` numbers events as they were taken in. Where the event to go on
    /// from is gone, it goes on from the last one before it by name, that is by time.
    pub fn of_events(query: &EventQuery, dialect: &impl Dialect) -> Self {
        let mut terms = Terms::new(dialect);
        terms.is("realm = ", query.realm.as_ref().map(|realm| realm.as_str().to_owned()));
        terms.is("session = ", query.session.as_ref().map(|session| Value::bytes(session.as_bytes())));
        terms.is("subject = ", query.subject.as_ref().map(|subject| subject.as_str().to_owned()));
        terms.is("kind = ", query.kind.as_ref().map(|kind| kind.as_str().to_owned()));
        if let Some(after) = query.after {
            let (before, behind) = dialect.after_event();
            terms.is(before, Some(Value::bytes(&after.number().to_be_bytes())));
            terms.sql.push_str(behind);
        }
        terms.finish()
    }
}

/// A condition as it grows.
struct Terms<'a, D> {
    dialect: &'a D,
    sql: String,
    values: Vec<Value>,
}

impl<'a, D: Dialect> Terms<'a, D> {
    fn new(dialect: &'a D) -> Self {
        Self { dialect, sql: String::new(), values: Vec::new() }
    }

    fn is(&mut self, comparison: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.plain(comparison);
            self.value(value.into());
        }
    }

    fn or(&mut self, comparison: &str, value: Value) {
        self.sql.push_str(" OR ");
        self.sql.push_str(comparison);
        self.value(value);
        self.sql.push(')');
    }

    fn contains(&mut self, column: &str, part: String) {
        self.plain(self.dialect.position());
        self.sql.push('(');
        self.sql.push_str(column);
        self.sql.push_str(", ");
        self.value(Value::Text(part));
        self.sql.push_str(") > 0");
    }

    /// Addresses of the two families are never in each other's ranges, but their bytes may be.
    fn within(&mut self, column: &str, range: IpNet) {
        if !self.dialect.has_addresses() {
            let octets = if matches!(range, IpNet::V4(_)) { 4 } else { 16 };
            self.is(&format!("length({column}) = "), Some(octets));
        }
        self.is(&format!("{column} >= "), Some(Value::Address(range.network())));
        self.is(&format!("{column} <= "), Some(Value::Address(range.broadcast())));
    }

    fn plain(&mut self, term: &str) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(term);
    }

    fn value(&mut self, value: Value) {
        self.values.push(value);
        self.dialect.placeholder(&mut self.sql, self.values.len());
    }

    fn finish(mut self) -> Condition {
        if self.sql.is_empty() {
            self.sql.push_str("1 = 1");
        }
        Condition { sql: self.sql, values: self.values }
    }
}

/// What holds of sessions, and not of what the library keeps for itself ([`Realm::OWN`](hallpass::Realm::OWN)).
pub const OF_APPLICATIONS: &str = "realm NOT IN ('hallpass-heartbeat', 'hallpass-revoked')";

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass::{Realm, Subject};

    #[test]
    fn what_is_of_applications_is_of_no_realm_of_the_library() {
        let own = Realm::OWN.map(|realm| format!("'{realm}'")).join(", ");
        assert_eq!(OF_APPLICATIONS, format!("realm NOT IN ({own})"));
    }

    struct Plain;

    impl Dialect for Plain {}

    #[test]
    fn a_question_without_criteria_matches_everything() {
        let condition = Condition::of_sessions(&Query::default(), &Plain).expect("no cursor");
        assert_eq!(condition, Condition { sql: "1 = 1".to_owned(), values: Vec::new() });
    }

    #[test]
    fn every_value_is_bound_and_none_is_written_into_the_text() {
        let subject = Subject::new("'; DROP TABLE sessions").expect("a subject");
        let mut query = Query::of_subject(Realm::default(), subject);
        query.user_agent = Some("Fire'fox".to_owned());
        query.ip = Some("10.0.0.0/8".parse().expect("a range"));
        let Condition { sql, values } = Condition::of_sessions(&query, &Plain).expect("no cursor");
        assert_eq!(
            sql,
            "realm = ?1 AND subject = ?2 AND instr(user_agent, ?3) > 0 AND length(ip) = ?4 AND ip >= ?5 AND ip <= ?6"
        );
        assert_eq!(values[1], Value::Text("'; DROP TABLE sessions".to_owned()));
        assert_eq!(values[2], Value::Text("fire'fox".to_owned()));
        let [first, last] = [[10, 0, 0, 0], [10, 255, 255, 255]].map(|octets| Value::Address(octets.into()));
        assert_eq!(values[4..], [first, last]);
    }

    #[test]
    fn a_cursor_of_something_else_is_refused() {
        let mut query = Query::default();
        query.after = Some(hallpass::Cursor::new("nonsense").expect("short text"));
        assert_eq!(Condition::of_sessions(&query, &Plain), Err(InvalidCursor));
    }

    #[test]
    fn events_go_on_after_the_one_named_or_the_last_before_it() {
        let mut query = EventQuery::default();
        query.after = Some(EventId::from_number(7));
        let Condition { sql, values } = Condition::of_events(&query, &Plain);
        assert_eq!(sql, "seq > COALESCE((SELECT seq FROM events WHERE id <= ?1 ORDER BY id DESC LIMIT 1), 0)");
        assert_eq!(values, [Value::bytes(&7_u128.to_be_bytes())]);
    }
}
