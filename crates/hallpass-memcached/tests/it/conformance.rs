//! The contract of stores: on one server, and on two with two services.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::conformance::Handles;
use hallpass_memcached::MemcachedStore;
use rig::Memcached;

async fn connect(url: &str) -> Arc<MemcachedStore> {
    Arc::new(MemcachedStore::from_url(url).await.expect("the servers are there"))
}

/// An outage is every server frozen: one that was killed would have forgotten everything.
fn with_outage(handles: Handles, servers: Vec<Memcached>) -> Handles {
    let servers = Arc::new(servers);
    let switched = Arc::clone(&servers);
    handles
        .expiring_by_itself()
        .with_outage(move |away| {
            switched.iter().for_each(|server| if away { server.freeze() } else { server.thaw() });
            // The stores come back by themselves.
            tokio::time::sleep(Duration::from_millis(if away { 0 } else { 1500 }))
        })
        .keeping(servers)
}

mod one_server {
    use super::*;

    async fn handles() -> Option<Handles> {
        let server = rig::memcached(&["-I", "2m"])?;
        let store = connect(&server.url()).await;
        Some(with_outage(Handles::one(store), vec![server]))
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

mod two_servers_and_two_services {
    use super::*;

    async fn handles() -> Option<Handles> {
        let servers = vec![rig::memcached(&["-I", "2m", "-M"])?, rig::memcached(&["-I", "2m", "-M"])?];
        let [one, other] = [&servers[0], &servers[1]].map(Memcached::address);
        // In another order they are the same.
        let stores = (
            connect(&format!("memcached://{one},{other}?prefix=shop:")).await,
            connect(&format!("memcached://{other},{one}?prefix=shop:")).await,
        );
        Some(with_outage(Handles::two(stores.0, stores.1), servers))
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}
