//! Between the headers of actix-web, whose `http` is 0.2, and those of hallpass, whose `http` is 1.

use actix_web::http::{StatusCode, header as actix};
use actix_web::{HttpResponse, HttpResponseBuilder};
use hallpass::http::Problem;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

/// Copies the headers of a request that are named.
pub(crate) fn of_request(names: impl IntoIterator<Item = HeaderName>, from: &actix::HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in names {
        for value in from.get_all(name.as_str()) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(&name, value);
            }
        }
    }
    headers
}

/// Copies all headers of a request.
pub(crate) fn all(from: &actix::HeaderMap) -> HeaderMap {
    let names = from.keys().filter_map(|name| HeaderName::from_bytes(name.as_str().as_bytes()).ok());
    of_request(names, from)
}

/// Copies what a handler said in a response that is not to be overwritten: of caching, and of what to forget.
pub(crate) fn of_response(from: &actix::HeaderMap) -> HeaderMap {
    of_request([header::CACHE_CONTROL, HeaderName::from_static("clear-site-data")], from)
}

/// Has `write` write to the headers of a response.
pub(crate) fn write(response: &mut actix::HeaderMap, write: impl FnOnce(&mut HeaderMap)) {
    let mut headers = of_response(response);
    write(&mut headers);
    copy(&headers, response);
}

/// Copies headers into a response: those that are lists are added to what is there, and others take its place.
pub(crate) fn copy(from: &HeaderMap, response: &mut actix::HeaderMap) {
    for name in from.keys() {
        let Ok(copied) = actix::HeaderName::from_bytes(name.as_str().as_bytes()) else { continue };
        if *name != header::SET_COOKIE && *name != header::VARY {
            response.remove(&copied);
        }
        for value in from.get_all(name) {
            if let Ok(mut value_copied) = actix::HeaderValue::from_bytes(value.as_bytes()) {
                value_copied.set_sensitive(value.is_sensitive());
                response.append(copied.clone(), value_copied);
            }
        }
    }
}

/// Returns a response as actix-web has them, with the problem that it may be about.
pub(crate) fn response(from: Response<String>) -> HttpResponse {
    let (parts, body) = from.into_parts();
    let mut response = HttpResponseBuilder::new(status(parts.status)).body(body);
    copy(&parts.headers, response.headers_mut());
    if let Some(&problem) = parts.extensions.get::<Problem>() {
        response.extensions_mut().insert(problem);
    }
    response
}

pub(crate) fn status(from: http::StatusCode) -> StatusCode {
    // Both know the same numbers.
    StatusCode::from_u16(from.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) fn method(from: &actix_web::http::Method) -> http::Method {
    http::Method::from_bytes(from.as_str().as_bytes()).unwrap_or(http::Method::POST)
}

/// Returns the address of a request; that of the front page, if it is too strange for others.
pub(crate) fn uri(from: &actix_web::http::Uri) -> http::Uri {
    from.to_string().parse().unwrap_or_default()
}
