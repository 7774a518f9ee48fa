//! A relying party's employees join by a link that an administrator of the party sends, one by one or by a list; nobody else ever knows a
//! password. The national administration stops an administrator by one, and lets one come back by two.

use ikd::clock::{DAY, MINUTE};
use ikd::relying_party::Quota;
use ikd::staff::{Post, Realm, Role};
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{BANK, LogIn, World};

use crate::partner::Desk;
use crate::proposals::{act, asked};
use crate::staffing::official;

const PASSWORD: &str = "lentera-kuning-di-dermaga";
const LISTS: &str = "/v1/partner/employee-lists";

impl Desk<'_> {
    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    async fn invite(&self, name: &str, email: &str) -> Answer {
        self.post("/v1/partner/invitations", &json!({"full_name": name, "email": email})).await
    }

    async fn judge(&self, list: &[u8]) -> Answer {
        let request = self.world.post(&format!("{LISTS}/check")).cookie(&self.cookie);
        request.header("Content-Type", "text/csv").body(list.to_vec()).send().await
    }

    async fn send_list(&self, list: &[u8], version: &str) -> Answer {
        let request = self.world.post(LISTS).cookie(&self.cookie).header("If-Match", format!("\"{version}\""));
        request.header("Content-Type", "text/csv").body(list.to_vec()).send().await
    }

    /// Ids of the open invitations, with the user names.
    async fn open(&self) -> Vec<(String, String)> {
        let page = self.get("/v1/partner/invitations?limit=100").await.expect(200).json;
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(one, "username"), text(one, "invitation_id")))
            .collect()
    }
}

async fn logged_in<'a>(world: &'a World, log_in: &LogIn) -> Desk<'a> {
    let body = world.log_in_body(log_in);
    let cookie = world.post("/v1/teller/sessions").json(&body).send().await.expect(201).cookie.unwrap();
    Desk { world, cookie }
}

async fn administrator_of<'a>(world: &'a World, party: &str, username: &str) -> Desk<'a> {
    let new = world.accounts().add(Post::PartyAdministrator(party), username, "Rina Uji", None).await.unwrap();
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    logged_in(world, &LogIn { username: username.to_owned(), password, totp_secret }).await
}

/// The links in the messages to an address.
async fn links(world: &World, email: &str) -> Vec<String> {
    world.app.deliver_mail().await.unwrap();
    let letters: Vec<_> =
        world.letters().into_iter().filter(|letter| letter.to == email && letter.text.contains("/undangan#")).collect();
    let link = |text: &str| text.split_once("/undangan#").unwrap().1.split_whitespace().next().unwrap().to_owned();
    letters.iter().map(|letter| link(&letter.text)).collect()
}

async fn open(world: &World, link: &str) -> Answer {
    world.post("/v1/invitations/open").json(&json!({"link": link})).send().await
}

/// What takes over what is behind a link.
async fn acceptance(world: &World, link: &str) -> (LogIn, Value) {
    let shown = open(world, link).await.expect(200);
    let (username, totp_secret) = (shown.text("username"), shown.text("totp_secret"));
    let log_in = LogIn { username, password: PASSWORD.to_owned(), totp_secret };
    let body = json!({"link": link, "password": PASSWORD, "totp": log_in.code(world.context.now())});
    (log_in, body)
}

