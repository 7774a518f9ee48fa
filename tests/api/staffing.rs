//! Who joins, gets new secrets, leaves: asked by one person and granted by another, with a link that lives a day and works once. Nobody but
//! its owner ever knows a password.

use ikd::clock::{DAY, HOUR};
use ikd::register::Date;
use ikd::staff::model::AccountState;
use ikd::staff::store::{account, invitation};
use ikd::staff::{Post, Realm, Role};
use ikd::vault::Label;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::world::{LogIn, OFFICE, World};
use support::{each_engine, until};

const PASSWORD: &str = "lentera-kuning-di-dermaga";

/// Somebody of the national administration, logged in.
pub struct Official<'a> {
    world: &'a World,
    pub cookie: String,
}

impl Official<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.world.get(path).cookie(&self.cookie).send().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.world.request(Method::POST, path).cookie(&self.cookie);
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await
    }
}

pub async fn official<'a>(world: &'a World, name: &str, role: Role) -> Official<'a> {
    let new = world.accounts().add(Post::National(role), name, "Orang Pusat", None).await.unwrap();
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    official_with(world, &LogIn { username: name.to_owned(), password, totp_secret }).await
}

/// Somebody who has an account there.
pub async fn official_with<'a>(world: &'a World, log_in: &LogIn) -> Official<'a> {
    let answer = world.post("/v1/admin/sessions").json(&world.log_in_body(log_in)).send().await;
    Official { world, cookie: answer.expect(201).cookie.unwrap() }
}

const REQUESTS: &str = "/v1/admin/staff/requests";

fn newcomer(name: &str, role: &str) -> Value {
    json!({"username": name, "full_name": "Rina Kartika", "email": format!("{name}@dukcapil.example"), "role": role})
}

/// What stands behind `#` in the newest message to this address.
pub async fn link(world: &World, name: &str) -> String {
    world.app.deliver_mail().await.unwrap();
    let address = format!("{name}@dukcapil.example");
    let letter = world.letters().into_iter().find(|letter| letter.to == address && letter.text.contains("/undangan#"));
    let letter = letter.expect("a message");
    assert!(!letter.text.contains("Rina"), "a message names nobody");
    let (_, link) = letter.text.split_once("/undangan#").expect("a link");
    link.split_whitespace().next().unwrap().to_owned()
}

async fn open(world: &World, link: &str) -> Answer {
    world.post("/v1/invitations/open").json(&json!({"link": link})).send().await
}

/// Who the link is for, and what accepts it with the authenticator's code of now.
pub async fn acceptance(world: &World, link: &str, password: &str) -> (LogIn, Value) {
    let shown = open(world, link).await.expect(200);
    let totp_secret = shown.text("totp_secret");
    let log_in = LogIn { username: shown.text("username"), password: password.to_owned(), totp_secret };
    let body = json!({"link": link, "password": password, "totp": log_in.code(world.context.now())});
    (log_in, body)
}

async fn accept(world: &World, link: &str, password: &str) -> (LogIn, Answer) {
    let (log_in, body) = acceptance(world, link, password).await;
    (log_in, world.post("/v1/invitations/accept").json(&body).send().await)
}

async fn first_request(answer: Answer) -> String {
    answer.expect(200).json["items"][0]["request_id"].as_str().expect("a request").to_owned()
}

/// A head of [`OFFICE`] by the whole way, logged in.
pub async fn invited_head(world: &World) -> Officer {
    let log_in = head_by_link(world).await;
    world.log_in(&log_in).await
}

