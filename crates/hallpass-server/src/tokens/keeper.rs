use std::sync::Arc;

use hallpass::{Actor, Caller, EventKind};
use tokio::task::JoinHandle;

use super::mint::Mint;
use super::signing_keys::SigningKeyInfo;
use crate::app::App;
use crate::events::tell;

/// Keeps the keys of tokens up, again and again: what another node makes or takes away is heeded here within two seconds.
#[derive(Debug)]
pub(crate) struct Keeper(Option<JoinHandle<()>>);

impl Keeper {
    pub(crate) fn start(app: &Arc<App>) -> Self {
        let Some(interval) = app.mint.as_ref().and_then(Mint::interval) else { return Self(None) };
        let (app, mut stopping) = (Arc::clone(app), app.stopping.clone());
        Self(Some(tokio::spawn(async move {
            let mut has_failed = false;
            while tokio::time::timeout(interval, stopping.wait_for(|stopping| *stopping)).await.is_err() {
                let Some(mint) = &app.mint else { return };
                let now = app.sessions.now();
                match mint.keep_up(now).await {
                    Ok(made) => {
                        has_failed = false;
                        if let Some(made) = made {
                            let caller = Caller::new(Actor::policy());
                            let made = SigningKeyInfo::of(&made, now);
                            tell(&app.sessions, made.event(EventKind::KeyRotated, &caller, None, now)).await;
                        }
                    }
                    // Said once, and not every two seconds of an outage.
                    Err(error) if !has_failed => {
                        let cause = std::error::Error::source(&error).map(tracing::field::display);
                        tracing::warn!(error = %error, cause, "the keys of tokens could not be kept up");
                        has_failed = true;
                    }
                    Err(_) => {}
                }
            }
        })))
    }

    /// Waits until what is under way is through.
    pub(crate) async fn stop(self) {
        let Some(task) = self.0 else { return };
        if let Err(error) = task.await {
            tracing::error!(error = %error, "the keeper of the keys ended early");
        }
    }
}
