//! The endpoints for relying parties, through the router.

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use ikd::security::Security;
use ikd::verification::http::routes;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::verification::{World, world};
use support::each_engine;

const PATH: &str = "/v1/verifications";

fn router(world: &World) -> Router {
    let outermost = (world.context.clone(), Security::new(&world.context));
    let (router, _) = routes(world.service.clone(), world.parties.authentication().clone()).split_for_parts();
    router.layer(axum::middleware::from_fn(move |request, next| {
        ikd::web::headers::finish(outermost.clone(), request, next)
    }))
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn post(api_key: &str, key: &str, body: &Value) -> Request<Body> {
    Request::post(PATH)
        .header(header::AUTHORIZATION, format!("Bearer {api_key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", key)
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test]
async fn an_answer_has_the_form_of_the_protocol() {
    each_engine(async |context| {
        let world = world(context).await;
        let (router, api_key) = (router(&world), world.api_key.expose());
        let body = json!({"token": world.presentation(), "purpose": "open_account"});
        let (status, headers, answer) = send(&router, post(&api_key, "k", &body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(headers[header::CONTENT_LANGUAGE], "id");
        assert_eq!(answer["result"], "valid");
        assert_eq!(answer["reason"], Value::Null);
        assert_eq!(answer["holder_check"], "compare_portrait");
        assert_eq!(answer["single_use"], true);
        assert_eq!(answer["attributes"]["full_name"], "SITI NURHALIZAH");
        assert_eq!(answer["portrait"]["media_type"], "image/jpeg");
        assert!(answer["message"].as_str().unwrap().contains("Cocokkan"));
        assert!(answer["receipt"]["proof"].as_str().unwrap().starts_with("0oR"));
        assert!(answer["receipt"]["statement"].is_string() && answer["receipt"]["cwt"].is_null());
        assert_eq!(answer["receipt"]["salt"].as_str().unwrap().len(), 22, "16 bytes in base64url");

        let (_, _, again) = send(&router, post(&api_key, "k", &body)).await;
        assert_eq!(again, answer, "the same key, the same answer");

        let mut second = post(&api_key, "k2", &body);
        second.headers_mut().insert(header::ACCEPT_LANGUAGE, "en".parse().unwrap());
        let (status, _, refused) = send(&router, second).await;
        assert_eq!((status, &refused["reason"]), (StatusCode::OK, &json!("already_used")));
        assert!(refused["message"].as_str().unwrap().contains("used already"));
        assert_eq!(refused["attributes"], json!({}));
        assert_eq!(refused["holder_check"], "not_possible");

        let id = answer["verification_id"].as_str().unwrap();
        let get = |id: &str| {
            let request =
                Request::get(format!("{PATH}/{id}")).header(header::AUTHORIZATION, format!("bearer {api_key}"));
            request.body(Body::empty()).unwrap()
        };
        let (status, _, record) = send(&router, get(id)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!((&record["receipt"], &record["attributes"]), (&answer["receipt"], &Value::Null));
        assert_eq!(record["disclosed"], answer["disclosed"]);
        for unknown in ["00000000-0000-7000-8000-000000000000", "nonsense"] {
            assert_eq!(send(&router, get(unknown)).await.2["code"], "not_found");
        }
    })
    .await;
}

#[tokio::test]
async fn bad_requests_have_codes_of_their_own() {
    each_engine(async |context| {
        let world = world(context).await;
        let (router, api_key) = (router(&world), world.api_key.expose());
        let good = json!({"token": world.presentation(), "purpose": "open_account"});
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        let cases = [
            (post("", "k", &good), 401, "api_key_invalid"),
            (post("ikd_rp_x_y", "k", &good), 401, "api_key_invalid"),
            (post(&api_key, "", &good), 400, "idempotency_key_missing"),
            (post(&api_key, "two words", &good), 400, "idempotency_key_missing"),
            (post(&api_key, &"k".repeat(65), &good), 400, "idempotency_key_missing"),
            (post(&api_key, "k", &with("purpose", json!("other"))), 403, "purpose_not_allowed"),
            (post(&api_key, "k", &with("attributes", json!(["shoe_size"]))), 422, "invalid_field"),
            (post(&api_key, "k", &with("token", json!(7))), 422, "invalid_field"),
            (post(&api_key, "k", &with("more", json!(7))), 422, "invalid_field"),
            (post(&api_key, "k", &json!({"purpose": "open_account"})), 422, "invalid_field"),
        ];
        for (request, status, code) in cases {
            let (got, headers, problem) = send(&router, request).await;
            assert_eq!((got.as_u16(), problem["code"].as_str().unwrap()), (status, code));
            assert_eq!(headers.contains_key(header::WWW_AUTHENTICATE), status == 401);
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        }
        let mut broken = post(&api_key, "k", &good);
        *broken.body_mut() = Body::from("{");
        assert_eq!(send(&router, broken).await.2["code"], "malformed_json");
        let mut form = post(&api_key, "k", &good);
        form.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert_eq!(send(&router, form).await.2["code"], "unsupported_media_type");
        assert_eq!(send(&router, post(&api_key, "k", &good)).await.2["result"], "valid", "none of it spent the token");

        world.context.db.close().await;
        let (status, headers, problem) = send(&router, post(&api_key, "k9", &good)).await;
        assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("undetermined")));
        assert!(headers.contains_key(header::RETRY_AFTER));
    })
    .await;
}
