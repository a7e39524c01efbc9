use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hallpass::{
    Caller, Error, EventKind, EventQuery, IdempotencyKey, NewSession, PageLimit, Query, Realm, Revocation, Sessions,
    SignIn, Subject,
};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;

use super::entry::{End, Entry};
use super::figures::{Failure, Figures};

/// Of how many sessions, the latest, a client chooses what it does next.
const RECENT: usize = 48;

/// How long the store may be away after the storm until the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// One client with sessions of its own, and a ledger of what it was told.
pub(crate) struct Client {
    nodes: [Sessions; 2],
    subject: Subject,
    entries: Vec<Entry>,
    /// Those that were used since all were last looked at.
    used: Vec<usize>,
    /// Whether something failed since then.
    was_away: bool,
    numbers: u64,
    figures: Figures,
}

impl Client {
    pub(crate) fn new(number: usize, nodes: [Sessions; 2]) -> Self {
        Self {
            nodes,
            subject: Subject::new(format!("user-{number}")).expect("a subject"),
            entries: Vec::new(),
            used: Vec::new(),
            was_away: false,
            numbers: 0,
            figures: Figures::default(),
        }
    }

    /// Lives sessions until the storm is over.
    pub(crate) async fn work(mut self, calm: Arc<AtomicBool>) -> Self {
        while !calm.load(Ordering::SeqCst) {
            let answered = if self.was_away { self.look_at_used().await } else { self.step().await };
            if answered.is_none() {
                self.was_away = true;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        self
    }

    /// Does one thing; nothing if the store is away.
    async fn step(&mut self) -> Option<()> {
        let choice = rand::rng().random_range(0..100);
        match choice {
            0..8 => self.create(choice % 2 == 0).await,
            8..18 => self.sign_in().await,
            18..45 => self.update().await,
            45..70 => self.verify().await,
            70..80 => self.renew().await,
            80..87 => self.revoke().await,
            87..90 => self.log_out().await,
            90 => self.revoke_all().await,
            _ => self.look_at_one().await,
        }
    }

    async fn create(&mut self, is_signed_in: bool) -> Option<()> {
        let subject = is_signed_in.then(|| self.subject.clone());
        let new = subject.clone().map_or_else(NewSession::anonymous, NewSession::signed_in);
        let start = Instant::now();
        let created = self.node().create(new, &Caller::user()).await;
        let issued = self.answered(start, "created", created)?;
        self.used.push(self.entries.len());
        self.entries.push(Entry::new(issued.record.id, issued.token.expose(), subject));
        Some(())
    }

    /// Signs in to an anonymous session, or asks again for the answer that did not come.
    async fn sign_in(&mut self) -> Option<()> {
        let is_due = |entry: &Entry| entry.end == End::Lives && entry.subject.is_none();
        let waits = |entry: &Entry| entry.end == End::Lives && entry.signing_in.is_some();
        let Some(place) = self.choose(waits).or_else(|| self.choose(is_due)) else { return Some(()) };
        let number = self.entries[place].signing_in.unwrap_or_else(|| self.number());
        let mut sign_in = SignIn::new(self.subject.clone()).keep("count").keep("word");
        let key = format!("{} {number}", self.subject.as_str());
        sign_in.idempotency = Some(IdempotencyKey::new(b"storm", &Realm::default(), key.as_bytes()));
        // Whether or not an answer comes, the old token may be dead from here on.
        self.entries[place].signing_in = Some(number);
        let token = self.entries[place].token.clone();
        let start = Instant::now();
        let signed_in = self.node().authenticate(&token, sign_in, &Caller::user()).await;
        let issued = self.answered(start, "signed in", signed_in)?;
        let entry = &mut self.entries[place];
        assert_eq!(issued.record.id, entry.id, "who signs in keeps the session");
        entry.subject.clone_from(&issued.record.subject);
        entry.dead_token = Some(std::mem::replace(&mut entry.token, issued.token.expose().to_owned()));
        entry.signing_in = None;
        entry.check(&issued.record);
        Some(())
    }

    /// Counts up, and writes a word that nobody has written before.
    async fn update(&mut self) -> Option<()> {
        let Some(place) = self.choose(Entry::is_open) else { return Some(()) };
        let (token, word) = (self.entries[place].token.clone(), self.number());
        let start = Instant::now();
        let opened = self.node().open(&token, &Caller::user()).await;
        let session = self.answered(start, "opened", opened)?;
        session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1).expect("a number");
        session.set("word", &word).expect("a number");
        self.entries[place].uncounted += 1;
        self.entries[place].unsure_words.push(word);
        let start = Instant::now();
        self.answered(start, "updated", session.commit().await)?;
        let entry = &mut self.entries[place];
        entry.uncounted -= 1;
        entry.counted(session.get("count").expect("a number").expect("it was just written"));
        entry.word = word;
        entry.unsure_words.clear();
        Some(())
    }

    async fn verify(&mut self) -> Option<()> {
        let Some(place) = self.choose(Entry::is_open) else { return Some(()) };
        let start = Instant::now();
        let verified = self.node().verify(&self.entries[place].token, true, &Caller::user()).await;
        let verified = self.answered(start, "verified", verified)?;
        self.entries[place].check(&verified.record);
        Some(())
    }

    async fn renew(&mut self) -> Option<()> {
        let Some(place) = self.choose(Entry::is_open) else { return Some(()) };
        let start = Instant::now();
        let renewed = self.node().renew(&self.entries[place].token, &Caller::user()).await;
        // After a lost answer the old token is still good for the new one.
        let issued = self.answered(start, "renewed", renewed)?;
        self.entries[place].check(&issued.record);
        issued.token.expose().clone_into(&mut self.entries[place].token);
        Some(())
    }

    async fn revoke(&mut self) -> Option<()> {
        let is_unsure = |entry: &Entry| entry.end == End::Unsure;
        let Some(place) = self.choose(is_unsure).or_else(|| self.choose(Entry::is_open)) else { return Some(()) };
        let was = std::mem::replace(&mut self.entries[place].end, End::Unsure);
        let start = Instant::now();
        let revoked = self.node().revoke(&self.entries[place].id, &Revocation::default()).await;
        let was_usable = self.answered(start, "revoked", revoked)?;
        assert!(was_usable || was == End::Unsure, "{} had ended before", self.entries[place].id);
        self.entries[place].has_ended();
        Some(())
    }

    async fn log_out(&mut self) -> Option<()> {
        let Some(place) = self.choose(Entry::is_open) else { return Some(()) };
        self.entries[place].end = End::Unsure;
        let start = Instant::now();
        let logged_out = self.node().log_out(&self.entries[place].token, &Caller::user()).await;
        self.answered(start, "logged out", logged_out)?;
        self.entries[place].has_ended();
        Some(())
    }

    async fn revoke_all(&mut self) -> Option<()> {
        let subject = self.subject.clone();
        // A sign-in that was not answered may have come so far, too.
        for entry in &mut self.entries {
            let may_be_meant = entry.subject.is_some() || entry.signing_in.is_some();
            if entry.end == End::Lives && may_be_meant {
                entry.end = End::Unsure;
            }
        }
        let start = Instant::now();
        let revoked = self.node().revoke_subject(&subject, None, &Revocation::default()).await;
        self.answered(start, "revoked all", revoked)?;
        self.entries.iter_mut().filter(|entry| entry.subject.is_some()).for_each(Entry::has_ended);
        Some(())
    }

    async fn look_at_one(&mut self) -> Option<()> {
        if self.entries.is_empty() {
            return Some(());
        }
        let place = rand::rng().random_range(0..self.entries.len());
        self.look_at(place).await
    }

    /// Looks at everything that was used since the last outage.
    async fn look_at_used(&mut self) -> Option<()> {
        self.used.sort_unstable();
        self.used.dedup();
        while let Some(place) = self.used.last().copied() {
            self.look_at(place).await?;
            self.used.pop();
        }
        self.was_away = false;
        Some(())
    }

    /// Looks at every session after the storm, by what it shows to its client and to an operator.
    ///
    /// Whether a call may still fail by then is judged with all the others.
    pub(crate) async fn look_at_all(mut self) -> Figures {
        let begun = Instant::now();
        for place in 0..self.entries.len() {
            while self.look_at(place).await.is_none() {
                self.wait_for_calm(begun).await;
            }
        }
        while self.look_at_list().await.is_none() {
            self.wait_for_calm(begun).await;
        }
        self.figures
    }

    async fn wait_for_calm(&self, begun: Instant) {
        let said = self.figures.failures.last().map_or("", |failure| &failure.said);
        assert!(begun.elapsed() < PATIENCE, "the storm is over: {said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    async fn look_at(&mut self, place: usize) -> Option<()> {
        let (token, id, end) = (self.entries[place].token.clone(), self.entries[place].id, self.entries[place].end);
        let start = Instant::now();
        let found = self.node().find(&id).await;
        let record = self.answered(start, "found", found)?.unwrap_or_else(|| panic!("{id} is lost"));
        match end {
            End::Ended => assert!(record.ended.is_some(), "{id} came back"),
            End::Lives => assert!(record.ended.is_none(), "{id} was ended by nobody: {:?}", record.ended),
            End::Unsure => {}
        }
        if self.entries[place].signing_in.is_none() {
            let start = Instant::now();
            match self.node().verify(&token, false, &Caller::user()).await {
                Err(error) if error.is_inactive() && end != End::Lives => self.figures.answers.push(start),
                verified => {
                    let verified = self.answered(start, "verified", verified)?;
                    assert!(end != End::Ended, "the token of {id} came back");
                    self.entries[place].check(&verified.record);
                }
            }
        }
        if let Some(dead) = self.entries[place].dead_token.clone() {
            let start = Instant::now();
            match self.node().verify(&dead, false, &Caller::user()).await {
                Err(error) if error.is_inactive() => self.seen("tokens from before a sign-in, refused"),
                verified => {
                    self.answered(start, "verified", verified)?;
                    panic!("the token of {id} from before the sign-in came back");
                }
            }
        }
        if end == End::Ended {
            let mut query = EventQuery::default();
            query.session = Some(id);
            query.limit = PageLimit::MOST;
            let start = Instant::now();
            let events = self.node().events(&query).await;
            let events = self.answered(start, "told", events)?.items;
            assert!(events.iter().any(|event| event.kind == EventKind::Revoked), "nobody was told of the end of {id}");
        }
        self.seen(match end {
            End::Lives => "living",
            End::Unsure => "unsure",
            End::Ended => "ended",
        });
        Some(())
    }

    /// What lives is listed, and what has ended is not.
    async fn look_at_list(&mut self) -> Option<()> {
        let mut query = Query::of_subject(Realm::default(), self.subject.clone());
        query.ended = Some(false);
        query.limit = PageLimit::MOST;
        let mut listed = Vec::new();
        loop {
            let start = Instant::now();
            let page = self.node().list(&query).await;
            let page = self.answered(start, "listed", page)?;
            listed.extend(page.items.into_iter().map(|record| record.id));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        for entry in self.entries.iter().filter(|entry| entry.subject.is_some()) {
            let is_listed = listed.contains(&entry.id);
            assert!(is_listed || entry.end != End::Lives, "{} is not listed", entry.id);
            assert!(!is_listed || entry.end != End::Ended, "{} is still listed", entry.id);
        }
        Some(())
    }

    /// Takes in an answer; an outage is the only failure that there may be.
    fn answered<T>(&mut self, start: Instant, what: &'static str, answer: Result<T, Error>) -> Option<T> {
        match answer {
            Ok(answer) => {
                *self.figures.acked.entry(what).or_default() += 1;
                self.figures.answers.push(start);
                Some(answer)
            }
            Err(error) => {
                assert!(error.is_unavailable(), "an outage is unavailable, and logs nobody out: {what}: {error}");
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let said = format!("{what}: {}", cause.unwrap_or_default());
                self.figures.failures.push(Failure { start, end: Instant::now(), said });
                None
            }
        }
    }

    fn seen(&mut self, what: &'static str) {
        *self.figures.seen.entry(what).or_default() += 1;
    }

    fn choose(&mut self, is_meant: impl Fn(&Entry) -> bool) -> Option<usize> {
        let places: Vec<_> = (self.entries.len().saturating_sub(RECENT)..self.entries.len())
            .filter(|place| is_meant(&self.entries[*place]))
            .collect();
        let place = places.choose(&mut rand::rng()).copied()?;
        self.used.push(place);
        Some(place)
    }

    fn node(&self) -> &Sessions {
        &self.nodes[rand::rng().random_range(0..2)]
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
