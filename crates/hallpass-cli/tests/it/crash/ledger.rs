//! What a client knows of its sessions, and what must therefore hold.

/// A moment, in milliseconds since the test began.
pub(super) type Moment = u64;

/// Something happened in here: between a request and its answer, or the kill that came instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Moment,
    pub(super) to: Moment,
}

/// The two times that decide about replaced tokens, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) grace: Moment,
    pub(super) replay_after: Moment,
}

/// How far the clocks of test and service may be apart, and how coarse they are.
const SLACK: Moment = 150;

/// Whether a token was shown to the service after it was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Never,
    /// The request was cut off: it was or was not.
    Perhaps(Span),
    Surely(Span),
}

/// A token that was handed out in an answer that arrived.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) token: String,
    pub(super) made: Span,
    pub(super) shown: Shown,
}

/// Whether the session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    No,
    /// The request was cut off: it was or was not.
    Asked,
    Acknowledged,
}

/// One session, as far as its client was told.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Every token in the order of their making; the last is the one to use.
    pub(super) tokens: Vec<Held>,
    /// The last number that was written to its data and acknowledged.
    pub(super) written: u64,
    /// The last number that was asked to be written.
    pub(super) asked: u64,
    pub(super) end: End,
    /// The last renewal since the last token that was cut off: there is one more token, or there is not.
    pub(super) lost: Option<Span>,
    /// How many renewals were asked for: there cannot be more.
    pub(super) renewals: usize,
}

/// What a service shows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    Living { written: u64 },
    Ended,
}

/// A token as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    /// The token at this place in [`Entry::tokens`].
    Held(usize),
    /// The last token with another secret.
    Forged,
}

/// What came of showing a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// It opened its session.
    Good,
    /// It was refused, and the session lives on as it was.
    Refused,
    /// It was refused, and the session ended as stolen.
    Replayed,
}

impl Entry {
    /// Returns the session that an answer told of.
    pub(super) fn new(id: String, token: String, made: Span) -> Self {
        // What is handed out at a sign-in counts as shown.
        let first = Held { token, made, shown: Shown::Surely(made) };
        Self { id, tokens: vec![first], written: 0, asked: 0, end: End::No, lost: None, renewals: 0 }
    }

    /// Returns the token to use.
    pub(super) fn last(&self) -> &Held {
        self.tokens.last().expect("there is always one")
    }

    /// As [`last`](Self::last).
    pub(super) fn last_mut(&mut self) -> &mut Held {
        self.tokens.last_mut().expect("there is always one")
    }

