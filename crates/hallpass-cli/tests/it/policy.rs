//! What a policy asks for, what is in its place, and where it comes from.

use crate::bench::Bench;

fn configure(bench: &Bench, text: &str) {
    std::fs::write(bench.path().join("hallpass.toml"), text).expect("a folder of its own");
}

#[test]
fn every_preset_is_listed_with_what_it_is_for() {
    let bench = Bench::new();
    let run = bench.run(&["policy", "list"]);
    assert_eq!(run.code, 0, "{}", run.all());
    for (preset, idle) in [("owasp-high", "5m"), ("nist-aal3", "15m"), ("hipaa", "15m"), ("soc2", "30m")] {
        let line = run.stdout.lines().find(|line| line.starts_with(preset)).expect("it is listed");
        assert_eq!(line.split_whitespace().nth(1), Some(idle), "{line}");
    }
    let items = bench.run(&["policy", "list", "--json"]).json();
    assert_eq!(items["items"].as_array().expect("a list").len(), 11);
    assert_eq!(items["items"][8]["preset"], "pci-dss");
    assert_eq!(items["items"][8]["idle"], 900);
}

#[test]
fn what_is_in_force_is_what_the_configuration_says() {
    let bench = Bench::new();
    configure(&bench, "profile = 'soc2'\n[policy]\nidle = 600\n[profiles.kiosk]\nabsolute = 3600\n");
    let items = bench.run(&["policy", "show", "--json"]).json();
    let found = |profile: &str| {
        let items = items["items"].as_array().expect("a list");
        items.iter().find(|item| item["profile"] == profile).expect("it is in force").clone()
    };
    assert_eq!((&found("default")["idle"], &found("default")["absolute"]), (&600.into(), &43_200.into()));
    assert_eq!(found("kiosk")["absolute"], 3600);
    assert_eq!(found("remember")["persistent"], true);
    let shown = bench.run(&["policy", "show"]);
    assert!(shown.stdout.lines().any(|line| line.starts_with("kiosk") && line.contains("soc2")), "{}", shown.all());
}

#[test]
fn each_value_is_explained_by_its_source_and_its_strength() {
    let bench = Bench::new();
    let run = bench.run(&["policy", "explain", "pci-dss"]);
    let idle = run.stdout.lines().find(|line| line.contains("goes unused")).expect("a line");
    assert!(idle.contains("15m") && idle.contains("shall") && idle.contains("8.2.8"), "{idle}");
    let json = bench.run(&["policy", "explain", "nist-aal3", "--json"]).json();
    let rules = json["items"][0]["rules"].as_array().expect("rules");
    let absolute = rules.iter().find(|rule| rule["name"] == "absolute").expect("it is asked for");
    assert_eq!((&absolute["asked"], &absolute["strength"]), (&43_200.into(), &"shall".into()));
}

#[test]
fn only_what_a_standard_requires_fails_the_check() {
    let bench = Bench::new();
    let run = bench.run(&["policy", "check"]);
    assert_eq!((run.code, run.stdout.trim()), (0, "the policies here keep to their presets"), "{}", run.all());

    configure(&bench, "profile = 'nist-aal2'\n[policy]\nidle = 7200\ndeviation = 'the ward has no doors'\n");
    let run = bench.run(&["policy", "check"]);
    assert_eq!(run.code, 0, "a recommendation is not required: {}", run.all());
    assert!(run.stdout.contains("idle is 2h") && run.stdout.contains("because the ward has no doors"), "{}", run.all());

    configure(&bench, "profile = 'nist-aal2'\n[cookie]\ndanger_plain_http = true\n");
    let run = bench.run(&["policy", "check"]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(run.stdout.contains("shall: ") && run.stdout.contains("TLS"), "{}", run.all());
    let json = bench.run(&["policy", "check", "--json"]).json();
    assert_eq!((&json["keeps"], &json["deviations"][0]["strength"]), (&false.into(), &"shall".into()));
}
