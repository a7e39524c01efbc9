//! The bytes of a record: a format byte, then fields of `tag, length, value`, so that a node can keep what it does
//! not know.

mod life;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use bytes::{BufMut, Bytes, BytesMut};

use self::life::Life;
use super::{Ended, Frame, Level, Record, Retry, Terms, Version};
use crate::event::EndReason;
use crate::id::{SecretHash, SessionId};
use crate::name::{Actor, InvalidName, Method, Note, Profile, Realm, Subject};
use crate::time::Timestamp;
use crate::token::{Chain, ChainNonce, Generation};

const FORMAT: u8 = 1;
/// More than any record can have with attributes of the largest size that can be configured.
const LONGEST: usize = 2 << 20;

/// The tags of the fields; a tag is never given a new meaning.
mod tag {
    /// Closes a record, so that one that was cut off between two fields is noticed.
    pub(super) const END: u8 = 0;
    pub(super) const ID: u8 = 1;
    pub(super) const REALM: u8 = 2;
    pub(super) const SUBJECT: u8 = 3;
    pub(super) const VERSION: u8 = 4;
    pub(super) const PROFILE: u8 = 5;
    pub(super) const TERMS: u8 = 6;
    pub(super) const CREATED_AT: u8 = 7;
    pub(super) const AUTHENTICATED_AT: u8 = 8;
    pub(super) const SEEN_AT: u8 = 9;
    pub(super) const EXPIRES_AT: u8 = 10;
    pub(super) const CHAIN: u8 = 11;
    pub(super) const LEVEL: u8 = 12;
    pub(super) const METHOD: u8 = 13;
    pub(super) const IP: u8 = 14;
    pub(super) const USER_AGENT: u8 = 15;
    pub(super) const LABEL: u8 = 16;
    pub(super) const ENDED_AT: u8 = 17;
    pub(super) const END_REASON: u8 = 18;
    pub(super) const END_ACTOR: u8 = 19;
    pub(super) const END_NOTE: u8 = 20;
    pub(super) const RETRY: u8 = 21;
    pub(super) const DATA: u8 = 22;
    /// What terms had none of at first: the anonymous life, and whether the session locks.
    pub(super) const TERMS_TOO: u8 = 23;
    /// What an attempt that can be retried asked for.
    pub(super) const ASKED: u8 = 24;
    /// What is written in place of the fields 6 to 8, 11, 12 and 23, which are still read.
    pub(super) const LIFE: u8 = 25;
    /// Who acts as the subject.
    pub(super) const IMPERSONATOR: u8 = 26;
}

