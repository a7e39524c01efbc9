use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

use crate::metrics::Metrics;

/// The certificate that is shown, read again when its files change.
///
/// Whoever renews certificates writes two files, one after the other: as long as they do not fit each other, the pair from
/// before is shown. Connections that are open live on under the one that they began with.
#[derive(Debug)]
pub(super) struct Certificates {
    files: Files,
    shown: ArcSwap<ServerConfig>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the files said, kept to notice a change.
#[derive(PartialEq)]
struct Pair {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// Why a certificate cannot be shown; says which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error("{}: this file cannot be read ({source})", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: there is no certificate in PEM in this file", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{}: there is no private key in PEM in this file", path.display())]
    NoKey { path: PathBuf },
    #[error("{} and {}: these cannot be used together ({source})", certificate.display(), key.display())]
    Unfit { certificate: PathBuf, key: PathBuf, source: rustls::Error },
}

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// The most bytes of a file that are read.
const LARGEST_FILE: u64 = 1 << 20;

impl Certificates {
    pub(super) fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let files = Files { certificate, key };
        let shown = ArcSwap::from_pointee(files.read()?.into_config(&files)?);
        Ok(Self { files, shown })
    }

    /// Shakes hands, and says whether HTTP/2 was agreed on.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = TlsAcceptor::from(self.shown.load_full()).accept(stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, is_http2))
    }

    /// Reads the files again whenever they change, until the service stops.
    pub(super) async fn follow(&self, metrics: &Metrics, mut stopped: watch::Receiver<bool>) {
        let mut last = self.files.read().ok();
        metrics.certificate_is_current(true);
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let read = self.files.read();
            if read.as_ref().ok() == last.as_ref() {
                continue;
            }
            last = read.as_ref().ok().map(Pair::copy);
            match read.and_then(|pair| pair.into_config(&self.files)) {
                Ok(config) => {
                    self.shown.store(Arc::new(config));
                    metrics.certificate_is_current(true);
                    tracing::info!(file = %self.files.certificate.display(), "a new certificate is shown from now on");
                }
                Err(error) => {
                    metrics.certificate_is_current(false);
                    tracing::error!(error = %error, "the certificate from before is still shown");
                }
            }
        }
    }
}

impl Files {
    fn read(&self) -> Result<Pair, CertificateError> {
        let read = |path: &Path| {
            let mut bytes = Vec::new();
            let file = std::fs::File::open(path);
            match file.and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut bytes)) {
                Ok(_) => Ok(bytes),
                Err(source) => Err(CertificateError::Unreadable { path: path.to_owned(), source }),
            }
        };
        Ok(Pair { certificate: read(&self.certificate)?, key: Zeroizing::new(read(&self.key)?) })
    }
}

impl Pair {
    fn copy(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: self.key.clone() }
    }

    fn into_config(self, files: &Files) -> Result<ServerConfig, CertificateError> {
        let Files { certificate, key } = files;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| CertificateError::NoCertificate { path: certificate.clone() })?;
        let secret = PrivateKeyDer::from_pem_slice(&self.key);
        let secret = secret.map_err(|_| CertificateError::NoKey { path: key.clone() })?;
        let unfit = |source| CertificateError::Unfit { certificate: certificate.clone(), key: key.clone(), source };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(unfit)?.with_no_client_auth();
        let mut config = builder.with_single_cert(chain, secret).map_err(unfit)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}
