use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The certificate with which the service speaks HTTPS, on all its addresses but gRPC's; plain HTTP if there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The file with the certificate and those between it and its authority, in PEM.
    pub certificate_file: Option<PathBuf>,
    /// The file with its private key, in PEM.
    ///
    /// Both files are read again when they change: within five seconds, without a restart.
    pub key_file: Option<PathBuf>,
}

impl TlsConfig {
    /// Returns what is wrong, by its key.
    pub(super) fn broken(&self) -> Vec<(&'static str, &'static str)> {
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => vec![("key_file", "this is missing: the private key of the certificate")],
            (None, Some(_)) => vec![("certificate_file", "this is missing: the certificate of the key")],
            _ => Vec::new(),
        }
    }

    /// Returns the two files, if the service is to speak HTTPS.
    pub(crate) fn files(&self) -> Option<(PathBuf, PathBuf)> {
        self.certificate_file.clone().zip(self.key_file.clone())
    }
}
