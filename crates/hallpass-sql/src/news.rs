use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;
use hallpass::{Change, ChangeStream, Expected, Record};
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// How much news waits for a listener that is slow; one that is slower has missed something, and is told so.
const WAITING: usize = 4096;

/// Tells whether a save is told to other nodes, in its own transaction: told later, the news would be lost with whoever
/// is to tell it.
///
/// Only of what begins nobody has a copy. Touches and saves are told apart by the store, so a save that merely notes the
/// first use of a token is told too: here it looks like a change of attributes.
pub fn is_news(record: &Record, expected: Expected) -> bool {
    record.ended.is_some() || expected != Expected::Absent
}

/// Tells everybody who listens of what changed.
#[derive(Debug, Default)]
pub struct News {
    listeners: Mutex<Vec<Listener>>,
}

#[derive(Debug)]
struct Listener {
    sender: mpsc::Sender<Change>,
    has_missed: Arc<AtomicBool>,
}

struct Listening {
    receiver: mpsc::Receiver<Change>,
    has_missed: Arc<AtomicBool>,
}

impl News {
    /// Returns what is told from now on; it ends when these news are dropped.
    pub fn listen(&self) -> ChangeStream {
        let (sender, receiver) = mpsc::channel(WAITING);
        let has_missed = Arc::new(AtomicBool::new(false));
        self.listeners.lock().push(Listener { sender, has_missed: Arc::clone(&has_missed) });
        Box::pin(Listening { receiver, has_missed })
    }

    /// Tells a change to all who listen.
    pub fn tell(&self, change: &Change) {
        self.listeners.lock().retain(|listener| match listener.sender.try_send(change.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                listener.has_missed.store(true, Ordering::Release);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }
}

impl Stream for Listening {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Change>> {
        if self.has_missed.swap(false, Ordering::AcqRel) {
            return Poll::Ready(Some(Change::Hole));
        }
        self.receiver.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass::{Realm, SessionId};
    use std::task::Waker;

    fn next(stream: &mut ChangeStream) -> Poll<Option<Change>> {
        stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_listens_too_slowly_is_told_that_something_was_missed() {
        let news = News::default();
        let (mut slow, mut quick) = (news.listen(), news.listen());
        let change = Change::Session { realm: Realm::default(), id: SessionId::random() };
        for _ in 0..=WAITING {
            news.tell(&change);
            assert_eq!(next(&mut quick), Poll::Ready(Some(change.clone())));
        }
        assert_eq!(next(&mut quick), Poll::Pending);
        assert_eq!(next(&mut slow), Poll::Ready(Some(Change::Hole)));
        assert_eq!(next(&mut slow), Poll::Ready(Some(change)));
        drop(news);
        assert_eq!(next(&mut quick), Poll::Ready(None));
    }
}
