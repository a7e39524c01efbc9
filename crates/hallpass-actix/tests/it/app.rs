//! The application, described once: what each route does with its session, whatever framework it came through.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use hallpass::http::{CookieCarrier, CsrfGuard, Pages};
use hallpass::{Caller, Error, Level, Realm, Revocation, Session, Sessions, SignIn, Subject};
use tokio::sync::{Notify, mpsc};

/// What the stream of events says, over and over.
pub(crate) const EVENT: &str = "data: tick\n\n";

/// Another kind of session, beside the one of everybody.
#[derive(Debug)]
pub(crate) enum Admin {}

/// Returns the sessions and the cookie of [`Admin`].
pub(crate) fn admin(sessions: &Sessions) -> (Sessions, CookieCarrier) {
    let cookie = CookieCarrier::builder().name("__Secure-admin").path("/admin");
    (sessions.in_realm(Realm::new("admin").expect("a name")), cookie.build().expect("valid"))
}

pub(crate) fn pages() -> Pages {
    let pages = Pages::sign_in_at("/sign-in-page").expect("a path");
    pages.step_up_at("/step-up-page").expect("a path")
}

pub(crate) fn guard() -> CsrfGuard {
    CsrfGuard::builder().origin("https://shop.example").build().expect("an origin")
}

/// Says who somebody is, by both kinds of session.
pub(crate) fn who_both(everybody: &Session, admin: &Session) -> String {
    let who = |session: &Session| session.subject().map_or("nobody".to_owned(), |who| who.to_string());
    format!("{} and {}", who(everybody), who(admin))
}

pub(crate) fn time_left(session: &Session) -> String {
    session.time_left().map_or("0".to_owned(), |left| left.least().as_secs().to_string())
}

/// Says the same over and over, as long as the session goes on.
pub(crate) fn events(session: &Session) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let ticks = stream::unfold((), async |()| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok(Bytes::from_static(EVENT.as_bytes())), ()))
    });
    session.while_active(ticks.boxed())
}

/// Where slow requests wait: each tells that it has its session, and goes on when it is let.
#[derive(Debug, Default)]
pub(crate) struct Slow {
    pub(crate) entered: Notify,
    pub(crate) go_on: Notify,
}

impl Slow {
    async fn wait(&self) {
        self.entered.notify_one();
        self.go_on.notified().await;
    }
}

/// What is to be answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Text(String),
    /// What comes out of this, as it comes.
    Stream(mpsc::Receiver<String>),
}

impl Answer {
    fn text(text: impl Into<String>) -> Self {
        Self { status: 200, body: Body::Text(text.into()), headers: Vec::new() }
    }
}