/// Takes it over.
async fn accept(world: &World, link: &str) -> (LogIn, Answer) {
    let (log_in, body) = acceptance(world, link).await;
    (log_in, world.post("/v1/invitations/accept").json(&body).send().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_employee_joins_by_a_link_and_gets_new_secrets_by_another() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let rina = administrator_of(&world, BANK, "rina").await;
        let eko = administrator_of(&world, BANK, "eko").await;
        for (name, email, field) in
            [("", "d@bank.example", "full_name"), ("=1+1", "d@bank.example", "full_name"), ("Dewi", "d", "email")]
        {
            let refused = rina.invite(name, email).await.expect_problem(422, "invalid_field");
            assert_eq!(refused.json["fields"][0]["field"], field);
        }
        rina.invite("Dewi Lestari", "dewi@bank.example").await.expect(204);
        // By the same address nobody is invited twice, and the name that was made is promised.
        rina.invite("Dewi L", "Dewi@bank.example").await.expect_problem(422, "invalid_field");
        rina.invite("Dewi Lestari", "dewi.2@bank.example").await.expect(204);
        assert_eq!(rina.open().await.iter().map(|one| &*one.0).collect::<Vec<_>>(), ["dewi.lestari2", "dewi.lestari"]);
        let page = rina.get("/v1/partner/invitations").await.json.to_string();
        assert!(!page.contains("dewi@bank"), "where it went is told to nobody");

        // Sent anew: the former link opens nothing. Taken back: neither does the other. By either of the administrators.
        let first = links(&world, "dewi@bank.example").await;
        open(&world, &first[0]).await.expect(200);
        let id = rina.open().await[1].1.clone();
        eko.post(&format!("/v1/partner/invitations/{id}/resend"), &Value::Null).await.expect(204);
        eko.post(&format!("/v1/partner/invitations/{id}/resend"), &Value::Null).await.expect_problem(404, "not_found");
        open(&world, &first[0]).await.expect_problem(410, "invitation_over");
        let again = links(&world, "dewi@bank.example").await;
        let second = again.iter().find(|link| **link != first[0]).unwrap();
        let other = rina.open().await.into_iter().find(|one| one.0 == "dewi.lestari2").unwrap().1;
        rina.send(Method::DELETE, &format!("/v1/partner/invitations/{other}"), &Value::Null).await.expect(204);
        let taken_back = links(&world, "dewi.2@bank.example").await;
        open(&world, &taken_back[0]).await.expect_problem(410, "invitation_over");
        let (log_in, done) = accept(&world, second).await;
        assert_eq!(done.expect(200).text("page"), "/verifikasi");
        world.later(30);
        let dewi = logged_in(&world, &log_in).await;
        dewi.get("/v1/teller/verifications").await.expect(200);
        dewi.get("/v1/partner/invitations").await.expect_problem(403, "forbidden");
        assert_eq!(rina.open().await, []);

        // New secrets: the former count until the link is used. Nobody of another party, and no administrator, is reached.
        let person = rina.get("/v1/partner/employees").await.expect(200).json;
        let find = |name: &str| {
            let one = person["items"].as_array().unwrap().iter().find(|one| one["username"] == name).unwrap();
            one["employee_id"].as_str().unwrap().to_owned()
        };
        let renewal = |id: &str| format!("/v1/partner/employees/{id}/renewal");
        let address = json!({"email": "dewi.baru@bank.example", "language": "en"});
        rina.post(&renewal(&find("eko")), &address).await.expect_problem(404, "not_found");
        let dewis = find("dewi.lestari");
        rina.post(&format!("/v1/partner/employees/{dewis}/disable"), &Value::Null).await.expect(204);
        dewi.get("/v1/teller/verifications").await.expect_problem(401, "session_ended");
        rina.post(&renewal(&dewis), &address).await.expect(204);
        // Let in again meanwhile: the link was for somebody who comes back, and is over.
        let link = links(&world, "dewi.baru@bank.example").await.remove(0);
        rina.post(&format!("/v1/partner/employees/{dewis}/enable"), &Value::Null).await.expect(204);
        open(&world, &link).await.expect_problem(410, "invitation_over");
        rina.post(&format!("/v1/partner/employees/{dewis}/disable"), &Value::Null).await.expect(204);
        open(&world, &link).await.expect_problem(410, "invitation_over");
        rina.post(&renewal(&dewis), &address).await.expect(204);
        let sent = links(&world, "dewi.baru@bank.example").await;
        let link = sent.into_iter().find(|one| *one != link).unwrap();
        let (log_in, done) = accept(&world, &link).await;
        done.expect(200);
        world.later(30);
        logged_in(&world, &log_in).await.get("/v1/teller/verifications").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_judged_whole_and_sent_as_it_was_shown() {
    each_engine(async |context| {
        let world = World::open(context).await;
        world.add_employee("agus.salim").await;
        let rina = administrator_of(&world, BANK, "rina").await;
        rina.invite("Sari", "sari@bank.example").await.expect(204);
        let wrong = "\u{feff}Nama;Surel;Nama Pengguna\r\nAgus Salim;agus@bank.example;\r\n=cmd();x@bank.example;\r\n\
            Budi;bukan;\r\nCici;SARI@bank.example;\r\nDedi;agus@bank.example;\r\nEma;ema@bank.example;agus.salim\r\n\
            Fani;fani@bank.example;F\r\nGita;gita@bank.example;gita\r\nHana;hana@bank.example;gita\r\n";
        let judged = rina.judge(wrong.as_bytes()).await.expect(200).json;
        assert_eq!(judged["version"], Value::Null);
        let found: Vec<_> = judged["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["row"].as_i64().unwrap(), one["field"].as_str().unwrap()))
            .collect();
        let wanted = [
            (3, "full_name"),
            (4, "email"),
            (5, "email"),
            (6, "email"),
            (7, "username"),
            (8, "username"),
            (10, "username"),
        ];
        assert_eq!(found, wanted, "{judged}");
        let refused = rina.send_list(wrong.as_bytes(), "x").await.expect_problem(422, "invalid_field");
        assert_eq!(refused.json["fields"][0]["field"], "rows.3.full_name");
        assert_eq!(rina.open().await.len(), 1, "nothing of it is written");
        rina.judge(b"nama;surel\nJos\xe9;j@b.example").await.expect_problem(422, "invalid_field");
        rina.judge(&vec![b'x'; 256 * 1024 + 1]).await.expect_problem(413, "too_large");
        rina.post(&format!("{LISTS}/check"), &json!({})).await.expect_problem(415, "unsupported_media_type");

        // Names are suggested around those that are somebody's. What is sent is what was shown, or nothing.
        let good = "email,name\nagus@bank.example,Agus Salim\nagus.2@bank.example,\"Agus Salim, S.H.\"\n";
        let judged = rina.judge(good.as_bytes()).await.expect(200);
        let names: Vec<_> =
            judged.json["items"].as_array().unwrap().iter().map(|one| one["username"].clone()).collect();
        assert_eq!((names, &judged.json["problems"]), (vec![json!("agus.salim2"), json!("agus.salim3")], &json!([])));
        let version = judged.text("version");
        rina.send_list(good.as_bytes(), "another").await.expect_problem(409, "wrong_state");
        rina.invite("Agus Salim", "agus.3@bank.example").await.expect(204);
        rina.send_list(good.as_bytes(), &version).await.expect_problem(409, "wrong_state");
        let version = rina.judge(good.as_bytes()).await.expect(200).text("version");
        // Two at one moment: one is written, whole.
        let sari = administrator_of(&world, BANK, "sari.admin").await;
        let (one, two) =
            tokio::join!(rina.send_list(good.as_bytes(), &version), sari.send_list(good.as_bytes(), &version));
        let done = [&one, &two].into_iter().filter(|answer| answer.status == 201).count();
        assert_eq!(done, 1, "{} {}", one.status, two.status);
        assert_eq!(rina.open().await.len(), 4);

        // Residents' codes go out between its messages: the second is due later than the first.
        world.app.deliver_mail().await.unwrap();
        assert_eq!((world.letters_to("agus@bank.example"), world.letters_to("agus.2@bank.example")), (1, 0));
        world.later(2);
        assert_eq!(links(&world, "agus.2@bank.example").await.len(), 1);

        // Used against taken back, at one moment: one of them.
        let link = links(&world, "agus@bank.example").await.remove(0);
        let id = rina.open().await.into_iter().find(|one| one.0 == "agus.salim3").unwrap().1;
        let path = format!("/v1/partner/invitations/{id}");
        let (_, body) = acceptance(&world, &link).await;
        let used = world.post("/v1/invitations/accept").json(&body).send();
        let (taken, used) = tokio::join!(rina.send(Method::DELETE, &path, &Value::Null), used);
        assert!((taken.status == 204) != (used.status == 200), "{} {}", taken.status, used.status);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_has_a_share_of_links_and_people() {
    let world = World::on(support::Engine::Sqlite).await;
    let rina = administrator_of(&world, BANK, "rina").await;
    let list = |from: usize, n: usize| {
        let line = |at: usize| format!("Orang {at};o{at}@bank.example;orang{at}\n");
        format!("nama;surel;username\n{}", (from..from + n).map(line).collect::<String>()).into_bytes()
    };
    let sent = async |from, n| {
        let list = list(from, n);
        let version = rina.judge(&list).await.expect(200).text("version");
        rina.send_list(&list, &version).await
    };
    assert_eq!(sent(0, 500).await.expect(201).json["invited"], 500);
    let full = rina.invite("Satu Lagi", "lagi@bank.example").await.expect_problem(429, "too_many");
    assert!(full.json["detail"].as_str().unwrap().contains("500"), "{}", full.json);
    world.later(12 * 60 * MINUTE);
    let rina = administrator_of(&world, BANK, "rina-2").await;
    rina.invite("Satu Lagi", "lagi@bank.example").await.expect_problem(429, "too_many");
    world.later(12 * 60 * MINUTE + 1);
    let rina = administrator_of(&world, BANK, "rina-3").await;
    rina.invite("Satu Lagi", "lagi@bank.example").await.expect(204);
    // Another party's share is its own.
    world
        .app
        .relying_parties
        .add("Toko", ikd::attribute::AttributeSet::FULL, &[support::world::purpose("x")])
        .await
        .unwrap();
    let toko = administrator_of(&world, "Toko", "tono").await;
    toko.invite("Tini", "tini@toko.example").await.expect(204);
    toko.invite("Satu Lagi", "satu@toko.example").await.expect(204);
    let names: Vec<_> = toko.open().await.into_iter().map(|one| one.0).collect();
    assert_eq!(names, ["satu.lagi2", "tini"], "user names are one for all parties");
    let foreign = rina.open().await[0].1.clone();
    toko.send(Method::DELETE, &format!("/v1/partner/invitations/{foreign}"), &Value::Null)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stops_an_administrator_and_two_let_them_come_back() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let rina = administrator_of(&world, BANK, "rina").await;
        rina.invite("Kawan Rina", "kawan@luar.example").await.expect(204);
        let link = links(&world, "kawan@luar.example").await.remove(0);
        let (one, two) = (
            official(&world, "pusat-satu", Role::Administrator).await,
            official(&world, "pusat-dua", Role::Administrator).await,
        );
        let auditor = official(&world, "periksa", Role::Auditor).await;
        let list = one.get("/v1/admin/parties").await.expect(200).json;
        let party =
            list["items"].as_array().unwrap().iter().find(|item| item["name"] == BANK).unwrap()["party_id"].clone();
        let page = format!("/v1/admin/parties/{}", party.as_str().unwrap());
        let seen = async || one.get(&page).await.expect(200).json["administrators"][0].clone();
        let id = seen().await["administrator_id"].as_str().unwrap().to_owned();
        let path = |what: &str| format!("/v1/admin/party-administrators/{id}/{what}");
        let reason = json!({"reason": "Ponsel dicuri"});
        auditor.post(&path("stop"), &reason).await.expect_problem(403, "forbidden");
        one.post(&path("stop"), &json!({"reason": " "})).await.expect_problem(422, "invalid_field");
        let stop = path("stop");
        // Stopped while she invites one more: she did so before, and it is taken back with the rest, or may not.
        let (stopped, invited) = tokio::join!(one.post(&stop, &reason), rina.invite("Satu Lagi", "lagi@luar.example"));
        stopped.expect(204);
        assert!(matches!(invited.status.as_u16(), 204 | 401), "{}", invited.status);
        two.post(&path("stop"), &reason).await.expect_problem(409, "wrong_state");
        rina.get("/v1/partner").await.expect_problem(401, "session_ended");
        open(&world, &link).await.expect_problem(410, "invitation_over");
        for late in links(&world, "lagi@luar.example").await {
            open(&world, &late).await.expect_problem(410, "invitation_over");
        }
        let told = seen().await;
        assert_eq!((&told["active"], &told["stopped_reason"]), (&json!(false), &json!("Ponsel dicuri")));

        // Stopped by the operator, it is the same: what she sent is sent no more.
        let sari = administrator_of(&world, BANK, "sari.admin").await;
        sari.invite("Tini", "tini@bank.example").await.expect(204);
        let link = links(&world, "tini@bank.example").await.remove(0);
        world.accounts().set_active(Realm::RelyingParty, "sari.admin", false).await.unwrap();
        open(&world, &link).await.expect_problem(410, "invitation_over");

        // A quota that was asked for while another one was in force replaces no third.
        let quota = json!({"per_day": 9000, "reason": "Cabang baru"});
        let raised = asked(&one, &format!("{page}/quota"), &quota).await;
        let lower = Quota { per_minute: None, per_day: Some(5) };
        world.app.relying_parties.set_quota(BANK, lower).await.unwrap();
        two.post(&act(&raised, "grant"), &Value::Null).await.expect_problem(409, "wrong_state");
        assert_eq!(one.get(&page).await.expect(200).json["quota"]["per_day"], 5);

        // Nobody lets her in alone: neither a colleague of the bank, nor one of the nation.
        let eko = administrator_of(&world, BANK, "eko").await;
        eko.post(&format!("/v1/partner/employees/{id}/enable"), &Value::Null).await.expect_problem(404, "not_found");
        let body = json!({"email": "rina@bank.example", "reason": "Ponsel baru"});
        let proposal = asked(&one, &path("renewal"), &body).await;
        one.post(&act(&proposal, "grant"), &Value::Null).await.expect_problem(403, "forbidden");
        assert_eq!(links(&world, "rina@bank.example").await.len(), 0);
        two.post(&act(&proposal, "grant"), &Value::Null).await.expect(204);
        let link = links(&world, "rina@bank.example").await.remove(0);
        let (log_in, done) = accept(&world, &link).await;
        done.expect(200);
        world.later(30);
        logged_in(&world, &log_in).await.get("/v1/partner").await.expect(200);
        assert_eq!(seen().await["stopped_reason"], Value::Null);

        // Asked for while she worked, granted after she was stopped: that waits for somebody to refuse it.
        let proposal = asked(&one, &path("renewal"), &body).await;
        one.post(&path("stop"), &reason).await.expect(204);
        two.post(&act(&proposal, "grant"), &Value::Null).await.expect_problem(409, "wrong_state");
        world.later(DAY);
    })
    .await;
}

/// Each act of this file once, for the list of acts that are written.
pub async fn every_act(world: &World) {
    let rina = administrator_of(world, BANK, "rina-akhir").await;
    rina.invite("Dewi Lestari", "dewi@bank.example").await.expect(204);
    let invitation = async || format!("/v1/partner/invitations/{}", rina.open().await[0].1);
    rina.post(&format!("{}/resend", invitation().await), &Value::Null).await.expect(204);
    rina.send(Method::DELETE, &invitation().await, &Value::Null).await.expect(204);
    let list = b"nama;surel\nAgus Salim;agus@bank.example\n";
    let version = rina.judge(list).await.expect(200).text("version");
    rina.send_list(list, &version).await.expect(201);
    let employee = world.accounts().add(Post::RelyingParty(BANK), "sari-akhir", "Sari", None).await.unwrap().staff_id;
    let address = json!({"email": "sari@bank.example"});
    rina.post(&format!("/v1/partner/employees/{employee}/renewal"), &address).await.expect(204);
    world.app.relying_parties.set_quota(BANK, Default::default()).await.unwrap();
    let manager =
        world.accounts().add(Post::PartyAdministrator(BANK), "eko-akhir", "Eko", None).await.unwrap().staff_id;
    let one = official(world, "pusat-akhir", Role::Administrator).await;
    let path = format!("/v1/admin/party-administrators/{manager}/stop");
    one.post(&path, &json!({"reason": "Ponsel dicuri"})).await.expect(204);
}
