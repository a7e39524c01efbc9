//! The few meta commands that the store needs, and what servers answer to them (memcached's `protocol.txt`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::{Buf as _, Bytes, BytesMut};

use crate::error::Fault;

/// The longest line that a server writes; its own bound for those that it reads.
const LONGEST_LINE: usize = 2048;
/// The largest value that the store writes or reads: a record has at most 1 MiB of attributes.
pub(crate) const LARGEST_VALUE: usize = 4 << 20;

/// A question to a server.
#[derive(Clone)]
pub(crate) enum Ask {
    /// The value of a key, and by which number to swap it.
    Get { key: String },
    /// Writes what must not be there yet.
    Add { key: String, value: Bytes, ttl: u64 },
    /// Writes over what is as it was read; never creates.
    Swap { key: String, value: Bytes, ttl: u64, cas: u64 },
    /// Raises a number, or makes it as it is to begin with; one that does not expire.
    Count { key: String, by: u64, first: Option<u64> },
    /// What the server tells about itself.
    Stats { of: &'static str },
}

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Value { value: Vec<u8>, cas: u64 },
    Written,
    Absent,
    Changed,
    Stats(BTreeMap<String, String>),
}

impl Ask {
    /// Tells whether asking twice comes to the same as asking once.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::Stats { .. } | Self::Count { by: 0, .. })
    }

    /// Returns the question without its value, for whoever only has to understand the answer.
    pub(crate) fn without_value(&self) -> Self {
        let mut ask = self.clone();
        if let Self::Add { value, .. } | Self::Swap { value, .. } = &mut ask {
            *value = Bytes::new();
        }
        ask
    }

    /// Writes the question. What is answered has its number, so that answers that are out of step are noticed.
    pub(crate) fn put(&self, number: u64, out: &mut BytesMut) {
        let mut line = String::new();
        // Writing into a string does not fail.
        let _ = match self {
            Self::Get { key } => write!(line, "mg {key} v c O{number}"),
            Self::Add { key, value, ttl } => write!(line, "ms {key} {} ME T{ttl} O{number}", value.len()),
            Self::Swap { key, value, ttl, cas } => write!(line, "ms {key} {} C{cas} T{ttl} O{number}", value.len()),
            Self::Count { key, by, first: None } => write!(line, "ma {key} D{by} v O{number}"),
            Self::Count { key, by, first: Some(first) } => write!(line, "ma {key} D{by} N0 J{first} v O{number}"),
            Self::Stats { of: "" } => write!(line, "stats"),
            Self::Stats { of } => write!(line, "stats {of}"),
        };
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
        if let Self::Add { value, .. } | Self::Swap { value, .. } = self {
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Understands an answer to this question; nothing if there is more to come.
    pub(crate) fn understand(
        &self,
        number: u64,
        piece: Piece,
        stats: &mut BTreeMap<String, String>,
    ) -> Result<Option<Reply>, Fault> {
        if let Some(fault) = piece.fault() {
            return Err(fault);
        }
        if let Self::Stats { .. } = self {
            return read_stat(&piece, stats);
        }
        let mut words = piece.line.split_ascii_whitespace();
        let code = words.next().unwrap_or_default();
        let flags: Vec<_> = words.collect();
        let flag = |name: char| flags.iter().find_map(|flag| flag.strip_prefix(name));
        match flag('O') {
            Some(found) if found == number.to_string() => {}
            // Servers forget the number where there is nothing to count.
            None if code == "NF" && matches!(self, Self::Count { .. }) => {}
            _ => return Err(OUT_OF_STEP),
        }
        let cas =
            flag('c').map(str::parse).transpose().map_err(|_| Fault::Answer("a version of a value is a number"))?;
        match (self, code, piece.value) {
            (Self::Get { .. }, "VA", Some(value)) => {
                let cas = cas.ok_or(Fault::Answer("a value comes with its version"))?;
                Ok(Some(Reply::Value { value, cas }))
            }
            (Self::Count { .. }, "VA", Some(value)) => Ok(Some(Reply::Value { value, cas: 0 })),
            (Self::Get { .. }, "EN", None) | (Self::Swap { .. } | Self::Count { .. }, "NF", None) => {
                Ok(Some(Reply::Absent))
            }
            (Self::Add { .. } | Self::Swap { .. }, "HD", None) => Ok(Some(Reply::Written)),
            (Self::Add { .. }, "NS", None) | (Self::Swap { .. }, "EX", None) => Ok(Some(Reply::Changed)),
            _ => Err(OUT_OF_STEP),
        }
    }
}

const OUT_OF_STEP: Fault = Fault::Answer("it is the answer to another question");

fn read_stat(piece: &Piece, stats: &mut BTreeMap<String, String>) -> Result<Option<Reply>, Fault> {
    /// A server tells some hundred facts.
    const MOST: usize = 1000;
    if piece.line == "END" {
        return Ok(Some(Reply::Stats(std::mem::take(stats))));
    }
    let told = piece.line.strip_prefix("STAT ").ok_or(OUT_OF_STEP)?;
    let (name, value) = told.split_once(' ').unwrap_or((told, ""));
    stats.insert(name.to_owned(), value.to_owned());
    if stats.len() > MOST {
        return Err(Fault::Answer("it tells of itself without end"));
    }
    Ok(None)
}

/// A line of an answer, and the value that may follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) line: String,
    pub(crate) value: Option<Vec<u8>>,
}

