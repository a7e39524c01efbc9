//! Acting as somebody else, with one's own name on it.

use super::Session;
use crate::demand::Demand;
use crate::error::Error;
use crate::name::Subject;
use crate::sessions::{Intent, SignIn};

impl Session {
    /// Goes on as `subject`, for support and the like; whether whoever has signed in may do that, the application has
    /// checked.
    ///
    /// The session ends and one of `subject` begins, with a new token, which says for as long as it lives who really acts:
    /// [`impersonator`](Session::impersonator), every event as its [actor](crate::Actor::impersonator), and
    /// [`devices`](Session::devices). Level, methods and time of the proof stay those of whoever acts, so the timeouts do
    /// not start anew, and nobody counts as the subject's own sign-in: no [limit](crate::Limit) puts the subject out for
    /// it. Whoever impersonates again stays who they are.
    ///
    /// # Security
    ///
    /// What only the subject may do in person, such as changing a password, is to be refused while there is an
    /// impersonator.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if nobody has signed in, [`Error::is_locked`]. Nothing is changed then.
    pub fn impersonate(&self, subject: Subject) -> Result<(), Error> {
        let present = self.meets(&Demand::signed_in())?;
        let actor = self.impersonator().unwrap_or(present);
        if subject == actor {
            return self.end_impersonation();
        }
        let mut sign_in = self.as_proven(subject);
        sign_in.impersonator = Some(actor);
        self.authenticate(sign_in)
    }

    /// Goes back to being oneself: the session of the other ends, and one's own begins, with the proof and in the time
    /// that was left. Where nobody is impersonated, nothing happens.
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if that proof has become older than a session may be: log out then.
    pub fn end_impersonation(&self) -> Result<(), Error> {
        match self.impersonator() {
            Some(actor) => self.authenticate(self.as_proven(actor)),
            None => Ok(()),
        }
    }

    /// Returns who really acts, if it is not the subject.
    pub fn impersonator(&self) -> Option<Subject> {
        let state = self.state();
        match &state.intent {
            Some(Intent::SignIn(sign_in)) => sign_in.impersonator.clone(),
            _ => state.visible().and_then(|record| record.impersonator.clone()),
        }
    }

    /// Returns a sign-in as `subject` by the proof that there is.
    fn as_proven(&self, subject: Subject) -> SignIn {
        let mut sign_in = SignIn::new(subject).level(self.level());
        sign_in.methods = self.methods();
        sign_in.at = self.authenticated_at();
        sign_in
    }
}
