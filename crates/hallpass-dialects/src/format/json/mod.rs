//! JSON, as four languages spell it.

mod number;
mod order;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use self::read::{read, read_and_tell};
pub(crate) use self::write::write;

/// Whose JSON it is: they agree about structure, and not about numbers, escapes and the order of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `JSON.parse` and `JSON.stringify`: every number is a double.
    JavaScript,
    /// `json` of Python with `separators=(",", ":")`: whole numbers have no bounds, and `NaN` is a number.
    Python,
    /// `json` of Python with its own separators, `", "` and `": "`.
    PythonSpaced,
    /// `encoding/json` of Go: every number is a `float64`, and keys are sorted.
    Go,
    /// Jackson of Java.
    Java,
}

impl Spelling {
    fn is_python(self) -> bool {
        matches!(self, Self::Python | Self::PythonSpaced)
    }
}
