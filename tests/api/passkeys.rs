//! Passkeys of the staff: in the place of codes, each question answered once, and required of roles that the configuration names.

use ikd::clock::{HOUR, MINUTE};
use ikd::context::Context;
use ikd::staff::{Realm, Role};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::authenticator::{Authenticator, Said, VERIFIED};
use support::client::Officer;
use support::each_engine;
use support::world::{LogIn, NAMED, OFFICE, World};
use uuid::Uuid;

/// Somebody with a passkey.
pub(crate) struct Holder {
    log_in: LogIn,
    key: Authenticator,
    passkey_id: String,
    desk: Officer,
}

pub(crate) async fn named(context: Context, required: &[&str]) -> World {
    World::open_with(context, |config| {
        config.service.public_url = NAMED.to_owned();
        config.staff.require_passkey = required.iter().map(|&role| role.to_owned()).collect();
    })
    .await
}

fn origin(world: &World) -> &str {
    &world.context.config.service.public_url
}

fn proof(world: &World, log_in: &LogIn) -> Value {
    json!({"password": log_in.password, "totp": log_in.code(world.context.now())})
}

/// What a browser is asked who may add a passkey.
async fn question(world: &World, desk: &Officer, log_in: &LogIn) -> Value {
    world.later(30);
    desk.post("/v1/officer/passkeys/question", &proof(world, log_in)).await.expect(200).json
}

async fn add(desk: &Officer, question: &Value, credential: Value) -> Answer {
    let body = json!({"label": "Kunci biru", "challenge_id": question["challenge_id"], "credential": credential});
    desk.post("/v1/officer/passkeys", &body).await
}

/// Somebody of the office who added a passkey.
pub(crate) async fn holder(world: &World, name: &str, role: Role) -> Holder {
    let log_in = world.add_person(name, OFFICE, role).await;
    let desk = world.log_in(&log_in).await;
    let asked = question(world, &desk, &log_in).await;
    let mut key = Authenticator::new(name);
    let said = key.says(&asked, origin(world));
    let passkey_id = add(&desk, &asked, key.created(&said)).await.expect(201).text("passkey_id");
    Holder { log_in, key, passkey_id, desk }
}

async fn ask(world: &World, log_in: &LogIn) -> Answer {
    let body = json!({"username": log_in.username, "password": log_in.password});
    world.post("/v1/officer/sessions/passkey").json(&body).send().await
}

fn with_passkey(log_in: &LogIn, question: &Value, credential: Value) -> Value {
    json!({"username": log_in.username, "password": log_in.password,
        "passkey": {"challenge_id": question["challenge_id"], "credential": credential}})
}

pub(crate) async fn log_in_at(world: &World, base: &str, body: &Value) -> Answer {
    world.request_at(base, Method::POST, "/v1/officer/sessions").json(body).send().await
}

impl Holder {
    /// What logs in now, told by `change` where it is not honest.
    pub(crate) async fn body(&mut self, world: &World, change: impl FnOnce(&mut Said)) -> Value {
        let asked = ask(world, &self.log_in).await.expect(200).json;
        let mut said = self.key.says(&asked, origin(world));
        change(&mut said);
        with_passkey(&self.log_in, &asked, self.key.signed(&said))
    }

    /// A proof for what is done to the own account.
    async fn own_proof(&mut self, world: &World) -> Value {
        let asked = self.desk.post("/v1/officer/passkeys/proof", &Value::Null).await.expect(200).json;
        let said = self.key.says(&asked, origin(world));
        json!({"password": self.log_in.password,
            "passkey": {"challenge_id": asked["challenge_id"], "credential": self.key.signed(&said)}})
    }
}