/// The error of reading bytes that are not a record; says which field is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session record: {0}")]
pub struct CorruptRecord(&'static str);

impl From<InvalidName> for CorruptRecord {
    fn from(_: InvalidName) -> Self {
        Self("a name is not allowed")
    }
}

impl Record {
    /// Writes the whole record, attributes included.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = self.head();
        if !self.data.is_empty() {
            put(&mut out, tag::DATA, &self.data);
        }
        close(out)
    }

    /// Writes the record without its attributes, for stores that keep them in a place of their own.
    pub fn head_to_bytes(&self) -> Bytes {
        close(self.head())
    }

    /// Writes the record without what is in its [`Frame`], for stores that keep that beside it.
    pub fn body_to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(192 + self.data.len());
        out.put_u8(FORMAT);
        self.put_body(&mut out);
        if !self.data.is_empty() {
            put(&mut out, tag::DATA, &self.data);
        }
        close(out)
    }

    fn head(&self) -> BytesMut {
        let mut out = BytesMut::with_capacity(256 + self.data.len());
        out.put_u8(FORMAT);
        put(&mut out, tag::ID, self.id.as_bytes());
        put(&mut out, tag::REALM, self.realm.as_str().as_bytes());
        put_text(&mut out, tag::SUBJECT, self.subject.as_ref().map(Subject::as_str));
        put(&mut out, tag::VERSION, &self.version.number().to_be_bytes());
        put_instant(&mut out, tag::SEEN_AT, Some(self.seen_at));
        put_instant(&mut out, tag::EXPIRES_AT, Some(self.expires_at));
        self.put_body(&mut out);
        out
    }

    /// Writes everything that is neither in the frame nor an attribute.
    fn put_body(&self, out: &mut BytesMut) {
        if self.profile != Profile::default() {
            put(out, tag::PROFILE, self.profile.as_str().as_bytes());
        }
        put(out, tag::LIFE, &life::to_bytes(self));
        for method in &self.methods {
            put(out, tag::METHOD, method.as_str().as_bytes());
        }
        put_text(out, tag::IMPERSONATOR, self.impersonator.as_ref().map(Subject::as_str));
        match self.client.ip {
            Some(IpAddr::V4(ip)) => put(out, tag::IP, &ip.octets()),
            Some(IpAddr::V6(ip)) => put(out, tag::IP, &ip.octets()),
            None => {}
        }
        put_text(out, tag::USER_AGENT, self.client.user_agent.as_ref().map(Note::as_str));
        put_text(out, tag::LABEL, self.client.label.as_ref().map(Note::as_str));
        if let Some(ended) = &self.ended {
            put_instant(out, tag::ENDED_AT, Some(ended.at));
            put(out, tag::END_REASON, ended.reason.as_str().as_bytes());
            put(out, tag::END_ACTOR, ended.actor.as_str().as_bytes());
            put_text(out, tag::END_NOTE, ended.note.as_ref().map(Note::as_str));
        }
        if let Some(retry) = &self.retry {
            let mut put_hash = |tag, hash: &[u8]| put(&mut *out, tag, &[&retry.key[..], hash].concat());
            retry.presented.iter().for_each(|presented| put_hash(tag::RETRY, presented.as_bytes()));
            retry.asked.iter().for_each(|asked| put_hash(tag::ASKED, asked));
        }
        out.put_slice(&self.unknown);
    }

    /// Reads a record; attributes and unknown fields share memory with `bytes`.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the bytes are not what [`Record::to_bytes`] of this or a newer version writes.
    pub fn from_bytes(bytes: &Bytes) -> Result<Self, CorruptRecord> {
        Self::read(Draft::default(), bytes)
    }

    /// Reads a record from what its store kept beside it, and the rest; attributes and unknown fields share memory with
    /// `bytes`.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the bytes are not what [`Record::body_to_bytes`] of this or a newer version writes.
    pub fn from_body(frame: Frame, bytes: &Bytes) -> Result<Self, CorruptRecord> {
        let Frame { id, realm, subject, version, seen_at, expires_at } = frame;
        let draft = Draft {
            id: Some(id),
            realm: Some(realm),
            subject,
            version: Some(version),
            seen_at: Some(seen_at),
            expires_at: Some(expires_at),
            ..Draft::default()
        };
        Self::read(draft, bytes)
    }

    /// Reads a record that was written without its chain, which its token has in short.
    #[cfg(feature = "sealed")]
    pub(crate) fn from_token(chain: Chain, bytes: &Bytes) -> Result<Self, CorruptRecord> {
        Self::read(Draft { chain: Some(chain), ..Draft::default() }, bytes)
    }

    fn read(mut draft: Draft, bytes: &Bytes) -> Result<Self, CorruptRecord> {
        if bytes.len() > LONGEST {
            return Err(CorruptRecord("it is too long"));
        }
        let mut rest = match bytes.split_first() {
            Some((&FORMAT, rest)) => rest,
            Some(_) => return Err(CorruptRecord("its format is not known")),
            None => return Err(CorruptRecord("it is empty")),
        };
        let mut unknown = BytesMut::new();
        loop {
            let before = rest;
            let (tag, value) = take(&mut rest)?;
            if tag == tag::END {
                break;
            }
            if !draft.set(tag, value, bytes)? {
                unknown.put_slice(&before[..before.len() - rest.len()]);
            }
        }
        if rest.is_empty() { draft.finish(unknown.freeze()) } else { Err(CorruptRecord("it goes on after its end")) }
    }
}

