use hallpass::{Policy, Profile};
use hallpass_server::{Config, Deviation, Found, InForce, Preset, Rule, Strength};
use serde::Serialize;

use crate::args::PolicyCommand;
use crate::backend::{config_file, layered, misconfigured};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Cell, Column, Columns, Output, Tone, duration};

/// Lists, shows, explains and checks policies.
pub(crate) fn run(command: &PolicyCommand, context: &Context) -> Result<Ending, Failure> {
    let output = &context.output;
    match command {
        PolicyCommand::List => list(output),
        PolicyCommand::Show => show(&in_force(&configured(context)?)?, output),
        PolicyCommand::Explain(explain) => {
            let config = configured(context)?;
            explain_each(&chosen(explain.preset, &config)?, &config, output)
        }
        PolicyCommand::Check => check(&configured(context)?, output),
    }
}

fn configured(context: &Context) -> Result<Config, Failure> {
    let file = config_file(&context.global)?;
    layered(&context.global, file.as_ref(), Vec::new()).map_err(|error| misconfigured(&error))
}

fn in_force(config: &Config) -> Result<Vec<InForce>, Failure> {
    config.in_force().map_err(|(profile, error)| Failure::new(format!("the policy of {profile}: {error}")))
}

/// The values of a policy, for programs; times are seconds.
#[derive(Serialize)]
struct Values {
    idle: u64,
    absolute: u64,
    renewal: u64,
    anonymous: u64,
    fresh: u64,
    retention: u64,
    most_sessions: Option<u32>,
    lock_when_idle: bool,
    persistent: bool,
}

impl From<&Policy> for Values {
    fn from(policy: &Policy) -> Self {
        Self {
            idle: policy.idle().as_secs(),
            absolute: policy.absolute().as_secs(),
            renewal: policy.renewal().as_secs(),
            anonymous: policy.anonymous().as_secs(),
            fresh: policy.fresh().as_secs(),
            retention: policy.retention().as_secs(),
            most_sessions: policy.limit().map(|limit| limit.most),
            lock_when_idle: policy.terms().locks,
            persistent: policy.is_persistent(),
        }
    }
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Serialize)]
struct Offered {
    preset: Preset,
    about: &'static str,
    #[serde(flatten)]
    values: Values,
}

const TIMES: [Column; 5] = [
    Column::new("IDLE"),
    Column::new("ABSOLUTE"),
    Column::new("RENEWAL").rank(1),
    Column::new("SESSIONS"),
    Column::new("UNUSED").rank(2),
];

fn times(policy: &Policy) -> Vec<Cell> {
    let limit = policy.limit().map(|limit| limit.most.to_string());
    vec![
        duration(policy.idle()).into(),
        duration(policy.absolute()).into(),
        duration(policy.renewal()).into(),
        limit.unwrap_or_else(|| "any".to_owned()).into(),
        if policy.terms().locks { "locks" } else { "ends" }.into(),
    ]
}

fn list(output: &Output) -> Result<Ending, Failure> {
    let presets = Preset::ALL.map(|preset| (preset, preset.policy()));
    if output.json {
        let offered = |(preset, policy): &(Preset, Policy)| Offered {
            preset: *preset,
            about: preset.about(),
            values: Values::from(policy),
        };
        output.document(&Items { items: presets.iter().map(offered).collect() })?;
        return Ok(Ending::Done);
    }
    let columns =
        [Column::new("PRESET")].into_iter().chain(TIMES).chain([Column::new("FOR").least(20)]).collect::<Vec<_>>();
    let row = |(preset, policy): &(Preset, Policy)| {
        let mut row = vec![Cell::new(preset.as_str(), Tone::Strong)];
        row.extend(times(policy));
        row.push(preset.about().into());
        row
    };
    let rows: Vec<_> = presets.iter().map(row).collect();
    output.write(&Columns::new(columns, Output::width()).piece(&rows))?;
    output.note("`hallpass policy explain PRESET` says where each value comes from.");
    Ok(Ending::Done)
}

#[derive(Serialize)]
struct Shown<'a> {
    profile: &'a Profile,
    preset: Preset,
    #[serde(flatten)]
    values: Values,
}

