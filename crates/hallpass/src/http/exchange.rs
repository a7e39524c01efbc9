use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::carrier::Carrier;
use super::pages::Pages;
use super::problem::Problem;
use super::rejection::SessionRejection;
use super::return_to::ReturnTo;
use super::sender::{ClientAddress, Sender};
use crate::error::Error;
use crate::event::EventKind;
use crate::name::Note;
use crate::session::Session;
use crate::sessions::{Outgoing, Sessions};

/// [`Sessions`] with the carrier of their tokens: what the middleware of every framework is made of.
///
/// For axum and other tower services there is [`SessionLayer`](super::SessionLayer). Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct HttpSessions(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    sessions: Sessions,
    carrier: Arc<dyn Carrier>,
    pages: Option<Arc<Pages>>,
}

impl HttpSessions {
    /// Returns `sessions` whose tokens travel by `carrier`.
    pub fn new(sessions: Sessions, carrier: impl Carrier) -> Self {
        Self(Arc::new(Parts { sessions, carrier: Arc::new(carrier), pages: None }))
    }

    /// Sends people who have to sign in, or to prove it once more, to these pages; without, they are told like programs.
    #[must_use]
    pub fn pages(&self, pages: Pages) -> Self {
        Self(Arc::new(Parts { pages: Some(Arc::new(pages)), ..Parts::clone(&self.0) }))
    }

    /// Begins the exchange of one request and its response.
    pub fn exchange(&self) -> Exchange {
        Exchange { session: Session::unopened(self.0.sessions.for_request()), http: self.clone() }
    }
}

impl fmt::Debug for HttpSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { sessions, carrier, .. } = &*self.0;
        f.debug_struct("HttpSessions").field("sessions", sessions).field("carrier", carrier).finish()
    }
}

/// One request and its response, to the session that they share.
///
/// Middleware gives it to the handler with the request, and when the response head is ready has it
/// [committed](Exchange::commit) and [finished](Exchange::finish), unless it [is untouched](Exchange::is_untouched).
/// A commit that fails takes the place of the response: a write that was lost is never answered with success. Clones are
/// one and the same.
///
/// ```
/// use hallpass::http::{CookieCarrier, HttpSessions};
/// use hallpass::{MemoryStore, Sessions};
/// use http::{HeaderMap, header};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let exchange = HttpSessions::new(sessions, CookieCarrier::default()).exchange();
///
/// // The handler:
/// let request = HeaderMap::new();
/// let session = exchange.open(&request, None).await?;
/// session.set("theme", &"dark")?;
///
/// // The middleware:
/// let mut response = HeaderMap::new();
/// match exchange.commit().await {
///     Ok(()) => exchange.finish(&mut response),
///     Err(problem) => panic!("{} is sent in the place of the response", problem.to_json()),
/// }
/// assert!(response[header::SET_COOKIE].to_str()?.starts_with("__Host-sid="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Exchange {
    session: Session,
    http: HttpSessions,
}

impl Exchange {
    /// Returns the session, which the first call opens with what the request presents.
    ///
    /// A token that opens nothing gives an empty session, as no token does.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if the store is away, and what else keeps it from saying.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the first use of a new token may have been noted.
    pub async fn open(&self, request: &HeaderMap, address: Option<ClientAddress>) -> Result<Session, Error> {
        if !self.session.is_opened() {
            let sender = Arc::new(Sender::of(request, address));
            let presented = self.http.0.carrier.read(request);
            let entry = self.session.sessions().admit_presented(presented, &*sender).await?;
            self.session.fill(entry, sender);
        }
        Ok(self.session.clone())
    }

    /// Returns the names of the request headers that [`open`](Exchange::open) reads, for frameworks whose headers are of
    /// other types and have to be copied: these few are enough.
    pub fn reads(&self) -> [HeaderName; 3] {
        let [user_agent, request_id] = Sender::READS;
        [self.http.0.carrier.varies_by(), user_agent, request_id]
    }

