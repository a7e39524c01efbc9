//! A proxy, what it guards, and whom it asks.

use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use hallpass_server::proxies::{CookieName, Proxy, ProxyConfig};
use hallpass_server::{Config, Words};

use super::application::Application;
use super::http::{Reply, send};
use crate::forward_auth::guarded;
use crate::service::Service;

/// Which proxy, and how it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    Haproxy,
    Caddy,
    Envoy,
    EnvoyGrpc,
}

/// A proxy that runs; everything ends with it.
pub(super) struct Front {
    pub(super) kind: Kind,
    pub(super) port: u16,
    pub(super) service: Service,
    _application: Application,
    _server: rig::Server,
}

impl Front {
    /// Starts everything, or says that the test is skipped since the proxy is not there.
    pub(super) async fn start(kind: Kind) -> Option<Self> {
        Self::with(kind, config(kind), None).await
    }

    /// Starts everything where no rule is about a path.
    pub(super) async fn without_rules(kind: Kind) -> Option<Self> {
        let mut config = config(kind);
        config.forward_auth.rules.clear();
        Self::with(kind, config, None).await
    }

    /// Starts everything with a file that takes our cookie away.
    pub(super) async fn taking_cookie(kind: Kind) -> Option<Self> {
        Self::with(kind, config(kind), Some("sid".parse().expect("a name"))).await
    }

    async fn with(kind: Kind, config: Config, strip_cookie: Option<CookieName>) -> Option<Self> {
        let program = kind.program()?;
        let (service, application) = (Service::with(config).await, Application::start().await);
        let port = rig::free_port();
        let folder = rig::scratch();
        let script = folder.path().join("hallpass.lua");
        let at = |address: &str| address.trim_start_matches("http://").parse().expect("a host and port");
        let printed = ProxyConfig {
            host: "app.example".to_owned(),
            address: Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
            port,
            upstream: at(&format!("127.0.0.1:{}", application.port)),
            hallpass: at(&service.base),
            grpc: (kind == Kind::EnvoyGrpc).then(|| at(&service.grpc.expect("it listens").to_string())),
            script: script.display().to_string(),
            strip_cookie,
            ..ProxyConfig::default()
        };
        std::fs::write(&script, printed.haproxy_script()).expect("it can be written");
        let file = folder.path().join("printed");
        std::fs::write(&file, printed.of(kind.proxy())).expect("it can be written");
        let command = kind.command(&program, folder.path(), &file);
        let ready = move |_: &str| TcpStream::connect(("127.0.0.1", port)).ok().map(drop);
        // Not on a thread for what blocks, which ends after ten seconds: Envoy ends with the thread that started it.
        let start = || rig::Server::start(command, Duration::from_secs(30), ready);
        let (server, ()) = tokio::task::block_in_place(start).unwrap_or_else(|error| panic!("{error}"));
        Some(Self { kind, port, service, _application: application, _server: server.keeping(folder) })
    }

    /// Sends a browser's request for a page.
    pub(super) async fn page(&self, target: &str, token: Option<&str>) -> Reply {
        self.get(target, token, &[("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate")]).await
    }

    /// Sends a program's request.
    pub(super) async fn call(&self, target: &str, token: Option<&str>) -> Reply {
        self.get(target, token, &[("Accept", "application/json")]).await
    }

    /// Sends a request with more headers than those that every request has.
    pub(super) async fn get(&self, target: &str, token: Option<&str>, more: &[(&str, &str)]) -> Reply {
        let host = format!("app.example:{}", self.port);
        let cookie = format!("theme=dark; sid={}", token.unwrap_or_default());
        let mut headers = vec![("Host", host.as_str())];
        if token.is_some() {
            headers.push(("Cookie", &cookie));
        }
        headers.extend(more);
        send(self.port, &format!("GET {target} HTTP/1.1"), &headers).await
    }
}

/// Returns the rules of all tests here; which of them holds depends on host and path.
fn config(kind: Kind) -> Config {
    let mut config = guarded();
    let admin = config.forward_auth.rules.iter_mut().find(|rule| rule.level == Some(2));
    admin.expect("there is one").host = Words::from(["app.example"]);
    if kind == Kind::EnvoyGrpc {
        config.forward_auth.grpc_listen = Some("127.0.0.1:0".parse().expect("an address"));
    }
    config
}

impl Kind {
    fn program(self) -> Option<PathBuf> {
        match self {
            Self::Nginx => rig::program("nginx"),
            Self::Haproxy => rig::program("haproxy"),
            Self::Caddy => rig::caddy(),
            Self::Envoy | Self::EnvoyGrpc => rig::envoy(),
        }
    }

    fn proxy(self) -> Proxy {
        match self {
            Self::Nginx => Proxy::Nginx,
            Self::Haproxy => Proxy::Haproxy,
            Self::Caddy => Proxy::Caddy,
            Self::Envoy | Self::EnvoyGrpc => Proxy::Envoy,
        }
    }

    /// Returns the command that runs the printed file, with what only the test's own folder needs around it.
    fn command(self, program: &Path, folder: &Path, printed: &Path) -> Command {
        let mut command = Command::new(program);
        let (folder, printed) = (folder.display(), printed.display());
        match self {
            Self::Nginx => {
                let around = format!(
                    "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\nfastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\ninclude {printed};\n}}\n"
                );
                command.arg("-c").arg(written(&format!("{folder}/nginx.conf"), &around));
            }
            Self::Haproxy => {
                command.args(["-db", "-f", &printed.to_string()]);
            }
            Self::Caddy => {
                let around = format!("{{\n\tadmin off\n\tpersist_config off\n}}\nimport {printed}\n");
                let path = written(&format!("{folder}/Caddyfile"), &around);
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(path).env("HOME", folder.to_string());
            }
            Self::Envoy | Self::EnvoyGrpc => {
                let path = written(
                    &format!("{folder}/envoy.yaml"),
                    &std::fs::read_to_string(printed.to_string()).expect("it was written"),
                );
                command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning", "-c"]).arg(path);
            }
        }
        command
    }
}

fn written(path: &str, text: &str) -> PathBuf {
    std::fs::write(path, text).expect("it can be written");
    path.into()
}
