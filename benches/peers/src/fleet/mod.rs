//! Services with their sessions in Redis, each a process of its own with a server of its own, under the load of a
//! client that is a process, too.

pub(crate) mod children;
mod load;
mod memory;
pub(crate) mod report;
mod serve;

pub use self::load::{load, start};
pub use self::report::report;
pub use self::serve::serve;

/// A library with its store for Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    Hallpass,
    TowerSessions,
    Actix,
    Ruts,
    Express,
}

impl Library {
    pub(crate) const ALL: [Self; 5] = [Self::Hallpass, Self::TowerSessions, Self::Actix, Self::Ruts, Self::Express];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hallpass => "hallpass",
            Self::TowerSessions => "tower-sessions",
            Self::Actix => "actix-session",
            Self::Ruts => "ruts",
            Self::Express => "express-session",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|library| library.name() == name)
    }
}
