//! A record as it lies in memory: what nearly every record has, packed, and the rest in a box of its own.

use bytes::Bytes;

use crate::id::SessionId;
use crate::name::{Method, Profile, Realm, Subject};
use crate::record::{Client, Ended, Level, Record, Retry, Terms, Version};
use crate::time::Timestamp;
use crate::token::Chain;

/// What many records have in common, kept once per shard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub(super) realm: Realm,
    profile: Profile,
    terms: [u32; 3],
}

impl Class {
    pub(super) fn of(record: &Record) -> Self {
        let Terms { idle, absolute, renewal } = record.terms;
        Self { realm: record.realm.clone(), profile: record.profile.clone(), terms: [idle, absolute, renewal] }
    }
}

pub(super) struct Slot {
    pub(super) id: SessionId,
    pub(super) class: u16,
    level: Level,
    /// Where the index of subjects has this record.
    pub(super) node: u32,
    pub(super) subject: Option<Subject>,
    pub(super) version: Version,
    created_at: Timestamp,
    authenticated_at: Timestamp,
    pub(super) seen_at: Timestamp,
    pub(super) expires_at: Timestamp,
    chain: Option<Chain>,
    rest: Option<Box<Rest>>,
}

/// What a record without attributes, client data and end does not have.
struct Rest {
    methods: Vec<Method>,
    client: Client,
    ended: Option<Ended>,
    retry: Option<Retry>,
    data: Bytes,
    unknown: Bytes,
}

/// Stands for "never" in [`Slot::authenticated_at`]; an `Option` would need twice the space.
const NEVER: Timestamp = Timestamp::MAX;

impl Slot {
    pub(super) const NO_NODE: u32 = u32::MAX;

    pub(super) fn pack(record: &Record, class: u16) -> Self {
        Self {
            id: record.id,
            class,
            level: record.level,
            node: Self::NO_NODE,
            subject: record.subject.clone(),
            version: record.version,
            created_at: record.created_at,
            authenticated_at: record.authenticated_at.unwrap_or(NEVER),
            seen_at: record.seen_at,
            expires_at: record.expires_at,
            chain: record.chain.clone(),
            rest: Rest::pack(record),
        }
    }

    pub(super) fn unpack(&self, class: &Class) -> Record {
        let [idle, absolute, renewal] = class.terms;
        let rest = self.rest.as_deref();
        Record {
            id: self.id,
            realm: class.realm.clone(),
            subject: self.subject.clone(),
            version: self.version,
            profile: class.profile.clone(),
            terms: Terms { idle, absolute, renewal },
            created_at: self.created_at,
            authenticated_at: (self.authenticated_at != NEVER).then_some(self.authenticated_at),
            seen_at: self.seen_at,
            expires_at: self.expires_at,
            chain: self.chain.clone(),
            level: self.level,
            methods: rest.map(|rest| rest.methods.clone()).unwrap_or_default(),
            client: rest.map(|rest| rest.client.clone()).unwrap_or_default(),
            ended: rest.and_then(|rest| rest.ended.clone()),
            retry: rest.and_then(|rest| rest.retry.clone()),
            data: rest.map(|rest| rest.data.clone()).unwrap_or_default(),
            unknown: rest.map(|rest| rest.unknown.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn is_living(&self) -> bool {
        self.chain.is_some()
    }
}

impl Rest {
    fn pack(record: &Record) -> Option<Box<Self>> {
        let is_plain = record.methods.is_empty()
            && record.client.is_empty()
            && record.ended.is_none()
            && record.retry.is_none()
            && record.data.is_empty()
            && record.unknown.is_empty();
        let rest = || Self {
            methods: record.methods.clone(),
            client: record.client.clone(),
            ended: record.ended.clone(),
            retry: record.retry.clone(),
            data: record.data.clone(),
            unknown: record.unknown.clone(),
        };
        (!is_plain).then(|| Box::new(rest()))
    }
}