/// A head of [`OFFICE`] who took over what is behind the link.
async fn head_by_link(world: &World) -> LogIn {
    let (one, two) = (
        official(world, "pusat-satu", Role::Administrator).await,
        official(world, "pusat-dua", Role::Administrator).await,
    );
    let mut body = newcomer("kepala-baru", "head");
    body["office"] = OFFICE.into();
    assert_eq!(one.post("/v1/admin/staff", &body).await.expect(201).text("state"), "asked");
    let id = first_request(one.get("/v1/admin/staff/requests").await).await;
    let grant = format!("/v1/admin/staff/requests/{id}/grant");
    one.post(&grant, &json!({})).await.expect_problem(403, "forbidden");
    assert_eq!(world.letters_to("kepala-baru@dukcapil.example"), 0);
    two.post(&grant, &json!({})).await.expect(204);
    two.post(&grant, &json!({})).await.expect_problem(404, "not_found");
    let (log_in, answer) = accept(world, &link(world, "kepala-baru").await, PASSWORD).await;
    assert_eq!(answer.expect(200).text("page"), "/petugas");
    world.later(30);
    log_in
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_is_invited_by_two_and_the_office_takes_on_its_people_by_two() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let head = invited_head(&world).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let told = head.get("/v1/officer/sessions/current").await.expect(200).json;
        let half_a_year = Date::in_jakarta(world.context.now()).plus_days(183).unwrap();
        assert_eq!((&told["role"], told["last_day"].as_str()), (&json!("head"), Some(&*half_a_year.to_string())));

        // A supervisor asks, the head grants; not the other way round, and no head is an office's to choose.
        let path = "/v1/officer/staff";
        head.post(path, &newcomer("rina", "officer")).await.expect_problem(403, "forbidden");
        supervisor.post(path, &newcomer("rina", "head")).await.expect_problem(422, "invalid_field");
        supervisor.post(path, &newcomer("rina", "auditor")).await.expect_problem(422, "invalid_field");
        supervisor.post(path, &newcomer("rina", "assistant")).await.expect_problem(422, "invalid_field");
        supervisor.post(path, &newcomer("penyelia", "officer")).await.expect_problem(422, "invalid_field");
        supervisor.post(path, &newcomer("rina", "officer")).await.expect(201);
        let id = first_request(head.get("/v1/officer/staff/requests").await).await;
        let grant = format!("{path}/requests/{id}/grant");
        supervisor.post(&grant, &json!({})).await.expect_problem(403, "forbidden");
        head.post(&grant, &json!({})).await.expect(204);

        // The link: opened as often as wanted, used once, by a good password and a right code.
        let link = link(&world, "rina").await;
        assert_eq!(open(&world, &link).await.expect(200).json["office"], "Kantor Uji");
        let (_, weak) = accept(&world, &link, "rina.rina.rina").await;
        weak.expect_problem(422, "invalid_field");
        // Nor of where she is to work; the same where the operator sets one.
        let of_place = "xkqz kantor uji vbnwp";
        accept(&world, &link, of_place).await.1.expect_problem(422, "invalid_field");
        let by_command = ikd::secret::Redacted(of_place.to_owned());
        assert!(world.accounts().set_password(Realm::Office, "penyelia", &by_command).await.is_err());
        let body = json!({"link": link, "password": PASSWORD, "totp": "000000"});
        world.post("/v1/invitations/accept").json(&body).send().await.expect_problem(422, "invalid_field");
        let (log_in, body) = acceptance(&world, &link, PASSWORD).await;
        let send = || world.post("/v1/invitations/accept").json(&body).send();
        let (one, two) = tokio::join!(send(), send());
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 410], "one of two at one moment");
        open(&world, &link).await.expect_problem(410, "invitation_over");
        // The code that was shown is spent.
        let again = world.post("/v1/officer/sessions").json(&world.log_in_body(&log_in)).send().await;
        again.expect_problem(401, "login_failed");
        world.later(30);
        let rina = world.log_in(&log_in).await;
        rina.get(path).await.expect_problem(403, "forbidden");

        // Elsewhere nobody sees or touches her.
        let offices = ikd::office::Offices::new(world.context.clone());
        offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::default()).await.unwrap();
        let foreign = world.log_in(&world.add_person("kepala2", "UJI-02", Role::Head).await).await;
        let people = head.get(path).await.expect(200).json;
        let rina_id = people["items"][0]["staff_id"].as_str().unwrap().to_owned();
        assert_eq!(people["items"][0]["username"], "rina");
        assert!(!foreign.get(path).await.expect(200).json.to_string().contains("rina"));
        foreign.get(&format!("{path}?office={OFFICE}")).await.expect_problem(422, "invalid_field");
        for act in ["stop", "confirmation"] {
            foreign.post(&format!("{path}/{rina_id}/{act}"), &json!({})).await.expect_problem(404, "not_found");
        }

        // Confirmed while she works there; stopped at once by the head alone; back by two.
        world.later(20 * DAY);
        let head = world.log_in(&world.add_person("kepala3", OFFICE, Role::Head).await).await;
        let until = head.post(&format!("{path}/{rina_id}/confirmation"), &json!({})).await.expect(200).text("last_day");
        assert_eq!(until, Date::in_jakarta(world.context.now()).plus_days(183).unwrap().to_string());
        let rina = world.log_in(&log_in).await;
        head.post(&format!("{path}/{rina_id}/stop"), &json!({})).await.expect(204);
        rina.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
        head.post(&format!("{path}/{rina_id}/stop"), &json!({})).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_secrets_come_by_a_link_and_who_was_stopped_meanwhile_stays_out() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let nation = official(&world, "pusat", Role::Administrator).await;
        let second = official(&world, "pusat.dua", Role::Administrator).await;
        let auditor = official(&world, "periksa", Role::Auditor).await;
        let officer = world.add_person("rina", OFFICE, Role::Officer).await;
        let path = format!("/v1/admin/staff?office={OFFICE}");
        let id = auditor.get(&path).await.expect(200).json["items"][0]["staff_id"].as_str().unwrap().to_owned();
        let renewal = format!("/v1/admin/staff/{id}/renewal");
        let address = json!({"email": "rina@dukcapil.example", "language": "en"});
        auditor.post(&renewal, &address).await.expect_problem(403, "forbidden");

        // Nobody is let in by one person alone, not even by the national administration: that would be every second person of an office.
        let session = world.log_in(&officer).await;
        assert_eq!(nation.post(&renewal, &address).await.expect(201).text("state"), "asked");
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to("rina@dukcapil.example"), 0);
        let grant = format!("/v1/admin/staff/requests/{}/grant", first_request(nation.get(REQUESTS).await).await);
        nation.post(&grant, &json!({})).await.expect_problem(403, "forbidden");
        second.post(&grant, &json!({})).await.expect(204);
        // An older link stays good until one is used.
        let renew = async |by: &Official, with: &Official| {
            by.post(&renewal, &address).await.expect(201);
            let id = first_request(by.get(REQUESTS).await).await;
            with.post(&format!("{REQUESTS}/{id}/grant"), &json!({})).await.expect(204);
        };
        let (log_in, answer) = accept(&world, &link(&world, "rina").await, PASSWORD).await;
        answer.expect(200);
        session.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
        let old = world.post("/v1/officer/sessions").json(&world.log_in_body(&officer)).send().await;
        old.expect_problem(401, "login_failed");
        world.later(30);
        world.log_in(&log_in).await;

        // A link that was sent before somebody was stopped brings nobody back; one that was asked for afterwards does.
        renew(&nation, &second).await;
        let before = link(&world, "rina").await;
        world.accounts().set_active(Realm::Office, "rina", false).await.unwrap();
        open(&world, &before).await.expect_problem(410, "invitation_over");
        renew(&nation, &second).await;
        let after = link(&world, "rina").await;
        world.later(24 * HOUR - 1);
        let late = open(&world, &after).await.expect(200);
        let (log_in, answer) = accept(&world, &after, PASSWORD).await;
        answer.expect(200);
        assert_eq!(late.json["kind"], "renew");
        // Nor does it once they were let in again and stopped again: it was for the account as it was then.
        for path in [&before, &after] {
            open(&world, path).await.expect_problem(410, "invitation_over");
        }
        world.later(30);
        world.log_in(&log_in).await;
        let nation = official(&world, "pusat.lagi", Role::Administrator).await;
        let second = official(&world, "pusat.dua.lagi", Role::Administrator).await;
        // Of two links the one that was used ends the other; new secrets by command, coming back and being stopped end it too.
        let accounts = world.accounts();
        let renewed = async |by: &Official| {
            renew(by, &second).await;
            link(&world, "rina").await
        };
        for end in ["used", "renewed", "stopped"] {
            let first = renewed(&nation).await;
            match end {
                "used" => drop(accept(&world, &renewed(&nation).await, PASSWORD).await.1.expect(200)),
                "renewed" => drop(accounts.renew(Realm::Office, "rina").await.unwrap()),
                _ => {
                    accounts.set_active(Realm::Office, "rina", false).await.unwrap();
                    let back = renewed(&nation).await;
                    accounts.set_active(Realm::Office, "rina", true).await.unwrap();
                    accounts.set_active(Realm::Office, "rina", false).await.unwrap();
                    open(&world, &back).await.expect_problem(410, "invitation_over");
                    accounts.set_active(Realm::Office, "rina", true).await.unwrap();
                }
            }
            open(&world, &first).await.expect_problem(410, "invitation_over");
        }
        // What a second person granted stands, also when who asked for it is stopped.
        let other = official(&world, "sebentar", Role::Administrator).await;
        let of_other = renewed(&other).await;
        accounts.set_active(Realm::National, "sebentar", false).await.unwrap();
        open(&world, &of_other).await.expect(200);
        // A day later a link is worth nothing, whether or not it was swept; nor is one of somebody else's making.
        renew(&nation, &second).await;
        let link = link(&world, "rina").await;
        world.later(24 * HOUR);
        open(&world, &link).await.expect_problem(410, "invitation_over");
        assert!(world.app.sweeper().sweep(uuid::Uuid::nil()).await.unwrap());
        open(&world, &link).await.expect_problem(410, "invitation_over");
        for text in ["", "x", &link[1..], &"A".repeat(100)] {
            open(&world, text).await.expect_problem(410, "invitation_over");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_and_a_refusal_at_one_moment_are_one_of_both() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (supervisor, head) = (
            world.supervisor("penyelia", OFFICE).await,
            world.log_in(&world.add_person("kepala", OFFICE, Role::Head).await).await,
        );
        let nothing = json!({});
        for round in 0..4 {
            let name = format!("calon-{round}");
            supervisor.post("/v1/officer/staff", &newcomer(&name, "officer")).await.expect(201);
            let id = first_request(head.get("/v1/officer/staff/requests").await).await;
            let path = |act: &str| format!("/v1/officer/staff/requests/{id}/{act}");
            let (grant, refuse) = (path("grant"), path("refuse"));
            let (granted, refused) = tokio::join!(head.post(&grant, &nothing), supervisor.post(&refuse, &nothing));
            world.app.deliver_mail().await.unwrap();
            match (granted.status.as_u16(), refused.status.as_u16()) {
                // Refused after it was granted: the link counts no more.
                (204, 204) => {
                    for letter in world.letters().iter().filter(|letter| letter.to.starts_with(&name)) {
                        let link = letter.text.split_once("/undangan#").unwrap().1.split_whitespace().next().unwrap();
                        open(&world, link).await.expect_problem(410, "invitation_over");
                    }
                }
                (404, 204) => assert_eq!(world.letters_to(&format!("{name}@dukcapil.example")), 0),
                other => panic!("{other:?}"),
            }
        }
        // What somebody asked who was stopped meanwhile is not granted.
        supervisor.post("/v1/officer/staff", &newcomer("calon", "officer")).await.expect(201);
        let id = first_request(head.get("/v1/officer/staff/requests").await).await;
        let people = head.get("/v1/officer/staff").await.expect(200).json;
        let found = people["items"].as_array().unwrap().iter().find(|one| one["username"] == "penyelia").unwrap();
        let stop = format!("/v1/officer/staff/{}/stop", found["staff_id"].as_str().unwrap());
        head.post(&stop, &nothing).await.expect(204);
        head.post(&format!("/v1/officer/staff/requests/{id}/grant"), &nothing).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_told_of_a_log_in_from_another_browser_and_of_another_password() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let log_in = head_by_link(&world).await;
        let told = async || {
            world.app.deliver_mail().await.unwrap();
            let letters = world.letters().into_iter().filter(|letter| letter.to == "kepala-baru@dukcapil.example");
            let said: Vec<String> =
                letters.map(|letter| letter.text).filter(|text| !text.contains("/undangan#")).collect();
            for text in &said {
                assert!(
                    !text.contains("kepala-baru") && !text.contains("Rina") && !text.contains("Kantor Uji"),
                    "{text}"
                );
            }
            said
        };
        let enter = async |cookie: Option<&str>, body: &Value| {
            let request = world.post("/v1/officer/sessions").json(body);
            match cookie {
                Some(cookie) => request.header("Cookie", cookie).send().await,
                None => request.send().await,
            }
        };
        // A failed log-in tells nobody; a good one from a browser that is not known does.
        let mut wrong = world.log_in_body(&log_in);
        wrong["totp"] = "000000".into();
        enter(None, &wrong).await.expect_problem(401, "login_failed");
        assert_eq!(told().await.len(), 0);
        let first = enter(None, &world.log_in_body(&log_in)).await.expect(201);
        let letters = told().await;
        assert!(letters.len() == 1 && letters[0].contains("dibuka dari"), "{letters:?}");
        let cookies = first.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let browser =
            cookies.filter(|cookie| cookie.contains("browser")).map(|cookie| cookie.split(';').next().unwrap());
        let browser = browser.collect::<String>();
        world.later(30);
        enter(Some(&browser), &world.log_in_body(&log_in)).await.expect(201);
        assert_eq!(told().await.len(), 1, "the browser is known");
        world.later(30);
        let desk = world.log_in(&log_in).await;
        assert_eq!(told().await.len(), 2, "another browser");
        world.later(30);
        let totp = log_in.code(world.context.now());
        let body = json!({"password": PASSWORD, "totp": totp, "new_password": "tujuh ember hujan kemarin"});
        desk.post("/v1/officer/password", &body).await.expect(200);
        let letters = told().await;
        assert_eq!(letters.len(), 3);
        assert_eq!(letters.iter().filter(|text| text.contains("diganti")).count(), 1, "{letters:?}");
        // A link to new secrets, wherever it goes, and new secrets by a command: told at the address from before, for the link at once.
        let nation = official(&world, "pusat.satu", Role::Administrator).await;
        let second = official(&world, "pusat.dua", Role::Administrator).await;
        let people = nation.get(&format!("/v1/admin/staff?office={OFFICE}")).await.expect(200).json;
        let found = people["items"].as_array().unwrap().iter().find(|one| one["username"] == "kepala-baru").unwrap();
        let renewal = format!("/v1/admin/staff/{}/renewal", found["staff_id"].as_str().unwrap());
        nation.post(&renewal, &json!({"email": "lain@dukcapil.example", "language": "id"})).await.expect(201);
        let id = first_request(second.get("/v1/admin/staff/requests").await).await;
        second.post(&format!("/v1/admin/staff/requests/{id}/grant"), &json!({})).await.expect(204);
        let ordered = async || told().await.iter().filter(|text| text.contains("dipesan")).count();
        assert_eq!(ordered().await, 1);
        assert_eq!(world.letters_to("lain@dukcapil.example"), 1, "the link alone");
        // Whoever does what that message says, and sets another password, ends the link.
        let sent = world.letters().into_iter().find(|letter| letter.to == "lain@dukcapil.example").unwrap();
        let sent = sent.text.split_once("/undangan#").unwrap().1.split_whitespace().next().unwrap();
        open(&world, sent).await.expect(200);
        world.later(30);
        let totp = log_in.code(world.context.now());
        let body =
            json!({"password": "tujuh ember hujan kemarin", "totp": totp, "new_password": "delapan kursi rotan biru"});
        desk.post("/v1/officer/password", &body).await.expect(200);
        open(&world, sent).await.expect_problem(410, "invitation_over");
        let accounts = world.accounts();
        accounts.renew(Realm::Office, "kepala-baru").await.unwrap();
        accounts.reset_totp(Realm::Office, "kepala-baru").await.unwrap();
        assert_eq!(ordered().await, 3);
        let password = ikd::secret::Redacted(String::from("sembilan payung di jemuran"));
        accounts.set_password(Realm::Office, "kepala-baru", &password).await.unwrap();
        assert_eq!(told().await.iter().filter(|text| text.contains("diganti")).count(), 3);
        let told_so_far = told().await.len();
        // Who was added by a command has no address, and logs in as ever.
        world.officer("petugas-lama", OFFICE).await;
        assert_eq!(told().await.len(), told_so_far);
    })
    .await;
}

