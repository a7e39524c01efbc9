use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Has a framework measure itself; what is not installed measures nothing.
pub(crate) fn measure(framework: &str, vectors: &str) -> BTreeMap<String, f64> {
    let folder = std::env::var_os("HALLPASS_TEST_FRAMEWORKS").map(PathBuf::from);
    let cache = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/hallpass/frameworks"));
    let installed = folder.or(cache).expect("a folder of frameworks: ./test --install");
    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("theirs");
    let mut command = match framework {
        "express" => {
            let mut node = Command::new("node");
            node.arg(scripts.join("express.js")).env("NODE_PATH", installed.join("node_modules"));
            node
        }
        "django" => {
            let mut python = Command::new("python3");
            python.arg(scripts.join("django_sessions.py")).env("PYTHONPATH", installed.join("django-5.2"));
            python
        }
        "spring" => {
            let mut java = Command::new("java");
            java.arg("-cp").arg(installed.join("spring").join("*")).arg(scripts.join("Spring.java"));
            java
        }
        _ => {
            let mut go = Command::new("go");
            go.args(["run", "."]).current_dir(scripts.join("gorilla"));
            go
        }
    };
    let output = command.arg(format!("{vectors}/{framework}.json")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |line: &str| line.split_once('\t').and_then(|(name, ns)| Some((name.to_owned(), ns.parse().ok()?)));
    text.lines().filter_map(line).collect()
}
