use hallpass::{Clock as _, SystemClock, Timestamp};
use hallpass_server::Traces;

use crate::args::Global;
use crate::backend::{Backend, choose};
use crate::failure::Failure;
use crate::output::Output;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// The options that every command has.
    pub(crate) global: Global,
    /// Where its words go.
    pub(crate) output: Output,
    /// Where traces go, if anywhere.
    pub(crate) traces: Option<Traces>,
    clock: SystemClock,
}

impl Context {
    /// Returns the context of a command that was given these options.
    pub(crate) fn new(global: Global, output: Output, traces: Option<Traces>) -> Self {
        Self { global, output, traces, clock: SystemClock::new() }
    }

    /// Returns the service or store that the options and the environment name.
    pub(crate) async fn backend(&self) -> Result<Box<dyn Backend>, Failure> {
        choose(&self.global, &self.output).await
    }

    /// Returns the present instant, which distances in time are told from.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
