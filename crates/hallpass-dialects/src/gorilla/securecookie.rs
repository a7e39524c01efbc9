use aes::cipher::{KeyIvInit, StreamCipher};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use ctr::Ctr128BE;
use subtle::ConstantTimeEq;

use crate::crypto::{self, Mac, Secret};
use crate::error::{Error, Format};
use crate::format::lenient;

/// gorilla/securecookie 1.1: pairs of keys, of which the first writes and all read.
#[derive(Debug, Clone)]
pub(super) struct SecureCookie {
    codecs: Vec<Codec>,
    /// How long what was written is read, in seconds; 0 is for ever.
    pub(super) max_age_s: i64,
    /// How long a text may be; 0 is without end.
    pub(super) max_length: usize,
}

#[derive(Debug, Clone)]
struct Codec {
    hash: Mac,
    block: Option<Secret>,
}

impl SecureCookie {
    pub(super) fn new(pairs: impl IntoIterator<Item = (Secret, Option<Secret>)>) -> Self {
        // securecookie takes no empty key, with which anybody could sign.
        let pairs = pairs.into_iter().filter(|(hash, _)| !hash.expose().is_empty());
        let codecs = pairs.map(|(hash, block)| Codec { hash: Mac::new(hash.expose()), block }).collect();
        Self { codecs, max_age_s: 2_592_000, max_length: 4096 }
    }

    /// Opens a text under the name of its cookie, judges its age unless the time is not given, and reads what is in it;
    /// returns that and when it was written, in seconds since 1970.
    pub(super) fn open<T>(
        &self,
        name: &str,
        text: &[u8],
        now_s: Option<i64>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<(T, i64), Error> {
        let malformed = |at, what| Error::malformed(Format::SecureCookie, at, what);
        if self.max_length > 0 && text.len() > self.max_length || text.len() > LONGEST {
            return Err(Error::too_large(Format::SecureCookie, self.max_length, "it is too long"));
        }
        let whole = lenient::go(text).ok_or_else(|| malformed(0, "it is not base64"))?;
        // The code at the end is raw, and may have bars in it.
        let mut parts = whole.splitn(3, |byte| *byte == b'|');
        let (Some(at), Some(value), Some(mac)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed(0, "it has not three parts"));
        };
        let signed = [name.as_bytes(), b"|", at, b"|", value];
        let is_genuine = |codec: &&Codec| bool::from(codec.hash.sign(&signed)[..].ct_eq(mac));
        // Encryption has no proof of its own, so every codec of this signature is one that may have written it.
        let mut codecs = self.codecs.iter().filter(is_genuine).peekable();
        if codecs.peek().is_none() {
            return Err(Error::forged(Format::SecureCookie));
        }
        let at_s = str::from_utf8(at).ok().and_then(|at| at.parse::<i64>().ok());
        let at_s = at_s.ok_or_else(|| malformed(0, "its time is no number"))?;
        // Also what was signed in the future is taken.
        if self.max_age_s != 0 && now_s.is_some_and(|now_s| at_s < now_s.saturating_sub(self.max_age_s)) {
            return Err(Error::expired(Format::SecureCookie));
        }
        let payload = lenient::go(value).ok_or_else(|| malformed(at.len() + 1, "its value is not base64"))?;
        let mut opened = Err(malformed(at.len() + 1, "it is too short to be decrypted"));
        for codec in codecs {
            opened = codec.decrypt(&payload).map_or(opened, |plain| read(&plain));
            if opened.is_ok() {
                break;
            }
        }
        opened.map(|value| (value, at_s))
    }

    pub(super) fn seal(&self, name: &str, payload: Vec<u8>, now_s: i64) -> Result<String, Error> {
        let codec = self.codecs.first();
        let codec = codec.ok_or_else(|| Error::read_only(Format::SecureCookie, "there is no key to sign with"))?;
        let value = URL_SAFE.encode(codec.encrypt(payload)?);
        let at = now_s.to_string();
        let mac = codec.hash.sign(&[name.as_bytes(), b"|", at.as_bytes(), b"|", value.as_bytes()]);
        let text = URL_SAFE.encode([at.as_bytes(), b"|", value.as_bytes(), b"|", &mac].concat());
        if self.max_length > 0 && text.len() > self.max_length {
            let what = format!("it would have {} bytes, and {} are allowed", text.len(), self.max_length);
            return Err(Error::too_large(Format::SecureCookie, self.max_length, what));
        }
        Ok(text)
    }
}

