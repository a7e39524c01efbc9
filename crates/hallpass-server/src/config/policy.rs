use std::time::Duration;

use hallpass::{InvalidPolicy, Overflow, Policy, Profile};
use serde::{Deserialize, Serialize};

use super::{Config, Demand, Preset};

/// What a policy changes of its preset; durations are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The preset that it starts from; the one of sessions that name no profile if nobody says.
    pub preset: Option<Preset>,
    /// How long a session may go unused.
    pub idle: Option<u64>,
    /// How long a session lives after its authentication.
    pub absolute: Option<u64>,
    /// How long one token is used before the next.
    pub renewal: Option<u64>,
    /// How long a session lives that nobody signs in to.
    pub anonymous: Option<u64>,
    /// How long after a renewal the replaced token is still good.
    pub grace: Option<u64>,
    /// How long after a renewal a spent token becomes a sign of theft.
    pub replay_after: Option<u64>,
    /// How many sessions one subject may have.
    pub most_sessions: Option<u32>,
    /// What happens when there is one more; `evict-oldest` if nobody says.
    pub overflow: Option<OverflowConfig>,
    /// Whether an unused session locks instead of ending.
    pub lock_when_idle: Option<bool>,
    /// How recent an authentication must be to count as fresh.
    pub fresh: Option<u64>,
    /// How long an ended session is remembered.
    pub retention: Option<u64>,
    /// Whether cookies outlive the browser.
    pub persistent: Option<bool>,
    /// Why it departs from its preset, for those who ask (ASVS 7.1.1).
    pub deviation: Option<String>,
}

/// What happens when a subject signs in once more than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OverflowConfig {
    /// The session that was made first ends.
    #[default]
    EvictOldest,
    /// The session that was unused for longest ends.
    EvictIdle,
    /// The sign-in is refused.
    Refuse,
}

impl From<OverflowConfig> for Overflow {
    fn from(overflow: OverflowConfig) -> Self {
        match overflow {
            OverflowConfig::EvictOldest => Self::EvictOldest,
            OverflowConfig::EvictIdle => Self::EvictIdle,
            OverflowConfig::Refuse => Self::Refuse,
        }
    }
}

impl PolicyConfig {
    /// Returns the policy that this makes of a preset.
    pub(super) fn policy(&self, preset: Preset) -> Result<Policy, InvalidPolicy> {
        let mut builder = self.preset.unwrap_or(preset).builder();
        let seconds = |value: Option<u64>| value.map(Duration::from_secs);
        if let Some(idle) = seconds(self.idle) {
            builder = builder.idle(idle);
        }
        if let Some(absolute) = seconds(self.absolute) {
            builder = builder.absolute(absolute);
        }
        if let Some(renewal) = seconds(self.renewal) {
            builder = builder.renewal(renewal);
        }
        if let Some(anonymous) = seconds(self.anonymous) {
            builder = builder.anonymous(anonymous);
        }
        if let Some(grace) = seconds(self.grace) {
            builder = builder.grace(grace);
        }
        if let Some(replay_after) = seconds(self.replay_after) {
            builder = builder.replay_after(replay_after);
        }
        if let Some(fresh) = seconds(self.fresh) {
            builder = builder.fresh(fresh);
        }
        if let Some(retention) = seconds(self.retention) {
            builder = builder.retention(retention);
        }
        if let Some(most) = self.most_sessions {
            builder = builder.limit(most, self.overflow.unwrap_or_default().into());
        }
        if self.lock_when_idle == Some(true) {
            builder = builder.lock_when_idle();
        }
        if self.persistent == Some(true) {
            builder = builder.persistent();
        }
        builder.build()
    }
}

