//! Sessions of other frameworks, where those keep them.

mod count;
mod list;
mod purge;
mod revoke;
mod show;

use std::collections::HashSet;
use std::env;

use hallpass_foreign::dialects::django::Django;
use hallpass_foreign::{
    Clues, Error, Found, Framework, Home, PostgresHome, RedisHome, RedisServer, Secret, SqliteHome, detect,
};

use crate::args::{Filter, Foreign, Name, SessionsCommand, State};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::view::ForeignView;

/// How many sessions are asked for at once.
const PAGE: usize = 100;

/// Runs a command on the sessions of another framework.
pub(crate) async fn run(foreign: &Foreign, command: SessionsCommand, context: &Context) -> Result<Ending, Failure> {
    let told = |what| Err(Failure::new(format!("sessions of other frameworks cannot be {what}")));
    match command {
        SessionsCommand::Explain(_) => told("explained: nothing is kept of what ended"),
        SessionsCommand::Watch(_) => told("watched"),
        SessionsCommand::List(list) => list::run(&Here::open(foreign, context).await?, &list).await,
        SessionsCommand::Show(show) => show::run(&Here::open(foreign, context).await?, &show).await,
        SessionsCommand::Ttl(ttl) => show::left(&Here::open(foreign, context).await?, &ttl).await,
        SessionsCommand::Count(count) => count::run(&Here::open(foreign, context).await?, &count).await,
        SessionsCommand::Revoke(revoke) => revoke::run(&Here::open(foreign, context).await?, &revoke).await,
        SessionsCommand::Purge(purge) => purge::run(&Here::open(foreign, context).await?, &purge).await,
    }
}

/// Says that nobody said whose sessions are to be forgotten.
pub(crate) fn unnamed() -> Failure {
    Failure::new("purge is for sessions of other frameworks")
        .hint("--dialect says which; `hallpass sweep` is for those of hallpass")
}

/// The home that was named, and how it is looked at.
struct Here<'a> {
    home: Box<dyn Home>,
    shows_keys: bool,
    context: &'a Context,
}

impl<'a> Here<'a> {
    async fn open(foreign: &Foreign, context: &'a Context) -> Result<Self, Failure> {
        let shows_keys = foreign.danger_show_keys;
        Ok(Self { home: open(foreign, context).await?, shows_keys, context })
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.context.now().as_millis()).unwrap_or(i64::MAX)
    }

    fn view(&self, found: &Found) -> ForeignView {
        ForeignView::of(&*self.home, found, self.context.now(), self.shows_keys)
    }

    /// Returns the session that is named; where only its fingerprint is known, all are looked at.
    async fn find(&self, name: &Name) -> Result<Found, Failure> {
        let unknown = |name: String| {
            Failure::refused(format!("there is no session {name}")).hint("`hallpass sessions list` shows them")
        };
        match name {
            Name::Own(id) => Err(unknown(id.to_string())),
            Name::Key(_) if !self.shows_keys => Err(Failure::new("a key is the session itself")
                .hint("name it as `hallpass sessions list` does; --danger-show-keys takes keys, too")),
            Name::Key(key) => {
                let found = self.home.load(key, self.now_ms()).await?;
                found.ok_or_else(|| unknown(key.fingerprint().to_string()))
            }
            Name::Fingerprint(fingerprint) => {
                let mut pages = Pages::new(self);
                while let Some(page) = pages.next().await? {
                    if let Some(found) = page.into_iter().find(|one| one.credential.fingerprint() == *fingerprint) {
                        return Ok(found);
                    }
                }
                Err(unknown(fingerprint.to_string()))
            }
        }
    }
}

async fn open(foreign: &Foreign, context: &Context) -> Result<Box<dyn Home>, Failure> {
    if context.global.url.is_some() {
        return Err(Failure::new("a service has no sessions of other frameworks").hint("--store names where they are"));
    }
    let variable = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    let url = context.global.store.clone().or_else(|| variable("HALLPASS_STORE"));
    let url = url.ok_or_else(|| {
        Failure::new("nothing says where the sessions are").hint("--store names it, such as redis://127.0.0.1")
    })?;
    let framework = foreign.framework();
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let path = url.strip_prefix("sqlite:");
    if path.is_some() || is_postgres {
        if framework.is_some_and(|framework| framework != Framework::Django) {
            return Err(Failure::new("in a table there are only sessions of Django").hint("--dialect django"));
        }
        let secret = variable("HALLPASS_DIALECT_SECRET");
        if secret.is_none() {
            context.output.note("Without SECRET_KEY in HALLPASS_DIALECT_SECRET, rows can be counted and not be read.");
        }
        let django = Django::db(secret.map(Secret::new));
        return match path {
            Some(path) => Ok(Box::new(SqliteHome::open(path, django)?)),
            None => Ok(Box::new(PostgresHome::connect(&url, django).await?)),
        };
    }
    let server = RedisServer::from_url(&url).await;
    let server = server.map_err(|error| Failure::advising(error, "--store names another server"))?;
    let mut clues = Clues::default();
    clues.framework = framework;
    clues.prefix.clone_from(&foreign.key_prefix);
    clues.user_path = foreign.user_path.iter().flat_map(|path| path.split('.')).map(str::to_owned).collect();
    let mut found = detect(&server, &clues).await?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(Box::new(RedisHome::new(server, one.tongue)?)),
        (Some(last), false) => {
            let all: Vec<_> = found.iter().chain([&last]).map(|one| one.description.as_str()).collect();
            Err(Failure::refused(format!("there are several kinds of sessions: {}", all.join("; ")))
                .hint("--dialect and --key-prefix say which"))
        }
        (None, _) => {
            Err(Failure::refused("no session of another framework was found").hint("--dialect says whose they are"))
        }
    }
}

/// All sessions of a home, page by page, each once.
struct Pages<'a> {
    here: &'a Here<'a>,
    seen: HashSet<hallpass_foreign::Fingerprint>,
    after: Option<String>,
    is_over: bool,
}

impl<'a> Pages<'a> {
    fn new(here: &'a Here<'a>) -> Self {
        Self { here, seen: HashSet::new(), after: None, is_over: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<Found>>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.here.home.list(self.after.as_deref(), PAGE, self.here.now_ms()).await?;
        self.is_over = page.next.is_none();
        self.after = page.next;
        let is_new = |found: &Found| self.seen.insert(found.credential.fingerprint());
        Ok(Some(page.items.into_iter().filter(is_new).collect()))
    }
}

/// Which sessions are asked for.
struct Wanted<'a> {
    subject: Option<&'a str>,
    states: &'a [State],
}

impl<'a> Wanted<'a> {
    /// Refuses what nobody can say of sessions of other frameworks.
    fn new(filter: &'a Filter, states: &'a [State]) -> Result<Self, Failure> {
        let others = Filter { subject: None, ..filter.clone() };
        if !others.is_empty() {
            return Err(Failure::new("of sessions of other frameworks only the subject is known")
                .hint("--subject and --state are the filters here"));
        }
        Ok(Self { subject: filter.subject.as_ref().map(hallpass::Subject::as_str), states })
    }

    fn takes(&self, session: &ForeignView) -> bool {
        let is_of = self.subject.is_none_or(|subject| session.subject.as_deref() == Some(subject));
        // What cannot be read is not known to be over.
        let state = if session.state == "ended" { State::Ended } else { State::Active };
        is_of && (self.states.is_empty() || self.states.contains(&state))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = if error.is_unavailable() {
            Self::passing("the store cannot be used now").hint("try again; --verbose shows the cause")
        } else {
            Self::new(error.to_string())
        };
        failure.because(error)
    }
}
