use crate::error::{Error, Format};

/// How much a reader takes before it refuses: what it reads comes from a store or a client that an attacker may reach.
///
/// Memory is bounded by them: a value takes some 50 bytes besides its text while it is read.
/// The types of Go that opaque values bring along may take 16 times as much together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest input in bytes, also once it is decompressed; 2 MiB.
    pub bytes: usize,
    /// How deep values may be nested; 64, and never more than 200.
    pub depth: usize,
    /// How many values there may be, those that are shared counted at each place; 131,072.
    pub values: usize,
}

impl Limits {
    /// The deepest that can be asked for: readers call themselves once for each level.
    pub const DEEPEST: usize = 200;

    /// Lets through what was written, unless it is more than is read: what nobody can read again is not stored.
    pub(crate) fn admit(&self, format: Format, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
        if bytes.len() > self.bytes {
            return Err(Error::too_large(format, self.bytes, format!("it would have {} bytes", bytes.len())));
        }
        Ok(bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 2 << 20, depth: 64, values: 1 << 17 }
    }
}

/// What of the limits is left while something is read.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    format: Format,
    depth: usize,
    values: usize,
}

impl Budget {
    /// Checks the size of the input, which is the first thing to do with it.
    pub(crate) fn new(format: Format, limits: &Limits, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > limits.bytes {
            return Err(Error::too_large(format, limits.bytes, format!("it has {} bytes", bytes.len())));
        }
        Ok(Self { format, depth: limits.depth.min(Limits::DEEPEST), values: limits.values })
    }

    /// Takes `count` values.
    pub(crate) fn spend(&mut self, count: usize, at: usize) -> Result<(), Error> {
        match self.values.checked_sub(count) {
            Some(left) => self.values = left,
            None => return Err(Error::too_large(self.format, at, "it has too many values")),
        }
        Ok(())
    }

    /// Goes one level down; [`ascend`](Self::ascend) comes back.
    pub(crate) fn descend(&mut self, at: usize) -> Result<(), Error> {
        match self.depth.checked_sub(1) {
            Some(left) => self.depth = left,
            None => return Err(Error::too_large(self.format, at, "it is nested too deeply")),
        }
        Ok(())
    }

    pub(crate) fn ascend(&mut self) {
        self.depth += 1;
    }
}
