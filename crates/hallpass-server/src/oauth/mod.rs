//! What OAuth 2.0 has words for: refreshing, asking about and ending tokens, and finding out where.
//!
//! The client is the realm, and its secrets are the API keys of that realm.

mod client;
mod form;
pub(crate) mod introspect;
pub(crate) mod metadata;
mod refused;
pub(crate) mod revoke;
pub(crate) mod token;

use self::client::OauthClient;
use self::form::Form;
use self::refused::{Refused, RefusedJson};

/// Tells whether a token is to be taken for an access token: those of the other kinds have no dots in them.
fn is_access_shaped(token: &str) -> bool {
    token.contains('.')
}
