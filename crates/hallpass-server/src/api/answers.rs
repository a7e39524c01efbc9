//! What a call may answer besides what is its own, so that the description leaves no answer out.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

/// Adds to each call the problems that every call of its kind may have.
pub(super) fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            for (status, description) in common(operation) {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn common(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut common = vec![
        ("500", "`internal`, or `corrupt`: the log says what went wrong, by the request id."),
        ("503", "The store is away, or the service has too much to do: keep the token, and try again."),
    ];
    let takes_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    if needs_key(operation) {
        common.push(("401", "`bad_api_key`: the API key is missing, unknown or revoked. Nobody is to be logged out."));
        common.push(("429", "`too_many_guesses`: too many unknown API keys came from this network; `Retry-After` says how long to wait."));
        common.push(("403", "`forbidden`: the role of the API key does not allow this."));
    }
    if operation.request_body.is_some() {
        common.push(("400", "The body is not what its type says, or ended early."));
        common.push(("408", "The body took too long to arrive."));
        common.push(("413", "The body is too large."));
        common.push(("415", "The body is of another type."));
    }
    if operation.request_body.is_some() || takes_parameters || needs_key(operation) {
        common.push(("422", "A field, a parameter or a header is wrong, or is not known; `field` has its name."));
    }
    common
}

/// A call without a word on keys needs one.
fn needs_key(operation: &Operation) -> bool {
    operation.security.as_ref().is_none_or(|security| security.iter().any(|one| *one != SecurityRequirement::default()))
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
