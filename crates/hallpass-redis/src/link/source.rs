use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, PushInfo, TlsCertificates,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::wire::Wire;
use crate::error::{Fault, OpenError};
use crate::options::{Certificates, RedisOptions, Topology};
use crate::url::named;

/// Where connections come from.
#[derive(Clone)]
pub(crate) struct Source {
    kind: Arc<Kind>,
    /// How long connecting may take.
    patience: Duration,
}

enum Kind {
    Single(Client),
    Sentinel { sentinels: Vec<Client>, name: String, primary: ConnectionInfo },
    Cluster { client: ClusterClient, nodes: Vec<Client> },
}

impl Source {
    pub(crate) fn new(options: &RedisOptions) -> Result<Self, OpenError> {
        let failed = |error| OpenError::new(&options.place(), Fault::Redis(error));
        let client = |info: &ConnectionInfo| {
            // Questions are small, and each has somebody who waits: none is to be held back for company.
            let prompt = info.tcp_settings().clone().set_nodelay(true);
            let info = info.clone().set_redis_settings(named(info.redis_settings())).set_tcp_settings(prompt);
            let Some(certificates) = read(&options.certificates).map_err(|error| unusable(options, error))? else {
                return Client::open(info).map_err(failed);
            };
            Client::build_with_tls(info, certificates).map_err(|error| unusable(options, error))
        };
        let clients = |infos: &[ConnectionInfo]| infos.iter().map(client).collect::<Result<Vec<_>, _>>();
        provide_cryptography();
        let kind = match &options.topology {
            Topology::Single(server) => Kind::Single(client(server)?),
            Topology::Sentinel(sentinels) => {
                let primary = match (sentinels.tls, sentinels.nodes.first()) {
                    (true, Some(first)) => first.addr().clone(),
                    _ => ConnectionAddr::Tcp(String::new(), 0),
                };
                let info = client(&with_address(&sentinels.node, primary)?)?.get_connection_info().clone();
                let clients = clients(&sentinels.nodes)?;
                Kind::Sentinel { sentinels: clients, name: sentinels.name.clone(), primary: info }
            }
            Topology::Cluster(nodes) => {
                let nodes = clients(nodes)?;
                let infos = nodes.iter().map(|node| node.get_connection_info().clone());
                let mut builder = ClusterClient::builder(infos)
                    .connection_timeout(options.connect_timeout)
                    .response_timeout(options.timeout)
                    // It would send again also what may have been done already.
                    .retries(0);
                if let Some(certificates) = read(&options.certificates).map_err(|error| unusable(options, error))? {
                    builder = builder.certs(certificates);
                }
                Kind::Cluster { client: builder.build().map_err(failed)?, nodes }
            }
            Topology::ClusterClient(client) => {
                Kind::Cluster { client: ClusterClient::clone(client), nodes: Vec::new() }
            }
        };
        Ok(Self { kind: Arc::new(kind), patience: options.connect_timeout })
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(*self.kind, Kind::Cluster { .. })
    }

    /// Tells whether another server may take the place of the one that is written to, with what it got of its writes.
    pub(crate) fn fails_over(&self) -> bool {
        !matches!(*self.kind, Kind::Single(_))
    }

    /// Tells whether there is anybody to subscribe at: a cluster's client of the user's own does not tell its nodes.
    pub(crate) fn can_subscribe(&self) -> bool {
        !matches!(&*self.kind, Kind::Cluster { nodes, .. } if nodes.is_empty())
    }

    /// Makes a new connection; what it hears without asking, above all its end, goes to `news`.
    pub(crate) async fn connect(&self, news: UnboundedSender<PushInfo>) -> Result<Wire, Fault> {
        let connecting = async {
            match &*self.kind {
                Kind::Single(client) => Ok(Wire::One(connect(client, Some(news)).await?)),
                Kind::Sentinel { .. } => Ok(Wire::One(connect(&self.primary().await?, Some(news)).await?)),
                Kind::Cluster { client, .. } => Ok(Wire::Cluster(client.get_async_connection().await?)),
            }
        };
        timeout(self.patience, connecting).await.unwrap_or(Err(Fault::Late(self.patience)))
    }

    /// Returns the client of a server at which news can be heard; each attempt of a cluster asks another node.
    pub(crate) async fn subscriber(&self, attempt: usize) -> Result<Client, Fault> {
        match &*self.kind {
            Kind::Single(client) => Ok(client.clone()),
            Kind::Sentinel { .. } => self.primary().await,
            Kind::Cluster { nodes, .. } => nodes.get(attempt % nodes.len().max(1)).cloned().ok_or(Fault::Closed),
        }
    }

    /// Asks all sentinels at once who is the primary; the first answer counts, since its role is looked at later.
    async fn primary(&self) -> Result<Client, Fault> {
        let Kind::Sentinel { sentinels, name, primary } = &*self.kind else { return Err(Fault::Closed) };
        let mut trouble = None;
        let mut answers: FuturesUnordered<_> = sentinels.iter().map(|sentinel| ask(sentinel, name)).collect();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(Some((host, port))) => {
                    let address = match primary.addr().clone() {
                        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
                        }
                        _ => ConnectionAddr::Tcp(host, port),
                    };
                    return Ok(Client::open(primary.clone().set_addr(address))?);
                }
                Ok(None) => {}
                Err(fault) => trouble = Some(fault),
            }
        }
        Err(trouble.unwrap_or_else(|| Fault::NoPrimary(name.clone())))
    }
}

async fn ask(sentinel: &Client, name: &str) -> Result<Option<(String, u16)>, Fault> {
    let mut connection = connect(sentinel, None).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(name);
    Ok(question.query_async(&mut connection).await?)
}

async fn connect(client: &Client, news: Option<UnboundedSender<PushInfo>>) -> Result<MultiplexedConnection, Fault> {
    // The store has timeouts of its own, around everything that a question takes.
    let mut config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    if let Some(news) = news {
        config = config.set_push_sender(news);
    }
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

fn with_address(node: &redis::RedisConnectionInfo, address: ConnectionAddr) -> Result<ConnectionInfo, OpenError> {
    let info = redis::IntoConnectionInfo::into_connection_info(address);
    let info = info.map_err(|error| OpenError::new("the primary", Fault::Redis(error)))?;
    Ok(info.set_redis_settings(node.clone()))
}

/// Picks the cryptography for TLS where the program has picked none: the driver asks for the process's choice.
fn provide_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only if another thread was faster, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

fn read(certificates: &Certificates) -> std::io::Result<Option<TlsCertificates>> {
    if !certificates.are_given() {
        return Ok(None);
    }
    let Certificates { ca, cert, key } = certificates;
    let client_tls = match (cert, key) {
        (Some(cert), Some(key)) => {
            Some(ClientTlsConfig { client_cert: std::fs::read(cert)?, client_key: std::fs::read(key)? })
        }
        _ => None,
    };
    let root_cert = ca.as_ref().map(std::fs::read).transpose()?;
    Ok(Some(TlsCertificates { client_tls, root_cert }))
}

fn unusable(options: &RedisOptions, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenError {
    OpenError::Certificates { place: options.place(), source: error.into() }
}
