//! The services that are measured: each library with its defaults, and what it stands on without it.

mod actix;
mod ruts;
mod tower_sessions;

pub use self::actix::Memory;
pub(crate) use self::tower_sessions::routes as tower_sessions_routes;

use layer::{Operation, Placement, Runner};

/// One library, one store, one placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    Bare(Placement),
    Hallpass(Placement),
    TowerSessions(Placement),
    Ruts(Placement),
    ActixBare,
    ActixCookie,
    ActixMemory,
}

use Placement::{Around, Inside};

impl Arm {
    pub const ALL: [Self; 11] = [
        Self::Bare(Around),
        Self::Hallpass(Around),
        Self::TowerSessions(Around),
        Self::Ruts(Around),
        Self::Bare(Inside),
        Self::Hallpass(Inside),
        Self::TowerSessions(Inside),
        Self::Ruts(Inside),
        Self::ActixBare,
        Self::ActixCookie,
        Self::ActixMemory,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare(Around) => "bare",
            Self::Bare(Inside) => "bare, layer()",
            Self::Hallpass(Around) => "hallpass",
            Self::Hallpass(Inside) => "hallpass, layer()",
            Self::TowerSessions(Around) => "tower-sessions",
            Self::TowerSessions(Inside) => "tower-sessions, layer()",
            Self::Ruts(Around) => "ruts",
            Self::Ruts(Inside) => "ruts, layer()",
            Self::ActixBare => "actix bare",
            Self::ActixCookie => "actix-session, cookie",
            Self::ActixMemory => "actix-session, memory",
        }
    }

    /// Returns the same service without sessions; what a library adds is the difference.
    ///
    /// For both placements it is the router alone: that axum boxes more inside is a cost of being there.
    pub const fn base(self) -> Self {
        match self {
            Self::ActixBare | Self::ActixCookie | Self::ActixMemory => Self::ActixBare,
            _ => Self::Bare(Around),
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.name() == name)
    }

    pub fn runner(self, operation: Operation) -> Runner {
        match self {
            Self::Bare(placement) => layer::bare(placement, operation),
            Self::Hallpass(placement) => layer::hallpass(placement, operation),
            Self::TowerSessions(placement) => tower_sessions::runner(placement, operation),
            Self::Ruts(placement) => ruts::runner(placement, operation),
            Self::ActixBare => actix::bare(operation),
            Self::ActixCookie => actix::cookie(operation),
            Self::ActixMemory => actix::memory(operation),
        }
    }
}
