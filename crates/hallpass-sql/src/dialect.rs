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
}
