//! What is proved of the model is true of the library if it decides alike: here both are asked the same.

use std::time::Duration;

use hallpass::testing::ManualClock;
use hallpass::{
    Caller, Chain, ChainNonce, Clock, EndReason, Error, Generation, MemoryStore, NewSession, Outgoing, Policy,
    ReferenceToken, SecretHash, SessionId, SessionSecret, Sessions, Subject, Token,
};
use hallpass_model::{Ask, Change, End, Fault, Server, Verdict};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// A session of the library, with every token that was ever handed out for it.
struct Session {
    sessions: Sessions,
    clock: ManualClock,
    server: Server,
    id: SessionId,
    tokens: Vec<Token>,
}

/// How a request ends.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    accepted: bool,
    handed_out: Option<(Generation, SecretHash)>,
    /// The chain that is stored, or why the session ended.
    stored: Result<Chain, EndReason>,
}

#[tokio::test]
async fn the_library_decides_as_the_model_does() {
    let mut counts = [0; 6];
    for seed in 0..2000 {
        compare(seed, None, &mut counts).await.unwrap_or_else(|difference| panic!("{difference}"));
    }
    assert!(counts.iter().all(|count| *count > 500), "something hardly came up: {counts:?}");
}

#[tokio::test]
async fn a_broken_model_is_told_from_the_library() {
    let faults = [
        Fault::ForgetsConfirmations,
        Fault::EndsOnWrong,
        Fault::EndsOnSpent,
        Fault::ForgivesReplays,
        Fault::MakesUpForUsed,
        Fault::RepeatsLost,
        Fault::HasNoGrace,
        Fault::HasEndlessGrace,
        Fault::RenewsAtLogin,
        Fault::CountsFromRenewal,
        Fault::EndsOnLost,
        Fault::NeverSettles,
    ];
    for fault in faults {
        let mut is_told = false;
        for seed in 0..2000 {
            is_told = is_told || compare(seed, Some(fault), &mut [0; 6]).await.is_err();
        }
        assert!(is_told, "{fault:?}");
    }
}

/// Sends both the same requests, as this seed has them; counts what they were about.
async fn compare(seed: u64, fault: Option<Fault>, counts: &mut [usize; 6]) -> Result<(), String> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut session = Session::new(fault, &mut rng).await;
    for step in 0..60 {
        if session.stored().await.is_err() {
            counts[0] += 1;
            break;
        }
        // Also several requests at one moment, and times just at the bounds of the rules.
        let seconds = [0, 0, 1, 29, 30, 31, 60, 120, 150, 151][rng.random_range(0..10)];
        session.clock.advance(Duration::from_secs(seconds));
        let ask = [Ask::Page, Ask::Page, Ask::Verify, Ask::Renew, Ask::Renew][rng.random_range(0..5)];
        let ask = if rng.random_bool(0.02) { Ask::Authenticate } else { ask };
        let back = [0, 0, 0, 1, 1, 2, 3, 9][rng.random_range(0..8)];
        let shown = session.tokens[session.tokens.len().saturating_sub(1 + back)].clone();
        let shown = if rng.random_bool(0.02) { forge(&shown) } else { shown };
        let (expected, rule) = session.expect(&shown, ask).await;
        let found = session.request(&shown, ask).await;
        if found != expected {
            return Err(format!("seed {seed}, step {step}, {ask:?}: {found:?} is not {expected:?}"));
        }
        counts[rule] += 1;
    }
    Ok(())
}

impl Ending {
    /// Checks that a new chain is that of the token that was handed out, and forgets what was chosen at random.
    fn without_chance(mut self, ask: Ask) -> Self {
        if let (Ask::Authenticate, Ok(chain), Some((_, hash))) = (ask, &mut self.stored, &mut self.handed_out) {
            assert!(chain.hash == *hash, "the token is that of the chain");
            chain.hash = SecretHash::from_bytes([0; 32]);
            chain.nonce = ChainNonce::from_bytes([0; 16]);
            *hash = chain.hash;
        }
        self
    }
}

