//! In front of other software: proxies ask here whom to let in, and tell applications who it is.
//!
//! [`Original`](original::Original) is the request that a proxy holds back, [`Rules`](rules::Rules) say what it needs, a
//! session is judged by it, and [`answer`] tells each kind of proxy in its own way. Nothing is renewed inside of a
//! question: a browser whose token is due is sent to [`renew`] on its way to a page.

mod answer;
mod check;
mod credentials;
pub(crate) mod grpc;
mod host;
mod identity;
mod judge;
mod networks;
mod original;
mod page;
mod path;
mod realms;
pub(crate) mod renew;
mod rules;

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, StatusCode};
use hallpass::http::{CookieCarrier, Pages};
use hallpass::{Caller, Note, Sessions};

pub(crate) use self::check::{__path_check, check, check_below};
pub(crate) use self::host::{HostPattern, is_plain_host};
pub(crate) use self::identity::spellings;
pub(crate) use self::networks::Networks;
pub(crate) use self::page::Page;
pub(crate) use self::path::PathPattern;
use self::realms::Realms;
use self::rules::Rules;
use crate::config::{Config, ForwardAuthConfig};
use crate::wire::{Problem, RequestId};

/// What is known of how proxies are to be answered.
#[derive(Debug)]
pub(crate) struct ForwardAuth {
    config: ForwardAuthConfig,
    peers: Networks,
    rules: Rules,
    sign_in: Option<Page>,
    step_up: Option<Page>,
    /// Where people may be sent back to from another site.
    allowed: Pages,
    realms: Realms,
    /// What says that a browser was just sent to be renewed.
    marker: CookieCarrier,
}

impl ForwardAuth {
    /// Takes a configuration that was checked.
    pub(crate) fn new(config: &Config, sessions: &Sessions) -> Self {
        let own = config.forward_auth.clone();
        let mut allowed = Pages::default();
        for origin in own.return_to.words() {
            allowed = allowed.clone().allow_return_to(origin).unwrap_or(allowed);
        }
        let page = |page: &Option<String>| page.as_deref().and_then(Page::parse);
        let none = Networks::none();
        Self {
            peers: Networks::parse(own.trusted_proxies.words()).unwrap_or(none),
            rules: Rules::new(&own),
            sign_in: page(&own.sign_in),
            step_up: page(&own.step_up),
            allowed,
            realms: Realms::new(&own, sessions),
            marker: renew::marker(&config.cookie),
            config: own,
        }
    }

    /// Returns who calls, if it is a proxy that is believed: where its client is, as it says.
    fn caller(&self, peer: Option<SocketAddr>, headers: &HeaderMap, request_id: &RequestId) -> Result<Caller, Problem> {
        let peer = peer.map(|peer| peer.ip().to_canonical()).filter(|peer| self.peers.contain(*peer));
        let Some(peer) = peer else {
            let detail =
                "Whoever asks is not among the proxies that are believed: see `trusted_proxies` in [forward_auth].";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "untrusted_proxy", detail));
        };
        let forwarded: Vec<_> =
            headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?")).collect();
        let client = self.peers.client(peer, forwarded.iter().flat_map(|value| value.split(',')));
        Ok(caller_at(Some(client), headers, request_id))
    }
}

/// Returns the person whose browser is at an address, if that is known, for events.
fn caller_at(client: Option<IpAddr>, headers: &HeaderMap, request_id: &RequestId) -> Caller {
    let mut caller = Caller::user();
    caller.origin.ip = client;
    caller.origin.request_id = Some(request_id.note());
    let agent = headers.get(axum::http::header::USER_AGENT).and_then(|value| str::from_utf8(value.as_bytes()).ok());
    caller.origin.user_agent = agent.and_then(Note::lossy);
    caller
}
