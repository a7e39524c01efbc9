use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

/// How a store on a server is used, whichever server that is.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Whether missing tables are made.
    pub create: bool,
    /// How many connections there are.
    pub connections: NonZeroUsize,
    /// How long a call may take.
    pub timeout: Duration,
}

/// The error of an option with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOption {
    /// It is neither yes nor no.
    #[error("{0} is neither create=true nor create=false")]
    Create(String),
    /// It is no number, or not a sensible one.
    #[error("{0} is not connections= with a number from 1 to {1}")]
    Connections(String, usize),
    /// It is no time, or not a sensible one.
    #[error("{0} is not timeout= with whole seconds from 1 to 60")]
    Timeout(String),
}

impl Usage {
    /// Returns what is usual, with so many connections.
    pub fn with_connections(connections: NonZeroUsize) -> Self {
        Self { create: true, connections, timeout: Duration::from_secs(3) }
    }

    /// Tells whether [`set`](Self::set) takes the option of this name.
    pub fn has(name: &str) -> bool {
        matches!(name, "create" | "connections" | "timeout")
    }

    /// Takes an option from a URL, such as `timeout=5`; answers whether it is one of these.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`] if its value is none, or if there would be more than `most` connections.
    pub fn set(&mut self, pair: &str, most: usize) -> Result<bool, InvalidOption> {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("create", "true") => self.create = true,
            ("create", "false") => self.create = false,
            ("create", _) => return Err(InvalidOption::Create(pair.to_owned())),
            ("connections", number) => match number.parse().ok().and_then(NonZeroUsize::new) {
                Some(number) if number.get() <= most => self.connections = number,
                _ => return Err(InvalidOption::Connections(pair.to_owned(), most)),
            },
            ("timeout", seconds) => match seconds.parse() {
                Ok(seconds @ 1..=60) => self.timeout = Duration::from_secs(seconds),
                _ => return Err(InvalidOption::Timeout(pair.to_owned())),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Tells whether a host, as a URL names it, is this machine.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
