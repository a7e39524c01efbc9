use std::fmt::Write as _;

use subtle::ConstantTimeEq;

use super::Django;
use crate::crypto::{Mac, Secret, sha256};
use crate::session::{Session, User};
use crate::value::Value;

const SALT: &[u8] = b"django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

impl Django {
    /// Returns the `_auth_user_hash` of a user, from the column `password`.
    pub fn auth_hash(&self, password: &str) -> Option<String> {
        self.secrets.first().map(|secret| hash(secret, password))
    }

    /// Tells whether a session was signed in with the password that its user has now.
    ///
    /// Django itself ends a session of which that is not so; [`Dialect::user`](crate::Dialect::user) only reads the name,
    /// since the column is not in the session.
    pub fn is_auth_hash(&self, session: &Session, password: &str) -> bool {
        let Some(stored) = session.attributes.get("_auth_user_hash").and_then(Value::as_str) else { return false };
        self.secrets.iter().any(|secret| hash(secret, password).as_bytes().ct_eq(stored.as_bytes()).into())
    }
}

fn hash(secret: &Secret, password: &str) -> String {
    let mac = Mac::new(&sha256(&[SALT, secret.expose()])).sign(&[password.as_bytes()]);
    mac.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn find(session: &Session) -> Option<User> {
    session.attributes.get("_auth_user_id").and_then(User::of)
}
