use std::net::SocketAddr;
use std::sync::Arc;

use actix_session::storage::RedisSessionStore;
use fred::clients::{Client, Pool};
use fred::interfaces::ClientLike as _;
use fred::types::config::Config;

use super::Library;
use crate::app;

/// Serves an application with its sessions on the Redis server of this URL, prints its address, and never returns.
pub fn serve(library: &str, url: &str) {
    let library = Library::named(library).expect("a library");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        println!("{}", listen(library, url).await);
        std::future::pending::<()>().await;
    });
}

async fn listen(library: Library, url: &str) -> SocketAddr {
    match library {
        Library::Hallpass => {
            let store = hallpass_redis::RedisStore::from_url(url).await.expect("Redis is there");
            app::listen(app::hallpass::router(store)).await
        }
        // As many connections as the page of its store shows.
        Library::TowerSessions => {
            let pool = Pool::new(Config::from_url(url).expect("a URL"), None, None, None, 6).expect("a size");
            pool.init().await.expect("Redis is there");
            let store = tower_sessions_redis_store::RedisStore::new(pool);
            app::listen(app::tower_sessions::with_redis::router(store)).await
        }
        Library::Actix => {
            let store = RedisSessionStore::new(url).await.expect("Redis is there");
            app::actix::listen(move || store.clone())
        }
        // As its example does.
        Library::Ruts => {
            let client = Client::new(Config::from_url(url).expect("a URL"), None, None, None);
            client.init().await.expect("Redis is there");
            let store = ruts::store::redis::RedisStore::new(Arc::new(client)).await.expect("Redis knows scripts");
            app::listen(app::ruts::router(store)).await
        }
        Library::Express => unreachable!("it is served by Node"),
    }
}
