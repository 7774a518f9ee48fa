//! A device's proof is for one request, body and query included, and works once, whichever node it meets.

use ikd::app::App;
use ikd::device::Purpose;
use ikd::web::server::Listener;
use reqwest::Method;
use serde_json::json;
use support::answer::Answer;
use support::client::Request;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use support::each_engine;
use support::world::{Applicant, World, pin_key, portrait_bytes};

/// The headers of one request, as somebody copied them.
#[derive(Clone)]
struct Captured {
    http: reqwest::Client,
    method: Method,
    base: String,
    path: String,
    proof: String,
    token: Option<String>,
    kind: &'static str,
}

impl Captured {
    fn of(world: &World, applicant: &Applicant, method: Method, path: &str, body: &[u8]) -> Self {
        let proof = applicant.client.proof(&method, path, body);
        let (http, token) = (world.http.clone(), applicant.client.access_token());
        Self { http, method, base: world.base.clone(), path: path.to_owned(), proof, token, kind: "application/json" }
    }

    /// Sends them with a body.
    async fn send(&self, body: &[u8]) -> Answer {
        let mut request =
            Request::new(&self.http, self.method.clone(), &self.base, &self.path).header("DPoP", &self.proof);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("DPoP {token}"));
        }
        if !body.is_empty() {
            request = request.header("Content-Type", self.kind).body(body.to_vec());
        }
        request.send().await
    }

    /// The same at another node.
    fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captured_headers_carry_no_other_body_and_no_other_query() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let capture = |method, path: &str, body: &[u8]| Captured::of(&world, &holder, method, path, body);
        let (little, all) = (br#"{"share":"age"}"#, br#"{"share":"full"}"#);
        // Each try with a proof that was never seen: it is the body that is refused, not the repetition.
        for (proven, sent) in [
            (&little[..], &all[..]),
            (little, br#"{"share":"age" }"#),
            (little, br#"{"share":"age","code":true}"#),
            (b"", all),
            (b"{}", all),
        ] {
            let refused = capture(Method::POST, "/v1/me/presentations", proven).send(sent).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (401, "dpop_invalid"));
            assert!(refused.json["detail"].as_str().unwrap().contains("ikd_body"));
        }
        let wrong = capture(Method::POST, "/v1/me/presentations", little).send(b"").await;
        assert_ne!(wrong.status, 200, "a body that was taken away");
        capture(Method::POST, "/v1/me/presentations", little).send(little).await.expect(200);

        let history = capture(Method::GET, "/v1/me/verifications?limit=5", b"");
        for other in ["?limit=100", "", "?limit=5&cursor=x", "?limit=5&"] {
            let path = history.path.replace("?limit=5", other);
            let refused = Captured { path, ..history.clone() }.send(b"").await;
            assert_eq!((refused.status.as_u16(), refused.code()), (401, "dpop_invalid"), "{other}");
        }
        history.send(b"").await.expect(200);

        // The address and the phone number that were proven, and no others.
        let applicant = world.waiting(&world.people[1]).await;
        let path = applicant.path("");
        let amend = Captured::of(&world, &applicant, Method::PATCH, &path, br#"{"phone":"081234567890"}"#);
        assert_eq!(amend.send(br#"{"email":"thief@example.id"}"#).await.code(), "dpop_invalid");
        let told = applicant.client.get(&path).await;
        assert!(!told.json["email_hint"].as_str().unwrap().starts_with('t'));

        // A picture is read in pieces.
        let (path, picture) = (applicant.path("/selfie"), portrait_bytes());
        let mut other = picture.to_vec();
        other.extend_from_slice(b"\0");
        for sent in [&other[..], &picture[..picture.len() - 1]] {
            let mut selfie = Captured::of(&world, &applicant, Method::PUT, &path, picture);
            selfie.kind = "image/jpeg";
            assert_eq!(selfie.send(sent).await.code(), "dpop_invalid");
        }
        let mut selfie = Captured::of(&world, &applicant, Method::PUT, &path, picture);
        selfie.kind = "image/jpeg";
        selfie.send(picture).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_gives_something_out_cannot_be_sent_again_not_even_to_another_node() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let other = second_node(&world).await;
        let holder = world.active(&world.people[0]).await;
        let applicant = world.waiting(&world.people[1]).await;
        let sent_code = world.approved(&world.people[2]).await;
        let code = world.code(&sent_code);
        let captcha = sent_code.client.captcha().await;

        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Unlock).await;
        let unlock = json!({"challenge": challenge, "signature": signature});
        let registration = world.registration(&applicant.record, &applicant.email);
        let nothing = json!(null);
        for (who, method, path, body) in [
            (&holder, Method::GET, String::from("/v1/me"), &nothing),
            (&holder, Method::GET, String::from("/v1/me/portrait"), &nothing),
            (&holder, Method::GET, String::from("/v1/me/verifications"), &nothing),
            (&holder, Method::GET, String::from("/v1/me/verifications?limit=5"), &nothing),
            (&holder, Method::POST, String::from("/v1/me/presentations"), &json!({"share": "full"})),
            (&holder, Method::POST, String::from("/v1/me/presentations"), &json!({"share": "full", "code": true})),
            (&holder, Method::POST, String::from("/v1/me/presentations"), &json!({"share": "full", "offline": true})),
            (&applicant, Method::GET, applicant.path(""), &nothing),
            (&applicant, Method::POST, applicant.path("/activation-token"), &nothing),
            (&applicant, Method::POST, String::from("/v1/registrations"), &registration),
            (&applicant, Method::PATCH, applicant.path(""), &json!({"phone": "081234567890"})),
            (&sent_code, Method::POST, sent_code.path("/activation-code/resend"), &nothing),
            (&sent_code, Method::POST, sent_code.path("/activation-code"), &json!({"code": code, "captcha": captcha})),
            (&applicant, Method::DELETE, applicant.path(""), &nothing),
            (&holder, Method::POST, String::from("/v1/sessions"), &unlock),
        ] {
            let what = format!("{method} {path}");
            let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
            let mut captured = Captured::of(&world, who, method, &path, &body);
            if path == "/v1/sessions" {
                captured.token = None;
                who.client.forget_token();
                captured.proof = who.client.proof(&Method::POST, &path, &body);
            }
            let first = captured.send(&body).await;
            assert!(first.status.is_success(), "{what}: {} {}", first.status, first.json);
            for again in [captured.clone(), captured.at(&other)] {
                let refused = again.send(&body).await;
                // The app makes a new proof on its own accord, for a browser that repeated the request by itself.
                assert_eq!((refused.status.as_u16(), refused.code()), (401, "use_dpop_nonce"), "{what}");
                assert!(refused.nonce.is_some(), "{what}");
            }
            // Another device's key under the same jti is another proof; the same key with a new one is served.
            let anew = Captured::of(&world, who, captured.method.clone(), &path, &body);
            assert_ne!(anew.send(&body).await.code(), "use_dpop_nonce", "{what}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_copies_at_two_nodes_one_is_served() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let other = second_node(&world).await;
        let holder = world.active(&world.people[0]).await;
        let body = br#"{"share":"full"}"#;
        let captured = Captured::of(&world, &holder, Method::POST, "/v1/me/presentations", body);
        let mut running = JoinSet::new();
        for copy in 0..64 {
            let captured = if copy % 2 == 0 { captured.clone() } else { captured.at(&other) };
            running.spawn(async move { captured.send(body).await });
        }
        let answers = running.join_all().await;
        let served = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.code() == "use_dpop_nonce").count();
        assert_eq!((served, refused), (1, 63));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_are_remembered_as_long_as_they_count_and_no_longer() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let body = br#"{"share":"age"}"#;
        let captured = Captured::of(&world, &holder, Method::POST, "/v1/me/presentations", body);
        captured.send(body).await.expect(200);
        let rows = async || {
            let mut tx = world.context.db.read().await.unwrap();
            let (count,): (i64,) = ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM device_proof").unwrap();
            count
        };
        let before = rows().await;
        assert!(before > 0);
        // Every request but those whose answers hold nothing leaves a row; these two do not.
        holder.client.captcha().await;
        assert_eq!(rows().await, before);
        for _ in 0..3 {
            world.later(149);
            world.app.spent.sweep().await.unwrap();
            let again = captured.send(body).await;
            assert_eq!((again.status.as_u16(), again.code()), (401, "use_dpop_nonce"));
        }
        world.later(600);
        world.app.spent.sweep().await.unwrap();
        assert_eq!(rows().await, 0);
        assert_eq!(captured.send(body).await.code(), "use_dpop_nonce", "its nonce is too old now");
    })
    .await;
}

/// Another node over the same database, under the same public address; gives its own.
async fn second_node(world: &World) -> String {
    let listener = Listener::bind("127.0.0.1:0", &world.context.config.http).await.unwrap();
    let address = listener.address().unwrap();
    let app = App::open(world.context.clone()).await.unwrap();
    // Lives as long as the test's runtime.
    tokio::spawn(listener.serve(app.router(), CancellationToken::new()));
    format!("http://{address}")
}
