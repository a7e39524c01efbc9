use hallpass_server::proxies::{Proxy, ProxyConfig};

use crate::args::PrintProxyConfig;
use crate::backend::{config_file, layered, misconfigured};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Prints the configuration of a proxy.
pub(crate) fn run(print: &PrintProxyConfig, context: &Context) -> Result<Ending, Failure> {
    if print.script && print.proxy != Proxy::Haproxy {
        return Err(Failure::new("only HAProxy asks by a script").hint("leave --script out"));
    }
    if print.grpc.is_some() && print.proxy != Proxy::Envoy {
        return Err(Failure::new("only Envoy asks over gRPC").hint("leave --grpc out"));
    }
    let file = config_file(&context.global)?;
    let config = layered(&context.global, file.as_ref(), Vec::new()).map_err(|error| misconfigured(&error))?;
    let here = ProxyConfig::default().hallpass;
    let hallpass = print.hallpass.clone().or_else(|| config.listen.to_string().parse().ok()).unwrap_or(here);
    let printed = ProxyConfig {
        host: print.host.clone(),
        address: print.listen.address,
        port: print.listen.port,
        upstream: print.upstream.clone(),
        hallpass,
        grpc: print.grpc.clone(),
        script: print.script_path.clone(),
        identity: config.forward_auth.identity,
    };
    let text = if print.script { printed.haproxy_script() } else { printed.of(print.proxy) };
    Output::bytes(format!("{}\n", text.trim_end()).as_bytes())?;
    Ok(Ending::Done)
}
