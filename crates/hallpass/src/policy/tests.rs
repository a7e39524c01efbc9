use super::*;
use crate::id::SessionId;
use crate::name::{Profile, Realm, Subject};
use crate::token::{Chain, Generation};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

/// A session signed in at second 0 under `policy`.
fn record(policy: &Policy) -> Record {
    let chain = Chain::start(Generation::FIRST, at(0)).chain;
    let mut record =
        Record::new(SessionId::random(), Realm::default(), Profile::default(), policy.terms(), chain, at(0));
    record.subject = Some(Subject::new("alice").expect("valid"));
    record.authenticated_at = Some(at(0));
    record
}

fn live(renewal_due: bool) -> Verdict {
    Verdict::Live { renewal_due }
}

#[test]
fn the_defaults_are_30_minutes_4_hours_and_60_minutes() {
    let policy = Policy::default();
    assert_eq!((policy.idle(), policy.absolute(), policy.renewal()), (30 * MINUTE, 4 * HOUR, HOUR));
    assert_eq!(Policy::builder().build(), Ok(policy));
}

#[test]
fn an_unused_session_ends_at_the_idle_timeout_and_not_before() {
    let policy = Policy::default();
    let record = record(&policy);
    assert_eq!(policy.judge(&record, at(1799)), live(false));
    assert_eq!(policy.judge(&record, at(1800)), Verdict::Expired(Expiry::Idle(at(1800))));
    assert_eq!(policy.expires_at(&record), at(1800));
}

#[test]
fn a_used_session_ends_at_the_absolute_timeout_and_not_before() {
    let policy = Policy::default();
    let mut record = record(&policy);
    record.seen_at = at(14_399);
    record.chain.as_mut().expect("living").renewed_at = at(14_000);
    assert_eq!(policy.judge(&record, at(14_399)), live(false));
    assert_eq!(policy.judge(&record, at(14_400)), Verdict::Expired(Expiry::Absolute(at(14_400))));
    assert_eq!(policy.judge(&record, at(99_999)), Verdict::Expired(Expiry::Absolute(at(14_400))));
    assert_eq!(policy.expires_at(&record), at(14_400));
}

#[test]
fn the_earlier_of_two_passed_timeouts_is_the_reason() {
    let policy = Policy::default();
    assert_eq!(policy.judge(&record(&policy), at(99_999)), Verdict::Expired(Expiry::Idle(at(1800))));
    assert_eq!(Expiry::Idle(at(1800)).reason(), EndReason::Idle);
    assert_eq!(Expiry::Absolute(at(1800)).reason(), EndReason::Absolute);
}

#[test]
fn only_an_authentication_restarts_the_absolute_timeout() {
    let policy = Policy::default();
    let mut record = record(&policy);
    record.seen_at = at(14_399);
    record.authenticated_at = Some(at(14_399));
    assert_eq!(policy.deadlines(&record).absolute, at(14_399 + 14_400));
}

#[test]
fn an_anonymous_session_is_short_however_much_it_is_used() {
    let policy = Policy::default();
    let mut record = record(&policy);
    (record.subject, record.authenticated_at, record.seen_at) = (None, None, at(899));
    assert_eq!(policy.judge(&record, at(899)), live(false));
    assert_eq!(policy.judge(&record, at(900)), Verdict::Expired(Expiry::Absolute(at(900))));
}

#[test]
fn renewal_is_due_after_its_timeout_counted_from_the_last() {
    let policy = Policy::default();
    let mut record = record(&policy);
    record.seen_at = at(3600);
    assert_eq!(policy.judge(&record, at(3599)), live(false));
    assert_eq!(policy.judge(&record, at(3600)), live(true));
    record.chain.as_mut().expect("living").renewed_at = at(1);
    assert_eq!(policy.judge(&record, at(3600)), live(false));
}

#[test]
fn the_stricter_of_stored_and_present_policy_wins() {
    let strict = Policy::builder().idle(10 * MINUTE).absolute(HOUR).renewal(6 * MINUTE).build().expect("valid");
    let loose = Policy::default();
    for (made_under, present) in [(&strict, &loose), (&loose, &strict)] {
        let record = record(made_under);
        assert_eq!(present.deadlines(&record), Deadlines { idle: at(600), absolute: at(3600) });
        assert_eq!(present.judge(&record, at(360)), live(true));
        assert!(present.is_touch_due(&record, at(31)));
    }
}

#[test]
fn loosening_the_anonymous_life_does_not_reach_sessions_that_are_open() {
    let (short, long) = (Policy::default(), Policy::builder().anonymous(DAY).build().expect("valid"));
    for (made_under, present) in [(&short, &long), (&long, &short)] {
        let mut record = record(made_under);
        (record.subject, record.authenticated_at, record.seen_at) = (None, None, at(899));
        assert_eq!(present.deadlines(&record).absolute, at(900));
        assert_eq!(present.judge(&record, at(900)), Verdict::Expired(Expiry::Absolute(at(900))));
    }
}

#[test]
fn a_session_locks_only_if_both_policies_lock_it() {
    let locks = Policy::builder().lock_when_idle().build().expect("valid");
    for (made_under, present) in [(&Policy::default(), &locks), (&locks, &Policy::default())] {
        let record = record(made_under);
        assert_eq!(present.judge(&record, at(1800)), Verdict::Expired(Expiry::Idle(at(1800))));
        assert_eq!(present.expires_at(&record), at(1800));
    }
}

