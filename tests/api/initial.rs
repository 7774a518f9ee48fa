//! Secrets that an operator made, typed or saw open one thing: the choice of one's own. They end after a day.

use std::collections::BTreeSet;

use ikd::clock::{DAY, HOUR};
use ikd::error::Language;
use ikd::login::totp;
use ikd::staff::invitation::send_link;
use ikd::staff::{Post, Realm, Role, Secrets};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{BANK, LogIn, OFFICE, World};

const OWN: &str = "enam layang putih sore";

fn shown(username: &str, new: &Secrets) -> LogIn {
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    LogIn { username: username.to_owned(), password, totp_secret }
}

/// An officer whom a command added.
async fn officer(world: &World, name: &str) -> LogIn {
    let post = Post::Office(OFFICE, Role::Officer);
    shown(name, &world.commands().add(post, name, "Petugas Baru", None).await.unwrap())
}

/// A code of an authenticator now.
fn code(world: &World, secret: &str) -> String {
    totp::code(&totp::from_base32(secret).unwrap(), world.context.now()).unwrap()
}

async fn try_log_in(world: &World, realm: &str, log_in: &LogIn) -> Answer {
    world.post(&format!("/v1/{realm}/sessions")).json(&world.log_in_body(log_in)).send().await
}

/// A session of somebody, whatever they have to choose.
struct Session<'a> {
    world: &'a World,
    realm: &'static str,
    cookie: String,
    who: Value,
}

impl<'a> Session<'a> {
    async fn of(world: &'a World, realm: &'static str, log_in: &LogIn) -> Self {
        let answer = try_log_in(world, realm, log_in).await.expect(201);
        Self { world, realm, cookie: answer.cookie.clone().unwrap(), who: answer.json }
    }

    async fn get(&self, path: &str) -> Answer {
        self.world.get(&format!("/v1/{}{path}", self.realm)).cookie(&self.cookie).send().await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world.post(&format!("/v1/{}{path}", self.realm)).cookie(&self.cookie).json(body).send().await
    }

    /// The authenticator secret to take over.
    async fn secret(&self) -> String {
        self.get("/secrets").await.expect(200).text("totp_secret")
    }

