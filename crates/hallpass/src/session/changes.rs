//! What a request did to the attributes, kept per key so that it can be done again on newer ones.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use compact_str::CompactString;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::attributes::Attributes;
use crate::error::Error;

type Apply = Box<dyn FnMut(Option<&RawValue>) -> Result<Option<Box<RawValue>>, serde_json::Error> + Send>;

/// The changes of one request that are not saved yet.
#[derive(Default)]
pub(crate) struct Changes {
    by_key: Vec<Change>,
    /// The keys that were read from the record.
    read: SmallVec<[CompactString; 2]>,
    /// The keys from before that stay, where an authentication or a logout drops the others.
    kept: Option<Vec<CompactString>>,
    /// The attributes that these changes were made on, if it was not the record that they are to be saved on.
    made_on: Option<Bytes>,
}

/// What becomes of one key: a start, and steps from there.
struct Change {
    key: CompactString,
    start: Start,
    steps: Vec<Apply>,
    /// What the steps have come to, if there are any.
    value: Option<Box<RawValue>>,
}

pub(crate) enum Start {
    /// What is stored.
    Stored,
    /// This value or none, whatever is stored.
    Blind(Option<Box<RawValue>>),
    /// The same, but only if what is stored is what was read.
    Guarded(Option<Box<RawValue>>),
}

/// How a change is taken back.
pub(crate) enum Undo {
    /// The key was not changed before.
    Forget,
    /// It was this.
    Restore { start: Start, steps: Vec<Apply>, value: Option<Box<RawValue>> },
    /// It had this value, one step before.
    DropStep(Option<Box<RawValue>>),
}

