use hallpass::{Realm, Timestamp};
use serde::{Deserialize, Serialize};

use crate::output::{Cell, Column, Tone, relative, visible};

/// An API key as it may be shown: never what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyView {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) realm: Realm,
    pub(crate) created_at: Timestamp,
}

/// The columns of a listing of keys.
pub(crate) const KEY_COLUMNS: [Column; 4] =
    [Column::new("NAME").least(8), Column::new("ROLE"), Column::new("REALM").rank(2), Column::new("CREATED").rank(1)];

/// Returns a key's row.
pub(crate) fn key_row(key: &KeyView, now: Timestamp) -> Vec<Cell> {
    vec![
        Cell::new(visible(&key.name), Tone::Strong),
        visible(&key.role).into(),
        key.realm.to_string().into(),
        relative(key.created_at, now).into(),
    ]
}
