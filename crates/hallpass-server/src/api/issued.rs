use hallpass::http::CookieCarrier;
use hallpass::{Issued, Sessions, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::SessionView;
use crate::wire::{Json, Problem};

/// A session, and the token that its client is to hold.
#[derive(Serialize, ToSchema)]
#[schema(as = Issued)]
pub(super) struct IssuedView<'a> {
    session: SessionView<'a>,
    /// What opens the session: for its client, and for nobody else.
    token: &'a str,
    /// What stands for the session for some minutes, where such tokens are made and somebody is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    /// Until when the access token is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    access_expires_at: Option<Timestamp>,
    /// For how many seconds the access token is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    /// The value of a `Set-Cookie` header that has a browser hold the token.
    cookie: &'a str,
}

/// How a token is handed out.
pub(super) struct Handing<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) carrier: &'a CookieCarrier,
}

impl Handing<'_> {
    pub(super) fn answer(
        &self,
        issued: &Issued,
        write: fn(&IssuedView<'_>) -> Result<Json, Problem>,
    ) -> Result<Json, Problem> {
        let cookie = self.carrier.set_cookie(&issued.token, issued.max_age);
        let session = SessionView::of(self.sessions, &issued.record).with_data(&issued.record);
        let session = session.map_err(Problem::corrupt)?;
        let access = issued.access_token.as_ref();
        write(&IssuedView {
            session,
            token: issued.token.expose(),
            access_token: access.map(|access| access.token.expose()),
            access_expires_at: access.map(|access| access.expires_at),
            expires_in: access.map(|access| access.expires_at.since(self.sessions.now()).as_secs()),
            cookie: cookie.expose(),
        })
    }
}
