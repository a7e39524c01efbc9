use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hallpass::StoreError;
use hallpass_dialects::django::Django;
use hallpass_dialects::{Credential, Dialect, Session};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls};

use super::Row;
use crate::error::Error;
use crate::found::Found;
use crate::home::{Home, Page};

/// How long a question may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sessions of Django's backend `db` in PostgreSQL.
///
/// There is one connection, without encryption; when it is lost, the next question makes another one.
#[derive(Clone)]
pub struct PostgresHome {
    config: Arc<Config>,
    client: Arc<Mutex<Option<Arc<Client>>>>,
    django: Django,
}

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl PostgresHome {
    /// Connects to the database that a URL names, which has to have the table `django_session`.
    ///
    /// # Errors
    ///
    /// If the URL cannot be read or demands encryption, or there is no such database or table.
    pub async fn connect(url: &str, django: Django) -> Result<Self, Error> {
        // What the driver says of a URL that it cannot read may have parts of it.
        let config: Config = url.parse().map_err(|_| Error::unsupported("the URL of PostgreSQL cannot be read"))?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(Error::unsupported("the table of Django is reached without encryption only"));
        }
        let home = Self { config: Arc::new(config), client: Arc::default(), django };
        home.query("SELECT session_key, session_data, expire_date FROM django_session LIMIT 0", &[]).await?;
        Ok(home)
    }

    async fn query(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<tokio_postgres::Row>, Error> {
        self.asked(async { self.client().await?.query(sql, parameters).await }).await
    }

    async fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Error> {
        self.asked(async { self.client().await?.execute(sql, parameters).await }).await
    }

    async fn asked<T>(&self, asking: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        match timeout(PATIENCE, asking).await {
            Ok(answer) => answer.map_err(|error| StoreError::unavailable(error).into()),
            Err(_) => Err(Error::answer("PostgreSQL gives no answer in time")),
        }
    }

    async fn client(&self) -> Result<Arc<Client>, tokio_postgres::Error> {
        let mut client = self.client.lock().await;
        if let Some(client) = client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (made, connection) = self.config.connect(NoTls).await?;
        // It ends with its client, or with an error that the next question meets as well.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Arc::clone(client.insert(Arc::new(made))))
    }

    fn found(&self, rows: &[tokio_postgres::Row], now_ms: i64) -> Result<Vec<Found>, Error> {
        let read = |row: &tokio_postgres::Row| {
            Ok(Row { key: row.try_get(0)?, data: row.try_get(1)?, expires_at_ms: row.try_get(2)? })
        };
        let rows: Result<Vec<Row>, tokio_postgres::Error> = rows.iter().map(read).collect();
        let rows = rows.map_err(|_| Error::unsupported("the table has other columns than Django's"))?;
        Ok(rows.into_iter().filter_map(|row| row.found(&self.django, now_ms)).collect())
    }
}

/// What is read of a row.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT session_key, session_data, (extract(epoch FROM expire_date) * 1000)::bigint FROM django_session ",
            $rest
        )
    };
}

fn many(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Home for PostgresHome {
    fn dialect(&self) -> &dyn Dialect {
        &self.django
    }

    fn new_session(&self, _: i64) -> Session {
        Session::new()
    }

    async fn load(&self, credential: &Credential, now_ms: i64) -> Result<Option<Found>, Error> {
        let rows = self.query(select!("WHERE session_key = $1"), &[&credential.danger_expose()]).await?;
        Ok(self.found(&rows, now_ms)?.pop())
    }

    async fn list(&self, after: Option<&str>, limit: usize, now_ms: i64) -> Result<Page, Error> {
        let sql = select!("WHERE session_key > $1 ORDER BY session_key LIMIT $2");
        let rows = self.query(sql, &[&after.unwrap_or_default(), &many(limit)]).await?;
        let last = rows.last().filter(|_| rows.len() >= limit);
        let next = last.and_then(|row| row.try_get::<_, String>(0).ok());
        Ok(Page { items: self.found(&rows, now_ms)?, next })
    }

    async fn create(&self, credential: &Credential, session: &Session, now_ms: i64) -> Result<bool, Error> {
        let row = Row::of(&self.django, credential, session, now_ms)?;
        let sql = "INSERT INTO django_session (session_key, session_data, expire_date) \
                   VALUES ($1, $2, to_timestamp($3::bigint / 1000.0)) ON CONFLICT (session_key) DO NOTHING";
        Ok(self.execute(sql, &[&row.key, &row.data, &row.expires_at_ms]).await? > 0)
    }

    async fn replace(&self, found: &Found, session: &Session, now_ms: i64) -> Result<bool, Error> {
        let row = Row::of(&self.django, &found.credential, session, now_ms)?;
        let read = String::from_utf8_lossy(found.stored.bytes().unwrap_or_default());
        let sql = "UPDATE django_session SET session_data = $2, expire_date = to_timestamp($3::bigint / 1000.0) \
                   WHERE session_key = $1 AND session_data = $4";
        Ok(self.execute(sql, &[&row.key, &row.data, &row.expires_at_ms, &&*read]).await? > 0)
    }

    /// Django notes the use of a session only when it saves it.
    async fn touch(&self, _: &Found, _: i64) -> Result<bool, Error> {
        Ok(true)
    }

    async fn revoke(&self, credential: &Credential, _: i64) -> Result<bool, Error> {
        let sql = "DELETE FROM django_session WHERE session_key = $1";
        Ok(self.execute(sql, &[&credential.danger_expose()]).await? > 0)
    }

    async fn sweep(&self, limit: usize, now_ms: i64) -> Result<usize, Error> {
        // What somebody writes at this moment is left to the next time: nobody waits for anybody.
        let sql = "DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM django_session \
                   WHERE expire_date < to_timestamp($1::bigint / 1000.0) LIMIT $2 FOR UPDATE SKIP LOCKED)";
        let gone = self.execute(sql, &[&now_ms, &many(limit)]).await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

/// Servers by their addresses: users and passwords stay out.
impl fmt::Debug for PostgresHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresHome").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}
