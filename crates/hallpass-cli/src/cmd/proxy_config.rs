use hallpass_server::Config;
use hallpass_server::proxies::{CookieName, Proxy, ProxyConfig};

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
    if print.strip_cookie && print.proxy == Proxy::Traefik {
        return Err(Failure::new("Traefik cannot take one cookie away by itself").hint("leave --strip-cookie out"));
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
        strip_cookie: if print.strip_cookie { Some(cookie_name(&config)?) } else { None },
    };
    let text = if print.script { printed.haproxy_script() } else { printed.of(print.proxy) };
    Output::bytes(format!("{}\n", text.trim_end()).as_bytes())?;
    Ok(Ending::Done)
}

/// Returns the name of the session cookie, which a proxy is to look for.
fn cookie_name(config: &Config) -> Result<CookieName, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("--strip-cookie: {error}"));
    let carrier = config.carrier().map_err(|error| wrong(&error))?;
    carrier.name().parse().map_err(|error| wrong(&error))
}
