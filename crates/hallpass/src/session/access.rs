//! What the one whose session it is may do.

use std::time::Duration;

use super::Session;
use crate::demand::Demand;
use crate::error::{Error, Refusal};
use crate::name::Subject;
use crate::sessions::{Caller, Intent, SignIn, TimeLeft};

impl Session {
    /// Returns whose session it is, if they meet a demand.
    ///
    /// ```
    /// # use hallpass::{Caller, Demand, Level, MemoryStore, NewSession, Sessions, Subject};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
    /// # let issued = sessions.create(NewSession::signed_in(Subject::new("alice")?), &Caller::user()).await?;
    /// let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
    /// assert_eq!(session.meets(&Demand::signed_in())?.as_str(), "alice");
    /// let refused = session.meets(&Demand::signed_in().level(Level::TWO_FACTORS)).expect_err("one factor only");
    /// assert!(refused.is_step_up_required());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if nobody has signed in, [`Error::is_locked`] if it waits for its subject,
    /// [`Error::is_step_up_required`] if their proof is too weak or too old.
    pub fn meets(&self, demand: &Demand) -> Result<Subject, Error> {
        let Some(subject) = self.subject() else {
            let is_locked = self.locked_subject().is_some();
            return Err(if is_locked { Error::locked() } else { Error::inactive(Refusal::Missing) });
        };
        let is_fresh = demand.max_age().is_none_or(|within| self.is_fresh(within));
        if self.level() >= demand.least_level() && is_fresh { Ok(subject) } else { Err(Error::step_up(*demand)) }
    }

    /// Returns a fresh proof for whoever's session it is, also where it is locked, with the level and the methods that it
    /// has: what to give to [`authenticate`](Session::authenticate) once the application has checked it. Nothing if
    /// nobody has signed in. Whoever [acts as somebody else](Session::impersonate) still does so afterwards.
    ///
    /// ```
    /// # use hallpass::{Caller, Level, MemoryStore, Method, NewSession, Sessions, Subject};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
    /// # let issued = sessions.create(NewSession::signed_in(Subject::new("alice")?), &Caller::user()).await?;
    /// # let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
    /// // The code from the authenticator app was right: a step-up.
    /// if let Some(proof) = session.proof_again() {
    ///     session.authenticate(proof.level(Level::TWO_FACTORS).method(Method::new("otp")?))?;
    /// }
    /// assert_eq!(session.level(), Level::TWO_FACTORS);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proof_again(&self) -> Option<SignIn> {
        let state = self.state();
        let pending = match &state.intent {
            Some(Intent::SignIn(sign_in)) => {
                let SignIn { subject, level, methods, impersonator, .. } = &**sign_in;
                Some((subject.clone(), *level, methods.clone(), impersonator.clone()))
            }
            Some(Intent::LogOut) => return None,
            _ => None,
        };
        let stored = || {
            let record = state.record.as_deref()?;
            Some((record.subject.clone()?, record.level, record.methods.clone(), record.impersonator.clone()))
        };
        let (subject, level, methods, impersonator) = pending.or_else(stored)?;
        let mut proof = SignIn::new(subject).level(level);
        proof.methods = methods;
        proof.impersonator = impersonator;
        Some(proof)
    }

    /// Returns who uses it, and from where, for what is done to their other sessions.
    pub fn caller(&self) -> Caller {
        let state = self.state();
        let mut caller = state.witness.as_ref().map(|witness| witness.caller().into_owned()).unwrap_or_default();
        if let Some(record) = &state.record {
            caller.actor = caller.actor_of(record);
        }
        caller
    }

    /// Has this request count as no activity: it is not noted as a use, renews no token, and what it saves does not
    /// put off the idle timeout (`TMO-5`). For what a page does by itself, such as polling.
    pub fn leave_untouched(&self) {
        let mut state = self.state();
        state.is_background = true;
        state.touch_due = false;
        state.renewal_due = false;
    }

    /// Returns for how long it goes on if nobody does anything, if it is saved already (`TMO-12`). It touches nothing:
    /// whoever warns by it calls [`leave_untouched`](Session::leave_untouched) too.
    pub fn time_left(&self) -> Option<TimeLeft> {
        let now = self.sessions().now();
        let deadlines = self.deadlines()?;
        Some(TimeLeft { idle: deadlines.idle.since(now), absolute: deadlines.absolute.since(now) })
    }
}

impl TimeLeft {
    /// Returns for how long the session goes on if nobody does anything: the shorter of both.
    pub fn least(&self) -> Duration {
        self.idle.min(self.absolute)
    }
}
