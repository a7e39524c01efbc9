//! What a handler holds.

mod access;
mod attribute;
pub(crate) mod attributes;
pub(crate) mod changes;
mod flash;
mod form_token;
mod impersonation;
mod own;
#[cfg(feature = "watch")]
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use self::changes::{Changes, Pending, Undo};
use crate::error::{Error, Refusal};
use crate::id::SessionId;
use crate::name::{Method, Profile, Subject};
use crate::policy::Deadlines;
use crate::record::{Client, Level, Record};
use crate::sessions::{
    Admission, Caller, Done, Entry, Intent, LeftBehind, Outgoing, Seat, Sessions, SignIn, Ticket, Witness, Work,
};
use crate::store::StoreError;
use crate::time::Timestamp;

pub use self::attribute::Attribute;
pub use self::flash::{Flash, Tone};
pub use self::form_token::FormToken;
pub use self::own::Device;
#[cfg(feature = "watch")]
pub use self::watch::{Watch, WhileActive};

/// The session of one request: its attributes, and what the request changes.
///
/// Reading and changing are plain functions; nothing is saved before [`commit`](Session::commit), which the middleware
/// calls when the response head is ready. There may be no session yet: one is made, and a cookie set, when something is
/// stored. Clones are one and the same, and may go to other tasks.
///
/// ```
/// use hallpass::{Caller, MemoryStore, NewSession, Sessions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await?;
/// let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
///
/// session.set("theme", &"dark")?;
/// session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
/// assert_eq!(session.get::<u32>("visits")?, Some(1));
/// session.commit().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    /// Nothing until the session is opened.
    state: Mutex<Option<State>>,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is an independent yes or no
struct State {
    record: Option<Arc<Record>>,
    ticket: Option<Ticket>,
    is_locked: bool,
    renewal_due: bool,
    touch_due: bool,
    /// What the request does counts as no activity.
    is_background: bool,
    changes: Changes,
    intent: Option<Intent>,
    /// The response is on its way, so no token can be handed out any more.
    is_answered: bool,
    /// A commit was given up after it took the changes, and its outcome is not known.
    is_lost: bool,
    client: Option<Box<Client>>,
    profile: Option<Profile>,
    witness: Option<Arc<dyn Witness>>,
    outgoing: Option<Outgoing>,
    /// What the client's token opened until it was replaced.
    left_behind: Option<Box<LeftBehind>>,
}

impl State {
    /// Returns the record that the request may see: none while it is locked, or on its way out.
    fn visible(&self) -> Option<&Record> {
        let is_hidden = self.is_locked || matches!(self.intent, Some(Intent::LogOut));
        self.record.as_deref().filter(|_| !is_hidden)
    }

    fn data(&self) -> &[u8] {
        self.visible().map_or(&[], |record| &record.data)
    }

    fn has_work(&self) -> bool {
        let wants_token = self.renewal_due || !matches!(&self.ticket, None | Some(Ticket { seat: Seat::Current, .. }));
        self.intent.is_some() || self.touch_due || wants_token || !self.changes.is_empty() || self.is_lost
    }

    /// Tells whether what is to be committed would be nobody's, since nobody would get the token for it.
    fn comes_too_late(&self, is_carried: bool) -> bool {
        let makes_token = match &self.intent {
            Some(Intent::SignIn(_) | Intent::Rechain | Intent::Begin) => true,
            Some(Intent::LogOut) => self.changes.has_values(),
            None => (is_carried || self.record.is_none()) && !self.changes.is_empty(),
        };
        self.is_answered && makes_token
    }

    /// Takes back what could not be saved, under what was done since, so that the next commit tries again.
    fn take_back(&mut self, work: Work) {
        let data = self.record.as_ref().map(|record| record.data.clone()).unwrap_or_default();
        self.changes.put_under(work.changes, &data);
        self.ticket = self.ticket.take().or(work.ticket);
        self.intent = self.intent.take().or(work.intent);
        self.renewal_due |= work.renewal_due;
    }
}

