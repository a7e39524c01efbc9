//! What applications and operators do by name, without a token.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::admit::ATTEMPTS;
use super::{Admission, By, Caller, Sessions};
use crate::error::Error;
use crate::event::{Event, EventKind};
use crate::id::SessionId;
use crate::name::Subject;
use crate::record::Record;
use crate::session::Session;
use crate::session::attributes::Attributes;
use crate::store::{EventQuery, Expected, Outcome, Page, Query, StoreError, Trail};

impl Sessions {
    /// Opens the session that a token points at.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if the token opens nothing, whatever the cause; [`Error::is_unavailable`] if the store is
    /// away, which is no logout. A locked session is opened, and says so.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the first use of a new token may have been noted.
    pub async fn open(&self, token: &str, caller: &Caller) -> Result<Session, Error> {
        let sessions = self.for_request();
        let admission = sessions.admit(token, caller).await?;
        Ok(Session::admitted(sessions, admission, caller.clone()))
    }

    /// Opens the session that a token points at, for one who only asks about it and cannot hand out a token: notes its
    /// use unless `touch` is false, and renews nothing.
    ///
    /// # Errors
    ///
    /// As [`open`](Sessions::open).
    ///
    /// # Cancel safety
    ///
    /// As [`open`](Sessions::open).
    pub async fn verify(&self, token: &str, touch: bool, caller: &Caller) -> Result<Verified, Error> {
        let sessions = self.for_request();
        let admission = sessions.admit(token, caller).await?;
        Ok(sessions.verified(admission, touch).await)
    }

    /// Does what [`verify`](Sessions::verify) does by the record itself, also where the store has copies; and where the
    /// token carries its session, by the revocations that stand in the store.
    ///
    /// # Errors
    ///
    /// As [`open`](Sessions::open).
    ///
    /// # Cancel safety
    ///
    /// As [`open`](Sessions::open).
    pub async fn verify_fresh(&self, token: &str, touch: bool, caller: &Caller) -> Result<Verified, Error> {
        let sessions = self.for_request();
        let token = sessions.present(token.as_bytes(), Some(Duration::ZERO), caller).await?;
        let admission = sessions.admit_token(token, By::Record, caller).await?;
        Ok(sessions.verified(admission, touch).await)
    }

    async fn verified(&self, mut admission: Admission, touch: bool) -> Verified {
        if touch && !admission.is_locked {
            admission.record = self.touch(admission.record, self.now()).await;
        }
        let is_present = matches!(admission.ticket.seat, super::Seat::Current);
        Verified {
            is_locked: admission.is_locked,
            // Of a session that its client carries, only the next token says that it was used.
            renewal_due: !admission.is_locked && (admission.renewal_due || !is_present || self.is_token_stale()),
            record: Arc::unwrap_or_clone(admission.record),
        }
    }

    /// Returns a session by name, living or ended, for those who may look.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`]; [`Error::is_unsupported`] where their clients carry the sessions.
    pub async fn find(&self, id: &SessionId) -> Result<Option<Record>, Error> {
        self.refuse_carried()?;
        Ok(self.records().load(&self.0.realm, id).await?)
    }

    /// Returns a page of this realm's sessions, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::is_unsupported`] if the store cannot list; [`Error::is_unavailable`].
    pub async fn list(&self, query: &Query) -> Result<Page<Record>, Error> {
        Ok(self.records().list(&Query { realm: Some(self.0.realm.clone()), ..query.clone() }).await?)
    }

    /// Returns all usable sessions of a subject, at most a thousand to a round trip.
    ///
    /// # Errors
    ///
    /// As [`list`](Sessions::list).
    pub async fn of_subject(&self, subject: &Subject) -> Result<Vec<Record>, Error> {
        self.living(subject).await
    }

    /// Returns a page of this realm's events, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::is_unsupported`] if the store keeps none; [`Error::is_unavailable`].
    pub async fn events(&self, query: &EventQuery) -> Result<Page<Event>, Error> {
        Ok(self.records().events(&EventQuery { realm: Some(self.0.realm.clone()), ..query.clone() }).await?)
    }

    /// Returns where the events of all realms are sealed, if the store keeps them so.
    pub fn trail(&self) -> Option<Arc<dyn Trail>> {
        self.0.store.trail()
    }

    /// Keeps an event that comes with no change of a session, such as that an API key was made, and tells the observer.
    ///
    /// # Errors
    ///
    /// [`Error::is_unsupported`] if the store keeps no such events, [`Error::is_unavailable`]; the observer was told all
    /// the same.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the event may have been kept.
    pub async fn append(&self, event: Event) -> Result<(), Error> {
        let events = [event];
        let kept = self.0.store.append(&events).await;
        self.observe(&events);
        Ok(kept?)
    }

    /// Replaces the attributes of a living session by what `edit` makes of them, again and again until nobody else
    /// wrote in between; an event says so. What `edit` leaves as it is, is not written.
    ///
    /// The outer result is the store's; the inner one is `edit`'s own refusal, upon which nothing is written.
    ///
    /// # Errors
    ///
    /// [`Error::is_not_found`] if there is no living session of this name, [`Error::is_value`] if `edit` makes something
    /// else than a JSON object, [`Error::is_too_large`], [`Error::is_unavailable`]; [`Error::is_unsupported`] where their
    /// clients carry the sessions.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the attributes are replaced whole or not at all.
    pub async fn edit_data<E: Send>(
        &self,
        id: &SessionId,
        mut edit: impl FnMut(&Bytes) -> Result<Bytes, E> + Send,
        caller: &Caller,
    ) -> Result<Result<Record, E>, Error> {
        self.refuse_carried()?;
        let mut is_settled = false;
        for _ in 0..ATTEMPTS {
            let stored = self.records().load(&self.0.realm, id).await?;
            let stored = stored.filter(|record| self.state(record) == super::SessionState::Active);
            let stored = stored.ok_or_else(Error::not_found)?;
            let data = match edit(&stored.data) {
                Ok(data) => data,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if data == stored.data {
                // An earlier try that was not acknowledged may have written it.
                if is_settled || !self.records().settle(&self.0.realm, Some(id)).await? {
                    return Ok(Ok(stored));
                }
                is_settled = true;
                continue;
            }
            Attributes::parse(&data).map_err(Error::value)?;
            self.check_size(&data)?;
            let mut next = stored.clone();
            next.data = data;
            next.version = stored.version.next();
            let events = [caller.event_of(EventKind::DataChanged, &next, self.now())];
            if self.records().save(&next, Expected::Version(stored.version), &events).await? == Outcome::Applied {
                self.observe(&events);
                return Ok(Ok(next));
            }
        }
        Err(Error::conflict())
    }

    /// What its client carries cannot be found by its name.
    fn refuse_carried(&self) -> Result<(), Error> {
        if self.is_carried() {
            return Err(
                StoreError::unsupported("sessions that their clients carry are found by their tokens only").into()
            );
        }
        Ok(())
    }
}

/// What one who only asks is told of a token that opens a session.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The session.
    pub record: Record,
    /// Whether it waits for its subject to authenticate again.
    pub is_locked: bool,
    /// Whether the client should be sent where it gets its next token.
    pub renewal_due: bool,
}
