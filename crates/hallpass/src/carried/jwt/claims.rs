//! The claims of our tokens: those of RFC 9068 and `OpenID` Connect by their names, and the rest in one member.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Fault;
use crate::carried::Carried;
use crate::crypto::{random, sha256};
use crate::id::SessionId;
use crate::name::{Method, Profile, Realm, Subject};
use crate::record::{Client, Level, Record, Terms, Version};
use crate::store::Epoch;
use crate::time::Timestamp;
use crate::token::{Chain, Generation};

#[derive(Serialize, Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: Audience<'a>,
    pub(super) exp: u64,
    pub(super) iat: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sub: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    client_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sid: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "gen")]
    generation: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    acr: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<Cow<'a, str>>,
    /// Who really acts (RFC 8693 section 4.1).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    act: Option<Act<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    hallpass: Option<Private<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Act<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sub: Option<Cow<'a, str>>,
}

/// One audience or several, as RFC 7519 allows.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience<'a> {
    #[serde(borrow)]
    One(Cow<'a, str>),
    #[serde(borrow)]
    Many(Vec<Cow<'a, str>>),
}

impl Audience<'_> {
    /// Tells whether it is this one, and nobody else's too (`JWT-6`).
    pub(super) fn is(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => matches!(&**many, [one] if one == audience),
        }
    }
}

