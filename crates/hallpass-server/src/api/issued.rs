use hallpass::http::CookieCarrier;
use hallpass::{Issued, Sessions};
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
        write(&IssuedView { session, token: issued.token.expose(), cookie: cookie.expose() })
    }
}