/// Does what a path says. `/stall/...` does it after a wait, `/fail/...` answers 500 after it, `/redirect/...` sends the
/// client on after it, and `/cached/...` says that the answer may be kept.
pub(crate) async fn answer(session: Session, path: &str, slow: &Arc<Slow>) -> Result<Answer, Error> {
    let (how, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let rest = format!("/{rest}");
    match how {
        "stall" => {
            slow.wait().await;
            act(session, &rest, slow).await
        }
        "fail" => Ok(Answer { status: 500, ..act(session, &rest, slow).await? }),
        "redirect" => {
            let headers = vec![("location", "/who")];
            Ok(Answer { status: 303, headers, ..act(session, &rest, slow).await? })
        }
        "cached" => {
            let headers = vec![("cache-control", "private, max-age=60"), ("vary", "accept-language")];
            Ok(Answer { headers, ..act(session, &rest, slow).await? })
        }
        _ => act(session, path, slow).await,
    }
}

async fn act(session: Session, path: &str, slow: &Arc<Slow>) -> Result<Answer, Error> {
    let words: Vec<&str> = path[1..].split('/').collect();
    match words[..] {
        ["who"] => return Ok(Answer::text(session.subject().map_or("nobody".to_owned(), |who| who.to_string()))),
        ["level"] => return Ok(Answer::text(session.level().number().to_string())),
        ["fresh"] => return Ok(Answer::text(session.is_fresh(Duration::from_mins(5)).to_string())),
        ["get", key] => return Ok(Answer::text(session.get::<String>(key)?.unwrap_or("nothing".to_owned()))),
        ["number", key] => return Ok(Answer::text(format!("{:?}", session.get::<u64>(key)?))),
        ["count", key] => {
            let count = session.update(key, |count: Option<u64>| count.unwrap_or(0) + 1)?;
            return Ok(Answer::text(count.to_string()));
        }
        ["devices"] => return devices(&session).await,
        ["stream"] => return Ok(Answer { body: two_lines(session, slow), ..Answer::text("") }),
        ["form-token"] => return Ok(Answer::text(session.form_token().await?.expose())),
        ["set", key, value] => session.set(key, value)?,
        ["set-twice", key, value] => {
            session.set(key, value)?;
            session.commit().await?;
            session.set("again", value)?;
        }
        ["set-in-task", key, value] => set_in_task(session, key.to_owned(), value.to_owned()).await?,
        ["read-then-set", key, value] => {
            session.get::<String>(key)?;
            slow.wait().await;
            session.set(key, value)?;
        }
        ["set-then-remove", key] => {
            session.set(key, "value")?;
            session.remove(key)?;
        }
        ["large", key, bytes] => session.set(key, &"x".repeat(bytes.parse().expect("a number")))?,
        ["no-json"] => session.set("key", &std::collections::BTreeMap::from([((1, 2), 3)]))?,
        ["clear-and-set", key, value] => {
            session.clear()?;
            session.set(key, value)?;
        }
        ["remove", key] => session.remove(key)?,
        ["sign-in", who] => session.authenticate(subject(who))?,
        ["sign-in-and-set", who, key, value] => {
            session.authenticate(subject(who))?;
            session.set(key, value)?;
        }
        ["set-and-sign-in", who, key, value] => {
            session.set(key, value)?;
            session.authenticate(subject(who))?;
        }
        ["sign-in-keeping", key, who] => session.authenticate(SignIn::new(subject(who)).keep(key))?,
        ["sign-in-remembered", who] => session.authenticate(SignIn::new(subject(who)).remember())?,
        ["step-up"] => {
            if let Some(subject) = session.subject() {
                session.authenticate(SignIn::new(subject).level(Level::TWO_FACTORS))?;
            }
        }
        ["renew"] => session.renew(),
        ["role-change"] => session.rechain(),
        ["role-change-and-set", key, value] => {
            session.rechain();
            session.set(key, value)?;
        }
        ["set-and-role-change", key, value] => {
            session.set(key, value)?;
            session.rechain();
        }
        ["log-out-and-renew"] => {
            session.log_out();
            session.renew();
            session.rechain();
        }
        ["log-out"] => session.log_out(),
        ["log-out-and-set", key, value] => {
            session.log_out();
            session.set(key, value)?;
        }
        ["log-out-everywhere"] => {
            revoke_others(&session).await?;
            session.log_out();
        }
        ["log-out-elsewhere"] => revoke_others(&session).await?,
        ["nothing"] => {}
        _ => return Ok(Answer { status: 404, ..Answer::text("there is no such page") }),
    }
    Ok(Answer::text("done"))
}

pub(crate) fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a name")
}

async fn set_in_task(session: Session, key: String, value: String) -> Result<(), Error> {
    let task = tokio::spawn(async move { session.set(&key, &value) });
    task.await.expect("no panic")
}

async fn revoke_others(session: &Session) -> Result<(), Error> {
    if let Some(subject) = session.subject() {
        let revocation = Revocation { note: None, caller: Caller::user() };
        session.sessions().revoke_subject(&subject, session.id().as_ref(), &revocation).await?;
    }
    Ok(())
}

/// One line for each session of whoever asks, with a star at the one that asks.
async fn devices(session: &Session) -> Result<Answer, Error> {
    let Some(subject) = session.subject() else { return Ok(Answer { status: 401, ..Answer::text("nobody") }) };
    let mut lines = Vec::new();
    for record in session.sessions().of_subject(&subject).await? {
        let mark = if Some(record.id) == session.id() { "*" } else { " " };
        lines.push(format!("{mark} {} seen {}", record.id, record.seen_at));
    }
    Ok(Answer::text(lines.join("\n")))
}

/// Says one line with the head of the response, and one after a wait, when the session was long committed.
fn two_lines(session: Session, slow: &Arc<Slow>) -> Body {
    let (lines, stream) = mpsc::channel(1);
    let slow = Arc::clone(slow);
    tokio::spawn(async move {
        if lines.send("first\n".to_owned()).await.is_ok() {
            slow.wait().await;
            let saved = match session.set("streamed", "yes") {
                Ok(()) => session.commit().await,
                Err(error) => Err(error),
            };
            // Nobody reads the line of a client that went away.
            let _ = lines.send(saved.map_or_else(|error| format!("{error}\n"), |()| "last\n".to_owned())).await;
        }
    });
    Body::Stream(stream)
}
