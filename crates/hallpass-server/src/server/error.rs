use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hallpass::http::InvalidCookie;
use hallpass::{InvalidJwt, InvalidPolicy, InvalidSealed, InvalidSessions};

use super::certificates::CertificateError;
use crate::audit::{AuditKeyError, NO_TRAIL};
use crate::config::ConfigError;
use crate::keys::KeyError;
use crate::stores::{KeyFileError, OpenError};
use crate::tokens::TokenKeyError;
use crate::webhooks::WebhookSecretError;

/// Why the service did not start: says which file, setting or address, and what to do.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StartError(Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    #[error(transparent)]
    Cookie(#[from] InvalidCookie),
    #[error(transparent)]
    Sessions(#[from] InvalidSessions),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("the API keys could not be read or made: {0}")]
    Keys(#[from] KeyError),
    #[error(transparent)]
    TokenKeys(#[from] TokenKeyError),
    #[error("jwt: {0}")]
    Jwt(#[from] InvalidJwt),
    #[error("cookie: {0}")]
    Sealed(#[from] InvalidSealed),
    #[error(transparent)]
    AuditKey(#[from] AuditKeyError),
    #[error("audit.required: {NO_TRAIL}; take it away, or use such a store")]
    NoTrail,
    #[error("tls: {0}")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    WebhookSecret(#[from] WebhookSecretError),
    #[error(transparent)]
    SealingKey(#[from] KeyFileError),
    #[error(
        "this store remembers no API keys, so the service has to be given one; put it into HALLPASS_ADMIN_KEY, and make it with: \
         echo hpk_$(openssl rand -hex 32)"
    )]
    NoKey,
    #[error("{}: this file cannot be used as pepper ({source}); make one with: openssl rand -out pepper 32", path.display())]
    Pepper { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("{address}: this address is in use; stop what uses it, or choose another with {flag}")]
    InUse { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error("{address}: this port needs more rights; choose one above 1023 with {flag}")]
    Denied { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error("{address}: this machine has no such address; choose another with {flag}")]
    NoAddress { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error("{address}: this cannot be listened on ({source}); choose another with {flag}")]
    Bind { address: SocketAddr, flag: &'static str, source: io::Error },
}

impl StartError {
    pub(super) fn bind(address: SocketAddr, flag: &'static str, source: io::Error) -> Self {
        Self(match source.kind() {
            io::ErrorKind::AddrInUse => Cause::InUse { address, flag, source },
            io::ErrorKind::PermissionDenied => Cause::Denied { address, flag, source },
            io::ErrorKind::AddrNotAvailable => Cause::NoAddress { address, flag, source },
            _ => Cause::Bind { address, flag, source },
        })
    }

    pub(super) fn no_trail() -> Self {
        Self(Cause::NoTrail)
    }

    pub(super) fn no_key() -> Self {
        Self(Cause::NoKey)
    }

    pub(super) fn pepper(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Cause::Pepper { path: path.to_owned(), source: source.into() })
    }
}

impl<E> From<E> for StartError
where
    Cause: From<E>,
{
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Why the service stopped by itself.
#[derive(Debug, thiserror::Error)]
#[error("connections can no longer be accepted: {0}")]
pub struct RunError(#[from] pub(super) io::Error);
