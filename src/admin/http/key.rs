//! Signing keys, as people of the national administration read them, and what administrators ask about them.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskProposal, ReadSettings};
use super::super::keys::{Key, Keys, View};
use super::party_requests::{ProposalReply, asker};
use crate::clock::Timestamp;
use crate::keyring::KeyState;
use crate::keyring::model::hex;
use crate::proposal::Proposals;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Keys> {
    OpenApiRouter::new().routes(routes!(signing_keys))
}

pub(super) fn requests() -> OpenApiRouter<Proposals> {
    OpenApiRouter::new().routes(routes!(ask_key_activation)).routes(routes!(ask_key_revocation))
}

/// Signing keys, and the nodes that hold them. No private half is among it.
#[derive(Debug, Serialize, ToSchema)]
struct SigningKeysReply {
    /// Keys, oldest first.
    items: Vec<SigningKey>,
    /// Nodes of the last day.
    nodes: Vec<SigningNode>,
    /// Seconds for which a key is published before it signs by itself.
    publish_ahead_seconds: i64,
}

/// A signing key's public half.
#[derive(Debug, Serialize, ToSchema)]
struct SigningKey {
    /// Its id: 16 hexadecimal digits, as `ikd keys list` shows it.
    #[schema(example = "3f2a9c0b7d41e865")]
    key_id: String,
    /// What it signs: `token`, `receipt`, `card`, `status`.
    purpose: String,
    /// How, as in the key set: `EdDSA` or `ES256`.
    algorithm: String,
    /// Where it is in its life.
    state: KeyState,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    /// When it began to sign; null where it did not.
    #[schema(value_type = Option<String>, format = DateTime)]
    activated_at: Option<Timestamp>,
    /// When another took its place; null where none did.
    #[schema(value_type = Option<String>, format = DateTime)]
    retiring_at: Option<Timestamp>,
    /// When it was retired; null where it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    retired_at: Option<Timestamp>,
    /// When it signs by itself at the earliest (`next`), or is retired (`retiring`); null otherwise.
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<Timestamp>,
    /// How many of the nodes that live hold its private half.
    holders: usize,
    /// Whether administrators can let it sign from now on.
    can_activate: bool,
    /// Whether administrators can retire it at once.
    can_revoke: bool,
}

/// A process of the service.
#[derive(Debug, Serialize, ToSchema)]
struct SigningNode {
    /// Its id, made when it started.
    node_id: Uuid,
    /// When it reported last.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Whether that was within half a minute.
    live: bool,
    /// Ids of the keys whose private halves it holds.
    holds: Vec<String>,
}

impl From<Key> for SigningKey {
    fn from(Key { row, holders, changes_at, can_activate, can_revoke }: Key) -> Self {
        Self {
            key_id: hex(&row.kid),
            purpose: row.purpose.as_str().to_owned(),
            algorithm: row.algorithm.as_str().to_owned(),
            state: row.state,
            published_at: row.published_at,
            activated_at: row.activated_at,
            retiring_at: row.retiring_at,
            retired_at: row.retired_at,
            changes_at,
            holders,
            can_activate,
            can_revoke,
        }
    }
}

/// Signing keys: where each is in its life, and which nodes hold it.
#[utoipa::path(get, path = "/v1/admin/keys", tag = "Admin", security(("official" = [])),
    responses((status = 200, description = "Keys and nodes", body = SigningKeysReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn signing_keys(State(keys): State<Keys>, who: Allowed<ReadSettings>) -> Result<Json<SigningKeysReply>, Problem> {
    let View { keys, nodes, publish_ahead_seconds } = keys.view(&who).await?;
    let nodes = nodes.into_iter().map(|(node, live, held)| SigningNode {
        node_id: node.node_id,
        seen_at: node.seen_at,
        live,
        holds: held.iter().map(|kid| hex(kid)).collect(),
    });
    let items = keys.into_iter().map(SigningKey::from).collect();
    Ok(Json(SigningKeysReply { items, nodes: nodes.collect(), publish_ahead_seconds }))
}

/// Why something is asked about a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyReasonBody {
    /// Colleagues read it: 1 to 200 characters.
    #[schema(example = "Rotasi tahunan")]
    reason: String,
}

/// Ask that a waiting key sign from now on, before its time. Everything that `ikd keys rotate` promises still holds but that: each node
/// holds it, and it has been published for an hour.
#[utoipa::path(post, path = "/v1/admin/keys/{id}/activation", tag = "Admin", security(("official" = [])),
    params(("id" = String, Path, description = "The key")), request_body = KeyReasonBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` for a key that does not \
            wait, is lacking on a node or too new, and when the same waits already")))]
async fn ask_key_activation(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<String>,
    Json(body): Json<KeyReasonBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let proposal_id = proposals.ask_key_activation(asker(&who), &id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a token key be retired at once: `ikd keys revoke`, by two. QRs signed with it are refused within a second.
#[utoipa::path(post, path = "/v1/admin/keys/{id}/revocation", tag = "Admin", security(("official" = [])),
    params(("id" = String, Path, description = "The key")), request_body = KeyReasonBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` also for keys of another purpose, `invalid_field`, \
            `wrong_state` for the one that signs while none waits, and when the same waits already")))]
async fn ask_key_revocation(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<String>,
    Json(body): Json<KeyReasonBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let proposal_id = proposals.ask_key_revocation(asker(&who), &id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}
