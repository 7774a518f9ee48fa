//! A token as JSON, or as a picture of its QR, by `Accept`.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Json, Problem, negotiate};
use crate::clock::Timestamp;
use crate::credential::{Issued, qr};
use crate::error::{Code, Error};

/// The representations of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`.
    Json,
    /// Its QR as `image/svg+xml`.
    Svg,
    /// Its QR as `image/png`.
    Png,
}

impl Form {
    /// The form that `Accept` prefers.
    ///
    /// # Errors
    /// `not_acceptable` when it accepts none of them.
    pub fn asked(headers: &HeaderMap) -> Result<Self, Problem> {
        const FORMS: [(&str, Form); 3] =
            [("application/json", Form::Json), ("image/svg+xml", Form::Svg), ("image/png", Form::Png)];
        let wanted = negotiate::media_type(headers, &FORMS.map(|(essence, _)| essence));
        let form = FORMS.into_iter().find(|(essence, _)| wanted == Some(*essence));
        form.map(|(_, form)| form).ok_or(Code::NotAcceptable.into())
    }
}

/// Answers with `json`, or with the QR of `token` where the caller asks for `image/svg+xml` or `image/png`.
///
/// # Errors
/// `not_acceptable` for any other form.
pub fn token_reply<T: Serialize>(
    headers: &HeaderMap,
    status: StatusCode,
    token: &str,
    json: T,
) -> Result<Response, Problem> {
    let fault = |error| Problem::from(Error::internal(error));
    Ok(match Form::asked(headers)? {
        Form::Json => (status, Json(json)).into_response(),
        Form::Svg => (status, [(CONTENT_TYPE, "image/svg+xml")], qr::svg(token).map_err(fault)?).into_response(),
        Form::Png => (status, [(CONTENT_TYPE, "image/png")], qr::png(token).map_err(fault)?).into_response(),
    })
}

/// A QR that lives 90 seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenReply {
    /// The text of the QR: Base45, alphanumeric mode, error correction M, quiet zone 4.
    pub token: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Timestamp,
    /// When it ceases to be accepted.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

impl From<Issued> for TokenReply {
    fn from(issued: Issued) -> Self {
        Self { token: issued.token, issued_at: issued.issued_at, expires_at: issued.expires_at }
    }
}

/// Answers with a token that was made, or with its QR ([`token_reply`]).
///
/// # Errors
/// `not_acceptable` for any other form.
pub fn issued_reply(headers: &HeaderMap, issued: Issued) -> Result<Response, Problem> {
    let token = issued.token.clone();
    token_reply(headers, StatusCode::OK, &token, TokenReply::from(issued))
}
