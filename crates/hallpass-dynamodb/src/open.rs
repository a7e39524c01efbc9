use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Region};
use parking_lot::Mutex;
use tokio::time::timeout;

use crate::base::Base;
use crate::clock::ServerClock;
use crate::error::{Fault, OpenError};
use crate::options::{DynamoDbOptions, Own, Way};
use crate::schema;

/// How long it may take to connect, and to be given credentials.
const CONNECT: Duration = Duration::from_secs(1);

/// Reaches the table of these options, and sees that it is one of ours.
pub(crate) async fn open(options: DynamoDbOptions) -> Result<Base, OpenError> {
    let place = options.place();
    let builder = match options.way {
        Way::Client(client) => client.config().to_builder(),
        Way::Own(own) => own_client(own).await,
    };
    let clock = ServerClock::new();
    // The driver would repeat a write whose answer was lost: one that was done would look like a conflict.
    let builder = builder
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT.min(options.timeout)).build())
        .interceptor(clock.clone());
    let client = Client::from_conf(builder.build());
    if client.config().region().is_none() {
        return Err(OpenError::Region { place });
    }
    let patience = options.timeout.max(CONNECT);
    let wrong = |fault| OpenError::new(&place, fault);
    let describe = async || {
        let described = timeout(patience, schema::describe(&client, &options.table)).await;
        described.unwrap_or(Err(Fault::Late(patience)))
    };
    let described = match describe().await {
        Err(fault) if options.creates && fault.code() == Some("ResourceNotFoundException") => {
            schema::create(&client, &options.table).await.map_err(wrong)?;
            describe().await
        }
        described => described,
    };
    schema::check(&described.map_err(wrong)?).map_err(wrong)?;
    Ok(Base {
        client,
        table: options.table,
        place: Arc::from(place),
        timeout: options.timeout,
        keep_events: options.keep_events,
        server_clock: clock,
        seen: crate::index::Seen::default(),
        places: Mutex::default(),
    })
}

async fn own_client(own: Own) -> Builder {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = own.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(credentials) = own.credentials {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(endpoint) = own.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    Builder::from(&loader.load().await)
}