fn show(policies: &[InForce], output: &Output) -> Result<Ending, Failure> {
    if output.json {
        let shown = policies.iter().map(|InForce { profile, preset, policy, .. }| Shown {
            profile,
            preset: *preset,
            values: Values::from(policy),
        });
        output.document(&Items { items: shown.collect() })?;
        return Ok(Ending::Done);
    }
    let columns = [Column::new("PROFILE"), Column::new("PRESET")].into_iter().chain(TIMES).collect::<Vec<_>>();
    let row = |InForce { profile, preset, policy, .. }: &InForce| {
        let mut row = vec![Cell::new(profile.as_str(), Tone::Strong), preset.as_str().into()];
        row.extend(times(policy));
        row
    };
    let rows: Vec<_> = policies.iter().map(row).collect();
    output.write(&Columns::new(columns, Output::width()).piece(&rows))?;
    Ok(Ending::Done)
}

/// Returns the preset that was named with its own policy, or those in use with theirs.
fn chosen(named: Option<Preset>, config: &Config) -> Result<Vec<InForce>, Failure> {
    match named {
        Some(preset) => {
            let using: Vec<_> = in_force(config)?.into_iter().filter(|used| used.preset == preset).collect();
            Ok(if using.is_empty() { vec![InForce::alone(preset)] } else { using })
        }
        None => in_force(config),
    }
}

#[derive(Serialize)]
struct Explained<'a> {
    profile: &'a Profile,
    preset: Preset,
    about: &'static str,
    rules: Vec<ExplainedRule>,
}

#[derive(Serialize)]
struct ExplainedRule {
    #[serde(flatten)]
    rule: Rule,
    #[serde(flatten)]
    found: Found,
}

fn explain_each(policies: &[InForce], config: &Config, output: &Output) -> Result<Ending, Failure> {
    let explained = policies.iter().map(|InForce { profile, preset, policy, .. }| {
        let rule = |rule: &Rule| ExplainedRule { rule: *rule, found: rule.demand.found(policy, config) };
        let rules = preset.rules().iter().map(rule).collect();
        Explained { profile, preset: *preset, about: preset.about(), rules }
    });
    let explained: Vec<_> = explained.collect();
    if output.json {
        output.document(&Items { items: explained })?;
        return Ok(Ending::Done);
    }
    for (number, Explained { profile, preset, about, rules }) in explained.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        output.data(format_args!("{gap}{}: {about} (profile {profile})", Tone::Strong.paint(preset.as_str())))?;
        let columns =
            [Column::new("ASKED"), Column::new("STRENGTH"), Column::new("HERE"), Column::new("SOURCE").least(24)];
        let rows: Vec<_> = rules.iter().map(explained_row).collect();
        output.write(&Columns::new(columns, Output::width()).piece(&rows))?;
    }
    Ok(Ending::Done)
}

fn explained_row(ExplainedRule { rule, found }: &ExplainedRule) -> Vec<Cell> {
    let here = if found.keeps {
        Cell::new(found.value.to_string(), Tone::Good)
    } else {
        Cell::new(format!("{}: laxer", found.value), tone(rule.strength))
    };
    vec![rule.demand.to_string().into(), rule.strength.as_str().into(), here, rule.source.into()]
}

fn tone(strength: Strength) -> Tone {
    if strength == Strength::Shall { Tone::Bad } else { Tone::Warning }
}

#[derive(Serialize)]
struct Checked<'a> {
    keeps: bool,
    deviations: &'a [Deviation],
}

fn check(config: &Config, output: &Output) -> Result<Ending, Failure> {
    let deviations = config.deviations();
    let deviations =
        deviations.map_err(|(profile, error)| Failure::new(format!("the policy of {profile}: {error}")))?;
    let keeps = !deviations.iter().any(Deviation::is_broken);
    if output.json {
        output.document(&Checked { keeps, deviations: &deviations })?;
        return Ok(Ending::found(keeps));
    }
    for Deviation { profile, preset, rule, found, reason, .. } in &deviations {
        let strength = tone(rule.strength).paint(rule.strength.as_str());
        output.data(format_args!(
            "{strength}: {profile}: {} is {found}, where {} asks that {} ({})",
            rule.demand.name(),
            preset.as_str(),
            rule.demand,
            rule.source
        ))?;
        if let Some(reason) = reason {
            output.data(format_args!("  because {reason}"))?;
        }
    }
    match (deviations.is_empty(), keeps) {
        (true, _) => output.data("the policies here keep to their presets")?,
        (_, true) => output.note("Nothing that a standard requires is broken."),
        _ => output.note("What a standard requires is broken."),
    }
    Ok(Ending::found(keeps))
}
