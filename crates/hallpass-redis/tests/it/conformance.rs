//! The contract of stores: on one server, with two services.

use std::sync::Arc;

use hallpass::testing::conformance::Handles;
use hallpass_redis::RedisStore;
use parking_lot::Mutex;
use rig::Redis;

async fn connect(url: &str) -> Arc<RedisStore> {
    Arc::new(RedisStore::from_url(url).await.expect("the server is there"))
}

/// An outage is the server killed, and started again.
fn with_outage(handles: Handles, server: Redis) -> Handles {
    let server = Arc::new(Mutex::new(server));
    let switched = Arc::clone(&server);
    handles
        .with_outage(move |away| {
            if away {
                switched.lock().kill();
            } else {
                switched.lock().start();
            }
            // The stores come back by themselves.
            tokio::time::sleep(std::time::Duration::from_millis(if away { 0 } else { 1500 }))
        })
        .keeping(server)
}

mod one_service {
    use super::*;

    async fn handles() -> Option<Handles> {
        let server = rig::redis(&["appendonly yes", "appendfsync always"])?;
        let store = connect(&server.url()).await;
        Some(with_outage(Handles::one(store).expiring_by_itself(), server))
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

mod two_services {
    use super::*;

    async fn handles() -> Option<Handles> {
        let server = rig::redis(&["appendonly yes", "appendfsync always"])?;
        let url = format!("{}?prefix=shop:", server.url());
        let handles = Handles::two(connect(&url).await, connect(&url).await);
        Some(with_outage(handles.expiring_by_itself(), server))
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

mod two_services_with_a_cache_each {
    use super::*;

    async fn handles() -> Option<Handles> {
        let server = rig::redis(&[])?;
        let url = server.url();
        let handles = crate::copies::handles(connect(&url).await, connect(&url).await).await;
        Some(handles.expiring_by_itself().keeping(server))
    }

    hallpass::testing::conformance_tests!(handles);
}