    async fn choose(&self, password: Option<&str>, totp: Option<&str>) -> Answer {
        let mut body = json!({});
        for (name, value) in [("new_password", password), ("totp", totp)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        self.post("/secrets", &body).await
    }
}

/// What is answered before somebody has chosen, of the paths of one realm.
fn is_open(method: &str, path: &str) -> bool {
    let (_, rest) = path.trim_start_matches("/v1/").split_once('/').unwrap();
    matches!(
        (method, rest),
        // Whoever asks is not known there.
        ("post", "sessions" | "sessions/passkey")
            | ("get" | "delete", "sessions/current")
            | ("post", "sessions/current/resume")
            | ("get" | "post", "secrets")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn initial_secrets_open_nothing_but_the_choice_of_ones_own() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let commands = world.commands();
        let description = world.get("/openapi.json").send().await.expect(200).json;
        let endpoints: Vec<(String, String)> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())))
            .collect();
        let mut asked = BTreeSet::new();
        for (realm, name, post, prefixes) in [
            ("officer", "petugas-baru", Post::Office(OFFICE, Role::Head), vec!["/v1/officer/"]),
            ("admin", "pusat-baru", Post::National(Role::Administrator), vec!["/v1/admin/"]),
            ("teller", "dewi-baru", Post::RelyingParty(BANK), vec!["/v1/teller/"]),
            ("teller", "rina-baru", Post::PartyAdministrator(BANK), vec!["/v1/teller/", "/v1/partner/"]),
        ] {
            let new = commands.add(post, name, "Orang Baru", None).await.unwrap();
            let session = Session::of(&world, realm, &shown(name, &new)).await;
            assert_eq!(session.who["needs_secrets"], true, "{}", session.who);
            for (method, path) in &endpoints {
                if !prefixes.iter().any(|prefix| path.starts_with(prefix)) || is_open(method, path) {
                    continue;
                }
                let mut filled = path.clone();
                while let Some((before, rest)) = filled.clone().split_once('{') {
                    let (_, after) = rest.split_once('}').unwrap();
                    filled = format!("{before}{}{after}", uuid::Uuid::nil());
                }
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = world.request(method, &filled).cookie(&session.cookie);
                request.send().await.expect_problem(403, "secrets_required");
                asked.insert(path.clone());
            }
            let current = session.get("/sessions/current").await.expect(200).json;
            assert_eq!(current["needs_secrets"], true);
        }
        for path in ["/v1/officer/password", "/v1/officer/passkeys", "/v1/partner/keys", "/v1/admin/staff"] {
            assert!(asked.contains(path), "{path} is no endpoint any more");
        }
        assert!(asked.len() > 150, "{} endpoints were asked", asked.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_chosen_is_new_strong_and_shown_to_work() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let initial = officer(&world, "petugas-baru").await;
        let session = Session::of(&world, "officer", &initial).await;
        let asked = session.get("/secrets").await.expect(200).json;
        assert_eq!((&asked["password"], asked["totp_address"].is_string()), (&json!(true), true), "{asked}");
        let secret = session.secret().await;
        assert!(
            secret.len() == 32 && secret != initial.totp_secret,
            "20 bytes in Base32, and others than were printed"
        );
        let right = code(&world, &secret);
        let field = |answer: Answer| answer.expect_problem(422, "invalid_field").json["fields"][0]["field"].clone();
        let weak = "petugas petugas";
        assert_eq!(field(session.choose(None, Some(&right)).await), "new_password");
        assert_eq!(field(session.choose(Some(OWN), None).await), "totp");
        assert_eq!(field(session.choose(Some(weak), Some(&right)).await), "password");
        let wrong = session.choose(Some(OWN), Some("000000")).await;
        assert_eq!(wrong.json["service_time"], json!(world.context.now()), "a phone's clock may be off");
        assert_eq!(field(wrong), "totp");
        let printed = code(&world, &initial.totp_secret);
        assert_eq!(field(session.choose(Some(OWN), Some(&printed)).await), "totp", "the one that was printed");
        let same = Some(initial.password.as_str());
        assert_eq!(field(session.choose(same, Some(&right)).await), "new_password", "the operator knows it");
        assert_eq!(session.get("/sessions/current").await.json["needs_secrets"], true, "nothing is chosen yet");

        let chosen = session.choose(Some(OWN), Some(&right)).await.expect(200);
        assert_eq!(chosen.json["needs_secrets"], false);
        session.get("/sessions/current").await.expect_problem(401, "session_ended");
        let session = Session { cookie: chosen.cookie.unwrap(), ..session };
        session.get("/sessions").await.expect(200);
        session.get("/secrets").await.expect_problem(409, "wrong_state");
        session.choose(Some("tujuh ember hujan kemarin"), None).await.expect_problem(409, "wrong_state");
        // What was printed opens nothing any more; the code that was shown does not count twice.
        try_log_in(&world, "officer", &initial).await.expect_problem(401, "login_failed");
        let own = LogIn { password: OWN.to_owned(), totp_secret: secret, ..initial.clone() };
        try_log_in(&world, "officer", &own).await.expect_problem(401, "login_failed");
        world.later(30);
        let again = Session::of(&world, "officer", &own).await;
        assert_eq!(again.who["needs_secrets"], false);
        world.later(30);
        let mixed = LogIn { totp_secret: initial.totp_secret.clone(), ..own };
        try_log_in(&world, "officer", &mixed).await.expect_problem(401, "login_failed");
    })
    .await;
}

