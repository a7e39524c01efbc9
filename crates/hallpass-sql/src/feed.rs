use std::sync::Arc;

use hallpass::{Change, ChangeStream};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::news::News;

/// What other nodes announce, heard from the first listener on until this is dropped.
#[derive(Debug)]
pub struct Feed {
    news: Arc<News>,
    runtime: Handle,
    hearing: Mutex<Option<AbortHandle>>,
}

impl Feed {
    /// Returns a feed that nobody listens to yet; it will be heard on the present runtime.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime.
    pub fn on_this_runtime() -> Self {
        Self { news: Arc::default(), runtime: Handle::current(), hearing: Mutex::new(None) }
    }

    /// Returns the news from now on, after a hole.
    ///
    /// The first time `hear` is started. It tells all that it hears, and a hole whenever it begins to hear and whenever
    /// it may have missed something.
    pub fn listen<F>(&self, hear: impl FnOnce(Arc<News>) -> F) -> ChangeStream
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stream = self.news.listen();
        let mut hearing = self.hearing.lock();
        if hearing.is_none() {
            *hearing = Some(self.runtime.spawn(hear(Arc::clone(&self.news))).abort_handle());
        } else {
            self.news.tell(&Change::Hole);
        }
        stream
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(hearing) = self.hearing.get_mut() {
            hearing.abort();
        }
    }
}