/// The link of the newest invitation for an address, before any message went out.
async fn unsent_link(world: &World) -> String {
    let sql = "SELECT invitation_id FROM staff_invitation WHERE state = 'sent' ORDER BY invitation_id DESC LIMIT 1";
    let mut tx = world.context.db.read().await.unwrap();
    let (id,): (uuid::Uuid,) = ikd::fetch_one!(&mut tx, (uuid::Uuid,), sql).unwrap();
    let context = &world.context;
    let sealed = context.vault.seal(Label::InvitationLink, &context.random, &[], id.as_bytes()).unwrap();
    ikd::base64url::encode(&sealed)
}

/// Sends the office's head a link to new secrets at another address, by two of the nation; gives their id.
async fn renew_elsewhere(world: &World) -> uuid::Uuid {
    let nation = official(world, "pusat.satu", Role::Administrator).await;
    let second = official(world, "pusat.dua", Role::Administrator).await;
    let people = nation.get(&format!("/v1/admin/staff?office={OFFICE}")).await.expect(200).json;
    let found = people["items"].as_array().unwrap().iter().find(|one| one["username"] == "kepala-baru").unwrap();
    let renewal = format!("/v1/admin/staff/{}/renewal", found["staff_id"].as_str().unwrap());
    nation.post(&renewal, &json!({"email": "lain@dukcapil.example", "language": "id"})).await.expect(201);
    let id = first_request(second.get("/v1/admin/staff/requests").await).await;
    second.post(&format!("/v1/admin/staff/requests/{id}/grant"), &json!({})).await.expect(204);
    found["staff_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_is_late_goes_to_the_address_of_when_it_was_ordered() {
    each_engine(async |context| {
        let world = World::open(context).await;
        head_by_link(&world).await;
        world.app.deliver_mail().await.unwrap();
        let before = world.letters_to("kepala-baru@dukcapil.example");
        renew_elsewhere(&world).await;
        // No message went out yet, and the link was used: the account's address is the other one.
        let link = unsent_link(&world).await;
        accept(&world, &link, PASSWORD).await.1.expect(200);
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters_to("kepala-baru@dukcapil.example"), before + 1, "whose account it was is told");
        assert_eq!(world.letters_to("lain@dukcapil.example"), 0, "and the one who took it over is not");
    })
    .await;
}

