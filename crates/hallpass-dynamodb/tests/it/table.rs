//! The table: what it must be, what is in it, and what is left of what is gone.

use std::num::NonZeroUsize;
use std::time::Duration;

use hallpass::{Expected, Health, Query, Realm, Record, Store, Timestamp};
use hallpass_dynamodb::aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use hallpass_dynamodb::{DynamoDbStore, OpenError};

use crate::support::{bare, changed, connect, create, ended, key_of, load, now, record, record_by, subject, update};

const DAY: Duration = Duration::from_hours(24);

fn sized(bytes: usize) -> String {
    format!("{{\"fill\":\"{}\"}}", "x".repeat(bytes))
}

#[tokio::test]
async fn a_table_that_is_missing_is_told_and_not_made_unless_asked() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let url = server.url("made-when-asked");
    let error = DynamoDbStore::from_url(&url.replace("&create=true", "")).await.expect_err("there is none");
    assert!(matches!(error, OpenError::NoTable { .. }) && error.to_string().contains("made-when-asked"), "{error:?}");
    // Two at once make one.
    let (one, other) = tokio::join!(DynamoDbStore::from_url(&url), DynamoDbStore::from_url(&url));
    let (one, other) = (one.expect("it is made"), other.expect("it is made"));
    let record = record();
    create(&one, &record).await;
    assert_eq!(load(&other, &record).await, Some(record));
}

#[tokio::test]
async fn a_table_of_another_kind_is_refused() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let text = ScalarAttributeType::S;
    let attribute =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(text.clone()).build();
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    for (table, sort, part) in
        [("of-another-kind", "other", "its key is to be"), ("without-index", "sk", "lacks the index")]
    {
        bare(server)
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk").expect("whole"))
            .attribute_definitions(attribute(sort).expect("whole"))
            .key_schema(element("pk", KeyType::Hash).expect("whole"))
            .key_schema(element(sort, KeyType::Range).expect("whole"))
            .send()
            .await
            .expect("it is there");
        let error = DynamoDbStore::from_url(&server.url(table)).await.expect_err("it is another table");
        assert!(matches!(error, OpenError::Schema { .. }) && error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_checkup_tells_what_endangers_the_table() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let store = connect(&server.own_url()).await;
    let checkup = store.checkup().await.expect("the server is there");
    assert_eq!(checkup.server.as_deref(), Some("DynamoDB"));
    let health = |topic: &str| {
        let finding = checkup.findings.iter().find(|finding| finding.topic == topic);
        finding.map(|finding| finding.health)
    };
    assert_eq!(health("table"), Some(Health::Good), "{checkup:?}");
    assert_eq!(health("capacity"), Some(Health::Good), "{checkup:?}");
    assert_eq!(health("expiry"), Some(Health::Good), "{checkup:?}");
    assert_eq!(health("deletion"), Some(Health::Warning), "{checkup:?}");
    assert_eq!(health("recovery"), Some(Health::Warning), "{checkup:?}");
}

#[tokio::test]
async fn the_servers_clock_is_told() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let store = connect(&server.own_url()).await;
    let before = now();
    let told = store.time().await.expect("the server is there").expect("it has a clock");
    assert!(told >= before.minus(Duration::from_millis(1100)) && told <= now(), "{told} at {before}");
}

#[tokio::test]
async fn dynamodb_itself_forgets_a_day_late_and_never_what_was_just_used() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "forgotten-late";
    let store = connect(&server.url(table)).await;
    let mut record = record();
    record.expires_at = Timestamp::from_millis(1);
    create(&store, &record).await;
    let forget_at = async || {
        let ask = bare(server).get_item().table_name(table).set_key(Some(key_of(&record)));
        let item = ask.send().await.expect("it is there").item.expect("the record is there");
        let seconds = item["forget_at"].as_n().expect("a number").parse().expect("a number");
        Timestamp::UNIX_EPOCH.plus(Duration::from_secs(seconds))
    };
    let first = forget_at().await;
    assert!(first > now().plus(DAY).minus(Duration::from_secs(5)), "{first}");
    let later = now().plus(DAY);
    let outcome = store.touch(&record.realm, &record.id, record.version, now(), later).await;
    assert_eq!(outcome.expect("the server is there"), hallpass::Outcome::Applied);
    assert!(forget_at().await > later.plus(DAY).minus(Duration::from_secs(5)));
}

#[tokio::test]
async fn entries_of_what_dynamodb_has_removed_are_taken_out_by_a_listing() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "left-over";
    let store = connect(&server.url(table)).await;
    let whose = subject("alice");
    let mut old = record_by(&whose);
    old.created_at = now().minus(DAY * 2);
    let young = record_by(&whose);
    for record in [&old, &young] {
        create(&store, record).await;
        let ask = bare(server).delete_item().table_name(table).set_key(Some(key_of(record)));
        ask.send().await.expect("it is there");
    }
    let query = Query::of_subject(Realm::default(), whose);
    assert_eq!(store.list(&query).await.expect("it is there").items, []);
    let ask = bare(server).query().table_name(table).key_condition_expression("pk = :pk");
    let ask = ask.expression_attribute_values(":pk", AttributeValue::S("subject/default/alice".to_owned()));
    let left = ask.send().await.expect("it is there").items.unwrap_or_default();
    assert_eq!(left.len(), 1, "the record of a young entry may be under way: {left:?}");
}

