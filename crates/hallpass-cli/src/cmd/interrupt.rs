use crate::failure::Failure;

/// Hears Ctrl-C from the moment it is made: make it before anything is shown that somebody may want to interrupt.
pub(super) struct Interrupt {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
    #[cfg(windows)]
    signal: tokio::signal::windows::CtrlC,
}

impl Interrupt {
    pub(super) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c();
        let signal = signal.map_err(|error| Failure::new("Ctrl-C cannot be heard").because(error))?;
        Ok(Self { signal })
    }

    /// Runs something until it is done or the user presses Ctrl-C: then it is dropped, and there is no answer.
    ///
    /// A second Ctrl-C ends the process at once, as it would have without this.
    pub(super) async fn or<T>(mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<Option<T>, Failure> {
        tokio::select! {
            done = work => done.map(Some),
            _ = self.signal.recv() => {
                tokio::spawn(async move {
                    self.signal.recv().await;
                    std::process::exit(130); // 128 and the number of SIGINT, as a shell would say
                });
                Ok(None)
            }
        }
    }
}
