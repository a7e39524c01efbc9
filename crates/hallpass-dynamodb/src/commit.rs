use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::base::{Base, Pause};
use crate::error::Fault;
use crate::item::Item;
use crate::keys::{Key, PARTITION};

/// The most items of a transaction (DynamoDB's "Service, account, and table quotas", "Transactions").
const MOST_PARTS: usize = 100;

/// What a transaction came to.
pub(crate) enum Committed {
    Applied,
    /// The condition of the first part that has one that does not hold: its place, and the item as it is.
    Refused {
        part: usize,
        present: Option<Item>,
    },
}

/// Writes all parts or none.
///
/// A transaction whose answer is lost is not sent again: one that was applied would be taken for a conflict.
pub(crate) async fn commit(base: &Base, parts: Vec<TransactWriteItem>) -> Result<Committed, Fault> {
    if parts.len() > MOST_PARTS {
        return Err(Fault::TooMany { parts: parts.len(), most: MOST_PARTS });
    }
    base.in_time(async {
        let mut pause = Pause::new();
        loop {
            let ask = || base.client.transact_write_items().set_transact_items(Some(parts.clone())).send();
            let Err(error) = base.write(ask).await? else { return Ok(Committed::Applied) };
            let TransactWriteItemsError::TransactionCanceledException(cancelled) = &error else {
                return Err(Fault::Lost(error.code().unwrap_or("cancelled without a reason").to_owned()));
            };
            match judge(cancelled.cancellation_reasons()) {
                Verdict::Refused(part, present) => return Ok(Committed::Refused { part, present }),
                Verdict::Again => pause.wait().await,
                Verdict::Throttled(code) => return Err(Fault::Throttled(code)),
                Verdict::Failed(code) => {
                    return Err(Fault::Service {
                        message: cancelled.message().unwrap_or_default().to_owned(),
                        code,
                        is_of_server: false,
                    });
                }
            }
        }
    })
    .await
    .map_err(|fault| match fault {
        fault @ Fault::Late(_) => fault,
        fault if fault.was_not_done() && !matches!(fault, Fault::Throttled(_)) => Fault::Busy,
        fault => fault,
    })
}

enum Verdict {
    Refused(usize, Option<Item>),
    Again,
    Throttled(String),
    Failed(String),
}

/// A condition that does not hold is an answer. That another transaction was under way is none.
fn judge(reasons: &[CancellationReason]) -> Verdict {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    if let Some(part) = reasons.iter().position(|reason| reason.code() == Some("ConditionalCheckFailed")) {
        return Verdict::Refused(part, reasons[part].item().cloned());
    }
    let mut others = reasons.iter().map(code).filter(|code| code != "None");
    match others.next() {
        Some(code) if code == "TransactionConflict" => Verdict::Again,
        Some(code) if code == "ThrottlingError" || code == "ProvisionedThroughputExceeded" => Verdict::Throttled(code),
        Some(code) => Verdict::Failed(code),
        None => Verdict::Failed("cancelled without a reason".to_owned()),
    }
}

/// Writes an item, whatever was there.
pub(crate) fn put(base: &Base, item: Item) -> Result<TransactWriteItem, Fault> {
    part(Put::builder().table_name(&base.table).set_item(Some(item)).build(), |put, item| item.put(put))
}

/// Writes an item where there is none.
pub(crate) fn create(base: &Base, item: Item) -> Result<TransactWriteItem, Fault> {
    let put = Put::builder()
        .table_name(&base.table)
        .set_item(Some(item))
        .condition_expression(format!("attribute_not_exists({PARTITION})"));
    part(put.build(), |put, item| item.put(put))
}

/// Removes an item, whether or not it is there.
pub(crate) fn remove(base: &Base, key: &Key) -> Result<TransactWriteItem, Fault> {
    let delete = Delete::builder().table_name(&base.table).set_key(Some(crate::item::keyed(key)));
    part(delete.build(), |delete, item| item.delete(delete))
}

/// Removes an item if this condition holds.
pub(crate) fn remove_if(base: &Base, key: &Key, condition: &Change) -> Result<TransactWriteItem, Fault> {
    let delete = Delete::builder()
        .table_name(&base.table)
        .set_key(Some(crate::item::keyed(key)))
        .condition_expression(&condition.condition)
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(Some(condition.values.clone()));
    part(delete.build(), |delete, item| item.delete(delete))
}

/// Changes an item if this condition holds; else the answer has the item as it is.
pub(crate) fn update(base: &Base, key: &Key, change: &Change) -> Result<TransactWriteItem, Fault> {
    let update = Update::builder()
        .table_name(&base.table)
        .set_key(Some(crate::item::keyed(key)))
        .update_expression(&change.update)
        .condition_expression(&change.condition)
        .set_expression_attribute_names(change.names())
        .set_expression_attribute_values(Some(change.values.clone()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    part(update.build(), |update, item| item.update(update))
}

/// A change of one item, and what must hold for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) names: std::collections::HashMap<String, String>,
    pub(crate) values: Item,
}

impl Change {
    pub(crate) fn names(&self) -> Option<std::collections::HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }
}

fn part<T, E>(
    built: Result<T, E>,
    add: impl FnOnce(
        T,
        aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder,
    ) -> aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder,
) -> Result<TransactWriteItem, Fault> {
    // Only what every caller here sets can be missing.
    let part = built.map_err(|_| Fault::Schema("a part of a transaction is incomplete"))?;
    Ok(add(part, TransactWriteItem::builder()).build())
}
