use crate::error::{Error, Format};

/// Bytes that are read from front to back, and never beyond their end.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
    format: Format,
}

impl<'b> Cursor<'b> {
    pub(crate) fn new(format: Format, bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, format }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn rest(&self) -> &'b [u8] {
        &self.bytes[self.at..]
    }

    /// Returns what was read since `start`.
    pub(crate) fn since(&self, start: usize) -> &'b [u8] {
        &self.bytes[start..self.at]
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'b [u8], Error> {
        let taken = self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.error("it ends within a value"))?;
        self.at += length;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let taken = self.bytes[self.at..].first_chunk().copied().ok_or_else(|| self.error("it ends within a value"))?;
        self.at += N;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(|[byte]| byte)
    }

    /// Takes `length` bytes, as a writer declared it: a length beyond what is left is refused before anything is allocated.
    pub(crate) fn declared(&mut self, length: u64) -> Result<&'b [u8], Error> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.left());
        let length = length.ok_or_else(|| self.error("a length goes beyond the end"))?;
        self.take(length)
    }

    /// Checks a declared number of values, each of at least `least` bytes.
    pub(crate) fn count(&self, count: u64, least: usize) -> Result<usize, Error> {
        usize::try_from(count)
            .ok()
            .filter(|count| count.checked_mul(least).is_some_and(|bytes| bytes <= self.left()))
            .ok_or_else(|| self.error("a count goes beyond the end"))
    }

    /// Takes what comes before the next line feed, and that as well.
    pub(crate) fn line(&mut self) -> Result<&'b [u8], Error> {
        let end = memchr::memchr(b'\n', self.rest()).ok_or_else(|| self.error("a line does not end"))?;
        let line = &self.rest()[..end];
        self.at += end + 1;
        Ok(line)
    }

    pub(crate) fn error(&self, what: &'static str) -> Error {
        Error::malformed(self.format, self.at, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let mut cursor = Cursor::new(Format::Gob, b"abc");
        assert_eq!(cursor.take(2), Ok(&b"ab"[..]));
        assert!(cursor.array::<2>().is_err() && cursor.take(usize::MAX).is_err() && cursor.declared(u64::MAX).is_err());
        assert!(cursor.count(2, 1).is_err() && cursor.count(u64::MAX, usize::MAX).is_err() && cursor.line().is_err());
        assert_eq!(cursor.u8(), Ok(b'c'));
        assert!(cursor.is_empty() && cursor.u8().is_err());
        assert_eq!(cursor.u8().unwrap_err().offset(), Some(3));
    }
}
