//! JSON Web Tokens: a strict front, the library's signatures, and our claims.

mod claims;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod vectors;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::claims::Claims;
use self::text::{Header, LIMITS, LONGEST, Text};
use super::memo::Memo;
use super::{Carried, SelfContained, Unopened, Unsealed};
use crate::keys::{Key, KeyAlgorithm, KeyRing};
use crate::time::Timestamp;
use crate::token::Token;

/// JSON Web Tokens (RFC 7519): sessions that anybody with the public keys can read and verify.
///
/// Either an access token beside a session that a store keeps ([`Jwt::access`], `typ: at+jwt`, RFC 9068), or the session
/// itself with all its attributes ([`Jwt::session`]). Neither is taken for the other.
///
/// A token is judged in this order (`JWT-17`): size and shape, header, key, signature, type, claims. The key decides the
/// algorithm, never the token.
///
/// ```
/// use hallpass::{Jwt, Key, KeyAlgorithm, KeyRing};
///
/// let ring = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa)?])?;
/// let jwt = Jwt::access(ring, "https://login.example", "https://api.example")?;
/// assert!(jwt.jwks().contains("Ed25519"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// A JWT is signed, not hidden: what it says can be read by whoever sees it (`JWT-16`). Sessions whose attributes are not
/// for the client belong in a store, or in [`Sealed`](crate::Sealed).
pub struct Jwt {
    ring: KeyRing,
    issuer: Box<str>,
    audience: Box<str>,
    is_whole: bool,
    leeway: Duration,
    longest_life: Duration,
    longest: usize,
    memo: Memo,
}

/// The error of making tokens with keys that do not sign them, or without issuer or audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJwt(&'static str);

/// Which rule a token breaks: for logs and for those who look into a token of their own. Clients are told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It, or its header, is longer than a token may be.
    #[error("it is longer than 8 KiB, or its header longer than 1 KiB (JWT-9)")]
    TooLong,
    /// It has not three parts.
    #[error("it has not three parts with two dots between (JWT-9)")]
    Parts,
    /// A part is not canonical, unpadded base64url of UTF-8.
    #[error("a part is not canonical base64url without padding (JWT-9)")]
    Encoding,
    /// The header is not one JSON object with `alg`, or names something twice.
    #[error("the header is no plain JSON object with `alg`, or a name comes twice (JWT-9)")]
    Header,
    /// The header asks for what is not supported.
    #[error("the header has `crit`, `b64`, `zip` or `enc` (JWT-10)")]
    Extension,
    /// The header brings or points at a key of its own.
    #[error("the header brings a key: `jwk`, `jku`, `x5u` or `x5c` (JWT-4)")]
    OwnKey,
    /// No key has the name that the header gives, or it gives none and there are several.
    #[error("no known key has its `kid` (JWT-5)")]
    UnknownKey,
    /// The algorithm is not that of the key.
    #[error("its `alg` is not that of the key (JWT-1, JWT-2)")]
    Algorithm,
    /// The signature is not of this text by this key.
    #[error("the signature is wrong")]
    Signature,
    /// It is a token for another use.
    #[error("its `typ` is that of another kind of token (JWT-7)")]
    Type,
    /// The claims are no plain JSON object with what must be there.
    #[error("the claims are no plain JSON object with all that must be there, or a name comes twice (JWT-8, JWT-9)")]
    Claims,
    /// Another issuer made it.
    #[error("its `iss` is another (JWT-6)")]
    Issuer,
    /// It is for somebody else, or for others too.
    #[error("its `aud` is another (JWT-6)")]
    Audience,
    /// It is from the future.
    #[error("its `iat` or `nbf` is in the future (JWT-8)")]
    NotYet,
    /// It is good for longer than any token may be.
    #[error("from `iat` to `exp` is longer than allowed (JWT-8)")]
    TooLongALife,
    /// Its time is over.
    #[error("its `exp` is over (JWT-8)")]
    Expired,
}

impl From<Fault> for Unopened {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::UnknownKey => Self::UnknownKey,
            Fault::Expired => Self::Expired,
            _ => Self::Invalid,
        }
    }
}

/// What a JWT says of itself, believed by nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The header, as JSON.
    pub header: String,
    /// The claims, as JSON.
    pub claims: String,
}

