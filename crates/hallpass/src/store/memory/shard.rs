//! One lock's worth of records: a slab, an index by id, and what expires when.

use std::collections::{BTreeMap, HashMap};

use hashbrown::HashTable;

use super::slot::{Class, Slot};
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::store::{Outcome, StoreError};
use crate::time::Timestamp;

/// Slots are allocated in chunks, so that a growing store never copies them or needs twice the space.
const CHUNK: usize = 128;
/// Expiry is kept by spans of 2^14 ms, about 16 seconds.
const SPAN_BITS: u32 = 14;

#[derive(Default)]
pub(super) struct Shard {
    chunks: Vec<Box<[Option<Slot>]>>,
    free: Vec<u32>,
    used: u32,
    by_id: HashTable<u32>,
    /// Slots by the span in which they expired when they were filed; a record that lives on is filed again when its
    /// span comes up, so that touching costs nothing here.
    by_expiry: BTreeMap<u32, Vec<u32>>,
    classes: Vec<Class>,
    class_of: HashMap<Class, u16>,
}

pub(super) enum Saved {
    Applied { slot: u32, subject_before: Option<Subject> },
    Conflict,
}

/// Session ids are random, so part of one is as good as a hash of it.
fn hash(id: &SessionId) -> u64 {
    id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Numbers the spans of time; all after the year 4199 are one.
fn span(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis() >> SPAN_BITS).unwrap_or(u32::MAX).min(Slot::NOT_FILED - 1)
}

fn slot_at(chunks: &[Box<[Option<Slot>]>], index: u32) -> Option<&Slot> {
    chunks.get(index as usize / CHUNK)?.get(index as usize % CHUNK)?.as_ref()
}

impl Shard {
    fn find(&self, realm: &Realm, id: &SessionId) -> Option<u32> {
        let is_it = |&index: &u32| {
            slot_at(&self.chunks, index)
                .is_some_and(|slot| slot.id == *id && self.classes[usize::from(slot.class)].realm == *realm)
        };
        self.by_id.find(hash(id), is_it).copied()
    }

    fn slot(&self, index: u32) -> Option<&Slot> {
        slot_at(&self.chunks, index)
    }

    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot> {
        self.chunks.get_mut(index as usize / CHUNK)?.get_mut(index as usize % CHUNK)?.as_mut()
    }

    pub(super) fn contains(&self, realm: &Realm, id: &SessionId) -> bool {
        self.find(realm, id).is_some()
    }

    pub(super) fn load(&self, realm: &Realm, id: &SessionId) -> Option<Record> {
        self.record_at(self.find(realm, id)?)
    }

