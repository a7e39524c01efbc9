use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hallpass::{
    Chain, Event, Expected, Generation, Note, Outcome, Profile, Record, StoreError, Terms, Timestamp, Version,
};

use super::flaw::Flaw;
use super::store::{Key, PlainStore, State, pause};

impl PlainStore {
    pub(super) async fn write(
        &self,
        record: &Record,
        expected: Expected,
        events: &[Event],
    ) -> Result<Outcome, StoreError> {
        if self.is(Flaw::DroppedSaveStaysLocked) {
            if self.locked.swap(true, Ordering::SeqCst) {
                return Err(StoreError::unavailable("locked"));
            }
            pause().await;
            self.locked.store(false, Ordering::SeqCst);
        }
        let key = self.key(&record.realm, &record.id);
        let worn = self.worn(record);
        let early = self.fits(self.state.lock().records.get(&key), &worn, expected);
        if self.is(Flaw::SaveIsTwoSteps) {
            pause().await;
        }
        {
            let mut state = self.state.lock();
            let fits =
                if self.is(Flaw::SaveIsTwoSteps) { early } else { self.fits(state.records.get(&key), &worn, expected) };
            if !fits {
                self.conflict(&mut state, &key, &worn, events);
                return Ok(Outcome::Conflict);
            }
            self.store(&mut state, &key, &worn);
            if !self.is(Flaw::EventsFollowTheSave) {
                self.keep(&mut state, events);
            }
        }
        self.finish(&key, &worn, events).await;
        if self.is(Flaw::NewsFollowsTheSave) {
            pause().await;
        }
        self.tell(record);
        Ok(Outcome::Applied)
    }

    /// Returns the record as a careless column keeps it.
    fn worn(&self, record: &Record) -> Record {
        let mut worn = record.clone();
        if self.is(Flaw::DropsUnknownFields) {
            worn.unknown = Bytes::new();
        }
        if self.is(Flaw::EmptyAttributesBecomeAnObject) && worn.data.is_empty() {
            worn.data = Bytes::from_static(b"{}");
        }
        if self.is(Flaw::CutsAttributesAt64KiB) {
            worn.data.truncate(0xffff);
        }
        if self.is(Flaw::DropsTheNoteOfAnEnd)
            && let Some(ended) = &mut worn.ended
        {
            ended.note = None;
        }
        if self.is(Flaw::CountsVersionsInFloatingPoint) {
            worn.version = floating(worn.version);
        }
        let shortened = |note: &Note| {
            let text = note.as_str();
            if self.is(Flaw::KeepsThreeBytesOfACharacter) {
                return Note::lossy(&text.replace(|character: char| character.len_utf8() == 4, "?"));
            }
            let cut = self.is(Flaw::CutsUserAgentsAt255Bytes);
            Note::lossy(&text.chars().take(if cut { 127 } else { usize::MAX }).collect::<String>())
        };
        worn.client.user_agent = worn.client.user_agent.as_ref().and_then(shortened);
        worn
    }

    fn fits(&self, found: Option<&Record>, record: &Record, expected: Expected) -> bool {
        match (expected, found) {
            (Expected::Absent, None) => record.ended.is_none() || !self.is(Flaw::OnlyTheLivingCanEnd),
            (Expected::Absent, Some(found)) if found.ended.is_some() => self.is(Flaw::CreationOverwritesTombstones),
            (Expected::Absent, Some(_)) => self.is(Flaw::CreationOverwrites),
            (Expected::Version(_), None) => self.is(Flaw::SaveIsAnUpsert),
            (Expected::Version(version), Some(found)) => {
                let version = if self.is(Flaw::CountsVersionsInFloatingPoint) { floating(version) } else { version };
                let right = found.version == version
                    || self.is(Flaw::VersionIgnored)
                    || self.is(Flaw::OlderVersionsAccepted) && version < found.version;
                let over_the_dead = self.is(Flaw::SaveOverwritesTombstones)
                    || self.is(Flaw::TombstonesOverwriteTombstones) && record.ended.is_some();
                right && (found.ended.is_none() || over_the_dead)
            }
        }
    }

    fn conflict(&self, state: &mut State, key: &Key, record: &Record, events: &[Event]) {
        if self.is(Flaw::EventsOnConflict) {
            state.events.extend_from_slice(events);
        }
        if self.is(Flaw::ConflictMovesTheSubject)
            && let Some(indexed) = state.index.get_mut(key)
        {
            indexed.subject.clone_from(&record.subject);
        }
    }

    fn store(&self, state: &mut State, key: &Key, record: &Record) {
        if !self.is(Flaw::CopiesNeverCatchUp) && !self.is(Flaw::LoadsAreCopies) {
            state.copies.remove(key);
        }
        if self.is(Flaw::LoadsFromALaggingReplica) || self.is(Flaw::ListsFromALaggingReplica) {
            state.replica = state.records.clone();
        }
        if self.is(Flaw::EndingRemoves) && record.ended.is_some() {
            state.records.remove(key);
            state.index.remove(key);
            return;
        }
        let mut stored = record.clone();
        if let Some(before) = state.records.get(key) {
            if !self.is(Flaw::SaveUndoesTouches) {
                stored.seen_at = stored.seen_at.max(before.seen_at);
            }
            if self.is(Flaw::KeepsWhatTheNewVersionLacks) {
                stored.subject = stored.subject.or_else(|| before.subject.clone());
                stored.retry = stored.retry.or_else(|| before.retry.clone());
            }
            if self.is(Flaw::SaveIsWrittenInParts) {
                stored.data = before.data.clone();
            }
        }
        state.records.insert(key.clone(), stored.clone());
        if !self.is(Flaw::IndexFollowsTheSave) {
            self.enter(state, key, stored);
        }
    }

