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
    by_expiry: BTreeMap<u64, Vec<u32>>,
    classes: Vec<Class>,
    class_of: HashMap<Class, u16>,
}

pub(super) enum Saved {
    Applied { slot: u32, subject_before: Option<Subject> },
    Conflict,
}

/// Session ids are random, so part of one is as good as a hash of it.
fn hash(id: &SessionId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn span(at: Timestamp) -> u64 {
    at.as_millis() >> SPAN_BITS
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
        let mut slot = Slot::pack(record, self.class(record)?);
        let Some(stored) = self.slot_mut(index) else {
            return Ok(Saved::Conflict);
        };
        if !stored.is_living() || stored.version != version {
            return Ok(Saved::Conflict);
        }
        slot.node = stored.node;
        let before = std::mem::replace(stored, slot);
        // A later deadline is found when the earlier one is over; an earlier one would be missed until then.
        if record.expires_at < before.expires_at() {
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

    /// Takes out a slot whose record expired before this instant; whoever takes it removes it or puts it back.
    pub(super) fn next_expired(&mut self, before: Timestamp) -> Option<u32> {
        loop {
            let mut first = self.by_expiry.first_entry().filter(|first| *first.key() < span(before))?;
            let Some(index) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            match self.slot(index).map(Slot::expires_at) {
                Some(expires_at) if expires_at < before => return Some(index),
                Some(expires_at) => self.file(index, expires_at.max(before)),
                None => {}
            }
        }
    }

    pub(super) fn put_back(&mut self, index: u32) {
        if let Some(expires_at) = self.slot(index).map(Slot::expires_at) {
            self.file(index, expires_at);
        }
    }

    /// Removes a slot that [`Shard::next_expired`] gave.
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
        self.by_expiry.entry(span(expires_at)).or_default().push(index);
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
