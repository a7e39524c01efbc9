//! A client that keeps a ledger of what it was told, whatever happens to the service.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::StatusCode;

use super::ledger::{End, Entry, Held, Shown, Span};
use super::service::{Answered, CutOff, Service};

/// More renewals than this would come into the pace of renewals.
const MOST_TOKENS: usize = 8;

/// One of the clients, and all its sessions.
pub(super) struct ClientState {
    pub(super) entries: Vec<Entry>,
    /// Which of them were used since the last look.
    pub(super) used: Vec<usize>,
    /// What it found wrong on its way.
    pub(super) wrong: Vec<String>,
    /// How many requests were acknowledged.
    pub(super) acknowledged: u64,
    name: String,
    random: StdRng,
    made: u64,
    /// The key of a creation that was cut off, and when that was asked for.
    unborn: Option<(String, u64)>,
    present: Option<usize>,
}

impl ClientState {
    pub(super) fn new(number: usize, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
        Self {
            entries: Vec::new(),
            used: Vec::new(),
            wrong: Vec::new(),
            acknowledged: 0,
            name: format!("client-{number}"),
            random,
            made: 0,
            unborn: None,
            present: None,
        }
    }

    /// Works until the service is gone.
    pub(super) async fn work(mut self, service: Service) -> Self {
        while self.step(&service).await.is_ok() {}
        self
    }

    /// Finds out what became of a creation that was cut off: asked again, it is the same session.
    pub(super) async fn finish(&mut self, service: &Service) -> Result<(), CutOff> {
        if self.unborn.is_some() { self.create(service).await } else { Ok(()) }
    }

    async fn step(&mut self, service: &Service) -> Result<(), CutOff> {
        let Some(present) = self.present.filter(|_| self.unborn.is_none()) else { return self.create(service).await };
        self.used.push(present);
        match self.random.random_range(0..100) {
            0..40 => self.write(present, service).await,
            40..65 if self.entries[present].tokens.len() < MOST_TOKENS => self.renew(present, service).await,
            40..80 => self.verify(present, service).await,
            80..90 => self.end(present, service).await,
            _ => {
                // It leaves this session as it is, and begins another.
                self.present = None;
                Ok(())
            }
        }
    }

    async fn create(&mut self, service: &Service) -> Result<(), CutOff> {
        let (key, asked) = self.unborn.take().unwrap_or_else(|| {
            self.made += 1;
            (format!("{}-{}", self.name, self.made), service.now())
        });
        self.unborn = Some((key.clone(), asked));
        let answer = service.create(&self.name, &key).await?;
        if self.expect("a creation", StatusCode::CREATED, &answer) {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let (id, token) = (text(&answer.body["session"]["id"]), text(&answer.body["token"]));
            self.entries.push(Entry::new(id, token, Span { from: asked, to: answer.span.to }));
            self.present = Some(self.entries.len() - 1);
            self.used.push(self.entries.len() - 1);
        }
        self.unborn = None;
        Ok(())
    }

    async fn write(&mut self, present: usize, service: &Service) -> Result<(), CutOff> {
        let entry = &mut self.entries[present];
        entry.asked += 1;
        let (id, asked) = (entry.id.clone(), entry.asked);
        let answer = service.write(&id, asked).await?;
        if self.expect("a write", StatusCode::OK, &answer) {
            self.entries[present].written = asked;
        }
        Ok(())
    }

    async fn renew(&mut self, present: usize, service: &Service) -> Result<(), CutOff> {
        let before = self.shows(present, service);
        let entry = &mut self.entries[present];
        let from = entry.lost.map_or_else(|| service.now(), |lost| lost.from);
        let token = entry.last().token.clone();
        entry.renewals += 1;
        let answer = service.renew(&token).await;
        // What was cut off happened before now, or never.
        self.entries[present].lost = Some(Span { from, to: service.now() });
        self.has_shown(present, before, answer.as_ref().ok(), service);
        let answer = answer?;
        if self.expect("a renewal", StatusCode::OK, &answer) {
            let token = answer.body["token"].as_str().unwrap_or_default().to_owned();
            self.take(present, token, Span { from, to: answer.span.to });
        }
        Ok(())
    }

    fn take(&mut self, present: usize, token: String, made: Span) {
        let entry = &mut self.entries[present];
        if entry.tokens.iter().any(|held| held.token == token) {
            self.wrong.push(format!("a renewal gave a token for the second time: {entry:?}"));
            return;
        }
        entry.tokens.push(Held { token, made, shown: Shown::Never });
        entry.lost = None;
    }

    async fn verify(&mut self, present: usize, service: &Service) -> Result<(), CutOff> {
        let before = self.shows(present, service);
        let token = self.entries[present].last().token.clone();
        let answer = service.verify(&token).await;
        self.has_shown(present, before, answer.as_ref().ok(), service);
        self.expect("a verification", StatusCode::OK, &answer?);
        Ok(())
    }

    async fn end(&mut self, present: usize, service: &Service) -> Result<(), CutOff> {
        self.present = None;
        self.entries[present].end = End::Asked;
        let id = self.entries[present].id.clone();
        let is_ended = if self.random.random_bool(0.5) {
            let answer = service.revoke(&id).await?;
            self.expect("a revocation", StatusCode::OK, &answer)
        } else {
            let before = self.shows(present, service);
            let token = self.entries[present].last().token.clone();
            let answer = service.log_out(&token).await;
            self.has_shown(present, before, answer.as_ref().ok(), service);
            self.expect("a logout", StatusCode::NO_CONTENT, &answer?)
        };
        if is_ended {
            self.entries[present].end = End::Acknowledged;
        }
        Ok(())
    }

    /// Notes that the last token is about to be shown; returns what was known before.
    fn shows(&mut self, present: usize, service: &Service) -> Shown {
        let held = self.entries[present].last_mut();
        let before = held.shown;
        if before == Shown::Never {
            held.shown = Shown::Perhaps(Span { from: service.now(), to: u64::MAX });
        }
        before
    }

    /// Notes what came of it: an answer, or nothing that says whether it was seen.
    fn has_shown(&mut self, present: usize, before: Shown, answer: Option<&Answered>, service: &Service) {
        let held = self.entries[present].last_mut();
        held.shown = match (held.shown, answer) {
            (Shown::Perhaps(first), Some(answer)) => {
                // If there was a try before that was cut off, either was the first.
                let from = if before == Shown::Never { answer.span.from } else { first.from };
                Shown::Surely(Span { from, to: answer.span.to })
            }
            (Shown::Perhaps(first), None) => Shown::Perhaps(Span { from: first.from, to: first.to.min(service.now()) }),
            (shown, _) => shown,
        };
    }

    /// Counts an answer, or notes that it is not what a service that is well gives.
    fn expect(&mut self, what: &str, expected: StatusCode, answer: &Answered) -> bool {
        let is_right = answer.status == expected;
        if is_right {
            self.acknowledged += 1;
        } else {
            self.wrong.push(format!("{what} of {} was answered {}: {}", self.name, answer.status, answer.body));
        }
        is_right
    }
}
