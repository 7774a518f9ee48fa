//! A token as JSON, or as a picture of its QR, by `Accept`.

use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::{Json, Problem};
use crate::credential::qr;
use crate::error::{Code, Error};

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
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    for item in accept.split(',') {
        match item.split(';').next().unwrap_or("").trim() {
            "application/json" | "*/*" | "application/*" | "" => return Ok((status, Json(json)).into_response()),
            "image/svg+xml" | "image/*" => {
                let svg = qr::svg(token).map_err(|error| Problem::from(Error::internal(error)))?;
                return Ok((status, [(CONTENT_TYPE, "image/svg+xml")], svg).into_response());
            }
            "image/png" => {
                let png = qr::png(token).map_err(|error| Problem::from(Error::internal(error)))?;
                return Ok((status, [(CONTENT_TYPE, "image/png")], png).into_response());
            }
            _ => {}
        }
    }
    Err(Code::NotAcceptable.into())
}
