//! Traces: what a request, its transactions and the work in the background took, as OpenTelemetry spans to a collector on this machine
//! (OTLP 1.x over HTTP with protobuf). Off unless the configuration names one.
//!
//! Spans follow the rules of logs ([docs/contributing/logging.md](../../docs/contributing/logging.md)): a route's template and never its path, no text
//! from outside, no id of a person. Events, which are logs, are no part of them. A trace begins here: a `traceparent` of a request is
//! not taken, since whoever sends it would choose what is traced.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::config::{self, collector};
use crate::metric::Metric;

/// What is measured here.
pub const METRICS: &[Metric] = &[Metric::counter(
    "ikd_trace_exports_total",
    "Batches of spans that were sent to the collector, by result: taken, failed.",
)];

/// Spans that wait for the collector at most; one more is dropped. About half a kilobyte each.
const WAITING: usize = 2_048;
/// Spans of one message.
const BATCH: usize = 512;
/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at most.
const MOST_BYTES: usize = 4 * 1024;
/// How long what still waits may take when the service ends.
const LEAVING: Duration = Duration::from_secs(2);

/// What sends spans on. Dropping it sends what waits, for two seconds at most.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send; `None` where nothing is to be traced.
    ///
    /// Called in a runtime, on whose threads the collector is spoken with.
    pub fn begin(settings: &config::Traces) -> Option<Self> {
        let url = collector(settings.endpoint.as_deref()?)?;
        let collector = Collector { runtime: Handle::current(), away: AtomicBool::new(false) };
        let exporter =
            SpanExporter::builder().with_http().with_http_client(collector).with_endpoint(url).with_timeout(PATIENCE);
        let exporter = exporter.build().inspect_err(
            |error| tracing::error!(error.cause = %error, "nothing is traced: the exporter cannot be made"),
        );
        let queue =
            BatchConfigBuilder::default().with_max_queue_size(WAITING).with_max_export_batch_size(BATCH).build();
        let processor = BatchSpanProcessor::builder(exporter.ok()?).with_batch_config(queue).build();
        // Not what the environment says of this process (OTEL_RESOURCE_ATTRIBUTES): a service says itself what it is.
        let resource = Resource::builder_empty()
            .with_service_name("ikd")
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(settings.sample))
            .with_span_processor(processor)
            .with_resource(resource);
        Some(Self(provider.build()))
    }

    /// Makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer("ikd")
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let _ = self.0.shutdown_with_timeout(LEAVING);
    }
}

/// Speaks with the collector. The exporter's own thread has no runtime, so it waits for one of the service's.
struct Collector {
    runtime: Handle,
    /// Whether it did not answer the last time: that is said when it begins and when it ends.
    away: AtomicBool,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(async { tokio::time::timeout(PATIENCE, send(request)).await });
        let sent = match sent.await {
            Ok(Ok(sent)) => sent,
            Ok(Err(late)) => Err(late.into()),
            Err(stopped) => Err(stopped.into()),
        };
        let is_taken = sent.as_ref().is_ok_and(|answer| answer.status().is_success());
        let result = if is_taken { "taken" } else { "failed" };
        metrics::counter!("ikd_trace_exports_total", "result" => result).increment(1);
        match (self.away.swap(!is_taken, Ordering::Relaxed), is_taken) {
            (false, false) => tracing::warn!("the collector of traces does not take them; they are dropped meanwhile"),
            (true, true) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        sent
    }
}

async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (parts, body) = request.into_parts();
    let authority = parts.uri.authority().ok_or("an endpoint without a host")?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    // A name of this machine alone, whatever a resolver says of it.
    let stream = match host {
        "localhost" => {
            TcpStream::connect(&[(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()][..]).await?
        }
        address => TcpStream::connect((address, port)).await?,
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut message = http::Request::post(parts.uri.path()).header(http::header::HOST, authority.as_str());
    if let Some(headers) = message.headers_mut() {
        headers.extend(parts.headers);
        headers.insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    let message = message.body(Full::new(body))?;
    // It ends with the answer: neither side keeps it.
    let driven = tokio::spawn(connection);
    let (parts, body) = sender.send_request(message).await?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await?.to_bytes();
    driven.abort();
    Ok(Response::from_parts(parts, body))
}
