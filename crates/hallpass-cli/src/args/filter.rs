use std::net::IpAddr;

use clap::{Args, ValueEnum};
use hallpass::{Level, Profile, SessionState, Subject, Timestamp};
use ipnet::IpNet;

use super::when::instant;

/// Which sessions; everything that is given must hold.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which sessions")]
pub(crate) struct Filter {
    /// Of this subject
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<Subject>,
    /// Made from this address, or from this range of addresses such as 10.0.0.0/8
    #[arg(long, value_name = "ADDRESS", value_parser = range)]
    pub(crate) ip: Option<IpNet>,
    /// Made by a client whose description contains this, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// Made after this time: RFC 3339, a date, or how long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) created_after: Option<Timestamp>,
    /// Last used before this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) seen_before: Option<Timestamp>,
    /// Authenticated at this level, 0 to 9; 0 is nobody
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub(crate) level: Option<Level>,
    /// Made under this profile
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<Profile>,
}

impl Filter {
    /// Tells whether nothing is given, so that every session matches.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { subject, ip, user_agent, created_after, seen_before, level, profile } = self;
        subject.is_none()
            && ip.is_none()
            && user_agent.is_none()
            && created_after.is_none()
            && seen_before.is_none()
            && level.is_none()
            && profile.is_none()
    }
}

/// A state to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    // Usable.
    Active,
    // Unused for too long, until its subject authenticates again.
    Locked,
    // Over.
    Ended,
}

impl State {
    /// Returns the state that is meant.
    pub(crate) const fn meant(self) -> SessionState {
        match self {
            Self::Active => SessionState::Active,
            Self::Locked => SessionState::Locked,
            Self::Ended => SessionState::Ended,
        }
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| "an address is like 192.0.2.7, a range like 10.0.0.0/8".to_owned())
}

fn level(text: &str) -> Result<Level, String> {
    text.parse().ok().and_then(Level::new).ok_or_else(|| "a level is 0 to 9".to_owned())
}
