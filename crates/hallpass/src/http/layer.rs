use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::carrier::{Carrier, Presented};
use super::problem::Problem;
use crate::error::Error;
use crate::event::{EventKind, Origin};
use crate::name::Note;
use crate::session::Session;
use crate::sessions::{By, Caller, Entry, Outgoing, Sessions, Witness};

/// Gives each request its [`Session`], and saves what the request did to it when the response head is ready.
///
/// A request that asks for no session costs no round trip to the store and gets no cookie. If a commit fails, its problem
/// takes the place of the response: a write that was lost is never answered with success. The response then has the
/// [`Problem`] as an extension, for middleware further out that shows a page instead.
///
/// ```
/// use axum::{Router, routing::get};
/// use hallpass::{MemoryStore, Session, Sessions};
/// use hallpass::http::{CookieCarrier, SessionLayer};
///
/// async fn visits(session: Session) -> Result<String, String> {
///     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1);
///     visits.map(|visits| format!("visit {visits}")).map_err(|error| error.to_string())
/// }
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/", get(visits))
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
#[derive(Clone)]
pub struct SessionLayer(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    carrier: Box<dyn Carrier>,
    /// An empty map with room for what routers put into a request besides our slot, so that it need not grow each time.
    roomy: Extensions,
}

impl SessionLayer {
    /// Returns the layer for `sessions` whose tokens travel by `carrier`.
    pub fn new(sessions: Sessions, carrier: impl Carrier) -> Self {
        let mut roomy = Extensions::new();
        roomy.insert(0_u8);
        roomy.insert(0_u16);
        roomy.insert(0_u32);
        roomy.insert(0_u64);
        roomy.clear();
        Self(Arc::new(Shared { sessions, carrier: Box::new(carrier), roomy }))
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("sessions", &self.0.sessions).field("carrier", &self.0.carrier).finish()
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, shared: Arc::clone(&self.0) }
    }
}

/// The client's address, as an extension of the request, for the events of its session.
///
/// Whoever knows it puts it there before the session is asked for.
///
/// # Security
///
/// It is to come from the connection, or from a header of a proxy that is believed: anybody can send `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl Session {
    /// Returns the session of a request that came through a [`SessionLayer`], for services without an extractor; nothing
    /// if it came through none. The first call opens it.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if the store is away. A token that opens nothing gives an empty session, as no token does.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the first use of a new token may have been noted.
    pub async fn of_request(parts: &Parts) -> Result<Option<Self>, Error> {
        match parts.extensions.get::<Slot>() {
            Some(slot) => slot.open(&parts.headers, parts.extensions.get().copied()).await.map(Some),
            None => Ok(None),
        }
    }
}

/// What a request carries to whoever asks for its session.
#[derive(Clone)]
struct Slot {
    session: Session,
    shared: Arc<Shared>,
}

impl Slot {
    /// Returns the session, which the first call opens with what the request presents.
    async fn open(&self, headers: &HeaderMap, address: Option<ClientAddress>) -> Result<Session, Error> {
        if !self.session.is_opened() {
            let Shared { carrier, .. } = &*self.shared;
            let sender = Arc::new(Sender::of(headers, address));
            let entry = self.session.sessions().admit_presented(carrier.read(headers), &*sender).await?;
            self.session.fill(entry, sender);
        }
        Ok(self.session.clone())
    }
}

/// What a request says of where it comes from, as it says it.
struct Sender {
    user_agent: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
    address: Option<ClientAddress>,
}

impl Sender {
    fn of(headers: &HeaderMap, address: Option<ClientAddress>) -> Self {
        Self {
            user_agent: headers.get(header::USER_AGENT).cloned(),
            request_id: headers.get(header::HeaderName::from_static("x-request-id")).cloned(),
            address,
        }
    }
}

impl Witness for Sender {
    fn caller(&self) -> Cow<'_, Caller> {
        let note = |value: &Option<HeaderValue>| {
            let text = value.as_ref().and_then(|value| str::from_utf8(value.as_bytes()).ok());
            text.and_then(Note::lossy)
        };
        let origin = Origin {
            user_agent: note(&self.user_agent),
            request_id: note(&self.request_id),
            ip: self.address.map(|ClientAddress(ip)| ip),
        };
        Cow::Owned(Caller { origin, ..Caller::user() })
    }
}

impl Sessions {
    /// Opens what a request presents: the one token that is good, or nothing if none or several are.
    ///
    /// A browser sends a cookie that a sibling domain planted beside ours, and the order says nothing (`CKT-2`); so
    /// neither is believed for its place, and a planted one can neither log anybody out nor in.
    pub(crate) async fn admit_presented(
        &self,
        presented: Presented<'_>,
        witness: &dyn Witness,
    ) -> Result<Entry, Error> {
        match presented.texts() {
            [] => Ok(Entry::Nobody),
            [text] => match self.present(text, None, witness).await {
                Ok(token) => Entry::of(self.admit_token(token, By::CopyOrRecord, witness).await),
                Err(rejected) => Entry::of(Err(rejected)),
            },
            // Rare and large: as a part of this future, every request would have to carry it.
            texts => Box::pin(self.admit_one_of(texts, witness)).await,
        }
    }

