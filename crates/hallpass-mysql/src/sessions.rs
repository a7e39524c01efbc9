use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use hallpass::{Event, Expected, Outcome, Realm, Record, SWEEP_MARGIN, SessionId, Timestamp, Version};
use hallpass_sql::{SESSION_COLUMNS, SESSION_VALUES, Value, is_news, outcome, session_values, version};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, TxOpts, Value as Raw};

use crate::connections::Connections;
use crate::error::Fault;
use crate::events;
use crate::row::{self, bound, bytes, moment, write_literal};

static LOAD: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM hallpass_sessions WHERE realm = ? AND id = ?", row::RECORD));

const TOUCH: &str = "UPDATE hallpass_sessions
    SET seen_at = GREATEST(seen_at, ?), expires_at = GREATEST(expires_at, ?)
    WHERE realm = ? AND id = ? AND version = ? AND ended_at IS NULL";

/// What somebody else is writing is passed; what is found is locked, and so is what it was.
const DUE: &str = "SELECT realm, id FROM hallpass_sessions FORCE INDEX (sessions_by_expiry)
    WHERE expires_at < ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED";

pub(crate) async fn load(connections: &Connections, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    let rows = connections.read(&LOAD, key(realm, id)).await?;
    Ok(rows.first().map(row::record).transpose()?)
}

/// Writes a row if what is there is as expected, and tells other nodes so in the same transaction.
pub(crate) async fn save(
    connections: &Arc<Connections>,
    record: &Record,
    expected: Expected,
    events: &[Event],
) -> Result<Outcome, Fault> {
    let values = columns(record);
    let is_news = is_news(record, expected);
    let result = if events.is_empty() && !is_news {
        let (sql, values) = change(&values, expected);
        let raw: Vec<_> = values.into_iter().map(bound).collect();
        connections.write(&sql, raw).await.map(|(found, _)| found > 0)
    } else {
        let script = script(&values, expected, events, is_news);
        run_apart(connections, script).await
    };
    match result {
        Ok(is_applied) => Ok(outcome(is_applied)),
        Err(fault) if fault.is_duplicate() => Ok(Outcome::Conflict),
        Err(fault) => Err(fault),
    }
}

/// Runs a script on a task of its own: if who asked goes away after a failure and before the end of the transaction, the
/// connection must not go to somebody else with the transaction open.
pub(crate) async fn run_apart(connections: &Arc<Connections>, script: String) -> Result<bool, Fault> {
    let connections = Arc::clone(connections);
    let task = tokio::spawn(async move {
        connections.again_if_it_gave_way(|| connections.on_one(|conn| run(conn, script.clone()))).await
    });
    match task.await {
        Ok(result) => result,
        Err(stopped) => Err(mysql_async::Error::Other(stopped.into()).into()),
    }
}

/// The values of a record's row, `sealed` among them: attributes that are no text.
fn columns(record: &Record) -> Vec<Value> {
    let mut values = session_values(record).to_vec();
    let sealed = match &values[SESSION_VALUES - 1] {
        Value::Bytes(_) => std::mem::replace(&mut values[SESSION_VALUES - 1], Value::Null),
        _ => Value::Null,
    };
    values.push(sealed);
    values
}

/// Returns the statement with `?` for each of the values that it returns.
fn change(values: &[Value], expected: Expected) -> (String, Vec<&Value>) {
    let names = || SESSION_COLUMNS.into_iter().chain(["sealed"]);
    match expected {
        Expected::Absent => {
            let columns = names().collect::<Vec<_>>().join(", ");
            let places = vec!["?"; values.len()].join(", ");
            (format!("INSERT INTO hallpass_sessions ({columns}) VALUES ({places})"), values.iter().collect())
        }
        Expected::Version(expected) => {
            // A use that was noted meanwhile is not undone.
            let set = |name| match name {
                "seen_at" => "seen_at = GREATEST(seen_at, ?)".to_owned(),
                name => format!("{name} = ?"),
            };
            let sets = names().skip(2).map(set).collect::<Vec<_>>().join(", ");
            let number = version(expected);
            let sql = format!(
                "UPDATE hallpass_sessions SET {sets} WHERE realm = ? AND id = ? AND version = {number} AND ended_at IS NULL"
            );
            (sql, values[2..].iter().chain(&values[..2]).collect())
        }
    }
}