fn close(mut out: BytesMut) -> Bytes {
    put(&mut out, tag::END, &[]);
    out.freeze()
}

fn put(out: &mut BytesMut, tag: u8, value: &[u8]) {
    out.put_u8(tag);
    let mut length = value.len();
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        let goes_on = if length > 0 { 0x80 } else { 0 };
        out.put_u8(low & 0x7f | goes_on);
        if length == 0 {
            break;
        }
    }
    out.put_slice(value);
}

fn put_text(out: &mut BytesMut, tag: u8, text: Option<&str>) {
    if let Some(text) = text {
        put(out, tag, text.as_bytes());
    }
}

fn put_instant(out: &mut BytesMut, tag: u8, at: Option<Timestamp>) {
    if let Some(at) = at {
        put(out, tag, &at.as_millis().to_be_bytes());
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8]), CorruptRecord> {
    const TORN: CorruptRecord = CorruptRecord("it ends within a field");
    let (tag, mut tail) = rest.split_first().ok_or(TORN)?;
    let mut length = 0_usize;
    for shift in [0, 7, 14] {
        let (byte, after) = tail.split_first().ok_or(TORN)?;
        tail = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (value, after) = tail.split_at_checked(length).ok_or(TORN)?;
            *rest = after;
            return Ok((*tag, value));
        }
    }
    Err(CorruptRecord("a field is too long"))
}

/// The fields of a record as they are met.
#[derive(Default)]
struct Draft {
    id: Option<SessionId>,
    realm: Option<Realm>,
    subject: Option<Subject>,
    version: Option<Version>,
    profile: Option<Profile>,
    terms: Option<[u32; 3]>,
    terms_too: Option<(u32, bool)>,
    created_at: Option<Timestamp>,
    authenticated_at: Option<Timestamp>,
    seen_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    chain: Option<Chain>,
    level: Option<Level>,
    methods: Vec<Method>,
    impersonator: Option<Subject>,
    client: super::Client,
    ended_at: Option<Timestamp>,
    end_reason: Option<EndReason>,
    end_actor: Option<Actor>,
    end_note: Option<Note>,
    retry: Keyed,
    asked: Keyed,
    data: Option<Bytes>,
}