    /// Says what is wrong with what the service shows, if anything is.
    pub(super) fn judge(&self, seen: &Seen) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what}: {seen:?} of {self:?}"));
        match (seen, self.end) {
            (Seen::Nothing, _) => wrong("an acknowledged session is gone"),
            (Seen::Living { .. }, End::Acknowledged) => wrong("an ended session is back"),
            (Seen::Ended, End::No) => wrong("a session ended that nobody ended"),
            (Seen::Living { written }, _) if *written < self.written => wrong("an acknowledged write is lost"),
            (Seen::Living { written }, _) if *written != self.written && *written != self.asked => {
                wrong("something was written that nobody wrote")
            }
            _ => Ok(()),
        }
    }

    /// Takes in what a service showed that was right: what was open is settled now.
    pub(super) fn settle(&mut self, seen: &Seen) {
        match seen {
            Seen::Living { written } => {
                (self.written, self.asked) = (*written, *written);
                self.end = End::No;
            }
            Seen::Ended => self.end = End::Acknowledged,
            Seen::Nothing => {}
        }
    }

    /// Returns every answer that the five rules allow to a token shown in `when`; never none.
    pub(super) fn allowed(&self, presented: Presented, when: Span, rules: Rules) -> Vec<Answer> {
        let mut allowed = match (presented, self.end) {
            (_, End::Acknowledged) | (Presented::Forged, _) => vec![Answer::Refused],
            (Presented::Held(place), _) => self.by_age(place, when, rules),
        };
        if self.end == End::Asked {
            allowed.push(Answer::Refused);
        }
        allowed.sort_unstable();
        allowed.dedup();
        allowed
    }

    fn by_age(&self, place: usize, when: Span, rules: Rules) -> Vec<Answer> {
        let last = self.tokens.len() - 1;
        if place == last {
            // Rule 1; or, if a renewal was lost, rule 2 and then 3: nobody has shown the token that was lost.
            return vec![Answer::Good];
        }
        let successor = &self.tokens[last];
        let mut allowed = if place + 1 == last {
            Self::just_replaced(successor, when, rules)
        } else {
            self.long_replaced(successor.made, when, rules)
        };
        if let Some(lost) = self.lost {
            // With one more token in between, it is older than it seems.
            allowed.extend(self.long_replaced(lost, when, rules));
        }
        allowed
    }

    /// The token that was shown when the present one was made: rule 2, then 3 or 4.
    fn just_replaced(successor: &Held, when: Span, rules: Rules) -> Vec<Answer> {
        let (made, shown) = (successor.made, successor.shown);
        let may_be_in_grace = when.from <= made.to + rules.grace + SLACK;
        let may_be_past_grace = when.to + SLACK > made.from + rules.grace;
        let mut allowed = Vec::new();
        if may_be_in_grace || !matches!(shown, Shown::Surely(_)) {
            allowed.push(Answer::Good);
        }
        let (Shown::Surely(at) | Shown::Perhaps(at)) = shown else { return allowed };
        if may_be_past_grace {
            // What may not have been shown at all proves no theft yet.
            if when.from <= at.to + rules.replay_after + SLACK || matches!(shown, Shown::Perhaps(_)) {
                allowed.push(Answer::Refused);
            }
            if when.to + SLACK > at.from + rules.replay_after {
                allowed.push(Answer::Replayed);
            }
        }
        allowed
    }

    /// A token from before that: rule 4.
    fn long_replaced(&self, made: Span, when: Span, rules: Rules) -> Vec<Answer> {
        let mut allowed = Vec::new();
        if when.from <= made.to + rules.replay_after + SLACK {
            allowed.push(Answer::Refused);
        }
        // Whoever renews all the time is found out by the age of the token, whenever the last renewal was.
        let started = self.tokens[0].made.from;
        if when.to + SLACK > started + rules.replay_after {
            allowed.push(Answer::Replayed);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { grace: 5000, replay_after: 10_000 };

    fn at(moment: Moment) -> Span {
        Span { from: moment, to: moment + 10 }
    }

    fn held(made: Moment, shown: Shown) -> Held {
        Held { token: format!("token of {made}"), made: at(made), shown }
    }

    /// A session with three tokens, the last of which was used; four writes were acknowledged.
    fn entry() -> Entry {
        let mut entry = Entry::new("session".to_owned(), "token of 0".to_owned(), at(0));
        entry.tokens.push(held(1000, Shown::Surely(at(1100))));
        entry.tokens.push(held(2000, Shown::Surely(at(2100))));
        (entry.written, entry.asked) = (4, 4);
        entry
    }

    #[test]
    fn a_lost_write_is_reported() {
        let mut entry = entry();
        assert_eq!(entry.judge(&Seen::Living { written: 4 }), Ok(()));
        for written in [0, 3, 5] {
            assert!(entry.judge(&Seen::Living { written }).is_err(), "{written}");
        }
        entry.asked = 5;
        assert_eq!(entry.judge(&Seen::Living { written: 5 }), Ok(()), "what was cut off may have been written");
        assert_eq!(entry.judge(&Seen::Living { written: 4 }), Ok(()), "or not");
        assert!(entry.judge(&Seen::Living { written: 3 }).is_err());
    }

    #[test]
    fn a_lost_session_and_a_lost_end_are_reported() {
        let mut entry = entry();
        assert!(entry.judge(&Seen::Nothing).is_err_and(|said| said.starts_with("an acknowledged session is gone")));
        assert!(entry.judge(&Seen::Ended).is_err_and(|said| said.starts_with("a session ended that nobody ended")));
        entry.end = End::Asked;
        assert_eq!(entry.judge(&Seen::Ended), Ok(()));
        assert_eq!(entry.judge(&Seen::Living { written: 4 }), Ok(()));
        entry.end = End::Acknowledged;
        assert_eq!(entry.judge(&Seen::Ended), Ok(()));
        assert!(
            entry.judge(&Seen::Living { written: 4 }).is_err_and(|said| said.starts_with("an ended session is back"))
        );
        assert!(entry.judge(&Seen::Nothing).is_err(), "also the memory of an end is kept");
    }

    #[test]
    fn what_was_open_is_settled_by_what_is_seen() {
        let mut entry = entry();
        (entry.asked, entry.end) = (5, End::Asked);
        entry.settle(&Seen::Living { written: 5 });
        assert_eq!((entry.written, entry.end), (5, End::No));
        assert!(entry.judge(&Seen::Living { written: 4 }).is_err(), "what was seen once stays");
        entry.settle(&Seen::Ended);
        assert!(entry.judge(&Seen::Living { written: 5 }).is_err());
    }

    #[test]
    fn the_present_token_is_good_whatever_was_lost() {
        let mut entry = entry();
        let shown = |entry: &Entry, moment| entry.allowed(Presented::Held(2), at(moment), RULES);
        assert_eq!(shown(&entry, 60_000), [Answer::Good]);
        entry.lost = Some(at(3000));
        for moment in [3100, 9000, 60_000] {
            assert_eq!(shown(&entry, moment), [Answer::Good]);
        }
    }

    #[test]
    fn a_token_just_replaced_is_good_and_then_spent_and_then_a_sign_of_theft() {
        let mut entry = entry();
        let shown = |entry: &Entry, moment| entry.allowed(Presented::Held(1), at(moment), RULES);
        assert_eq!(shown(&entry, 2200), [Answer::Good]);
        assert_eq!(shown(&entry, 7000), [Answer::Good, Answer::Refused], "at the very end of the grace");
        assert_eq!(shown(&entry, 8000), [Answer::Refused]);
        assert_eq!(shown(&entry, 13_000), [Answer::Replayed]);
        entry.tokens[2].shown = Shown::Never;
        assert_eq!(shown(&entry, 13_000), [Answer::Good], "rule 3: the successor was never used");
        entry.tokens[2].shown = Shown::Perhaps(at(2100));
        assert_eq!(shown(&entry, 13_000), [Answer::Good, Answer::Refused, Answer::Replayed]);
    }

    #[test]
    fn an_old_token_is_never_good() {
        let mut entry = entry();
        let shown = |entry: &Entry, moment| entry.allowed(Presented::Held(0), at(moment), RULES);
        assert_eq!(shown(&entry, 2200), [Answer::Refused]);
        assert_eq!(shown(&entry, 11_000), [Answer::Refused, Answer::Replayed]);
        assert_eq!(shown(&entry, 13_000), [Answer::Replayed]);
        entry.lost = Some(at(12_000));
        assert_eq!(shown(&entry, 13_000), [Answer::Refused, Answer::Replayed]);
        assert_eq!(entry.allowed(Presented::Forged, at(13_000), RULES), [Answer::Refused], "rule 5 ends nothing");
    }

    #[test]
    fn no_token_of_an_ended_session_is_good() {
        let mut entry = entry();
        entry.end = End::Acknowledged;
        for presented in [Presented::Held(0), Presented::Held(1), Presented::Held(2), Presented::Forged] {
            assert_eq!(entry.allowed(presented, at(2200), RULES), [Answer::Refused]);
        }
        entry.end = End::Asked;
        assert_eq!(entry.allowed(Presented::Held(2), at(2200), RULES), [Answer::Good, Answer::Refused]);
    }
}
