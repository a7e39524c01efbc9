use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hallpass::{Cursor, Event, EventQuery, Page, Query, Realm, Record, SessionId, StoreError, Timestamp};

use super::flaw::Flaw;
use super::store::{PlainStore, State, pause};

impl PlainStore {
    pub(super) fn read(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        let state = self.state.lock();
        let lags = self.is(Flaw::LoadsFromALaggingReplica);
        let source = if lags { &state.replica } else { &state.records };
        let found = source.get(&self.key(realm, id)).cloned();
        if found.is_none() && self.is(Flaw::AbsentIsAnError) {
            return Err(StoreError::corrupt("no row"));
        }
        let hidden = |record: &Record| self.is(Flaw::HidesWhatIsExpired) && record.expires_at < wall_clock();
        Ok(found.filter(|record| !hidden(record)))
    }

    /// Keeps what was read, where a flaw has copies.
    pub(super) async fn keep_copy(&self, realm: &Realm, id: &SessionId, found: Option<&Record>) {
        let keeps = [Flaw::CopiesNeverCatchUp, Flaw::CopiesAreFilledWithoutAFence, Flaw::LoadsAreCopies];
        let Some(found) = found.filter(|_| keeps.iter().any(|flaw| self.is(*flaw))) else { return };
        if self.is(Flaw::CopiesAreFilledWithoutAFence) {
            pause().await;
        }
        self.state.lock().copies.insert(self.key(realm, id), Arc::new(found.clone()));
    }

    pub(super) fn page(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let offset = self.offset(query)?;
        let after = match query.after.as_ref().map(Cursor::record) {
            _ if self.is(Flaw::PagesByOffset) => None,
            Some(Err(_)) if self.is(Flaw::BadCursorStartsOver) => None,
            Some(Err(error)) => return Err(StoreError::unsupported(error)),
            Some(Ok(after)) => Some(after),
            None => None,
        };
        let mut records = self.matching(&self.state.lock(), query);
        records.sort_by_key(|record| Reverse(self.place(record)));
        let is_later = |record: &Record| after.is_none_or(|after| self.is_after(record, after));
        let rest: Vec<_> = records.into_iter().filter(is_later).skip(offset).collect();
        let limit = if self.is(Flaw::LimitIgnored) { usize::MAX } else { query.limit.number() };
        let limit = if self.is(Flaw::NoMoreThanAHundred) { limit.min(100) } else { limit };
        let has_more = rest.len() > limit && !self.is(Flaw::NoMoreThanAHundred);
        let items: Vec<_> = rest.into_iter().take(limit).collect();
        let next = items.last().filter(|_| has_more).map(|last| self.cursor(last, offset + items.len()));
        Ok(Page { items, next })
    }

    fn offset(&self, query: &Query) -> Result<usize, StoreError> {
        match &query.after {
            Some(after) if self.is(Flaw::PagesByOffset) => after.as_str().parse().map_err(StoreError::unsupported),
            _ => Ok(0),
        }
    }

    fn cursor(&self, last: &Record, offset: usize) -> Cursor {
        if self.is(Flaw::PagesByOffset) {
            return Cursor::new(&offset.to_string()).expect("digits");
        }
        Cursor::after_record(last)
    }

    fn place(&self, record: &Record) -> (Timestamp, Vec<u8>) {
        let at = if self.is(Flaw::OrderedByUse) { record.seen_at } else { record.created_at };
        let as_text = self.is(Flaw::OrderedByIdsAsText);
        (at, if as_text { record.id.to_string().into_bytes() } else { record.id.as_bytes().to_vec() })
    }

    fn is_after(&self, record: &Record, (at, id): (Timestamp, SessionId)) -> bool {
        if self.is(Flaw::CursorSkipsTheRestOfAnInstant) {
            return record.created_at < at;
        }
        let repeats = self.is(Flaw::CursorRepeatsTheLast) && record.id == id;
        let mut last = record.clone();
        (last.created_at, last.seen_at, last.id) =
            (at, if self.is(Flaw::OrderedByUse) { at } else { last.seen_at }, id);
        self.place(record) < self.place(&last) || repeats
    }

    fn matching(&self, state: &State, query: &Query) -> Vec<Record> {
        let lags = self.is(Flaw::ListsFromALaggingReplica);
        let source = if lags { &state.replica } else { &state.records };
        let asked = self.asked(query);
        let found = source.iter().filter(|(key, record)| {
            let indexed = if lags { Some(*record) } else { state.index.get(*key) };
            indexed.is_some_and(|indexed| self.matches(query, &asked, indexed))
        });
        found.map(|(_, record)| record.clone()).collect()
    }

