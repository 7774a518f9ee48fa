//! Webhooks: a real receiver under TLS, whose signatures an independent library judges, and receivers that do everything wrong.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode};
use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::config::{Http, Webhook};
use ikd::error::Language;
use ikd::jobs::work_until_idle;
use ikd::web::server::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, BANK, OFFICE, World};
use tokio_util::sync::CancellationToken;

use crate::annulment;

const HOOK: &str = "/v1/partner/webhook";

/// What a receiver does with a message.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// As it should.
    Good,
    /// Gives everything back as it came.
    Echo,
    /// Says that it moved.
    Redirect,
    Broken,
    Gone,
}

/// A message as it came.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// A server of a relying party.
struct Receiver {
    url: String,
    manner: Arc<Mutex<Manner>>,
    received: Arc<Mutex<Vec<Received>>>,
    stop: CancellationToken,
}

/// An authority, and a certificate of it for `localhost`, as files.
fn certificates(folder: &Path) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    std::fs::write(folder.join("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
    let (issuer, key) = (Issuer::new(ca, ca_key), KeyPair::generate().unwrap());
    let server = CertificateParams::new(vec!["localhost".into()]).unwrap();
    std::fs::write(folder.join("cert.pem"), server.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

impl Receiver {
    async fn start(folder: &Path) -> Self {
        let (tls_certificate, tls_key) = (Some(folder.join("cert.pem")), Some(folder.join("key.pem")));
        let listener =
            Listener::bind("127.0.0.1:0", &Http { tls_certificate, tls_key, ..Http::default() }).await.unwrap();
        let url = format!("https://localhost:{}/ikd?token=x", listener.address().unwrap().port());
        let manner = Arc::new(Mutex::new(Manner::Good));
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (how, came) = (Arc::clone(&manner), Arc::clone(&received));
        let answer = async move |headers: HeaderMap, body: String| {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            let message: Value = serde_json::from_str(&body).unwrap();
            let challenge = json!({"challenge": message["data"]["challenge"]}).to_string();
            let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
            let one = Received { id, timestamp, signature: header("webhook-signature"), body: body.clone() };
            came.lock().unwrap().push(one);
            match *how.lock().unwrap() {
                Manner::Good => (StatusCode::OK, challenge).into_response(),
                Manner::Echo => (StatusCode::OK, body).into_response(),
                Manner::Redirect => (StatusCode::TEMPORARY_REDIRECT, [("location", "/ikd")]).into_response(),
                Manner::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                Manner::Gone => StatusCode::GONE.into_response(),
            }
        };
        let stop = CancellationToken::new();
        tokio::spawn(listener.serve(Router::new().route("/ikd", axum::routing::post(answer)), stop.clone()));
        Self { url, manner, received, stop }
    }

    fn behaves(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn took(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Partner<'a> {
    world: &'a World,
    cookie: String,
}

impl Partner<'_> {
    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.world.request(method, path).cookie(&self.cookie);
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await
    }

    async fn set(&self, url: &str) -> Answer {
        self.send(Method::PUT, HOOK, &json!({"url": url})).await
    }

    async fn verify(&self) -> Answer {
        self.send(Method::POST, &format!("{HOOK}/verification"), &Value::Null).await
    }

    async fn shown(&self) -> Value {
        self.send(Method::GET, HOOK, &Value::Null).await.expect(200).json
    }
}

/// Sends what is due; gives how many turns there were.
async fn deliver(world: &World) -> usize {
    work_until_idle(Arc::new(world.app.webhooks.clone())).await.unwrap()
}

/// A holder who was checked once by the bank, and the check.
async fn checked(world: &World, person: usize) -> (Applicant, String) {
    let holder = world.active(&world.people[person]).await;
    let token = world.present(&holder, "basic").await;
    world.later(1);
    let answer = world.bank().verify(&token, "open_account", &world.key()).await.expect(200);
    (holder, answer.text("verification_id"))
}

/// The activation is annulled; gives one of the two who did it.
async fn annul(world: &World, holder: &Applicant) -> Officer {
    let asker = world.supervisor(&format!("penyelia-{}", world.number()), OFFICE).await;
    let granter = world.head(&format!("kepala-{}", world.number()), OFFICE).await;
    let asked = annulment::ask(&asker, holder).await.expect(201).json;
    annulment::grant(&granter, &asked).await.expect(204);
    granter
}

/// A holder who was checked once by the bank, and then annulled; gives the check.
async fn annulled_check(world: &World, person: usize) -> String {
    let (holder, check) = checked(world, person).await;
    annulment::restore_desk(world, &annul(world, &holder).await).await;
    check
}

/// What the reference library for Python says of a message: its body, where it is signed with this secret.
fn judged(secret: &str, message: &Received) -> Option<Value> {
    const SCRIPT: &str = "import json, sys, time\n\
        from standardwebhooks import Webhook\n\
        said = json.load(sys.stdin)\n\
        headers = {'webhook-id': said['id'], 'webhook-timestamp': said['timestamp'], 'webhook-signature': said['signature']}\n\
        moment = int(said['timestamp'])\n\
        import standardwebhooks.webhooks as module\n\
        class Then(module.datetime):\n\
        \x20   @classmethod\n\
        \x20   def now(cls, tz=None):\n\
        \x20       return module.datetime.fromtimestamp(moment, tz=tz)\n\
        real, module.datetime = module.datetime, Then\n\
        print(json.dumps(Webhook(said['secret']).verify(said['body'], headers)))\n";
    let said = json!({"secret": secret, "id": message.id, "timestamp": message.timestamp,
        "signature": message.signature, "body": message.body});
    let mut child = std::process::Command::new(support::python())
        .args(["-c", SCRIPT])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), said.to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() || told.contains("WebhookVerificationError"), "{told}");
    serde_json::from_slice(&done.stdout).ok()
}

/// What lets webhooks be beside the service, with certificates of this authority.
fn on_this_machine(ca: PathBuf) -> Webhook {
    Webhook { ca_file: Some(ca), allow_private: true, ..Webhook::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_list_says_is_sent_signed_and_again_until_it_arrives() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let ca = folder.path().join("ca.pem");
        let world = World::open_with(context, |config| config.webhook = on_this_machine(ca)).await;
        let receiver = Receiver::start(folder.path()).await;
        let rina = Partner { world: &world, cookie: world.party_administrator("rina").await };
        rina.send(Method::GET, HOOK, &Value::Null).await.expect_problem(404, "not_found");
        rina.verify().await.expect_problem(404, "not_found");
        for bad in ["http://localhost/x", "https://127.0.0.1/x", "https://a:b@localhost/x", "x"] {
            assert_eq!(rina.set(bad).await.expect_problem(422, "invalid_field").json["fields"][0]["field"], "url");
        }
        let set = rina.set(&receiver.url).await.expect(200);
        let secret = set.text("secret");
        assert!(!rina.shown().await.to_string().contains(&secret[6..]), "shown once");

        // Not before it has answered; a server that gives everything back, or leads elsewhere, has not.
        for manner in [Manner::Echo, Manner::Redirect, Manner::Broken] {
            receiver.behaves(manner);
            rina.verify().await.expect_problem(422, "webhook_unanswered");
            assert_eq!(receiver.took().len(), 1, "{manner:?}: nothing is followed");
        }
        let before = annulled_check(&world, 0).await;
        assert_eq!((deliver(&world).await, rina.shown().await["state"].clone()), (0, json!("unverified")));
        receiver.behaves(Manner::Good);
        for _ in 0..2 {
            rina.verify().await.expect(204);
        }
        let written =
            "SELECT COUNT(*) FROM audit_event WHERE action = 'webhook_verified' AND outcome = 'done' AND chain = $1";
        assert_eq!(world.count(written, uuid::Uuid::nil()).await, 2);
        let challenge = receiver.took().pop().unwrap();
        assert_eq!(judged(&secret, &challenge).unwrap()["type"], "endpoint.verification");
        assert_eq!(rina.shown().await["state"], "active");

        // What the list says, and no more; the reference library takes the signature, and no other.
        receiver.behaves(Manner::Broken);
        let void = annulled_check(&world, 1).await;
        assert_eq!(deliver(&world).await, 1);
        let first = receiver.took();
        let shown = rina.shown().await;
        assert_eq!((first.len(), &shown["waiting"], &shown["fault"]), (1, &json!(1), &json!("refused")));
        assert_eq!(deliver(&world).await, 0, "not before its time");
        world.later(11);
        receiver.behaves(Manner::Good);
        deliver(&world).await;
        let again = receiver.took();
        assert_eq!((again.len(), &again[0].id), (1, &first[0].id), "the same message");
        assert_ne!(again[0].signature, first[0].signature, "of another moment");
        let told = judged(&secret, &again[0]).expect("the reference library takes it");
        let listed = world.bank().get("/v1/annulled-verifications").await.expect(200).json;
        assert_eq!((&told["type"], &told["data"]), (&json!("verification.annulled"), &listed["items"][0]));
        assert_eq!(told["data"]["verification_id"], json!(void));
        assert_eq!(listed["items"][1]["verification_id"], json!(before), "what was before stands in the list alone");
        let altered = Received { body: again[0].body.replacen("annulled", "annullex", 1), ..again[0].clone() };
        assert_eq!(judged(&secret, &altered), None);
        let shown = rina.shown().await;
        assert_eq!(
            (&shown["waiting"], &shown["failing_since"], &shown["fault"]),
            (&json!(0), &Value::Null, &Value::Null)
        );
        world.later(20 * MINUTE);
        assert_eq!((deliver(&world).await, receiver.took().len()), (0, 0), "once");

        // Set anew: another secret, and nothing is sent until it has answered. Removed: nothing at all.
        let other = rina.set(&receiver.url).await.expect(200).text("secret");
        assert_ne!(other, secret);
        rina.verify().await.expect(204);
        let challenge = receiver.took().pop().unwrap();
        assert!(judged(&secret, &challenge).is_none() && judged(&other, &challenge).is_some());
        for _ in 0..2 {
            rina.send(Method::DELETE, HOOK, &Value::Null).await.expect(204);
        }
        annulled_check(&world, 2).await;
        assert_eq!((deliver(&world).await, receiver.took().len()), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_at_a_host_that_the_operator_named_or_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let ca = folder.path().join("ca.pem");
    let receiver = Receiver::start(folder.path()).await;
    let url = receiver.url.clone();
    let with = async |hosts: &[&str]| {
        let (ca, hosts) = (ca.clone(), hosts.iter().map(|host| (*host).to_owned()).collect());
        World::on_with(support::Engine::Sqlite, move |config| {
            config.webhook = Webhook { hosts, ..on_this_machine(ca) };
        })
        .await
    };
    let world = with(&["hook.bank.example", "*.localhost"]).await;
    let rina = Partner { world: &world, cookie: world.party_administrator("rina").await };
    let refused = rina.set(&url).await.expect_problem(422, "invalid_field");
    assert_eq!(refused.json["fields"][0]["field"], "url");
    rina.send(Method::GET, HOOK, &Value::Null).await.expect_problem(404, "not_found");

    let world = with(&["localhost"]).await;
    let rina = Partner { world: &world, cookie: world.party_administrator("rina").await };
    rina.set(&url).await.expect(200);
    rina.verify().await.expect(204);
    assert_eq!(receiver.took().len(), 1);

    // What was set before is sent to no more, and kept: the operator may name it again.
    let narrowed = Webhook { hosts: vec![String::from("hook.bank.example")], ..world.context.config.webhook.clone() };
    let mut config = ikd::config::Config::clone(&world.context.config);
    config.webhook = narrowed;
    let context = world.context.altered(|sources| sources.config = std::sync::Arc::new(config));
    annulled_check(&world, 0).await;
    let hooks = ikd::webhook::Webhooks::new(context).unwrap();
    assert_eq!(work_until_idle(Arc::new(hooks)).await.unwrap(), 1);
    assert_eq!(receiver.took().len(), 0);
    let shown = rina.shown().await;
    assert_eq!((&shown["waiting"], &shown["fault"]), (&json!(1), &json!("not_allowed")));
    world.later(MINUTE);
    assert_eq!((deliver(&world).await, receiver.took().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_takes_nothing_for_days_is_stopped_and_its_party_told() {
    each_engine(async |context| {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let ca = folder.path().join("ca.pem");
        let world = World::open_with(context, |config| config.webhook = on_this_machine(ca)).await;
        world.app.relying_parties.set_contact(BANK, "pks@bank.example.id", Language::English).await.unwrap();
        let receiver = Receiver::start(folder.path()).await;
        let log_in = async |name: &str| Partner { world: &world, cookie: world.party_administrator(name).await };
        let rina = log_in("rina").await;
        rina.set(&receiver.url).await.expect(200);
        rina.verify().await.expect(204);
        receiver.behaves(Manner::Broken);
        let (second, _) = checked(&world, 1).await;
        annulled_check(&world, 0).await;
        receiver.took();
        let (mut tries, mut turns) = (0, 0);
        for _ in 0..40 {
            turns += deliver(&world).await;
            tries += receiver.took().len();
            world.later(6 * HOUR);
        }
        assert_eq!(tries, turns);
        // Five days of six hours each, and the try after them.
        assert_eq!(tries, 21, "it is stopped after five days");
        let rina = log_in("rina-2").await;
        let shown = rina.shown().await;
        assert_eq!((&shown["state"], &shown["waiting"]), (&json!("stopped"), &json!(0)));
        rina.verify().await.expect_problem(409, "wrong_state");
        world.app.deliver_mail().await.unwrap();
        let letters = world.letters();
        let letter = letters.iter().find(|letter| letter.to == "pks@bank.example.id").expect("its party is told");
        assert!(letter.text.contains(BANK) && letter.text.contains("/v1/annulled-verifications"), "{}", letter.text);

        // One that says that it is gone is stopped at once. What is set anew begins anew.
        receiver.behaves(Manner::Good);
        rina.set(&receiver.url).await.expect(200);
        rina.verify().await.expect(204);
        receiver.behaves(Manner::Gone);
        annul(&world, &second).await;
        deliver(&world).await;
        let rina = log_in("rina-3").await;
        assert_eq!(rina.shown().await["state"], "stopped");
        world.later(DAY);
        assert_eq!(deliver(&world).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_beside_the_service_is_reached_and_no_other_certificate_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let ca = folder.path().join("ca.pem");
    let receiver = Receiver::start(folder.path()).await;
    // As it is configured by itself: `localhost` is no place on the public internet.
    let world = World::on_with(support::Engine::Sqlite, |config| config.webhook.ca_file = Some(ca)).await;
    let rina = Partner { world: &world, cookie: world.party_administrator("rina").await };
    rina.set(&receiver.url).await.expect(200);
    let refused = rina.verify().await.expect_problem(422, "webhook_unanswered");
    assert!(refused.json["detail"].as_str().unwrap().contains("internet umum"), "{}", refused.json);
    // Reached, and not known: its authority is none of this machine's.
    let world = World::on_with(support::Engine::Sqlite, |config| config.webhook.allow_private = true).await;
    let rina = Partner { world: &world, cookie: world.party_administrator("rina").await };
    rina.set(&receiver.url).await.expect(200);
    let refused = rina.verify().await.expect_problem(422, "webhook_unanswered");
    assert!(refused.json["detail"].as_str().unwrap().contains("Sertifikat"), "{}", refused.json);
    // A port where nobody listens.
    let free = support::node::free_port();
    rina.set(&format!("https://localhost:{free}/")).await.expect(200);
    let refused = rina.verify().await.expect_problem(422, "webhook_unanswered");
    assert!(refused.json["detail"].as_str().unwrap().contains("Tidak ada jawaban"), "{}", refused.json);
    // So many an hour.
    for _ in 2..10 {
        rina.verify().await.expect_problem(422, "webhook_unanswered");
    }
    rina.verify().await.expect_problem(429, "too_many");
    assert!(receiver.took().is_empty(), "no message reached it");
}