/// What a read finds among the changes.
pub(crate) enum Pending<'a> {
    /// The key was not changed.
    Unchanged,
    /// The key was set to this, or removed.
    Changed(Option<&'a RawValue>),
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty() && self.kept.is_none()
    }

    /// Tells whether there is something to keep, and not only something to clear.
    pub(crate) fn has_values(&self) -> bool {
        self.by_key.iter().any(|change| change.value().is_some())
    }

    /// Looks up a key for a read, and notes the read if it has to go to the record.
    pub(crate) fn read(&mut self, key: &str) -> Pending<'_> {
        if self.position(key).is_none() && self.keeps(key) && !self.read.iter().any(|read| read == key) {
            self.read.push(key.into());
        }
        self.peek(key)
    }

    pub(crate) fn peek(&self, key: &str) -> Pending<'_> {
        match self.position(key) {
            Some(position) => Pending::Changed(self.by_key[position].value()),
            None if self.keeps(key) => Pending::Unchanged,
            None => Pending::Changed(None),
        }
    }

    /// Sets a key, or removes it.
    pub(crate) fn put(&mut self, key: &str, value: Option<Box<RawValue>>) -> Undo {
        let was_read = self.read.iter().any(|read| read == key);
        let Some(position) = self.position(key) else {
            let start = Start::of(value, was_read);
            self.by_key.push(Change { key: key.into(), start, steps: Vec::new(), value: None });
            return Undo::Forget;
        };
        let change = &mut self.by_key[position];
        // Whoever computed it from what is stored has seen that.
        let was_read = was_read || !matches!(change.start, Start::Blind(_));
        Undo::Restore {
            start: std::mem::replace(&mut change.start, Start::of(value, was_read)),
            steps: std::mem::take(&mut change.steps),
            value: change.value.take(),
        }
    }

    /// Computes a key from what it is now, and again from whatever it then is should the save be repeated.
    pub(crate) fn update(&mut self, key: &str, stored: Option<&RawValue>, mut apply: Apply) -> Result<Undo, Error> {
        let position = self.position(key);
        let before = match position {
            Some(position) => self.by_key[position].value(),
            None if self.keeps(key) => stored,
            None => None,
        };
        let value = apply(before).map_err(Error::value)?;
        let Some(position) = position else {
            self.by_key.push(Change { key: key.into(), start: Start::Stored, steps: vec![apply], value });
            return Ok(Undo::Forget);
        };
        let change = &mut self.by_key[position];
        change.steps.push(apply);
        Ok(Undo::DropStep(std::mem::replace(&mut change.value, value)))
    }

    /// Makes a key what it was before a change.
    pub(crate) fn undo(&mut self, key: &str, undo: Undo) {
        let Some(position) = self.position(key) else {
            return;
        };
        let change = &mut self.by_key[position];
        match undo {
            Undo::Forget => {
                self.by_key.remove(position);
            }
            Undo::Restore { start, steps, value } => (change.start, change.steps, change.value) = (start, steps, value),
            Undo::DropStep(value) => {
                change.value = value;
                change.steps.pop();
            }
        }
    }

    /// Drops everything from before but the keys in `keep`, and the changes to what is dropped.
    pub(crate) fn keep_only(&mut self, keep: &[&str]) {
        self.by_key.retain(|change| keep.contains(&&*change.key));
        self.read.retain(|key| keep.contains(&&**key));
        let kept = keep.iter().filter(|key| self.keeps(key)).map(|key| CompactString::from(*key)).collect();
        self.kept = Some(kept);
    }

    /// Says that the record was saved meanwhile by somebody who did not know of these changes, which were made on
    /// `data`: they are to be done again.
    pub(crate) fn made_on(&mut self, data: &Bytes) {
        if !self.is_empty() {
            self.made_on.get_or_insert_with(|| data.clone());
        }
    }

    /// Puts earlier changes under these, which were made on `data` without knowing of them.
    pub(crate) fn put_under(&mut self, mut earlier: Self, data: &Bytes) {
        if let Some(kept) = &self.kept {
            let kept: Vec<_> = kept.iter().map(CompactString::as_str).collect();
            earlier.keep_only(&kept);
        }
        for change in self.by_key.drain(..) {
            match earlier.by_key.iter_mut().find(|other| other.key == change.key) {
                Some(other) => other.go_on(change),
                None => earlier.by_key.push(change),
            }
        }
        earlier.read.extend(self.read.drain(..));
        earlier.made_on = earlier.made_on.or(self.made_on.take());
        *self = earlier;
        self.made_on(data);
    }

    /// Applies the changes to the attributes of a record.
    ///
    /// `read_from` are the attributes that the request read, if the record is not as it was then.
    pub(crate) fn apply(&mut self, data: &Bytes, read_from: Option<&Bytes>) -> Result<Bytes, Error> {
        if self.is_empty() {
            return Ok(data.clone());
        }
        let mut attributes = Attributes::parse(data).map_err(Error::corrupt)?;
        if let Some(kept) = &self.kept {
            attributes.retain(|key| kept.iter().any(|kept| kept == key));
        }
        let read_from = match self.made_on.as_ref().or(read_from) {
            Some(bytes) => Some(Attributes::parse(bytes).map_err(Error::corrupt)?),
            None => None,
        };
        for change in &mut self.by_key {
            if let Some(read_from) = &read_from {
                change.replay(&attributes, read_from)?;
            }
            match change.value() {
                Some(value) => attributes.set(&change.key, value.to_owned()),
                None => attributes.remove(&change.key),
            }
        }
        attributes.to_bytes().map_err(Error::value)
    }

    /// Returns how many bytes the attributes have at the most once the changes are applied.
    pub(crate) fn bound(&self, data: &Bytes) -> usize {
        let changed = self.by_key.iter().map(|change| {
            let value = change.value().map_or(0, |value| value.get().len());
            change.key.len() * 6 + value + 4
        });
        let kept = if self.kept.as_ref().is_some_and(Vec::is_empty) { 0 } else { data.len() };
        kept + changed.sum::<usize>() + 2
    }

    /// Returns the names of the attributes that there are once the changes are applied.
    pub(crate) fn names(&self, data: &[u8]) -> Result<Vec<CompactString>, Error> {
        let stored = Attributes::parse(data).map_err(Error::corrupt)?;
        let is_there = |name: &&str| match self.peek(name) {
            Pending::Unchanged => true,
            Pending::Changed(_) => false,
        };
        let kept = stored.names().filter(is_there).map(CompactString::from);
        let set = self.by_key.iter().filter(|change| change.value().is_some()).map(|change| change.key.clone());
        Ok(kept.chain(set).collect())
    }

    /// Tells whether what is stored under a key stays unless it is changed.
    fn keeps(&self, key: &str) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.iter().any(|kept| kept == key))
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.by_key.iter().position(|change| change.key == key)
    }
}

impl Start {
    fn of(value: Option<Box<RawValue>>, was_read: bool) -> Self {
        if was_read { Self::Guarded(value) } else { Self::Blind(value) }
    }
}

impl Change {
    /// Returns what the key is now: set to this, or removed.
    fn value(&self) -> Option<&RawValue> {
        match &self.start {
            Start::Blind(value) | Start::Guarded(value) if self.steps.is_empty() => value.as_deref(),
            _ => self.value.as_deref(),
        }
    }

    /// Does a later change of the same key after this one.
    fn go_on(&mut self, later: Self) {
        self.value = later.value;
        match later.start {
            Start::Stored => self.steps.extend(later.steps),
            start => (self.start, self.steps) = (start, later.steps),
        }
    }

    fn replay(&mut self, now: &Attributes<'_>, read_from: &Attributes<'_>) -> Result<(), Error> {
        let text = |attributes: &Attributes<'_>| attributes.value(&self.key).map(|value| value.get().to_owned());
        let start = match &self.start {
            Start::Stored => now.value(&self.key),
            Start::Guarded(_) if text(now) != text(read_from) => return Err(Error::conflict()),
            Start::Blind(value) | Start::Guarded(value) => value.as_deref(),
        };
        let mut value: Option<Box<RawValue>> = None;
        for (order, step) in self.steps.iter_mut().enumerate() {
            value = step(if order == 0 { start } else { value.as_deref() }).map_err(Error::value)?;
        }
        self.value = value;
        Ok(())
    }
}
