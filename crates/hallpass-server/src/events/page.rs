use hallpass::{Cursor, Event, EventId, EventKind, EventQuery, SessionId, Subject};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{Audit, Authorized, Json, Params, Problem, ProblemJson, RawParams};

/// Something that happened, mostly to a session.
#[derive(ToSchema)]
#[schema(as = Event)]
#[allow(dead_code)] // it only describes what the library writes
pub(crate) struct EventSchema {
    /// Its own name; names sort by time.
    id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// What happened.
    #[schema(examples(
        "created",
        "authenticated",
        "renewed",
        "rechained",
        "expired",
        "revoked",
        "replayed",
        "impersonation_started",
        "data_changed",
        "key_created",
        "key_revoked",
        "key_rotated",
        "signing_key_removed",
        "operator_signed_in",
        "operator_refused",
        "operator_action",
        "policy_changed",
        "admin_action",
        "audit_exported",
        "audit_verified",
        "audit_purged",
        "bruteforce_suspected"
    ))]
    kind: String,
    /// Whose application it concerns.
    realm: String,
    /// The session it happened to.
    session: Option<String>,
    /// Whose session that is.
    subject: Option<String>,
    /// The level of the session then.
    level: Option<u8>,
    /// The profile of the policy that the session lives under.
    profile: Option<String>,
    /// Who did it: `user`, `impersonator:NAME` for whoever acts as the user, `policy`, or the API key, as
    /// `application:NAME#ID` or `operator:NAME#ID`.
    actor: String,
    /// Why the session ended, if it did.
    reason: Option<String>,
    /// What a person said about it.
    note: Option<String>,
    /// Where the request came from.
    origin: OriginSchema,
}

/// Where a request came from, as far as it is known.
#[derive(ToSchema)]
#[schema(as = Origin)]
#[allow(dead_code)] // it only describes what the library writes
struct OriginSchema {
    request_id: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// The method and the pattern of the path that was asked for.
    route: Option<String>,
}

/// A page of events, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct EventPage {
    #[schema(value_type = Vec<EventSchema>)]
    items: Vec<Event>,
    /// Where the next page begins, if there is one. To go on later, give the last event's name as `after`.
    #[schema(value_type = Option<String>)]
    next: Option<Cursor>,
}

/// Lists what happened, oldest first, a page at a time.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(
    ("subject" = Option<String>, Query, description = "To sessions of this subject."),
    ("session" = Option<String>, Query, description = "To this session."),
    ("kind" = Option<String>, Query, description = "Of this kind."),
    ("after" = Option<String>, Query, description = "After this event."),
    ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ("limit" = Option<u16>, Query, description = "1 to 1,000; 100 if nobody says.", minimum = 1, maximum = 1000),
), responses(
    (status = 200, description = "A page.", body = EventPage),
    (status = 501, description = "`unsupported`: the store keeps no events.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn events(key: Authorized<Audit>, query: RawParams) -> Result<Json, Problem> {
    let mut params = query.read()?;
    let mut query = filter(&mut params)?;
    let start = params.parse::<EventId>("after")?;
    let (cursor, limit) = crate::api::take_page(&mut params)?;
    params.finish()?;
    query.after = after(cursor.as_ref())?.max(start);
    query.limit = limit;
    let page = key.sessions().events(&query).await?;
    Json::ok(&EventPage { items: page.items, next: page.next })
}

/// Takes out of a query which events it asks for.
pub(super) fn filter(params: &mut Params) -> Result<EventQuery, Problem> {
    let mut query = EventQuery::default();
    query.subject = params.parse::<Subject>("subject")?;
    query.session = params.parse::<SessionId>("session")?;
    query.kind = params.take("kind").map(|word| kind(&word)).transpose()?;
    Ok(query)
}

fn kind(word: &str) -> Result<EventKind, Problem> {
    match EventKind::from_word(word) {
        EventKind::Other(_) => Err(Problem::field("kind", "There are no events of this kind.")),
        kind => Ok(kind),
    }
}

/// Returns the event that a cursor stands behind.
pub(crate) fn after(cursor: Option<&Cursor>) -> Result<Option<EventId>, Problem> {
    let event = cursor.map(Cursor::event).transpose();
    event.map_err(|error| Problem::field("cursor", format!("This is {error}.")))
}
