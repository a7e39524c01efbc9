use std::path::PathBuf;

/// How encrypted connections are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    /// A file with the certificates of the authorities to trust, instead of the system's.
    pub(crate) authorities: Option<PathBuf>,
    #[cfg(feature = "tls")]
    config: Option<rustls::ClientConfig>,
}

/// The error of preparing encryption.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[cfg(feature = "tls")]
    #[error("{}: no certificates could be read from it: {source}", .path.display())]
    Authorities { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[cfg(feature = "tls")]
    #[error("this system has no certificate authorities; name a file with sslrootcert=FILE")]
    NoAuthorities,
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    #[cfg(not(feature = "tls"))]
    #[error("this program was built without encryption; say sslmode=disable, or build it with the feature tls")]
    NotBuilt,
}

#[cfg(feature = "tls")]
mod with_rustls {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_postgres_rustls::MakeRustlsConnect;

    use super::{Tls, TlsError};

    impl Tls {
        pub(crate) fn of(config: ClientConfig) -> Self {
            Self { authorities: None, config: Some(config) }
        }

        /// Returns what makes encrypted connections; the server's certificate is always checked, its name too.
        pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, TlsError> {
            if let Some(config) = &self.config {
                return Ok(MakeRustlsConnect::new(config.clone()));
            }
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(self.roots()?)
                .with_no_client_auth();
            Ok(MakeRustlsConnect::new(config))
        }

        fn roots(&self) -> Result<RootCertStore, TlsError> {
            let mut roots = RootCertStore::empty();
            let Some(path) = &self.authorities else {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                return if roots.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(roots) };
            };
            let failed = |source| TlsError::Authorities { path: path.clone(), source };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.into()))? {
                let certificate = certificate.map_err(|error| failed(error.into()))?;
                roots.add(certificate).map_err(|error| failed(error.into()))?;
            }
            if roots.is_empty() { Err(failed("there are none".into())) } else { Ok(roots) }
        }
    }
}
