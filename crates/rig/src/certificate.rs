use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::daemon::give_to_nobody;
use crate::program::program;
use crate::scratch;

/// A certificate for 127.0.0.1, signed by itself, and its key.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM; whoever a server runs as can read it.
    pub key: PathBuf,
    _folder: TempDir,
}

/// Makes a certificate for a server of the tests' own, or says that the test is skipped.
///
/// # Panics
///
/// If it cannot be made, or if openssl is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn certificate() -> Option<Certificate> {
    let openssl = program("openssl")?;
    let folder = scratch();
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    let mut command = Command::new(openssl);
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    command.args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]);
    command.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"]).arg(&key).arg("-out").arg(&certificate);
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    for path in [folder.path(), &certificate, &key] {
        give_to_nobody(path).expect("the folder is ours");
    }
    Some(Certificate { certificate, key, _folder: folder })
}