    fn enter(&self, state: &mut State, key: &Key, record: Record) {
        let first_only =
            [Flaw::IndexKnowsTheFirstSubjectOnly, Flaw::SweepByTheFirstDeadline].iter().any(|flaw| self.is(*flaw));
        match state.index.entry(key.clone()) {
            Entry::Occupied(_) if first_only => {}
            Entry::Occupied(mut entry) => drop(entry.insert(record)),
            Entry::Vacant(entry) => drop(entry.insert(record).id),
        }
    }

    fn keep(&self, state: &mut State, events: &[Event]) {
        let count = if self.is(Flaw::OnlyTheFirstEventIsKept) { 1 } else { usize::MAX };
        let kept = events.iter().take(count).cloned().map(|mut event| {
            if self.is(Flaw::EventsLackTheirOrigin) {
                event.origin = hallpass::Origin::default();
            }
            event
        });
        if !self.is(Flaw::EventsAreLost) {
            state.events.extend(kept);
        }
    }

    /// Does what a store of several steps does after the first.
    async fn finish(&self, key: &Key, record: &Record, events: &[Event]) {
        let steps = [Flaw::EventsFollowTheSave, Flaw::IndexFollowsTheSave, Flaw::SaveIsWrittenInParts];
        if !steps.iter().any(|flaw| self.is(*flaw)) {
            return;
        }
        pause().await;
        let mut state = self.state.lock();
        if self.is(Flaw::EventsFollowTheSave) {
            self.keep(&mut state, events);
        }
        if self.is(Flaw::IndexFollowsTheSave) {
            self.enter(&mut state, key, record.clone());
        }
        if self.is(Flaw::SaveIsWrittenInParts)
            && let Some(stored) = state.records.get_mut(key)
        {
            stored.data = record.data.clone();
        }
    }

    pub(super) async fn move_times(
        &self,
        key: &Key,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Outcome {
        let early = self.state.lock().records.get(key).cloned();
        if self.is(Flaw::TouchIsTwoSteps) {
            pause().await;
        }
        let touched = {
            let mut state = self.state.lock();
            let found = if self.is(Flaw::TouchIsTwoSteps) { early } else { state.records.get(key).cloned() };
            let Some(mut record) = found.or_else(|| self.made_up(key, version)) else { return Outcome::Conflict };
            if !self.may_touch(&record, version, seen_at, expires_at) {
                return Outcome::Conflict;
            }
            self.set_times(&mut record, seen_at, expires_at);
            let last = record.clone();
            if self.is(Flaw::TouchIsTwoWrites) {
                record.expires_at = state.records.get(key).map_or(record.expires_at, |stored| stored.expires_at);
            }
            state.records.insert(key.clone(), record.clone());
            state.copies.remove(key);
            if !self.is(Flaw::IndexIgnoresTouches) {
                self.enter(&mut state, key, record);
            }
            last
        };
        if self.is(Flaw::TouchIsTwoWrites) {
            pause().await;
            self.state.lock().records.insert(key.clone(), touched);
        }
        Outcome::Applied
    }

    /// Returns the row that an upsert makes up.
    fn made_up(&self, key: &Key, version: Version) -> Option<Record> {
        let terms = Terms { idle: 1, absolute: 1, renewal: 1, anonymous: 900, locks: false };
        let chain = Chain::start(Generation::FIRST, Timestamp::UNIX_EPOCH).chain;
        let (realm, id) = key.clone();
        let mut record = Record::new(id, realm, Profile::default(), terms, chain, Timestamp::UNIX_EPOCH);
        record.version = version;
        self.is(Flaw::TouchUpserts).then_some(record)
    }

    fn may_touch(&self, record: &Record, version: Version, seen_at: Timestamp, expires_at: Timestamp) -> bool {
        let right = record.version == version || self.is(Flaw::TouchIgnoresTheVersion);
        let late = seen_at < record.seen_at || expires_at < record.expires_at;
        let lives = record.ended.is_none() || self.is(Flaw::TouchKeepsTombstones);
        right && lives && !(late && self.is(Flaw::LateTouchIsAConflict))
    }

    fn set_times(&self, record: &mut Record, seen_at: Timestamp, expires_at: Timestamp) {
        if self.is(Flaw::TouchGoesBack) {
            (record.seen_at, record.expires_at) = (seen_at, expires_at);
        } else if !self.is(Flaw::TouchMovesBothOrNone) || seen_at >= record.seen_at && expires_at >= record.expires_at {
            record.seen_at = record.seen_at.max(seen_at);
            record.expires_at = record.expires_at.max(expires_at);
        }
        if self.is(Flaw::TouchBumpsTheVersion) {
            record.version = record.version.next();
        }
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // that is the flaw
fn floating(version: Version) -> Version {
    Version::new(version.number() as f64 as u64)
}
