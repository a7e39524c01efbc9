//! The contract of stores: with one service on the database, and with two.

use std::sync::Arc;

use hallpass::testing::conformance::Handles;
use hallpass_postgres::PostgresStore;
use rig::Postgres;
use tokio::sync::OnceCell;

/// The cases share a database, as they are made for.
async fn url() -> Option<String> {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let server = Postgres::shared()?;
    let database = DATABASE.get_or_init(async || server.database()).await;
    Some(server.url(database))
}

async fn open(url: &str) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::from_url(url).await.expect("a store"))
}

mod one_service {
    use super::*;

    async fn handles() -> Option<Handles> {
        Some(Handles::one(open(&url().await?).await))
    }

    hallpass::testing::conformance_tests!(handles);
}

mod two_services {
    use super::*;

    async fn handles() -> Option<Handles> {
        let url = url().await?;
        Some(Handles::two(open(&url).await, open(&url).await))
    }

    hallpass::testing::conformance_tests!(handles);
}