/// The change, its events and the news of it in one transaction and one round trip; whether it was applied is its answer.
fn script(row: &[Value], expected: Expected, events: &[Event], is_news: bool) -> String {
    let (sql, values) = change(row, expected);
    let mut script = String::from("START TRANSACTION; ");
    let mut values = values.into_iter();
    for part in sql.split_inclusive('?') {
        script.push_str(part.trim_end_matches('?'));
        if part.ends_with('?')
            && let Some(value) = values.next()
        {
            write_literal(&mut script, value);
        }
    }
    script.push_str("; SET @applied = ROW_COUNT(); ");
    for event in events {
        events::write_keeping(&mut script, event);
    }
    if is_news {
        script.push_str("INSERT INTO hallpass_changes (realm, id) SELECT ");
        write_literal(&mut script, &row[0]);
        script.push_str(", ");
        write_literal(&mut script, &row[1]);
        script.push_str(" FROM DUAL WHERE @applied = 1; ");
    }
    script.push_str("COMMIT; SELECT @applied");
    script
}

/// Runs a script of one transaction, the last answer of which is whether it was applied.
async fn run(mut conn: Conn, script: String) -> Result<bool, Fault> {
    match answer(&mut conn, script).await {
        Ok(rows) => Ok(rows.last().map(|row| row::number(row, 0, "applied")).transpose()? == Some(1)),
        Err(fault) => {
            // The rest of the script did not run.
            if fault.is_lost() || conn.query_drop("ROLLBACK").await.is_err() {
                drop(conn.disconnect().await);
            }
            Err(fault)
        }
    }
}

async fn answer(conn: &mut Conn, script: String) -> Result<Vec<Row>, Fault> {
    let mut result = conn.query_iter(script).await?;
    let mut rows = Vec::new();
    while !result.is_empty() {
        rows.extend(result.collect::<Row>().await?);
    }
    // The failure of a later statement is no result, and comes only here.
    result.drop_result().await?;
    Ok(rows)
}

pub(crate) async fn touch(
    connections: &Connections,
    realm: &Realm,
    id: &SessionId,
    expected: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, Fault> {
    let mut values = vec![moment(seen_at), moment(expires_at)];
    values.extend(key(realm, id));
    values.push(Raw::Int(version(expected)));
    let (found, _) = connections.write(TOUCH, values).await?;
    Ok(outcome(found > 0))
}

pub(crate) async fn sweep(connections: &Connections, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let before = moment(now.minus(SWEEP_MARGIN));
    connections.again_if_it_gave_way(|| connections.on_one(|conn| forget(conn, before.clone(), limit))).await
}

async fn forget(mut conn: Conn, before: Raw, limit: usize) -> Result<usize, Fault> {
    let mut transaction = conn.start_transaction(TxOpts::default()).await?;
    let due: Vec<Row> = transaction.exec(DUE, (before, limit)).await?;
    let mut realms: BTreeMap<Bytes, Vec<Raw>> = BTreeMap::new();
    for row in &due {
        let realm = Bytes::copy_from_slice(bytes(row, 0, "realm")?);
        realms.entry(realm).or_default().push(Raw::Bytes(bytes(row, 1, "id")?.to_vec()));
    }
    for (realm, mut ids) in realms {
        let places = vec!["?"; ids.len()].join(", ");
        ids.insert(0, Raw::Bytes(realm.to_vec()));
        let sql = format!("DELETE FROM hallpass_sessions WHERE realm = ? AND id IN ({places})");
        transaction.exec_drop(sql, ids).await?;
    }
    transaction.commit().await?;
    Ok(due.len())
}

fn key(realm: &Realm, id: &SessionId) -> Vec<Raw> {
    vec![realm.as_str().into(), Raw::Bytes(id.as_bytes().to_vec())]
}
