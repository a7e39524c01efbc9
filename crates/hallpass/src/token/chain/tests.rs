use super::*;
use crate::id::SessionId;

const GRACE: Grace = Grace { grace: Duration::from_secs(30), replay_after: Duration::from_secs(150) };

/// A client's side of a chain: it renews, shows tokens, and asks how they stand.
struct Line {
    chain: Chain,
    secrets: Vec<[u8; 28]>,
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + seconds * 1000)
}

impl Line {
    fn new() -> Self {
        let Renewed { chain, secret } = Chain::start(Generation::FIRST, at(0));
        Self { chain, secrets: vec![*secret.expose()] }
    }

    fn token(&self, generation: usize) -> ReferenceToken {
        ReferenceToken {
            id: SessionId::from_bytes([1; 16]),
            generation: Generation::new(u32::try_from(generation).expect("small")).expect("small"),
            secret: SessionSecret::from_bytes(self.secrets[generation]),
        }
    }

    fn renew(&mut self, shown: usize, now: Timestamp) {
        let present = SessionSecret::from_bytes(*self.secrets.last().expect("never empty"));
        let shown = self.token(shown).generation;
        let renewed = self.chain.renew(&present, shown, None, GRACE, now).expect("generations are left");
        self.chain = renewed.chain;
        self.secrets.push(*renewed.secret.expose());
    }

    fn judge(&self, generation: usize, now: Timestamp) -> Standing {
        self.chain.judge(&self.token(generation), None, GRACE, now, |_| true)
    }
}

#[test]
fn rule_1_the_present_token_is_good_and_its_first_use_is_told() {
    let mut line = Line::new();
    assert!(matches!(line.judge(0, at(0)), Standing::Current { first_use: false }));
    line.renew(0, at(100));
    assert!(matches!(line.judge(1, at(9999)), Standing::Current { first_use: true }));
    line.chain.confirm(at(9999));
    assert!(matches!(line.judge(1, at(9999)), Standing::Current { first_use: false }));
}

#[test]
fn rule_2_the_token_shown_gets_the_same_successor_within_grace() {
    let mut line = Line::new();
    line.renew(0, at(100));
    for now in [at(100), at(130)] {
        let Standing::Superseded(successor) = line.judge(0, now) else { panic!("{:?}", line.judge(0, now)) };
        assert_eq!(successor.expose(), &line.secrets[1]);
    }
    line.chain.confirm(at(130));
    assert!(matches!(line.judge(0, at(130)), Standing::Superseded(_)), "used or not");
}

#[test]
fn rule_3_a_lost_answer_is_made_up_for_and_the_lost_token_is_spent() {
    let mut line = Line::new();
    line.renew(0, at(100));
    let Standing::Unanswered(lost) = line.judge(0, at(131)) else { panic!("{:?}", line.judge(0, at(131))) };
    assert_eq!(lost.expose(), &line.secrets[1]);
    line.renew(0, at(131));
    assert!(matches!(line.judge(2, at(132)), Standing::Current { first_use: true }));
    assert!(matches!(line.judge(1, at(132)), Standing::Spent), "the lost token");
    let Standing::Superseded(again) = line.judge(0, at(140)) else { panic!("{:?}", line.judge(0, at(140))) };
    assert_eq!(again.expose(), &line.secrets[2]);
}

#[test]
fn rule_4_a_spent_token_is_refused_and_later_a_replay() {
    let mut line = Line::new();
    line.renew(0, at(100));
    line.chain.confirm(at(100));
    assert!(matches!(line.judge(0, at(131)), Standing::Spent));
    assert!(matches!(line.judge(0, at(250)), Standing::Spent));
    assert!(matches!(line.judge(0, at(251)), Standing::Replayed));
    line.renew(1, at(300));
    assert!(matches!(line.judge(0, at(300)), Standing::Spent), "two generations back is never in grace");
    assert!(matches!(line.judge(0, at(451)), Standing::Replayed));
}

#[test]
fn the_time_of_rule_4_counts_from_when_the_newer_token_was_shown() {
    let mut line = Line::new();
    line.renew(0, at(100));
    line.chain.confirm(at(140));
    line.chain.confirm(at(170));
    assert!(matches!(line.judge(0, at(290)), Standing::Spent), "sent before 140, while the answer was under way");
    assert!(matches!(line.judge(0, at(291)), Standing::Replayed));
}

#[test]
fn a_lost_token_that_arrives_late_ends_nothing_until_the_session_moves_on() {
    let mut line = Line::new();
    line.renew(0, at(100));
    line.renew(0, at(131));
    line.chain.confirm(at(132));
    assert!(matches!(line.judge(1, at(9999)), Standing::Spent), "nobody ever showed it before");
    line.renew(2, at(10_000));
    assert!(matches!(line.judge(1, at(10_150)), Standing::Spent));
    assert!(matches!(line.judge(1, at(10_151)), Standing::Replayed));
}

#[test]
fn renewing_often_does_not_put_off_the_proof_of_a_replay() {
    let mut line = Line::new();
    let mut judged = Vec::new();
    for (shown, now) in (100..=1000).step_by(100).enumerate() {
        line.renew(shown, at(now));
        line.chain.confirm(at(now));
        judged.push(matches!(line.judge(0, at(now + 99)), Standing::Replayed));
    }
    let proved = judged.iter().position(|replayed| *replayed).expect("proved in the end");
    assert!(proved <= 3, "{judged:?}");
    assert!(judged[proved..].iter().all(|replayed| *replayed), "and it stays proved: {judged:?}");
}