/// An operator may log in with what was printed, before its owner does: that session knows nothing of what the owner chooses.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_know_initial_secrets_one_chooses() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for round in 0..4 {
            let initial = officer(&world, &format!("petugas-{round}")).await;
            let operator = Session::of(&world, "officer", &initial).await;
            world.later(30);
            let owner = Session::of(&world, "officer", &initial).await;
            let secrets = (operator.secret().await, owner.secret().await);
            assert_ne!(secrets.0, secrets.1);
            let codes = (code(&world, &secrets.0), code(&world, &secrets.1));
            let foreign = owner.choose(Some(OWN), Some(&codes.0)).await;
            assert_eq!(foreign.expect_problem(422, "invalid_field").json["fields"][0]["field"], "totp");
            let (one, two) = tokio::join!(
                operator.choose(Some("lima payung biru laut"), Some(&codes.0)),
                owner.choose(Some(OWN), Some(&codes.1))
            );
            let both = [one, two];
            let won = both.iter().filter(|answer| answer.status == 200).count();
            assert_eq!(won, 1, "{} {}", both[0].json, both[1].json);
            for answer in both.iter().filter(|answer| answer.status != 200) {
                assert_eq!((answer.status.as_u16(), answer.code()), (401, "session_ended"), "{}", answer.json);
            }
            // Whoever lost is out, and finds that somebody else chose.
            for session in [operator, owner] {
                session.get("/sessions/current").await.expect_problem(401, "session_ended");
            }
            world.later(30);
            try_log_in(&world, "officer", &initial).await.expect_problem(401, "login_failed");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn initial_secrets_end_after_a_day_with_their_sessions() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let initial = officer(&world, "petugas-baru").await;
        world.later(DAY - HOUR);
        let late = Session::of(&world, "officer", &initial).await;
        let secret = late.secret().await;
        world.later(20 * 60);
        late.get("/sessions/current").await.expect(200);
        world.later(20 * 60);
        late.get("/sessions/current").await.expect(200);
        world.later(20 * 60);
        late.choose(Some(OWN), Some(&code(&world, &secret))).await.expect_problem(401, "session_ended");
        let refused = try_log_in(&world, "officer", &initial).await.expect_problem(401, "login_failed");
        let said = |answer: &Answer| answer.json["detail"].as_str().unwrap().contains("dibuatkan untuk Anda");
        assert!(said(&refused), "{}", refused.json);
        // Who does not know both is told nothing.
        world.later(30);
        let guess = LogIn { password: String::from("bukan kata sandinya"), ..initial.clone() };
        assert!(!said(&try_log_in(&world, "officer", &guess).await.expect_problem(401, "login_failed")));

        // A new password alone does not make the authenticator of that day count again; new ones of both do.
        let commands = world.commands();
        let password = String::from("lima payung biru laut");
        commands.set_password(Realm::Office, "petugas-baru", &password.clone().into()).await.unwrap();
        let half = LogIn { password: password.clone(), ..initial.clone() };
        assert!(said(&try_log_in(&world, "officer", &half).await.expect_problem(401, "login_failed")));
        let (_, totp) = commands.reset_totp(Realm::Office, "petugas-baru").await.unwrap();
        let renewed = LogIn { password, totp_secret: totp.secret.expose().clone(), ..initial };
        let session = Session::of(&world, "officer", &renewed).await;
        let secret = session.secret().await;
        session.choose(Some(OWN), Some(&code(&world, &secret))).await.expect(200);
        // What people chose themselves does not end.
        world.later(30 * DAY);
        let own = LogIn { password: OWN.to_owned(), totp_secret: secret, ..renewed };
        assert_eq!(Session::of(&world, "officer", &own).await.who["needs_secrets"], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_asks_for_what_was_reset_alone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let commands = world.commands();
        let mut own = world.add_officer("petugas", OFFICE).await;
        let before = Session::of(&world, "officer", &own).await;
        assert_eq!(before.who["needs_secrets"], false);
        let password = String::from("lima payung biru laut");
        commands.set_password(Realm::Office, "petugas", &password.clone().into()).await.unwrap();
        before.get("/sessions/current").await.expect_problem(401, "session_ended");
        world.later(30);
        let session = Session::of(&world, "officer", &LogIn { password, ..own.clone() }).await;
        let asked = session.get("/secrets").await.expect(200).json;
        assert_eq!((&asked["password"], &asked["totp_secret"]), (&json!(true), &Value::Null));
        let refused = session.choose(Some(OWN), Some("000000")).await.expect_problem(422, "invalid_field");
        assert_eq!(refused.json["fields"][0]["field"], "totp");
        session.choose(Some(OWN), None).await.expect(200);
        own.password = OWN.to_owned();
        world.later(30);
        Session::of(&world, "officer", &own).await.get("/sessions").await.expect(200);

        let (_, totp) = commands.reset_totp(Realm::Office, "petugas").await.unwrap();
        own.totp_secret = totp.secret.expose().clone();
        let session = Session::of(&world, "officer", &own).await;
        let asked = session.get("/secrets").await.expect(200).json;
        assert_eq!((&asked["password"], asked["totp_secret"].is_string()), (&json!(false), true));
        let secret = session.secret().await;
        let right = code(&world, &secret);
        session.choose(Some("tujuh ember hujan kemarin"), Some(&right)).await.expect_problem(422, "invalid_field");
        let chosen = session.choose(None, Some(&right)).await.expect(200);
        own.totp_secret = secret;
        world.later(30);
        Session::of(&world, "officer", &own).await.get("/sessions").await.expect(200);
        assert_eq!(chosen.json["needs_secrets"], false);

        // An employee's reset makes both anew.
        let teller = world.add_employee("dewi").await;
        let both = commands.renew(Realm::RelyingParty, "dewi").await.unwrap();
        try_log_in(&world, "teller", &teller).await.expect_problem(401, "login_failed");
        let session = Session::of(&world, "teller", &shown("dewi", &both)).await;
        let secret = session.secret().await;
        session.choose(Some(OWN), Some(&code(&world, &secret))).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_link_that_an_operator_sends_nobody_else_knows_anything() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let whom = (Realm::Office, "petugas-baru");
        let send =
            async |other| send_link(&world.context, whom, other).await.map_err(|error| error.code().unwrap().as_str());
        let initial = officer(&world, "petugas-baru").await;
        assert_eq!(send(None).await, Err("invalid_field"), "no address is known");
        assert_eq!(send(Some(("bukan alamat", Language::Indonesian))).await, Err("invalid_field"));
        let address = Some(("petugas-baru@dukcapil.example", Language::Indonesian));
        send(address).await.unwrap();
        // Whoever found what was printed does not come before the link.
        try_log_in(&world, "officer", &initial).await.expect_problem(401, "login_failed");
        let link = crate::staffing::link(&world, "petugas-baru").await;
        let (own, body) = crate::staffing::acceptance(&world, &link, OWN).await;
        world.post("/v1/invitations/accept").json(&body).send().await.expect(200);
        world.later(30);
        assert_eq!(Session::of(&world, "officer", &own).await.who["needs_secrets"], false);
        try_log_in(&world, "officer", &initial).await.expect_problem(401, "login_failed");

        // Now the address is known; of two links the later one counts. Where a link went stands in the log.
        let sent = async || crate::acts::done(&world).await;
        assert!(sent().await.contains("secrets_link_sent_elsewhere") && !sent().await.contains("secrets_link_sent"));
        send(None).await.unwrap();
        assert!(sent().await.contains("secrets_link_sent"));
        let before = crate::staffing::link(&world, "petugas-baru").await;
        let (_, before) = crate::staffing::acceptance(&world, &before, "tujuh ember hujan kemarin").await;
        send(None).await.unwrap();
        world.post("/v1/invitations/accept").json(&before).send().await.expect_problem(410, "invitation_over");
        world.commands().set_active(Realm::Office, "petugas-baru", false).await.unwrap();
        assert_eq!(send(None).await, Err("wrong_state"));
        assert_eq!(
            send_link(&world.context, (Realm::National, "petugas-baru"), address)
                .await
                .unwrap_err()
                .code()
                .unwrap()
                .as_str(),
            "not_found"
        );
    })
    .await;
}
