//! What a user sees of their sessions, and does to them.

use std::cmp::Reverse;

use super::Session;
use crate::demand::Demand;
use crate::error::Error;
use crate::id::SessionId;
use crate::name::{Method, Note, Subject};
use crate::record::{Client, Level, Record};
use crate::sessions::{Revocation, SessionState, Sessions};
use crate::time::Timestamp;

/// One of a user's sessions, as they know it: a browser or app in which they have signed in (`USR-1`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The session's public name, to end it by.
    pub id: SessionId,
    /// What is known of the browser or app.
    pub client: Client,
    /// When somebody signed in with it, or else when it was made.
    pub signed_in_at: Timestamp,
    /// When it was last used, no more exactly than touches are written.
    pub seen_at: Timestamp,
    /// How strongly they proved who they are.
    pub level: Level,
    /// How they proved it.
    pub methods: Vec<Method>,
    /// Whether it is the session that asks.
    pub is_here: bool,
    /// Whether it waits for its user to authenticate again.
    pub is_locked: bool,
    /// Whether it outlives the browser.
    pub is_remembered: bool,
    /// Who acts in it as the user, if it is not themselves.
    pub impersonator: Option<Subject>,
}

impl Session {
    /// Returns the sessions of whoever has signed in: this one first, then those that were used last.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if nobody has signed in; [`Error::is_unsupported`] if the store cannot list;
    /// [`Error::is_unavailable`].
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        let subject = self.meets(&Demand::signed_in())?;
        let sessions = self.sessions();
        let here = self.id();
        let mut records = sessions.of_subject(&subject).await?;
        records.sort_by_key(|record| (Some(record.id) != here, Reverse(record.seen_at), record.id));
        Ok(records.into_iter().map(|record| Device::of(record, here, sessions)).collect())
    }

    /// Ends another of one's own sessions; answers whether it was usable until now. It takes a fresh proof (`USR-2`).
    ///
    /// # Errors
    ///
    /// [`Error::is_step_up_required`] if the proof is older than [`Policy::fresh`](crate::Policy::fresh),
    /// [`Error::is_not_found`] if one has no such session, whoever else may have it (`USR-3`); otherwise as
    /// [`Sessions::revoke`].
    ///
    /// # Cancel safety
    ///
    /// As [`Sessions::revoke`].
    pub async fn revoke_device(&self, id: &SessionId) -> Result<bool, Error> {
        let subject = self.meets(&self.ending_others())?;
        let record = self.sessions().find(id).await?.filter(|record| record.subject.as_ref() == Some(&subject));
        let record = record.ok_or_else(Error::not_found)?;
        self.sessions().revoke_record(&record, &self.revocation("ended from another device")).await
    }

    /// Ends all of one's own sessions but this one; answers how many were usable until now. It takes a fresh proof.
    ///
    /// # Errors
    ///
    /// [`Error::is_step_up_required`]; otherwise as [`Sessions::revoke_subject`]: some may have ended.
    ///
    /// # Cancel safety
    ///
    /// As [`Sessions::revoke_subject`].
    pub async fn revoke_others(&self) -> Result<u64, Error> {
        let subject = self.meets(&self.ending_others())?;
        self.end_others(&subject, "logged out everywhere but there").await
    }

    /// Ends all of one's own sessions, this one too, and has the client's token removed; answers how many others were
    /// usable until now. It takes a fresh proof.
    ///
    /// # Errors
    ///
    /// [`Error::is_step_up_required`]; otherwise as [`Sessions::revoke_subject`]: some may have ended.
    ///
    /// # Cancel safety
    ///
    /// As [`Sessions::revoke_subject`].
    pub async fn log_out_everywhere(&self) -> Result<u64, Error> {
        let subject = self.meets(&self.ending_others())?;
        let others = if self.sessions().is_carried() {
            self.sessions().revoke_subject(&subject, None, &self.revocation("logged out everywhere")).await?
        } else {
            self.end_others(&subject, "logged out everywhere").await?
        };
        self.log_out();
        Ok(others)
    }

    /// Does what a new password, second factor or way of recovery asks for: this session goes on with a new token, the
    /// old one is dead at once, and all other sessions of its subject end (`PWD-1`, `PWD-2`); answers how many were usable
    /// until now. What was pending is committed.
    ///
    /// The application has just checked the old password, or demands a fresh proof before.
    ///
    /// # Errors
    ///
    /// As [`commit`](Session::commit), and then nothing else has ended; as [`Sessions::revoke_subject`], and then some may
    /// have, and it can be done again.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](Session::commit) and [`Sessions::revoke_subject`].
    pub async fn replace_credentials(&self) -> Result<u64, Error> {
        let subject = self.meets(&Demand::signed_in())?;
        self.rechain();
        self.commit().await?;
        self.end_others(&subject, "the password or another credential was changed").await
    }

    fn ending_others(&self) -> Demand {
        let profile = self.state().visible().map(|record| record.profile.clone()).unwrap_or_default();
        Demand::signed_in().fresh(self.sessions().policy(&profile).fresh())
    }

    async fn end_others(&self, subject: &Subject, note: &str) -> Result<u64, Error> {
        let here = self.id();
        self.sessions().revoke_subject(subject, here.as_ref(), &self.revocation(note)).await
    }

    fn revocation(&self, note: &str) -> Revocation {
        Revocation { note: Note::lossy(note), caller: self.caller() }
    }
}

impl Device {
    fn of(record: Record, here: Option<SessionId>, sessions: &Sessions) -> Self {
        Self {
            id: record.id,
            signed_in_at: record.authenticated_at.unwrap_or(record.created_at),
            seen_at: record.seen_at,
            level: record.level,
            is_here: Some(record.id) == here,
            is_locked: sessions.state(&record) == SessionState::Locked,
            is_remembered: sessions.policy(&record.profile).is_persistent(),
            client: record.client,
            methods: record.methods,
            impersonator: record.impersonator,
        }
    }
}