#[test]
fn renewing_often_proves_no_replay_before_its_time() {
    let mut line = Line::new();
    for (shown, now) in [10, 20, 30].into_iter().enumerate() {
        line.renew(shown, at(now));
        line.chain.confirm(at(now));
    }
    assert!(matches!(line.judge(0, at(40)), Standing::Spent), "a packet may have stalled for 30 seconds");

    let mut line = Line::new();
    for (shown, now) in [150, 300, 450].into_iter().enumerate() {
        line.renew(shown, at(now));
        line.chain.confirm(at(now));
    }
    assert!(matches!(line.judge(0, at(451)), Standing::Spent), "only what is older than `replay_after` settles");
}

#[test]
fn rule_5_a_wrong_secret_is_wrong_in_every_generation() {
    let mut line = Line::new();
    line.renew(0, at(100));
    line.renew(1, at(200));
    for generation in 0..4 {
        let mut token = line.token(0);
        token.generation = Generation::new(generation).expect("small");
        token.secret = SessionSecret::from_bytes([0; 28]);
        for now in [at(200), at(240), at(9999)] {
            let standing = line.chain.judge(&token, None, GRACE, now, |_| true);
            assert!(matches!(standing, Standing::Wrong), "{generation}: {standing:?}");
        }
    }
}

#[test]
fn a_right_secret_under_another_generation_is_wrong() {
    let mut line = Line::new();
    line.renew(0, at(100));
    line.renew(1, at(200));
    for (secret, generation) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 3)] {
        let mut token = line.token(secret);
        token.generation = Generation::new(generation).expect("small");
        assert!(matches!(line.chain.judge(&token, None, GRACE, at(200), |_| true), Standing::Wrong));
    }
}

#[test]
fn an_authentication_kills_every_token_before_it_and_goes_on_counting() {
    let mut line = Line::new();
    line.renew(0, at(100));
    let replaced = line.chain.replace(at(101)).expect("generations are left").chain;
    assert_eq!(replaced.generation.number(), 2);
    assert_eq!(replaced.from, replaced.generation);
    assert_eq!(replaced.paced_until, line.chain.paced_until);
    for generation in 0..2 {
        let standing = replaced.judge(&line.token(generation), None, GRACE, at(101), |_| true);
        assert!(matches!(standing, Standing::Wrong), "{generation}: {standing:?}");
    }
}

#[test]
fn generations_run_out_at_both_ways_on() {
    let chain = Chain::start(Generation::LAST, at(0)).chain;
    assert!(chain.replace(at(1)).is_none());
    assert!(chain.renew(&SessionSecret::random(), Generation::LAST, None, GRACE, at(1)).is_none());
}

#[test]
fn sixteen_renewals_may_follow_each_other_and_then_one_a_second() {
    let mut line = Line::new();
    let mut made = 0;
    while line.chain.may_renew(at(10)) {
        line.renew(made, at(10));
        made += 1;
    }
    assert_eq!(made, 16);
    assert!(!line.chain.may_renew(at(10)));
    assert!(line.chain.may_renew(at(11)));
    line.renew(made, at(11));
    assert!(!line.chain.may_renew(at(11)));
    assert!(line.chain.may_renew(at(27)));
}

#[test]
fn long_walks_are_made_only_within_the_budget_and_never_beyond_the_longest() {
    let mut line = Line::new();
    for generation in 0..4097 {
        line.renew(generation, at(100));
    }
    line.chain.confirm(at(100));
    let ask = |generation: usize, allow: bool| {
        let mut asked = None;
        let standing = line.chain.judge(&line.token(generation), None, GRACE, at(9999), |steps| {
            asked = Some(steps);
            allow
        });
        (asked, standing)
    };
    assert!(matches!(ask(0, true), (None, Standing::Wrong)), "4,097 steps");
    assert!(matches!(ask(1, true), (Some(4096), Standing::Replayed)));
    assert!(matches!(ask(1, false), (Some(4096), Standing::Wrong)));
    assert!(matches!(ask(4081, false), (None, Standing::Replayed)), "16 steps are free");
    assert!(matches!(ask(4080, false), (Some(17), Standing::Wrong)));
}

#[test]
fn with_a_pepper_the_stored_nonce_does_not_give_the_next_secret() {
    let pepper = Pepper::new(b"0123456789abcdef0123456789abcdef").expect("long enough");
    let Renewed { chain, secret } = Chain::start(Generation::FIRST, at(0));
    let with = chain.renew(&secret, Generation::FIRST, Some(&pepper), GRACE, at(1)).expect("generations are left");
    let without = chain.renew(&secret, Generation::FIRST, None, GRACE, at(1)).expect("generations are left");
    assert_ne!(with.chain.hash, without.chain.hash);
    let token = ReferenceToken { id: SessionId::from_bytes([1; 16]), generation: Generation::FIRST, secret };
    assert!(matches!(with.chain.judge(&token, Some(&pepper), GRACE, at(2), |_| true), Standing::Superseded(_)));
    assert!(matches!(with.chain.judge(&token, None, GRACE, at(2), |_| true), Standing::Wrong));
}

#[test]
fn derivation_is_hmac_of_generation_and_secret() {
    let nonce = ChainNonce::from_bytes([3; 16]);
    let key = chain_key(&nonce, None);
    let next = derive(&key, Generation::new(0x01_02_03).expect("small"), &SessionSecret::from_bytes([4; 28]));
    let mut message = vec![1, 2, 3];
    message.extend([4; 28]);
    assert_eq!(next.expose()[..], Mac::new(&[3; 16]).sign(&[&message])[..28]);
}

#[test]
fn the_nonce_is_not_shown() {
    let line = Line::new();
    assert_eq!(format!("{:?}", line.chain.nonce), "ChainNonce(..)");
}
