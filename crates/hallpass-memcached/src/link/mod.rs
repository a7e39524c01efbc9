//! The way to one server: a connection that is kept, and what may be asked twice.

mod keeper;
mod question;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use hallpass::Timestamp;
use parking_lot::RwLock;
use tokio::sync::{mpsc, watch};

use self::keeper::{State, keep};
use self::question::Question;
use self::wire::Hello;
use crate::error::Fault;
use crate::facts::ServerFacts;
use crate::options::Server;
use crate::proto::{Ask, LARGEST_VALUE, Reply};

/// What a connection is made with.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) server: Server,
    pub(crate) credentials: Option<Arc<crate::options::Credentials>>,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

/// Asks one server, however often the connection was replaced.
pub(crate) struct Link {
    pub(crate) place: Arc<str>,
    state: watch::Receiver<State>,
    hello: Arc<RwLock<Option<Hello>>>,
}

/// What an item has beside its key and value, generously: its head, its version and two ends of lines.
const HEAD: usize = 80;

impl Link {
    /// Begins to connect, and keeps at it until the link is dropped.
    pub(crate) fn new(access: Access) -> Self {
        let place = format!("Memcached at {}", access.server.name).into();
        let (sender, state) = watch::channel(State::Connecting);
        let hello = Arc::default();
        tokio::spawn(keep(access, sender, Arc::clone(&hello)));
        Self { place, state, hello }
    }

    /// Waits until the first attempt to connect is over.
    pub(crate) async fn ready(&self) -> Result<(), Fault> {
        self.questions().await.map(drop)
    }

    /// What the server told when it was last connected to.
    pub(crate) fn facts(&self) -> Option<ServerFacts> {
        self.hello.read().as_ref().map(|hello| hello.facts.clone())
    }

    /// The server's own time; it is there as soon as the server was, and before that nothing can be asked anyway.
    pub(crate) fn now(&self) -> Result<Timestamp, Fault> {
        self.hello.read().as_ref().map(Hello::now).ok_or(Fault::Closed)
    }

    /// Sees that a value is not too large. A server that is sent one all the same throws away what it had before.
    pub(crate) fn check_size(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        let largest = self.hello.read().as_ref().map_or(LARGEST_VALUE, |hello| hello.facts.largest_item);
        let (bytes, most) = (HEAD + key.len() + value.len(), largest.min(LARGEST_VALUE));
        if bytes > most { Err(Fault::LargerThan { bytes, most }) } else { Ok(()) }
    }

    /// Asks, on as many connections as it takes, unless what was asked may have been done.
    ///
    /// Has no end by itself: who asks sets one.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Reply, Fault> {
        loop {
            let questions = self.questions().await?;
            let (question, answer) = Question::new(ask.clone());
            if questions.send(question).await.is_err() {
                continue; // by now the state is another
            }
            match answer.await {
                Ok(Err(Fault::Lost)) if ask.is_repeatable() => {}
                Ok(answer) => return answer,
                Err(_) => {} // it was not sent
            }
        }
    }

    /// Returns where to put questions. Without a connection, waits for an attempt that is under way; between two it
    /// fails at once, since waiting would only pile up requests.
    async fn questions(&self) -> Result<mpsc::Sender<Question>, Fault> {
        let mut state = self.state.clone();
        // With its runtime the task that keeps the connection has ended, and what it said last holds no more.
        if state.has_changed().is_err() {
            return Err(Fault::Closed);
        }
        loop {
            match &*state.borrow_and_update() {
                State::Up(questions) => return Ok(questions.clone()),
                State::Away(fault) => return Err(fault.clone()),
                State::Connecting => {}
            }
            state.changed().await.map_err(|_| Fault::Closed)?;
        }
    }
}