/// What no standard has a name for. Instants are milliseconds.
#[derive(Serialize, Deserialize)]
struct Private<'a> {
    created: u64,
    seen: u64,
    #[serde(borrow)]
    profile: Cow<'a, str>,
    /// Idle, absolute, renewal and anonymous timeouts in seconds, and whether the session locks.
    terms: (u32, u32, u32, u32, bool),
    /// When and with which generation the chain started, and when it was renewed last.
    chain: (u64, u32, u64),
    /// Exactly when somebody authenticated, and the token was made and ends.
    exact: (Option<u64>, u64, u64),
    #[serde(default, skip_serializing_if = "is_zero")]
    version: u64,
    #[serde(default, skip_serializing_if = "Client::is_empty")]
    client: Client,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> Claims<'a> {
    pub(super) fn of(carried: &'a Carried, issuer: &'a str, audience: &'a str, is_whole: bool) -> Result<Self, Fault> {
        let Carried { record, epoch, issued_at, expires_at } = carried;
        let chain = record.chain.as_ref().ok_or(Fault::Claims)?;
        let Terms { idle, absolute, renewal, anonymous, locks } = record.terms;
        let data = (is_whole && !record.data.is_empty()).then(|| serde_json::from_slice(&record.data));
        Ok(Self {
            iss: issuer.into(),
            aud: Audience::One(audience.into()),
            exp: expires_at.as_millis() / 1000,
            iat: issued_at.as_millis() / 1000,
            nbf: None,
            jti: URL_SAFE_NO_PAD.encode(random::<16>()).into(),
            sub: record.subject.as_ref().map(|subject| subject.as_str().into()),
            client_id: Some(record.realm.as_str().into()),
            sid: Some(record.id.to_string().into()),
            generation: Some(chain.generation.number()),
            epoch: Some(epoch.0),
            auth_time: record.authenticated_at.map(|at| at.as_millis() / 1000),
            acr: Some(record.level.number().to_string().into()),
            amr: record.methods.iter().map(|method| method.as_str().into()).collect(),
            act: record.impersonator.as_ref().map(|actor| Act { sub: Some(actor.as_str().into()) }),
            hallpass: Some(Private {
                created: record.created_at.as_millis(),
                seen: record.seen_at.as_millis(),
                profile: record.profile.as_str().into(),
                terms: (idle, absolute, renewal, anonymous, locks),
                chain: (chain.started_at.as_millis(), chain.first_generation.number(), chain.renewed_at.as_millis()),
                exact: (
                    record.authenticated_at.map(Timestamp::as_millis),
                    issued_at.as_millis(),
                    expires_at.as_millis(),
                ),
                version: if is_whole { record.version.number() } else { 0 },
                client: if is_whole { record.client.clone() } else { Client::default() },
                data: data.transpose().map_err(|_| Fault::Claims)?,
            }),
        })
    }

    /// Returns what verified claims say.
    pub(super) fn carried(self) -> Result<Carried, Fault> {
        self.read().ok_or(Fault::Claims)
    }

    fn read(self) -> Option<Carried> {
        let seconds = |seconds: u64| seconds.checked_mul(1000).map(Timestamp::from_millis);
        let millis = Timestamp::from_millis;
        let (issued_at, expires_at) = (seconds(self.iat)?, seconds(self.exp)?);
        let generation = Generation::new(self.generation.unwrap_or_default())?;
        let realm = self.client_id.map_or(Some(Realm::default()), |realm| Realm::new(realm).ok())?;
        // Tokens of others need not name a session as ours do.
        let id = self.sid.as_ref().and_then(|sid| sid.parse().ok());
        let id = id.unwrap_or_else(|| named(&self.iss, self.sid.as_ref().unwrap_or(&self.jti)));
        let ours = self.hallpass;
        let (profile, terms, chain) = if let Some(Private { profile, terms, chain, .. }) = &ours {
            let (idle, absolute, renewal, anonymous, locks) = *terms;
            let (started_at, first, renewed_at) = *chain;
            let chain = Chain::carried(millis(started_at), Generation::new(first)?, generation, millis(renewed_at));
            (Profile::new(profile).ok()?, Terms { idle, absolute, renewal, anonymous, locks }, chain.chain)
        } else {
            let life = Terms::seconds(expires_at.since(issued_at));
            let terms = Terms { idle: life, absolute: life, renewal: life, anonymous: life, locks: false };
            (Profile::default(), terms, Chain::carried(issued_at, generation, generation, issued_at).chain)
        };
        let mut record = Record::new(id, realm, profile, terms, chain, issued_at);
        record.subject = self.sub.map(Subject::new).transpose().ok()?;
        record.authenticated_at = self.auth_time.map_or(Some(None), |at| seconds(at).map(Some))?;
        if record.subject.is_some() {
            record.level = self.acr.and_then(|acr| Level::new(acr.parse().ok()?)).unwrap_or(Level::ONE_FACTOR);
            record.authenticated_at.get_or_insert(issued_at);
        }
        let methods = self.amr.iter().take(Record::MOST_METHODS).map(Method::new);
        record.methods = methods.collect::<Result<_, _>>().ok()?;
        record.impersonator = self.act.and_then(|act| act.sub).map(Subject::new).transpose().ok()?;
        record.expires_at = expires_at;
        let mut exactly = (issued_at, expires_at);
        if let Some(Private { created, seen, exact, version, client, data, .. }) = ours {
            record.created_at = millis(created);
            record.seen_at = millis(seen);
            record.version = Version::new(version.max(1));
            record.client = client;
            record.data = data.map_or_else(Bytes::new, |data| Bytes::copy_from_slice(data.get().as_bytes()));
            let (authenticated_at, issued, expires) = exact;
            // To the millisecond it may say more than the claims of the standards, and nothing else.
            let whole = (authenticated_at.map(|at| at / 1000), issued / 1000, expires / 1000);
            if whole != (self.auth_time, self.iat, self.exp) {
                return None;
            }
            record.authenticated_at = authenticated_at.map(millis);
            exactly = (millis(issued), millis(expires));
            record.expires_at = exactly.1;
        }
        Some(Carried::new(record, Epoch(self.epoch.unwrap_or_default()), exactly.0, exactly.1))
    }

    /// Returns for how long the token says that it is good.
    pub(super) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.exp.saturating_sub(self.iat))
    }
}

/// Names the session of a token that names none of ours.
fn named(issuer: &str, name: &str) -> SessionId {
    let hash = sha256(format!("session of {}\n{issuer}\n{name}", issuer.len()).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    SessionId::from_bytes(bytes)
}
