use hallpass::{Cursor, Page, PageLimit, Query, Realm, Record, Timestamp};
use hallpass_sql::{Condition, CorruptRow, Damage, Dialect, Lead, OF_APPLICATIONS, Table, Value, Width};
use mysql_async::{Row, Value as Raw};

use crate::connections::Connections;
use crate::error::Fault;
use crate::row::{self, bound, bytes};

/// How MySQL and MariaDB write what dialects write differently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mysql;

impl Dialect for Mysql {
    fn placeholder(&self, out: &mut String, _number: usize) {
        out.push('?');
    }

    fn after_event(&self) -> (&'static str, &'static str) {
        (
            "seq > COALESCE((SELECT seq FROM (SELECT seq FROM hallpass_events WHERE id <= ",
            " AND seq IS NOT NULL ORDER BY id DESC LIMIT 1) AS place), 0)",
        )
    }

    fn trail_tables(&self) -> (&'static str, &'static str) {
        ("hallpass_seals", "hallpass_events")
    }

    fn is_ended(&self, ended: bool) -> &'static str {
        if ended { "is_ended = 1" } else { "is_ended = 0" }
    }
}

/// Both servers find these by one step in the index for each.
const REALMS: &str = "SELECT DISTINCT realm FROM hallpass_sessions FORCE INDEX (sessions_by_creation)";

pub(crate) async fn list(connections: &Connections, query: &Query, damage: &Damage) -> Result<Page<Record>, Fault> {
    query.after.as_ref().map(Cursor::record).transpose()?; // also where there is nothing to list
    let lead = Lead::of(query);
    let records = if query.realm.is_some() || !lead.is_newest_first() {
        find(connections, query, lead, damage).await?
    } else {
        of_each_realm(connections, query, lead, damage).await?
    };
    Ok(Page::newest(records, query.limit))
}

/// Has the newest of each realm, since the order of an index is within a realm.
async fn of_each_realm(
    connections: &Connections,
    query: &Query,
    lead: Lead,
    damage: &Damage,
) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    for row in connections.read(REALMS, Vec::new()).await? {
        let name = bytes(&row, 0, "realm")?;
        let realm = str::from_utf8(name).ok().and_then(|name| Realm::new(name).ok());
        let Some(realm) = realm else {
            damage.tell(&"mysql", "hallpass_sessions", name, &CorruptRow::Column("realm"));
            continue;
        };
        let mut of_this = query.clone();
        of_this.realm = Some(realm);
        records.extend(find(connections, &of_this, lead, damage).await?);
    }
    Ok(records)
}

/// Finds what is over and has not ended, soonest first: in the order of its index, so that nothing is sorted.
pub(crate) async fn overdue(
    connections: &Connections,
    by: Timestamp,
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Record>, Fault> {
    let mut records = read(connections, &row::SESSIONS, &soonest(), &[by.into()], limit, damage).await?;
    records.truncate(limit.number());
    Ok(records)
}

fn soonest() -> String {
    format!(
        "SELECT {} FROM hallpass_sessions FORCE INDEX (sessions_by_expiry)
         WHERE expires_at <= ? AND ended_at IS NULL AND {OF_APPLICATIONS} ORDER BY expires_at LIMIT ?",
        row::RECORD
    )
}

async fn find(connections: &Connections, query: &Query, lead: Lead, damage: &Damage) -> Result<Vec<Record>, Fault> {
    let Condition { sql, values } = Condition::of_sessions(query, &Mysql)?;
    read(connections, &row::SESSIONS, &page(&sql, query, lead), &values, query.limit, damage).await
}

/// Reads at least one more than the limit, if there are more; what is damaged is told and left out.
pub(crate) async fn read<T>(
    connections: &Connections,
    table: &Table<Row, T>,
    sql: &str,
    values: &[Value],
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<T>, Fault> {
    let mut width = Width::one_more_than(limit.number());
    loop {
        let mut values: Vec<_> = values.iter().map(bound).collect();
        values.push(Raw::UInt(width.rows() as u64));
        let rows = connections.read(sql, values).await?;
        let items = damage.sift(table, &rows);
        match width.wider(rows.len(), items.len()) {
            Some(wider) => width = wider,
            None => return Ok(items),
        }
    }
}

/// The server is left to choose only where a filter may hardly narrow.
fn page(condition: &str, query: &Query, lead: Lead) -> String {
    let hint = if lead.may_find_most(query) { String::new() } else { format!("FORCE INDEX ({})", lead.index()) };
    format!(
        "SELECT {} FROM hallpass_sessions {hint} WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT ?",
        row::RECORD
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MysqlStore;

    /// Ten thousand sessions, the oldest of which are over: as in a store that has run for a while.
    const FILL: &str = "INSERT INTO hallpass_sessions
            (realm, id, version, seen_at, expires_at, subject, created_at, ended_at, level, profile, ip, head)
        SELECT 'default', UNHEX(LPAD(HEX(n), 32, '0')), 1, t, t, CONCAT('user', n % 2500), t,
            IF(n % 100 = 0, t, NULL), IF(n % 100 = 1, 2, 1), IF(n % 100 = 2, 'remember', 'default'),
            UNHEX(HEX(167772160 + n)), x'00'
        FROM (SELECT seq AS n, TIMESTAMPADD(SECOND, seq, '1970-01-01') AS t FROM seq_1_to_10000) AS numbers;
        ANALYZE TABLE hallpass_sessions";

    #[tokio::test]
    async fn every_filter_is_answered_by_its_index() {
        let Some(server) = rig::MariaDb::shared() else { return };
        let database = server.database();
        let store = MysqlStore::from_url(&server.url(&database)).await.expect("a store");
        server.run(&database, FILL);
        for query in hallpass_sql::testing::every_filter() {
            let lead = Lead::of(&query);
            let Condition { sql, values } = Condition::of_sessions(&query, &Mysql).expect("no cursor");
            let sql = format!("EXPLAIN {}", page(&sql, &query, lead).replace("LIMIT ?", "LIMIT 101"));
            let values = values.iter().map(bound).collect();
            let rows = store.connections().read(&sql, values).await.expect("a plan");
            assert_eq!(rows.len(), 1);
            let [way, key] = ["type", "key"].map(|column| rows[0].get::<Option<String>, _>(column).flatten());
            assert_eq!(key.as_deref(), Some(lead.index()), "{query:?}: {way:?}");
            assert_ne!(way.as_deref(), Some("ALL"), "{query:?}");
        }
    }

    #[tokio::test]
    async fn what_is_overdue_is_read_in_the_order_of_its_index_and_no_further_than_its_limit() {
        let Some(server) = rig::MariaDb::shared() else { return };
        let database = server.database();
        let store = MysqlStore::from_url(&server.url(&database)).await.expect("a store");
        server.run(&database, FILL);
        // What was read is counted by the server, for the connection that read it.
        let sql = format!("ANALYZE FORMAT=JSON {}", soonest().replace("LIMIT ?", "LIMIT 11"));
        let by = Timestamp::from_millis(9_000_000);
        let rows = store.connections().read(&sql, vec![bound(&by.into())]).await.expect("a plan");
        let plan = rows[0].get::<String, _>(0).expect("text");
        assert!(plan.contains("sessions_by_expiry") && !plan.contains("filesort"), "{plan}");
        assert!(plan.contains("\"r_rows\": 11,"), "{plan}");
    }
}
