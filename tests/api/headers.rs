//! What stands on every answer, whatever it says.

use ikd::config::Mode;
use ikd::error::Code;
use ikd::register::LocalRegister;
use ikd::web::server::Listener;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use support::Engine;
use support::world::World;

/// Demands the security headers of any answer.
pub fn secure(what: &str, answer: &Answer) {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert!(
        header("content-security-policy").contains("default-src 'none'")
            || header("content-security-policy").contains("default-src 'self'"),
        "{what}: {}",
        header("content-security-policy")
    );
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert!(!header("content-security-policy").contains("unsafe-eval"), "{what}");
    assert!(!header("cache-control").is_empty(), "{what}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert_eq!(header("x-request-id").len(), 36, "{what}");
    assert!(header("server").is_empty() && header("x-powered-by").is_empty(), "{what}");
}

/// Demands a whole problem document: its code and status, and the answer's.
pub fn problem(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (status, code),
        "{what}: {}",
        String::from_utf8_lossy(&answer.bytes)
    );
    secure(what, answer);
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    let known =
        Code::ALL.iter().find(|known| known.as_str() == code).unwrap_or_else(|| panic!("{what}: unknown {code}"));
    assert_eq!(known.status(), status, "{what}");
    let json = &answer.json;
    assert_eq!(json["type"], format!("/problems/{code}"), "{what}");
    assert_eq!(json["status"], status, "{what}");
    assert_eq!(json["request_id"], answer.headers["x-request-id"].to_str().unwrap(), "{what}");
    assert!(json["title"].as_str().is_some_and(|title| title.len() > 3), "{what}");
    assert!(json["detail"].as_str().is_some_and(|detail| detail.len() > 15 && detail.ends_with('.')), "{what}: {json}");
    assert_eq!(json["fields"].is_array(), code == "invalid_field", "{what}: {json}");
    if status == 429 || status == 503 {
        assert!(answer.retry_after.is_some(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_answer_is_secured() {
    let world = World::on(Engine::Sqlite).await;
    let get = async |path: &str| world.get(path).send().await;
    for path in [
        "/v1/terms",
        "/.well-known/jwks.json",
        "/openapi.json",
        "/docs/",
        "/problems",
        "/problems/not_found",
        "/health/live",
        "/health/ready",
        "/mailbox",
        "/mailbox/style.css",
        "/",
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        secure(path, &answer);
    }
    for path in [
        "/nowhere",
        "/v1",
        "/v1/nothing",
        "/v1/registrations/",
        "/problems/none",
        "/mailbox/x",
        "/../etc/passwd",
        "/%00",
        "/metrics",
        "/demo/clock",
        "/demo/register",
    ] {
        problem(path, &get(path).await, 404, "not_found");
    }
    // Every code that the service knows has its page, in both languages.
    for code in Code::ALL {
        let page = String::from_utf8(get(&format!("/problems/{}", code.as_str())).await.bytes).unwrap();
        assert!(page.contains(code.title().id) && page.contains(code.title().en));
    }
    // A server that is reached by HTTPS says so.
    let world = World::on(Engine::Sqlite).await;
    let answer = world.get("/v1/terms").send().await;
    assert!(!answer.headers.contains_key("strict-transport-security"), "not over plain HTTP");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_a_device_renews_its_nonce_and_an_old_one_is_refused() {
    let world = World::on(Engine::Sqlite).await;
    let phone = world.phone();
    let post = async |proof: Option<String>| {
        let mut request = world.post("/v1/challenges");
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        request.send().await
    };
    let bare = post(None).await;
    problem("no proof", &bare, 401, "dpop_invalid");
    assert!(bare.nonce.is_some() && bare.headers["www-authenticate"].to_str().unwrap().contains("invalid_dpop_proof"));
    let first = post(Some(phone.proof(&Method::POST, "/v1/challenges", b""))).await;
    problem("no nonce", &first, 401, "use_dpop_nonce");
    assert!(first.headers["www-authenticate"].to_str().unwrap().contains("use_dpop_nonce"));
    phone.captcha().await;
    let proof = phone.proof(&Method::POST, "/v1/challenges", b"");
    assert!(post(Some(proof.clone())).await.expect(200).nonce.is_some());
    assert_eq!(post(Some(proof.clone())).await.status, 200, "repeating a proof is harmless");
    for wrong in [
        phone.proof(&Method::GET, "/v1/challenges", b""),
        phone.proof(&Method::POST, "/v1/captcha", b""),
        format!("{proof}x"),
        proof.replacen('.', "", 1),
        String::from("x"),
    ] {
        let refused = post(Some(wrong)).await;
        problem("wrong proof", &refused, 401, "dpop_invalid");
        assert!(refused.nonce.is_some());
    }
    let two = world.post("/v1/challenges").header("DPoP", &proof).header("DPoP", &proof);
    problem("two proofs", &two.send().await, 401, "dpop_invalid");
    world.later(299);
    assert_eq!(post(Some(proof.clone())).await.status, 200);
    world.later(300);
    problem("old nonce", &post(Some(proof)).await, 401, "use_dpop_nonce");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_description_is_whole() {
    let world = World::on(Engine::Sqlite).await;
    let api = world.get("/openapi.json").send().await.expect(200).json;
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let schemes = api["components"]["securitySchemes"].as_object().unwrap();
    let mut references = Vec::new();
    collect(&api, &mut references);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{name}");
            assert!(
                operation["description"].is_string() || operation["summary"].is_string(),
                "{name} is not described"
            );
            for required in operation["security"].as_array().into_iter().flatten() {
                for scheme in required.as_object().unwrap().keys() {
                    assert!(schemes.contains_key(scheme), "{name}: the scheme {scheme} is not described");
                }
            }
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_turns_the_clock_or_closes_the_register_of_a_real_node() {
    for mode in [Mode::Development, Mode::Production, Mode::Demo] {
        let world = World::on_with(Engine::Sqlite, |config| config.service.mode = mode).await;
        let before = world.context.now();
        for (path, body) in [("clock", json!({"forward_seconds": 60})), ("register", json!({"open": false}))] {
            let request = world.post(&format!("/demo/{path}")).json(&body);
            problem(path, &request.send().await, 404, "not_found");
        }
        assert_eq!(world.context.now(), before);
        // Only the stage of `ikd demo` brings the levers with it.
        let router =
            world.app.clone().with_routes(ikd::demo::http::routes(world.context.clone(), world.app.sweeper())).router();
        let listener = Listener::bind("127.0.0.1:0", &world.context.config.http).await.unwrap();
        let base = format!("http://{}", listener.address().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(listener.serve(router, stop.clone()));
        let post = async |path: &str, body: Value| {
            world.request_at(&base, Method::POST, &format!("/demo/{path}")).json(&body).send().await
        };
        let turned = post("clock", json!({"forward_seconds": 60})).await.expect(200);
        assert_eq!(turned.json["now"], before.plus_seconds(60).to_rfc3339());
        assert_eq!(world.context.now(), before.plus_seconds(60));
        for body in [json!({"forward_seconds": -1}), json!({"forward_seconds": 34_560_001_i64}), json!({"back": 1})] {
            problem("too far", &post("clock", body).await, 422, "invalid_field");
        }
        let register = LocalRegister::new(world.context.clone());
        for (open, found) in [(false, false), (true, true)] {
            assert_eq!(post("register", json!({"open": open})).await.expect(200).json["open"], open);
            assert_eq!(register.lookup(&world.people[0].nik).await.is_ok(), found);
        }
        stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browsable_description_can_be_left_out() {
    let world = World::on_with(Engine::Sqlite, |config| config.http.documentation = false).await;
    let get = async |path: &str| world.get(path).send().await;
    assert_eq!(get("/openapi.json").await.json["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    for path in ["/docs", "/docs/", "/docs/swagger-ui-bundle.js"] {
        problem(path, &get(path).await, 404, "not_found");
    }
}

/// What comes back to these bytes, to its end.
async fn raw(world: &World, sent: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(world.address).await.unwrap();
    socket.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_names_its_host_once() {
    let world = World::on(Engine::Sqlite).await;
    for (line, version, hosts, status) in [
        ("", "1.1", "", 400),
        ("", "1.1", "Host: a\r\nHost: a\r\n", 400),
        ("", "1.1", "Host: a\r\nhost: b\r\n", 400),
        ("", "1.0", "Host: a\r\nHost: b\r\n", 400),
        ("http://b", "1.1", "Host: a\r\n", 400),
        ("", "1.1", "Host:\r\n", 400),
        ("", "1.0", "Host: \r\n", 400),
        ("", "1.1", "Host: a@127.0.0.1\r\n", 400),
        ("", "1.1", "Host: x, evil\r\n", 400),
        ("http://a@b", "1.1", "Host: a@b\r\n", 400),
        ("", "1.1", "Host: [::1]:8080\r\n", 200),
        ("http://a", "1.1", "Host: a\r\n", 200),
        ("", "1.1", "Host: a\r\n", 200),
        ("", "1.0", "", 200),
    ] {
        let answer =
            raw(&world, &format!("GET {line}/v1/terms HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/{version} {status} ")), "{version} {hosts:?}: {answer}");
        assert_eq!(answer.contains("\"code\":\"malformed_request\""), status == 400, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_says_once_where_its_body_ends_and_nothing_is_read_behind_another() {
    let world = World::on(Engine::Sqlite).await;
    // A body of two bytes, however it is read; behind it a request that somebody hid.
    let hidden = "GET /v1/terms HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (plain, chunked) = ("{}", "2\r\n{}\r\n0\r\n\r\n");
    for (headers, body, statuses) in [
        ("Content-Length: 02\r\n", plain, vec!["400"]),
        ("Content-Length: +2\r\n", plain, vec!["400"]),
        ("Content-Length: 2, 2\r\n", plain, vec!["400"]),
        ("Content-Length: 2\r\nContent-Length: 3\r\n", plain, vec!["400"]),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked, vec!["400"]),
        ("Transfer-Encoding: chunked, chunked\r\n", chunked, vec!["400"]),
        ("Transfer-Encoding: gzip, chunked\r\n", chunked, vec!["400"]),
        ("Transfer-Encoding: identity\r\n", chunked, vec!["400"]),
        // What RFC 9112 §6.3 lets a server read: the first, and no request after it.
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", chunked, vec!["404"]),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", chunked, vec!["404"]),
        ("Content-Length: 2\r\n", plain, vec!["404", "200"]),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", plain, vec!["404", "200"]),
        ("Transfer-Encoding: Chunked\r\n", chunked, vec!["404", "200"]),
    ] {
        let answers =
            raw(&world, &format!("POST /v1/nowhere HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}{hidden}")).await;
        let got: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(got, statuses, "{headers:?}: {answers}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_large_and_the_same_for_all_is_made_once_and_not_sent_twice() {
    let world = World::on_with(Engine::Sqlite, |config| config.limits.requests_per_second = 5).await;
    let (mut refused, mut known) = (0, String::new());
    for path in ["/docs/swagger-ui-bundle.js", "/docs/", "/problems", "/openapi.json"] {
        let plain = world.get(path).send().await;
        assert_eq!(plain.status, 200, "{path}");
        let tag = plain.headers["etag"].clone();
        let again = world.get(path).header("if-none-match", tag.to_str().unwrap()).send().await;
        assert_eq!((again.status.as_u16(), again.bytes.len(), &again.headers["etag"]), (304, 0, &tag), "{path}");
        let squeezed = world.get(path).header("accept-encoding", "gzip").send().await;
        assert_eq!(squeezed.headers["content-encoding"], "gzip", "{path}");
        assert!(squeezed.headers["etag"] != tag && squeezed.headers["vary"] == "Accept-Encoding", "{path}");
        let mut unpacked = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&squeezed.bytes[..]), &mut unpacked).unwrap();
        assert!(unpacked == plain.bytes, "{path}");
        for answer in [plain, again, squeezed] {
            secure(path, &answer);
        }
        known = tag.to_str().unwrap().to_owned();
    }
    // Whoever has it costs least, and counts all the same.
    for _ in 0..60 {
        let answer = world.get("/openapi.json").header("if-none-match", &known).send().await;
        if answer.status == 429 {
            assert_eq!(answer.code(), "too_many");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
}
