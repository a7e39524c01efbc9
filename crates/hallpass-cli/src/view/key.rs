use hallpass::Timestamp;
use hallpass_server::keys::ApiKeyInfo;

use crate::output::{Cell, Column, Tone, relative, visible};

/// The columns of a listing of API keys.
pub(crate) const KEY_COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::new("NAME").least(8),
    Column::new("ROLE"),
    Column::new("REALM").rank(1),
    Column::new("LAST FOUR").rank(3),
    Column::new("CREATED").rank(2),
];

/// Returns an API key's row: never what it is.
pub(crate) fn key_row(key: &ApiKeyInfo, now: Timestamp) -> Vec<Cell> {
    vec![
        Cell::new(visible(&key.id), Tone::Strong),
        visible(key.name.as_str()).into(),
        key.role.as_str().into(),
        key.realm.to_string().into(),
        visible(&key.last_four).into(),
        relative(key.created_at, now).into(),
    ]
}