/// How often the audit log says this of an act.
async fn noted(world: &World, action: &str, outcome: &str) -> i64 {
    let mut tx = world.context.db.read().await.unwrap();
    let sql = "SELECT COUNT(*) FROM audit_event WHERE action = $1 AND outcome LIKE $2";
    ikd::fetch_one!(&mut tx, (i64,), sql, action, outcome).unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_takes_the_place_of_a_code_at_any_node_and_each_answer_counts_once() {
    each_engine(async |context| {
        let world = named(context, &[]).await;
        let other = world.another_node().await;
        let mut siti = holder(&world, "siti", Role::Officer).await;
        let list = siti.desk.get("/v1/officer/passkeys").await.expect(200).json;
        assert_eq!((list["items"][0]["label"].as_str(), &list["most"]), (Some("Kunci biru"), &json!(5)));
        assert_eq!((&list["required"], &list["possible"]), (&json!(false), &json!(true)));

        let body = siti.body(&world, |_| {}).await;
        log_in_at(&world, &other, &body).await.expect(201);
        for base in [&world.base, &other] {
            log_in_at(&world, base, &body).await.expect_problem(401, "login_failed");
        }
        // A question lives five minutes.
        let late = siti.body(&world, |_| {}).await;
        world.later(5 * MINUTE);
        log_in_at(&world, &world.base, &late).await.expect_problem(401, "login_failed");
        // The count went back: perhaps there are two of it. That is noted, and the person hears what to do.
        world.later(HOUR);
        let back = siti.body(&world, |said| said.count = 2).await;
        let refused = log_in_at(&world, &world.base, &back).await.expect_problem(401, "login_failed");
        assert!(refused.json["detail"].as_str().unwrap().contains("disalin"));
        assert_eq!(noted(&world, "passkey_counted_back", "refused%").await, 1);
        assert_eq!(noted(&world, "passkey_added", "done").await, 1);
        // Nobody has to use it: a code is as good, and so is a passkey wherever a code was asked for.
        siti.desk = world.log_in(&siti.log_in).await;
        // A key that the account has is no second one. That is noted, and the question is used up.
        let asked = question(&world, &siti.desk, &siti.log_in).await;
        let said = siti.key.says(&asked, origin(&world));
        add(&siti.desk, &asked, siti.key.created(&said)).await.expect_problem(422, "invalid_field");
        assert_eq!(noted(&world, "passkey_added", "refused%").await, 1);
        let said = siti.key.says(&asked, origin(&world));
        let another = Authenticator::new("another").created(&said);
        add(&siti.desk, &asked, another).await.expect_problem(422, "invalid_field");
        let mut body = siti.own_proof(&world).await;
        body["new_password"] = json!("tujuh ember hujan kemarin");
        siti.desk.post("/v1/officer/password", &body).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_right_in_every_part_opens_nothing() {
    each_engine(async |context| {
        let world = named(context, &[]).await;
        let mut siti = holder(&world, "siti", Role::Officer).await;
        let mut budi = holder(&world, "budi", Role::Officer).await;
        type Change = fn(&mut Said);
        let wrong: [(&str, Change); 8] = [
            ("origin", |said| said.origin = String::from("https://ikd.example")),
            ("port", |said| said.origin = String::from("http://localhost:1")),
            ("name", |said| said.rp_id = String::from("example")),
            ("challenge", |said| said.challenge = "A".repeat(43)),
            ("type", |said| said.kind = "webauthn.create"),
            ("not verified", |said| said.flags &= !VERIFIED),
            ("frame", |said| said.cross_origin = true),
            ("another's handle", |said| said.user_handle = Some(ikd::base64url::encode(Uuid::nil().as_bytes()))),
        ];
        for (what, change) in wrong {
            world.later(2 * HOUR);
            let body = siti.body(&world, change).await;
            let answer = log_in_at(&world, &world.base, &body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (401, "login_failed"), "{what}");
        }
        world.later(2 * HOUR);
        // Another's key, another's question, a question of another purpose.
        let asked = ask(&world, &siti.log_in).await.expect(200).json;
        let said = budi.key.says(&asked, origin(&world));
        let foreign = with_passkey(&siti.log_in, &asked, budi.key.signed(&said));
        log_in_at(&world, &world.base, &foreign).await.expect_problem(401, "login_failed");
        let said = siti.key.says(&asked, origin(&world));
        let of_siti = with_passkey(&budi.log_in, &asked, siti.key.signed(&said));
        log_in_at(&world, &world.base, &of_siti).await.expect_problem(401, "login_failed");
        let desk = world.log_in(&siti.log_in).await;
        let act = desk.post("/v1/officer/passkeys/proof", &Value::Null).await.expect(200).json;
        let said = siti.key.says(&act, origin(&world));
        let acting = with_passkey(&siti.log_in, &act, siti.key.signed(&said));
        log_in_at(&world, &world.base, &acting).await.expect_problem(401, "login_failed");
        // An employee of the same name in another realm has nothing of it.
        world.later(2 * HOUR);
        let body = siti.body(&world, |_| {}).await;
        let teller = world.add_employee("siti").await;
        let mut elsewhere = body.clone();
        elsewhere["password"] = json!(teller.password);
        let answer = world.post("/v1/teller/sessions").json(&elsewhere).send().await;
        answer.expect_problem(401, "login_failed");
        // With a wrong password the right answer is none; afterwards it still is.
        let mut guessed = body.clone();
        guessed["password"] = json!("bukan kata sandi");
        log_in_at(&world, &world.base, &guessed).await.expect_problem(401, "login_failed");
        log_in_at(&world, &world.base, &body).await.expect(201);
        // Disabled meanwhile.
        let body = siti.body(&world, |_| {}).await;
        world.accounts().set_active(Realm::Office, "siti", false).await.unwrap();
        log_in_at(&world, &world.base, &body).await.expect_problem(401, "login_failed");
        // Removed meanwhile.
        budi.desk = world.log_in(&budi.log_in).await;
        let body = budi.body(&world, |_| {}).await;
        let removal = format!("/v1/officer/passkeys/{}/removal", budi.passkey_id);
        world.later(30);
        budi.desk.post(&removal, &proof(&world, &budi.log_in)).await.expect(204);
        assert_eq!(noted(&world, "passkey_removed", "done").await, 1);
        log_in_at(&world, &world.base, &body).await.expect_problem(401, "login_failed");
        log_in_at(&world, &world.base, &world.log_in_body(&budi.log_in)).await.expect_problem(401, "login_failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_who_has_a_passkey_without_the_password() {
    each_engine(async |context| {
        let world = named(context, &[]).await;
        let siti = holder(&world, "siti", Role::Officer).await;
        let without = world.add_officer("tanpa", OFFICE).await;
        let hashes = || world.app.officers.log_ins.hashes();
        let mut said = Vec::new();
        let wrong =
            |name: &str| LogIn { username: name.to_owned(), password: String::from("salah sekali"), ..without.clone() };
        for log_in in [&wrong("siti"), &wrong("tanpa"), &wrong("tidak-ada"), &without] {
            let before = hashes();
            let answer = ask(&world, log_in).await.expect_problem(401, "login_failed");
            assert_eq!(hashes(), before + 1, "one hash, whatever is wrong");
            said.push(answer.json["detail"].clone());
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
        // Who asks again and again waits, with the right password too.
        for _ in 0..5 {
            ask(&world, &siti.log_in).await;
        }
        ask(&world, &siti.log_in).await.expect_problem(429, "too_many");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_to_have_one_adds_it_before_anything_else_and_keeps_the_last() {
    each_engine(async |context| {
        let world = named(context, &["data_officer"]).await;
        let log_in = world.add_person("data", OFFICE, Role::DataOfficer).await;
        let desk = world.log_in(&log_in).await;
        let session = async |desk: &Officer| desk.get("/v1/officer/sessions/current").await.expect(200).json;
        assert_eq!(session(&desk).await["needs_passkey"], true);
        desk.get("/v1/officer/corrections").await.expect_problem(403, "forbidden");
        // Somebody else, with the stolen password and a code.
        world.later(30);
        let stranger = world.log_in(&log_in).await;
        world.later(30);
        // Asking takes a proof, and what answers has to be right in every part.
        let wrong = json!({"password": "bukan kata sandi", "totp": "000000"});
        desk.post("/v1/officer/passkeys/question", &wrong).await.expect_problem(401, "login_failed");
        let mut key = Authenticator::new("data");
        type Change = fn(&mut Said);
        let wrong: [Change; 5] = [
            |said| said.origin = String::from("https://ikd.example"),
            |said| said.rp_id = String::from("example"),
            |said| said.challenge = "A".repeat(43),
            |said| said.kind = "webauthn.get",
            |said| said.flags &= !VERIFIED,
        ];
        for change in wrong {
            let asked = question(&world, &desk, &log_in).await;
            let mut said = key.says(&asked, origin(&world));
            change(&mut said);
            add(&desk, &asked, key.created(&said)).await.expect_problem(422, "invalid_field");
        }
        let asked = question(&world, &desk, &log_in).await;
        let said = key.says(&asked, origin(&world));
        let credential = key.created(&said);
        let passkey_id = add(&desk, &asked, credential.clone()).await.expect(201).text("passkey_id");
        add(&desk, &asked, credential).await.expect_problem(422, "invalid_field");
        assert_eq!(session(&desk).await["needs_passkey"], false);
        desk.get("/v1/officer/corrections").await.expect(200);
        assert_eq!(session(&stranger).await["needs_passkey"], true, "a session that a code opened stays one");
        stranger.get("/v1/officer/corrections").await.expect_problem(403, "forbidden");

        // A code lets them in no more, nor proves anything; the answer says what does.
        world.later(30);
        let refused =
            log_in_at(&world, &world.base, &world.log_in_body(&log_in)).await.expect_problem(401, "login_failed");
        assert!(refused.json["detail"].as_str().unwrap().contains("kunci sandi"));
        let mut data = Holder { log_in, key, passkey_id, desk };
        let body = data.body(&world, |_| {}).await;
        log_in_at(&world, &world.base, &body).await.expect(201);
        let removal = |id: &str| format!("/v1/officer/passkeys/{id}/removal");
        world.later(30);
        let by_code = proof(&world, &data.log_in);
        data.desk.post(&removal(&data.passkey_id), &by_code).await.expect_problem(401, "login_failed");
        let own = data.own_proof(&world).await;
        data.desk.post(&removal(&data.passkey_id), &own).await.expect_problem(409, "wrong_state");
        assert_eq!(noted(&world, "passkey_removed", "refused:wrong_state%").await, 1);
        // What proved it is used up all the same.
        data.desk.post("/v1/officer/passkeys/question", &own).await.expect_problem(401, "login_failed");
        // With another one the first can go.
        let own = data.own_proof(&world).await;
        let asked = data.desk.post("/v1/officer/passkeys/question", &own).await.expect(200).json;
        assert_eq!(asked["public_key"]["excludeCredentials"][0]["id"], data.key.id());
        let mut spare = Authenticator::new("cadangan");
        let said = spare.says(&asked, origin(&world));
        add(&data.desk, &asked, spare.created(&said)).await.expect(201);
        let own = data.own_proof(&world).await;
        data.desk.post(&removal(&data.passkey_id), &own).await.expect(204);

        // Lost: new secrets take the passkeys away, and the way begins anew.
        let (_, totp) = world.accounts().reset_totp(Realm::Office, "data").await.unwrap();
        data.desk.get("/v1/officer/passkeys").await.expect_problem(401, "session_ended");
        let log_in = LogIn { totp_secret: totp.secret.expose().clone(), ..data.log_in };
        let desk = world.log_in(&log_in).await;
        assert_eq!(session(&desk).await["needs_passkey"], true);
        assert_eq!(desk.get("/v1/officer/passkeys").await.expect(200).json["items"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_with_one_answer_one_wins_and_a_removal_leaves_no_log_in_behind() {
    each_engine(async |context| {
        let world = named(context, &[]).await;
        let other = world.another_node().await;
        let mut siti = holder(&world, "siti", Role::Officer).await;
        let body = siti.body(&world, |_| {}).await;
        let (one, two) = tokio::join!(log_in_at(&world, &world.base, &body), log_in_at(&world, &other, &body));
        let mut both = [one.status.as_u16(), two.status.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [201, 401], "{} {}", one.code(), two.code());

        // One answer adds one passkey.
        let asked = question(&world, &siti.desk, &siti.log_in).await;
        let mut spare = Authenticator::new("cadangan");
        let said = spare.says(&asked, origin(&world));
        let credential = spare.created(&said);
        let (desk, there) = (&siti.desk, siti.desk.at(&other));
        let (one, two) = tokio::join!(add(desk, &asked, credential.clone()), add(&there, &asked, credential));
        let mut both = [one.status.as_u16(), two.status.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [201, 422], "{} {}", one.code(), two.code());
        let kept = |id: Uuid| {
            world.count("SELECT COUNT(*) - (SELECT passkeys FROM staff_account WHERE staff_id = $1) FROM staff_passkey WHERE staff_id = $1", id)
        };
        let id: Uuid = siti.desk.get("/v1/officer/sessions/current").await.expect(200).text("officer_id").parse().unwrap();
        assert_eq!(kept(id).await, 0, "what is counted is there");

        // A log-in with a passkey that is removed at the same moment: before it, or not at all.
        world.later(30);
        let body = siti.body(&world, |_| {}).await;
        let removal = format!("/v1/officer/passkeys/{}/removal", siti.passkey_id);
        let by_code = proof(&world, &siti.log_in);
        let (removed, logged_in) =
            tokio::join!(siti.desk.post(&removal, &by_code), log_in_at(&world, &other, &body));
        removed.expect(204);
        assert!([201, 401].contains(&logged_in.status.as_u16()), "{}", logged_in.code());
        assert_eq!(kept(id).await, 0);
        let body = siti.body(&world, |_| {}).await;
        log_in_at(&world, &world.base, &body).await.expect_problem(401, "login_failed");
    })
    .await;
}
