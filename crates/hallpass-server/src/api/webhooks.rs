use std::sync::Arc;

use axum::extract::State;
use hallpass::{Realm, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::webhooks::{Position, Trouble, status};
use crate::wire::{Administer, Authorized, Json, Problem, ProblemJson};

/// The receivers of events.
#[derive(Serialize, ToSchema)]
struct WebhookList {
    items: Vec<WebhookView>,
}

/// A receiver of events, and how far it has been told.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookView {
    /// Its name.
    name: String,
    /// Where it listens, without what may be secret in that: path and query.
    origin: String,
    /// The realm whose events it is told.
    realm: String,
    /// The kinds of events that it is told; all if there are none.
    kinds: Vec<String>,
    /// Up to when it has been told everything, if anybody has begun to.
    #[schema(value_type = Option<String>, format = DateTime)]
    told_until: Option<Timestamp>,
    /// Whether a node delivers to it now.
    is_served: bool,
    /// What is in the way, if something is.
    #[schema(value_type = Option<TroubleSchema>)]
    trouble: Option<Trouble>,
}

/// A message that a receiver did not take.
#[derive(ToSchema)]
#[schema(as = Trouble)]
#[allow(dead_code)] // it only describes what is kept
struct TroubleSchema {
    /// The event that the message is about.
    event: String,
    /// Since when it is tried.
    #[schema(value_type = String, format = DateTime)]
    since: String,
    attempts: u32,
    /// When it is tried next.
    #[schema(value_type = String, format = DateTime)]
    next: String,
    /// What the receiver, or the way to it, said last.
    error: String,
}

/// Lists who is told of events, and whether that works.
#[utoipa::path(get, path = "/v1/webhooks", tag = "events", responses(
    (status = 200, description = "All receivers of the key's realm; with a key of `default`, of all realms.", body = WebhookList),
    (status = 503, description = "`unavailable`: the store is away.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn list_webhooks(State(app): State<Arc<App>>, key: Authorized<Administer>) -> Result<Json, Problem> {
    let mut items = Vec::new();
    for webhook in &app.webhooks {
        let realm = webhook.realm();
        if key.holder.info.realm != Realm::default() && key.holder.info.realm != *realm {
            continue;
        }
        let position = status(&app, webhook).await?;
        items.push(WebhookView {
            name: webhook.name().to_owned(),
            origin: webhook.origin(),
            realm: realm.to_string(),
            kinds: webhook.kinds().map(str::to_owned).collect(),
            told_until: position.as_ref().map(Position::told_until),
            is_served: position.as_ref().is_some_and(Position::is_served),
            trouble: position.and_then(|position| position.trouble),
        });
    }
    Json::ok(&WebhookList { items })
}
