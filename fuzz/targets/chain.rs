//! A client with bad luck, and somebody who guesses: the client is never shut out, the guesser ends nothing.

#![no_main]

use std::time::Duration;

use hallpass::{Chain, Generation, Grace, Pepper, ReferenceToken, SessionId, SessionSecret, Standing, Timestamp};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const ID: SessionId = SessionId::from_bytes([7; 16]);
const GRACE: Grace = Grace { grace: Duration::from_secs(30), replay_after: Duration::from_secs(150) };
const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

#[derive(Arbitrary, Debug)]
enum Step {
    Wait {
        millis: u32,
    },
    /// The client shows what it holds; a renewal is due or not, and its answer arrives or is lost.
    Show {
        due: bool,
        arrives: bool,
    },
    /// Somebody shows a generation of their choice with a secret of their choice.
    Guess {
        generation: u32,
        secret: [u8; 28],
    },
    /// The client shows again what it once held.
    Again {
        which: u8,
    },
    Login,
}

struct Server {
    chain: Chain,
    pepper: Option<Pepper>,
    now: Timestamp,
}

/// A token that the client has exchanged, and when it first showed the newer one.
struct Spent {
    token: ReferenceToken,
    left_behind_at: Option<Timestamp>,
}

fuzz_target!(|input: (bool, Vec<Step>)| {
    let (peppered, steps) = input;
    let started = Chain::start(Generation::FIRST, START);
    let pepper = peppered.then(|| Pepper::new(b"0123456789abcdef0123456789abcdef").expect("long enough"));
    let mut held = token(started.chain.generation, started.secret);
    let mut server = Server { chain: started.chain, pepper, now: START };
    let mut spent = Vec::new();

    for step in steps {
        match step {
            Step::Wait { millis } => server.now = server.now.plus(Duration::from_millis(u64::from(millis % 600_000))),
            Step::Show { due, arrives } => {
                let answer = server.show(&held, due);
                for Spent { left_behind_at, .. } in &mut spent {
                    left_behind_at.get_or_insert(server.now);
                }
                if let Some(answer) = answer.filter(|_| arrives) {
                    spent.push(Spent { token: std::mem::replace(&mut held, answer), left_behind_at: None });
                }
            }
            Step::Guess { generation, secret } => {
                let Some(generation) = Generation::new(generation & 0xff_ffff) else { continue };
                let guess = token(generation, SessionSecret::from_bytes(secret));
                let standing = server.judge(&guess);
                assert!(matches!(standing, Standing::Wrong), "{standing:?} for a guess");
            }
            Step::Again { which } => {
                if let Some(spent) = spent.get(usize::from(which)) {
                    server.show_again(spent);
                }
            }
            Step::Login => {
                let Some(renewed) = server.chain.replace(server.now) else { return };
                server.chain = renewed.chain;
                let dead = spent.iter().map(|spent| &spent.token).chain([&held]);
                assert!({ dead }.all(|token| matches!(server.judge(token), Standing::Wrong)), "no grace at a login");
                held = token(server.chain.generation, renewed.secret);
                spent.clear();
            }
        }
    }
});

impl Server {
    fn judge(&self, token: &ReferenceToken) -> Standing {
        self.chain.judge(token, self.pepper.as_ref(), GRACE, self.now, |_| true)
    }

    /// Answers an honest client, which must always be let in, with a new token if there is one.
    fn show(&mut self, held: &ReferenceToken, due: bool) -> Option<ReferenceToken> {
        let renewed = match self.judge(held) {
            Standing::Current { first_use } => {
                assert_eq!(first_use, self.chain.confirmed_at.is_none());
                self.chain.confirm(self.now);
                if !due || !self.chain.may_renew(self.now) {
                    return None;
                }
                self.chain.renew(&held.secret, held.generation, self.pepper.as_ref(), GRACE, self.now)
            }
            Standing::Superseded(successor) => {
                assert!(successor.hash() == self.chain.hash, "everybody gets the same successor");
                return Some(token(self.chain.generation, successor));
            }
            Standing::Unanswered(present) => {
                self.chain.renew(&present, held.generation, self.pepper.as_ref(), GRACE, self.now)
            }
            other => panic!("{other:?} for the newest token that the client was given"),
        }?;
        self.chain = renewed.chain;
        Some(token(self.chain.generation, renewed.secret))
    }

    /// Judges a token that the client no longer holds: it is known, and ends nothing while a packet may be stalled.
    fn show_again(&self, spent: &Spent) {
        let standing = self.judge(&spent.token);
        assert!(!matches!(standing, Standing::Wrong), "a token of this chain was not recognised");
        if matches!(standing, Standing::Replayed) {
            let left_behind_for = spent.left_behind_at.map(|at| self.now.since(at));
            assert!(
                left_behind_for.is_some_and(|age| age > GRACE.replay_after),
                "ended too early: {left_behind_for:?}"
            );
        }
    }
}

fn token(generation: Generation, secret: SessionSecret) -> ReferenceToken {
    ReferenceToken { id: ID, generation, secret }
}
