use std::num::NonZeroUsize;

/// How many records one transaction of a sweep forgets, so that no other write waits long.
const AT_ONCE: usize = 500;

/// Forgets at most `limit` records by `forget`, which is told how many at the most and answers how many; returns how many
/// in all.
///
/// # Errors
///
/// What `forget` fails with.
pub async fn sweep<F, E>(limit: NonZeroUsize, forget: impl Fn(usize) -> F) -> Result<usize, E>
where
    F: Future<Output = Result<usize, E>>,
{
    let mut forgotten = 0;
    while forgotten < limit.get() {
        let at_once = AT_ONCE.min(limit.get() - forgotten);
        let gone = forget(at_once).await?;
        forgotten += gone;
        if gone < at_once {
            break;
        }
    }
    Ok(forgotten)
}
