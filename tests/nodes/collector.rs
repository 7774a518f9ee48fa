//! A collector of traces: takes what a node sends by OTLP over HTTP, and reads it by OpenTelemetry's own definitions.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Taken = Arc<Mutex<Vec<Bytes>>>;

/// It, listening until it is dropped.
pub struct Collector {
    address: String,
    taken: Taken,
    serving: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken = Taken::default();
        let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, taken, serving }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn messages(&self) -> Vec<Bytes> {
        self.taken.lock().unwrap().clone()
    }

    /// All that came, as text, whatever is none left out.
    pub fn text(&self) -> String {
        self.messages()
            .iter()
            .map(|message| String::from_utf8_lossy(message).into_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// All spans that came.
    pub fn spans(&self) -> Vec<Span> {
        let read = |message: &Bytes| ExportTraceServiceRequest::decode(message.as_ref()).expect("a message of OTLP");
        let resources = self.messages().iter().map(read).flat_map(|request| request.resource_spans).collect::<Vec<_>>();
        resources.into_iter().flat_map(|one| one.scope_spans).flat_map(|one| one.spans).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(taken): State<Taken>, headers: HeaderMap, message: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf", "OTLP/HTTP, binary encoding");
    taken.lock().unwrap().push(message);
    StatusCode::OK
}

/// What a span says under a name, as text.
pub fn said(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name}: {other:?}"),
    }
}
