//! The contract of stores: with one service on the database, and with two.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::conformance::{Handles, check_settings, check_trail};
use rig::Proxy;
use tokio::sync::OnceCell;

use super::copies;
use super::support::place;
use crate::server::{Server, SqlStore};

/// The cases share a database, as they are made for.
pub(crate) async fn url() -> Option<String> {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let server = Server::shared()?;
    let database = DATABASE.get_or_init(async || server.database()).await;
    Some(server.url(database))
}

async fn open(url: &str) -> Arc<SqlStore> {
    Arc::new(super::support::open(url).await)
}

/// An outage is the wire to the server cut, and mended.
async fn behind_wires(count: usize) -> Option<Handles> {
    let (url, port) = (url().await?, Server::shared()?.port());
    let wire = Proxy::to(port);
    let url = wire.url(&url);
    let one = open(&url).await;
    let other = if count > 1 { open(&url).await } else { Arc::clone(&one) as _ };
    Some(Handles::two(one, other).with_outage(move |away| {
        if away {
            wire.refuse();
        } else {
            wire.mend();
        }
        // A connection that failed is not tried again for a moment.
        tokio::time::sleep(Duration::from_millis(150))
    }))
}

mod one_service {
    use super::*;

    async fn handles() -> Option<Handles> {
        Some(Handles::one(open(&url().await?).await))
    }

    async fn behind_a_wire() -> Option<Handles> {
        behind_wires(1).await
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(behind_a_wire);
}

mod two_services {
    use super::*;

    async fn handles() -> Option<Handles> {
        let url = url().await?;
        Some(Handles::two(open(&url).await, open(&url).await))
    }

    hallpass::testing::conformance_tests!(handles);

    hallpass::testing::outage_tests!(behind_wires_of_both);

    async fn behind_wires_of_both() -> Option<Handles> {
        behind_wires(2).await
    }
}

mod two_services_with_a_cache_each {
    use super::*;

    async fn handles() -> Option<Handles> {
        let url = url().await?;
        Some(copies::handles(open(&url).await, open(&url).await).await)
    }

    hallpass::testing::conformance_tests!(handles);
}

#[tokio::test]
async fn its_trail_keeps_its_contract() {
    let Some((store, _, _)) = place().await else { return };
    check_trail(&store).await;
}

#[tokio::test]
async fn its_settings_keep_their_contract() {
    let Some((store, _, _)) = place().await else { return };
    check_settings(&store.settings()).await;
}
