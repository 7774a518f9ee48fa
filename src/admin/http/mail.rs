//! What the service's mails say.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::ReadSettings;
use super::super::mails::Mails;
use crate::error::Language;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem, Query};

/// A mail loads nothing, runs nothing and leads nowhere; its look stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

pub(super) fn routes() -> OpenApiRouter<Mails> {
    OpenApiRouter::new().routes(routes!(mails)).routes(routes!(mail_page))
}

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MailsQuery {
    /// `id` or `en`; left out for Indonesian.
    #[serde(default)]
    language: Language,
}

/// Every kind of mail.
#[derive(Debug, Serialize, ToSchema)]
struct MailsReply {
    /// By the word of the kind.
    items: Vec<MailKindItem>,
}

/// A kind of mail.
#[derive(Debug, Serialize, ToSchema)]
struct MailKindItem {
    /// Its word.
    #[schema(example = "activation_code")]
    kind: &'static str,
    /// What such a mail can say, with invented people.
    samples: Vec<MailSample>,
}

/// A mail with an invented person.
#[derive(Debug, Serialize, ToSchema)]
struct MailSample {
    /// Subject line.
    subject: String,
    /// The plain text part.
    text: String,
}

/// What the service's mails say: every kind that exists, in a language, with invented people.
#[utoipa::path(get, path = "/v1/admin/mails", tag = "Admin", security(("official" = [])), params(MailsQuery),
    responses((status = 200, description = "All kinds", body = MailsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
async fn mails(
    State(mails): State<Mails>,
    who: Allowed<ReadSettings>,
    Query(query): Query<MailsQuery>,
) -> Result<Json<MailsReply>, Problem> {
    let all = mails.view(&who, query.language).await?.into_iter();
    let items = all.map(|(kind, samples)| MailKindItem {
        kind,
        samples: samples.into_iter().map(|one| MailSample { subject: one.subject, text: one.text }).collect(),
    });
    Ok(Json(MailsReply { items: items.collect() }))
}

/// The HTML part of a mail, as a page that loads nothing and runs nothing.
#[utoipa::path(get, path = "/v1/admin/mails/{kind}/{place}", tag = "Admin", security(("official" = [])),
    params(("kind" = String, Path, description = "The word of its kind"),
        ("place" = usize, Path, description = "Which of its samples, from 0"), MailsQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `malformed_request`")))]
async fn mail_page(
    State(mails): State<Mails>,
    who: Allowed<ReadSettings>,
    Path((kind, place)): Path<(String, usize)>,
    Query(query): Query<MailsQuery>,
) -> Result<Response, Problem> {
    let mut page = Html(mails.one(&who, &kind, place, query.language).await?.html).into_response();
    page.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(page)
}