impl Glance {
    /// Takes a JWT of whatever origin apart, within limits; verifies nothing.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it is no JWT.
    pub fn of(text: &[u8]) -> Result<Self, Fault> {
        let Text { header, claims, .. } = Text::parse(text)?;
        LIMITS.check(&header).map_err(|_| Fault::Header)?;
        LIMITS.check(&claims).map_err(|_| Fault::Claims)?;
        Ok(Self { header, claims })
    }
}

impl Jwt {
    /// The longest token, in bytes.
    pub const LONGEST: usize = LONGEST;
    /// The longest token that a cookie has room for beside a name of 64 bytes, so that every browser keeps it: browsers
    /// drop a cookie of more than 4,096 bytes without a word (RFC 6265bis, section 5.6).
    pub const LONGEST_IN_A_COOKIE: usize = 4096 - 64;
    /// How far clocks may differ by default: 30 seconds.
    pub const LEEWAY: Duration = Duration::from_secs(30);
    /// How far clocks may be said to differ at the most: 2 minutes.
    pub const MOST_LEEWAY: Duration = Duration::from_mins(2);
    const ACCESS: &str = "at+jwt";
    const SESSION: &str = "hallpass-session+jwt";

    /// Makes and verifies access tokens (RFC 9068) of `issuer` for `audience`: who, which session, how and when
    /// authenticated; no attributes.
    ///
    /// # Errors
    ///
    /// [`InvalidJwt`] if the keys of the ring seal instead of signing, or a name is empty or longer than 255 bytes.
    pub fn access(ring: KeyRing, issuer: &str, audience: &str) -> Result<Self, InvalidJwt> {
        Self::new(ring, issuer, audience, false)
    }

    /// Makes and verifies tokens that are whole sessions, with their attributes, as long as a cookie has room for them.
    ///
    /// # Errors
    ///
    /// As [`Jwt::access`].
    ///
    /// # Security
    ///
    /// The attributes can be read by whoever sees the token.
    pub fn session(ring: KeyRing, issuer: &str, audience: &str) -> Result<Self, InvalidJwt> {
        Self::new(ring, issuer, audience, true)
    }

