use std::pin::Pin;
use std::task::{Context, Poll};

/// The task of a connection, which works only after everybody who is ready has had their turn.
///
/// A runtime runs at once what was woken last, so a connection would write every question by itself. Of one that goes to
/// the end of the queue instead, a single write takes all questions that were put meanwhile, and the server reads, and
/// answers, them together. With nobody else to run, it is its turn at once.
pub(super) struct Gathering<F> {
    task: Pin<Box<F>>,
    had_turn: bool,
}

impl<F> Gathering<F> {
    pub(super) fn new(task: F) -> Self {
        Self { task: Box::pin(task), had_turn: true }
    }
}

impl<F: Future> Future for Gathering<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.had_turn {
            self.had_turn = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.had_turn = true;
        self.task.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::mpsc;

    use super::*;

    const QUESTIONS: usize = 32;

    /// Answers how many of the questions that several tasks put at once are met in each turn.
    async fn met_at_once(gathers: bool) -> Vec<usize> {
        let (questions, mut put) = mpsc::unbounded_channel();
        let (turns, mut taken) = mpsc::unbounded_channel();
        let task = poll_fn(move |context| {
            let mut met = 0;
            while let Poll::Ready(Some(())) = put.poll_recv(context) {
                met += 1;
            }
            if met > 0 {
                turns.send(met).expect("the test listens");
            }
            Poll::<()>::Pending
        });
        let task = if gathers { tokio::spawn(Gathering::new(task)) } else { tokio::spawn(task) };
        for _ in 0..QUESTIONS {
            let questions = questions.clone();
            tokio::spawn(async move { questions.send(()).expect("the connection lives") });
        }
        let mut met = Vec::new();
        while met.iter().sum::<usize>() < QUESTIONS {
            met.extend(taken.recv().await);
        }
        task.abort();
        met
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn questions_that_are_put_at_once_go_out_together() {
        // On the worker itself, so that nothing else decides about the order.
        let counted = tokio::spawn(async { (met_at_once(true).await, met_at_once(false).await) });
        let (gathered, single) = counted.await.expect("it ends");
        assert!(gathered.len() <= 2, "{gathered:?}");
        assert!(single.len() > 2, "a connection like others writes sooner: {single:?}");
    }
}
