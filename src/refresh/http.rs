//! `POST /v1/register/changes`: the register's side sends the records that changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::middleware::map_response;
use data_encoding::HEXLOWER_PERMISSIVE;
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::client::FeedClients;
use crate::audit::{self, Action, Actor, Event, GENERAL};
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::oauth::{Realm, token};
use crate::register::import::{ImportError, ImportOptions, Spool, import};
use crate::register::{BatchError, Heard, Listener, LocalRegister};
use crate::web::extract::read_body;
use crate::web::{Json, Problem, negotiate};

/// Bytes of one feed at most: some 20,000 records.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Refused rows that an answer names; the others are counted.
const NAMED: usize = 100;

#[derive(Clone)]
struct Feed {
    context: Context,
    register: LocalRegister,
    // One at a time on a node: each holds rows and a file.
    turn: Arc<Semaphore>,
}

/// All routes of this room.
pub fn routes(context: &Context, listener: Arc<dyn Listener>) -> OpenApiRouter {
    let register = LocalRegister::new(context.clone()).telling(listener);
    let feed = Feed { context: context.clone(), register, turn: Arc::new(Semaphore::new(1)) };
    OpenApiRouter::new()
        .routes(routes!(register_changes))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(map_response(negotiate::challenge))
        .with_state(feed)
}

/// The register's side, by an access token or its key: `Authorization: Bearer …` (RFC 6750). Before anything of the body is read.
struct Registrar(OwnedSemaphorePermit);

impl FromRequestParts<Feed> for Registrar {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, feed: &Feed) -> Result<Self, Problem> {
        let presented = negotiate::credentials(&parts.headers, "bearer").ok_or(Code::ApiKeyInvalid)?;
        if !feed.is_registrar(presented) {
            return Err(Code::ApiKeyInvalid.into());
        }
        let turn = Arc::clone(&feed.turn).try_acquire_owned();
        turn.map(Self).map_err(|_| Refusal::new(Code::Overloaded).retry_after(5).into())
    }
}

/// What a feed did.
#[derive(Debug, Serialize, ToSchema)]
struct ChangesTaken {
    /// Records that are in the register now.
    accepted: u64,
    /// Rows that were refused.
    refused: u64,
    /// The first of them.
    refused_rows: Vec<RefusedRow>,
    /// What that meant for digital KTPs.
    digital_ktp: Heard,
}

/// A row that was refused; the others are in the register.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedRow {
    /// Its line; the header is line 1.
    line: u64,
    /// What is wrong: a column, or `row`.
    field: String,
    /// Why, in English; never with a value.
    reason: String,
}

/// Apply records that changed in the register, as `ikd register apply` does: CSV with the columns of docs/register-import.md, in whole
/// records. When the answer comes, no check that begins later sees what was before. Repeating a feed changes nothing and tells nobody;
/// after an answer that was lost, send it again. One feed at a time: others wait for theirs with `overloaded`.
#[utoipa::path(post, path = "/v1/register/changes", tag = "Register", security(("register_feed" = [])),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What was taken, and what was refused", body = ChangesTaken),
        (status = "4XX", description = "`api_key_invalid`, also where no key is configured; `unsupported_media_type`, `too_large`, `invalid_field` for the header or an open quotation mark: nothing was taken")))]
async fn register_changes(
    State(feed): State<Feed>,
    registrar: Registrar,
    request: Request,
) -> Result<Json<ChangesTaken>, Problem> {
    if negotiate::content_type(request.headers())?.essence_str() != "text/csv" {
        return Err(Refusal::new(Code::UnsupportedMediaType)
            .detail("Kirim text/csv, UTF-8.", "Send text/csv, UTF-8.")
            .into());
    }
    let body = read_body(request, &()).await?;
    let spool = tokio::task::spawn_blocking(move || Spool::of(&mut &body[..])).await;
    let spool = spool.map_err(Error::internal)?.map_err(Error::internal)?;
    let (actor, subject_id) = (Actor::System, Uuid::nil());
    let event = Event { chain: GENERAL, actor, action: Action::RegisterImported, subject_id };
    let taken = audit::Service::new(feed.context.clone()).around(event, feed.import(spool.path())).await;
    drop(registrar.0);
    Ok(Json(taken?))
}

impl Feed {
    /// Whether this is what the register's side presents: a token of one of its keys, or the key that is configured by its digest.
    fn is_registrar(&self, presented: &str) -> bool {
        let (now, configured) = (self.context.now(), &self.context.config.register);
        if presented.starts_with(token::PREFIX) {
            let key = token::open(&self.context.vault, Realm::Register, presented, now);
            return key.is_ok_and(|key| FeedClients::new(self.context.clone()).has(key, now));
        }
        let wanted = HEXLOWER_PERMISSIVE.decode(configured.feed_key_sha256.as_bytes());
        let Some(wanted) = wanted.ok().filter(|wanted| wanted.len() == 32) else { return false };
        // Only the digest is configured: who reads the configuration cannot send. The key has 256 random bits, so it needs no slow hash.
        configured.feed_key_until.is_none_or(|last| last.lasts(now))
            && bool::from(Sha256::digest(presented.as_bytes()).as_slice().ct_eq(wanted.as_slice()))
    }

    async fn import(&self, file: &Path) -> Result<ChangesTaken> {
        let report = Report(file.with_extension("refused.csv"));
        let options = ImportOptions { report: Some(report.0.clone()), restart: true, ..ImportOptions::default() };
        let done = import(&self.register, file, &options, |_| std::ops::ControlFlow::Continue(())).await;
        let done = done.map_err(|error| match error {
            ImportError::Columns(_) => Refusal::field(
                "body",
                "Baris judul atau angka NIK tidak sesuai docs/register-import.md; tidak ada yang diambil. Ekspor lagi sebagai CSV UTF-8.",
                "The header or the NIKs are not as docs/register-import.md says; nothing was taken. Export it again as CSV UTF-8.",
            )
            .into(),
            ImportError::Quotes(_) => Refusal::field(
                "body",
                "Ada tanda kutip yang tidak ditutup; tidak ada yang diambil. Perbaiki, lalu kirim lagi.",
                "A quotation mark is not closed; nothing was taken. Correct it, then send again.",
            )
            .into(),
            ImportError::File(message) => Error::internal(message),
            // The same feed at another node, or a server that does not answer: what is not taken is taken by the next try.
            ImportError::Batch(BatchError::Overtaken) => Refusal::new(Code::Overloaded).retry_after(5).into(),
            ImportError::Batch(BatchError::Db(error)) => Error::Db(error),
            ImportError::Batch(error) => Error::internal(error),
        })?;
        let rows = report.rows().map_err(Error::internal)?;
        Ok(ChangesTaken { accepted: done.accepted, refused: done.refused, refused_rows: rows, digital_ktp: done.heard })
    }
}

/// The list of refused rows, which goes with this value.
struct Report(PathBuf);

impl Report {
    fn rows(&self) -> Result<Vec<RefusedRow>, csv::Error> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(&self.0)?;
        let mut rows = Vec::new();
        for row in reader.records().take(NAMED) {
            let row = row?;
            let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
            rows.push(RefusedRow { line: cell(0).parse().unwrap_or(0), field: cell(1), reason: cell(3) });
        }
        Ok(rows)
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // Holds lines and columns, no values.
        let _ = std::fs::remove_file(&self.0);
    }
}
