//! A record as it lies in memory: what nearly every record has, packed, and the rest in a box of its own.

use bytes::Bytes;

use crate::id::{SecretHash, SessionId};
use crate::name::{Method, Profile, Realm, Subject};
use crate::record::{Client, Ended, Level, Record, Retry, Terms, Version};
use crate::time::Timestamp;
use crate::token::{Chain, ChainNonce, Generation};

/// What many records have in common, kept once per shard.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Class {
    pub(super) realm: Realm,
    profile: Profile,
    terms: Terms,
}

impl Class {
    pub(super) fn fits(&self, record: &Record) -> bool {
        self.terms == record.terms && self.realm == record.realm && self.profile == record.profile
    }

    pub(super) fn of(record: &Record) -> Self {
        Self { realm: record.realm.clone(), profile: record.profile.clone(), terms: record.terms }
    }
}

/// An instant in the 48 bits that it needs; there are nine of them in a slot.
#[derive(Clone, Copy)]
struct Packed([u8; 6]);

impl Packed {
    /// Stands for "never": no instant that can be written is as late.
    const NEVER: Self = Self([0xff; 6]);

    fn new(at: Timestamp) -> Self {
        let [_, _, bytes @ ..] = at.as_millis().to_be_bytes();
        Self(bytes)
    }

    fn optional(at: Option<Timestamp>) -> Self {
        at.map_or(Self::NEVER, Self::new)
    }

    fn instant(self) -> Timestamp {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0);
        Timestamp::from_millis(u64::from_be_bytes(bytes))
    }

    fn optional_instant(self) -> Option<Timestamp> {
        (self.0 != Self::NEVER.0).then(|| self.instant())
    }
}

pub(super) struct Slot {
    pub(super) id: SessionId,
    pub(super) class: u16,
    level: Level,
    is_living: bool,
    /// Where the index of subjects has this record.
    pub(super) node: u32,
    /// The span of time in which it comes up for expiry.
    pub(super) filed_under: u32,
    pub(super) subject: Option<Subject>,
    pub(super) version: Version,
    created_at: Packed,
    authenticated_at: Packed,
    seen_at: Packed,
    expires_at: Packed,
    chain: PackedChain,
    rest: Option<Box<Rest>>,
}

/// The chain of a living record; what it holds of an ended one means nothing.
struct PackedChain {
    nonce: ChainNonce,
    hash: SecretHash,
    generations: [Generation; 5],
    started_at: Packed,
    renewed_at: Packed,
    confirmed_at: Packed,
    settling_at: Packed,
    paced_until: Packed,
}

impl PackedChain {
    fn pack(chain: &Chain) -> Self {
        Self {
            nonce: chain.nonce,
            hash: chain.hash,
            generations: [chain.first_generation, chain.generation, chain.from, chain.settled, chain.settling],
            started_at: Packed::new(chain.started_at),
            renewed_at: Packed::new(chain.renewed_at),
            confirmed_at: Packed::optional(chain.confirmed_at),
            settling_at: Packed::new(chain.settling_at),
            paced_until: Packed::new(chain.paced_until),
        }
    }

    fn unpack(&self) -> Chain {
        let [first_generation, generation, from, settled, settling] = self.generations;
        Chain {
            nonce: self.nonce,
            hash: self.hash,
            first_generation,
            generation,
            from,
            settled,
            settling,
            started_at: self.started_at.instant(),
            renewed_at: self.renewed_at.instant(),
            confirmed_at: self.confirmed_at.optional_instant(),
            settling_at: self.settling_at.instant(),
            paced_until: self.paced_until.instant(),
        }
    }

    fn none() -> Self {
        Self {
            nonce: ChainNonce::from_bytes([0; 16]),
            hash: SecretHash::from_bytes([0; 32]),
            generations: [Generation::FIRST; 5],
            started_at: Packed::NEVER,
            renewed_at: Packed::NEVER,
            confirmed_at: Packed::NEVER,
            settling_at: Packed::NEVER,
            paced_until: Packed::NEVER,
        }
    }
}

