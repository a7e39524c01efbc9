use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use hallpass_server::{Setting, SettingKind};

/// What `serve` was told by its options: keys of [`Setting::ALL`], and their values.
#[derive(Debug, Default)]
pub(crate) struct Serve {
    pub(crate) flags: Vec<(&'static str, String)>,
}

/// The setting that every command has an option for.
const EVERYWHERE: &str = "store";

const HELP: &str = "\
Examples:
  hallpass serve --demo                       then open http://127.0.0.1:7070/demo
  hallpass serve --store sqlite:/var/lib/hallpass/hallpass.db --policy-idle 900
  HALLPASS_ADMIN_KEY=hpk_... hallpass serve --config /etc/hallpass.toml --json

On a first start it makes its store and an admin key, and prints the key, this once.
Ready means one line on standard error with the address.
SIGTERM or Ctrl-C lets running requests finish and exits with 0; another Ctrl-C exits at once.

Every option is also a variable and a key of hallpass.toml: --cookie-name is HALLPASS_COOKIE_NAME,
and `name` in the table [cookie]. An option is stronger than a variable, and that than the file.
HALLPASS_ADMIN_KEY is the first admin key, instead of one made and printed.
HALLPASS_SIGNING_KEY is the key pair, in PEM, that signs before those of --signing-key-files.
HALLPASS_LOG says what is logged, such as `warn` or `hallpass=debug`; --json logs JSON.
OTEL_EXPORTER_OTLP_ENDPOINT, such as http://127.0.0.1:4318, sends OpenTelemetry traces there (OTLP, http/protobuf);
the other usual variables hold too, such as OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and OTEL_SDK_DISABLED.";

fn settings() -> impl Iterator<Item = &'static Setting> {
    Setting::ALL.iter().filter(|setting| setting.key != EVERYWHERE)
}

fn option(setting: &'static Setting) -> Arg {
    let arg = Arg::new(setting.key).long(setting.flag()).help(setting.about).help_heading(heading(setting.key));
    match setting.kind {
        SettingKind::Switch => arg
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true)
            .value_parser(BoolishValueParser::new()),
        SettingKind::Number => arg.value_name("NUMBER").action(ArgAction::Set),
        _ => arg.value_name("VALUE").action(ArgAction::Set),
    }
}

fn heading(key: &str) -> &'static str {
    match key.split_once('.') {
        Some(("policy", _)) => "Policy of sessions that name no profile",
        Some(("cookie", _)) => "Cookie that is suggested",
        Some(("forward_auth", _)) => "Proxies that ask whom to let in",
        Some(("jwt", _)) => "Access tokens, with --tokens jwt",
        Some(("limits", _)) => "Limits",
        _ => "Service",
    }
}

impl Args for Serve {
    fn augment_args(command: Command) -> Command {
        command.args(settings().map(option)).after_help(HELP)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Serve {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut serve = Self::default();
        serve.update_from_arg_matches(matches)?;
        Ok(serve)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for setting in settings() {
            let value = match setting.kind {
                SettingKind::Switch => matches.get_one::<bool>(setting.key).map(ToString::to_string),
                _ => matches.get_one::<String>(setting.key).cloned(),
            };
            self.flags.extend(value.map(|value| (setting.key, value)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_an_option() {
        let command = Serve::augment_args(Command::new("serve"));
        let words = ["serve", "--listen", "127.0.0.1:0", "--demo", "--policy-idle", "60", "--cookie-partitioned=false"];
        let matches = command.try_get_matches_from(words).expect("options of serve");
        let serve = Serve::from_arg_matches(&matches).expect("options of serve");
        let flags: Vec<_> = serve.flags.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(
            flags,
            [("listen", "127.0.0.1:0"), ("demo", "true"), ("policy.idle", "60"), ("cookie.partitioned", "false")]
        );
    }
}
