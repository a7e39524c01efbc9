use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Preset;

/// The audit trail: who signs it, how long it is kept, and what happens where it cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The file with the key that signs, an Ed25519 pair in PEM. If there is none, the key is derived from the first of the
    /// [`sealing_key_files`](super::Config::sealing_key_files); if there are none either, the trail is chained and not signed.
    pub key_file: Option<PathBuf>,
    /// How many seconds events are kept, 86,400 or more; for ever if nobody says.
    pub retention: Option<u64>,
    /// Whether nothing is done for an operator or admin whose event cannot be kept; so with the presets `pci-dss` and
    /// `hipaa` if nobody says. Changes of sessions always fail with their events.
    pub required: Option<bool>,
    /// Whether refused tokens are kept too, at most 60 of a kind in a minute; so if nobody says, where there is a trail.
    pub refusals: bool,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { key_file: None, retention: None, required: None, refusals: true }
    }
}

impl AuditConfig {
    /// Returns what is out of its bounds, by its key.
    pub(super) fn broken(&self) -> Vec<(&'static str, &'static str)> {
        let is_short = self.retention.is_some_and(|seconds| !(86_400..=31_536_000 * 100).contains(&seconds));
        if is_short { vec![("retention", "this is 86,400 seconds (a day) to a hundred years")] } else { Vec::new() }
    }

    /// Tells whether somebody has asked for a trail that is kept in a certain way.
    pub(crate) fn is_relied_on(&self, preset: Preset) -> bool {
        self.is_required(preset) || self.retention.is_some()
    }

    pub(crate) fn retention(&self) -> Option<Duration> {
        self.retention.map(Duration::from_secs)
    }

    /// Tells whether nothing is done whose event cannot be kept.
    pub(crate) fn is_required(&self, preset: Preset) -> bool {
        self.required.unwrap_or(matches!(preset, Preset::PciDss | Preset::Hipaa))
    }
}
