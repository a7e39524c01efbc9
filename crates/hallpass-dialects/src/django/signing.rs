use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::crypto::{Mac, Secret, sha256};
use crate::error::{Error, Format};
use crate::format::{compress, lenient};
use crate::limits::Limits;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `django.core.signing`: the first key signs, all verify.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    macs: Vec<Mac>,
}

/// What was signed, and when, in seconds since 1970.
pub(super) struct Signed {
    pub(super) payload: Vec<u8>,
    pub(super) at_s: i64,
}

impl Signer {
    pub(super) fn new(secrets: &[Secret], salt: &str) -> Self {
        let derived = |secret: &Secret| Mac::new(&sha256(&[salt.as_bytes(), b"signer", secret.expose()]));
        Self { macs: secrets.iter().map(derived).collect() }
    }

    /// Verifies `payload:timestamp:signature` and takes off the encoding of its payload.
    pub(super) fn open(&self, text: &[u8], limits: &Limits) -> Result<Signed, Error> {
        if text.len() > limits.bytes {
            let what = format!("it has {} bytes", text.len());
            return Err(Error::too_large(Format::DjangoSigned, limits.bytes, what));
        }
        let malformed = |at, what| Error::malformed(Format::DjangoSigned, at, what);
        let at = memchr::memrchr(b':', text).ok_or_else(|| malformed(0, "it has no signature"))?;
        let (value, signature) = (&text[..at], &text[at + 1..]);
        // The text is compared, not the bytes that it stands for: there is one spelling of a signature.
        let is_genuine = |mac: &Mac| bool::from(sign(mac, value).as_bytes().ct_eq(signature));
        if !self.macs.iter().any(is_genuine) {
            return Err(Error::forged(Format::DjangoSigned));
        }
        let at = memchr::memrchr(b':', value).ok_or_else(|| malformed(0, "it has no timestamp"))?;
        let at_s = from_base62(&value[at + 1..]).ok_or_else(|| malformed(at + 1, "its timestamp is no number"))?;
        let (encoded, is_compressed) = match &value[..at] {
            [b'.', encoded @ ..] => (encoded, true),
            encoded => (encoded, false),
        };
        let payload = lenient::python(encoded).ok_or_else(|| malformed(0, "its payload is not base64"))?;
        let payload = if is_compressed { compress::inflated(&payload, limits)? } else { payload };
        Ok(Signed { payload, at_s })
    }

    /// Signs a payload, compressed if that makes it shorter.
    pub(super) fn seal(&self, payload: &[u8], at_s: i64) -> Result<String, Error> {
        let mac = self.macs.first();
        let mac = mac.ok_or_else(|| Error::read_only(Format::DjangoSigned, "there is no key to sign with"))?;
        let compressed = compress::deflated(payload);
        let encoded = if compressed.len() + 1 < payload.len() {
            format!(".{}", URL_SAFE_NO_PAD.encode(&compressed))
        } else {
            URL_SAFE_NO_PAD.encode(payload)
        };
        let value = format!("{encoded}:{}", base62(at_s));
        let signature = sign(mac, value.as_bytes());
        Ok(format!("{value}:{signature}"))
    }
}

fn sign(mac: &Mac, value: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(mac.sign(&[value]))
}

fn base62(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        digits.push(DIGITS[usize::try_from(rest % 62).unwrap_or_default()]);
        rest /= 62;
    }
    let sign = if number < 0 { "-" } else { "" };
    sign.chars().chain(digits.into_iter().rev().map(char::from)).collect()
}

fn from_base62(text: &[u8]) -> Option<i64> {
    let (digits, sign) = text.strip_prefix(b"-").map_or((text, 1), |digits| (digits, -1));
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, digit| {
        let value = i64::try_from(DIGITS.iter().position(|known| known == digit)?).ok()?;
        number.checked_mul(62)?.checked_add(sign * value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_62_is_that_of_django() {
        for (number, text) in [(0, "0"), (61, "z"), (62, "10"), (1_767_225_600, "1vb66i"), (-5, "-5")] {
            assert_eq!(base62(number), text);
            assert_eq!(from_base62(text.as_bytes()), Some(number));
        }
        assert_eq!(
            (from_base62(b""), from_base62(b"-"), from_base62(b"zzzzzzzzzzzzzz"), from_base62(b"a b")),
            (None, None, None, None)
        );
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_any_of_the_keys_and_no_other() {
        let [old, new, other] = ["old", "new", "other"].map(Secret::new);
        let seal = |keys: &[&Secret], payload: &[u8]| {
            Signer::new(&keys.iter().copied().cloned().collect::<Vec<_>>(), "salt").seal(payload, 7).unwrap()
        };
        let reader = Signer::new(&[new.clone(), old.clone()], "salt");
        for payload in [&b"{}"[..], &[b'x'; 5000], &(0..=255).collect::<Vec<u8>>()] {
            for key in [&old, &new] {
                let signed = reader.open(seal(&[key], payload).as_bytes(), &Limits::default()).unwrap();
                assert_eq!((&signed.payload[..], signed.at_s), (payload, 7));
            }
            let forged = reader.open(seal(&[&other], payload).as_bytes(), &Limits::default());
            assert!(forged.err().is_some_and(|error| error.is_forged()));
        }
    }
}
