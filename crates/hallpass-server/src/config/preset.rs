use std::time::Duration;

use hallpass::{Policy, PolicyBuilder};
use serde::{Deserialize, Serialize};

use super::{Demand, Rule, SameSiteConfig, Strength};

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
    /// 45 CFR 164.312: 15 minutes idle, 12 hours absolute.
    Hipaa,
    /// AICPA Trust Services Criteria CC6: 30 minutes idle, 12 hours absolute.
    Soc2,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 11] = [
        Self::Default,
        Self::Remember,
        Self::OwaspLow,
        Self::OwaspMedium,
        Self::OwaspHigh,
        Self::NistAal1,
        Self::NistAal2,
        Self::NistAal3,
        Self::PciDss,
        Self::Hipaa,
        Self::Soc2,
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
            Self::Hipaa => "hipaa",
            Self::Soc2 => "soc2",
        }
    }

    /// Returns whom it is for, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Default => "office work",
            Self::Remember => "people who ask to be remembered",
            Self::OwaspLow => "low risk, by OWASP",
            Self::OwaspMedium => "between OWASP's low risk and high value",
            Self::OwaspHigh => "high value, by OWASP",
            Self::NistAal1 => "one factor, by NIST SP 800-63B-4",
            Self::NistAal2 => "two factors, by NIST SP 800-63B-4",
            Self::NistAal3 => "hardware and two factors, by NIST SP 800-63B-4",
            Self::PciDss => "card payments, by PCI DSS 4.0.1",
            Self::Hipaa => "health data, by 45 CFR 164.312",
            Self::Soc2 => "SOC 2, by the Trust Services Criteria",
        }
    }

    /// Returns what it asks for, each with its strength and source.
    pub const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Default => DEFAULT,
            Self::Remember => REMEMBER,
            Self::OwaspLow => OWASP_LOW,
            Self::OwaspMedium => OWASP_MEDIUM,
            Self::OwaspHigh => OWASP_HIGH,
            Self::NistAal1 => NIST_AAL1,
            Self::NistAal2 => NIST_AAL2,
            Self::NistAal3 => NIST_AAL3,
            Self::PciDss => PCI_DSS,
            Self::Hipaa => HIPAA,
            Self::Soc2 => SOC2,
        }
    }

    /// Returns its policy, as it is where nothing is changed of it.
    pub fn policy(self) -> Policy {
        self.builder().build().unwrap_or_default()
    }

    /// Tells whether it asks for this.
    pub(super) fn asks_for(self, demand: Demand) -> bool {
        self.rules().iter().any(|rule| rule.demand == demand)
    }

    /// Returns the most that it lets a cookie go with requests from other sites.
    pub(super) fn same_site(self) -> SameSiteConfig {
        let found = self.rules().iter().find_map(|rule| match rule.demand {
            Demand::SameSite(most) => Some(most),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// Returns the builder of its policy.
    pub(super) fn builder(self) -> PolicyBuilder {
        let builder = self.rules().iter().fold(Policy::builder(), |builder, rule| rule.demand.shape(builder));
        if self == Self::Remember { builder.persistent() } else { builder }
    }
}

const fn minutes(number: u64) -> Duration {
    Duration::from_secs(number * 60)
}

const fn hours(number: u64) -> Duration {
    minutes(number * 60)
}

const fn days(number: u64) -> Duration {
    hours(number * 24)
}

const fn shall(demand: Demand, source: &'static str) -> Rule {
    Rule { demand, strength: Strength::Shall, source }
}

const fn should(demand: Demand, source: &'static str) -> Rule {
    Rule { demand, strength: Strength::Should, source }
}

const fn judgement(demand: Demand, source: &'static str) -> Rule {
    Rule { demand, strength: Strength::Judgement, source }
}

const CHEAT_SHEET: &str = "OWASP Session Management Cheat Sheet, Session Expiration";
const NO_NUMBER: &str = "no standard has a number";
const EVERY_TOKEN: &str = "OWASP Session Management Cheat Sheet, Renewal Timeout, which has no number";
const ONE_SUBJECT: &str = "ASVS 7.1.2 asks for a documented limit, and has no number";
const AT_REST: &str = "ASVS 14.2.6 and 11.3.2, where data is sensitive";

const SECURE: Rule = shall(Demand::SecureCookie, "ASVS 3.3.1");
const NIST_SECURE: Rule = shall(Demand::SecureCookie, "NIST SP 800-63B-4, 5.1.1");
const HOST: Rule = should(Demand::HostCookie, "ASVS 3.3.3");
const NIST_HOST: Rule = should(Demand::HostCookie, "NIST SP 800-63B-4, 5.1.1");
const LAX: Rule = should(Demand::SameSite(SameSiteConfig::Lax), "ASVS 3.3.2");
const NIST_LAX: Rule = should(Demand::SameSite(SameSiteConfig::Lax), "NIST SP 800-63B-4, 5.1.1");
const STRICT: Rule =
    judgement(Demand::SameSite(SameSiteConfig::Strict), "ASVS 3.3.2 leaves the choice between Lax and Strict");
const BROWSER_SESSION: Rule =
    should(Demand::BrowserSession, "OWASP Session Management Cheat Sheet, Expire and Max-Age Attributes");
const NIST_BROWSER_SESSION: Rule = should(Demand::BrowserSession, "NIST SP 800-63B-4, 5.1");
const PEPPER: Rule = judgement(Demand::Pepper, "a reader of the store cannot go on from an old token");
const SEALED: Rule = judgement(Demand::SealedRecords, AT_REST);

const DEFAULT: &[Rule] = &[
    should(Demand::Idle(minutes(30)), CHEAT_SHEET),
    should(Demand::Absolute(hours(4)), CHEAT_SHEET),
    judgement(Demand::Renewal(minutes(60)), EVERY_TOKEN),
    SECURE,
    HOST,
    LAX,
];

const REMEMBER: &[Rule] = &[
    judgement(Demand::Idle(days(14)), NO_NUMBER),
    should(Demand::Absolute(days(30)), "NIST SP 800-63B-4, 2.1.3"),
    judgement(Demand::Renewal(days(1)), EVERY_TOKEN),
    SECURE,
    HOST,
    LAX,
];

const OWASP_LOW: &[Rule] = &[
    should(Demand::Idle(minutes(30)), CHEAT_SHEET),
    should(Demand::Absolute(hours(8)), CHEAT_SHEET),
    judgement(Demand::Renewal(minutes(60)), EVERY_TOKEN),
    judgement(Demand::Sessions(10), ONE_SUBJECT),
    SECURE,
    HOST,
    LAX,
];

const OWASP_MEDIUM: &[Rule] = &[
    judgement(Demand::Idle(minutes(15)), "between the ranges of the OWASP Session Management Cheat Sheet"),
    should(Demand::Absolute(hours(8)), CHEAT_SHEET),
    judgement(Demand::Renewal(minutes(30)), EVERY_TOKEN),
    judgement(Demand::Sessions(5), ONE_SUBJECT),
    SECURE,
    HOST,
    LAX,
];

const OWASP_HIGH: &[Rule] = &[
    should(Demand::Idle(minutes(5)), CHEAT_SHEET),
    should(Demand::Absolute(hours(4)), CHEAT_SHEET),
    judgement(Demand::Renewal(minutes(15)), EVERY_TOKEN),
    judgement(Demand::Sessions(1), ONE_SUBJECT),
    BROWSER_SESSION,
    SECURE,
    HOST,
    STRICT,
    PEPPER,
    SEALED,
];

const NIST_AAL1: &[Rule] = &[
    judgement(Demand::Idle(hours(24)), "NIST SP 800-63B-4, 2.1.3, which leaves it open"),
    should(Demand::Absolute(days(30)), "NIST SP 800-63B-4, 2.1.3"),
    judgement(Demand::Renewal(hours(24)), EVERY_TOKEN),
    NIST_SECURE,
    NIST_HOST,
    NIST_LAX,
];

const NIST_AAL2: &[Rule] = &[
    should(Demand::Idle(minutes(60)), "NIST SP 800-63B-4, 2.2.3"),
    should(Demand::Lock, "NIST SP 800-63B-4, 2.2.3"),
    should(Demand::Absolute(hours(24)), "NIST SP 800-63B-4, 2.2.3"),
    judgement(Demand::Renewal(minutes(60)), EVERY_TOKEN),
    judgement(Demand::Sessions(5), ONE_SUBJECT),
    NIST_BROWSER_SESSION,
    NIST_SECURE,
    NIST_HOST,
    NIST_LAX,
];

const NIST_AAL3: &[Rule] = &[
    should(Demand::Idle(minutes(15)), "NIST SP 800-63B-4, 2.3.3"),
    shall(Demand::Absolute(hours(12)), "NIST SP 800-63B-4, 2.3.3"),
    judgement(Demand::Renewal(minutes(15)), EVERY_TOKEN),
    judgement(Demand::Sessions(1), ONE_SUBJECT),
    NIST_BROWSER_SESSION,
    NIST_SECURE,
    NIST_HOST,
    NIST_LAX,
    PEPPER,
    SEALED,
];

const PCI_DSS: &[Rule] = &[
    shall(Demand::Idle(minutes(15)), "PCI DSS 4.0.1, 8.2.8"),
    judgement(Demand::Absolute(hours(12)), "PCI DSS has no number"),
    judgement(Demand::Renewal(minutes(15)), EVERY_TOKEN),
    BROWSER_SESSION,
    SECURE,
    HOST,
    STRICT,
    PEPPER,
    SEALED,
];

const HIPAA: &[Rule] = &[
    judgement(Demand::Idle(minutes(15)), "45 CFR 164.312(a)(2)(iii) asks for a predetermined time, and has no number"),
    judgement(Demand::Absolute(hours(12)), "the rule has no number"),
    judgement(Demand::Renewal(minutes(30)), EVERY_TOKEN),
    judgement(Demand::Sessions(3), ONE_SUBJECT),
    BROWSER_SESSION,
    SECURE,
    HOST,
    STRICT,
    PEPPER,
    SEALED,
];

const SOC2: &[Rule] = &[
    judgement(Demand::Idle(minutes(30)), "CC6.1 asks for a documented value, and has no number"),
    judgement(Demand::Absolute(hours(12)), "CC6.1 asks for a documented value, and has no number"),
    judgement(Demand::Renewal(minutes(60)), EVERY_TOKEN),
    judgement(Demand::Sessions(5), ONE_SUBJECT),
    SECURE,
    HOST,
    LAX,
];

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

    #[test]
    fn every_preset_has_both_timeouts_and_asks_for_nothing_twice() {
        for preset in Preset::ALL {
            let names: Vec<_> = preset.rules().iter().map(|rule| rule.demand.name()).collect();
            assert!(names.contains(&"idle") && names.contains(&"absolute"), "{preset:?}: {names:?}");
            for name in &names {
                assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{preset:?}: {name}");
            }
        }
    }
}
