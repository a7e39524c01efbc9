use tokio::sync::watch;

/// Wakes those who wait for events of this process.
#[derive(Debug, Clone)]
pub(crate) struct News(watch::Sender<()>);

impl News {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn announce(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
