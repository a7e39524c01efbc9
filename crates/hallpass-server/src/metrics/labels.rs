use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use axum::extract::MatchedPath;
use axum::http::Method;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// The pattern of the path that a request matched; `none` if it matched none.
#[derive(Debug, Clone)]
pub(crate) struct Route(Option<MatchedPath>);

impl Route {
    pub(crate) fn new(path: Option<MatchedPath>) -> Self {
        Self(path)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    pub(super) route: Route,
    pub(super) method: &'static str,
    pub(super) status: u16,
}

/// Returns the word for a method: what clients make up is not a label.
pub(crate) fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        _ => "other",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EventLabels {
    pub(super) kind: String,
    pub(super) reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operated {
    pub(super) operation: Operation,
    pub(super) result: OperationResult,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Verified {
    pub(super) result: Verification,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Swept {
    pub(super) what: SweptAs,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Checked {
    pub(super) by: CheckedBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LookedUp {
    pub(super) result: Cache,
}

/// Defines labels that are words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($variant,)+
        }

        impl $name {
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
                encoder.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// What a store was asked to do.
    Operation {
        Load = "load",
        Save = "save",
        Touch = "touch",
        List = "list",
        Events = "events",
        Append = "append",
        Epoch = "epoch",
        Sweep = "sweep",
    }

    /// What came of it.
    OperationResult {
        Ok = "ok",
        Conflict = "conflict",
        Unavailable = "unavailable",
        Unsupported = "unsupported",
        Corrupt = "corrupt",
    }

    /// What became of a message to a webhook.
    Delivery {
        Delivered = "delivered",
        Refused = "refused",
        GivenUp = "given_up",
    }

    /// What a verification came to.
    Verification {
        Active = "active",
        Inactive = "inactive",
        Locked = "locked",
        StepUp = "step_up_required",
        Failed = "failed",
    }

    /// What a sweep did to a session.
    SweptAs {
        Expired = "expired",
        Forgotten = "forgotten",
    }

    /// Where it was looked up whether a token was revoked.
    CheckedBy {
        Memory = "memory",
        Store = "store",
    }

    /// Whether an API key was looked up in memory.
    Cache {
        Hit = "hit",
        Miss = "miss",
    }
}

/// How often receivers of webhooks were told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Told {
    pub(super) webhook: String,
    pub(super) result: Delivery,
}
