//! Encrypted connections, and whom they are refused to.

use super::support::open;
use crate::server::{OpenError, SqlStore};

pub(crate) async fn refusal(url: &str) -> OpenError {
    SqlStore::from_url(url).await.expect_err("this server is not to be believed")
}

/// Opens a store on the server with this certificate, which no other certificate lets in.
pub(crate) async fn open_believing(url: &str, paper: &rig::Certificate) -> SqlStore {
    let trusting = format!("{url}?sslmode=require&sslrootcert={}", paper.certificate.display());
    let error = refusal(&format!("{url}?sslmode=require")).await;
    assert!(format!("{error} {error:?}").contains("UnknownIssuer"), "{error:?}");
    // The certificate is for another name.
    let error = refusal(&trusting.replace("127.0.0.1", "localhost")).await;
    assert!(format!("{error} {error:?}").contains("NotValidForName"), "{error:?}");
    let other = rig::certificate().expect("there was one before");
    refusal(&format!("{url}?sslmode=require&sslrootcert={}", other.certificate.display())).await;
    refusal(&format!("{url}?sslmode=require&sslrootcert=%2Fnowhere.pem")).await;
    open(&trusting).await
}
