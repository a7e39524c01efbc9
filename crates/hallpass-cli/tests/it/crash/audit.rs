//! Looking at a service after a crash, and comparing with the ledgers.

use std::collections::BTreeMap;

use reqwest::StatusCode;

use super::ledger::{Answer, End, Entry, Presented, Rules, Seen, Shown, Span};
use super::service::{CutOff, Service};

/// What was tried how often, and what was wrong.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) tried: BTreeMap<&'static str, u64>,
    pub(super) wrong: Vec<String>,
}

impl Findings {
    pub(super) fn add(&mut self, other: Self) {
        for (what, number) in other.tried {
            *self.tried.entry(what).or_default() += number;
        }
        self.wrong.extend(other.wrong);
    }

    fn count(&mut self, what: &'static str) {
        *self.tried.entry(what).or_default() += 1;
    }
}

/// One session under audit.
pub(super) struct Audit<'a> {
    pub(super) service: &'a Service,
    pub(super) rules: Rules,
    pub(super) findings: Findings,
}

impl Audit<'_> {
    /// Looks at what is stored, and at the present token; nothing is different afterwards.
    pub(super) async fn gently(&mut self, entry: &mut Entry, with_tokens: bool) -> Result<(), CutOff> {
        let (seen, _) = self.service.look(&entry.id).await?;
        if let Err(wrong) = entry.judge(&seen) {
            self.findings.wrong.push(wrong);
            return Ok(());
        }
        entry.settle(&seen);
        self.findings.count(if seen == Seen::Ended { "ended sessions" } else { "living sessions" });
        let last = entry.tokens.len() - 1;
        if entry.end == End::Acknowledged {
            self.show(entry, Presented::Held(last)).await?;
        } else if with_tokens {
            self.show(entry, Presented::Forged).await?;
            self.show(entry, Presented::Held(last)).await?;
            if last > 0 {
                self.same_successor(entry).await?;
            }
        }
        Ok(())
    }

    /// Shows also old tokens, after which the session may have ended, and looks at what was written down.
    pub(super) async fn roughly(&mut self, entry: &mut Entry) -> Result<(), CutOff> {
        self.gently(entry, false).await?;
        self.events(entry).await?;
        if entry.end == End::Acknowledged {
            return self.show(entry, Presented::Held(0)).await;
        }
        let last = entry.tokens.len() - 1;
        if last > 0 && entry.lost.is_none() && entry.tokens[last].shown == Shown::Never {
            self.lost_answer(entry).await?;
        }
        let last = entry.tokens.len() - 1;
        self.show(entry, Presented::Held(last)).await?;
        for place in [last.checked_sub(1), last.checked_sub(2), Some(0)].into_iter().flatten() {
            if place < last && entry.end == End::No {
                self.show(entry, Presented::Held(place)).await?;
            }
        }
        let (seen, _) = self.service.look(&entry.id).await?;
        entry.judge(&seen).unwrap_or_else(|wrong| self.findings.wrong.push(wrong));
        Ok(())
    }

    /// Shows a token and compares with what the five rules allow.
    async fn show(&mut self, entry: &mut Entry, presented: Presented) -> Result<(), CutOff> {
        let token = match presented {
            Presented::Held(place) => entry.tokens[place].token.clone(),
            Presented::Forged => forged(&entry.tokens[entry.tokens.len() - 1].token),
        };
        let verified = self.service.verify(&token).await?;
        let answer = match verified.status {
            StatusCode::OK => Answer::Good,
            StatusCode::UNAUTHORIZED if entry.end == End::No => match self.service.look(&entry.id).await? {
                (Seen::Ended, reason) if reason == "replayed" => Answer::Replayed,
                _ => Answer::Refused,
            },
            _ => Answer::Refused,
        };
        let allowed = entry.allowed(presented, verified.span, self.rules);
        if !allowed.contains(&answer) {
            let now = verified.span;
            self.findings.wrong.push(format!("{presented:?} was {answer:?}, not {allowed:?}, at {now:?}: {entry:?}"));
        }
        self.note(entry, presented, answer, verified.span, &allowed);
        Ok(())
    }

    fn note(&mut self, entry: &mut Entry, presented: Presented, answer: Answer, span: Span, allowed: &[Answer]) {
        let last = entry.tokens.len() - 1;
        if answer == Answer::Replayed {
            entry.end = End::Acknowledged;
        }
        let is_certain = allowed.len() == 1;
        match (presented, answer) {
            (Presented::Forged, _) => self.findings.count("rule 5: a wrong secret"),
            (Presented::Held(_), _) if entry.end == End::Acknowledged && answer != Answer::Replayed => {
                self.findings.count("tokens of ended sessions");
            }
            (Presented::Held(place), Answer::Good) if place == last => {
                let held = &mut entry.tokens[last];
                held.shown = match held.shown {
                    Shown::Never => Shown::Surely(span),
                    Shown::Perhaps(first) => Shown::Surely(Span { from: first.from, to: span.to }),
                    Shown::Surely(first) => Shown::Surely(first),
                };
                self.findings.count(if entry.lost.is_some() {
                    "a renewal that was cut off"
                } else {
                    "rule 1: the present token"
                });
            }
            (Presented::Held(_), Answer::Good) if is_certain => {
                self.findings.count("rule 2 or 3: a replaced token that is good");
            }
            (Presented::Held(_), Answer::Refused) if is_certain => self.findings.count("rule 4: a spent token"),
            (Presented::Held(_), Answer::Replayed) if is_certain => self.findings.count("rule 4: a replay"),
            _ => self.findings.count("tokens at a border of the rules"),
        }
    }

    /// Renews twice with the token that was just replaced: within the grace, both get the same successor.
    async fn same_successor(&mut self, entry: &mut Entry) -> Result<(), CutOff> {
        let last = entry.tokens.len() - 1;
        let when = Span { from: self.service.now(), to: self.service.now() + 1000 };
        if entry.lost.is_some() || when.to > entry.tokens[last].made.from + self.rules.grace {
            return Ok(());
        }
        let (one, two) = {
            let token = &entry.tokens[last - 1].token;
            tokio::join!(self.service.renew(token), self.service.renew(token))
        };
        for answer in [one?, two?] {
            // On a machine that stood still meanwhile, it may be refused by now.
            let is_late = answer.span.to + 150 > entry.tokens[last].made.from + self.rules.grace;
            let is_refused = answer.status == StatusCode::UNAUTHORIZED;
            if answer.body["token"].as_str() != Some(&entry.tokens[last].token) && !(is_late && is_refused) {
                self.findings.wrong.push(format!("another successor ({}) than before: {entry:?}", answer.status));
            }
            self.findings.count("rule 2: the same successor");
        }
        Ok(())
    }

    /// Comes back with the token from before an answer that nobody used: a new one is made, and the lost one is spent.
    async fn lost_answer(&mut self, entry: &mut Entry) -> Result<(), CutOff> {
        let newest = entry.tokens.len() - 1;
        let from = self.service.now();
        if from < entry.tokens[newest].made.to + self.rules.grace + 200 {
            return Ok(());
        }
        let answer = self.service.renew(&entry.tokens[newest - 1].token).await?;
        let token = answer.body["token"].as_str().unwrap_or_default().to_owned();
        if answer.status != StatusCode::OK || entry.tokens.iter().any(|held| held.token == token) {
            self.findings.wrong.push(format!("after a lost answer, {}: {} of {entry:?}", answer.status, answer.body));
            return Ok(());
        }
        let next = self.service.verify(&token).await?;
        let lost = self.service.verify(&entry.tokens[newest].token).await?;
        let again = self.service.verify(&token).await?;
        if [next.status, lost.status, again.status] != [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::OK] {
            self.findings
                .wrong
                .push(format!("a lost token and its successor: {}, {}: {entry:?}", lost.status, next.status));
        }
        // Nobody used the lost one, so it is as if it had never been.
        entry.tokens[newest] = super::ledger::Held { token, made: answer.span, shown: Shown::Surely(next.span) };
        self.findings.count("rule 3: a lost answer");
        Ok(())
    }

    /// Compares what was written down with what was acknowledged: each change has its event, once.
    async fn events(&mut self, entry: &Entry) -> Result<(), CutOff> {
        let kinds = self.service.kinds(&entry.id).await?;
        let number = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
        let ended = usize::from(entry.end == End::Acknowledged);
        let renewed = number("renewed");
        let most = entry.tokens.len() - 1 + usize::from(entry.lost.is_some());
        if number("created") != 1 || number("revoked") + number("replayed") != ended || renewed + 1 < entry.tokens.len()
        {
            self.findings
                .wrong
                .push(format!("events are missing or too many ({kinds:?}, at most {most} renewals): {entry:?}"));
        }
        self.findings.count("timelines");
        Ok(())
    }
}

/// Returns a token of the same session and generation with another secret.
fn forged(token: &str) -> String {
    let middle = token.len() - 8;
    let other = if token.as_bytes()[middle] == b'A' { 'B' } else { 'A' };
    format!("{}{other}{}", &token[..middle], &token[middle + 1..])
}
