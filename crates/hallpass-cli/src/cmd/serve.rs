use std::env;
use std::path::Path;
use std::time::Duration;

use hallpass_server::{Config, Server};

use crate::args::Serve;
use crate::backend::{config_file, layered, misconfigured};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Output, Tone};

/// Runs the service until it is told to stop.
pub(crate) async fn run(serve: &Serve, context: &Context) -> Result<Ending, Failure> {
    if context.global.url.is_some() {
        return Err(Failure::new("--url is for commands that talk to a service; this one is the service")
            .hint("--listen says where it listens"));
    }
    if context.global.realm.is_some() && env::var_os("HALLPASS_REALM").is_none() {
        return Err(Failure::new("a service serves all realms; each API key is for one").hint("leave out --realm"));
    }
    let file = config_file(&context.global)?;
    let config = layered(&context.global, file.as_ref(), serve.flags.clone()).map_err(|error| misconfigured(&error))?;
    let (demo, dashboard, drain) = (config.demo, config.dashboard, Duration::from_secs(config.limits.drain_timeout));
    let store = described(&config);
    let server = Server::start(config).await.map_err(|error| Failure::advising(error, ""))?;
    let file = file.map(|file| file.path.display().to_string());
    // From the moment on that it says it is ready, it can be told to stop.
    let stop = told_to_stop(drain, &context.output)?;
    greet(&server, demo, dashboard, &store, file.as_deref(), &context.output);
    context.output.always(format_args!("hallpass is ready on {}://{}", server.scheme(), server.address()));
    server.run(stop).await.map_err(|error| Failure::advising(error, ""))?;
    if let Some(traces) = context.traces.clone() {
        // Whatever becomes of it, the service itself has stopped well; losses are logged.
        let _ = tokio::task::spawn_blocking(move || traces.finish()).await;
    }
    context.output.note("hallpass has stopped.");
    Ok(Ending::Done)
}

/// Names the store, with its file in full.
fn described(config: &Config) -> String {
    let Some(file) = config.store.strip_prefix("sqlite:") else {
        // Another URL may hold a password.
        return config.store.split(':').next().unwrap_or_default().to_owned();
    };
    let file = file.split('?').next().unwrap_or_default();
    let full = std::path::absolute(file.strip_prefix("//").unwrap_or(file));
    full.map_or_else(|_| file.to_owned(), |path| path.display().to_string())
}

/// Says where everything is and, on a first start, what to try.
fn greet(server: &Server, demo: bool, dashboard: bool, store: &str, file: Option<&str>, output: &Output) {
    let line =
        |name: &str, what: &str| output.note(format_args!("  {}  {what}", Tone::Strong.paint(&format!("{name:9}"))));
    let scheme = server.scheme();
    let base = format!("{scheme}://{}", server.address());
    output.note(format_args!("hallpass {}", env!("CARGO_PKG_VERSION")));
    line("store", store);
    if let Some(file) = file {
        line("config", file);
    }
    if let Some(address) = server.admin_address() {
        line("admin", &format!("{scheme}://{address}"));
    }
    let operators = server.admin_address().map_or_else(|| base.clone(), |address| format!("{scheme}://{address}"));
    if dashboard {
        line("dashboard", &format!("{operators}/dashboard"));
    }
    if demo {
        line("demo", &format!("{base}/demo"));
    }
    let Some(key) = server.first_key() else { return };
    // Also to those who asked for quiet: nobody can see it again.
    output.always(format_args!("  {}  {}", Tone::Strong.paint("admin key"), key.expose()));
    output.note("             It is shown this once; keep it like a password.");
    let me = program();
    output.note("Try next, in another terminal in this folder:");
    if demo {
        output.note(format_args!("  open {base}/demo"));
    }
    let realm = if demo { format!(" --realm {}", hallpass_server::demo::REALM) } else { String::new() };
    output.note(format_args!("  {me} sessions watch{realm}"));
    output.note(format_args!("  {me} keys create shop --role app"));
    output.note(format_args!(
        "  curl -s {base}/v1/sessions -H 'Authorization: Bearer <key>' --json '{{\"subject\": \"alice\"}}'"
    ));
}

/// Returns how this program can be called: by its name, or by its path if it is not where shells look.
fn program() -> String {
    let Ok(path) = env::current_exe() else { return "hallpass".to_owned() };
    let folders = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&folders).any(|folder| folder.join("hallpass") == path) {
        return "hallpass".to_owned();
    }
    let here = env::current_dir().unwrap_or_default();
    let near = path.strip_prefix(&here).map(|near| Path::new(".").join(near));
    near.unwrap_or(path).display().to_string()
}

/// Returns what is over once somebody tells the process to stop; the second time, the process ends at once.
fn told_to_stop(drain: Duration, output: &Output) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut signals = Signals::listen()?;
    let output = output.clone();
    Ok(async move {
        signals.next().await;
        let seconds = drain.as_secs();
        output.note(format_args!("Stopping: running requests have {seconds} seconds to finish; Ctrl-C stops at once."));
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(130); // 128 and the number of SIGINT, as a shell would say
        });
    })
}

/// The ways to tell a process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Failure::new("signals cannot be heard").because(error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps)] // the other kind can fail
    fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
