use std::str::FromStr;

/// What one request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// No cookie; the route ignores the session.
    Anon,
    /// A valid cookie; the route ignores the session.
    Anonc,
    /// A valid cookie; the route answers one attribute of 12 bytes.
    Read,
    /// The same, behind three other cookies.
    Read3,
    /// A valid cookie; the route reads a number, adds one and writes it.
    Count,
    /// A valid cookie; the route writes the user and changes the token, which the next request comes with.
    Login,
}

impl Operation {
    pub const ALL: [Self; 6] = [Self::Anon, Self::Anonc, Self::Read, Self::Read3, Self::Count, Self::Login];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Anon => "anon",
            Self::Anonc => "anonc",
            Self::Read => "read",
            Self::Read3 => "read3",
            Self::Count => "count",
            Self::Login => "login",
        }
    }

    pub const fn path(self) -> &'static str {
        match self {
            Self::Anon | Self::Anonc => "/anon",
            Self::Read | Self::Read3 => "/read",
            Self::Count => "/count",
            Self::Login => "/login",
        }
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|operation| operation.name() == name);
        found.ok_or_else(|| format!("no operation {name}"))
    }
}
