use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ChainHash, Checkpoint, Purged, Seal, SealedEvent, SignedText as _};
use crate::event::Event;

/// One line of an export: text that is read back to exactly this, and in no other spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// What comes first: what the export holds.
    Head(Head),
    /// A sealed event.
    Line(Line),
    /// The checkpoint of the line before it.
    Checkpoint(Checkpoint),
    /// An event that was kept and not sealed yet, as JSON.
    Unsealed(String),
}

/// A sealed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place in the trail; the first has 1.
    pub number: u64,
    /// What binds it to all before it.
    pub hash: ChainHash,
    /// The event, as JSON.
    pub event: String,
}

impl Line {
    /// What stands in the place of an event that is not there any more, or cannot be read.
    pub const GONE: &str = "null";

    /// Returns a sealed event as it is stored now.
    pub fn of(sealed: &SealedEvent) -> Self {
        let SealedEvent { seal: Seal { number, hash, .. }, event } = sealed;
        let event = event.as_ref().map_or_else(|| Self::GONE.to_owned(), Self::text_of);
        Self { number: *number, hash: *hash, event }
    }

    /// Returns what the hash of an event's line is made of: its JSON, with the keys in the order of [`Event`]'s fields.
    pub fn text_of(event: &Event) -> String {
        serde_json::to_string(event).unwrap_or_default() // names, times and numbers are always JSON
    }
}

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Head {
    /// The form of the export: 1.
    pub hallpass_audit: u8,
    /// The number of the first line.
    pub first: u64,
    /// The hash of the line before that.
    pub after: ChainHash,
    /// What was taken out of the trail before that, if anything was.
    pub purged: Option<Purged>,
    /// The end of the trail when the export began: a file that stops before it was cut off.
    pub end: Option<Checkpoint>,
}

impl Head {
    /// Returns the head of an export from `first` on, whose end is `end`.
    pub fn new(first: u64, after: ChainHash, purged: Option<Purged>, end: Option<Checkpoint>) -> Self {
        Self { hallpass_audit: 1, first, after, purged, end }
    }
}

/// The error of reading an [`Entry`] from a line that is none, or not in its own spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of an export")]
pub struct InvalidEntry;

const NUMBER: &str = "{\"number\":";
const HASH: &str = ",\"hash\":\"";
const EVENT: &str = "\",\"event\":";
const CHECKPOINT: &str = "{\"checkpoint\":";
const UNSEALED: &str = "{\"unsealed\":";
const HEAD: &str = "{\"hallpass_audit\":";

impl Entry {
    /// The most bytes that a line has: an event is far shorter.
    pub const LONGEST: usize = 64 * 1024;

    /// Reads a line, without its end.
    ///
    /// # Errors
    ///
    /// [`InvalidEntry`] if it is not the text of an entry, byte for byte.
    pub fn read(text: &str) -> Result<Self, InvalidEntry> {
        if text.len() > Self::LONGEST {
            return Err(InvalidEntry);
        }
        let inner = |start| text.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix('}'));
        if let Some(rest) = inner(NUMBER) {
            return line(rest).map(Self::Line).ok_or(InvalidEntry);
        }
        if let Some(rest) = inner(CHECKPOINT) {
            return Checkpoint::read(rest).map(Self::Checkpoint).ok_or(InvalidEntry);
        }
        if let Some(rest) = inner(UNSEALED) {
            return Ok(Self::Unsealed(rest.to_owned()));
        }
        if !text.starts_with(HEAD) {
            return Err(InvalidEntry);
        }
        let head: Head = serde_json::from_str(text).map_err(|_| InvalidEntry)?;
        let entry = Self::Head(head);
        if entry.to_string() == text { Ok(entry) } else { Err(InvalidEntry) }
    }
}

fn line(rest: &str) -> Option<Line> {
    let (digits, rest) = rest.split_once(HASH)?;
    let number = digits.parse::<u64>().ok().filter(|number| number.to_string() == digits)?;
    let (hash, event) = rest.split_once(EVENT)?;
    Some(Line { number, hash: hash.parse().ok()?, event: event.to_owned() })
}

/// As it stands in an export, without the end of the line.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(head) => f.write_str(&serde_json::to_string(head).map_err(|_| fmt::Error)?),
            Self::Line(Line { number, hash, event }) => write!(f, "{NUMBER}{number}{HASH}{hash}{EVENT}{event}}}"),
            Self::Checkpoint(checkpoint) => write!(f, "{CHECKPOINT}{}}}", checkpoint.text()),
            Self::Unsealed(event) => write!(f, "{UNSEALED}{event}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventId, EventKind};
    use crate::name::{Note, Realm};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn every_entry_comes_back() {
        let checkpoint = Checkpoint::new(9, ChainHash::START.after(9, "x"), Timestamp::from_millis(5));
        let line = Line { number: 9, hash: ChainHash::START, event: "{\"kind\":\"created\"}".to_owned() };
        for entry in [
            Entry::Head(Head::new(9, ChainHash::START, None, Some(checkpoint.clone()))),
            Entry::Line(line),
            Entry::Checkpoint(checkpoint),
            Entry::Unsealed("{}".to_owned()),
        ] {
            assert_eq!(Entry::read(&entry.to_string()), Ok(entry));
        }
    }

    #[test]
    fn another_spelling_of_the_same_is_refused() {
        let hash = ChainHash::START.to_string();
        for bad in [
            format!("{{\"number\":01,\"hash\":\"{hash}\",\"event\":{{}}}}"),
            format!("{{\"number\":+1,\"hash\":\"{hash}\",\"event\":{{}}}}"),
            format!("{{\"number\": 1,\"hash\":\"{hash}\",\"event\":{{}}}}"),
            format!("{{\"number\":1,\"hash\":\"{}\",\"event\":{{}}}}", "A".repeat(64)),
            format!("{{\"checkpoint\":{{\"hash\":\"{hash}\",\"number\":1}}}}"),
            "{\"hallpass_audit\":1}".to_owned(),
            String::new(),
            "null".to_owned(),
            "x".repeat(Entry::LONGEST + 1),
        ] {
            assert_eq!(Entry::read(&bad), Err(InvalidEntry), "{bad:.80}");
        }
    }

    #[test]
    fn the_text_of_an_event_never_changes() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let mut event = Event::named(EventId::from_number(7), EventKind::Revoked, Realm::default(), at);
        let least = "{\"id\":\"00000000000000000000000000000007\",\"at\":\"2023-11-14T22:13:20.123Z\",\"kind\":\"revoked\",\
                     \"realm\":\"default\",\"actor\":\"policy\",\"origin\":{}}";
        assert_eq!(Line::text_of(&event), least);
        event.level = Some(2);
        event.origin.route = Note::lossy("POST /v1/logout");
        let more = least.replace("\"actor\"", "\"level\":2,\"actor\"");
        let more = more.replace("{}", "{\"route\":\"POST /v1/logout\"}");
        assert_eq!(Line::text_of(&event), more);
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_it_was(text in "\\{\"(number|checkpoint|unsealed)\":[0-9a-f{}:\",]{0,40}") {
            if let Ok(entry) = Entry::read(&text) {
                prop_assert_eq!(entry.to_string(), text);
            }
        }
    }
}