#[test]
fn a_touch_is_due_when_the_error_would_exceed_a_minute_or_a_twentieth() {
    let half_hour = Policy::default();
    assert!(!half_hour.is_touch_due(&record(&half_hour), at(60)));
    assert!(half_hour.is_touch_due(&record(&half_hour), at(61)));
    let five_minutes = Policy::builder().idle(5 * MINUTE).build().expect("valid");
    assert!(!five_minutes.is_touch_due(&record(&five_minutes), at(15)));
    assert!(five_minutes.is_touch_due(&record(&five_minutes), at(16)));
}

#[test]
fn a_lockable_session_locks_when_idle_and_ends_at_the_absolute_timeout() {
    let policy = Policy::builder().lock_when_idle().build().expect("valid");
    let mut record = record(&policy);
    assert_eq!(policy.judge(&record, at(1799)), live(false));
    assert_eq!(policy.judge(&record, at(1800)), Verdict::Locked);
    assert_eq!(policy.expires_at(&record), at(14_400));
    assert_eq!(policy.judge(&record, at(14_400)), Verdict::Expired(Expiry::Absolute(at(14_400))));
    record.subject = None;
    record.authenticated_at = None;
    record.created_at = at(1000);
    assert_eq!(policy.judge(&record, at(1800)), Verdict::Expired(Expiry::Idle(at(1800))), "nobody could unlock it");
}

#[test]
fn contradictions_are_refused() {
    let builder = Policy::builder;
    let second = Duration::from_secs(1);
    for (policy, rule) in [
        (builder().idle(Duration::ZERO), "the idle timeout is to be 1 second"),
        (builder().idle(401 * DAY).absolute(401 * DAY), "the idle timeout is to be 1 second"),
        (builder().absolute(Duration::ZERO), "the absolute timeout is to be 1 second"),
        (builder().idle(5 * HOUR), "no longer than the absolute"),
        (builder().renewal(Duration::ZERO), "the renewal timeout is to be 1 second"),
        (builder().renewal(329 * second), "at least the grace and twice replay_after"),
        (builder().anonymous(2 * DAY), "anonymous"),
        (builder().grace(4 * second), "the grace is to be"),
        (builder().grace(301 * second), "the grace is to be"),
        (builder().replay_after(30 * second), "replay_after"),
        (builder().replay_after(3601 * second), "replay_after"),
        (builder().limit(0, Overflow::Refuse), "limit"),
        (builder().limit(1001, Overflow::Refuse), "limit"),
        (builder().retention(401 * DAY), "retention"),
    ] {
        let error = policy.build().unwrap_err().to_string();
        assert!(error.contains(rule), "{error} / {rule}");
    }
}

#[test]
fn a_missing_timeout_has_danger_in_its_name() {
    let policy = Policy::builder().danger_without_absolute_timeout().build().expect("valid");
    let mut without_absolute = record(&policy);
    without_absolute.seen_at = at(4_000_000_000);
    assert_eq!(policy.judge(&without_absolute, at(4_000_001_799)), live(true));
    let policy = Policy::builder().danger_without_idle_timeout().build().expect("valid");
    assert_eq!(policy.judge(&record(&policy), at(14_399)), live(true));
    assert_eq!(policy.judge(&record(&policy), at(14_400)), Verdict::Expired(Expiry::Absolute(at(14_400))));
}

#[test]
fn no_value_however_large_is_taken_for_no_timeout() {
    let builder = Policy::builder;
    for endless in [Duration::MAX, Duration::from_secs(u32::MAX.into()), Duration::from_secs(99_999_999_999)] {
        for policy in [builder().idle(endless), builder().idle(endless).absolute(endless)] {
            let error = policy.build().unwrap_err().to_string();
            assert_eq!(error, "the idle timeout is to be 1 second to 400 days");
        }
        let error = builder().absolute(endless).build().unwrap_err().to_string();
        assert_eq!(error, "the absolute timeout is to be 1 second to 400 days");
        assert!(builder().renewal(endless).build().is_err());
        let idle = builder().danger_without_absolute_timeout().idle(endless);
        assert!(idle.build().is_err(), "one danger is not another");
    }
}

#[test]
fn the_remember_profile_is_long_and_persistent() {
    let policy = Policy::remember();
    assert!(policy.is_persistent() && policy.idle() == 14 * DAY && policy.absolute() == 30 * DAY);
    assert!(!Policy::default().is_persistent());
}

#[test]
fn a_policy_says_what_it_was_told() {
    let policy = Policy::builder()
        .idle(MINUTE)
        .absolute(HOUR)
        .renewal(20 * MINUTE)
        .anonymous(2 * MINUTE)
        .fresh(3 * MINUTE)
        .retention(DAY)
        .build()
        .expect("within the bounds");
    let times = [policy.idle(), policy.absolute(), policy.renewal(), policy.anonymous()];
    assert_eq!(times, [MINUTE, HOUR, 20 * MINUTE, 2 * MINUTE]);
    assert_eq!((policy.fresh(), policy.retention()), (3 * MINUTE, DAY));
    let remember = Policy::remember();
    assert_eq!((remember.idle(), remember.absolute(), remember.renewal()), (14 * DAY, 30 * DAY, DAY));
    assert!(remember.is_persistent() && !policy.is_persistent());
}

#[test]
fn the_bounds_themselves_are_allowed_and_nothing_beyond_them() {
    let second = Duration::from_secs(1);
    let with = |replay_after, renewal| Policy::builder().replay_after(replay_after).renewal(renewal).build();
    assert!(with(HOUR, 3 * HOUR).is_ok() && with(HOUR + second, 3 * HOUR).is_err());
    let short = Policy::default().grace().grace + 199 * second;
    let kept = |retention| Policy::builder().retention(retention).build();
    assert!(kept(400 * DAY).is_ok() && kept(400 * DAY + second).is_err());
    assert!(with(100 * second, short + second).is_ok() && with(100 * second, short).is_err());
}
