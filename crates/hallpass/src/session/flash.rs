//! What the next page is to say.

use serde::{Deserialize, Serialize};

use super::Session;
use crate::error::Error;

/// The attribute that holds what is not said yet.
const FLASHES: &str = "hallpass.flashes";

/// A message for the next page that is shown, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flash {
    /// How it is meant.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl Flash {
    /// How many messages wait at the most; of more, the oldest go.
    pub const MOST: usize = 8;
    /// How many characters of a message are kept.
    pub const LONGEST: usize = 512;
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tone {
    /// Something is as was wished.
    Success,
    /// Something is so.
    Info,
    /// Something may not be as was wished.
    Warning,
    /// Something did not work.
    Error,
}

impl Tone {
    /// Returns the word for it: `success`, `info`, `warning` or `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Session {
    /// Has the next page that takes its messages say something.
    ///
    /// A message from before a login goes with the other attributes of that time; say it after
    /// [`authenticate`](Session::authenticate). One after [`log_out`](Session::log_out) goes into a new, anonymous session.
    ///
    /// ```
    /// # use hallpass::{Caller, MemoryStore, NewSession, Sessions, Tone};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
    /// # let issued = sessions.create(NewSession::anonymous(), &Caller::user()).await?;
    /// # let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
    /// session.flash(Tone::Success, "Your address was saved.")?;
    /// let said = session.take_flashes()?;
    /// assert_eq!((said[0].tone.as_str(), said[0].text.as_str()), ("success", "Your address was saved."));
    /// assert!(session.take_flashes()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    ///
    /// The text is what the handler gives: where it has words of a user, the page escapes them as any other text.
    ///
    /// # Errors
    ///
    /// As [`update`](Session::update).
    pub fn flash(&self, tone: Tone, text: &str) -> Result<(), Error> {
        let flash = Flash { tone, text: text.chars().take(Flash::LONGEST).collect() };
        self.update(FLASHES, move |waiting: Option<Vec<Flash>>| {
            let mut waiting = waiting.unwrap_or_default();
            waiting.push(flash.clone());
            waiting.drain(..waiting.len().saturating_sub(Flash::MOST));
            waiting
        })?;
        Ok(())
    }

    /// Returns what this page is to say, oldest first, and forgets it. What another request has to say meanwhile stays.
    ///
    /// # Errors
    ///
    /// As [`get`](Session::get) and [`update`](Session::update).
    pub fn take_flashes(&self) -> Result<Vec<Flash>, Error> {
        let said: Vec<Flash> = self.get(FLASHES)?.unwrap_or_default();
        if !said.is_empty() {
            let taken = said.clone();
            self.update_or_remove(FLASHES, move |waiting: Option<Vec<Flash>>| {
                let mut waiting = waiting.unwrap_or_default();
                for flash in &taken {
                    if let Some(position) = waiting.iter().position(|other| other == flash) {
                        waiting.remove(position);
                    }
                }
                (!waiting.is_empty()).then_some(waiting)
            })?;
        }
        Ok(said)
    }
}
