use std::time::Duration;

use hallpass::{Overflow, Policy, PolicyBuilder};
use serde::{Deserialize, Serialize};

/// A policy by name: timeouts and limits as a standard asks for them, where it has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// 30 minutes idle, 4 hours absolute, a new token every hour.
    #[default]
    Default,
    /// The profile `remember`: 14 days idle, 30 days absolute, a cookie that outlives the browser.
    Remember,
    /// OWASP Session Management Cheat Sheet, low risk: 30 minutes idle, 8 hours absolute.
    OwaspLow,
    /// Between OWASP's low risk and high value: 15 minutes idle, 8 hours absolute.
    OwaspMedium,
    /// OWASP Session Management Cheat Sheet, high value: 5 minutes idle, 4 hours absolute, one session.
    OwaspHigh,
    /// NIST SP 800-63B-4 section 2.1.3: 24 hours idle, 30 days absolute.
    NistAal1,
    /// NIST SP 800-63B-4 section 2.2.3: locked after 1 hour, over after 24 hours.
    NistAal2,
    /// NIST SP 800-63B-4 section 2.3.3: 15 minutes idle, 12 hours absolute, one session.
    NistAal3,
    /// PCI DSS 4.0.1, 8.2.8: 15 minutes idle, 12 hours absolute.
    PciDss,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 9] = [
        Self::Default,
        Self::Remember,
        Self::OwaspLow,
        Self::OwaspMedium,
        Self::OwaspHigh,
        Self::NistAal1,
        Self::NistAal2,
        Self::NistAal3,
        Self::PciDss,
    ];

    /// Returns its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Remember => "remember",
            Self::OwaspLow => "owasp-low",
            Self::OwaspMedium => "owasp-medium",
            Self::OwaspHigh => "owasp-high",
            Self::NistAal1 => "nist-aal1",
            Self::NistAal2 => "nist-aal2",
            Self::NistAal3 => "nist-aal3",
            Self::PciDss => "pci-dss",
        }
    }

    /// Tells whether it asks for a pepper, so that a reader of the store cannot go on from an old token, and for sealed
    /// records, so that they read nothing of what applications keep (ASVS 14.2.6).
    pub const fn hides_from_its_store(self) -> bool {
        matches!(self, Self::OwaspHigh | Self::NistAal3 | Self::PciDss)
    }

    /// Tells whether its sessions must not be remembered beyond the browser unless a profile says so (`CKA-6`).
    pub(super) const fn forgets(self) -> bool {
        matches!(self, Self::OwaspHigh | Self::NistAal2 | Self::NistAal3 | Self::PciDss)
    }

    /// Returns the builder of its policy.
    pub(super) fn builder(self) -> PolicyBuilder {
        let timed = |idle, absolute, renewal| {
            let [idle, absolute, renewal] = [idle, absolute, renewal].map(Duration::from_secs);
            Policy::builder().idle(idle).absolute(absolute).renewal(renewal)
        };
        match self {
            Self::Default => Policy::builder(),
            Self::Remember => timed(14 * DAY, 30 * DAY, DAY).persistent(),
            Self::OwaspLow => timed(30 * MINUTE, 8 * HOUR, HOUR).limit(10, Overflow::EvictOldest),
            Self::OwaspMedium => timed(15 * MINUTE, 8 * HOUR, 30 * MINUTE).limit(5, Overflow::EvictOldest),
            Self::OwaspHigh => timed(5 * MINUTE, 4 * HOUR, 15 * MINUTE).limit(1, Overflow::EvictOldest),
            Self::NistAal1 => timed(DAY, 30 * DAY, DAY),
            Self::NistAal2 => timed(HOUR, DAY, HOUR).limit(5, Overflow::EvictOldest).lock_when_idle(),
            Self::NistAal3 => timed(15 * MINUTE, 12 * HOUR, 15 * MINUTE).limit(1, Overflow::EvictOldest),
            Self::PciDss => timed(15 * MINUTE, 12 * HOUR, 15 * MINUTE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_policy_and_is_read_by_its_name() {
        for preset in Preset::ALL {
            let policy = preset.builder().build().expect("within the bounds");
            assert!(policy.idle() <= policy.absolute());
            let name = toml::Value::try_from(preset).expect("text");
            assert_eq!(name.as_str(), Some(preset.as_str()));
        }
        assert_eq!(Preset::Remember.builder().build(), Ok(Policy::remember()));
        assert_eq!(Preset::Default.builder().build(), Ok(Policy::default()));
    }
}
