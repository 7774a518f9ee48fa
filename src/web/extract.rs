//! Extractors that answer bad input with a problem document instead of a line of text.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::IntoParams;

use super::request_body::TooSlow;
use super::{Problem, negotiate};
use crate::error::{Code, FieldError, Language, Refusal, Text};
use crate::page;

/// A JSON body, read strictly; as a response, a JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !negotiate::is_json(&negotiate::content_type(request.headers())?) {
            return Err(Code::UnsupportedMediaType.into());
        }
        let bytes = read_body(request, state).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.headers().get(CONTENT_TYPE).is_none() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The body differs from the one that the request's proof was made for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body is not the one that was proven")]
pub struct Unproven;

impl Unproven {
    /// Whether this is a cause of an error in reading a body.
    pub fn is_cause_of(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<Self>())
    }
}

/// Reads a whole body within the route's limit.
///
/// # Errors
/// `too_large`; `dpop_invalid` when the proof is for another body; `request_timeout` when the body arrived too slowly;
/// `malformed_request` when the client disconnected.
pub async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge.into(),
        _ => unread(&rejection),
    })
}

/// The problem for a body that could not be read to its end.
pub fn unread(error: &(dyn std::error::Error + 'static)) -> Problem {
    if Unproven::is_cause_of(error) {
        return Refusal::new(Code::DpopInvalid)
            .detail(
                "Isi permintaan bukan yang dibuktikan: sertakan ikd_body, SHA-256 isi dalam base64url, pada bukti DPoP.",
                "The body is not the one that was proven: put ikd_body, base64url of the body's SHA-256, into the DPoP proof.",
            )
            .into();
    }
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    if causes.any(|cause| cause.is::<TooSlow>()) { Code::RequestTimeout.into() } else { Code::MalformedRequest.into() }
}

/// Reads JSON: broken syntax is `malformed_json`, a missing or mistyped member `invalid_field` with its path.
///
/// # Errors
/// `malformed_json`, `invalid_field`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Some systems begin a UTF-8 text with a byte order mark, which a reader may ignore (RFC 8259 §8.1).
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize::<_, Object<T>>(&mut deserializer);
    let Object(value) = read.map_err(|error| {
        // serde_json reports a number in place of an enum's word as a syntax error, although the JSON is well-formed.
        let broken = || std::str::from_utf8(bytes).is_err() || serde_json::from_slice::<IgnoredAny>(bytes).is_err();
        if error.inner().classify() != serde_json::error::Category::Data && broken() {
            return Problem::from(Code::MalformedJson);
        }
        let message = error.inner().to_string();
        let named = message.split('`').nth(1).unwrap_or("");
        let path = error.path().to_string();
        let (field, text) = if message.starts_with("missing field") {
            (join(&path, named), Text::new("Isian ini wajib ada.", "This field is required."))
        } else if message.starts_with("unknown field") {
            // The path from serde may already end with the unknown member.
            let field = if path.ends_with(named) { path } else { join(&path, named) };
            (field, Text::new("Isian ini tidak dikenal; hapus.", "This field is not known; remove it."))
        } else if message.starts_with("duplicate field") {
            (join(&path, named), Text::new("Isian ini tertulis dua kali.", "This field stands twice."))
        } else {
            // A body that is not an object has no field to name.
            let path = if path == "." { String::from("body") } else { path };
            (
                path,
                Text::new(
                    "Jenis atau bentuk isian ini salah; lihat dokumentasi.",
                    "This field has a wrong type or form; see the documentation.",
                ),
            )
        };
        Refusal::fields(vec![FieldError { field: field.into(), message: text }]).into()
    })?;
    deserializer.end().map_err(|_| Problem::from(Code::MalformedJson))?;
    Ok(value)
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Reads a struct from a JSON object only: a derived `Deserialize` also accepts an array, by position. For
/// `#[serde(deserialize_with)]` on members that are structs.
///
/// # Errors
/// When the value is not an object, or does not have this form.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    deserializer.deserialize_map(Members(PhantomData))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() || path == "." { name.to_owned() } else { format!("{path}.{name}") }
}

/// A path parameter. One that does not parse names no resource, so it is `not_found`.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

/// Where a page of a list begins and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    pub cursor: Option<String>,
    /// At most so many checks, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

impl PageQuery {
    /// Entries of the page at most.
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(20)
    }
}

/// How many entries a page may have, 1 to 100, for `#[serde(deserialize_with)]` on a query's member.
///
/// # Errors
/// For any other number: a list that is silently shorter than requested looks complete.
pub fn page_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let limit = Option::<i64>::deserialize(deserializer)?;
    if limit.is_some_and(|limit| !(1..=page::MOST).contains(&limit)) {
        return Err(serde::de::Error::custom("not from 1 to 100"));
    }
    Ok(limit)
}

/// Query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => Err(Code::MalformedRequest.into()),
        }
    }
}

/// The language that the caller asked for.
#[derive(Clone, Copy, Debug)]
pub struct Lang(pub Language);

impl<S: Send + Sync> FromRequestParts<S> for Lang {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(negotiate::language(&parts.headers)))
    }
}

/// The socket's peer address; behind a proxy, the proxy's. Only the listener sets it.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

/// The client's address. The listener sets it, behind a trusted proxy from the proxy's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let unknown = Self(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters")]
        version: String,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Spoken {
        #[expect(dead_code, reason = "only its type matters")]
        locale: Language,
    }

    #[test]
    fn a_word_of_a_list_has_a_type_like_any_field() {
        for body in [r#"{"locale":7}"#, r#"{"locale":null}"#, r#"{"locale":"fr"}"#] {
            let response = parse::<Spoken>(body.as_bytes()).unwrap_err().into_response();
            let note = response.extensions().get::<super::super::problem::ProblemNote>().unwrap();
            assert_eq!(
                (note.refusal.code, note.refusal.fields[0].field.as_ref()),
                (Code::InvalidField, "locale"),
                "{body}"
            );
        }
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters")]
        #[serde(deserialize_with = "object")]
        terms: Inner,
    }

    fn refusal(body: &str) -> (u16, String) {
        let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
        let response = problem.into_response();
        let note = response.extensions().get::<super::super::problem::ProblemNote>().unwrap();
        let field = note.refusal.fields.first().map(|field| field.field.clone().into_owned()).unwrap_or_default();
        (note.refusal.code.status(), field)
    }

    #[test]
    fn bad_json_names_the_field() {
        assert_eq!(refusal("{"), (400, String::new()));
        assert_eq!(refusal(r#"{"terms":{"version":"1"}} x"#), (400, String::new()));
        assert_eq!(refusal("{}"), (422, "terms".into()));
        assert_eq!(refusal(r#"{"terms":{}}"#), (422, "terms.version".into()));
        assert_eq!(refusal(r#"{"terms":{"version":7}}"#), (422, "terms.version".into()));
        assert_eq!(refusal(r#"{"terms":{"version":"1","x":1}}"#), (422, "terms.x".into()));
        assert_eq!(refusal("\u{feff}{}"), (422, "terms".into()), "a mark at the beginning");
        assert_eq!(refusal("7"), (422, "body".into()));
        assert_eq!(refusal(r#"[{"version":"1"}]"#), (422, "body".into()), "an array is no object");
        assert_eq!(refusal(r#"{"terms":["1"]}"#), (422, "terms".into()));
    }
}
