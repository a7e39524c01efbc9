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
    for record in [full(), renewed, made_without_a_token, tombstone()] {
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

#[test]
fn a_record_from_before_all_terms_were_kept_leaves_the_others_to_the_policy_of_today() {
    let now = full();
    let bytes = now.to_bytes();
    let later = bytes.windows(2).position(|field| field == [tag::TERMS_TOO, 5]).expect("the terms");
    let before = [&bytes[..later], &bytes[later + 7..]].concat();
    let record = Record::from_bytes(&Bytes::from(before)).expect("what was written before is still read");
    let terms = Terms { anonymous: Terms::NEVER, locks: true, ..now.terms };
    assert_eq!(record, Record { terms, ..now });
    assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
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
