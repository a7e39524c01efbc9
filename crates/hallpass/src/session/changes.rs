//! What a request did to the attributes, kept per key so that it can be done again on newer ones.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use compact_str::CompactString;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::attributes::Attributes;
use crate::error::Error;

type Apply = Box<dyn FnMut(Option<&RawValue>) -> Result<Box<RawValue>, serde_json::Error> + Send>;

/// The changes of one request that are not saved yet.
#[derive(Default)]
pub(crate) struct Changes {
    by_key: Vec<Change>,
    /// The keys that were read from the record.
    read: SmallVec<[CompactString; 2]>,
    /// Whether everything from before is to go: what an authentication does.
    pub(crate) clears: bool,
}

struct Change {
    key: CompactString,
    /// What a read gets now.
    value: Option<Box<RawValue>>,
    replay: Replay,
}

pub(crate) enum Replay {
    /// Set or remove, whatever is there.
    Blind,
    /// Set or remove, only if what is there is what was read.
    Guarded,
    /// Compute again from what is there.
    Update(Vec<Apply>),
}

/// How a change is taken back.
pub(crate) enum Undo {
    /// The key was not changed before.
    Forget,
    /// It had this value, and this replay if that is another now.
    Restore(Option<Box<RawValue>>, Option<Replay>),
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
        self.by_key.is_empty() && !self.clears
    }

    /// Tells whether there is something to keep, and not only something to clear.
    pub(crate) fn has_values(&self) -> bool {
        self.by_key.iter().any(|change| change.value.is_some())
    }

    /// Looks up a key for a read, and notes the read if it has to go to the record.
    pub(crate) fn read(&mut self, key: &str) -> Pending<'_> {
        if self.position(key).is_none() && !self.clears && !self.read.iter().any(|read| read == key) {
            self.read.push(key.into());
        }
        self.peek(key)
    }

    pub(crate) fn peek(&self, key: &str) -> Pending<'_> {
        match self.position(key) {
            Some(position) => Pending::Changed(self.by_key[position].value.as_deref()),
            None if self.clears => Pending::Changed(None),
            None => Pending::Unchanged,
        }
    }

    /// Sets a key, or removes it.
    pub(crate) fn put(&mut self, key: &str, value: Option<Box<RawValue>>) -> Undo {
        let replay = if self.read.iter().any(|read| read == key) { Replay::Guarded } else { Replay::Blind };
        let Some(position) = self.position(key) else {
            self.by_key.push(Change { key: key.into(), value, replay });
            return Undo::Forget;
        };
        let change = &mut self.by_key[position];
        let value = std::mem::replace(&mut change.value, value);
        let replay = matches!(change.replay, Replay::Update(_)).then(|| std::mem::replace(&mut change.replay, replay));
        Undo::Restore(value, replay)
    }

    /// Computes a key from what it is now, and again from whatever it then is should the save be repeated.
    pub(crate) fn update(&mut self, key: &str, stored: Option<&RawValue>, mut apply: Apply) -> Result<Undo, Error> {
        let position = self.position(key);
        let before = match position {
            Some(position) => self.by_key[position].value.as_deref(),
            None if self.clears => None,
            None => stored,
        };
        let value = Some(apply(before).map_err(Error::value)?);
        let Some(position) = position else {
            self.by_key.push(Change { key: key.into(), value, replay: Replay::Update(vec![apply]) });
            return Ok(Undo::Forget);
        };
        let change = &mut self.by_key[position];
        let value = std::mem::replace(&mut change.value, value);
        if let Replay::Update(steps) = &mut change.replay {
            steps.push(apply);
            return Ok(Undo::DropStep(value));
        }
        Ok(Undo::Restore(value, None))
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
            Undo::Restore(value, replay) => {
                change.value = value;
                if let Some(replay) = replay {
                    change.replay = replay;
                }
            }
            Undo::DropStep(value) => {
                change.value = value;
                if let Replay::Update(steps) = &mut change.replay {
                    steps.pop();
                }
            }
        }
    }

    /// Puts earlier changes under these: where both change a key, these count.
    pub(crate) fn put_under(&mut self, mut earlier: Self) {
        if self.clears {
            return;
        }
        for change in self.by_key.drain(..) {
            earlier.by_key.retain(|other| other.key != change.key);
            earlier.by_key.push(change);
        }
        earlier.read.extend(self.read.drain(..));
        *self = earlier;
    }

    /// Applies the changes to the attributes of a record.
    ///
    /// `read_from` are the attributes that the request read, if the record is not as it was then.
    pub(crate) fn apply(&mut self, data: &Bytes, read_from: Option<&Bytes>) -> Result<Bytes, Error> {
        if self.is_empty() {
            return Ok(data.clone());
        }
        let mut attributes = Attributes::parse(if self.clears { b"" } else { data }).map_err(Error::corrupt)?;
        let read_from = match read_from {
            Some(bytes) => Some(Attributes::parse(bytes).map_err(Error::corrupt)?),
            None => None,
        };
        for change in &mut self.by_key {
            if let Some(read_from) = &read_from {
                change.replay(&attributes, read_from)?;
            }
            match &change.value {
                Some(value) => attributes.set(&change.key, value.clone()),
                None => attributes.remove(&change.key),
            }
        }
        attributes.to_bytes().map_err(Error::value)
    }

    /// Turns these changes and the record's attributes into new ones that keep only `keep`: what survives a login.
    pub(crate) fn carry_over(&mut self, data: &Bytes, keep: &[&str]) -> Result<(), Error> {
        let merged = self.apply(data, None)?;
        let mut attributes = Attributes::parse(&merged).map_err(Error::corrupt)?;
        attributes.retain(|key| keep.contains(&key));
        let kept = attributes.keys().map(|key| Change {
            key: key.into(),
            value: attributes.value(key).map(ToOwned::to_owned),
            replay: Replay::Blind,
        });
        *self = Self { by_key: kept.collect(), read: SmallVec::new(), clears: true };
        Ok(())
    }

    /// Returns how many bytes the attributes have at the most once the changes are applied.
    pub(crate) fn bound(&self, data: &Bytes) -> usize {
        let changed = self.by_key.iter().map(|change| {
            let value = change.value.as_ref().map_or(0, |value| value.get().len());
            change.key.len() * 6 + value + 4
        });
        let kept = if self.clears { 0 } else { data.len() };
        kept + changed.sum::<usize>() + 2
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.by_key.iter().position(|change| change.key == key)
    }
}

impl Change {
    fn replay(&mut self, now: &Attributes<'_>, read_from: &Attributes<'_>) -> Result<(), Error> {
        match &mut self.replay {
            Replay::Blind => Ok(()),
            Replay::Guarded => {
                let text =
                    |attributes: &Attributes<'_>| attributes.value(&self.key).map(|value| value.get().to_owned());
                if text(now) == text(read_from) { Ok(()) } else { Err(Error::conflict()) }
            }
            Replay::Update(steps) => {
                let mut value = now.value(&self.key).map(ToOwned::to_owned);
                for step in steps {
                    value = Some(step(value.as_deref()).map_err(Error::value)?);
                }
                self.value = value;
                Ok(())
            }
        }
    }
}