    /// Tells whether nobody asked for the session, so that the response has nothing to do with it.
    pub fn is_untouched(&self) -> bool {
        !self.session.is_opened()
    }

    /// Tells whether there is anything to commit, or to be looked at before it is handed out.
    pub fn needs_commit(&self) -> bool {
        self.session.has_work()
    }

    /// Returns why a request gets no further for an error of its session, and what to answer: where people go on a
    /// [page](HttpSessions::pages), the way there.
    pub fn reject(&self, error: Error, method: &Method, uri: &Uri, headers: &HeaderMap) -> SessionRejection {
        let location = self.http.0.pages.as_ref().and_then(|pages| pages.redirect(&error, method, uri, headers));
        SessionRejection::new(error, location)
    }

    /// Returns where to go after a sign-in, from the query of its page: where the browser came from if the
    /// [pages](HttpSessions::pages) allow it, and else home.
    pub fn return_to(&self, query: Option<&str>) -> ReturnTo {
        match &self.http.0.pages {
            Some(pages) => pages.return_to(query),
            None => Pages::default().return_to(query),
        }
    }

    /// Tells whether another exchange has its token in the same place of the request, so that they would overwrite each
    /// other's.
    pub fn is_in_place_of(&self, other: &Self) -> bool {
        let (own, theirs) = (&self.http.0.carrier, &other.http.0.carrier);
        own.place().is_some() && own.place() == theirs.place() && own.varies_by() == theirs.varies_by()
    }

    /// Says whose session a request is part of, and where it comes from, in an event of something that was refused.
    pub(super) fn report(&self, kind: EventKind, note: &str, request: &HeaderMap, address: Option<ClientAddress>) {
        let opened = (!self.is_untouched()).then_some(&self.session);
        let (session, subject) = (opened.and_then(Session::id), opened.and_then(Session::subject));
        self.session.sessions().report_with(kind, &Sender::of(request, address), |event| {
            event.session = session;
            event.subject = subject;
            event.note = Note::lossy(note);
        });
    }

    /// Saves what the request did, and makes or renews what is due. What fails is logged with its cause.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that is to take the place of the response; it is [finished](Exchange::finish) like any other.
    ///
    /// # Cancel safety
    ///
    /// As [`Session::commit`].
    pub async fn commit(&self) -> Result<(), Problem> {
        let Err(error) = self.session.commit().await else { return self.check_token() };
        let cause = std::error::Error::source(&error);
        tracing::warn!(session = ?self.session.id(), error = %error, cause = ?cause, "a session could not be committed");
        Err(Problem::of(&error))
    }

    /// Refuses to hand out what the client would drop without a word: it would be logged out.
    fn check_token(&self) -> Result<(), Problem> {
        if self.session.would_hand_out(|token| !self.http.0.carrier.fits(token)) {
            self.session.outgoing();
            tracing::error!(session = ?self.session.id(), "a token is larger than its client would keep: store less in it, or choose another carrier");
            let detail = "The session data would be larger than is allowed.";
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "data_too_large", detail));
        }
        Ok(())
    }

    /// Writes what the session asks of the client, and keeps shared caches from what is one client's only (`LGO-5`).
    ///
    /// A handler may say how its own content is cached; not where the same response hands out or takes away a token.
    pub fn finish(&self, response: &mut HeaderMap) {
        let no_store = HeaderValue::from_static("no-store");
        let carrier = &*self.http.0.carrier;
        match self.session.depart() {
            Outgoing::Keep => {
                response.entry(header::CACHE_CONTROL).or_insert(no_store);
            }
            Outgoing::Hand(token, max_age) => {
                carrier.hand_out(response, &token, max_age);
                response.insert(header::CACHE_CONTROL, no_store);
            }
            Outgoing::Remove => {
                carrier.remove(response);
                response.insert(header::CACHE_CONTROL, no_store);
            }
        }
        response.append(header::VARY, carrier.varies_by().into());
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_untouched", &self.is_untouched()).finish_non_exhaustive()
    }
}