/// More than anybody raises `MaxLength` to.
const LONGEST: usize = 4 << 20;
const BLOCK: usize = 16;

impl Codec {
    /// Takes the encryption off: nothing if it is too short.
    fn decrypt(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let Some(key) = &self.block else { return Some(payload.to_vec()) };
        let (iv, rest) = payload.split_first_chunk::<BLOCK>().filter(|(_, rest)| !rest.is_empty())?;
        let mut plain = rest.to_vec();
        apply(key, iv, &mut plain)?;
        Some(plain)
    }

    fn encrypt(&self, mut payload: Vec<u8>) -> Result<Vec<u8>, Error> {
        let Some(key) = &self.block else { return Ok(payload) };
        let iv = crypto::random::<BLOCK>();
        let done = apply(key, &iv, &mut payload);
        done.ok_or_else(|| Error::read_only(Format::SecureCookie, "a key for AES has 16, 24 or 32 bytes"))?;
        Ok([&iv[..], &payload].concat())
    }
}

/// AES in counter mode, as `cipher.NewCTR` of Go: with 128, 192 or 256 bits by the length of the key.
fn apply(key: &Secret, iv: &[u8; BLOCK], text: &mut [u8]) -> Option<()> {
    let key = key.expose();
    match key.len() {
        16 => Ctr128BE::<aes::Aes128>::new_from_slices(key, iv).ok()?.apply_keystream(text),
        24 => Ctr128BE::<aes::Aes192>::new_from_slices(key, iv).ok()?.apply_keystream(text),
        32 => Ctr128BE::<aes::Aes256>::new_from_slices(key, iv).ok()?.apply_keystream(text),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(hash: &str, block: Option<&str>) -> (Secret, Option<Secret>) {
        (Secret::new(hash), block.map(Secret::new))
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_and_its_keys_until_it_is_old() {
        for block in
            [None, Some("block-key-16byte"), Some("block-key-of-24-bytes-ok"), Some("block-key-of-exactly-32-bytes-ok")]
        {
            let own = SecureCookie::new([pair("hash", block)]);
            let text = own.seal("name", b"payload".to_vec(), 1000).unwrap();
            let read = |payload: &[u8]| Ok(payload.to_vec());
            let open = |name, at_s| own.open(name, text.as_bytes(), Some(at_s), read).map(|(payload, _)| payload);
            assert_eq!(open("name", 1000).as_deref(), Ok(&b"payload"[..]));
            assert_eq!(open("name", 1000 + 2_592_000).as_deref(), Ok(&b"payload"[..]));
            assert!(open("name", 1001 + 2_592_000).unwrap_err().is_expired());
            assert!(open("other", 1000).unwrap_err().is_forged());
            let rotated = SecureCookie::new([pair("new", None), pair("hash", block)]);
            assert!(rotated.open("name", text.as_bytes(), Some(1000), read).is_ok());
            let others = SecureCookie::new([pair("new", block)]);
            assert!(others.open("name", text.as_bytes(), None, read).unwrap_err().is_forged());
        }
    }

    #[test]
    fn an_empty_key_neither_signs_nor_verifies() {
        let empty = SecureCookie::new([pair("", None)]);
        assert!(empty.seal("name", Vec::new(), 0).unwrap_err().is_read_only());
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        let own = SecureCookie::new([pair("hash", None)]);
        assert!(own.seal("name", vec![0; 5120], 0).unwrap_err().is_too_large());
        let longer = SecureCookie { max_length: 16_384, ..own };
        assert!(longer.seal("name", vec![0; 5120], 0).is_ok());
    }
}
