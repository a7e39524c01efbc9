use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
};
use aws_sdk_dynamodb::{Client, error::BuildError};
use tokio::time::{Instant, sleep};

use crate::error::Fault;
use crate::keys::{DUE_AT, DUE_IN, DUE_INDEX, FORGET_AT, PARTITION, SORT};

/// How long a new table may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(200);

/// Returns what the service says of the table.
pub(crate) async fn describe(client: &Client, table: &str) -> Result<TableDescription, Fault> {
    let answer = client.describe_table().table_name(table).send().await.map_err(|error| Fault::of(&error))?;
    answer.table.ok_or(Fault::Schema("the service says nothing of the table"))
}

/// Sees that the table has the keys and the index that the store goes by.
pub(crate) fn check(table: &TableDescription) -> Result<(), Fault> {
    if !has_keys(table.key_schema(), PARTITION, SORT) {
        return Err(Fault::Schema("its key is to be pk and sk"));
    }
    let type_of = |name: &str| {
        let of = table.attribute_definitions().iter().find(|definition| definition.attribute_name() == name);
        of.map(|definition| definition.attribute_type().clone())
    };
    let text = Some(ScalarAttributeType::S);
    if type_of(PARTITION) != text || type_of(SORT) != text {
        return Err(Fault::Schema("pk and sk are to be strings"));
    }
    let mut indices = table.global_secondary_indexes().iter();
    let Some(index) = indices.find(|index| index.index_name() == Some(DUE_INDEX)) else {
        return Err(Fault::Schema("it lacks the index due"));
    };
    if !has_keys(index.key_schema(), DUE_IN, DUE_AT)
        || type_of(DUE_IN) != text
        || type_of(DUE_AT) != Some(ScalarAttributeType::N)
    {
        return Err(Fault::Schema("the key of the index due is to be due_in, a string, and due_at, a number"));
    }
    Ok(())
}

fn has_keys(schema: &[KeySchemaElement], partition: &str, sort: &str) -> bool {
    let is = |name, kind| schema.iter().any(|key| key.attribute_name() == name && *key.key_type() == kind);
    schema.len() == 2 && is(partition, KeyType::Hash) && is(sort, KeyType::Range)
}

/// Makes the table, unless somebody else is making it at this moment.
pub(crate) async fn create(client: &Client, table: &str) -> Result<(), Fault> {
    let request = definition(client, table).map_err(|_| Fault::Schema("the definition of the table is incomplete"))?;
    if let Err(error) = request.send().await
        && error.code() != Some("ResourceInUseException")
    {
        return Err(Fault::of(&error));
    }
    let start = Instant::now();
    while describe(client, table).await?.table_status != Some(TableStatus::Active) {
        if start.elapsed() > PATIENCE {
            return Err(Fault::Late(PATIENCE));
        }
        sleep(PAUSE).await;
    }
    forget_in_time(client, table).await
}

type CreateTable = aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;

fn definition(client: &Client, table: &str) -> Result<CreateTable, BuildError> {
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let attribute = |name, kind| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(DUE_INDEX)
        .key_schema(key(DUE_IN, KeyType::Hash)?)
        .key_schema(key(DUE_AT, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()?;
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(PARTITION, KeyType::Hash)?)
        .key_schema(key(SORT, KeyType::Range)?)
        .global_secondary_indexes(index);
    for (name, kind) in [
        (PARTITION, ScalarAttributeType::S),
        (SORT, ScalarAttributeType::S),
        (DUE_IN, ScalarAttributeType::S),
        (DUE_AT, ScalarAttributeType::N),
    ] {
        request = request.attribute_definitions(attribute(name, kind)?);
    }
    Ok(request)
}

/// Has DynamoDB remove what nobody has swept.
async fn forget_in_time(client: &Client, table: &str) -> Result<(), Fault> {
    let by = TimeToLiveSpecification::builder().enabled(true).attribute_name(FORGET_AT).build();
    let by = by.map_err(|_| Fault::Schema("the definition of the table is incomplete"))?;
    match client.update_time_to_live().table_name(table).time_to_live_specification(by).send().await {
        Ok(_) => Ok(()),
        // It is so already, or somebody else is doing it.
        Err(error) if error.code() == Some("ValidationException") => Ok(()),
        Err(error) => Err(Fault::of(&error)),
    }
}
