//! API keys and signing keys, without the keys themselves.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Error, KeyState, Realm, Timestamp};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::trouble::Trouble;
use super::when::When;
use crate::html;
use crate::keys::{ApiKeyInfo, Right};
use crate::tokens::{Mint, SigningKeyError, SigningKeyInfo, SigningKeys};

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/keys.html")]
struct KeysPage {
    frame: Frame,
    keys: Vec<KeyRow>,
    /// Nothing for those who manage one realm only.
    signing: Option<Vec<SigningRow>>,
}

#[derive(Debug)]
struct KeyRow {
    info: ApiKeyInfo,
    made: When,
    is_own: bool,
}

#[derive(Debug)]
struct SigningRow {
    id: String,
    algorithm: String,
    state: &'static str,
    about: &'static str,
    made: Option<When>,
    from: Option<When>,
    until: Option<When>,
    retires: Option<When>,
}

pub(super) async fn show(operator: Operator) -> Result<Response, Trouble> {
    operator.needs(Right::Administer, "manage keys").await?;
    let (app, now) = (&operator.desk.app, operator.now());
    let realm = operator.sessions().realm();
    let governs_all = *realm == Realm::default();
    let keys = app.keys.list().await.map_err(Error::from)?;
    let keys = keys.into_iter().filter(|info| governs_all || info.realm == *realm);
    let keys = keys.map(|info| KeyRow {
        made: When::new(info.created_at, now),
        is_own: info.id == operator.holder.info.id,
        info,
    });
    let signing = if governs_all {
        let keys = app.mint.as_ref().map_or_else(SigningKeys::none, Mint::signing_keys).list(now).await;
        let keys = keys.map_err(|error| match error {
            SigningKeyError::Store(error) => Trouble::from(Error::from(error)),
            _ => Trouble::broken(),
        })?;
        Some(keys.into_iter().map(|info| SigningRow::of(info, now)).collect())
    } else {
        None
    };
    let page = KeysPage { keys: keys.collect(), signing, frame: Frame::new("Keys", Place::Keys, &operator).await? };
    Ok(html::page(StatusCode::OK, &page))
}

impl SigningRow {
    fn of(info: SigningKeyInfo, now: Timestamp) -> Self {
        let when = |at: Option<Timestamp>| at.map(|at| When::new(at, now));
        let (state, about) = match info.state {
            KeyState::Next => ("next", "published, and signs later"),
            KeyState::Signing => ("signing", "signs now"),
            KeyState::Verifying => ("verifying", "verifies what it has signed"),
            KeyState::Retired => ("retired", "about to be forgotten"),
            _ => ("other", ""),
        };
        Self {
            id: info.id,
            algorithm: info.algorithm,
            state,
            about,
            made: when(info.made_at),
            from: when(info.signs_from),
            until: when(info.signs_until),
            retires: when(info.retires_at),
        }
    }
}
