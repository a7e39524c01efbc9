//! The worlds that are checked.
//!
//! `grace` is one tick and `replay_after` three, so that there are renewals further apart than the one and closer than
//! the other.

use crate::party::Jar;
use crate::server::Ask;
use crate::world::{Apart, Bounds, Sight, Theft};

const GRACE: u8 = 1;
const REPLAY_AFTER: u8 = 3;

/// An honest client, and nothing else: what the other worlds differ from.
const HONEST: Bounds = Bounds {
    grace: GRACE,
    replay_after: REPLAY_AFTER,
    renewal: None,
    from: 0,
    until: 8,
    slowest_request: REPLAY_AFTER,
    nodes_stall: true,
    slowest_answer: REPLAY_AFTER,
    losses: 1,
    tabs: 2,
    requests: [4; 2],
    theft: Theft::Never,
    asks: &[Ask::Page, Ask::Renew],
    jar: Jar::Newest,
    guesses: false,
    apart: Apart::None,
    rounds: 0,
    recovers: false,
    sights: &[],
    fault: None,
};

/// Client and thief, both with the same token.
const THEFT: Bounds = Bounds {
    until: 30,
    slowest_request: 0,
    nodes_stall: false,
    slowest_answer: 0,
    losses: 0,
    tabs: 1,
    requests: [Bounds::UNCOUNTED; 2],
    theft: Theft::AtFirst,
    asks: &[Ask::Renew],
    apart: Apart::All,
    rounds: 4,
    sights: &[Sight::Replayed, Sight::ThiefAhead],
    ..HONEST
};

/// Returns every world with its name.
pub fn all() -> [(&'static str, Bounds); 10] {
    [
        ("tabs", tabs()),
        ("browser", browser()),
        ("one tab", one_tab()),
        ("prompt network", prompt_network()),
        ("login", login()),
        ("theft", theft()),
        ("theft at any time", theft_at_any_time()),
        ("theft, tokens used", theft_with_use()),
        ("theft, bad network", theft_over_a_bad_network()),
        ("theft within grace", theft_within_grace()),
    ]
}

/// A client with two tabs that renews whenever it likes, over a network that stalls packets for as long as it may,
/// while somebody tries secrets.
pub fn tabs() -> Bounds {
    Bounds {
        guesses: true,
        sights: &[
            Sight::MadeUp,
            Sight::Converging,
            Sight::Race,
            Sight::SpentShown,
            Sight::LateAnswer,
            Sight::LockedOut,
        ],
        ..HONEST
    }
}

/// A browser, which keeps the cookie that came last, and is renewed when that is due.
pub fn browser() -> Bounds {
    const RENEWAL: u8 = GRACE + 2 * REPLAY_AFTER;
    Bounds {
        renewal: Some(RENEWAL),
        from: RENEWAL,
        until: 3 * RENEWAL - 2,
        asks: &[Ask::Page, Ask::Verify],
        jar: Jar::Latest,
        sights: &[Sight::MadeUp, Sight::LateAnswer, Sight::LockedOut],
        ..HONEST
    }
}

/// A client that waits for each answer, or gives it up for lost, before it asks again.
pub fn one_tab() -> Bounds {
    Bounds {
        losses: 2,
        tabs: 1,
        asks: &[Ask::Page, Ask::Verify, Ask::Renew],
        recovers: true,
        sights: &[Sight::MadeUp],
        ..HONEST
    }
}

/// A client with two tabs whose packets come within `grace`, but for one that is lost.
pub fn prompt_network() -> Bounds {
    Bounds {
        slowest_request: GRACE,
        nodes_stall: false,
        slowest_answer: 0,
        recovers: true,
        sights: &[Sight::MadeUp, Sight::Converging, Sight::Race],
        ..HONEST
    }
}

/// A client that logs in while it renews, and while somebody else holds a token from before.
pub fn login() -> Bounds {
    Bounds {
        until: 3,
        slowest_request: 1,
        slowest_answer: 1,
        losses: 0,
        requests: [2, 2],
        theft: Theft::AtFirst,
        asks: &[Ask::Page, Ask::Renew, Ask::Authenticate],
        sights: &[Sight::Authenticated, Sight::Race],
        ..HONEST
    }
}

/// Two who hold the same token, and renew more than `grace` apart.
pub fn theft() -> Bounds {
    THEFT
}

/// The same, where the thief takes its copy at any time.
pub fn theft_at_any_time() -> Bounds {
    Bounds { until: 24, theft: Theft::AtAnyTime, ..THEFT }
}

/// The same, where tokens are also used between renewals, without being handed out.
pub fn theft_with_use() -> Bounds {
    Bounds { until: 20, asks: &[Ask::Verify, Ask::Renew], ..THEFT }
}

/// The same over a network that delays and loses.
pub fn theft_over_a_bad_network() -> Bounds {
    Bounds { until: 16, slowest_request: 1, nodes_stall: true, slowest_answer: 1, losses: 1, ..THEFT }
}

/// Two who each renew at intervals longer than `grace`, but one within the grace of the other: this is not noticed.
pub fn theft_within_grace() -> Bounds {
    Bounds { until: 16, apart: Apart::OfEach, rounds: 0, sights: &[Sight::Unnoticed], ..THEFT }
}