impl Session {
    async fn new(fault: Option<Fault>, rng: &mut SmallRng) -> Self {
        let clock = ManualClock::new();
        let policy = Policy::builder().renewal(Duration::from_secs(330));
        let policy = policy.idle(Duration::from_hours(48)).absolute(Duration::from_hours(48)).build().expect("valid");
        let server = Server { grace: policy.grace(), renewal: Some(policy.renewal()), fault };
        let sessions = Sessions::builder().store(MemoryStore::new()).clock(clock.clone()).policy(policy);
        let sessions = sessions.build().expect("all parts are there");
        clock.advance(Duration::from_millis(rng.random_range(0..5000)));
        let alice = NewSession::signed_in(Subject::new("alice").expect("valid"));
        let issued = sessions.create(alice, &Caller::default()).await.expect("the store is there");
        Self { sessions, clock, server, id: issued.record.id, tokens: vec![issued.token] }
    }

    async fn stored(&self) -> Result<Chain, EndReason> {
        let record = self.sessions.find(&self.id).await.expect("the store is there").expect("nothing is swept");
        match (record.ended, record.chain) {
            (None, Some(chain)) => Ok(chain),
            (ended, _) => Err(ended.expect("it has ended").reason),
        }
    }

    /// Returns how a request is to end, by the transitions that are modelled, and a number for what it was about.
    async fn expect(&self, shown: &Token, ask: Ask) -> (Ending, usize) {
        let now = self.clock.now();
        let shown = ReferenceToken::parse(shown.expose()).expect("its shape is right");
        let mut chain = self.stored().await.expect("it lives");
        loop {
            let standing = self.server.judge(&chain, &shown, now);
            let verdict = self.server.decide(&chain, &shown, standing, ask, now, |started| started);
            let Verdict { change, accepted, handed_out, makes_up, goes_on } = verdict;
            let rule = match &change {
                _ if makes_up => 1,
                Some(Change::End(_)) | None if !accepted => 2,
                None if handed_out.is_some() => 3,
                Some(_) => 4,
                None => 5,
            };
            match change {
                Some(Change::Chain(next)) => chain = *next,
                Some(Change::End(why)) => {
                    let reason =
                        if why == End::Replayed { EndReason::Replayed } else { EndReason::from_word("mistaken") };
                    return (Ending { accepted, handed_out: None, stored: Err(reason) }, rule);
                }
                None => {}
            }
            if !goes_on {
                let handed_out = handed_out.map(|secret| (chain.generation, secret.hash()));
                return (Ending { accepted, handed_out, stored: Ok(chain) }.without_chance(ask), rule);
            }
        }
    }

    /// Asks the library.
    async fn request(&mut self, shown: &Token, ask: Ask) -> Ending {
        let caller = Caller::default();
        let text = shown.expose();
        let answered = match ask {
            Ask::Verify => self.sessions.verify(text, false, &caller).await.map(|_| None),
            Ask::Renew => self.sessions.renew(text, &caller).await.map(|issued| Some(issued.token)),
            Ask::Authenticate => self.sessions.rechain(text, &caller).await.map(|issued| Some(issued.token)),
            Ask::Page => self.load_page(text).await,
        };
        let accepted = match &answered {
            Ok(_) => true,
            Err(error) => {
                assert!(error.is_inactive(), "{error}");
                false
            }
        };
        // Above the pace of renewals the token that was shown is given back: nothing is handed out.
        let handed_out = answered.ok().flatten().filter(|token| token.expose() != text);
        let read = |token: &Token| ReferenceToken::parse(token.expose()).expect("its shape is right");
        let named = handed_out.as_ref().map(read).map(|token| (token.generation, token.secret.hash()));
        self.tokens.extend(handed_out.filter(|token| !self.tokens.iter().any(|old| old.expose() == token.expose())));
        Ending { accepted, handed_out: named, stored: self.stored().await }.without_chance(ask)
    }

    async fn load_page(&self, text: &str) -> Result<Option<Token>, Error> {
        let session = self.sessions.open(text, &Caller::default()).await?;
        session.commit().await?;
        Ok(match session.outgoing() {
            Outgoing::Hand(token, _) => Some(token),
            Outgoing::Keep | Outgoing::Remove => None,
        })
    }
}

/// Returns a token of the same session and generation, with a secret that nobody was given.
fn forge(token: &Token) -> Token {
    let token = ReferenceToken::parse(token.expose()).expect("its shape is right");
    ReferenceToken { secret: SessionSecret::from_bytes([7; 28]), ..token }.encode()
}
