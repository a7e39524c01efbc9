use std::sync::Arc;
use std::time::Duration;

use hallpass::{StoreError, StoreFault as _};
use tokio::time::timeout;

use crate::error::{Fault, OpenError};
use crate::keys::Keys;
use crate::link::{Access, Link};
use crate::options::MemcachedOptions;
use crate::ring::Ring;

/// What everything in a store works with.
pub(crate) struct Base {
    pub(crate) links: Vec<Link>,
    pub(crate) keys: Keys,
    pub(crate) place: Arc<str>,
    ring: Ring,
    timeout: Duration,
}

/// Connects to every server, one of which must answer, and none may be one that can never be used.
pub(crate) async fn open(options: MemcachedOptions) -> Result<Base, OpenError> {
    options.check()?;
    let MemcachedOptions { servers, credentials, prefix, timeout, connect_timeout } = options;
    let names: Vec<_> = servers.iter().map(|server| server.name.clone()).collect();
    let ring = Ring::new(names.iter().map(String::as_str));
    let access = |server| Access { server, credentials: credentials.clone(), timeout, connect_timeout };
    let links: Vec<_> = servers.into_iter().map(|server| Link::new(access(server))).collect();
    let mut away = None;
    let mut there = 0;
    for link in &links {
        match link.ready().await {
            Ok(()) => there += 1,
            Err(fault @ (Fault::Refused | Fault::TooOld(_) | Fault::NoCas)) => {
                return Err(OpenError::new(&link.place, fault));
            }
            Err(fault) => {
                tracing::warn!(place = &*link.place, error = %fault, "a server of the session store is away, and so are its sessions");
                away = Some(OpenError::new(&link.place, fault));
            }
        }
    }
    match away {
        Some(error) if there == 0 => Err(error),
        _ => {
            let place = format!("Memcached at {}", names.join(", ")).into();
            Ok(Base { links, keys: Keys::new(&prefix), place, ring, timeout })
        }
    }
}

impl Base {
    /// Returns the server that has a key, and always will.
    pub(crate) fn link(&self, key: &str) -> &Link {
        &self.links[self.ring.place(key)]
    }

    /// Waits for what was asked of a server, and not for ever.
    pub(crate) async fn told<T>(
        &self,
        link: &Link,
        asked: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, StoreError> {
        let told = timeout(self.timeout, asked).await.unwrap_or(Err(Fault::Late(self.timeout)));
        told.map_err(|fault| fault.at(&link.place))
    }
}
