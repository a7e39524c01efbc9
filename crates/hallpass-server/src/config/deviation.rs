use hallpass::{InvalidPolicy, Policy, Profile};
use serde::Serialize;

use super::{Config, Preset, Rule, Strength, Value};

/// Something that a configuration has otherwise than its preset asks for, and less strictly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deviation {
    /// The profile whose sessions it concerns.
    pub profile: Profile,
    /// The preset that asks for more.
    pub preset: Preset,
    /// What it asks for.
    #[serde(flatten)]
    pub rule: Rule,
    /// What the configuration has.
    #[serde(rename = "here")]
    pub found: Value,
    /// Why, as the configuration says.
    pub reason: Option<String>,
}

impl Deviation {
    /// Tells whether a requirement of the standard is broken.
    pub fn is_broken(&self) -> bool {
        self.rule.strength == Strength::Shall
    }
}

/// A policy that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InForce {
    /// The profile whose sessions live by it.
    pub profile: Profile,
    /// The preset that it starts from.
    pub preset: Preset,
    /// The policy.
    pub policy: Policy,
}

impl InForce {
    /// Returns what a preset is where nothing is changed of it.
    pub fn alone(preset: Preset) -> Self {
        Self { profile: Profile::default(), preset, policy: preset.policy() }
    }
}

impl Config {
    /// Returns every policy with its profile and the preset that it starts from, that of sessions that name none first.
    ///
    /// # Errors
    ///
    /// As [`Config::policies`].
    pub fn in_force(&self) -> Result<Vec<InForce>, (Profile, InvalidPolicy)> {
        let with_preset =
            |(profile, policy): (Profile, Policy)| InForce { preset: self.preset_of(&profile), profile, policy };
        Ok(self.policies()?.into_iter().map(with_preset).collect())
    }

    /// Returns what is less strict than the presets ask for, those of the whole configuration once.
    ///
    /// # Errors
    ///
    /// As [`Config::policies`].
    pub fn deviations(&self) -> Result<Vec<Deviation>, (Profile, InvalidPolicy)> {
        let mut deviations = Vec::<Deviation>::new();
        for InForce { profile, preset, policy } in self.in_force()? {
            for &rule in preset.rules() {
                let found = rule.demand.found(&policy, self);
                let is_told = |told: &Deviation| !rule.demand.is_of_policy() && told.rule.demand == rule.demand;
                if !found.keeps && !deviations.iter().any(is_told) {
                    let reason = self.config_of(&profile).and_then(|config| config.deviation.clone());
                    deviations.push(Deviation { profile: profile.clone(), preset, rule, found: found.value, reason });
                }
            }
        }
        Ok(deviations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviations(text: &str) -> Vec<String> {
        let found = Config::parse(text).expect("well-formed").deviations().expect("within the bounds");
        let told = |deviation: &Deviation| {
            let Deviation { profile, preset, rule, found, .. } = deviation;
            format!("{profile}/{}: {} is {found} ({})", preset.as_str(), rule.demand.name(), rule.strength.as_str())
        };
        found.iter().map(told).collect()
    }

    #[test]
    fn a_configuration_that_changes_nothing_deviates_in_nothing_but_its_keys() {
        for preset in Preset::ALL {
            let text = format!("profile = '{}'\npepper_file = 'p'\nsealing_key_files = 's'", preset.as_str());
            assert_eq!(deviations(&text), [""; 0], "{text}");
        }
        assert_eq!(
            deviations("profile = 'pci-dss'"),
            ["default/pci-dss: pepper_file is no (judgement)", "default/pci-dss: sealing_key_files is no (judgement)"]
        );
    }

    #[test]
    fn what_is_laxer_is_told_with_its_strength_and_what_is_stricter_is_not() {
        let text =
            "profile = 'pci-dss'\npepper_file = 'p'\nsealing_key_files = 's'\n[policy]\nidle = 3600\nabsolute = 3600";
        assert_eq!(
            deviations(text),
            ["default/pci-dss: idle is 1h (shall)", "remember/pci-dss: idle is 1h (shall)"],
            "a profile under a strict preset has its policy"
        );
        let text = "profile = 'nist-aal3'\npepper_file = 'p'\nsealing_key_files = 's'\n[policy]\nabsolute = 46800";
        assert_eq!(deviations(text)[0], "default/nist-aal3: absolute is 13h (shall)");
    }

    #[test]
    fn a_cookie_for_plain_http_is_told_once() {
        let text = "profile = 'nist-aal1'\n[cookie]\ndanger_plain_http = true";
        let told = deviations(text);
        assert_eq!(told.iter().filter(|told| told.contains("cookie.secure is no")).count(), 1, "{told:?}");
        assert!(told[0].ends_with("(shall)"), "{told:?}");
    }

    #[test]
    fn a_profile_is_held_to_the_preset_that_it_names_and_says_why_it_departs() {
        let text =
            "profile = 'owasp-low'\n[profiles.kiosk]\npreset = 'hipaa'\nidle = 1800\ndeviation = 'one nurse a room'";
        let config = Config::parse(text).expect("well-formed");
        let deviations = config.deviations().expect("within the bounds");
        let idle = deviations.iter().find(|deviation| deviation.rule.demand.name() == "idle").expect("it is laxer");
        assert_eq!((idle.profile.as_str(), idle.preset), ("kiosk", Preset::Hipaa));
        assert_eq!(idle.reason.as_deref(), Some("one nurse a room"));
    }
}
