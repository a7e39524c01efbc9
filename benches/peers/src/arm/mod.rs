//! The services that are measured: each library with its defaults, and what it stands on without it.

mod actix;
mod axum_session;
mod hallpass;
mod private_jar;
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
    AxumSession(Placement),
    Ruts(Placement),
    HallpassSealed,
    PrivateJar,
    ActixBare,
    HallpassActix,
    ActixCookie,
    ActixMemory,
}

use Placement::{Around, Inside};

impl Arm {
    pub const ALL: [Self; 16] = [
        Self::Bare(Around),
        Self::Hallpass(Around),
        Self::TowerSessions(Around),
        Self::AxumSession(Around),
        Self::Ruts(Around),
        Self::HallpassSealed,
        Self::PrivateJar,
        Self::Bare(Inside),
        Self::Hallpass(Inside),
        Self::TowerSessions(Inside),
        Self::AxumSession(Inside),
        Self::Ruts(Inside),
        Self::ActixBare,
        Self::HallpassActix,
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
            Self::AxumSession(Around) => "axum_session",
            Self::AxumSession(Inside) => "axum_session, layer()",
            Self::Ruts(Around) => "ruts",
            Self::Ruts(Inside) => "ruts, layer()",
            Self::HallpassSealed => "hallpass, sealed cookie",
            Self::PrivateJar => "cookie, private jar",
            Self::ActixBare => "actix bare",
            Self::HallpassActix => "hallpass on actix-web",
            Self::ActixCookie => "actix-session, cookie",
            Self::ActixMemory => "actix-session, memory",
        }
    }

    /// Returns the same service without sessions; what a library adds is the difference.
    ///
    /// For both placements it is the router alone: that axum boxes more inside is a cost of being there.
    pub const fn base(self) -> Self {
        match self {
            Self::ActixBare | Self::HallpassActix | Self::ActixCookie | Self::ActixMemory => Self::ActixBare,
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
            Self::AxumSession(placement) => axum_session::runner(placement, operation),
            Self::Ruts(placement) => ruts::runner(placement, operation),
            Self::HallpassSealed => hallpass::sealed(operation),
            Self::PrivateJar => private_jar::runner(operation),
            Self::ActixBare => actix::bare(operation),
            Self::HallpassActix => actix::hallpass(operation),
            Self::ActixCookie => actix::cookie(operation),
            Self::ActixMemory => actix::memory(operation),
        }
    }
}
