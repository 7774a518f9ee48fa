//! The log, for whoever checks it: the signed checkpoint, proofs, and what witnesses send back.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::service::{Log, Proof};
use crate::base64url;
use crate::error::Code;
use crate::web::extract::read_body;
use crate::web::{Json, Problem, Query, negotiate};

/// All routes of this room.
pub fn routes(log: Log) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(log_key))
        .routes(routes!(log_checkpoint))
        .routes(routes!(log_inclusion))
        .routes(routes!(log_consistency))
        .routes(routes!(log_receipt))
        .routes(routes!(log_cosignatures))
        .with_state(log)
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// A checkpoint that lags behind looks like a log that was set back, and a proof names sizes alone: after a restore there are other trees
/// of the same sizes. Copies are asked about each time.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");
const ANYBODY: HeaderValue = HeaderValue::from_static("*");

/// The keys of the log, one a line as c2sp.org/signed-note writes them: the one that signs, and others that sign or signed. A witness
/// takes them from here once, and compares them with what the operator says elsewhere.
#[utoipa::path(get, path = "/v1/log/key", tag = "Log",
    responses((status = 200, description = "The keys", content((String = "text/plain")))))]
async fn log_key(State(log): State<Log>) -> Result<Response, Problem> {
    let keys: String = log.keys().await?.iter().map(|key| format!("{key}\n")).collect();
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, FRESH), (ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY)], keys).into_response())
}

/// The newest checkpoint of the log (c2sp.org/tlog-checkpoint): origin, leaves, root, the log's signature, and those of witnesses.
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "Log",
    responses((status = 200, description = "A signed note", content((String = "text/plain"))),
        (status = "4XX", description = "`not_found` before the first")))]
async fn log_checkpoint(State(log): State<Log>) -> Result<Response, Problem> {
    let note = log.checkpoint().await?;
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, FRESH), (ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY)], note).into_response())
}

/// Which leaf in which tree.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InclusionQuery {
    /// The leaf, from 0 on.
    #[param(minimum = 0)]
    index: u64,
    /// The leaves of the tree, as a checkpoint says.
    #[param(minimum = 1)]
    size: u64,
}

/// Which trees.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConsistencyQuery {
    /// The leaves of the smaller one.
    #[param(minimum = 0)]
    first: u64,
    /// The leaves of the larger one.
    #[param(minimum = 0)]
    second: u64,
}

/// A proof.
#[derive(Debug, Serialize, ToSchema)]
struct LogProofReply {
    /// Of a proof of inclusion the leaf: base64 of SHA-256 of a zero byte and the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    /// The hashes in the order of RFC 6962 §2.1, base64.
    proof: Vec<String>,
}

impl LogProofReply {
    fn answer(proof: Proof) -> Response {
        let base64 = |hash: &[u8; 32]| BASE64.encode(hash);
        let reply = Self { leaf: proof.leaf.as_ref().map(base64), proof: proof.hashes.iter().map(base64).collect() };
        ([(CACHE_CONTROL, FRESH), (ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY)], Json(reply)).into_response()
    }
}

/// That a leaf is in a tree (RFC 6962 §2.1.1).
#[utoipa::path(get, path = "/v1/log/proofs/inclusion", tag = "Log", params(InclusionQuery),
    responses((status = 200, description = "The proof", body = LogProofReply),
        (status = "4XX", description = "`malformed_request`, `not_found`")))]
async fn log_inclusion(State(log): State<Log>, Query(query): Query<InclusionQuery>) -> Result<Response, Problem> {
    Ok(LogProofReply::answer(log.inclusion(query.index, query.size).await?))
}

