use hallpass::audit::{Checkpoint, Entry, Head, Line, SignedText as _};
use hallpass::{EventId, PageLimit, StoreError};

use super::AuditTrail;

/// An export under way: its entries, a page at a time, in their order.
#[derive(Debug)]
pub struct Export {
    trail: AuditTrail,
    head: Option<Head>,
    /// The last line that was given.
    given: u64,
    /// The last line that there was when the export began.
    through: u64,
    last: Option<EventId>,
    is_over: bool,
}

impl Export {
    pub(super) async fn begin(trail: AuditTrail, from: u64) -> Result<Self, StoreError> {
        let last = trail.trail.last().await?;
        let purged = trail.purged().await?;
        let beginning = purged.as_ref().map_or(1, |purged| purged.through.saturating_add(1));
        let first = from.max(beginning).max(1);
        let after = match &purged {
            Some(purged) if first == beginning => purged.hash,
            _ => trail.hash_of(first - 1).await?,
        };
        let end = last.as_ref().map(AuditTrail::checkpoint_of);
        let through = last.as_ref().map_or(0, |last| last.number);
        let head = Some(Head::new(first, after, purged, end));
        Ok(Self { trail, head, given: first - 1, through, last: last.map(|last| last.event), is_over: false })
    }

    /// Returns the number of the last line that it will have, 0 if there is none.
    pub fn through(&self) -> u64 {
        self.through
    }

    /// Returns the number of the last line that was given.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Returns the next entries, or nothing after the last.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`].
    pub async fn next(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        if let Some(head) = self.head.take() {
            return Ok(Some(vec![Entry::Head(head)]));
        }
        if self.is_over {
            return Ok(None);
        }
        let lines = if self.given < self.through { self.lines().await? } else { Vec::new() };
        if !lines.is_empty() {
            return Ok(Some(lines));
        }
        // A page is enough: they are sealed within a second.
        self.is_over = true;
        let unsealed = self.trail.trail.unsealed(self.last, PageLimit::MOST).await?;
        Ok(Some(unsealed.iter().map(|event| Entry::Unsealed(Line::text_of(event))).collect()))
    }

    async fn lines(&mut self) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for line in self.trail.trail.sealed(self.given, PageLimit::MOST).await? {
            if line.seal.number > self.through {
                break;
            }
            self.given = line.seal.number;
            entries.push(Entry::Line(Line::of(&line)));
            if let Some(text) = &line.seal.checkpoint {
                // What is damaged is given too, as what nobody signed: whoever checks it finds it.
                let damaged = || {
                    Checkpoint::new(
                        line.seal.number,
                        hallpass::audit::ChainHash::START,
                        hallpass::Timestamp::UNIX_EPOCH,
                    )
                };
                entries.push(Entry::Checkpoint(Checkpoint::read(text).unwrap_or_else(damaged)));
            }
        }
        Ok(entries)
    }
}