impl Config {
    /// Returns every policy by its profile, that of sessions that name none first.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] and the profile whose values contradict each other or a bound.
    pub fn policies(&self) -> Result<Vec<(Profile, Policy)>, (Profile, InvalidPolicy)> {
        let default = self.policy.policy(self.profile).map_err(|error| (Profile::default(), error))?;
        let mut policies = vec![(Profile::default(), default.clone())];
        if !self.profiles.contains_key(&Profile::remember()) {
            let forgets = self.profile.asks_for(Demand::BrowserSession);
            let remember = if forgets { default } else { Policy::remember() };
            policies.push((Profile::remember(), remember));
        }
        for (profile, config) in &self.profiles {
            let policy = config.policy(self.preset_of(profile)).map_err(|error| (profile.clone(), error))?;
            policies.retain(|(other, _)| other != profile);
            policies.push((profile.clone(), policy));
        }
        Ok(policies)
    }

    /// Returns the preset that the policy of a profile starts from.
    pub(super) fn preset_of(&self, profile: &Profile) -> Preset {
        match self.profiles.get(profile) {
            Some(config) => config.preset.unwrap_or(self.usual_preset(profile)),
            None if self.profile.asks_for(Demand::BrowserSession) => self.profile,
            None => self.usual_preset(profile),
        }
    }

    /// Returns what is changed of the preset of a profile, if anything is.
    pub(super) fn config_of(&self, profile: &Profile) -> Option<&PolicyConfig> {
        self.profiles.get(profile).or((*profile == Profile::default()).then_some(&self.policy))
    }

    fn usual_preset(&self, profile: &Profile) -> Preset {
        if *profile == Profile::remember() { Preset::Remember } else { self.profile }
    }

    /// Tells whether a preset in use asks for this.
    pub(super) fn asks_for(&self, demand: Demand) -> bool {
        let named = self.profiles.keys().map(|profile| self.preset_of(profile));
        named.chain([self.profile]).any(|preset| preset.asks_for(demand))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(config: &Config, profile: &str) -> Policy {
        let policies = config.policies().expect("within the bounds");
        let found = policies.into_iter().find(|(name, _)| name.as_str() == profile);
        found.expect("configured").1
    }

    #[test]
    fn a_profile_changes_what_it_names_and_keeps_the_rest_of_its_preset() {
        let text = "profile = 'owasp-low'\n[policy]\nidle = 600\n[profiles.kiosk]\nidle = 60\npreset = 'pci-dss'";
        let config = Config::parse(text).expect("valid");
        assert_eq!(policy(&config, "default").idle(), Duration::from_mins(10));
        assert_eq!(policy(&config, "default").absolute(), Duration::from_hours(8));
        assert_eq!(policy(&config, "kiosk").idle(), Duration::from_mins(1));
        assert_eq!(policy(&config, "kiosk").absolute(), Duration::from_hours(12));
        assert_eq!(policy(&config, "remember"), Policy::remember());
        assert!(config.asks_for(Demand::Pepper), "one of the profiles is high");
    }

    #[test]
    fn under_a_strict_preset_nobody_is_remembered_unless_a_profile_says_so() {
        let strict = Config::parse("profile = 'pci-dss'").expect("valid");
        assert_eq!(policy(&strict, "remember"), policy(&strict, "default"));
        let named = Config::parse("profile = 'pci-dss'\n[profiles.remember]\nidle = 3600").expect("valid");
        assert!(policy(&named, "remember").is_persistent());
        assert_eq!(policy(&named, "remember").idle(), Duration::from_hours(1));
    }

    #[test]
    fn values_that_contradict_each_other_name_their_profile() {
        let config = Config::parse("[profiles.kiosk]\nidle = 7200\nabsolute = 3600").expect("well-formed");
        let (profile, error) = config.policies().expect_err("idle is longer");
        assert_eq!(profile.as_str(), "kiosk");
        assert!(error.to_string().contains("idle"), "{error}");
    }

    #[test]
    fn no_number_in_a_configuration_switches_a_timeout_off() {
        for timeout in ["idle", "absolute"] {
            for endless in ["4294967295", "4294967296", "99999999999", "9223372036854775807"] {
                let config = Config::parse(&format!("[policy]\n{timeout} = {endless}")).expect("well-formed");
                let (_, error) = config.policies().expect_err("400 days are the most");
                assert!(error.to_string().contains(&format!("the {timeout} timeout is to be")), "{endless}: {error}");
            }
        }
    }
}
