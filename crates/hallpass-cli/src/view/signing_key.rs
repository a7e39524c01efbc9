use hallpass::{KeyState, Timestamp};
use hallpass_server::SigningKeyInfo;

use crate::output::{Cell, Column, Tone, relative, visible};

/// The columns of a listing of signing keys.
pub(crate) const SIGNING_KEY_COLUMNS: [Column; 6] = [
    Column::new("KEY"),
    Column::new("STATE"),
    Column::new("ALGORITHM").rank(2),
    Column::new("SIGNS FROM").rank(1),
    Column::new("SIGNS UNTIL").rank(3),
    Column::new("FORGOTTEN").rank(4),
];

/// Returns a signing key's row: never what it is.
pub(crate) fn signing_key_row(key: &SigningKeyInfo, now: Timestamp) -> Vec<Cell> {
    let when = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| relative(at, now));
    let (state, tone) = match key.state {
        KeyState::Next => ("next", Tone::Plain),
        KeyState::Signing => ("signing", Tone::Good),
        KeyState::Verifying => ("verifying", Tone::Plain),
        _ => ("retired", Tone::Faint),
    };
    vec![
        Cell::new(visible(&key.id), Tone::Strong),
        Cell::new(state, tone),
        visible(&key.algorithm).into(),
        when(key.signs_from).into(),
        when(key.signs_until).into(),
        when(key.retires_at).into(),
    ]
}
