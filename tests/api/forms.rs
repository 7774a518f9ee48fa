//! Media types, weights and schemes as clients write them.

use reqwest::Method;
use serde_json::json;

use support::each_engine;
use support::world::{World, portrait_bytes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_taken_by_what_they_are_called_in_any_case_and_with_parameters() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let body = json!({"token": "NONSENSE", "purpose": "open_account"}).to_string();
        let ask = async |kind: &str, scheme: &str, more: Option<(&str, &str)>, body: &str| {
            let mut request = world.post("/v1/verifications").body(body.to_owned());
            request = request.header("Authorization", format!("{scheme}{}", world.api_key));
            request = request.header("Content-Type", kind).header("Idempotency-Key", world.key());
            if let Some((name, value)) = more {
                request = request.header(name, value);
            }
            request.send().await
        };
        for kind in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "APPLICATION/JSON;charset=\"utf-8\"",
            "application/json ; Charset=utf-8; boundary=x",
        ] {
            assert_eq!(ask(kind, "Bearer ", None, &body).await.status, 200, "{kind}");
        }
        assert_eq!(ask("application/json", "Bearer ", None, &format!("\u{feff}{body}")).await.status, 200);
        for kind in ["text/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "json"] {
            assert_eq!(ask(kind, "Bearer ", None, &body).await.code(), "unsupported_media_type", "{kind}");
        }
        let compressed = ask("application/json", "Bearer ", Some(("Content-Encoding", "gzip")), &body).await;
        assert_eq!(compressed.code(), "unsupported_media_type");
        let plain = ask("application/json", "Bearer ", Some(("Content-Encoding", "identity")), &body).await;
        assert_eq!(plain.status, 200);
        for scheme in ["bearer ", "BEARER ", "Bearer   ", "Bearer\t"] {
            assert_eq!(ask("application/json", scheme, None, &body).await.status, 200, "{scheme}");
        }
        for scheme in ["", "Bearer", "DPoP ", "Basic "] {
            assert_eq!(ask("application/json", scheme, None, &body).await.status, 401, "{scheme}");
        }

        for kind in ["image/jpeg;q=1", "Image/JPEG", "image/jpeg; name=\"me; myself.jpg\"", "image/jpg"] {
            let applicant = world.register(&world.people[0]).await;
            assert_eq!(world.selfie(&applicant, kind, portrait_bytes()).await.status, 200, "{kind}");
        }
        let applicant = world.register(&world.people[0]).await;
        for kind in ["image/gif", "image/*", "application/json", "jpeg", "image"] {
            let refused = world.selfie(&applicant, kind, portrait_bytes()).await;
            assert_eq!(refused.code(), "unsupported_media_type", "{kind}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_of_an_answer_follows_weights() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let waiting = world.waiting(&world.people[1]).await;
        let body = json!({"share": "age"});
        for (accept, form) in [
            ("*/*", "application/json"),
            ("image/png;q=0, */*", "application/json"),
            ("image/*;q=0.5, application/json", "application/json"),
            ("application/json;q=0.1, IMAGE/PNG", "image/png"),
            ("image/svg+xml;q=0, image/*", "image/png"),
            ("text/html, application/json;q=0.9, */*;q=0.8", "application/json"),
            ("image/png;q=0", ""),
            ("text/html", ""),
            ("*/*;q=0", ""),
        ] {
            let shape = |request: reqwest::RequestBuilder| request.header("Accept", accept).json(&body);
            let shown = holder.client.send(Method::POST, "/v1/me/presentations", shape).await;
            let shape = |request: reqwest::RequestBuilder| request.header("Accept", accept);
            let path = waiting.path("/activation-token");
            let activation = waiting.client.send(Method::POST, &path, shape).await;
            for answer in [shown, activation] {
                if form.is_empty() {
                    assert_eq!((answer.status.as_u16(), answer.code()), (406, "not_acceptable"), "{accept}");
                } else {
                    assert_eq!(answer.headers["content-type"], form, "{accept}");
                }
            }
        }
    })
    .await;
}
