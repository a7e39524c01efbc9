//! Written once for two releases of the library, since its store for Redis has not followed to the latest.

macro_rules! application {
    ($name:ident, $library:ident) => {
        pub(crate) mod $name {
            use axum::Router;
            use axum::extract::Path;
            use axum::routing::get;

            use crate::app::{IDLE, pause};
            use $library::cookie::time::Duration;
            use $library::{Expiry, Session, SessionManagerLayer, SessionStore};

            pub(crate) fn router(store: impl SessionStore + Clone) -> Router {
                let idle = Expiry::OnInactivity(Duration::seconds(IDLE.into()));
                Router::new()
                    .route("/start/{user}", get(start))
                    .route("/read", get(read))
                    .route("/add", get(add))
                    .route("/count", get(count))
                    .route("/key/{key}", get(key))
                    .route("/seen/{keys}", get(seen))
                    .layer(SessionManagerLayer::new(store).with_expiry(idle))
            }

            async fn start(session: Session, Path(user): Path<String>) {
                session.insert("user_id", user).await.expect("a string");
                session.insert("count", 0).await.expect("a number");
            }

            async fn read(session: Session) -> String {
                session.get("user_id").await.expect("a string").unwrap_or_default()
            }

            async fn add(session: Session) -> String {
                let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
                session.insert("count", count).await.expect("a number");
                count.to_string()
            }

            async fn count(session: Session) -> String {
                let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
                pause().await;
                session.insert("count", count).await.expect("a number");
                count.to_string()
            }

            async fn key(session: Session, Path(key): Path<String>) {
                let _: Option<bool> = session.get(&key).await.expect("a flag");
                pause().await;
                session.insert(&key, true).await.expect("a flag");
            }

            async fn seen(session: Session, Path(keys): Path<usize>) -> String {
                let mut found = 0;
                for key in 0..keys {
                    let flag: Option<bool> = session.get(&key.to_string()).await.expect("a flag");
                    found += usize::from(flag.is_some());
                }
                let count: Option<usize> = session.get("count").await.expect("a number");
                format!("{} {found}", count.unwrap_or(0))
            }
        }
    };
}

application!(latest, tower_sessions);
application!(with_redis, tower_sessions_14);