impl Piece {
    /// Understands the errors that a server can answer to anything.
    fn fault(&self) -> Option<Fault> {
        let is_error = ["ERROR", "CLIENT_ERROR", "SERVER_ERROR"]
            .iter()
            .any(|word| self.line.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
        is_error.then(|| match self.line.to_ascii_lowercase().as_str() {
            line if line.starts_with("server_error out of memory") => Fault::NoMemory,
            line if line.starts_with("server_error object too large") => Fault::TooLarge,
            line if line.contains("unauthenticated") || line.contains("authentication") => Fault::Refused,
            _ => Fault::Server(printable(&self.line)),
        })
    }
}

/// Cuts what a server sends into pieces, of bounded size.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pub(crate) buffer: BytesMut,
    /// How much of the buffer is known to have no end of a line.
    looked_at: usize,
    /// A line whose value has not all come.
    begun: Option<(String, usize)>,
}

impl Decoder {
    /// Returns the next piece, if all of it has come.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Fault> {
        if self.begun.is_none() {
            let Some(line) = self.line()? else { return Ok(None) };
            match line.strip_prefix("VA ") {
                None => return Ok(Some(Piece { line, value: None })),
                Some(rest) => {
                    let length = rest.split(' ').next().unwrap_or_default().parse().ok();
                    let length: usize = length.ok_or(Fault::Answer("a value has a length"))?;
                    if length > LARGEST_VALUE {
                        return Err(Fault::Answer("a value is larger than any that is written"));
                    }
                    self.begun = Some((line, length));
                }
            }
        }
        let is_whole = self.begun.as_ref().is_some_and(|(_, length)| self.buffer.len() >= length + 2);
        let Some((line, length)) = self.begun.take_if(|_| is_whole) else { return Ok(None) };
        let value = self.buffer.split_to(length).to_vec();
        if self.buffer.split_to(2) != b"\r\n"[..] {
            return Err(Fault::Answer("a value ends where it does not"));
        }
        Ok(Some(Piece { line, value: Some(value) }))
    }

    fn line(&mut self) -> Result<Option<String>, Fault> {
        let end = self.buffer[self.looked_at..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| end + self.looked_at) else {
            self.looked_at = self.buffer.len();
            return if self.looked_at > LONGEST_LINE { Err(TOO_LONG) } else { Ok(None) };
        };
        self.looked_at = 0;
        if end > LONGEST_LINE {
            return Err(TOO_LONG);
        }
        let line = self.buffer.split_to(end);
        self.buffer.advance(1);
        let line = line.strip_suffix(b"\r").ok_or(Fault::Answer("a line ends with two signs"))?;
        let line = str::from_utf8(line).map_err(|_| Fault::Answer("a line is text"))?;
        Ok(Some(line.to_owned()))
    }
}

const TOO_LONG: Fault = Fault::Answer("a line is longer than servers write them");

