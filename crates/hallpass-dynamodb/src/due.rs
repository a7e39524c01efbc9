use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join_all, try_join_all};
use hallpass::{PageLimit, Record, Timestamp};

use crate::base::Base;
use crate::error::Fault;
use crate::index::{found_of, readable};
use crate::item::{self, ENDED, EXPIRES_AT, Item, instant, keyed, text};
use crate::keys::{DUE_AT, DUE_IN, DUE_INDEX, Due, Key, SHARDS, due_shard};

/// Returns records that have not ended and whose deadline is over.
///
/// The index says when a record may be over at the earliest, and can be behind by a moment: what it leads to is judged by
/// the record itself.
pub(crate) async fn overdue(base: &Base, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, Fault> {
    let mut found = Vec::new();
    let is_over = |record: &Record| record.ended.is_none() && record.expires_at <= by;
    for shard in starting_anywhere() {
        let mut walk = Deadlines::new(due_shard(Due::Living, shard), by);
        while found.len() < limit.number() {
            let records = walk.next(base, limit.number()).await?;
            let Some(records) = records else { break };
            refile(base, records.iter().filter(|record| record.ended.is_none() && !is_over(record))).await;
            found.extend(records.into_iter().filter(|record| is_over(record) && !record.realm.is_own()));
        }
    }
    found.truncate(limit.number());
    Ok(found)
}

/// So that several who sweep at once begin at different places.
pub(crate) fn starting_anywhere() -> impl Iterator<Item = u8> {
    let first = hallpass::SessionId::random().as_bytes()[0];
    (0..SHARDS).map(move |shard| (shard + first % SHARDS) % SHARDS)
}

/// Files those that were used since under their present deadlines, so that they are not met again until then. If that
/// fails, the next does it.
async fn refile<'a>(base: &Base, used: impl Iterator<Item = &'a Record>) {
    let moves = used.map(|record| async move {
        let key = keyed(&Key::record(&record.realm, &record.id));
        let ask = || {
            base.client
                .update_item()
                .table_name(&base.table)
                .set_key(Some(key.clone()))
                .update_expression("SET #due_at = #expires_at")
                .condition_expression("#ended = :living")
                .expression_attribute_names("#due_at", DUE_AT)
                .expression_attribute_names("#expires_at", EXPIRES_AT)
                .expression_attribute_names("#ended", ENDED)
                .expression_attribute_values(":living", AttributeValue::Bool(false))
                .send()
        };
        base.write(ask).await
    });
    for moved in join_all(moves).await {
        if let Err(fault) = moved {
            tracing::debug!(error = %fault, "a session that was used could not be filed anew");
        }
    }
}

/// A walk through one partition of the index of deadlines, the oldest first.
pub(crate) struct Deadlines {
    partition: String,
    by: Timestamp,
    after: Option<Item>,
    is_read: bool,
}

impl Deadlines {
    pub(crate) fn new(partition: String, by: Timestamp) -> Self {
        Self { partition, by, after: None, is_read: false }
    }

    /// Returns the records that the next entries lead to, as they are now; nothing at the end.
    pub(crate) async fn next(&mut self, base: &Base, most: usize) -> Result<Option<Vec<Record>>, Fault> {
        if self.is_read {
            return Ok(None);
        }
        let ask = || {
            base.client
                .query()
                .table_name(&base.table)
                .index_name(DUE_INDEX)
                .key_condition_expression("#due_in = :due_in AND #due_at <= :by")
                .expression_attribute_names("#due_in", DUE_IN)
                .expression_attribute_names("#due_at", DUE_AT)
                .expression_attribute_values(":due_in", text(&*self.partition))
                .expression_attribute_values(":by", instant(self.by))
                .limit(i32::try_from(most).unwrap_or(i32::MAX))
                .set_exclusive_start_key(self.after.clone())
                .send()
        };
        let answer = base.read(ask).await?;
        self.after = answer.last_evaluated_key;
        self.is_read = self.after.is_none();
        let keys: Vec<_> = answer.items.unwrap_or_default().iter().filter_map(item::key_of).collect();
        let items = found_of(base, keys).await?;
        let mut records = Vec::with_capacity(items.len());
        for item in items.into_values() {
            records.extend(readable(base, item).await?);
        }
        Ok(Some(records))
    }
}

/// Does something with each record, some at once.
pub(crate) async fn for_each<T, F>(records: &[Record], work: impl Fn(Record) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    const AT_ONCE: usize = 16;
    let mut done = Vec::new();
    for some in records.chunks(AT_ONCE) {
        done.extend(try_join_all(some.iter().map(|record| work(record.clone()))).await?);
    }
    Ok(done)
}
