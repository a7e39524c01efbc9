use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;

use crate::url::InvalidUrl;

/// Which table the store is on, and how it is reached and used.
///
/// ```
/// use std::time::Duration;
/// use hallpass_dynamodb::DynamoDbOptions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = DynamoDbOptions::from_url("dynamodb://AKIAEXAMPLE:secret@eu-west-1/sessions")?
///     .timeout(Duration::from_millis(500));
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DynamoDbOptions {
    pub(crate) table: String,
    pub(crate) way: Way,
    pub(crate) timeout: Duration,
    pub(crate) keep_events: Option<Duration>,
    pub(crate) creates: bool,
}

/// How the service is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// By a client that the user brought.
    Client(Client),
    /// By one that is made for this store.
    Own(Own),
}

#[derive(Clone, Default)]
pub(crate) struct Own {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) credentials: Option<Credentials>,
}

impl DynamoDbOptions {
    fn with(table: impl Into<String>, way: Way) -> Self {
        Self { table: table.into(), way, timeout: Duration::from_secs(3), keep_events: None, creates: false }
    }

    /// Returns the usual options for a table in the region that the environment names, with the credentials that it
    /// gives: variables, profiles, containers or instances, as every program on AWS finds them.
    pub fn new(table: impl Into<String>) -> Self {
        Self::with(table, Way::Own(Own::default()))
    }

    /// Returns the usual options for a table that this client reaches.
    ///
    /// The client's retries are not used: a write whose answer was lost, sent again, would look like a conflict.
    pub fn with_client(client: Client, table: impl Into<String>) -> Self {
        Self::with(table, Way::Client(client))
    }

    /// Reads the options from a URL: `dynamodb://REGION/TABLE`, or `dynamodb://KEY:SECRET@REGION/TABLE` with credentials
    /// of its own. Without a region (`dynamodb:///TABLE`) it is that of the environment.
    ///
    /// After a question mark there may be, joined by `&`: `endpoint` (another service than AWS's own, such as
    /// `http://127.0.0.1:8000`), `timeout_ms`, `create=true` and `events_days`. Key and secret are written with percent
    /// signs where URLs want that.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`] says what is wrong, and repeats no secret.
    pub fn from_url(url: &str) -> Result<Self, InvalidUrl> {
        crate::url::read(url)
    }

    /// Names the region. It has no effect where a client was brought.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        self.own(|own| own.region = Some(region.into()))
    }

    /// Names a service other than AWS's own, such as `http://127.0.0.1:8000`. It has no effect where a client was brought.
    #[must_use]
    pub fn endpoint(self, endpoint: impl Into<String>) -> Self {
        self.own(|own| own.endpoint = Some(endpoint.into()))
    }

    /// Says who we are. It has no effect where a client was brought.
    ///
    /// # Security
    ///
    /// On AWS, leave this out and give the machine or container a role: its credentials last for hours.
    #[must_use]
    pub fn credentials(self, key: impl Into<String>, secret: impl Into<String>) -> Self {
        let credentials = Credentials::new(key, secret, None, None, "hallpass");
        self.own(|own| own.credentials = Some(credentials))
    }

    /// Sets how long a question may take, asking again included: by default 3 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets DynamoDB remove events this long after they came: by default they stay.
    #[must_use]
    pub fn keep_events(mut self, keep: Duration) -> Self {
        self.keep_events = Some(keep);
        self
    }

    /// Makes the table when the store is opened and there is none, paid by use.
    ///
    /// That is for trying things out: a table that counts is made with the rest of the infrastructure, protected from
    /// deletion and with recovery to a point in time.
    #[must_use]
    pub fn create(mut self, creates: bool) -> Self {
        self.creates = creates;
        self
    }

    fn own(mut self, change: impl FnOnce(&mut Own)) -> Self {
        if let Way::Own(own) = &mut self.way {
            change(own);
        }
        self
    }

    /// Names the table and the service, without credentials.
    pub(crate) fn place(&self) -> String {
        let table = &self.table;
        match &self.way {
            Way::Own(Own { endpoint: Some(endpoint), .. }) => format!("DynamoDB table {table} at {endpoint}"),
            Way::Own(Own { region: Some(region), .. }) => format!("DynamoDB table {table} in {region}"),
            Way::Client(client) => match client.config().region() {
                Some(region) => format!("DynamoDB table {table} in {region}"),
                None => format!("DynamoDB table {table}"),
            },
            Way::Own(_) => format!("DynamoDB table {table}"),
        }
    }
}

/// The table and the service by their names: credentials stay out.
impl fmt::Debug for DynamoDbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbOptions")
            .field("place", &self.place())
            .field("timeout", &self.timeout)
            .field("keep_events", &self.keep_events)
            .field("creates", &self.creates)
            .finish_non_exhaustive()
    }
}