/// Waits until some statement of this database waits for another's.
async fn somebody_waits(world: &World) {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND $1 IS NOT NULL";
    until("somebody waits for a lock", 20, async || (world.count(sql, uuid::Uuid::nil()).await > 0).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_stopped_at_that_moment_asks_for_nothing_and_takes_no_link_with_them() {
    each_engine(async |context| {
        // SQLite has one writer: nothing happens at one moment there.
        if context.db.engine() == "sqlite" {
            return;
        }
        let world = World::open(context).await;
        head_by_link(&world).await;
        let head = renew_elsewhere(&world).await;
        let link = unsent_link(&world).await;
        let now = world.context.now();

        // The account comes before its invitations, whoever comes first: who stops somebody waits for nobody who waits for them.
        let (_, body) = acceptance(&world, &link, PASSWORD).await;
        let mut tx = world.context.db.write().await.unwrap();
        account::set_state(&mut tx, head, AccountState::Disabled).await.unwrap().either_way();
        let accepting = async { world.post("/v1/invitations/accept").json(&body).send().await };
        let stopping = async {
            somebody_waits(&world).await;
            // Shorter than what PostgreSQL takes for a deadlock: what is held is told at once.
            ikd::execute!(&mut tx, "SET LOCAL lock_timeout = '300ms'").unwrap();
            assert_eq!(invitation::end_about(&mut tx, head, now).await.expect("nobody holds the link"), 1);
            tx.commit().await.unwrap();
        };
        let (accepted, ()) = tokio::join!(accepting, stopping);
        accepted.expect_problem(410, "invitation_over");

        // One of the nation asks at the moment in which they are stopped.
        let (asker, id) = {
            let asker = official(&world, "pusat.tiga", Role::Administrator).await;
            let mut tx = world.context.db.read().await.unwrap();
            let found = account::by_name(&mut tx, Realm::National, "pusat.tiga").await.unwrap().unwrap();
            (asker, found.person.staff_id)
        };
        let mut body = newcomer("calon", "officer");
        body["office"] = OFFICE.into();
        let mut tx = world.context.db.write().await.unwrap();
        account::set_state(&mut tx, id, AccountState::Disabled).await.unwrap().either_way();
        let stopping = async {
            somebody_waits(&world).await;
            tx.commit().await.unwrap();
        };
        let (asked, ()) = tokio::join!(asker.post("/v1/admin/staff", &body), stopping);
        asked.expect_problem(401, "session_ended");
        let sent = "SELECT CAST(COUNT(*) AS BIGINT) FROM staff_invitation WHERE username = 'calon' AND $1 IS NOT NULL";
        assert_eq!(world.count(sent, uuid::Uuid::nil()).await, 0);
    })
    .await;
}

/// Each act about people once, for the test that all are written.
pub async fn every_act(world: &World) {
    let head = invited_head(world).await;
    let supervisor = world.supervisor("penyelia-pegawai", OFFICE).await;
    for act in ["refuse", "grant"] {
        supervisor.post("/v1/officer/staff", &newcomer("pegawai-baru", "officer")).await.expect(201);
        let id = first_request(head.get("/v1/officer/staff/requests").await).await;
        head.post(&format!("/v1/officer/staff/requests/{id}/{act}"), &json!({})).await.expect(204);
    }
    accept(world, &link(world, "pegawai-baru").await, PASSWORD).await.1.expect(200);
    let people = head.get("/v1/officer/staff").await.expect(200).json;
    let id = people["items"][0]["staff_id"].as_str().unwrap();
    head.post(&format!("/v1/officer/staff/{id}/confirmation"), &json!({})).await.expect(200);
    head.post(&format!("/v1/officer/staff/{id}/stop"), &json!({})).await.expect(204);
}
