use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::{Carried, SelfContained, Unopened, Unsealed};
use crate::crypto::{Aead, random};
use crate::keys::{Key, KeyAlgorithm, KeyId, KeyRing, Material};
use crate::name::Realm;
use crate::record::Record;
use crate::store::Epoch;
use crate::time::Timestamp;
use crate::token::{Chain, Generation, Token};

/// Encrypted cookies: a session that its client carries and cannot read, under AES-256-GCM-SIV.
///
/// The text is `base64url( format 1 | length of the key's name 1 | name of the key | nonce 12 | sealed | tag 16 )`.
/// Format, key, realm and the name of the cookie are authenticated with it, so a value opens in its own place only
/// (`ENC-2`). Inside are the record, its generation, when it was sealed, and until when it is good (`ENC-6`).
///
/// ```
/// # #[cfg(all(feature = "sealed", feature = "jwt"))] {
/// use hallpass::{Key, KeyAlgorithm, KeyRing, Realm, Sealed};
///
/// let ring = KeyRing::new([Key::generate(KeyAlgorithm::Sealing)?])?;
/// let sealed = Sealed::new(ring, &Realm::default(), "__Host-session")?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// Encryption hides and binds, and does not end anything: who copied a value can use it until its time is over, or until
/// shared revocations name it (`ENC-8`). Two requests that write at once overwrite each other, as with every cookie that
/// holds state (`ENC-9`).
pub struct Sealed {
    ring: KeyRing,
    cookie: Box<str>,
    /// What comes after the key in what is authenticated: realm and cookie, each with its length.
    place: Vec<u8>,
}

/// The error of sealing cookies with keys that do not seal, or under a name that is no cookie's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSealed(&'static str);

const FORMAT: u8 = 1;
/// What precedes the record in the sealed text.
const PRELUDE: usize = 48;

impl Sealed {
    /// The most that name and value of a cookie have together, in bytes, so that every browser keeps it (RFC 6265bis,
    /// section 5.6).
    pub const MOST: usize = 4096;

    /// Seals the sessions of a realm into a cookie of this name, under the keys of a ring.
    ///
    /// # Errors
    ///
    /// [`InvalidSealed`] if the keys of the ring are not for sealing, or the name has none or more than 64 bytes.
    pub fn new(ring: KeyRing, realm: &Realm, cookie: &str) -> Result<Self, InvalidSealed> {
        if ring.keys().iter().any(|key| key.algorithm() != KeyAlgorithm::Sealing) {
            return Err(InvalidSealed("cookies are sealed with sealing keys"));
        }
        if cookie.is_empty() || cookie.len() > 64 {
            return Err(InvalidSealed("the name of a cookie has 1 to 64 bytes"));
        }
        let mut place = Vec::new();
        for part in [realm.as_str(), cookie] {
            place.extend_from_slice(&(part.len() as u64).to_be_bytes());
            place.extend_from_slice(part.as_bytes());
        }
        Ok(Self { ring, cookie: cookie.into(), place })
    }

    /// Returns the name of the key that a text says it is sealed under, believed by nobody; nothing if it has not the
    /// shape of a sealed session.
    pub fn glance(text: &[u8]) -> Option<KeyId> {
        if text.len() > Self::MOST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&[FORMAT, length], rest) = bytes.split_first_chunk::<2>()? else { return None };
        let (name, rest) = rest.split_at_checked(length.into())?;
        let is_long_enough = rest.len() > Aead::NONCE + PRELUDE;
        KeyId::new(str::from_utf8(name).ok()?).ok().filter(|_| is_long_enough)
    }

    /// Returns the ring of keys.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Seals any bytes as if they were a session, for tests and fuzzers of what is read behind the seal.
    ///
    /// # Errors
    ///
    /// [`Unsealed`].
    #[cfg(feature = "testing")]
    pub fn seal_bytes(&self, plain: &[u8], now: Timestamp) -> Result<Token, Unsealed> {
        let key = self.ring.signing(now).ok_or(Unsealed::NoKey)?;
        self.seal_under(&key, |text| text.extend_from_slice(plain))
    }

    /// Seals what is written.
    fn seal_under(&self, key: &Key, write: impl FnOnce(&mut Vec<u8>)) -> Result<Token, Unsealed> {
        let aead = aead(key).ok_or(Unsealed::NoKey)?;
        let name = key.id().as_str().as_bytes();
        // What fits never moves, so that no plain text is left where it was.
        let mut text = Vec::with_capacity(Self::MOST);
        text.extend_from_slice(&[FORMAT, short(name.len())]);
        text.extend_from_slice(name);
        let nonce = random::<{ Aead::NONCE }>();
        text.extend_from_slice(&nonce);
        let from = text.len();
        write(&mut text);
        aead.seal(nonce, &self.place(key), &mut text, from);
        let token = URL_SAFE_NO_PAD.encode(&text);
        let size = self.cookie.len() + token.len();
        if size > Self::MOST { Err(Unsealed::TooLarge { size, limit: Self::MOST }) } else { Ok(Token::new(token)) }
    }

    fn place(&self, key: &Key) -> Vec<u8> {
        const PURPOSE: &[u8] = b"hallpass sealed session";
        let name = key.id().as_str().as_bytes();
        let mut place = Vec::with_capacity(PURPOSE.len() + 2 + name.len() + self.place.len());
        place.extend_from_slice(PURPOSE);
        place.extend_from_slice(&[FORMAT, short(name.len())]);
        place.extend_from_slice(name);
        place.extend_from_slice(&self.place);
        place
    }
}

