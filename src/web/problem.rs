//! Errors as problem documents (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::DbError;
use crate::error::{Code, Error, Language, Refusal};

/// The body of every error: `application/problem+json`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// `/problems/<code>`, where the code is explained.
    #[schema(example = "/problems/wrong_state")]
    pub r#type: String,
    /// The stable code to program against.
    #[schema(example = "wrong_state")]
    pub code: &'static str,
    /// A short name, in Indonesian or English by `Accept-Language`.
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    pub status: u16,
    /// What to do now, in Indonesian or English by `Accept-Language`.
    pub detail: &'static str,
    /// Name this to the operator when asking for help.
    pub request_id: Uuid,
    /// The fields to correct, for `invalid_field`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// Tries left, for `code_wrong` and `pin_wrong`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<i64>,
    /// Seconds to wait, as in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// What time it is here, where an authenticator code may have been what was wrong: a phone whose clock is off shows codes that do not
    /// count. It is said whatever was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub service_time: Option<Timestamp>,
}

/// One field that has to be corrected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// Path of the field.
    #[schema(example = "terms.version")]
    pub field: String,
    /// What to do about it.
    pub message: &'static str,
}

/// The error type of handlers. It becomes a response whose body is written by the outermost layer, which knows the
/// language and the request's id.
#[derive(Debug)]
pub struct Problem(Refusal, Option<String>);

/// Extension of a response that is a problem, for the outermost layer: the refusal, and the cause of a fault for the
/// log.
#[derive(Clone, Debug)]
pub struct ProblemNote {
    /// The refusal that is answered.
    pub refusal: Refusal,
    /// The cause that is logged; never sent.
    pub cause: Option<String>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => Self(*refusal, None),
            Error::Db(
                error @ (DbError::Unavailable(_) | DbError::Full(_) | DbError::ReadOnly(_) | DbError::Contention),
            ) => Self(Refusal::new(Code::Unavailable).retry_after(2), Some(error.to_string())),
            Error::Db(error) => Self(Code::Internal.into(), Some(error.to_string())),
            Error::Away(cause) => Self(Refusal::new(Code::Unavailable).retry_after(5), Some(cause)),
            Error::Internal(cause) => Self(Code::Internal.into(), Some(cause)),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal, None)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self(code.into(), None)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(ProblemNote { refusal: self.0, cause: self.1 });
        response
    }
}

/// Seconds after which asking again makes sense.
pub fn retry_after(refusal: &Refusal) -> Option<u64> {
    refusal.retry_after.or(match refusal.code.status() {
        429 | 503 => Some(2),
        _ => None,
    })
}

/// Whether an authenticator code may have been what was wrong. Of a log-in it is said always, because nobody is told what was.
fn may_be_a_code(refusal: &Refusal) -> bool {
    refusal.code == Code::LoginFailed || refusal.fields.iter().any(|field| field.field == "totp")
}

/// Writes the body of a problem, at this time of the service.
pub fn render(response: &mut Response, note: &ProblemNote, language: Language, (request_id, now): (Uuid, Timestamp)) {
    let Refusal { code, detail, fields, tries_left, retry_after } = &note.refusal;
    let document = ProblemDocument {
        r#type: format!("/problems/{}", code.as_str()),
        code: code.as_str(),
        title: code.title().in_language(language),
        status: code.status(),
        detail: detail.unwrap_or(code.detail()).in_language(language),
        request_id,
        fields: fields
            .iter()
            .map(|field| FieldProblem {
                field: field.field.clone().into_owned(),
                message: field.message.in_language(language),
            })
            .collect(),
        tries_left: *tries_left,
        retry_after_seconds: *retry_after,
        service_time: may_be_a_code(&note.refusal).then(|| Timestamp::from_seconds(now.seconds())),
    };
    *response.body_mut() = serde_json::to_vec(&document).unwrap_or_default().into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(http::header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.remove(http::header::CONTENT_LENGTH);
    if let Some(seconds) = self::retry_after(&note.refusal) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
