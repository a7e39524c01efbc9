//! Recognising a request whose answer was lost, and telling it from another one under the same key.

use crate::crypto::Mac;
use crate::id::SecretHash;
use crate::name::{Method, Profile, Realm};
use crate::record::{Client, Retry};

use super::SignIn;

/// Recognises the retry of a request whose answer was lost, without keeping the answer.
///
/// It is a keyed hash of who asks and of the key that they chose, so callers cannot meet each other's sessions.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// What the record of the attempt has; a session that it makes is named by it.
    pub(super) name: [u8; 16],
    /// What the hash of a request is made under, so that whoever reads the store cannot guess at requests.
    secret: [u8; 16],
}

impl IdempotencyKey {
    /// Returns the key for what `caller_secret` (such as the stored hash of an API key) asks for under `key`.
    pub fn new(caller_secret: &[u8], realm: &Realm, key: &[u8]) -> Self {
        let mac = Mac::new(caller_secret).sign(&[b"idempotency\0", realm.as_str().as_bytes(), b"\0", key]);
        let (mut name, mut secret) = ([0; 16], [0; 16]);
        name.copy_from_slice(&mac[..16]);
        secret.copy_from_slice(&mac[16..]);
        Self { name, secret }
    }

    /// Returns what the record of a sign-in with this token is to have.
    pub(super) fn sign_in(&self, presented: SecretHash, sign_in: &SignIn) -> Retry {
        let mut asked = Asked::default();
        asked.sign_in(sign_in);
        self.attempt(Some(presented), &asked)
    }

    /// Returns what the record of a session that is made without a token is to have.
    pub(super) fn creation(&self, sign_in: Option<&SignIn>, profile: &Profile, client: &Client, data: &[u8]) -> Retry {
        let mut asked = Asked::default();
        asked.part(profile.as_str());
        asked.client(client);
        asked.part(data);
        if let Some(sign_in) = sign_in {
            asked.sign_in(sign_in);
        }
        self.attempt(None, &asked)
    }

    fn attempt(&self, presented: Option<SecretHash>, asked: &Asked) -> Retry {
        Retry { key: self.name, presented, asked: Some(Mac::new(&self.secret).sign(&[&asked.0])) }
    }
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

impl Retry {
    /// Tells whether an attempt of the same key and token, which is stored, asked for something else.
    ///
    /// Of an older record, which does not say what was asked for, it cannot be told.
    pub(super) fn differs_from(&self, stored: &Self) -> bool {
        self.asked.is_some() && stored.asked.is_some() && self.asked != stored.asked
    }

    /// Tells whether a stored attempt had the same key and token.
    pub(super) fn is_again(&self, stored: &Self) -> bool {
        self.key == stored.key && self.presented == stored.presented
    }
}

/// A request as bytes, each part after its length, so that no two requests are the same.
#[derive(Default)]
struct Asked(Vec<u8>);

impl Asked {
    fn part(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
    }

    fn optional(&mut self, part: Option<&[u8]>) {
        self.0.push(part.is_some().into());
        self.part(part.unwrap_or_default());
    }

    fn list<'a>(&mut self, parts: impl ExactSizeIterator<Item = &'a str>) {
        self.0.extend_from_slice(&(parts.len() as u64).to_be_bytes());
        parts.for_each(|part| self.part(part));
    }

    fn client(&mut self, client: &Client) {
        let Client { ip, user_agent, label } = client;
        self.optional(ip.map(|ip| ip.to_string()).as_deref().map(str::as_bytes));
        self.optional(user_agent.as_ref().map(|note| note.as_str().as_bytes()));
        self.optional(label.as_ref().map(|note| note.as_str().as_bytes()));
    }

    fn sign_in(&mut self, sign_in: &SignIn) {
        let SignIn { subject, level, methods, at, profile, client, keep, idempotency: _, impersonator: _ } = sign_in;
        self.part(subject.as_str());
        self.part([level.number()]);
        self.list(methods.iter().map(Method::as_str));
        self.optional(at.map(|at| at.as_millis().to_be_bytes()).as_ref().map(|at| &at[..]));
        self.optional(profile.as_ref().map(|profile| profile.as_str().as_bytes()));
        self.client(client.as_ref().unwrap_or(&Client::default()));
        self.list(keep.iter().map(String::as_str));
    }
}
