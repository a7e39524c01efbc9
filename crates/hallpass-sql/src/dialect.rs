use std::fmt::Write;

/// How a database writes what SQL's dialects write differently.
pub trait Dialect {
    /// Writes the place of the value with this number, counted from 1.
    fn placeholder(&self, out: &mut String, number: usize) {
        let _ = write!(out, "?{number}"); // writing to a string cannot fail
    }

    /// Returns the function that tells where text `haystack, needle` was found, byte for byte, and 0 if it was not.
    fn position(&self) -> &'static str {
        "instr"
    }

    /// Tells whether there is a type for addresses, in which those of the two families are never mixed.
    fn has_addresses(&self) -> bool {
        false
    }

    /// Returns what stands before and behind the name of an event, to say "taken in after it".
    fn after_event(&self) -> (&'static str, &'static str) {
        ("seq > COALESCE((SELECT seq FROM events WHERE id <= ", " ORDER BY id DESC LIMIT 1), 0)")
    }

    /// Returns the names of the tables of seals and of events.
    fn trail_tables(&self) -> (&'static str, &'static str) {
        ("seals", "events")
    }

    /// Returns the condition under which a session was ended, or was not.
    fn is_ended(&self, ended: bool) -> &'static str {
        if ended { "ended_at IS NOT NULL" } else { "ended_at IS NULL" }
    }
}