    /// Returns the question as the store understands it, without what it answers in its own way.
    fn asked(&self, query: &Query) -> Query {
        let mut asked = query.clone();
        if self.is(Flaw::ListIgnoresTheRealm) {
            asked.realm = None;
        }
        if self.is(Flaw::IpIgnored) {
            asked.ip = None;
        }
        if self.is(Flaw::SeenBeforeIsInclusive) {
            asked.seen_before = asked.seen_before.map(|at| at.plus(std::time::Duration::from_millis(1)));
        }
        if self.is(Flaw::ExpiresByIsExclusive) {
            asked.expires_by = asked.expires_by.map(|at| at.minus(std::time::Duration::from_millis(1)));
        }
        if self.is(Flaw::SubjectExcludesOtherFilters) && asked.subject.is_some() {
            asked = Query::of_subject(asked.realm.clone().unwrap_or_default(), asked.subject.clone().expect("set"));
        }
        if self.is(Flaw::SubjectsFoldCase) || self.is(Flaw::SubjectsAreTrimmed) {
            asked.subject = None;
        }
        if self.is(Flaw::UserAgentIsAPattern) || self.is(Flaw::UserAgentFoldsAsciiOnly) {
            asked.user_agent = None;
        }
        asked
    }

    fn matches(&self, query: &Query, asked: &Query, record: &Record) -> bool {
        let agent = record.client.user_agent.as_ref().map(|agent| agent.as_str().to_owned());
        let agent_matches = |test: &dyn Fn(&str, &str) -> bool| {
            query.user_agent.as_ref().is_none_or(|part| agent.as_ref().is_some_and(|agent| test(agent, part)))
        };
        let subject_matches = |same: &dyn Fn(&str, &str) -> bool| {
            let found = record.subject.as_ref();
            query.subject.as_ref().is_none_or(|asked| found.is_some_and(|found| same(found.as_str(), asked.as_str())))
        };
        let ascii = |agent: &str, part: &str| agent.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
        asked.matches(record)
            && !(self.is(Flaw::EndedSessionsAreUnlisted) && record.ended.is_some() && query.subject.is_some())
            && (!self.is(Flaw::SubjectsFoldCase) || subject_matches(&|a, b| a.to_lowercase() == b.to_lowercase()))
            && (!self.is(Flaw::SubjectsAreTrimmed) || subject_matches(&|a, b| a.trim_end() == b.trim_end()))
            && (!self.is(Flaw::UserAgentFoldsAsciiOnly) || agent_matches(&ascii))
            && (!self.is(Flaw::UserAgentIsAPattern) || agent_matches(&like))
    }

    pub(super) fn event_page(&self, query: &EventQuery) -> Page<Event> {
        let state = self.state.lock();
        let mut events: Vec<_> = state.events.iter().collect();
        if self.is(Flaw::EventsSortByName) {
            events.sort_by_key(|event| event.id);
        }
        let mut asked = query.clone();
        if self.is(Flaw::EventsIgnoreTheRealm) {
            asked.realm = None;
        }
        if self.is(Flaw::EventsIgnoreTheKind) {
            asked.kind = None;
        }
        let repeated = usize::from(!self.is(Flaw::EventPagesRepeatTheLast));
        let position = query.after.and_then(|after| events.iter().position(|event| event.id == after));
        let start = position.map_or(0, |position| position + repeated);
        let mut rest = events.into_iter().skip(start).filter(|event| asked.matches(event)).cloned();
        let items: Vec<_> = rest.by_ref().take(query.limit.number()).collect();
        let has_more = rest.next().is_some() && !self.is(Flaw::EventPagesEndAfterOne);
        let next = items.last().filter(|_| has_more).map(Cursor::after_event);
        Page { items, next }
    }
}

/// Finds what SQL's `LIKE` finds, where nobody has escaped the wildcards.
fn like(text: &str, part: &str) -> bool {
    fn here(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => true,
            Some(('%', rest)) => (0..=text.len()).any(|skipped| here(&text[skipped..], rest)),
            Some((first, rest)) => {
                text.split_first().is_some_and(|(found, text)| (*first == '_' || found == first) && here(text, rest))
            }
        }
    }
    let text: Vec<_> = text.to_lowercase().chars().collect();
    let pattern: Vec<_> = part.to_lowercase().chars().collect();
    (0..=text.len()).any(|start| here(&text[start..], &pattern))
}

fn wall_clock() -> Timestamp {
    Timestamp::UNIX_EPOCH.plus(SystemTime::now().duration_since(UNIX_EPOCH).expect("past 1970"))
}