impl Draft {
    /// Takes in a field; answers whether its tag is known.
    fn set(&mut self, tag: u8, value: &[u8], whole: &Bytes) -> Result<bool, CorruptRecord> {
        match tag {
            tag::ID => once(&mut self.id, SessionId::from_bytes(array(value)?))?,
            tag::REALM => once(&mut self.realm, Realm::new(text(value)?)?)?,
            tag::SUBJECT => once(&mut self.subject, Subject::new(text(value)?)?)?,
            tag::VERSION => once(&mut self.version, Version::new(u64::from_be_bytes(array(value)?)))?,
            tag::PROFILE => once(&mut self.profile, Profile::new(text(value)?)?)?,
            tag::TERMS => once(&mut self.terms, terms(value)?)?,
            tag::TERMS_TOO => once(&mut self.terms_too, terms_too(value)?)?,
            tag::CREATED_AT => once(&mut self.created_at, instant(value)?)?,
            tag::AUTHENTICATED_AT => once(&mut self.authenticated_at, instant(value)?)?,
            tag::SEEN_AT => once(&mut self.seen_at, instant(value)?)?,
            tag::EXPIRES_AT => once(&mut self.expires_at, instant(value)?)?,
            tag::CHAIN => once(&mut self.chain, chain_from_bytes(value)?)?,
            tag::LEVEL => once(&mut self.level, level(value)?)?,
            tag::METHOD => self.push_method(value)?,
            tag::IMPERSONATOR => once(&mut self.impersonator, Subject::new(text(value)?)?)?,
            tag::IP => once(&mut self.client.ip, ip(value)?)?,
            tag::USER_AGENT => once(&mut self.client.user_agent, Note::new(text(value)?)?)?,
            tag::LABEL => once(&mut self.client.label, Note::new(text(value)?)?)?,
            tag::ENDED_AT => once(&mut self.ended_at, instant(value)?)?,
            tag::END_REASON => once(&mut self.end_reason, EndReason::from_word(text(value)?))?,
            tag::END_ACTOR => once(&mut self.end_actor, Actor::new(text(value)?)?)?,
            tag::END_NOTE => once(&mut self.end_note, Note::new(text(value)?)?)?,
            tag::RETRY => once(&mut self.retry, keyed(value)?)?,
            tag::ASKED => once(&mut self.asked, keyed(value)?)?,
            tag::DATA => once(&mut self.data, whole.slice_ref(value))?,
            tag::LIFE => self.live(life::from_bytes(value)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn live(&mut self, life: Life) -> Result<(), CorruptRecord> {
        let Life { created_at, terms, authenticated_at, level, chain } = life;
        let Terms { idle, absolute, renewal, anonymous, locks } = terms;
        once(&mut self.created_at, created_at)?;
        once(&mut self.terms, [idle, absolute, renewal])?;
        once(&mut self.terms_too, (anonymous, locks))?;
        authenticated_at.map_or(Ok(()), |at| once(&mut self.authenticated_at, at))?;
        once(&mut self.level, level)?;
        chain.map_or(Ok(()), |chain| once(&mut self.chain, chain))
    }

    fn push_method(&mut self, value: &[u8]) -> Result<(), CorruptRecord> {
        if self.methods.len() == Record::MOST_METHODS {
            return Err(CorruptRecord("it has too many methods"));
        }
        self.methods.push(Method::new(text(value)?)?);
        Ok(())
    }

    fn finish(self, unknown: Bytes) -> Result<Record, CorruptRecord> {
        const MISSING: CorruptRecord = CorruptRecord("a field is missing");
        let ended = match (self.ended_at, self.end_reason, self.end_actor) {
            (None, None, None) => None,
            (Some(at), Some(reason), Some(actor)) => Some(Ended { at, reason, actor, note: self.end_note }),
            _ => return Err(CorruptRecord("its end is told in part")),
        };
        if ended.is_none() && self.chain.is_none() {
            return Err(CorruptRecord("it lives without a chain"));
        }
        let [idle, absolute, renewal] = self.terms.ok_or(MISSING)?;
        // A record from before these were kept leaves them to the policy of today.
        let (anonymous, locks) = self.terms_too.unwrap_or((Terms::NEVER, true));
        Ok(Record {
            id: self.id.ok_or(MISSING)?,
            realm: self.realm.ok_or(MISSING)?,
            subject: self.subject,
            version: self.version.ok_or(MISSING)?,
            profile: self.profile.unwrap_or_default(),
            terms: Terms { idle, absolute, renewal, anonymous, locks },
            created_at: self.created_at.ok_or(MISSING)?,
            authenticated_at: self.authenticated_at,
            seen_at: self.seen_at.ok_or(MISSING)?,
            expires_at: self.expires_at.ok_or(MISSING)?,
            chain: self.chain,
            level: self.level.ok_or(MISSING)?,
            methods: self.methods,
            impersonator: self.impersonator,
            client: self.client,
            ended,
            retry: retry(self.retry, self.asked)?,
            data: self.data.unwrap_or_default(),
            unknown,
        })
    }
}

fn once<T>(field: &mut Option<T>, value: T) -> Result<(), CorruptRecord> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(CorruptRecord("a field comes twice")),
    }
}

fn array<const N: usize>(value: &[u8]) -> Result<[u8; N], CorruptRecord> {
    value.try_into().map_err(|_| CorruptRecord("a field has the wrong length"))
}

fn text(value: &[u8]) -> Result<&str, CorruptRecord> {
    str::from_utf8(value).map_err(|_| CorruptRecord("text is not UTF-8"))
}

fn instant(value: &[u8]) -> Result<Timestamp, CorruptRecord> {
    Ok(Timestamp::from_millis(u64::from_be_bytes(array(value)?)))
}

fn level(value: &[u8]) -> Result<Level, CorruptRecord> {
    let [number] = array(value)?;
    Level::new(number).ok_or(CorruptRecord("a level is above 9"))
}

fn ip(value: &[u8]) -> Result<IpAddr, CorruptRecord> {
    if let Ok(octets) = <[u8; 4]>::try_from(value) { Ok(octets.into()) } else { array::<16>(value).map(IpAddr::from) }
}

fn terms(value: &[u8]) -> Result<[u32; 3], CorruptRecord> {
    let bytes: [u8; 12] = array(value)?;
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Ok([number(0), number(4), number(8)])
}

fn terms_too(value: &[u8]) -> Result<(u32, bool), CorruptRecord> {
    let [a, b, c, d, locks] = array(value)?;
    match locks {
        0 | 1 => Ok((u32::from_be_bytes([a, b, c, d]), locks == 1)),
        _ => Err(CorruptRecord("its terms are neither yes nor no")),
    }
}

/// Reads a hash that belongs to a key of an attempt.
fn keyed(value: &[u8]) -> Result<([u8; 16], [u8; 32]), CorruptRecord> {
    let bytes: [u8; 48] = array(value)?;
    let (key, hash) = bytes.split_at(16);
    Ok((array(key)?, array(hash)?))
}

type Keyed = Option<([u8; 16], [u8; 32])>;

fn retry(presented: Keyed, asked: Keyed) -> Result<Option<Retry>, CorruptRecord> {
    let hash = SecretHash::from_bytes;
    Ok(match (presented, asked) {
        (None, None) => None,
        (Some((key, presented)), None) => Some(Retry { key, presented: Some(hash(presented)), asked: None }),
        (None, Some((key, asked))) => Some(Retry { key, presented: None, asked: Some(asked) }),
        (Some((key, presented)), Some((same, asked))) if key == same => {
            Some(Retry { key, presented: Some(hash(presented)), asked: Some(asked) })
        }
        _ => return Err(CorruptRecord("its attempt has two keys")),
    })
}

/// The length of a chain without the instant of its confirmation, which comes last and only if there is one.
const UNCONFIRMED: usize = 16 + 32 + 5 * 4 + 4 * 8;

fn chain_from_bytes(value: &[u8]) -> Result<Chain, CorruptRecord> {
    let (bytes, confirmed_at) = value.split_at_checked(UNCONFIRMED).ok_or(CorruptRecord("a chain is cut off"))?;
    let (nonce, rest) = bytes.split_at(16);
    let (hash, rest) = rest.split_at(32);
    let (generations, instants) = rest.split_at(20);
    let generation = |index: usize| {
        let number = u32::from_be_bytes(array(&generations[index * 4..index * 4 + 4])?);
        Generation::new(number).ok_or(CorruptRecord("a generation is too high"))
    };
    let generations = [generation(0)?, generation(1)?, generation(2)?, generation(3)?, generation(4)?];
    if !generations.is_sorted() {
        return Err(CorruptRecord("generations are out of order"));
    }
    let [first_generation, settled, settling, from, generation] = generations;
    Ok(Chain {
        nonce: ChainNonce::from_bytes(array(nonce)?),
        hash: SecretHash::from_bytes(array(hash)?),
        first_generation,
        settled,
        settling,
        from,
        generation,
        started_at: instant(&instants[..8])?,
        settling_at: instant(&instants[8..16])?,
        renewed_at: instant(&instants[16..24])?,
        paced_until: instant(&instants[24..])?,
        confirmed_at: if confirmed_at.is_empty() { None } else { Some(instant(confirmed_at)?) },
    })
}
