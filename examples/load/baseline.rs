//! What an answer costs at least: a no-op, and a no-op that checks one Ed25519 signature, under all layers of the service.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use ikd::app::App;
use ikd::cli::serve::stop_signal;
use ikd::config::Config;
use ikd::credential::signatures::Signed;
use ikd::credential::{FileSigner, Signer, claims};
use ikd::random::Random;
use ikd::verification::http::VerificationRequest;
use ikd::web::Json;
use ikd::web::server::Listener;
use serde::Serialize;

use crate::allocations;
use crate::place::open_context;

#[derive(Serialize)]
struct Done {
    result: &'static str,
    characters: usize,
}

fn text(request: &VerificationRequest) -> &str {
    request.token.as_ref().map_or("", |token| token.expose())
}

async fn noop(Json(request): Json<VerificationRequest>) -> Json<Done> {
    Json(Done { result: "valid", characters: text(&request).len() })
}

/// The text is decoded from Base45, and a signature over a message as long as a token's is checked.
async fn signature(State(signed): State<Arc<Signed>>, Json(request): Json<VerificationRequest>) -> Json<Done> {
    let characters = base45::decode(text(&request)).map(|bytes| bytes.len()).unwrap_or_default();
    let good = signed.check().is_ok();
    Json(Done { result: if good { "valid" } else { "invalid" }, characters })
}

pub async fn serve(file: &Path, count: bool) {
    let config = Config::load(Some(file)).unwrap();
    let context = open_context(config.clone()).await;
    ikd::keyring::Keyring::init(&context).await.unwrap();
    let signer = FileSigner::from_seed(&Random::system().bytes());
    let message = vec![7; claims::LIFETIME_SECONDS as usize + 200];
    let signed = Arc::new(Signed { key: *signer.public_key(), signature: signer.sign(&message).unwrap(), message });
    let routes = Router::new().route("/noop", post(noop)).route("/signature", post(signature)).with_state(signed);
    let routes = routes.route("/allocations", get(async || allocations::so_far().to_string()));
    if count {
        allocations::begin();
    }
    let listener = Listener::bind(&config.http.listen, &config.http).await.unwrap();
    let app = App::open(context).await.unwrap();
    listener.serve(app.router_with(routes), stop_signal().unwrap()).await;
}
