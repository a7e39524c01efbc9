use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use hallpass_dialects::{Fingerprint, Map, User, Value};
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::exchange::{Exchange, Fate};
use super::refusal::Refusal;
use crate::error::Error;
use crate::json::{from_json, to_json};

/// The session of a request, which another framework made, or will read.
///
/// A clone is the same one. What is set here is stored when the head of the response is ready, and is seen by the framework
/// from then on. A request without a session has an empty one; it is stored, and gets its cookie, once something is set.
///
/// # Security
///
/// Django ends a session when its user's password changes, by `_auth_user_hash`; the column is not in the session, so
/// whoever has it asks [`Django::is_auth_hash`](hallpass_dialects::django::Django::is_auth_hash).
#[derive(Debug, Clone)]
pub struct ForeignSession(Arc<Exchange>);

impl ForeignSession {
    /// Returns what the session may be called where people can see it; nothing if there is none yet.
    pub fn id(&self) -> Option<Fingerprint> {
        self.0.found().map(|found| found.credential.fingerprint())
    }

    /// Returns whose session the request came with, by its framework's convention.
    ///
    /// After [`log_out`](Self::log_out) it is nobody's, and after [`sign_in`](Self::sign_in) that user's.
    pub fn user(&self) -> Option<User> {
        let attributes = self.attributes().ok()?;
        self.0.home().dialect().user(&hallpass_dialects::Session { attributes, ..hallpass_dialects::Session::new() })
    }

    /// Returns an attribute, with what this request changed.
    ///
    /// If it is also set by this request, that is only stored where nobody else has changed it meanwhile.
    ///
    /// # Errors
    ///
    /// If it is not of the type `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let value = self.attributes()?.get(name).cloned();
        self.0.state.lock().changes.saw(name, value.as_ref());
        value.map(|value| read(name, &value)).transpose()
    }

    /// Sets an attribute. A number or text keeps the type that it has in the framework's language.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn set(&self, name: &str, value: impl Serialize) -> Result<(), Error> {
        let value = write(name, value)?;
        self.0.state.lock().changes.set(name, value);
        Ok(())
    }

    /// Removes an attribute.
    pub fn remove(&self, name: &str) {
        self.0.state.lock().changes.remove(name);
    }

    /// Makes an attribute of what it is when it is stored: of many requests that do so at once, none is lost.
    ///
    /// # Errors
    ///
    /// If it is not of the type `T`, or cannot be written as JSON. If somebody makes it another type before it is stored,
    /// it stays what they made of it.
    pub fn update<T>(&self, name: &str, update: impl Fn(Option<T>) -> T + Send + Sync + 'static) -> Result<(), Error>
    where
        T: DeserializeOwned + Serialize,
    {
        let apply = {
            let name = name.to_owned();
            move |present: Option<&Value>| {
                let present = present.map(|present| read(&name, present)).transpose()?;
                write(&name, update(present))
            }
        };
        apply(self.attributes()?.get(name))?;
        let update = move |present: Option<&Value>| apply(present).ok().or_else(|| present.cloned());
        self.0.state.lock().changes.update(name, update);
        Ok(())
    }

    /// Signs somebody in: a new session under a new name, with these attributes and no others, so that nobody who knew the
    /// old one is signed in as well. The old one ends.
    ///
    /// Which attributes say who it is, is the framework's convention: `passport` with a `user` for Passport,
    /// `_auth_user_id`, `_auth_user_backend` and `_auth_user_hash` for Django.
    ///
    /// # Errors
    ///
    /// If a value cannot be written as JSON.
    pub fn sign_in<'n, V: Serialize>(&self, attributes: impl IntoIterator<Item = (&'n str, V)>) -> Result<(), Error> {
        let mut map = Map::new();
        for (name, value) in attributes {
            map.insert(name, write(name, value)?);
        }
        let mut state = self.0.state.lock();
        state.changes = crate::changes::Changes::new();
        state.fate = Fate::Begins(map);
        Ok(())
    }

    /// Ends the session, with all that its framework keeps about it, and has the client forget its cookie.
    pub fn log_out(&self) {
        let mut state = self.0.state.lock();
        state.changes = crate::changes::Changes::new();
        state.fate = Fate::Ends;
    }

    /// Returns the attributes as this request sees them.
    fn attributes(&self) -> Result<Map, Error> {
        let state = self.0.state.lock();
        let mut attributes = match (&state.fate, self.0.found().map(|found| &found.session)) {
            (Fate::Begins(map), _) => map.clone(),
            (Fate::Stays, Some(Ok(session))) => session.attributes.clone(),
            (Fate::Stays | Fate::Ends, _) => Map::new(),
        };
        state.changes.apply(&mut attributes)?;
        Ok(attributes)
    }
}

fn read<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Error> {
    serde_json::from_value(to_json(value)).map_err(|error| Error::value(name, error))
}

fn write(name: &str, value: impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map(|json| from_json(&json)).map_err(|error| Error::value(name, error))
}

impl<S: Sync> FromRequestParts<S> for ForeignSession {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let exchange = parts.extensions.get::<Arc<Exchange>>().cloned().ok_or_else(Refusal::no_layer)?;
        exchange.open().await?;
        Ok(Self(exchange))
    }
}
