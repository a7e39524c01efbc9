use std::collections::{BTreeMap, BTreeSet};

use super::{Break, BreakKind, ChainHash, Checkpoint, Entry, Head, Line, PublicAuditKey, Report, SignedText};

/// Checks a trail entry by entry, and names the first line that is wrong.
///
/// It remembers one line, however long the trail is. After the first break it takes no more: what follows cannot be told.
#[derive(Debug)]
pub struct Verifier {
    trusted: Option<BTreeSet<PublicAuditKey>>,
    anchors: BTreeMap<u64, ChainHash>,
    /// The number that is to come, and the hash that it goes on from.
    next: u64,
    hash: ChainHash,
    /// The end of the trail, as the head promised it.
    end: Option<Checkpoint>,
    has_begun: bool,
    /// A line that does not fit: the next one tells why.
    suspect: Option<(Line, Option<u64>)>,
    report: Report,
}

impl Verifier {
    /// Returns a verifier that takes signatures of these keys and no others, or of any key if there is nothing.
    ///
    /// # Security
    ///
    /// Without keys, whoever could change the trail could sign it anew: then compare [`Report::keys`] with what you know.
    pub fn new(trusted: Option<BTreeSet<PublicAuditKey>>) -> Self {
        Self {
            trusted,
            anchors: BTreeMap::new(),
            next: 1,
            hash: ChainHash::START,
            end: None,
            has_begun: false,
            suspect: None,
            report: Report::default(),
        }
    }

    /// Compares with a checkpoint that was kept elsewhere.
    pub fn expect(&mut self, checkpoint: &Checkpoint) {
        self.anchors.insert(checkpoint.number, checkpoint.hash);
    }

    /// Tells whether something is wrong already.
    pub fn is_broken(&self) -> bool {
        self.report.broken.is_some()
    }

    /// Takes the next entry; `position` is its place in a file, counted from 1.
    pub fn take(&mut self, entry: &Entry, position: Option<u64>) {
        if self.is_broken() {
            return;
        }
        match entry {
            Entry::Head(head) if !self.has_begun => self.begin(head, position),
            // What is not said in the beginning is said by nobody.
            _ if !self.has_begun => self.unreadable(position),
            Entry::Head(_) => self.breaks(self.next, position, BreakKind::Inserted),
            Entry::Line(line) => self.line(line, position),
            Entry::Checkpoint(checkpoint) => self.checkpoint(checkpoint, position),
            Entry::Unsealed(_) => self.report.unsealed += 1,
        }
    }

    /// Takes a line that is no entry.
    pub fn unreadable(&mut self, position: Option<u64>) {
        if !self.is_broken() {
            self.resolve(None);
            self.breaks(self.next, position, BreakKind::Unreadable);
        }
    }

    /// Returns what was found.
    pub fn finish(mut self) -> Report {
        self.resolve(None);
        let last = self.next - 1;
        let promised = self.end.as_ref().map_or(0, |end| end.number);
        let known = self.anchors.last_key_value().map_or(0, |(number, _)| *number);
        let through = promised.max(known);
        if through > last {
            self.breaks(self.next, None, BreakKind::CutOff { through });
        }
        // What comes after the last signature could be by anybody: where a key is known, each batch ends with one.
        let vouched = self.report.signed_through;
        if self.trusted.is_some() && self.report.lines > 0 && vouched != self.report.last {
            let first = vouched.map_or(self.report.first, |through| through.checked_add(1));
            self.breaks(first.unwrap_or(last), None, BreakKind::Signature);
        }
        self.report
    }

    fn begin(&mut self, head: &Head, position: Option<u64>) {
        self.has_begun = true;
        let starts = head.first == 1 && head.after == ChainHash::START;
        if head.hallpass_audit != 1 || head.first == 0 || head.first == 1 && !starts {
            return self.unreadable(position);
        }
        (self.next, self.hash) = (head.first, head.after);
        let before = head.first - 1;
        if self.anchors.get(&before).is_some_and(|anchor| *anchor != head.after) {
            return self.rewritten(before, position);
        }
        if let Some(purged) = &head.purged {
            let fits = match head.first.checked_sub(1) {
                Some(through) if through == purged.through => head.after == purged.hash,
                before => before > Some(purged.through),
            };
            // Nobody vouches for one without a signature: the lines before could have been taken out by anybody.
            if !fits || !self.is_in_order(purged) || self.trusted.is_some() && purged.key.is_none() {
                return self.breaks(head.first, position, BreakKind::Purge);
            }
            self.report.purged = Some(purged.clone());
        }
        if let Some(end) = &head.end {
            if !self.is_in_order(end) {
                return self.breaks(end.number, position, BreakKind::Signature);
            }
            if end.number.checked_add(1).is_none_or(|beyond| beyond < head.first) {
                return self.unreadable(position);
            }
            self.end = Some(end.clone());
        }
    }

