use super::carrier::Presented;
use crate::error::Error;
use crate::event::EventKind;
use crate::sessions::{By, Entry, Sessions, Witness};

impl Sessions {
    /// Opens what a request presents: the one token that is good, or nothing if none or several are.
    ///
    /// A browser sends a cookie that a sibling domain planted beside ours, and the order says nothing (`CKT-2`); so
    /// neither is believed for its place, and a planted one can neither log anybody out nor in.
    pub(super) async fn admit_presented(
        &self,
        presented: Presented<'_>,
        witness: &dyn Witness,
    ) -> Result<Entry, Error> {
        match presented.texts() {
            _ if presented.is_oversized() => {
                self.report_with(EventKind::OversizedCookies, witness, |_| ());
                Err(Error::oversized())
            }
            [] => Ok(Entry::Nobody),
            [text] => match self.present(text, None, witness).await {
                Ok(token) => Entry::of(self.admit_token(token, By::CopyOrRecord, witness).await),
                Err(rejected) => Entry::of(Err(rejected)),
            },
            // Rare and large: as a part of this future, every request would have to carry it.
            texts => Box::pin(self.admit_one_of(texts, witness)).await,
        }
    }

    async fn admit_one_of(&self, texts: &[&[u8]], witness: &dyn Witness) -> Result<Entry, Error> {
        let mut found = (Entry::Nobody, None);
        let mut is_told = false;
        for &text in texts {
            let token = match self.present(text, None, witness).await {
                Ok(token) => token,
                Err(rejected) => {
                    Entry::of(Err(rejected))?;
                    continue;
                }
            };
            // Where none of it is a token, nobody's session is concerned.
            if !is_told {
                self.report_with(EventKind::DuplicateCookie, witness, |_| ());
                is_told = true;
            }
            match (Entry::of(self.admit_token(token, By::CopyOrRecord, witness).await)?, &found.0) {
                (Entry::Admitted(_), Entry::Admitted(_)) => return Ok(Entry::Nobody),
                (Entry::Nobody, _) | (Entry::LeftBehind(_), Entry::Admitted(_)) => {}
                (entry, _) => found = (entry, Some(text)),
            }
        }
        match found {
            // What carries its session was put out of hand by the texts after it.
            (entry, Some(text)) if self.is_carried() => match self.present(text, None, witness).await {
                Ok(_) => Ok(entry),
                Err(rejected) => Entry::of(Err(rejected)),
            },
            (entry, _) => Ok(entry),
        }
    }
}
