//! What outlives its request ends with its session: over real sockets, and as the watch itself sees it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{SinkExt as _, Stream, StreamExt as _, stream};
use hallpass::http::{Authenticated, CookieCarrier, SessionLayer};
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{
    Caller, Capabilities, EndReason, NewSession, Over, Policy, Record, Revocation, Session, Sessions, SignIn, Token,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::app::subject;
use crate::broken::{PlainStore, everything};

type Faulty = FaultyStore<PlainStore>;

/// Longer than anything here takes on a slow machine, and shorter than a look at the session without news.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    store: Faulty,
    clock: ManualClock,
    sessions: Sessions,
}

impl Place {
    fn new(capabilities: Capabilities) -> Self {
        let store = FaultyStore::new(PlainStore::new(None, capabilities));
        let clock = ManualClock::new();
        let policy = Policy::builder().idle(Duration::from_mins(10)).build().expect("valid");
        let sessions = Sessions::builder().store(store.clone()).clock(clock.clone()).policy(policy).build();
        Self { store, clock, sessions: sessions.expect("all parts") }
    }

    fn telling() -> Self {
        Self::new(everything())
    }

    fn silent() -> Self {
        Self::new(Capabilities { changes: false, ..everything() })
    }

    async fn alice(&self) -> (Record, Token, Session) {
        let issued = self.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
        let issued = issued.expect("created");
        let session = self.sessions.open(issued.token.expose(), &Caller::user()).await.expect("it lives");
        (issued.record, issued.token, session)
    }

    async fn revoke(&self, record: &Record) {
        assert!(self.sessions.revoke(&record.id, &Revocation::default()).await.expect("up"));
    }