    fn new(ring: KeyRing, issuer: &str, audience: &str, is_whole: bool) -> Result<Self, InvalidJwt> {
        if ring.keys().iter().any(|key| key.algorithm() == KeyAlgorithm::Sealing) {
            return Err(InvalidJwt("a JWT is signed, and the keys of this ring seal"));
        }
        if [issuer, audience].iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(InvalidJwt("issuer and audience have 1 to 255 bytes"));
        }
        Ok(Self {
            ring,
            issuer: issuer.into(),
            audience: audience.into(),
            is_whole,
            leeway: Self::LEEWAY,
            longest_life: Duration::from_hours(24 * 400),
            longest: if is_whole { Self::LONGEST_IN_A_COOKIE } else { LONGEST },
            memo: Memo::new(Memo::MOST),
        })
    }

    /// Says how far clocks may differ; more than [`Jwt::MOST_LEEWAY`] counts as that.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(Self::MOST_LEEWAY);
        self
    }

    /// Refuses tokens that are good for longer than this, whoever signed them; 400 days if nobody says.
    #[must_use]
    pub fn longest_life(mut self, life: Duration) -> Self {
        self.longest_life = life;
        self
    }

    /// Says how many verified tokens are remembered, instead of 16,384; with none, each is verified every time. They have
    /// 2 KiB of memory each, so of long ones there are fewer.
    #[must_use]
    pub fn remembering(mut self, most: usize) -> Self {
        self.memo = Memo::new(most);
        self
    }

    /// Makes tokens of up to so many bytes, and at most [`Jwt::LONGEST`], where they do not travel in a cookie.
    #[must_use]
    pub fn up_to(mut self, bytes: usize) -> Self {
        self.longest = bytes.min(LONGEST);
        self
    }

    /// Returns the ring of keys.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Returns who issues the tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns whom the tokens are for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Returns the public keys as a JSON Web Key Set, those included that do not sign yet.
    pub fn jwks(&self) -> String {
        self.ring.to_jwks()
    }

    /// Verifies a token without remembering it, and tells which rule it breaks.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn check(&self, text: &[u8], now: Timestamp) -> Result<Carried, Fault> {
        self.verify(text, now).map(|(carried, _)| carried)
    }

    fn verify(&self, text: &[u8], now: Timestamp) -> Result<(Carried, Arc<Key>), Fault> {
        let text = Text::parse(text)?;
        let header = text.header()?;
        let key = self.key(&header)?;
        if header.alg != key.algorithm().as_str() {
            return Err(Fault::Algorithm);
        }
        if !key.verifies(text.signed, &text.signature) {
            return Err(Fault::Signature);
        }
        // No word of the claims is looked at before this line.
        self.check_type(&header)?;
        LIMITS.check(&text.claims).map_err(|_| Fault::Claims)?;
        let claims: Claims<'_> = serde_json::from_str(&text.claims).map_err(|_| Fault::Claims)?;
        self.check_claims(&claims, now)?;
        Ok((claims.carried()?, key))
    }

    fn key(&self, header: &Header<'_>) -> Result<Arc<Key>, Fault> {
        if let Some(kid) = &header.kid {
            return self.ring.find(kid).ok_or(Fault::UnknownKey);
        }
        match &*self.ring.keys() {
            [only] => Ok(Arc::clone(only)),
            _ => Err(Fault::UnknownKey),
        }
    }

    fn check_type(&self, header: &Header<'_>) -> Result<(), Fault> {
        let typ = &**header.typ.as_ref().ok_or(Fault::Type)?;
        let typ = match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        };
        if typ.eq_ignore_ascii_case(self.typ()) { Ok(()) } else { Err(Fault::Type) }
    }

    fn check_claims(&self, claims: &Claims<'_>, now: Timestamp) -> Result<(), Fault> {
        if claims.iss != *self.issuer {
            return Err(Fault::Issuer);
        }
        if !claims.aud.is(&self.audience) {
            return Err(Fault::Audience);
        }
        let now = now.as_millis() / 1000;
        let leeway = self.leeway.as_secs();
        if claims.iat > now + leeway || claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
            return Err(Fault::NotYet);
        }
        if claims.lifetime() > self.longest_life {
            return Err(Fault::TooLongALife);
        }
        if self.is_over(claims.exp, now) { Err(Fault::Expired) } else { Ok(()) }
    }

    /// Tells whether the time of a token is over, in whole seconds as the claims have it.
    fn is_over(&self, exp: u64, now: u64) -> bool {
        exp.saturating_add(self.leeway.as_secs()) <= now
    }

    fn typ(&self) -> &'static str {
        if self.is_whole { Self::SESSION } else { Self::ACCESS }
    }

    /// Tells whether what was verified before still holds.
    fn still_holds(&self, carried: &Carried, now: Timestamp) -> bool {
        !self.is_over(carried.expires_at.as_millis() / 1000, now.as_millis() / 1000)
    }
}

impl SelfContained for Jwt {
    fn seal(&self, carried: &Carried) -> Result<Token, Unsealed> {
        let key = self.ring.signing(carried.issued_at).ok_or(Unsealed::NoKey)?;
        let claims = Claims::of(carried, &self.issuer, &self.audience, self.is_whole).map_err(|_| Unsealed::NoKey)?;
        let claims = serde_json::to_vec(&claims).map_err(|_| Unsealed::NoKey)?;
        let header = format!(r#"{{"alg":"{}","typ":"{}","kid":"{}"}}"#, key.algorithm(), self.typ(), key.id());
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        let signature = key.sign(text.as_bytes()).ok_or(Unsealed::NoKey)?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        let (size, limit) = (text.len(), self.longest);
        if size > limit { Err(Unsealed::TooLarge { size, limit }) } else { Ok(Token::new(text)) }
    }

    fn open(&self, text: &[u8], now: Timestamp) -> Result<Arc<Carried>, Unopened> {
        if let Some((carried, key)) = self.memo.find(text) {
            // A key that was taken away takes what it verified along.
            if self.still_holds(&carried, now) && self.ring.holds(key) {
                return Ok(carried);
            }
            self.memo.forget(text);
        }
        let (carried, key) = self.verify(text, now)?;
        let carried = Arc::new(carried);
        self.memo.keep(text, Arc::clone(&carried), key.mark());
        Ok(carried)
    }

    fn clock_leeway(&self) -> Duration {
        self.leeway
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("ring", &self.ring)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("typ", &self.typ())
            .finish_non_exhaustive()
    }
}
