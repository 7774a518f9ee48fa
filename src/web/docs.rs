//! The API's description (`/openapi.json`, OpenAPI 3.1), its offline pages (`/docs`), and the pages of problems.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use axum::Router;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;

use super::assets::Asset;
use super::pages::serve;
use super::{Path, Problem, ProblemDocument};
use crate::error::Code;

/// The frame of the description; the handlers add their own parts.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "IKD: digital KTP",
        description = "Activation, presentation and verification of Indonesia's digital KTP. Errors are problem documents \
            (RFC 9457) whose `code` is stable; `detail` says what to do, in Indonesian or English by `Accept-Language`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Security)
)]
pub struct ApiDoc;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("ikd_at_<token> of POST /v1/oauth/token, or ikd_rp_<id>_<secret>")
            .build();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        let test = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("ikd_at_<token> of POST /sandbox/v1/oauth/token, or ikd_rt_<id>_<secret>")
            .build();
        components.add_security_scheme("test_key", SecurityScheme::Http(test));
        let feed = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("ikd_at_<token> of POST /v1/oauth/token, or ikd_feed_<secret>")
            .build();
        components.add_security_scheme("register_feed", SecurityScheme::Http(feed));
        let dpop = ApiKey::Header(ApiKeyValue::with_description(
            "DPoP",
            "A DPoP proof (RFC 9449) of the device key, with the nonce of the last answer's DPoP-Nonce header.",
        ));
        components.add_security_scheme("dpop", SecurityScheme::ApiKey(dpop));
        let access_token = ApiKey::Header(ApiKeyValue::with_description(
            "Authorization",
            "`DPoP <access_token>` of POST /v1/sessions; the proof then carries its hash as `ath`.",
        ));
        components.add_security_scheme("access_token", SecurityScheme::ApiKey(access_token));
        use super::cookie::{EMPLOYEE, OFFICER, OFFICIAL};
        for (name, cookie) in [("officer", OFFICER), ("teller", EMPLOYEE), ("official", OFFICIAL)] {
            let scheme = ApiKey::Cookie(ApiKeyValue::new(cookie));
            components.add_security_scheme(name, SecurityScheme::ApiKey(scheme));
        }
    }
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Something that is made when it is asked for first, and kept: it is large, and the same for everybody.
type Kept = LazyLock<Arc<Asset>, Box<dyn FnOnce() -> Arc<Asset> + Send>>;

/// The routes. Without `browsable`, `/openapi.json` alone.
pub fn routes(api: serde_json::Value, browsable: bool) -> Router {
    let make = move || Arc::new(Asset::under(POLICY, "openapi.json", Cow::Owned(api.to_string().into_bytes())));
    let description: Arc<Kept> = Arc::new(LazyLock::new(Box::new(make)));
    let mut router = Router::new()
        .route(
            "/openapi.json",
            get(async move |headers: HeaderMap| serve(Some(Arc::clone(&**description)), &headers).await),
        )
        .route("/problems", get(async |headers: HeaderMap| serve(Some(&*ALL_PROBLEMS), &headers).await))
        .route("/problems.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .route("/problems/{code}", get(one_problem));
    if browsable {
        let browser = Arc::new(Browser { config: Arc::new(Config::new(["/openapi.json"])), files: RwLock::default() });
        let index = Arc::clone(&browser);
        router = router
            .route("/docs", get(async || Redirect::to("/docs/")))
            .route("/docs/", get(async move |headers: HeaderMap| serve(index.file("index.html"), &headers).await))
            .route(
                "/docs/{*file}",
                get(async move |Path(name): Path<String>, headers: HeaderMap| {
                    serve(browser.file(&name), &headers).await
                }),
            );
    }
    router
}

/// The files of Swagger UI. Its own routes send them whole, uncompressed and copied anew each time.
struct Browser {
    config: Arc<Config<'static>>,
    /// Those that were asked for; there are no others than it has.
    files: RwLock<HashMap<String, Arc<Asset>>>,
}

impl Browser {
    fn file(&self, name: &str) -> Option<Arc<Asset>> {
        if let Some(known) = self.files.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(Arc::clone(known));
        }
        let found = utoipa_swagger_ui::serve(name, Arc::clone(&self.config)).ok().flatten()?;
        let made = Arc::new(Asset::under(POLICY, name, Cow::Owned(found.bytes.into_owned())));
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(files.entry(name.to_owned()).or_insert(made)))
    }
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;color:#1b2733;background:#f6f8f9;margin:0}main{max-width:44rem;\
    margin:0 auto;padding:1rem}section{background:#fff;border:1px solid #d5dde2;border-radius:.5rem;padding:.25rem 1rem;\
    margin:0 0 1rem}h1{font-size:1.4rem}h2{font-size:1.05rem;overflow-wrap:anywhere}p[lang=en]{color:#4a5a66}";

/// The section about a code: the target of a problem document's `type`.
fn section(code: Code) -> String {
    format!(
        "<section><h2 id=\"{0}\"><code>{0}</code> ({1})</h2><p lang=\"id\"><b>{2}.</b> {3}</p><p lang=\"en\"><b>{4}.</b> {5}</p></section>",
        code.as_str(),
        code.status(),
        code.title().id,
        code.detail().id,
        code.title().en,
        code.detail().en
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"id\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"stylesheet\" href=\"/problems.css\"><title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    )
}

/// The page of all codes, the same in every process of this build.
static ALL_PROBLEMS: LazyLock<Asset> = LazyLock::new(|| {
    let sections: String = Code::ALL.iter().map(|code| section(*code)).collect();
    let html = page("IKD: kode penolakan / codes of refusal", &sections);
    Asset::under(PAGE_POLICY, "problems.html", Cow::Owned(html.into_bytes()))
});

async fn one_problem(Path(wanted): Path<String>) -> Result<Response, Problem> {
    let code = Code::ALL.iter().find(|code| code.as_str() == wanted).ok_or(Code::NotFound)?;
    let policy = HeaderValue::from_static(PAGE_POLICY);
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(page(code.as_str(), &section(*code)))).into_response())
}
