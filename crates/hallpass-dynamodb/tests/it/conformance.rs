//! The contract of stores: with one service, and with two.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::conformance::{Handles, check_settings};
use hallpass_dynamodb::DynamoDbStore;

async fn connect(url: &str) -> Arc<DynamoDbStore> {
    Arc::new(DynamoDbStore::from_url(url).await.expect("the server is there"))
}

/// An outage is the way to the server, refused: the server itself has the tables of other tests, too.
async fn handles(services: usize) -> Option<Handles> {
    let server = rig::shared_dynamodb()?;
    let proxy = rig::Proxy::to(server.port());
    let url = proxy.url(&server.own_url());
    let one = connect(&url).await;
    let handles = if services == 1 { Handles::one(one) } else { Handles::two(one, connect(&url).await) };
    let proxy = Arc::new(proxy);
    let switched = Arc::clone(&proxy);
    let handles = handles.with_outage(move |away| {
        if away {
            switched.refuse();
        } else {
            switched.mend();
        }
        tokio::time::sleep(Duration::from_millis(if away { 0 } else { 300 }))
    });
    Some(handles.keeping(proxy))
}

mod one_service {
    async fn handles() -> Option<hallpass::testing::conformance::Handles> {
        super::handles(1).await
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

mod two_services {
    async fn handles() -> Option<hallpass::testing::conformance::Handles> {
        super::handles(2).await
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settings_keep_their_contract() {
    let Some(server) = rig::shared_dynamodb() else { return };
    check_settings(&connect(&server.own_url()).await.settings()).await;
}
