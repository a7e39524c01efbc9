use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::State;
use hallpass::Swept;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::wire::{Administer, Authorized, Json, JsonBody, Problem};

/// How much is to be swept now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepRequest {
    /// The most sessions to end, and the most to forget: 1 to 10,000; 1,000 if nobody says.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 10_000)]
    limit: Option<NonZeroUsize>,
}

/// What a sweep did. Where a number has reached the limit, there may be more to do.
#[derive(Serialize, ToSchema)]
pub(super) struct SweepAnswer {
    /// How many sessions were found to be over, and ended.
    expired: usize,
    /// How many that ended long ago were forgotten.
    forgotten: usize,
}

const USUAL: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Ends sessions whose time is over and forgets those that ended long ago, in every realm of the store.
///
/// The service does so by itself; this is for an operator who does not want to wait.
#[utoipa::path(post, path = "/v1/sweep", tag = "operating", request_body = SweepRequest, responses(
    (status = 200, description = "What was done.", body = SweepAnswer),
))]
pub(super) async fn sweep(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    body: JsonBody,
) -> Result<Json, Problem> {
    let limit = body.read::<SweepRequest>()?.limit.unwrap_or(USUAL);
    if limit > MOST {
        return Err(Problem::field("limit", "This is 1 to 10,000."));
    }
    let Swept { expired, forgotten } = key.sessions().sweep(limit).await?;
    app.metrics.swept(expired, forgotten);
    Json::ok(&SweepAnswer { expired, forgotten })
}
