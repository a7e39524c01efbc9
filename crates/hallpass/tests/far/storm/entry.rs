use hallpass::{Record, SessionId, Subject};
use serde::Deserialize;

/// One session as its client knows it: what was acknowledged, and what may have been done although no answer said so.
pub(crate) struct Entry {
    pub(crate) id: SessionId,
    /// What the client shows: the last token that it was given.
    pub(crate) token: String,
    /// The token from before the sign-in, which is good for nothing any more.
    pub(crate) dead_token: Option<String>,
    pub(crate) subject: Option<Subject>,
    /// What recognises the sign-in that has not been answered yet.
    pub(crate) signing_in: Option<u64>,
    /// How far the counter was acknowledged.
    pub(crate) count: u64,
    /// How many more increments may have been done.
    pub(crate) uncounted: u64,
    /// The last word that was acknowledged.
    pub(crate) word: u64,
    /// What may have been written over it.
    pub(crate) unsure_words: Vec<u64>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Lives,
    Unsure,
    Ended,
}

/// The attributes of a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attributes {
    count: u64,
    word: u64,
}

impl Entry {
    pub(crate) fn new(id: SessionId, token: &str, subject: Option<Subject>) -> Self {
        Self {
            id,
            token: token.to_owned(),
            dead_token: None,
            subject,
            signing_in: None,
            count: 0,
            uncounted: 0,
            word: 0,
            unsure_words: Vec::new(),
            end: End::Lives,
        }
    }

    /// Tells whether the client may use it: it lives for all that is known, and waits for no answer.
    pub(crate) fn is_open(&self) -> bool {
        self.end == End::Lives && self.signing_in.is_none()
    }

    /// Takes back what is not known of the end: somebody was told that it has come.
    pub(crate) fn has_ended(&mut self) {
        self.end = End::Ended;
        self.signing_in = None;
    }

    /// Takes in the counter as an acknowledged write left it.
    pub(crate) fn counted(&mut self, count: u64) {
        let possible = self.count + 1..=self.count + self.uncounted + 1;
        assert!(possible.contains(&count), "{}: counted to {count}, not into {possible:?}", self.id);
        self.count = count;
        self.uncounted = 0;
    }

    /// Asserts that a living record has what was acknowledged.
    pub(crate) fn check(&self, record: &Record) {
        assert_eq!(record.subject, self.subject, "{}", self.id);
        let data = if record.data.is_empty() { b"{}" } else { &record.data[..] };
        let Attributes { count, word } = serde_json::from_slice(data).expect("attributes");
        let possible = self.count..=self.count + self.uncounted;
        assert!(possible.contains(&count), "{}: the counter is {count}, not in {possible:?}", self.id);
        let is_known = word == self.word || self.unsure_words.contains(&word);
        assert!(is_known, "{}: {word} is written, and not {} or {:?}", self.id, self.word, self.unsure_words);
    }
}
