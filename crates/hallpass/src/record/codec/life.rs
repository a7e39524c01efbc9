//! Since when a session lives, under which terms, who it is by, and its chain: one field, since all records have most
//! of it. What is as in a session that was just made takes no room.

use bytes::{BufMut, BytesMut};

use super::{CorruptRecord, array};
use crate::id::SecretHash;
use crate::record::{Level, Record, Terms};
use crate::time::Timestamp;
use crate::token::{Chain, ChainNonce, Generation};

/// Which parts there are.
mod part {
    pub(super) const AUTHENTICATED_AT: u8 = 1;
    /// Its terms are [`USUAL`](super::USUAL).
    pub(super) const USUAL: u8 = 1 << 1;
    pub(super) const LEVEL: u8 = 1 << 2;
    pub(super) const CHAIN: u8 = 1 << 3;
    /// The generations of the chain are not all the first one.
    pub(super) const GENERATIONS: u8 = 1 << 4;
    /// Its instants are not all that of its start.
    pub(super) const INSTANTS: u8 = 1 << 5;
    pub(super) const CONFIRMED: u8 = 1 << 6;
    /// It was confirmed later than it was started.
    pub(super) const CONFIRMED_AT: u8 = 1 << 7;
}

/// The terms that take no room. They are those of the default policy, and stay as they are if that changes.
const USUAL: Terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 900, locks: false };

pub(super) struct Life {
    pub(super) created_at: Timestamp,
    pub(super) terms: Terms,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) level: Level,
    pub(super) chain: Option<Chain>,
}

/// The longest number has 10 bytes, and there are 16 of them at the most.
const LONGEST: usize = 2 + 16 + 32 + 16 * 10;

/// Writes the life of a record with this chain, which need not be its own.
pub(super) fn to_bytes(record: &Record, chain: Option<&Chain>) -> BytesMut {
    let mut out = BytesMut::with_capacity(LONGEST);
    put(&mut out, record, chain);
    out
}

/// Writes what [`take`] reads, whatever comes behind it.
pub(super) fn put(out: &mut BytesMut, record: &Record, chain: Option<&Chain>) {
    let Record { created_at, terms, authenticated_at, level, .. } = record;
    out.put_u8(parts(record, chain));
    put_number(out, created_at.as_millis());
    if *terms != USUAL {
        put_terms(out, *terms);
    }
    if let Some(at) = authenticated_at {
        put_distance(out, *created_at, *at);
    }
    if *level != Level::ANONYMOUS {
        out.put_u8(level.number());
    }
    if let Some(chain) = chain {
        put_chain(out, *created_at, chain);
    }
}

fn put_terms(out: &mut BytesMut, terms: Terms) {
    let Terms { idle, absolute, renewal, anonymous, locks } = terms;
    for seconds in [idle, absolute, renewal, anonymous] {
        put_number(out, seconds.into());
    }
    out.put_u8(locks.into());
}

fn parts(record: &Record, chain: Option<&Chain>) -> u8 {
    let either = |is: bool, part: u8| if is { part } else { 0 };
    let of_session = either(record.authenticated_at.is_some(), part::AUTHENTICATED_AT)
        | either(record.terms == USUAL, part::USUAL)
        | either(record.level != Level::ANONYMOUS, part::LEVEL);
    let Some(chain) = chain else { return of_session };
    of_session
        | part::CHAIN
        | either(generations(chain).iter().any(|generation| *generation != chain.first_generation), part::GENERATIONS)
        | either(instants(chain).iter().any(|at| *at != chain.started_at), part::INSTANTS)
        | either(chain.confirmed_at.is_some(), part::CONFIRMED)
        | either(chain.confirmed_at.is_some_and(|at| at != chain.started_at), part::CONFIRMED_AT)
}

/// Returns the generations after the first, in their order.
fn generations(chain: &Chain) -> [Generation; 4] {
    [chain.settled, chain.settling, chain.from, chain.generation]
}

fn instants(chain: &Chain) -> [Timestamp; 3] {
    [chain.settling_at, chain.renewed_at, chain.paced_until]
}

fn put_chain(out: &mut BytesMut, created_at: Timestamp, chain: &Chain) {
    out.put_slice(chain.nonce.as_bytes());
    out.put_slice(chain.hash.as_bytes());
    put_number(out, chain.first_generation.number().into());
    let generations = generations(chain);
    if generations.iter().any(|generation| *generation != chain.first_generation) {
        for generation in generations {
            put_number(out, generation.number().into());
        }
    }
    let started_at = chain.started_at;
    put_distance(out, created_at, started_at);
    let instants = instants(chain);
    if instants.iter().any(|at| *at != started_at) {
        for at in instants {
            put_distance(out, started_at, at);
        }
    }
    if let Some(at) = chain.confirmed_at.filter(|at| *at != started_at) {
        put_distance(out, started_at, at);
    }
}

