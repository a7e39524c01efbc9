//! Making sessions and handing out their tokens.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{AccessToken, Caller, IdempotencyKey, Seat, SessionState, Sessions, Ticket};
use crate::error::Error;
use crate::event::EventKind;
use crate::id::SessionId;
use crate::name::{Method, Profile, Subject};
use crate::record::{Client, Level, Record};
use crate::session::attributes::Attributes;
use crate::store::{Expected, Outcome};
use crate::time::Timestamp;
use crate::token::{Chain, Generation, Renewed, Token};

/// A token to hand out, and the record of its session.
#[derive(Debug)]
pub struct Issued {
    /// The session as it was saved.
    pub record: Record,
    /// What the client is to hold.
    pub token: Token,
    /// What stands for the session for some minutes, where such tokens are made and somebody is signed in.
    pub access_token: Option<AccessToken>,
    /// For how long a cookie is to outlive the browser; nothing if it is to go with it.
    pub max_age: Option<Duration>,
}

/// A subject's proof of who they are, as the application checked it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignIn {
    /// Who it is.
    pub subject: Subject,
    /// How strong the proof is; [`Level::ONE_FACTOR`] if nobody says more.
    pub level: Level,
    /// How they proved it: at most [`Record::MOST_METHODS`].
    pub methods: Vec<Method>,
    /// When they proved it; now if nobody says. Later than now counts as now.
    pub at: Option<Timestamp>,
    /// The profile that the session goes on under; the one it has if nobody says.
    pub profile: Option<Profile>,
    /// The client that signed in.
    pub client: Option<Client>,
    /// The names of attributes from before that the session keeps, if the subject is another than before.
    pub keep: Vec<String>,
    /// What recognises a retry.
    pub idempotency: Option<IdempotencyKey>,
    /// Who really acts, if it is not the subject.
    pub(crate) impersonator: Option<Subject>,
}

impl SignIn {
    /// Returns a proof of one factor, just now.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            level: Level::ONE_FACTOR,
            methods: Vec::new(),
            at: None,
            profile: None,
            client: None,
            keep: Vec::new(),
            idempotency: None,
            impersonator: None,
        }
    }

    /// Says how strong the proof is.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Names a method of the proof.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Chooses the profile that the session goes on under.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Asks for the session to be remembered: the profile `remember`.
    #[must_use]
    pub fn remember(self) -> Self {
        self.profile(Profile::remember())
    }

    /// Says what is known of the client.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Names an attribute from before that the session keeps.
    #[must_use]
    pub fn keep(mut self, key: impl Into<String>) -> Self {
        self.keep.push(key.into());
        self
    }
}

impl From<Subject> for SignIn {
    fn from(subject: Subject) -> Self {
        Self::new(subject)
    }
}

/// A session to be made.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NewSession {
    /// Who has signed in; nobody for an anonymous session.
    pub sign_in: Option<SignIn>,
    /// The profile it is made under, unless the sign-in names one.
    pub profile: Profile,
    /// What is known of the client.
    pub client: Client,
    /// The attributes: a JSON object, or nothing.
    pub data: Bytes,
    /// What recognises a retry.
    pub idempotency: Option<IdempotencyKey>,
}

impl NewSession {
    /// Returns an anonymous session.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Returns a session of a subject who proved one factor just now.
    pub fn signed_in(subject: Subject) -> Self {
        Self { sign_in: Some(SignIn::new(subject)), ..Self::default() }
    }
}

impl Sessions {
    /// Makes a session and hands out its token.
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if the attributes are not a JSON object, [`Error::is_too_large`] if they are larger than
    /// allowed, [`Error::is_limit_reached`] if the policy refuses one more, [`Error::is_key_used`] if the idempotency key
    /// was used for something else, [`Error::is_unavailable`] if the store is away.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the session may exist without anybody having its token; it then ends by itself.
    pub async fn create(&self, new: NewSession, caller: &Caller) -> Result<Issued, Error> {
        let sessions = self.for_request();
        let (record, ticket) = sessions.begin(new, caller).await?;
        sessions.issued(record, &ticket).await
    }

    pub(super) async fn begin(&self, new: NewSession, caller: &Caller) -> Result<(Record, Ticket), Error> {
        // Bounded before it is parsed.
        self.check_size(&new.data)?;
        Attributes::parse(&new.data).map_err(Error::value)?;
        match new.sign_in {
            Some(mut sign_in) => {
                sign_in.profile.get_or_insert(new.profile);
                sign_in.client.get_or_insert(new.client);
                sign_in.idempotency = sign_in.idempotency.or(new.idempotency);
                self.sign_in_fresh(&sign_in, new.data, None, caller).await
            }
            None => self.begin_anonymous(new, caller).await,
        }
    }

    async fn begin_anonymous(&self, new: NewSession, caller: &Caller) -> Result<(Record, Ticket), Error> {
        let key = new.idempotency.as_ref();
        let retry = key.map(|key| key.creation(None, &new.profile, &new.client, &new.data));
        let draft = |id, renewed: &Renewed, now| {
            let mut record = self.draft(id, &new.profile, renewed, now);
            record.retry.clone_from(&retry);
            record.client = new.client.clone();
            record.data = new.data.clone();
            record
        };
        self.insert(key, EventKind::Created, draft, caller).await
    }

