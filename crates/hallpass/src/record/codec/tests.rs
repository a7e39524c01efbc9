use proptest::prelude::*;

use super::super::Client;
use super::*;

fn full() -> Record {
    let now = Timestamp::from_millis(1_700_000_000_000);
    let mut record = Record::new(
        SessionId::from_bytes([1; 16]),
        Realm::default(),
        Profile::remember(),
        Terms { idle: 1, absolute: 2, renewal: 3, anonymous: 900, locks: false },
        Chain::start(Generation::FIRST, now).chain,
        now,
    );
    record.subject = Some(Subject::new("alice").expect("valid"));
    record.version = Version::new(u64::MAX);
    record.authenticated_at = Some(now);
    record.expires_at = Timestamp::MAX;
    record.level = Level::TWO_FACTORS;
    record.methods = vec![Method::new("pwd").expect("valid"), Method::new("otp").expect("valid")];
    record.client = Client {
        ip: Some("2001:db8::1".parse().expect("valid")),
        user_agent: Note::lossy("Mozilla/5.0"),
        label: Note::lossy("Firefox on Linux"),
    };
    record.retry = Some(Retry { key: [5; 16], presented: Some(SecretHash::from_bytes([6; 32])), asked: Some([7; 32]) });
    record.data = Bytes::from_static(br#"{"a":1}"#);
    record
}

fn tombstone() -> Record {
    let mut record = full();
    let ended =
        Ended { at: record.created_at, reason: EndReason::Logout, actor: Actor::user(), note: Note::lossy("bye") };
    record.end(ended, Timestamp::MAX);
    record
}

fn generation(number: u32) -> Generation {
    Generation::new(number).expect("small")
}

#[test]
fn a_record_survives_its_bytes() {
    let mut renewed = full();
    renewed.chain = Some(Chain {
        first_generation: generation(1),
        settled: generation(2),
        settling: generation(3),
        from: generation(4),
        generation: generation(5),
        started_at: Timestamp::from_millis(1),
        settling_at: Timestamp::from_millis(2),
        renewed_at: Timestamp::from_millis(3),
        paced_until: Timestamp::from_millis(4),
        confirmed_at: None,
        ..renewed.chain.expect("living")
    });
    let mut made_without_a_token = full();
    made_without_a_token.retry.as_mut().expect("full").presented = None;
    let mut impersonated = full();
    impersonated.impersonator = Some(Subject::new("bob").expect("valid"));
    for record in [full(), renewed, made_without_a_token, impersonated, tombstone()] {
        assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    }
}

#[test]
fn the_head_is_the_record_without_attributes() {
    let mut record = full();
    let head = Record::from_bytes(&record.head_to_bytes()).expect("its own bytes");
    record.data = Bytes::new();
    assert_eq!(head, record);
}

#[test]
fn a_tombstone_has_no_secret_and_no_attributes() {
    let record = tombstone();
    assert_eq!((record.chain, record.data), (None, Bytes::new()));
}

#[test]
fn fields_of_a_newer_version_are_kept() {
    let bytes = full().to_bytes();
    let mut bytes = BytesMut::from(&bytes[..bytes.len() - 2]);
    put(&mut bytes, 200, b"later");
    put(&mut bytes, 201, &[9; 300]);
    let record = Record::from_bytes(&close(bytes)).expect("known fields are all there");
    let again = Record::from_bytes(&record.to_bytes()).expect("its own bytes");
    assert_eq!(again, record);
    assert_eq!(again.unknown.len(), 7 + 303);
}

/// Writes the fields that are read still, and not written any more.
fn written_before(record: &Record) -> BytesMut {
    let mut out = BytesMut::new();
    out.put_u8(FORMAT);
    put(&mut out, tag::ID, record.id.as_bytes());
    put(&mut out, tag::REALM, record.realm.as_str().as_bytes());
    put_text(&mut out, tag::SUBJECT, record.subject.as_ref().map(Subject::as_str));
    put(&mut out, tag::VERSION, &record.version.number().to_be_bytes());
    put_instant(&mut out, tag::SEEN_AT, Some(record.seen_at));
    put_instant(&mut out, tag::EXPIRES_AT, Some(record.expires_at));
    let Terms { idle, absolute, renewal, .. } = record.terms;
    put(&mut out, tag::PROFILE, record.profile.as_str().as_bytes());
    put(&mut out, tag::TERMS, [idle, absolute, renewal].map(u32::to_be_bytes).as_flattened());
    put_instant(&mut out, tag::CREATED_AT, Some(record.created_at));
    put_instant(&mut out, tag::AUTHENTICATED_AT, record.authenticated_at);
    let chain = record.chain.as_ref().expect("living");
    let mut bytes = [&chain.nonce.as_bytes()[..], chain.hash.as_bytes()].concat();
    for generation in [chain.first_generation, chain.settled, chain.settling, chain.from, chain.generation] {
        bytes.extend(generation.number().to_be_bytes());
    }
    let instants = [chain.started_at, chain.settling_at, chain.renewed_at, chain.paced_until];
    for at in instants.into_iter().chain(chain.confirmed_at) {
        bytes.extend(at.as_millis().to_be_bytes());
    }
    put(&mut out, tag::CHAIN, &bytes);
    put(&mut out, tag::LEVEL, &[record.level.number()]);
    out
}

fn plain() -> Record {
    let full = full();
    Record { methods: Vec::new(), client: Client::default(), retry: None, data: Bytes::new(), ..full }
}

#[test]
fn a_record_from_before_its_life_was_one_field_is_still_read() {
    for confirmed_at in [None, Some(Timestamp::from_millis(7))] {
        let mut now = plain();
        now.chain.as_mut().expect("living").confirmed_at = confirmed_at;
        let mut before = written_before(&now);
        put(&mut before, tag::TERMS_TOO, &[0, 0, 3, 132, 0]);
        let record = Record::from_bytes(&close(before)).expect("what was written before is still read");
        assert_eq!(record, now);
        assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    }
    let mut both = written_before(&plain());
    put(&mut both, tag::LIFE, &life::to_bytes(&plain(), plain().chain.as_ref()));
    assert_eq!(Record::from_bytes(&close(both)), Err(CorruptRecord("a field comes twice")));
}

#[test]
fn a_record_from_before_all_terms_were_kept_leaves_the_others_to_the_policy_of_today() {
    let now = plain();
    let record = Record::from_bytes(&close(written_before(&now))).expect("what was written before is still read");
    let terms = Terms { anonymous: Terms::NEVER, locks: true, ..now.terms };
    assert_eq!(record, Record { terms, ..now });
    assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
}

#[test]
fn every_torn_or_longer_life_is_refused() {
    let mut renewed = full();
    let chain = renewed.chain.as_mut().expect("living");
    (chain.generation, chain.confirmed_at) = (generation(200), Some(Timestamp::MAX));
    chain.paced_until = Timestamp::UNIX_EPOCH;
    let mut ended = tombstone();
    ended.terms.idle = Terms::NEVER;
    for record in [full(), renewed, ended] {
        let bytes = life::to_bytes(&record, record.chain.as_ref());
        assert!(life::from_bytes(&bytes).is_ok());
        for length in 0..bytes.len() {
            assert!(life::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert!(life::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
    let ended = life::to_bytes(&tombstone(), None);
    let more = [&[ended[0] | 1 << 6], &ended[1..]].concat();
    assert!(life::from_bytes(&more).is_err(), "parts of a chain without one");
}

proptest! {
    #[test]
    fn any_life_survives_its_bytes(
        instants in any::<[u64; 7]>(),
        mut generations in proptest::collection::vec(0..=Generation::LAST.number(), 5),
        seconds in any::<[u32; 4]>(),
        locks in any::<bool>(),
        level in 0_u8..=9,
        (is_authenticated, is_confirmed) in any::<(bool, bool)>(),
    ) {
        generations.sort_unstable();
        let [at, other, started_at, settling_at, renewed_at, paced_until, confirmed] = instants.map(Timestamp::from_millis);
        let [idle, absolute, renewal, anonymous] = seconds;
        let mut record = full();
        record.created_at = at;
        record.authenticated_at = is_authenticated.then_some(other);
        record.terms = Terms { idle, absolute, renewal, anonymous, locks };
        record.level = Level::new(level).expect("below 10");
        record.chain = Some(Chain {
            first_generation: generation(generations[0]),
            settled: generation(generations[1]),
            settling: generation(generations[2]),
            from: generation(generations[3]),
            generation: generation(generations[4]),
            started_at,
            settling_at,
            renewed_at,
            paced_until,
            confirmed_at: is_confirmed.then_some(confirmed),
            ..record.chain.expect("living")
        });
        prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    }
}

#[test]
fn a_record_from_before_requests_were_kept_still_tells_its_retry() {
    let now = full();
    let bytes = now.to_bytes();
    let asked = bytes.windows(2).position(|field| field == [tag::ASKED, 48]).expect("the request");
    let before = [&bytes[..asked], &bytes[asked + 50..]].concat();
    let record = Record::from_bytes(&Bytes::from(before)).expect("what was written before is still read");
    let retry = now.retry.clone().map(|retry| Retry { asked: None, ..retry });
    assert_eq!(record, Record { retry, ..now });
    let mut other = bytes.to_vec();
    other[asked + 2] ^= 1;
    assert_eq!(Record::from_bytes(&other.into()), Err(CorruptRecord("its attempt has two keys")));
}

#[test]
fn every_torn_or_mixed_up_record_is_refused() {
    let bytes = full().to_bytes();
    for length in 0..bytes.len() {
        assert!(Record::from_bytes(&bytes.slice(..length)).is_err(), "{length} bytes");
    }
    let more = [&bytes[..], &[0, 0]].concat();
    assert_eq!(Record::from_bytes(&Bytes::from(more)), Err(CorruptRecord("it goes on after its end")));
    let twice = [&bytes[..bytes.len() - 2], &bytes[1..]].concat();
    assert_eq!(Record::from_bytes(&Bytes::from(twice)), Err(CorruptRecord("a field comes twice")));
    assert_eq!(Record::from_bytes(&Bytes::from_static(&[2])), Err(CorruptRecord("its format is not known")));
}

#[test]
fn a_living_record_needs_a_chain_in_order() {
    let mut record = full();
    record.chain = None;
    assert_eq!(Record::from_bytes(&record.to_bytes()), Err(CorruptRecord("it lives without a chain")));
    let mut record = full();
    record.chain.as_mut().expect("living").from = Generation::LAST;
    assert_eq!(Record::from_bytes(&record.to_bytes()), Err(CorruptRecord("generations are out of order")));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(record) = Record::from_bytes(&Bytes::from(bytes)) {
            prop_assert_eq!(Record::from_bytes(&record.to_bytes()).expect("its own bytes"), record);
        }
    }

    #[test]
    fn a_changed_byte_is_read_or_refused_without_panic(at in 0_usize..200, to in any::<u8>()) {
        let mut bytes = full().to_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(record) = Record::from_bytes(&Bytes::from(bytes)) {
            prop_assert_eq!(Record::from_bytes(&record.to_bytes()).expect("its own bytes"), record);
        }
    }
}

#[test]
fn a_record_survives_as_its_frame_and_its_body() {
    let mut newer = full();
    newer.unknown = Bytes::from_static(b"\xc8\x05later");
    for record in [newer, tombstone()] {
        let frame = Frame {
            id: record.id,
            realm: record.realm.clone(),
            subject: record.subject.clone(),
            version: record.version,
            seen_at: record.seen_at,
            expires_at: record.expires_at,
        };
        assert_eq!(Record::from_body(frame.clone(), &record.body_to_bytes()), Ok(record.clone()));
        // What the frame says is not said a second time.
        assert!(Record::from_body(frame, &record.to_bytes()).is_err());
        assert!(Record::from_bytes(&record.body_to_bytes()).is_err());
    }
}

#[test]
fn a_body_that_is_cut_off_or_goes_on_is_refused() {
    let record = full();
    let read = |bytes: &[u8]| {
        let frame = Frame {
            id: record.id,
            realm: record.realm.clone(),
            subject: record.subject.clone(),
            version: record.version,
            seen_at: record.seen_at,
            expires_at: record.expires_at,
        };
        Record::from_body(frame, &Bytes::copy_from_slice(bytes))
    };
    let body = record.body_to_bytes();
    for length in 0..body.len() {
        assert!(read(&body[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(read(&body).as_ref(), Ok(&record));
    assert_eq!(read(&[&body[..], &[0, 0]].concat()), Err(CorruptRecord("it goes on after its end")));
}

#[test]
fn the_terms_of_the_default_policy_take_no_room() {
    let mut record = full();
    record.terms = crate::Policy::default().terms();
    let usual = life::to_bytes(&record, record.chain.as_ref());
    record.terms.locks = true;
    assert_eq!(life::to_bytes(&record, record.chain.as_ref()).len(), usual.len() + 4 * 2 + 1);
    for terms in [record.terms, crate::Policy::default().terms()] {
        record.terms = terms;
        assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record.clone()));
    }
}
