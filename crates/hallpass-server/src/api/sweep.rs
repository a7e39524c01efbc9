use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::wire::{Authorized, Json, JsonBody, Problem, Revoke};

/// A sweep to be made now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepRequest {
    /// How many sessions to end and to forget at the most: 1 to 10,000; 1,000 if nobody says.
    #[schema(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
}

/// What a sweep did; as many as the limit means that there may be more.
#[derive(Serialize, ToSchema)]
pub(super) struct SweepAnswer {
    /// How many sessions were found to be over, and were ended.
    expired: usize,
    /// How many ended sessions were forgotten.
    forgotten: usize,
}

/// Ends sessions whose time is over and forgets those that ended long ago, in every realm. The service does it by itself
/// every minute; this is for operators of the realm `default` who cannot wait.
#[utoipa::path(post, path = "/v1/sweep", tag = "operating", request_body = SweepRequest, responses(
    (status = 200, description = "What was done.", body = SweepAnswer),
))]
pub(super) async fn sweep(
    State(app): State<Arc<App>>,
    key: Authorized<Revoke>,
    body: JsonBody,
) -> Result<Json, Problem> {
    key.needs_all_realms("A sweep is of all realms: it is for operators of the realm `default`.")?;
    let SweepRequest { limit } = body.read()?;
    let limit = usize::try_from(limit.unwrap_or(1000)).ok().filter(|limit| *limit <= 10_000);
    let limit = limit.and_then(NonZeroUsize::new).ok_or_else(|| Problem::field("limit", "This is 1 to 10,000."))?;
    let swept = key.sessions().sweep(limit).await?;
    app.metrics.swept(swept.expired, swept.forgotten);
    Json::ok(&SweepAnswer { expired: swept.expired, forgotten: swept.forgotten })
}