/// Whose place is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReceiptQuery {
    /// The root to which the receipt's proof leads from its statement: 32 bytes, base64url. Nobody else knows it.
    #[param(example = "fF7e6GZy9gPBJ5gq8J8hv7GfAF9fbRDAJjmHAW2ePRc")]
    root: String,
    /// Which leaf its proof names.
    #[param(minimum = 0)]
    leaf: u64,
    /// Of how many, as its proof says: the root does not bind the two, so both have to be those of the batch.
    #[param(minimum = 2)]
    leaves: u64,
    /// The leaves of the log, as a checkpoint says; of the newest one, if left out.
    #[param(minimum = 1)]
    size: Option<u64>,
}

/// Where the batch of a receipt stands in the log.
#[derive(Debug, Serialize, ToSchema)]
struct LogReceiptReply {
    /// The entry, base64: a CBOR array of `ikd-receipts/v1`, the root, and a byte for each leaf under it: 1 where a check was recorded. They
    /// are as many as the proof's leaves; one, where a check was signed alone and its proof says two.
    entry: String,
    /// Its place, from 0 on.
    index: u64,
    /// The leaves of the tree that it is proven in.
    size: u64,
    /// The hashes in the order of RFC 6962 §2.1, base64.
    proof: Vec<String>,
}

/// That the batch of a receipt is in the log, and that its check was recorded in it. A check comes there within the interval of checkpoints, a
/// minute if nothing else is configured. Who has no receipt learns nothing here. Who has one learns how many checks, of anybody, were signed
/// together with it and how many of those were recorded: a number and no name, at most as many as are committed at once.
#[utoipa::path(get, path = "/v1/log/proofs/receipt", tag = "Log", params(ReceiptQuery),
    responses((status = 200, description = "The place and its proof", body = LogReceiptReply),
        (status = "4XX", description = "`malformed_request`, `not_found`")))]
async fn log_receipt(State(log): State<Log>, Query(query): Query<ReceiptQuery>) -> Result<Response, Problem> {
    let root = base64url::decode_exact(&query.root).ok_or(Code::MalformedRequest)?;
    let placed = log.receipt(&root, (query.leaf, query.leaves), query.size).await?;
    let proof = placed.proof.hashes.iter().map(|hash| BASE64.encode(hash)).collect();
    let reply = LogReceiptReply { entry: BASE64.encode(&placed.entry), index: placed.index, size: placed.size, proof };
    Ok(([(CACHE_CONTROL, FRESH), (ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY)], Json(reply)).into_response())
}

/// That a tree begins with another (RFC 6962 §2.1.2): nothing of what was there was changed, moved or deleted.
#[utoipa::path(get, path = "/v1/log/proofs/consistency", tag = "Log", params(ConsistencyQuery),
    responses((status = 200, description = "The proof", body = LogProofReply),
        (status = "4XX", description = "`malformed_request`, `not_found`")))]
async fn log_consistency(State(log): State<Log>, Query(query): Query<ConsistencyQuery>) -> Result<Response, Problem> {
    Ok(LogProofReply::answer(log.consistency(query.first, query.second).await?))
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
struct CosignaturesReply {
    /// Lines of witnesses that the operator named, and that hold.
    accepted: usize,
}

/// A witness hands its cosignature back (c2sp.org/tlog-cosignature): the checkpoint as it was fetched, with the witness's line beneath.
#[utoipa::path(post, path = "/v1/log/cosignatures", tag = "Log",
    request_body(content((String = "text/plain")), description = "A signed note of at most 16 KiB and 16 signatures"),
    responses((status = 200, description = "How many lines count", body = CosignaturesReply),
        (status = "4XX", description = "`malformed_request`, `not_found`, `unsupported_media_type`, `too_large`")))]
async fn log_cosignatures(State(log): State<Log>, request: Request) -> Result<Json<CosignaturesReply>, Problem> {
    if negotiate::content_type(request.headers())?.essence_str() != "text/plain" {
        return Err(Code::UnsupportedMediaType.into());
    }
    let body = read_body(request, &()).await?;
    let note = std::str::from_utf8(&body).map_err(|_| Code::MalformedRequest)?;
    Ok(Json(CosignaturesReply { accepted: log.cosign(note).await? }))
}
