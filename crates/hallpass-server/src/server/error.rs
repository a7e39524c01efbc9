use std::io;
use std::net::SocketAddr;

use hallpass::{InvalidPolicy, InvalidSessions};

use crate::config::ConfigError;
use crate::stores::OpenError;

/// Why the service did not start: says which file, setting or address, and what to do.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StartError(#[from] Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    #[error(transparent)]
    Sessions(#[from] InvalidSessions),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("{address}: this address is in use; stop what uses it, or choose another with --listen")]
    InUse { address: SocketAddr, source: io::Error },
    #[error("{address}: this port needs more rights; choose one above 1023 with --listen")]
    Denied { address: SocketAddr, source: io::Error },
    #[error("{address}: this machine has no such address; choose another with --listen")]
    NoAddress { address: SocketAddr, source: io::Error },
    #[error("{address}: cannot be listened on ({source}); choose another with --listen")]
    Bind { address: SocketAddr, source: io::Error },
}

impl StartError {
    pub(super) fn policy(error: InvalidPolicy) -> Self {
        Cause::Policy(error).into()
    }

    pub(super) fn bind(address: SocketAddr, source: io::Error) -> Self {
        Self(match source.kind() {
            io::ErrorKind::AddrInUse => Cause::InUse { address, source },
            io::ErrorKind::PermissionDenied => Cause::Denied { address, source },
            io::ErrorKind::AddrNotAvailable => Cause::NoAddress { address, source },
            _ => Cause::Bind { address, source },
        })
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self(error.into())
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self(error.into())
    }
}

impl From<InvalidSessions> for StartError {
    fn from(error: InvalidSessions) -> Self {
        Self(error.into())
    }
}

/// Why the service stopped by itself.
#[derive(Debug, thiserror::Error)]
#[error("connections can no longer be accepted: {0}")]
pub struct RunError(#[from] pub(super) io::Error);
