use std::sync::Arc;

use crate::error::{Fault, OpenError};
use crate::feed::Feed;
use crate::keys::Keys;
use crate::link::{Link, Source};
use crate::options::RedisOptions;

/// What everything in a store works with.
pub(crate) struct Base {
    pub(crate) link: Arc<Link>,
    pub(crate) keys: Keys,
    pub(crate) feed: Feed,
    pub(crate) place: Arc<str>,
    pub(crate) events_per_session: u32,
    pub(crate) events_per_realm: u32,
}

pub(crate) async fn open(options: RedisOptions) -> Result<Base, OpenError> {
    if !options.has_good_prefix() {
        return Err(OpenError::Prefix);
    }
    let place = options.place();
    let source = Source::new(&options)?;
    let failed = |fault: Fault| OpenError::new(&place, fault);
    let link = Arc::new(Link::open(source.clone(), options.timeout, options.replicas).await.map_err(failed)?);
    for danger in link.facts().dangers() {
        let (danger, advice) = (danger.found, danger.advice);
        tracing::warn!(danger, advice, "the settings of the session store's server endanger sessions");
    }
    let keys = Keys::new(&options.prefix);
    let feed = Feed::new(source, Arc::clone(&link), keys.changes());
    Ok(Base {
        link,
        keys,
        feed,
        place: place.into(),
        events_per_session: options.events_per_session,
        events_per_realm: options.events_per_realm,
    })
}
