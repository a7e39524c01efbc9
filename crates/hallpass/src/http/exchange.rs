use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::carrier::Carrier;
use super::problem::Problem;
use super::sender::{ClientAddress, Sender};
use crate::error::Error;
use crate::session::Session;
use crate::sessions::{Outgoing, Sessions};

/// [`Sessions`] with the carrier of their tokens: what the middleware of every framework is made of.
///
/// For axum and other tower services there is [`SessionLayer`](super::SessionLayer). Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct HttpSessions(Arc<Parts>);

struct Parts {
    sessions: Sessions,
    carrier: Box<dyn Carrier>,
}

impl HttpSessions {
    /// Returns `sessions` whose tokens travel by `carrier`.
    pub fn new(sessions: Sessions, carrier: impl Carrier) -> Self {
        Self(Arc::new(Parts { sessions, carrier: Box::new(carrier) }))
    }

    /// Begins the exchange of one request and its response.
    pub fn exchange(&self) -> Exchange {
        Exchange { session: Session::unopened(self.0.sessions.for_request()), http: self.clone() }
    }
}

impl fmt::Debug for HttpSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { sessions, carrier } = &*self.0;
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

    /// Tells whether a commit would do anything.
    pub fn needs_commit(&self) -> bool {
        self.session.has_work()
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
        let Err(error) = self.session.commit().await else { return Ok(()) };
        let cause = std::error::Error::source(&error);
        tracing::warn!(session = ?self.session.id(), error = %error, cause = ?cause, "a session could not be committed");
        Err(Problem::of(&error))
    }

    /// Writes what the session asks of the client, and keeps shared caches from what is one client's only (`LGO-5`).
    ///
    /// A handler may say how its own content is cached; not where the same response hands out or takes away a token.
    pub fn finish(&self, response: &mut HeaderMap) {
        let no_store = HeaderValue::from_static("no-store");
        let carrier = &*self.http.0.carrier;
        match self.session.outgoing() {
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