#[tokio::test]
async fn a_session_that_does_not_fit_into_an_item_has_several() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "in-parts";
    let store = connect(&server.url(table)).await;
    let whose = subject("alice");
    let mut present = record_by(&whose);
    create(&store, &present).await;
    // More parts, fewer, none, and other ones.
    for bytes in [10, 1_000_000, 1_000_001, 350_000, 2_000_000, 10, 299_000, 400_000] {
        let next = changed(&present, &sized(bytes));
        update(&store, &present, &next).await;
        present = next;
        assert_eq!(load(&store, &present).await.as_ref(), Some(&present), "{bytes}");
        let listed = store.list(&Query::of_subject(Realm::default(), whose.clone())).await.expect("it is there");
        assert_eq!(listed.items, std::slice::from_ref(&present), "{bytes}");
        let parts = if bytes > 300_000 { bytes.div_ceil(300 * 1024) } else { 0 };
        assert_eq!(parts_of(server, table, &present).await, parts, "{bytes}");
    }
    let late = changed(&changed(&present, "{}"), &sized(500_000));
    let outcome = store.save(&late, Expected::Version(present.version.next()), &[]).await.expect("it is there");
    assert_eq!(outcome, hallpass::Outcome::Conflict);
    assert_eq!(load(&store, &present).await.as_ref(), Some(&present), "a conflict leaves the parts alone");
    let tombstone = ended(&present);
    update(&store, &present, &tombstone).await;
    assert_eq!(parts_of(server, table, &present).await, 0, "a tombstone has no attributes anywhere");
    let too_large = store.save(&changed(&record(), &sized(3_200_000)), Expected::Absent, &[]).await;
    assert!(too_large.is_err_and(|error| error.is_unsupported()));
}

async fn parts_of(server: &rig::DynamoDb, table: &str, record: &Record) -> usize {
    let partition = format!("session/{}/{}", record.realm, record.id);
    let ask = bare(server).query().table_name(table).key_condition_expression("pk = :pk AND begins_with(sk, :data)");
    let ask = ask.expression_attribute_values(":pk", AttributeValue::S(partition));
    let ask = ask.expression_attribute_values(":data", AttributeValue::S("data/".to_owned()));
    let items: Result<Vec<_>, _> = ask.into_paginator().items().send().collect().await;
    items.expect("it is there").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_in_parts_is_never_read_from_two_versions() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let url = server.own_url();
    let (writer, reader) = (connect(&url).await, connect(&url).await);
    let mut present = changed(&record(), &"a".repeat(700_000));
    create(&writer, &present).await;
    let first = present.clone();
    let writing = tokio::spawn(async move {
        for letter in ["b", "c", "d", "e", "f", "g"] {
            let next = changed(&present, &letter.repeat(700_000));
            update(&writer, &present, &next).await;
            present = next;
        }
    });
    let mut seen = 0;
    while !writing.is_finished() || seen == 0 {
        let found = load(&reader, &first).await.expect("it is there");
        let letter = found.data[0];
        assert!(found.data.len() == 700_000 && found.data.iter().all(|byte| *byte == letter), "two versions in one");
        seen += 1;
    }
    writing.await.expect("the writer ends");
}

#[tokio::test]
async fn what_is_forgotten_leaves_nothing_behind() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "swept-clean";
    let store = connect(&server.url(table)).await;
    let mut record = changed(&record_by(&subject("alice")), &sized(700_000));
    record.expires_at = now().minus(DAY);
    create(&store, &record).await;
    let swept = store.sweep(now(), NonZeroUsize::MAX).await.expect("it is there");
    assert_eq!(swept, 1);
    let left = bare(server).scan().table_name(table).send().await.expect("it is there").items.unwrap_or_default();
    let left: Vec<_> = left.iter().map(|item| item["pk"].as_s().expect("text").clone()).collect();
    assert_eq!(left, ["realms"]);
}

#[tokio::test]
async fn a_damaged_record_is_corrupt_stays_and_is_left_out_of_listings() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let table = "damaged";
    let store = connect(&server.url(table)).await;
    let whose = subject("alice");
    let (good, bad) = (record_by(&whose), record_by(&whose));
    for record in [&good, &bad] {
        create(&store, record).await;
    }
    for (name, value) in [
        ("body", AttributeValue::S("nonsense".to_owned())),
        ("version", AttributeValue::S("nonsense".to_owned())),
        ("subject", AttributeValue::N("5".to_owned())),
    ] {
        let ask = bare(server).update_item().table_name(table).set_key(Some(key_of(&bad)));
        let ask = ask.update_expression("SET #n = :v").expression_attribute_names("#n", name);
        ask.expression_attribute_values(":v", value).send().await.expect("it is there");
        let error = store.load(&bad.realm, &bad.id).await.expect_err("no record");
        assert!(error.is_corrupt() && error.to_string().contains(&bad.id.to_string()), "{error}");
        assert!(!error.to_string().contains("nonsense"), "what is stored is not shown: {error}");
        let listed = store.list(&Query::of_subject(Realm::default(), whose.clone())).await.expect("it is there");
        assert_eq!(listed.items, std::slice::from_ref(&good));
    }
    let _ = store.save(&bad, Expected::Absent, &[]).await;
    let _ = store.save(&bad, Expected::Version(bad.version), &[]).await;
    assert!(store.load(&bad.realm, &bad.id).await.is_err_and(|error| error.is_corrupt()), "it stays");
}