    /// Gives the next token of a session, on the client's demand.
    ///
    /// Concurrent and retried calls with one token get the same successor. Above the pace of renewals (a burst of 16,
    /// then one a second) the token is given back as it is.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if the token opens nothing, [`Error::is_locked`], [`Error::is_unavailable`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the renewal may have happened; the old token then gets the new one again.
    pub async fn renew(&self, token: &str, caller: &Caller) -> Result<Issued, Error> {
        let sessions = self.for_request();
        let mut is_settled = false;
        loop {
            let admission = sessions.admit(token, caller).await?;
            if admission.is_locked {
                return Err(Error::locked());
            }
            if let Seat::Superseded(next) = admission.ticket.seat {
                // With the successor of a renewal that is lost, the client would be logged out.
                if !is_settled {
                    is_settled = self.records().settle(&self.0.realm, Some(&admission.record.id)).await?;
                    if is_settled {
                        continue;
                    }
                }
                let ticket = Ticket::current(admission.record.id, next.generation, next.secret);
                return sessions.issued(Arc::unwrap_or_clone(admission.record), &ticket).await;
            }
            if let Some(issued) =
                sessions.advance_now(Arc::unwrap_or_clone(admission.record), admission.ticket, caller).await?
            {
                return Ok(issued);
            }
        }
    }

    /// Starts a new chain for a change of role or password: the old token is dead at once, without grace.
    ///
    /// # Errors
    ///
    /// As [`renew`](Sessions::renew).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the old token may be dead without anybody having the new one.
    pub async fn rechain(&self, token: &str, caller: &Caller) -> Result<Issued, Error> {
        let sessions = self.for_request();
        let admission = sessions.admit(token, caller).await?;
        if admission.is_locked {
            return Err(Error::locked());
        }
        let (record, ticket) = sessions
            .replace_chain(Arc::unwrap_or_clone(admission.record), |_| Ok(()), EventKind::Rechained, caller)
            .await?;
        sessions.issued(record, &ticket).await
    }

    /// Saves a record under a new id, or finds the one that an earlier try with the same key made.
    pub(super) async fn insert(
        &self,
        idempotency: Option<&IdempotencyKey>,
        kind: EventKind,
        draft: impl Fn(SessionId, &Renewed, Timestamp) -> Record,
        caller: &Caller,
    ) -> Result<(Record, Ticket), Error> {
        loop {
            let now = self.now();
            let id = idempotency.map_or_else(SessionId::random, |key| SessionId::from_bytes(key.name));
            let renewed = Chain::start(Generation::FIRST, now);
            let mut record = draft(id, &renewed, now);
            record.expires_at = self.policy(&record.profile).expires_at(&record);
            let events = [caller.event_of(kind.clone(), &record, now)];
            match self.records().save(&record, Expected::Absent, &events).await? {
                Outcome::Applied => {
                    self.observe(&events);
                    return Ok((record, Ticket::current(id, Generation::FIRST, renewed.secret)));
                }
                Outcome::Conflict if idempotency.is_some() => return self.retry_insert(&record, caller).await,
                // A random id that was taken: practically impossible, and never written over (`ID-11`).
                Outcome::Conflict => {}
            }
        }
    }

    /// Finds the session that the first try made, if it was of the same request and still lives.
    async fn retry_insert(&self, wanted: &Record, caller: &Caller) -> Result<(Record, Ticket), Error> {
        let record = self.records().load(&self.0.realm, &wanted.id).await?.ok_or_else(Error::key_used)?;
        let is_another = match (&wanted.retry, &record.retry) {
            (Some(wanted), Some(stored)) => wanted.differs_from(stored),
            _ => false,
        };
        if is_another || self.state(&record) == SessionState::Ended || record.subject != wanted.subject {
            return Err(Error::key_used());
        }
        self.replace_chain(record, |_| Ok(()), EventKind::Rechained, caller).await
    }

    /// Returns a new record under a profile.
    pub(super) fn draft(&self, id: SessionId, profile: &Profile, renewed: &Renewed, now: Timestamp) -> Record {
        let terms = self.policy(profile).terms();
        Record::new(id, self.0.realm.clone(), profile.clone(), terms, renewed.chain.clone(), now)
    }

    pub(super) async fn issued(&self, record: Record, ticket: &Ticket) -> Result<Issued, Error> {
        let max_age = self.max_age(&record);
        let access_token = self.access_token(&record).await?;
        Ok(Issued { token: self.token(&record, ticket)?, access_token, max_age, record })
    }

    /// Returns for how long a cookie of this record is to outlive the browser.
    pub(crate) fn max_age(&self, record: &Record) -> Option<Duration> {
        let policy = self.policy(&record.profile);
        policy.is_persistent().then(|| policy.deadlines(record).absolute.since(self.now()))
    }

    pub(super) fn check_size(&self, data: &Bytes) -> Result<(), Error> {
        if data.len() > self.0.data_limit { Err(Error::too_large(data.len(), self.0.data_limit)) } else { Ok(()) }
    }
}
