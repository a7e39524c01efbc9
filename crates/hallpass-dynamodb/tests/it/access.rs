//! Credentials: what is refused is told, and no secret is ever shown.

use hallpass::Store as _;
use hallpass_dynamodb::{DynamoDbOptions, DynamoDbStore, OpenError};

use crate::fake::{Answer, Fake};
use crate::support::{assert_unavailable, bare, create, load, record};

#[tokio::test]
async fn wrong_credentials_are_told_without_them() {
    for code in ["UnrecognizedClientException", "InvalidSignatureException", "AccessDeniedException"] {
        let fake = Fake::refusing(Answer::Refusal(400, code));
        let error = DynamoDbStore::from_url(&fake.url()).await.expect_err("nobody is let in");
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(code) && shown.contains("sessions") && !shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn credentials_that_are_withdrawn_make_the_store_unavailable() {
    let fake = Fake::answering(Answer::Refusal(400, "ExpiredTokenException"));
    let store = DynamoDbStore::from_url(&fake.url()).await.expect("the table is there");
    let record = record();
    assert_unavailable(store.load(&record.realm, &record.id).await, "ExpiredTokenException");
    assert!(!format!("{store:?}").contains("s3cret"), "{store:?}");
}

#[tokio::test]
async fn a_service_that_is_away_is_told_by_name() {
    let port = rig::free_port();
    let url = format!("dynamodb://AKIATEST:s3cret@eu-west-1/sessions?endpoint=http://127.0.0.1:{port}");
    let error = DynamoDbStore::from_url(&url).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(&port.to_string()) && !shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_client_of_ones_own_is_enough() {
    let Some(server) = rig::shared_dynamodb() else { return };
    let options = DynamoDbOptions::with_client(bare(server), "a-client-of-ones-own").create(true);
    let store = DynamoDbStore::connect(options).await.expect("the server is there");
    let record = record();
    create(&store, &record).await;
    assert_eq!(load(&store, &record).await, Some(record));
}