impl Session {
    /// Returns the session of a request that nothing has been asked of yet.
    pub(crate) fn unopened(sessions: Sessions) -> Self {
        Self(Arc::new(Inner { sessions, state: Mutex::new(None) }))
    }

    pub(crate) fn admitted(sessions: Sessions, admission: Admission, caller: Caller) -> Self {
        let session = Self::unopened(sessions);
        session.fill(Entry::Admitted(admission), Arc::new(caller));
        session
    }

    pub(crate) fn is_opened(&self) -> bool {
        self.0.state.lock().is_some()
    }

    pub(crate) fn fill(&self, entry: Entry, witness: Arc<dyn Witness>) {
        let mut state = self.0.state.lock();
        if state.is_some() {
            return; // Whoever opened it first has filled it.
        }
        let witness = Some(witness);
        *state = Some(match entry {
            Entry::Admitted(Admission { record, ticket, is_locked, renewal_due, touch_due }) => State {
                record: Some(record),
                ticket: Some(ticket),
                is_locked,
                renewal_due,
                touch_due,
                witness,
                ..State::default()
            },
            Entry::LeftBehind(left_behind) => State { witness, left_behind: Some(left_behind), ..State::default() },
            Entry::Nobody => State { witness, ..State::default() },
        });
    }

    fn state(&self) -> MappedMutexGuard<'_, State> {
        MutexGuard::map(self.0.state.lock(), Option::get_or_insert_default)
    }

    /// Returns the sessions that this is one of.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Returns the public name of the session, if there is one.
    pub fn id(&self) -> Option<SessionId> {
        self.state().visible().map(|record| record.id)
    }

    /// Returns whose session it is; nobody's while anonymous or locked.
    pub fn subject(&self) -> Option<Subject> {
        let state = self.state();
        match &state.intent {
            Some(Intent::SignIn(sign_in)) => Some(sign_in.subject.clone()),
            _ => state.visible().and_then(|record| record.subject.clone()),
        }
    }

    /// Returns whose session it is that waits to be unlocked, if it is locked.
    pub fn locked_subject(&self) -> Option<Subject> {
        let state = self.state();
        state.record.as_ref().filter(|_| state.is_locked).and_then(|record| record.subject.clone())
    }

    /// Returns how strongly the subject authenticated.
    pub fn level(&self) -> Level {
        let state = self.state();
        match &state.intent {
            Some(Intent::SignIn(sign_in)) => sign_in.level,
            _ => state.visible().map_or(Level::ANONYMOUS, |record| record.level),
        }
    }

    /// Returns how the subject authenticated.
    pub fn methods(&self) -> Vec<Method> {
        let state = self.state();
        match &state.intent {
            Some(Intent::SignIn(sign_in)) => sign_in.methods.clone(),
            _ => state.visible().map(|record| record.methods.clone()).unwrap_or_default(),
        }
    }

    /// Returns when the session was made, if it is saved already.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.state().visible().map(|record| record.created_at)
    }

    /// Returns when the subject last proved who they are, as far as that is saved.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.state().visible().and_then(|record| record.authenticated_at)
    }

    /// Tells whether the subject proved who they are within this time (`PWD-3`).
    pub fn is_fresh(&self, within: Duration) -> bool {
        let state = self.state();
        if let Some(Intent::SignIn(sign_in)) = &state.intent {
            return sign_in.at.is_none_or(|at| self.0.sessions.now().since(at) <= within);
        }
        let authenticated_at = state.visible().and_then(|record| record.authenticated_at);
        authenticated_at.is_some_and(|at| self.0.sessions.now().since(at) <= within)
    }

    /// Returns when the session ends unless something happens, if it is saved already.
    pub fn deadlines(&self) -> Option<Deadlines> {
        let state = self.state();
        state.visible().map(|record| self.0.sessions.policy(&record.profile).deadlines(record))
    }

    /// Returns the session's record as it was loaded or last saved, without the changes since.
    pub fn record(&self) -> Option<Record> {
        self.state().visible().cloned()
    }

    /// Returns the value of an attribute, parsing no other.
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if it is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let mut state = self.state();
        let state = &mut *state;
        match state.changes.read(key) {
            Pending::Changed(value) => {
                value.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(Error::value)
            }
            Pending::Unchanged => attributes::find(state.data(), key).map_err(Error::value),
        }
    }

    /// Sets an attribute.
    ///
    /// If others save the session meanwhile, the value is set again on what they saved; but if this request read the key
    /// before and somebody else changed it since, the commit fails as a conflict. For "read, then write" use
    /// [`update`](Session::update).
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if it cannot be written as JSON, [`Error::is_too_large`] if the attributes would be larger than
    /// allowed, [`Error::is_locked`]. Nothing is changed then.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), Error> {
        let value = to_raw_value(value).map_err(Error::value)?;
        self.change(key, |changes, _| Ok(changes.put(key, Some(value))))
    }

    /// Removes an attribute.
    ///
    /// # Errors
    ///
    /// [`Error::is_locked`].
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        self.change(key, |changes, _| Ok(changes.put(key, None)))
    }

    /// Computes an attribute from what it is, as one atomic step, and returns what it is now.
    ///
    /// If others save the session meanwhile, `f` is called again with what they made of it, so that no update is lost; it
    /// is to depend on nothing else that changes. It must not use this session, which is locked while it runs: it would
    /// wait for itself.
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if what is there is of another type, [`Error::is_too_large`], [`Error::is_locked`]. Nothing is
    /// changed then.
    pub fn update<T, F>(&self, key: &str, mut f: F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        let value = self.update_or_remove(key, move |before| Some(f(before)))?;
        value.ok_or_else(Error::conflict)
    }

    /// Does what [`update`](Session::update) does, and removes the attribute where `f` returns nothing.
    ///
    /// # Errors
    ///
    /// As [`update`](Session::update).
    pub fn update_or_remove<T, F>(&self, key: &str, mut f: F) -> Result<Option<T>, Error>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> Option<T> + Send + 'static,
    {
        let apply = move |before: Option<&RawValue>| {
            let before = before.map(|raw| serde_json::from_str(raw.get())).transpose()?;
            f(before).as_ref().map(to_raw_value).transpose()
        };
        self.change(key, |changes, data| {
            let stored = attributes::find::<Box<RawValue>>(data, key).map_err(Error::corrupt)?;
            changes.update(key, stored.as_deref(), Box::new(apply))
        })?;
        self.get(key)
    }

    /// Returns the names of all attributes, with what was changed since.
    fn attribute_names(&self) -> Result<Vec<CompactString>, Error> {
        let state = self.state();
        state.changes.names(state.data())
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Changes, &[u8]) -> Result<Undo, Error>) -> Result<(), Error> {
        let mut state = self.state();
        let state = &mut *state;
        if state.is_locked && !matches!(state.intent, Some(Intent::SignIn(_) | Intent::LogOut)) {
            return Err(Error::locked());
        }
        let data = state.record.as_ref().map(|record| record.data.clone()).unwrap_or_default();
        let limit = self.0.sessions.data_limit();
        let undo = change(&mut state.changes, &data)?;
        // The bound may be too high by what is replaced; only then is the exact size computed before the commit.
        if state.changes.bound(&data) > limit {
            let error = match state.changes.apply(&data, None) {
                Ok(bytes) if bytes.len() <= limit => return Ok(()),
                Ok(bytes) => Error::too_large(bytes.len(), limit),
                Err(error) => error,
            };
            state.changes.undo(key, undo);
            return Err(error);
        }
        Ok(())
    }

    /// Sets whose session it is, by a proof that the application has checked: the only way to set a subject.
    ///
    /// The client gets a new token and the old one is dead at once, so that nobody who planted or saw it is let in
    /// (`REG-1`). Attributes from before are dropped unless [`SignIn::keep`] names them; a fresh proof of the same subject
    /// drops nothing. If the session was another subject's, that one ends.
    ///
    /// # Errors
    ///
    /// [`Error::is_value`] if the proof is older than a session may be. Nothing is changed then.
    pub fn authenticate(&self, sign_in: impl Into<SignIn>) -> Result<(), Error> {
        let mut sign_in = sign_in.into();
        let mut state = self.state();
        let state = &mut *state;
        self.0.sessions.check_proof(&sign_in, state.record.as_deref())?;
        let before = match &state.intent {
            Some(Intent::SignIn(pending)) => Some(pending.subject.clone()),
            Some(Intent::LogOut) => None,
            _ => state.record.as_ref().and_then(|record| record.subject.clone()),
        };
        if before.as_ref() != Some(&sign_in.subject) {
            // What waits to be unlocked is nobody else's to keep.
            let keep = sign_in.keep.iter().map(String::as_str).filter(|_| !state.is_locked);
            state.changes.keep_only(&keep.collect::<Vec<_>>());
        }
        sign_in.client.get_or_insert_with(|| state.client.as_deref().cloned().unwrap_or_default());
        state.intent = Some(Intent::SignIn(Box::new(sign_in)));
        Ok(())
    }

    /// Starts a new chain for a change of role or password: the client gets a new token, and the old one is dead at once
    /// (`REG-3`).
    pub fn rechain(&self) {
        let mut state = self.state();
        if state.intent.is_none() {
            state.intent = Some(Intent::Rechain);
        }
    }

    /// Gives the client its next token now, before it is due; the one it shows is still good for the policy's grace.
    ///
    /// Requests that do so at once with one token make one successor: whichever is first hands it out, and those that show
    /// the old token afterwards get it too. Above the pace of renewals (a burst of 16, then one a second), and where there
    /// is no session or it is locked, nothing happens.
    ///
    /// # Security
    ///
    /// Not for every request of a browser: it keeps the cookie that came last, and where answers overtake each other more
    /// often than every `grace` and twice `replay_after`, it may come back with one that looks stolen.
    pub fn renew(&self) {
        self.state().renewal_due = true;
    }

    /// Ends the session and has the client's token removed. What is set afterwards goes into a new, anonymous session.
    pub fn log_out(&self) {
        let mut state = self.state();
        state.changes = Changes::default();
        state.changes.keep_only(&[]);
        state.intent = Some(Intent::LogOut);
    }

    /// Chooses the profile of a session that this request makes; one that it signs in to goes on under
    /// [`SignIn::profile`].
    pub fn choose_profile(&self, profile: Profile) {
        self.state().profile = Some(profile);
    }

    /// Says what is known of the client, for a session that this request makes or signs in to.
    pub fn describe_client(&self, client: Client) {
        self.state().client = Some(Box::new(client));
    }

    /// Saves what was changed, and makes or renews what is due. Middleware does it when the response head is ready; a
    /// handler may do it earlier, to know the outcome.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if the session ended or changed hands meanwhile: the changes are discarded.
    /// [`Error::is_conflict`] if a key that was read and set was changed by somebody else. [`Error::is_limit_reached`] if a
    /// sign-in is one too many. [`Error::is_unsupported`] if the response is on its way already, and it would take a token
    /// that nobody gets: for a sign-in, a session that is not made yet, or a change of one that its client carries. [`Error::is_too_large`]. [`Error::is_unavailable`] if the store is away: the changes are kept,
    /// and the next commit tries again.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the changes are saved whole or not at all, which nobody knows; later commits of this
    /// request then fail as unavailable, so that it is not answered with success.
    pub async fn commit(&self) -> Result<(), Error> {
        let Some(mut work) = self.take_work()? else {
            return Ok(());
        };
        let mut unfinished = Unfinished { session: self, is_over: false };
        let done = self.0.sessions.commit(&mut work).await;
        unfinished.is_over = true;
        let mut state = self.state();
        match done {
            Ok(Done { record, ticket, outgoing }) => {
                // What was done while this was saved was done on the record from before.
                let data = state.record.take().map(|record| record.data.clone()).unwrap_or_default();
                state.changes.made_on(&data);
                state.record = record;
                state.ticket = ticket;
                state.is_locked &= !matches!(work.intent, Some(Intent::SignIn(_) | Intent::LogOut));
                if !matches!(outgoing, Outgoing::Keep) {
                    state.outgoing = Some(outgoing);
                }
                Ok(())
            }
            Err(error) => {
                if matches!(work.intent, Some(Intent::LogOut)) {
                    // The client wants to be logged out: its token goes even where the server side is still open.
                    state.outgoing = Some(Outgoing::Remove);
                }
                if error.refusal() == Some(&Refusal::Overtaken) {
                    // A cookie of what is done from here on would take the place of the one of whoever came first.
                    let overtaken = |record| Box::new(LeftBehind { record, is_proven: false, is_recent: true });
                    state.left_behind = state.record.take().map(overtaken).or(state.left_behind.take());
                } else if error.is_unavailable() {
                    state.take_back(work);
                }
                Err(error)
            }
        }
    }

    /// Returns what is to be done with the client's token after the commits so far, once.
    pub fn outgoing(&self) -> Outgoing {
        self.state().outgoing.take().unwrap_or(Outgoing::Keep)
    }

    /// Does what [`outgoing`](Session::outgoing) does, for the last time: the response is on its way.
    pub(crate) fn depart(&self) -> Outgoing {
        let mut state = self.state();
        state.is_answered = true;
        state.outgoing.take().unwrap_or(Outgoing::Keep)
    }

    /// Tells whether the next token to hand out is one that somebody looks for.
    pub(crate) fn would_hand_out(&self, is_it: impl Fn(&crate::token::Token) -> bool) -> bool {
        matches!(&self.state().outgoing, Some(Outgoing::Hand(token, _)) if is_it(token))
    }

    /// Tells whether there is anything to commit, or a token to hand out.
    pub(crate) fn has_work(&self) -> bool {
        let state = self.state();
        state.has_work() || state.outgoing.is_some()
    }

    fn take_work(&self) -> Result<Option<Work>, Error> {
        let mut state = self.state();
        let state = &mut *state;
        if state.is_lost {
            return Err(
                StoreError::unavailable("a commit of this session was given up before its outcome was known").into()
            );
        }
        if state.comes_too_late(self.0.sessions.is_carried()) {
            return Err(
                StoreError::unsupported("the response is on its way: no token can be handed out any more").into()
            );
        }
        state.renewal_due &= !state.is_answered;
        if !state.has_work() {
            return Ok(None);
        }
        state.touch_due = false;
        Ok(Some(Work {
            record: state.record.clone(),
            ticket: state.ticket.take(),
            is_locked: state.is_locked,
            is_background: state.is_background,
            renewal_due: std::mem::take(&mut state.renewal_due),
            changes: std::mem::take(&mut state.changes),
            intent: state.intent.take(),
            client: state.client.clone(),
            profile: state.profile.clone(),
            witness: state.witness.clone().unwrap_or_else(|| Arc::new(Caller::user())),
            left_behind: state.left_behind.as_deref().cloned(),
        }))
    }
}

/// Notices that the future of a commit is dropped before it is over.
struct Unfinished<'a> {
    session: &'a Session,
    is_over: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.session.state().is_lost = true;
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("id", &state.record.as_ref().map(|record| record.id))
            .field("subject", &state.record.as_ref().and_then(|record| record.subject.as_ref()))
            .finish_non_exhaustive()
    }
}