impl SelfContained for Sealed {
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed> {
        let Carried { record, epoch, issued_at, expires_at } = carried;
        let key = self.ring.signing(*issued_at).ok_or(Unsealed::NoKey)?;
        self.seal_under(&key, |text| {
            for instant in [issued_at, expires_at] {
                text.extend_from_slice(&instant.as_millis().to_be_bytes());
            }
            text.extend_from_slice(&epoch.0.to_be_bytes());
            let chain = record.chain.as_ref();
            for generation in [chain.map(|chain| chain.first_generation), chain.map(|chain| chain.generation)] {
                text.extend_from_slice(&generation.unwrap_or_default().number().to_be_bytes());
            }
            for instant in [chain.map(|chain| chain.started_at), chain.map(|chain| chain.renewed_at)] {
                text.extend_from_slice(&instant.unwrap_or(*issued_at).as_millis().to_be_bytes());
            }
            record.write_for_token(text);
        })
    }

    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened> {
        if text.len() > Self::MOST {
            return Err(Unopened::Invalid);
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unopened::Invalid)?;
        let ([format, length], rest) = bytes.split_first_chunk_mut::<2>().ok_or(Unopened::Invalid)?;
        if *format != FORMAT {
            return Err(Unopened::Invalid);
        }
        let (name, rest) = rest.split_at_mut_checked((*length).into()).ok_or(Unopened::Invalid)?;
        let (nonce, sealed) = rest.split_first_chunk_mut::<{ Aead::NONCE }>().ok_or(Unopened::Invalid)?;
        let key = str::from_utf8(name).ok().and_then(|name| self.ring.find(name)).ok_or(Unopened::UnknownKey)?;
        let aead = aead(&key).ok_or(Unopened::UnknownKey)?;
        let length = aead.open(*nonce, &self.place(&key), sealed).ok_or(Unopened::Invalid)?.len();
        let from = 2 + name.len() + Aead::NONCE;
        let carried = read(&Bytes::from(bytes).slice(from..from + length)).ok_or(Unopened::Invalid)?;
        if carried.expires_at <= now { Err(Unopened::Expired) } else { Ok(Arc::new(carried)) }
    }
}

fn read(plain: &Bytes) -> Option<Carried> {
    let prelude = plain.get(..PRELUDE)?;
    let number = |at: usize| Some(u64::from_be_bytes(prelude.get(at..at + 8)?.try_into().ok()?));
    let instant = |at| number(at).map(Timestamp::from_millis);
    let generation = |at: usize| Generation::new(u32::from_be_bytes(prelude.get(at..at + 4)?.try_into().ok()?));
    let chain = Chain::carried(instant(32)?, generation(24)?, generation(28)?, instant(40)?).chain;
    let record = Record::from_token(chain, &plain.slice(PRELUDE..)).ok()?;
    Some(Carried::new(record, Epoch(number(16)?), instant(0)?, instant(8)?))
}

fn aead(key: &Key) -> Option<&Aead> {
    match key.material() {
        Material::Sealing { aead, .. } => Some(aead),
        #[cfg(feature = "jwt")]
        Material::Jose(_) => None,
    }
}

/// The name of a key has at most 128 bytes.
fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("ring", &self.ring).field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