    /// Serves the application on a real socket.
    async fn serve(&self) -> SocketAddr {
        let app = Router::new()
            .route("/socket", get(socket))
            .route("/events", get(events))
            .layer(SessionLayer::new(self.sessions.clone(), CookieCarrier::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

/// Says back what it hears, for as long as the session is active, and then why not any more.
async fn socket(user: Authenticated, upgrade: WebSocketUpgrade) -> Response {
    let session = user.into_session();
    upgrade.on_upgrade(async move |socket| echo(socket, session).await)
}

async fn echo(mut socket: WebSocket, session: Session) {
    let mut over = std::pin::pin!(session.until_over());
    loop {
        tokio::select! {
            over = &mut over => {
                let _ = socket.send(Message::Text(format!("{over:?}").into())).await;
                let _ = socket.send(Message::Close(None)).await;
                return;
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    if session.touch().await.is_err() || socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}

async fn events(user: Authenticated) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = stream::unfold((), async |()| {
        sleep(Duration::from_millis(10)).await;
        Some((Ok(Event::default().data("tick")), ()))
    });
    Sse::new(user.while_active(ticks))
}

type Client = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

async fn connect(address: SocketAddr, token: Option<&Token>) -> Result<Client, StatusCode> {
    let mut request = format!("ws://{address}/socket").into_client_request().expect("an address");
    if let Some(token) = token {
        let cookie = format!("__Host-sid={}", token.expose()).parse().expect("visible");
        request.headers_mut().insert("cookie", cookie);
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((client, _)) => Ok(client),
        Err(tungstenite::Error::Http(response)) => Err(response.status()),
        Err(error) => panic!("{error}"),
    }
}

async fn say(client: &mut Client, text: &str) -> String {
    client.send(tungstenite::Message::text(text)).await.expect("it is open");
    hear(client).await
}

async fn hear(client: &mut Client) -> String {
    let message = timeout(PATIENCE, client.next()).await.expect("it comes").expect("it is open").expect("a message");
    message.into_text().expect("text").to_string()
}

#[tokio::test]
async fn csf_11_a_web_socket_ends_as_soon_as_its_session_does() {
    let place = Place::telling();
    let address = place.serve().await;
    let (record, token, _) = place.alice().await;
    let mut client = connect(address, Some(&token)).await.expect("let in");
    assert_eq!(say(&mut client, "hello").await, "hello");
    place.revoke(&record).await;
    assert_eq!(hear(&mut client).await, "Ended(Revoked)");
    let after = timeout(PATIENCE, client.next()).await.expect("it comes");
    assert!(matches!(after, Some(Ok(tungstenite::Message::Close(_)))), "{after:?}");
    assert_eq!(connect(address, Some(&token)).await.err(), Some(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_web_socket_is_not_opened_for_nobody() {
    let place = Place::telling();
    let address = place.serve().await;
    assert_eq!(connect(address, None).await.err(), Some(StatusCode::UNAUTHORIZED));
    let made_up = Token::new("A".repeat(64));
    assert_eq!(connect(address, Some(&made_up)).await.err(), Some(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn server_sent_events_end_with_their_session() {
    let place = Place::telling();
    let address = place.serve().await;
    let (record, token, _) = place.alice().await;
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET /events HTTP/1.1\r\nhost: {address}\r\ncookie: __Host-sid={}\r\n\r\n", token.expose());
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut said = String::new();
    let mut read = async |said: &mut String| {
        let mut buffer = [0; 4096];
        let count = timeout(PATIENCE, socket.read(&mut buffer)).await.expect("it comes").expect("read");
        said.push_str(str::from_utf8(&buffer[..count]).expect("text"));
        count
    };
    while said.matches("data: tick").count() < 3 {
        assert!(read(&mut said).await > 0, "{said}");
    }
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    place.revoke(&record).await;
    while !said.ends_with("0\r\n\r\n") {
        assert!(read(&mut said).await > 0, "the body has an end: {said}");
    }
}

/// Watches in a task, which has begun when this returns.
async fn watch(session: &Session) -> tokio::task::JoinHandle<(Over, Duration)> {
    let watch = session.watch();
    let task = tokio::spawn(async move {
        let begun = Instant::now();
        (watch.until_over().await, begun.elapsed())
    });
    sleep(Duration::from_millis(100)).await;
    task
}

// From here on the time of tokio stands still and is moved on where everybody waits, so seconds cost nothing.

#[tokio::test(start_paused = true)]
async fn where_the_store_tells_of_changes_an_end_is_noticed_as_it_comes() {
    let place = Place::telling();
    let (record, _, session) = place.alice().await;
    let watching = watch(&session).await;
    place.revoke(&record).await;
    let (over, after) = watching.await.expect("it ends");
    assert_eq!(over, Over::Ended(EndReason::Revoked));
    assert!(after < Duration::from_secs(1), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn where_it_does_not_an_end_is_noticed_within_the_bound() {
    let place = Place::silent();
    let (record, _, session) = place.alice().await;
    let watching = watch(&session).await;
    place.revoke(&record).await;
    let (over, after) = watching.await.expect("it ends");
    assert_eq!(over, Over::Ended(EndReason::Revoked));
    assert!(after <= hallpass::Watch::DEFAULT_EVERY + Duration::from_millis(200), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn news_that_are_lost_are_made_up_for_by_a_look() {
    let place = Place::telling();
    let (record, _, session) = place.alice().await;
    let watching = watch(&session).await;
    place.store.lose_changes(true);
    place.revoke(&record).await;
    let (over, after) = watching.await.expect("it ends");
    assert_eq!(over, Over::Ended(EndReason::Revoked));
    assert!(after > Duration::from_secs(5) && after < Duration::from_secs(31), "{after:?}");
}

#[test]
fn whoever_watches_still_hears_when_the_worker_that_listened_for_all_is_gone() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("one");
    let (first, second) = (runtime(), runtime());
    let place = Place::telling();
    let (record, _, session) = first.block_on(place.alice());
    drop(first.block_on(watch(&session)));
    let watching = second.block_on(watch(&session));
    drop(first);
    let (over, after) = second.block_on(async {
        sleep(Duration::from_secs(1)).await;
        place.revoke(&record).await;
        watching.await.expect("it ends")
    });
    assert_eq!(over, Over::Ended(EndReason::Revoked));
    assert!(after < Duration::from_secs(3), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_it_and_an_open_stream_is_no_use() {
    let place = Place::silent();
    let (_, _, session) = place.alice().await;
    let watching = watch(&session).await;
    place.clock.advance(Duration::from_secs(599));
    sleep(Duration::from_secs(10)).await;
    assert!(!watching.is_finished());
    place.clock.advance(Duration::from_secs(1));
    assert_eq!(watching.await.expect("it ends").0, Over::Ended(EndReason::Idle));
    let refused = session.touch().await.expect_err("it is over");
    assert!(refused.is_inactive());
}

#[tokio::test(start_paused = true)]
async fn a_use_that_the_stream_notes_puts_the_timeout_off() {
    let place = Place::silent();
    let (record, _, session) = place.alice().await;
    let watching = watch(&session).await;
    for _ in 0..3 {
        place.clock.advance(Duration::from_secs(400));
        session.touch().await.expect("it lives");
        sleep(Duration::from_secs(10)).await;
        assert!(!watching.is_finished());
    }
    let stored = place.sessions.find(&record.id).await.expect("up").expect("there");
    assert_eq!(stored.seen_at, place.sessions.now());
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn a_new_chain_ends_what_was_opened_with_the_old_token() {
    let place = Place::telling();
    let (_, token, session) = place.alice().await;
    let watching = watch(&session).await;
    place.sessions.authenticate(token.expose(), SignIn::new(subject("alice")), &Caller::user()).await.expect("done");
    assert_eq!(watching.await.expect("it ends").0, Over::Rechained);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_and_a_change_end_nothing() {
    let place = Place::telling();
    let (_, token, session) = place.alice().await;
    let watching = watch(&session).await;
    let renewed = place.sessions.renew(token.expose(), &Caller::user()).await.expect("renewed");
    let other = place.sessions.open(renewed.token.expose(), &Caller::user()).await.expect("it lives");
    other.set("a", &1).expect("fits");
    other.commit().await.expect("saved");
    sleep(Duration::from_mins(1)).await;
    assert!(!watching.is_finished());
    place.sessions.log_out(renewed.token.expose(), &Caller::user()).await.expect("up");
    assert_eq!(watching.await.expect("it ends").0, Over::Ended(EndReason::Logout));
}

#[tokio::test(start_paused = true)]
async fn what_the_same_handler_signs_in_goes_on() {
    let place = Place::telling();
    let (_, _, session) = place.alice().await;
    session.authenticate(SignIn::new(subject("alice"))).expect("fresh");
    session.commit().await.expect("saved");
    let watching = watch(&session).await;
    sleep(Duration::from_mins(1)).await;
    assert!(!watching.is_finished());
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_no_logout_but_has_a_bound() {
    let place = Place::silent();
    let (record, _, session) = place.alice().await;
    let watching = watch(&session).await;
    place.store.outage(true);
    sleep(Duration::from_secs(50)).await;
    assert!(!watching.is_finished());
    place.store.outage(false);
    sleep(Duration::from_secs(10)).await;
    place.store.outage(true);
    sleep(Duration::from_secs(50)).await;
    assert!(!watching.is_finished(), "each outage counts for itself");
    sleep(Duration::from_secs(20)).await;
    assert_eq!(watching.await.expect("it ends").0, Over::Unknown);
    place.store.outage(false);
    place.revoke(&record).await;
}

#[tokio::test]
async fn a_task_that_outlives_its_request_saves_what_it_can_and_is_told_what_it_cannot() {
    let place = Place::telling();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let app = Router::new()
        .route(
            "/",
            get(async move |session: Session| {
                let report = report.clone();
                tokio::spawn(async move {
                    sleep(Duration::from_millis(100)).await;
                    session.set("late", &1).expect("fits");
                    let saved = session.commit().await.map_err(|error| error.is_unsupported());
                    session.authenticate(subject("bob")).expect("fresh");
                    let signed_in = session.commit().await.map_err(|error| error.is_unsupported());
                    report.send((saved, signed_in)).expect("somebody waits");
                });
            }),
        )
        .layer(SessionLayer::new(place.sessions.clone(), CookieCarrier::default()));
    let (record, token, _) = place.alice().await;
    for (cookie, saves) in [(format!("__Host-sid={}", token.expose()), true), (String::new(), false)] {
        let request = axum::http::Request::get("/").header("cookie", cookie).body(axum::body::Body::empty());
        let response = tower::ServiceExt::oneshot(app.clone(), request.expect("a request")).await.expect("it answers");
        assert_eq!(response.status(), StatusCode::OK);
        let (saved, signed_in) = reports.recv().await.expect("the task reports");
        assert_eq!(
            saved,
            if saves { Ok(()) } else { Err(true) },
            "of a session that is not made yet nobody has a token"
        );
        assert_eq!(signed_in, Err(true), "nobody would get the token");
    }
    let stored = place.sessions.find(&record.id).await.expect("up").expect("there");
    assert_eq!((stored.subject, &*stored.data), (Some(subject("alice")), br#"{"late":1}"#.as_slice()));
}

#[tokio::test(start_paused = true)]
async fn nobodys_session_is_over_at_once() {
    let place = Place::telling();
    let (record, token, session) = place.alice().await;
    session.log_out();
    assert_eq!(session.until_over().await, Over::Absent);
    let other = place.sessions.open(token.expose(), &Caller::user()).await.expect("not committed");
    place.revoke(&record).await;
    let mut ticks = std::pin::pin!(other.while_active(stream::repeat(1)));
    while ticks.next().await.is_some() {}
    assert_eq!(ticks.next().await, None, "and it stays over");
}

#[tokio::test(start_paused = true)]
async fn many_watches_share_one_feed_and_leave_it_together() {
    let place = Place::telling();
    let (record, _, session) = place.alice().await;
    let mut watching = Vec::new();
    for _ in 0..100 {
        watching.push(watch(&session).await);
    }
    assert_eq!(place.store.inner().listeners(), 1);
    place.revoke(&record).await;
    for watching in watching {
        assert_eq!(watching.await.expect("it ends").0, Over::Ended(EndReason::Revoked));
    }
    sleep(Duration::from_secs(30)).await;
    assert_eq!(place.store.inner().listeners(), 0);
    let (record, _, session) = place.alice().await;
    let again = watch(&session).await;
    assert_eq!(place.store.inner().listeners(), 1, "and come back to it");
    place.revoke(&record).await;
    again.await.expect("it ends");
}
