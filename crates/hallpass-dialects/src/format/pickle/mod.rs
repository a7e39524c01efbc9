//! Python's pickle, read without Python: a stack machine that makes values of a few known types, and no others.
//!
//! Nothing that a pickle names is ever called: of classes and functions there is a [closed list](class::Class), and what
//! is not in it is refused.

mod class;
mod object;
mod read;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use self::read::read;
pub(crate) use self::write::write;