/// A server's own words, as far as they can be shown.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &[u8], at_once: usize) -> Result<Vec<Piece>, Fault> {
        let mut decoder = Decoder::default();
        let mut pieces = Vec::new();
        for part in text.chunks(at_once) {
            decoder.buffer.extend_from_slice(part);
            while let Some(piece) = decoder.next()? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    fn understood(ask: &Ask, answer: &[u8]) -> Result<Option<Reply>, Fault> {
        let mut stats = BTreeMap::new();
        let mut last = None;
        for piece in pieces(answer, answer.len())? {
            last = ask.understand(7, piece, &mut stats)?;
        }
        Ok(last)
    }

    fn get() -> Ask {
        Ask::Get { key: "k".to_owned() }
    }

    fn swap() -> Ask {
        Ask::Swap { key: "k".to_owned(), value: Bytes::from_static(b"a\r\nb"), ttl: 60, cas: 9 }
    }

    #[test]
    fn questions_are_written_as_the_protocol_wants_them() {
        let count = |by, first| Ask::Count { key: "k".to_owned(), by, first };
        let add = Ask::Add { key: "k".to_owned(), value: Bytes::new(), ttl: 0 };
        for (ask, expected) in [
            (get(), "mg k v c O7\r\n"),
            (add, "ms k 0 ME T0 O7\r\n\r\n"),
            (swap(), "ms k 4 C9 T60 O7\r\na\r\nb\r\n"),
            (count(1, None), "ma k D1 v O7\r\n"),
            (count(0, Some(5)), "ma k D0 N0 J5 v O7\r\n"),
            (Ask::Stats { of: "" }, "stats\r\n"),
            (Ask::Stats { of: "settings" }, "stats settings\r\n"),
        ] {
            let mut out = BytesMut::new();
            ask.put(7, &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }

    #[test]
    fn an_answer_is_understood_however_it_is_cut() {
        let text = b"VA 4 c9 O7\r\n\r\nVA\r\nHD O8\r\nVA 0 c1 O9\r\n\r\n";
        let whole = pieces(text, text.len()).expect("right");
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].value.as_deref(), Some(&b"\r\nVA"[..]));
        for at_once in 1..text.len() {
            assert_eq!(pieces(text, at_once).expect("right"), whole, "{at_once} bytes at once");
        }
    }

    #[test]
    fn each_answer_means_one_thing() {
        let value = Reply::Value { value: b"abc".to_vec(), cas: 9 };
        assert_eq!(understood(&get(), b"VA 3 c9 O7\r\nabc\r\n").expect("right"), Some(value));
        assert_eq!(understood(&get(), b"EN O7\r\n").expect("right"), Some(Reply::Absent));
        for (answer, expected) in [("HD", Reply::Written), ("NF", Reply::Absent), ("EX", Reply::Changed)] {
            let answer = format!("{answer} O7\r\n");
            assert_eq!(understood(&swap(), answer.as_bytes()).expect("right"), Some(expected));
        }
        let stats = understood(&Ask::Stats { of: "" }, b"STAT a b c\r\nSTAT d\r\nEND\r\n").expect("right");
        let told = [("a", "b c"), ("d", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(stats, Some(Reply::Stats(told.into())));
    }

    #[test]
    fn an_answer_that_is_out_of_step_is_none() {
        for answer in [
            &b"EN O8\r\n"[..],
            b"EN\r\n",
            b"HD O7\r\n",
            b"NF O7\r\n",
            b"VA 1 O7\r\na\r\n",
            b"VA 1 c9 O6\r\na\r\n",
            b"VA 1 cx O7\r\na\r\n",
            b"END\r\n",
            b"\r\n",
            b"STAT a b\r\n",
            b"EN O7\n",
            b"VA x O7\r\n",
            b"VA -1 O7\r\n",
            b"VA 1 c9 O7\r\nabc\r\n",
            b"VA 99999999999999999999 c9 O7\r\n",
            b"VA 5000000 c9 O7\r\n",
            b"\xff\r\n",
        ] {
            let fault = understood(&get(), answer);
            assert!(matches!(fault, Err(Fault::Answer(_))), "{fault:?} to {:?}", String::from_utf8_lossy(answer));
        }
        let endless = [b'x'; LONGEST_LINE + 1];
        assert!(pieces(&endless, 100).is_err());
    }

    #[test]
    fn errors_of_a_server_are_told_apart() {
        for (answer, expected) in [
            ("SERVER_ERROR out of memory storing object", "has no memory left"),
            ("SERVER_ERROR Out of memory allocating new item", "has no memory left"),
            ("SERVER_ERROR object too large for cache", "larger than the server takes"),
            ("CLIENT_ERROR unauthenticated", "user or the password"),
            ("CLIENT_ERROR bad command line format", "CLIENT_ERROR bad command line format"),
            ("ERROR", "ERROR"),
        ] {
            let fault = understood(&swap(), format!("{answer}\r\n").as_bytes()).expect_err("an error");
            assert!(fault.to_string().contains(expected), "{fault}");
        }
        let fault =
            understood(&get(), format!("ERROR \x1b[2J{}\r\n", "x".repeat(500)).as_bytes()).expect_err("an error");
        assert!(fault.to_string().len() < 150 && !fault.to_string().contains('\x1b'), "{fault}");
    }
}
