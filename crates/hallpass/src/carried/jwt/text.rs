//! The text of a JWT, taken apart within limits before anything of it is believed.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Fault;
use crate::json::JsonLimits;

/// The longest token, in bytes (`JWT-9`).
pub(super) const LONGEST: usize = 8 * 1024;
const LONGEST_HEADER: usize = 1024;
/// What header and claims may be (`JWT-9`).
pub(super) const LIMITS: JsonLimits = JsonLimits { depth: 8, names: 64 };

/// A token in its three parts, decoded.
pub(super) struct Text<'a> {
    pub(super) header: String,
    pub(super) claims: String,
    pub(super) signature: Vec<u8>,
    /// What the signature is of: the first two parts as they came.
    pub(super) signed: &'a [u8],
}

/// What a header may say. Keys that come with the token are refused, and not merely passed over (`JWT-4`).
#[derive(Deserialize)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) typ: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) kid: Option<Cow<'a, str>>,
    #[serde(default)]
    crit: Refused,
    #[serde(default)]
    b64: Refused,
    #[serde(default)]
    zip: Refused,
    #[serde(default)]
    enc: Refused,
    #[serde(default)]
    jwk: Refused,
    #[serde(default)]
    jku: Refused,
    #[serde(default)]
    x5u: Refused,
    #[serde(default)]
    x5c: Refused,
    // They mean nothing here, and are what RFC 7515 says all the same.
    #[serde(default, rename = "cty")]
    _cty: Word,
    #[serde(default, rename = "x5t")]
    _x5t: Word,
    #[serde(default, rename = "x5t#S256")]
    _x5t_s256: Word,
    #[serde(default, rename = "url")]
    _url: Word,
    #[serde(default, rename = "nonce")]
    _nonce: Word,
}

/// A member that is a string where it is there.
#[derive(Default)]
struct Word;

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Cow<'de, str>>::deserialize(deserializer).map(|_| Self)
    }
}

/// Whether a member is there, whatever it says.
#[derive(Default)]
struct Refused(bool);

impl<'de> Deserialize<'de> for Refused {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl<'a> Text<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        if text.len() > LONGEST {
            return Err(Fault::TooLong);
        }
        let mut parts = text.split(|&byte| byte == b'.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::Parts);
        };
        if header.len() > LONGEST_HEADER {
            return Err(Fault::TooLong);
        }
        // Strict: no padding, no white space, and the unused bits of the last character are zero.
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Encoding);
        let decode_text = |part| String::from_utf8(decode(part)?).map_err(|_| Fault::Encoding);
        Ok(Self {
            header: decode_text(header)?,
            claims: decode_text(claims)?,
            signature: decode(signature)?,
            signed: &text[..header.len() + 1 + claims.len()],
        })
    }

    pub(super) fn header(&self) -> Result<Header<'_>, Fault> {
        LIMITS.check(&self.header).map_err(|_| Fault::Header)?;
        let header: Header<'_> = serde_json::from_str(&self.header).map_err(|_| Fault::Header)?;
        let Header { crit, b64, zip, enc, jwk, jku, x5u, x5c, .. } = &header;
        if crit.0 || b64.0 || zip.0 || enc.0 {
            return Err(Fault::Extension);
        }
        if jwk.0 || jku.0 || x5u.0 || x5c.0 {
            return Err(Fault::OwnKey);
        }
        Ok(header)
    }
}
