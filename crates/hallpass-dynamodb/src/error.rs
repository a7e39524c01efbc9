use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use hallpass::{CorruptRecord, InvalidCursor, StoreError, StoreFault};

use crate::url::InvalidUrl;

/// Why a store could not be opened; names the table and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL does not name a table.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// There is nothing that says in which region the table is.
    #[error("{place}: no region is known; name it in the URL (dynamodb://REGION/TABLE) or in AWS_REGION")]
    Region {
        /// The table.
        place: String,
    },
    /// The service cannot be reached.
    #[error("{place}: cannot be reached ({source}); check the region, the endpoint and the network")]
    Away {
        /// The table.
        place: String,
        /// What the system or the service said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The service refuses the credentials, or they do not allow this.
    #[error("{place}: refuses the credentials, or does not allow them this ({source}); check the keys and the policy")]
    Refused {
        /// The table.
        place: String,
        /// What the service said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such table.
    #[error("{place}: there is no such table; make it, or let this make it with ?create=true")]
    NoTable {
        /// The table.
        place: String,
    },
    /// The table was made for something else.
    #[error("{place}: {problem}; the page of the store has the definition of its table")]
    Schema {
        /// The table.
        place: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl OpenError {
    pub(crate) fn new(place: &str, fault: Fault) -> Self {
        let place = place.to_owned();
        match fault {
            Fault::Schema(problem) => Self::Schema { place, problem },
            fault if fault.code() == Some("ResourceNotFoundException") => Self::NoTable { place },
            fault if fault.is_refusal() => Self::Refused { place, source: fault.into() },
            fault => Self::Away { place, source: fault.into() },
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Away { .. } | OpenError::Refused { .. } | OpenError::NoTable { .. } => Self::unavailable(error),
            _ => Self::unsupported(error),
        }
    }
}

/// What can go wrong with a question to the service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{code}: {message}")]
    Service { code: String, message: String, is_of_server: bool },
    /// No answer came, or half of one: what was asked may have been done.
    #[error("{0}")]
    Lost(String),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("other writes to the same items do not come to an end")]
    Busy,
    #[error("the table takes no more at the moment: {0}")]
    Throttled(String),
    #[error("the session has {bytes} bytes, and the table takes {most}; keep less in it")]
    TooLarge { bytes: usize, most: usize },
    #[error("{parts} items in one transaction are more than DynamoDB takes, {most}")]
    TooMany { parts: usize, most: usize },
    #[error("the item {0} is not one that this release can read")]
    Item(String),
    #[error("the item {item} holds no record: {source}")]
    Record { item: String, source: CorruptRecord },
    #[error("{0}")]
    Schema(&'static str),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
}

const THROTTLES: [&str; 4] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "ThrottledException"];
const REFUSALS: [&str; 9] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "UnrecognizedClientException",
];

impl Fault {
    pub(crate) fn of<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> Self {
        let SdkError::ServiceError(context) = error else {
            return Self::Lost(DisplayErrorContext(error).to_string());
        };
        let status = context.raw().status().as_u16();
        let code = context.err().code().unwrap_or("an answer without a code").to_owned();
        let message = context.err().message().unwrap_or("no message");
        if THROTTLES.contains(&&*code) { Self::Throttled(code) } else { Self::service(code, message, status) }
    }

    fn service(code: String, message: &str, status: u16) -> Self {
        // A reader of logs is helped by what it says first.
        let message = message.chars().take(300).collect();
        Self::Service { code, message, is_of_server: status >= 500 }
    }

    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Tells whether the same question may be answered if it is asked again; not for writes.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Service { is_of_server: true, .. }) || self.was_not_done()
    }

    /// Tells whether a write was certainly not done, and may be soon.
    pub(crate) fn was_not_done(&self) -> bool {
        matches!(self, Self::Throttled(_))
            || matches!(self.code(), Some("TransactionConflictException" | "TransactionInProgressException"))
    }

    fn is_refusal(&self) -> bool {
        self.code().is_some_and(|code| REFUSALS.contains(&code))
    }
}

impl StoreFault for Fault {
    fn is_corrupt(&self) -> bool {
        matches!(self, Self::Item(_) | Self::Record { .. })
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::Cursor(_) | Self::TooLarge { .. } | Self::TooMany { .. } | Self::Schema(_))
    }
}
