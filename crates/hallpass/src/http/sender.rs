use std::borrow::Cow;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::event::Origin;
use crate::name::Note;
use crate::sessions::{Caller, Witness};

/// The client's address, as an extension of the request, for the events of its session.
///
/// Whoever knows it puts it there before the session is asked for.
///
/// # Security
///
/// It is to come from the connection, or from a header of a proxy that is believed: anybody can send `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// What a request says of where it comes from, as it says it.
pub(super) struct Sender {
    user_agent: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
    address: Option<ClientAddress>,
}

impl Sender {
    pub(super) const READS: [HeaderName; 2] = [header::USER_AGENT, HeaderName::from_static("x-request-id")];

    pub(super) fn of(headers: &HeaderMap, address: Option<ClientAddress>) -> Self {
        let [user_agent, request_id] = Self::READS.map(|name| headers.get(name).cloned());
        Self { user_agent, request_id, address }
    }
}

impl Witness for Sender {
    fn caller(&self) -> Cow<'_, Caller> {
        let note = |value: &Option<HeaderValue>| {
            let text = value.as_ref().and_then(|value| str::from_utf8(value.as_bytes()).ok());
            text.and_then(Note::lossy)
        };
        let origin = Origin {
            user_agent: note(&self.user_agent),
            request_id: note(&self.request_id),
            ip: self.address.map(|ClientAddress(ip)| ip),
            // Only a router knows the pattern of the path; the path itself may name people.
            route: None,
        };
        Cow::Owned(Caller { origin, ..Caller::user() })
    }
}