/// Writes seven bits a byte, the lowest first.
fn put_number(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.put_u8(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.put_u8(low);
}

/// Writes how far one instant is from another, forwards as an even number and backwards as an odd one.
fn put_distance(out: &mut BytesMut, from: Timestamp, to: Timestamp) {
    let (from, to) = (from.as_millis(), to.as_millis());
    put_number(out, if to >= from { (to - from) << 1 } else { (from - to) << 1 | 1 });
}

pub(super) fn from_bytes(value: &[u8]) -> Result<Life, CorruptRecord> {
    match take(value)? {
        (life, []) => Ok(life),
        _ => Err(CorruptRecord("its life has parts that are not known")),
    }
}

/// Reads what bytes begin with; answers also what comes behind it.
pub(super) fn take(bytes: &[u8]) -> Result<(Life, &[u8]), CorruptRecord> {
    let mut rest = Rest(bytes);
    let parts = rest.byte()?;
    let has = |part: u8| parts & part != 0;
    let created_at = Timestamp::from_millis(rest.number()?);
    let terms = if has(part::USUAL) { USUAL } else { rest.terms()? };
    let authenticated_at = if has(part::AUTHENTICATED_AT) { Some(rest.instant(created_at)?) } else { None };
    let level = if has(part::LEVEL) { rest.byte()? } else { 0 };
    let level = Level::new(level).ok_or(CorruptRecord("a level is above 9"))?;
    let chain = if has(part::CHAIN) { Some(rest.chain(created_at, has)?) } else { None };
    if chain.is_none() && parts >= part::CHAIN {
        return Err(CorruptRecord("its life has parts that are not known"));
    }
    Ok((Life { created_at, terms, authenticated_at, level, chain }, rest.0))
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

const TORN: CorruptRecord = CorruptRecord("its life is cut off");

impl Rest<'_> {
    fn terms(&mut self) -> Result<Terms, CorruptRecord> {
        let (idle, absolute, renewal, anonymous) = (self.seconds()?, self.seconds()?, self.seconds()?, self.seconds()?);
        let locks = match self.byte()? {
            0 => false,
            1 => true,
            _ => return Err(CorruptRecord("its terms are neither yes nor no")),
        };
        Ok(Terms { idle, absolute, renewal, anonymous, locks })
    }

    fn chain(&mut self, created_at: Timestamp, has: impl Fn(u8) -> bool) -> Result<Chain, CorruptRecord> {
        let nonce = ChainNonce::from_bytes(array(self.bytes(16)?)?);
        let hash = SecretHash::from_bytes(array(self.bytes(32)?)?);
        let first_generation = self.generation()?;
        let mut generations = [first_generation; 5];
        if has(part::GENERATIONS) {
            for generation in &mut generations[1..] {
                *generation = self.generation()?;
            }
        }
        if !generations.is_sorted() {
            return Err(CorruptRecord("generations are out of order"));
        }
        let [_, settled, settling, from, generation] = generations;
        let started_at = self.instant(created_at)?;
        let mut instants = [started_at; 3];
        if has(part::INSTANTS) {
            for at in &mut instants {
                *at = self.instant(started_at)?;
            }
        }
        let [settling_at, renewed_at, paced_until] = instants;
        let confirmed_at = match (has(part::CONFIRMED), has(part::CONFIRMED_AT)) {
            (true, true) => Some(self.instant(started_at)?),
            (true, false) => Some(started_at),
            (false, _) => None,
        };
        Ok(Chain {
            nonce,
            started_at,
            first_generation,
            generation,
            from,
            hash,
            renewed_at,
            confirmed_at,
            settled,
            settling,
            settling_at,
            paced_until,
        })
    }

    fn bytes(&mut self, count: usize) -> Result<&[u8], CorruptRecord> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(TORN)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, CorruptRecord> {
        let (byte, rest) = self.0.split_first().ok_or(TORN)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, CorruptRecord> {
        let mut number = 0;
        // What would not fit into 63 bits has no meaning here.
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(CorruptRecord("a number is too high"))
    }

    fn seconds(&mut self) -> Result<u32, CorruptRecord> {
        u32::try_from(self.number()?).map_err(|_| CorruptRecord("a timeout is too long"))
    }

    fn generation(&mut self) -> Result<Generation, CorruptRecord> {
        let number = u32::try_from(self.number()?).ok();
        number.and_then(Generation::new).ok_or(CorruptRecord("a generation is too high"))
    }

    fn instant(&mut self, from: Timestamp) -> Result<Timestamp, CorruptRecord> {
        let distance = self.number()?;
        let (from, millis) = (from.as_millis(), distance >> 1);
        let millis = if distance & 1 == 0 { from.checked_add(millis) } else { from.checked_sub(millis) };
        millis.map(Timestamp::from_millis).ok_or(CorruptRecord("an instant is out of bounds"))
    }
}