    /// Tells whether a statement has no signature, or one that holds.
    fn is_in_order<T: SignedText + Clone>(&self, statement: &T) -> bool {
        match statement.seal() {
            (None, None) => true,
            (Some(key), Some(_)) => {
                self.trusted.as_ref().is_none_or(|trusted| trusted.contains(key)) && key.has_signed(statement)
            }
            _ => false,
        }
    }

    fn line(&mut self, line: &Line, position: Option<u64>) {
        if self.suspect.is_some() {
            return self.resolve(Some(line));
        }
        if self.end.is_none() {
            // There are lines, and the head says that there are none.
            return self.unreadable(position);
        }
        if line.number == self.next && line.event == Line::GONE {
            self.breaks(self.next, position, BreakKind::Removed { through: line.number });
        } else if line.number == self.next && self.fits(self.next, line) {
            self.accept(line, position);
        } else if line.number < self.next {
            self.breaks(self.next, position, BreakKind::Inserted);
        } else {
            self.suspect = Some((line.clone(), position));
        }
    }

    fn fits(&self, number: u64, line: &Line) -> bool {
        self.hash.after(number, &line.event) == line.hash
    }

    fn accept(&mut self, line: &Line, position: Option<u64>) {
        let Some(next) = self.next.checked_add(1) else { return self.unreadable(position) };
        (self.next, self.hash) = (next, line.hash);
        let anchor = self.anchors.get(&line.number).copied();
        let end = self.end.clone().filter(|end| end.number == line.number);
        if anchor.is_some_and(|anchor| anchor != line.hash) || end.as_ref().is_some_and(|end| end.hash != line.hash) {
            return self.rewritten(line.number, position);
        }
        self.report.first.get_or_insert(line.number);
        self.report.last = Some(line.number);
        self.report.lines += 1;
        if let Some(end) = end {
            self.vouch(end);
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint, position: Option<u64>) {
        if self.suspect.is_some() {
            return; // the next line tells
        }
        let last = self.next - 1;
        let is_stripped = checkpoint.key.is_none() && self.report.signed_through.is_some();
        if !self.is_in_order(checkpoint) || self.trusted.is_some() && is_stripped {
            self.breaks(last, position, BreakKind::Signature);
        } else if checkpoint.number > last {
            self.breaks(self.next, position, BreakKind::Removed { through: checkpoint.number });
        } else if checkpoint.number < last {
            self.breaks(self.next, position, BreakKind::Inserted);
        } else if checkpoint.hash != self.hash {
            self.rewritten(last, position);
        } else {
            self.vouch(checkpoint.clone());
        }
    }

    /// Takes note of a checkpoint of the last line that holds.
    fn vouch(&mut self, checkpoint: Checkpoint) {
        if let Some(key) = checkpoint.key {
            self.report.signed_through = Some(checkpoint.number);
            self.report.keys.insert(key);
        }
        self.report.checkpoint = Some(checkpoint);
    }

    fn rewritten(&mut self, through: u64, position: Option<u64>) {
        let vouched = self.report.checkpoint.as_ref().map(|checkpoint| checkpoint.number + 1);
        let first = vouched.or(self.report.first).unwrap_or(through);
        self.breaks(first, position, BreakKind::Rewritten { through });
    }

    /// Says what is wrong with the line that did not fit, by the line that comes after it, if one does.
    fn resolve(&mut self, next: Option<&Line>) {
        let Some((suspect, position)) = self.suspect.take() else { return };
        let number = self.next;
        let goes_on = next.filter(|next| self.fits(number, next));
        let kind = match goes_on {
            Some(next)
                if suspect.number == number + 1 && next.hash.after(number + 1, &suspect.event) == suspect.hash =>
            {
                BreakKind::Moved
            }
            Some(_) => BreakKind::Inserted,
            None if suspect.number > number => BreakKind::Removed { through: suspect.number - 1 },
            None => BreakKind::Changed,
        };
        self.breaks(number, position, kind);
    }

    fn breaks(&mut self, number: u64, position: Option<u64>, kind: BreakKind) {
        self.report.broken.get_or_insert(Break { number, position, kind });
    }
}

#[cfg(test)]
mod tests;