    async fn admit_one_of(&self, texts: &[&[u8]], witness: &dyn Witness) -> Result<Entry, Error> {
        let mut found = (Entry::Nobody, None);
        let mut is_told = false;
        for &text in texts {
            let token = match self.present(text, None, witness).await {
                Ok(token) => token,
                Err(rejected) => {
                    Entry::of(Err(rejected))?;
                    continue;
                }
            };
            // Where none of it is a token, nobody's session is concerned.
            if !is_told {
                self.report_with(EventKind::DuplicateCookie, witness, |_| ());
                is_told = true;
            }
            match (Entry::of(self.admit_token(token, By::CopyOrRecord, witness).await)?, &found.0) {
                (Entry::Admitted(_), Entry::Admitted(_)) => return Ok(Entry::Nobody),
                (Entry::Nobody, _) | (Entry::LeftBehind(_), Entry::Admitted(_)) => {}
                (entry, _) => found = (entry, Some(text)),
            }
        }
        match found {
            // What carries its session was put out of hand by the texts after it.
            (entry, Some(text)) if self.is_carried() => match self.present(text, None, witness).await {
                Ok(_) => Ok(entry),
                Err(rejected) => Entry::of(Err(rejected)),
            },
            (entry, _) => Ok(entry),
        }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for SessionService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<String> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let session = Session::unopened(self.shared.sessions.for_request());
        let slot = Slot { session: session.clone(), shared: Arc::clone(&self.shared) };
        if request.extensions().is_empty() {
            request.extensions_mut().clone_from(&self.shared.roomy);
        }
        request.extensions_mut().insert(slot);
        ResponseFuture::Handling { handler: self.inner.call(request), session, shared: Arc::clone(&self.shared) }
    }
}

type Committing<B> = Pin<Box<dyn Future<Output = Response<B>> + Send>>;

pin_project! {
    /// The future of a response whose session is committed when its head is ready.
    #[project = Projected]
    #[allow(missing_docs)] // the fields of its states are nobody's to use
    pub enum ResponseFuture<F, B> {
        #[doc(hidden)]
        Handling { #[pin] handler: F, session: Session, shared: Arc<Shared> },
        #[doc(hidden)]
        Committing { commit: Committing<B> },
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handling { .. } => "ResponseFuture(handling)",
            Self::Committing { .. } => "ResponseFuture(committing)",
        })
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String> + Send + 'static,
{
    type Output = Result<Response<B>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let commit = match self.as_mut().project() {
                Projected::Committing { commit } => return commit.as_mut().poll(context).map(Ok),
                Projected::Handling { handler, session, shared } => {
                    let mut response = ready!(handler.poll(context))?;
                    if !session.is_opened() {
                        return Poll::Ready(Ok(response));
                    }
                    if !session.has_work() {
                        shared.finish(session, &mut response);
                        return Poll::Ready(Ok(response));
                    }
                    commit(Arc::clone(shared), session.clone(), response)
                }
            };
            self.set(Self::Committing { commit });
        }
    }
}

fn commit<B: From<String> + Send + 'static>(
    shared: Arc<Shared>,
    session: Session,
    mut response: Response<B>,
) -> Committing<B> {
    Box::pin(async move {
        if let Err(error) = session.commit().await {
            tracing::warn!(session = ?session.id(), error = %error, cause = ?std::error::Error::source(&error), "a session could not be committed");
            response = Problem::of(&error).into_response();
        }
        shared.finish(&session, &mut response);
        response
    })
}

impl Shared {
    /// Writes what the session asks of the client, and keeps shared caches from what is one client's only (`LGO-5`).
    ///
    /// A handler may say how its own content is cached; not where the same response hands out or takes away a token.
    fn finish<B>(&self, session: &Session, response: &mut Response<B>) {
        let no_store = HeaderValue::from_static("no-store");
        let headers = response.headers_mut();
        match session.outgoing() {
            Outgoing::Keep => {
                headers.entry(header::CACHE_CONTROL).or_insert(no_store);
            }
            Outgoing::Hand(token, max_age) => {
                self.carrier.hand_out(headers, &token, max_age);
                headers.insert(header::CACHE_CONTROL, no_store);
            }
            Outgoing::Remove => {
                self.carrier.remove(headers);
                headers.insert(header::CACHE_CONTROL, no_store);
            }
        }
        headers.append(header::VARY, self.carrier.varies_by().into());
    }
}
