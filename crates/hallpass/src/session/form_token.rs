//! What a form proves to come from a page of this session with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Session;
use crate::crypto;
use crate::error::Error;
use crate::record::Record;
use crate::sessions::{Intent, Sessions};

/// Random bytes in front, so that no two are the same, and compression of the page tells nothing of the rest.
const SALT: usize = 16;
const LENGTH: usize = SALT + 32;
/// The same in base64url.
const TEXT_LENGTH: usize = 64;

/// The value of a hidden field, which only a page of this session can have.
///
/// It dies with the session and at every login, step-up and change of role, and outlives renewals on schedule, so that a
/// page that was open for long can still be sent.
#[derive(Clone)]
pub struct FormToken(Zeroizing<String>);

impl FormToken {
    /// The name of the form field that it is looked for in.
    pub const FIELD: &'static str = "csrf_token";
    /// The name of the request header that it is looked for in.
    pub const HEADER: &'static str = "x-csrf-token";

    /// Returns the text, which needs no escaping in HTML.
    ///
    /// # Security
    ///
    /// Write it into the page that it is for, and nowhere else: never into a log or a URL (`CSF-6`).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(..)")
    }
}

impl Session {
    /// Returns a token for the forms of a page. What was pending is committed; where there is no session yet, an anonymous
    /// one is made, so that the form of a login is bound too (`CSF-8`).
    ///
    /// ```
    /// # use hallpass::{Caller, MemoryStore, NewSession, Sessions};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
    /// # let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await?;
    /// # let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
    /// let token = session.form_token().await?;
    /// let field = format!("<input type=\"hidden\" name=\"csrf_token\" value=\"{}\">", token.expose());
    /// # assert!(field.len() > 64);
    /// assert!(session.is_form_token(token.expose()));
    /// assert!(!session.is_form_token("something else"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`commit`](Session::commit); [`Error::is_unsupported`] where clients carry their sessions and there is no
    /// [`Pepper`](crate::Pepper): then the server has no secret to make it of.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](Session::commit).
    pub async fn form_token(&self) -> Result<FormToken, Error> {
        self.commit().await?;
        let is_missing = self.state().record.is_none();
        if is_missing {
            self.state().intent = Some(Intent::Begin);
            self.commit().await?;
        }
        let salt = crypto::random::<SALT>();
        let state = self.state();
        let record = state.record.as_deref().ok_or_else(|| Error::inactive(crate::error::Refusal::Missing))?;
        let proof = prove(self.sessions(), record, &salt)?;
        let bytes = Zeroizing::new([&salt[..], &proof[..]].concat());
        Ok(FormToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes))))
    }

    /// Tells, in constant time, whether a text is a token that was made for a page of this session.
    pub fn is_form_token(&self, text: &str) -> bool {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let is_shaped = text.len() == TEXT_LENGTH && URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).is_ok();
        let state = self.state();
        let Some(record) = state.record.as_deref().filter(|_| is_shaped) else { return false };
        let (salt, shown) = bytes.split_at(SALT);
        prove(self.sessions(), record, salt).is_ok_and(|proof| proof.as_slice().ct_eq(shown).into())
    }
}

/// Computes what a token with this salt ends with, in the present chain of a session. Each part is of a fixed length, or
/// after its length, so that no two mean the same (`CSF-4`).
fn prove(sessions: &Sessions, record: &Record, salt: &[u8]) -> Result<[u8; 32], Error> {
    let chain = record.chain.as_ref().ok_or_else(|| Error::inactive(crate::error::Refusal::Missing))?;
    let key = sessions.key_of(chain, b"hallpass form token 1")?;
    let realm = record.realm.as_str().as_bytes();
    let length = u64::try_from(realm.len()).unwrap_or(u64::MAX).to_be_bytes();
    let started_at = chain.started_at.as_millis().to_be_bytes();
    let generation = chain.first_generation.number().to_be_bytes();
    Ok(key.sign(&[&length, realm, record.id.as_bytes(), &started_at, &generation, salt]))
}
