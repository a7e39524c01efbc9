use crate::failure::Failure;

/// Runs something until it is done or the user presses Ctrl-C: then it is dropped, and there is no answer.
///
/// A second Ctrl-C ends the process at once, as it would have without this.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<Option<T>, Failure> {
    let interrupted = tokio::signal::ctrl_c();
    tokio::select! {
        done = work => done.map(Some),
        heard = interrupted => {
            heard.map_err(|error| Failure::new("Ctrl-C cannot be heard").because(error))?;
            tokio::spawn(async {
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(130); // 128 and the number of SIGINT, as a shell would say
                }
            });
            Ok(None)
        }
    }
}
