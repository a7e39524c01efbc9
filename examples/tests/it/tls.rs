//! What stands in front of an application: it ends the encryption, and passes on bytes.

use std::sync::Arc;

use rig::Certificate;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Takes encrypted connections, and returns the port at which it does.
pub(crate) async fn in_front_of(port: u16, certificate: &Certificate) -> u16 {
    let chain = CertificateDer::pem_file_iter(&certificate.certificate).expect("a file").collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the versions of the provider")
        .with_no_client_auth()
        .with_single_cert(chain.expect("certificates"), key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((outside, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A browser opens connections that it never uses, and closes others as it likes.
                let Ok(mut outside) = acceptor.accept(outside).await else { return };
                let Ok(mut inside) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address.port()
}
