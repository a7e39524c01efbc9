//! Traces of requests for OpenTelemetry, by its usual environment variables.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData};
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::metrics::method_word;
use crate::wire::RequestId;

/// What spans are made under: a target and level that no log shows unless it is asked to, so that they cost nothing
/// where nobody collects them.
macro_rules! span {
    ($($field:tt)*) => {
        tracing::trace_span!(target: "hallpass::trace", $($field)*)
    };
}
pub(crate) use span;

const TARGET: &str = "hallpass::trace";
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends traces to a collector, from a thread of its own: no request waits for it.
///
/// Put its [`layer`](Traces::layer) into the process's subscriber, and [`finish`](Traces::finish) it at the end.
#[derive(Clone)]
pub struct Traces(SdkTracerProvider);

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TracesError(Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    // Its source may repeat the endpoint, and a user's name and password in it.
    #[error("traces cannot be sent to {place}: it is no URL for them")]
    Endpoint { place: String, source: ExporterBuildError },
    #[error("traces are sent as http/protobuf, and not as {variable}={protocol} says")]
    Protocol { variable: &'static str, protocol: String },
}

impl Traces {
    /// Starts, if the environment asks for it: by `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT` or
    /// `OTEL_TRACES_EXPORTER=otlp`, and not `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`.
    ///
    /// Traces go over HTTP in protobuf. What else there is to set (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
    /// `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_BSP_*`) is read from the
    /// process's environment.
    ///
    /// # Errors
    ///
    /// [`TracesError`] if the endpoint is no URL, or another protocol is asked for. A service does well without traces:
    /// say so, and go on.
    ///
    /// # Security
    ///
    /// Spans hold methods, routes, statuses, the names of requests and the kinds of store operations; never a token, a
    /// subject, an id of a session or an API key.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, TracesError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let Some(endpoint) = endpoint(variable) else { return Ok(None) };
        check_protocol(variable)?;
        let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(&endpoint);
        let inner = builder
            .build()
            .map_err(|source| TracesError(Cause::Endpoint { place: without_user(&endpoint), source }))?;
        let mut resource = Resource::builder();
        let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        if let Some(name) = variable("OTEL_SERVICE_NAME") {
            resource = resource.with_service_name(name);
        } else if !attributes.contains("service.name=") {
            resource = resource.with_service_name("hallpass");
        }
        let exporter = ToldExporter { inner, is_failing: AtomicBool::new(false) };
        let provider = SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter);
        Ok(Some(Self(provider.build())))
    }

    /// Returns what puts the service's spans, and nothing that is logged, into traces.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer: OpenTelemetryLayer<S, SdkTracer> = tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("hallpass"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false);
        layer.with_filter(Targets::new().with_target(TARGET, Level::TRACE))
    }

    /// Sends what is left, for five seconds at the most. This blocks.
    pub fn finish(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(error = %error, "the last traces were not sent");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces(..)")
    }
}

/// Returns where traces are to go, if anywhere.
/// Returns a URL without who is to sign in there.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{}{host}{path}", if scheme.is_empty() { "" } else { "://" })
}

fn endpoint(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let exporter = variable("OTEL_TRACES_EXPORTER");
    if is_off || exporter.as_deref().is_some_and(|exporter| exporter != "otlp") {
        return None;
    }
    let joined = |base: String| format!("{}/v1/traces", base.trim_end_matches('/'));
    variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT").map(joined))
        .or_else(|| exporter.map(|_| "http://localhost:4318/v1/traces".to_owned()))
}

/// Refuses a protocol that is not spoken here, instead of sending to its port what that does not understand.
fn check_protocol(variable: impl Fn(&str) -> Option<String>) -> Result<(), TracesError> {
    let of_traces_or_all = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
    let named = of_traces_or_all.into_iter().find_map(|name| variable(name).map(|protocol| (name, protocol)));
    match named {
        Some((variable, protocol)) if protocol != "http/protobuf" => {
            Err(TracesError(Cause::Protocol { variable, protocol }))
        }
        _ => Ok(()),
    }
}

/// An exporter that says when traces begin to be lost, and when they are taken again.
#[derive(Debug)]
struct ToldExporter {
    inner: SpanExporter,
    is_failing: AtomicBool,
}

impl opentelemetry_sdk::trace::SpanExporter for ToldExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        match (&result, self.is_failing.swap(result.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(error = %error, "traces are lost until the collector takes them again");
            }
            (Ok(()), true) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Returns the span of a request, as part of the trace that its headers name (W3C Trace Context).
pub(crate) fn of_request(method: &Method, route: &str, request_id: &RequestId, headers: &HeaderMap) -> Span {
    // The word that the conventions of OpenTelemetry have for methods that are none.
    let method = Some(method_word(method)).filter(|word| *word != "other").unwrap_or("_OTHER");
    let span = span!(
        "request",
        otel.name = tracing::field::Empty,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        request_id = %request_id,
    );
    if !span.is_disabled() {
        span.record("otel.name", format!("{method} {route}"));
        // Without a layer for traces there is no parent either.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(headers)));
    }
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_to(variables: &[(&str, &str)]) -> Option<String> {
        endpoint(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn no_password_is_told() {
        assert_eq!(without_user("https://app:s3@cret@collector:4318/v1"), "https://collector:4318/v1");
        assert_eq!(without_user("app:s3cret@collector"), "collector");
        assert_eq!(without_user("http://collector"), "http://collector");
        let variable =
            |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://app:s3cret@col lector".to_owned());
        let error = Traces::from_environment(variable).expect_err("no URL").to_string();
        assert!(error.contains("col lector") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn traces_go_where_the_environment_says_and_nowhere_else() {
        assert_eq!(goes_to(&[]), None);
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
        assert_eq!(goes_to(&[base]).as_deref(), Some("http://collector:4318/v1/traces"));
        let exact = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:1/x");
        assert_eq!(goes_to(&[base, exact]).as_deref(), Some("http://traces:1/x"));
        assert_eq!(goes_to(&[("OTEL_TRACES_EXPORTER", "otlp")]).as_deref(), Some("http://localhost:4318/v1/traces"));
        assert_eq!(goes_to(&[base, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert_eq!(goes_to(&[base, ("OTEL_SDK_DISABLED", "true")]), None);
    }

    #[test]
    fn what_cannot_be_done_is_said_and_names_its_variable() {
        let start = |variables: &[(&str, &str)]| {
            Traces::from_environment(|name| {
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        let grpc = start(&[base, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).expect_err("not spoken");
        assert!(grpc.to_string().contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "{grpc}");
        let both = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
        assert!(start(&[base, both, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).expect("spoken").is_some());
        let nowhere = start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")]).expect_err("no URL");
        assert!(nowhere.to_string().contains("not a url/v1/traces"), "{nowhere}");
        assert!(start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).expect("empty is unset").is_none());
    }
}