/// What a record without attributes, client data and end does not have.
struct Rest {
    methods: Vec<Method>,
    impersonator: Option<Subject>,
    client: Client,
    ended: Option<Ended>,
    retry: Option<Retry>,
    data: Bytes,
    unknown: Bytes,
}

impl Slot {
    pub(super) const NO_NODE: u32 = u32::MAX;
    pub(super) const NOT_FILED: u32 = u32::MAX;

    pub(super) fn pack(record: &Record, class: u16) -> Self {
        Self {
            id: record.id,
            class,
            level: record.level,
            is_living: record.chain.is_some(),
            node: Self::NO_NODE,
            filed_under: Self::NOT_FILED,
            subject: record.subject.clone(),
            version: record.version,
            created_at: Packed::new(record.created_at),
            authenticated_at: Packed::optional(record.authenticated_at),
            seen_at: Packed::new(record.seen_at),
            expires_at: Packed::new(record.expires_at),
            chain: record.chain.as_ref().map_or_else(PackedChain::none, PackedChain::pack),
            rest: Rest::pack(record),
        }
    }

    pub(super) fn unpack(&self, class: &Class) -> Record {
        let mut record = Record {
            id: self.id,
            realm: class.realm.clone(),
            subject: self.subject.clone(),
            version: self.version,
            profile: class.profile.clone(),
            terms: class.terms,
            created_at: self.created_at.instant(),
            authenticated_at: self.authenticated_at.optional_instant(),
            seen_at: self.seen_at.instant(),
            expires_at: self.expires_at(),
            chain: self.is_living.then(|| self.chain.unpack()),
            level: self.level,
            methods: Vec::new(),
            impersonator: None,
            client: Client::default(),
            ended: None,
            retry: None,
            data: Bytes::new(),
            unknown: Bytes::new(),
        };
        if let Some(rest) = &self.rest {
            rest.unpack(&mut record);
        }
        record
    }

    pub(super) fn is_living(&self) -> bool {
        self.is_living
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.expires_at.instant()
    }

    /// Keeps the last use of what it takes the place of, which a touch may have noted meanwhile.
    pub(super) fn succeed(&mut self, before: &Self) {
        self.node = before.node;
        self.filed_under = before.filed_under;
        self.seen_at = Packed::new(self.seen_at.instant().max(before.seen_at.instant()));
    }

    /// Moves the two times forward, never back.
    pub(super) fn touch(&mut self, seen_at: Timestamp, expires_at: Timestamp) {
        self.seen_at = Packed::new(self.seen_at.instant().max(seen_at));
        self.expires_at = Packed::new(self.expires_at().max(expires_at));
    }
}

impl Rest {
    fn pack(record: &Record) -> Option<Box<Self>> {
        let is_plain = record.methods.is_empty()
            && record.impersonator.is_none()
            && record.client.is_empty()
            && record.ended.is_none()
            && record.retry.is_none()
            && record.data.is_empty()
            && record.unknown.is_empty();
        let rest = || Self {
            methods: record.methods.clone(),
            impersonator: record.impersonator.clone(),
            client: record.client.clone(),
            ended: record.ended.clone(),
            retry: record.retry.clone(),
            data: record.data.clone(),
            unknown: record.unknown.clone(),
        };
        (!is_plain).then(|| Box::new(rest()))
    }

    /// Adds itself to a record that has nothing of it yet.
    fn unpack(&self, record: &mut Record) {
        let Self { methods, impersonator, client, ended, retry, data, unknown } = self;
        if !methods.is_empty() {
            record.methods.clone_from(methods);
        }
        if !client.is_empty() {
            record.client.clone_from(client);
        }
        record.impersonator.clone_from(impersonator);
        record.ended.clone_from(ended);
        record.retry.clone_from(retry);
        record.data.clone_from(data);
        if !unknown.is_empty() {
            record.unknown.clone_from(unknown);
        }
    }
}