    pub(super) fn record_at(&self, index: u32) -> Option<Record> {
        let slot = self.slot(index)?;
        Some(slot.unpack(&self.classes[usize::from(slot.class)]))
    }

    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let slots = self.chunks.iter().flatten().flatten();
        slots.map(|slot| slot.unpack(&self.classes[usize::from(slot.class)]))
    }

    /// Adds a record whose id is not there; answers its slot.
    pub(super) fn insert(&mut self, record: &Record) -> Result<u32, StoreError> {
        let slot = Slot::pack(record, self.class(record)?);
        let index = self.vacant();
        self.chunks[index as usize / CHUNK][index as usize % CHUNK] = Some(slot);
        let chunks = &self.chunks;
        self.by_id
            .insert_unique(hash(&record.id), index, |&index| slot_at(chunks, index).map_or(0, |slot| hash(&slot.id)));
        self.file(index, record.expires_at);
        Ok(index)
    }

    pub(super) fn replace(&mut self, record: &Record, version: Version) -> Result<Saved, StoreError> {
        let Some(index) = self.find(&record.realm, &record.id) else {
            return Ok(Saved::Conflict);
        };
        // Nearly always the class stays; only otherwise is it looked up.
        let same = self.slot(index).map(|stored| stored.class);
        let same = same.filter(|&class| self.classes[usize::from(class)].fits(record));
        let class = same.map_or_else(|| self.class(record), Ok)?;
        let mut slot = Slot::pack(record, class);
        let Some(stored) = self.slot_mut(index) else {
            return Ok(Saved::Conflict);
        };
        if !stored.is_living() || stored.version != version {
            return Ok(Saved::Conflict);
        }
        slot.succeed(stored);
        let before = std::mem::replace(stored, slot);
        // A later end is noticed when the present span comes up; an earlier one would be missed.
        if span(record.expires_at) < span(before.expires_at()) {
            self.file(index, record.expires_at);
        }
        Ok(Saved::Applied { slot: index, subject_before: before.subject })
    }

    pub(super) fn touch(
        &mut self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Outcome {
        let found = self.find(realm, id).and_then(|index| self.slot_mut(index));
        let Some(slot) = found.filter(|slot| slot.is_living() && slot.version == version) else {
            return Outcome::Conflict;
        };
        slot.touch(seen_at, expires_at);
        Outcome::Applied
    }

    /// Sets where the index of subjects has a record; answers where it had it before.
    pub(super) fn set_node(&mut self, index: u32, node: Option<u32>) -> Option<u32> {
        let slot = self.slot_mut(index)?;
        let before = std::mem::replace(&mut slot.node, node.unwrap_or(Slot::NO_NODE));
        (before != Slot::NO_NODE).then_some(before)
    }

    pub(super) fn owner(&self, index: u32) -> Option<(Realm, Option<Subject>)> {
        let slot = self.slot(index)?;
        Some((self.classes[usize::from(slot.class)].realm.clone(), slot.subject.clone()))
    }

    /// Returns the records whose time is over by this instant, without visiting those that live on more than once.
    pub(super) fn expired_by(&mut self, at: Timestamp) -> Vec<Record> {
        self.filed_by(at, usize::MAX, |slot| slot.expires_at() <= at)
    }

    /// Returns at most `limit` living records of sessions whose time is over by this instant.
    pub(super) fn overdue(&mut self, at: Timestamp, limit: usize) -> Vec<Record> {
        let is_own: Vec<_> = self.classes.iter().map(|class| class.realm.is_own()).collect();
        self.filed_by(at, limit, |slot| slot.is_living() && slot.expires_at() <= at && !is_own[usize::from(slot.class)])
    }

    fn filed_by(&mut self, at: Timestamp, limit: usize, is_asked: impl Fn(&Slot) -> bool) -> Vec<Record> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(filed_under) = self.next_span(from).filter(|filed_under| *filed_under <= span(at)) {
            self.settle(filed_under);
            let slots = self.by_expiry.get(&filed_under).into_iter().flatten();
            let asked = slots.filter(|&&index| self.slot(index).is_some_and(&is_asked));
            found.extend(asked.filter_map(|&index| self.record_at(index)).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
            from = filed_under + 1;
        }
        found
    }

    /// Files anew those of a span that live on, so that it has what is over, each once.
    fn settle(&mut self, filed_under: u32) {
        let mut left = Vec::new();
        for index in self.by_expiry.remove(&filed_under).unwrap_or_default() {
            let Some(slot) = self.slot(index).filter(|slot| slot.filed_under == filed_under) else {
                continue; // It was filed elsewhere since, or is gone.
            };
            if span(slot.expires_at()) > filed_under {
                self.file(index, slot.expires_at());
            } else {
                left.push(index);
            }
        }
        // A slot that was used again may have been filed here twice.
        left.sort_unstable();
        left.dedup();
        if !left.is_empty() {
            self.by_expiry.insert(filed_under, left);
        }
    }

    fn next_span(&self, from: u32) -> Option<u32> {
        self.by_expiry.range(from..).next().map(|(filed_under, _)| *filed_under)
    }

    /// Takes out at most `limit` slots whose records expired before this instant, for the caller to remove.
    pub(super) fn take_expired(&mut self, before: Timestamp, limit: usize) -> Vec<u32> {
        let mut expired = Vec::new();
        while let Some(first) = self.by_expiry.first_entry().filter(|first| *first.key() <= span(before)) {
            let (filed_under, slots) = first.remove_entry();
            let mut left = Vec::new();
            for index in slots {
                let Some(slot) = self.slot_mut(index).filter(|slot| slot.filed_under == filed_under) else {
                    continue; // It was filed elsewhere since, or is gone.
                };
                let at = slot.expires_at();
                if at < before && expired.len() < limit {
                    slot.filed_under = Slot::NOT_FILED;
                    expired.push(index);
                } else if span(at) > filed_under {
                    self.file(index, at);
                } else {
                    left.push(index);
                }
            }
            if !left.is_empty() {
                self.by_expiry.insert(filed_under, left);
                break;
            }
        }
        expired
    }

    /// Removes a slot that [`Shard::take_expired`] gave.
    pub(super) fn remove(&mut self, index: u32) {
        let Some(cell) = self.chunks.get_mut(index as usize / CHUNK).map(|chunk| &mut chunk[index as usize % CHUNK])
        else {
            return;
        };
        if let Some(slot) = cell.take() {
            if let Ok(entry) = self.by_id.find_entry(hash(&slot.id), |&other| other == index) {
                entry.remove();
            }
            self.free.push(index);
        }
    }

    fn file(&mut self, index: u32, expires_at: Timestamp) {
        let span = span(expires_at);
        if let Some(slot) = self.slot_mut(index) {
            slot.filed_under = span;
            self.by_expiry.entry(span).or_default().push(index);
        }
    }

    fn vacant(&mut self) -> u32 {
        if let Some(index) = self.free.pop() {
            return index;
        }
        let index = self.used;
        if index as usize / CHUNK == self.chunks.len() {
            self.chunks.push((0..CHUNK).map(|_| None).collect());
        }
        self.used += 1;
        index
    }

    fn class(&mut self, record: &Record) -> Result<u16, StoreError> {
        let class = Class::of(record);
        if let Some(&number) = self.class_of.get(&class) {
            return Ok(number);
        }
        let number = u16::try_from(self.classes.len())
            .map_err(|_| StoreError::unavailable("the memory store has seen too many realms and profiles"))?;
        self.classes.push(class.clone());
        self.class_of.insert(class, number);
        Ok(number)
    }
}
