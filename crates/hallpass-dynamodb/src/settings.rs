use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use bytes::Bytes;
use hallpass::{Outcome, Settings, StoreError};

use crate::base::Base;
use crate::error::Fault;
use crate::index::{Question, query};
use crate::item::{self, Item, bytes, keyed, text};
use crate::keys::{Key, PARTITION, SETTINGS, SORT};
use crate::store::DynamoDbStore;

const VALUE: &str = "value";

/// The settings that live in the table of a store; see [`DynamoDbStore::settings`].
#[derive(Debug, Clone)]
pub struct DynamoDbSettings {
    store: DynamoDbStore,
}

impl DynamoDbSettings {
    pub(crate) fn new(store: DynamoDbStore) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Settings for DynamoDbSettings {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.store.told(load(self.store.base(), name).await)
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        <dyn Settings>::check(name, value)?;
        self.store.told(save(self.store.base(), name, value, expected).await)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.store.told(list(self.store.base(), prefix).await)
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.store.told(remove(self.store.base(), name, expected).await)
    }
}

async fn load(base: &Base, name: &str) -> Result<Option<Bytes>, Fault> {
    if name.is_empty() {
        return Ok(None);
    }
    let key = keyed(&Key::setting(name));
    let ask = || base.client.get_item().table_name(&base.table).consistent_read(true).set_key(Some(key.clone())).send();
    base.read(ask).await?.item.map(|item| Ok(read(item)?.1)).transpose()
}

async fn save(base: &Base, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, Fault> {
    let mut item = keyed(&Key::setting(name));
    item.insert(VALUE.to_owned(), bytes(value));
    let ask = || {
        let ask = base.client.put_item().table_name(&base.table).set_item(Some(item.clone()));
        match expected {
            None => ask.condition_expression(format!("attribute_not_exists({PARTITION})")),
            Some(expected) => ask
                .condition_expression("#value = :expected")
                .expression_attribute_names("#value", VALUE)
                .expression_attribute_values(":expected", bytes(expected)),
        }
        .send()
    };
    match base.write(ask).await? {
        Ok(_) => Ok(Outcome::Applied),
        Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(Outcome::Conflict),
        Err(error) => Err(Fault::Lost(error.to_string())),
    }
}

async fn remove(base: &Base, name: &str, expected: &[u8]) -> Result<Outcome, Fault> {
    if name.is_empty() {
        return Ok(Outcome::Conflict);
    }
    let key = keyed(&Key::setting(name));
    let ask = || {
        base.client
            .delete_item()
            .table_name(&base.table)
            .set_key(Some(key.clone()))
            .condition_expression("#value = :expected")
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_values(":expected", bytes(expected))
            .send()
    };
    match base.write(ask).await? {
        Ok(_) => Ok(Outcome::Applied),
        Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(Outcome::Conflict),
        Err(error) => Err(Fault::Lost(error.to_string())),
    }
}

async fn list(base: &Base, prefix: &str) -> Result<Vec<(String, Bytes)>, Fault> {
    // Nothing begins with nothing, for DynamoDB.
    let range = (!prefix.is_empty()).then(|| ("begins_with(sk, :prefix)", vec![(":prefix", text(prefix))]));
    let items = query(base, &Question { range, ..Question::all(SETTINGS) }).await?;
    items.into_iter().map(read).collect()
}

fn read(mut item: Item) -> Result<(String, Bytes), Fault> {
    let name = item::read_text(&item, SORT).map(str::to_owned);
    let value = item.remove(VALUE).and_then(|value| value.as_b().ok().cloned());
    match (name, value) {
        (Some(name), Some(value)) => Ok((name, Bytes::from(value.into_inner()))),
        (name, _) => Err(Fault::Item(format!("{SETTINGS} {}", name.unwrap_or_default()))),
    }
}
