//! Every act that the audit log declares is written when it happens.

use std::collections::BTreeSet;

use ikd::audit::Action;
use ikd::clock::DAY;
use ikd::device::client::PinKey;
use ikd::figure::model::{Basis, Rate};
use ikd::figure::{Counting, Regions};
use ikd::register::service::Switch;
use ikd::register::{Date, LocalRegister, Region};
use ikd::staff::{Post, Realm, Role};
use reqwest::Method;
use serde_json::{Value, json};

use support::acts::BY_COMMAND;
use support::client::Officer;
use support::each_engine;

use support::world::{Applicant, BANK, LogIn, OFFICE, PASSWORD, World, approval};

pub async fn done(world: &World) -> BTreeSet<String> {
    let mut tx = world.context.db.read().await.unwrap();
    let rows = ikd::fetch_all!(&mut tx, (String,), "SELECT DISTINCT action FROM audit_event WHERE outcome = 'done'");
    rows.unwrap().into_iter().map(|(action,)| action).collect()
}

async fn cards(world: &World) {
    let pair = crate::card::pair(world).await;
    let post = async |officer: &Officer, card: &Value, act: &str, more: Value| {
        let mut body = more;
        body["version"] = crate::card::view(officer, card).await["version"].clone();
        officer.post(&crate::card::path(card, act), &body).await.expect(204);
    };
    let refused = crate::card::asked(world, &pair.asker, &world.people[7]).await;
    post(&pair.granter, &refused, "/refuse", json!({"reason": "Wajahnya lain"})).await;
    let card = crate::card::asked(world, &pair.asker, &world.people[7]).await;
    post(&pair.granter, &card, "/grant", json!({})).await;
    pair.asker.get(&crate::card::path(&card, "/sheet")).await.expect(200);
    post(&pair.asker, &card, "/keep", json!({"keeps": true})).await;
    post(&pair.asker, &card, "/void", json!({"reason": "lost"})).await;
}

async fn walk_ins(world: &World) {
    let pair = crate::card::pair(world).await;
    let person = &world.people[12];
    world.active(person).await;
    let refused = crate::walk_in::asked(world, &pair.asker, person, "copy").await;
    let body = json!({"version": refused["version"], "reason": "Wajahnya lain"});
    pair.granter.post(&crate::walk_in::path(&refused, "/refuse"), &body).await.expect(204);
    let copy = crate::walk_in::asked(world, &pair.asker, person, "copy").await;
    crate::walk_in::grant(&pair.granter, &copy).await.expect(204);
    pair.asker.get(&crate::walk_in::path(&copy, "/copy")).await.expect(200);
}

async fn arrivals(world: &World) {
    let (first, second) = (world.officer("penerima", OFFICE).await, world.officer("pelayan", OFFICE).await);
    let applicant = world.waiting(&world.people[14]).await;
    let token = json!({"token": world.activation_token(&applicant).await});
    first.post("/v1/officer/arrivals", &token).await.expect(201);
    second.post(&format!("/v1/officer/registrations/{}/take", applicant.id), &json!({})).await.expect(200);
}

async fn searches(world: &World) {
    let (desk, supervisor) =
        (world.officer("yang-mencari", OFFICE).await, world.supervisor("pengawas-pencari", OFFICE).await);
    let head = world.log_in(&world.add_person("kepala-pencari", OFFICE, Role::Head).await).await;
    let nik = world.people[20].nik.as_str();
    desk.post("/v1/officer/active-questions", &json!({"nik": nik})).await.expect(200);
    desk.post("/v1/officer/people", &json!({"query": nik})).await.expect(200);
    let found = supervisor.get("/v1/officer/searches").await.expect(200).json;
    let path = format!("/v1/officer/searches/{}", found["items"][0]["officer_id"].as_str().unwrap());
    let words = json!({"day": found["items"][0]["day"], "reason": "Cetak ulang hari ini"});
    supervisor.post(&format!("{path}/look"), &words).await.expect(204);
    supervisor.post(&format!("{path}/lift"), &json!({})).await.expect(204);
    head.get("/v1/officer/audit/own").await.expect(200);
    head.post("/v1/officer/audit/searches", &json!({"reason": "Keluhan warga"})).await.expect(200);
    head.post("/v1/officer/audit/checks", &json!({})).await.expect(200);
    let applicant = world.waiting(&world.people[20]).await;
    world.scan(&desk, &applicant).await.expect(200);
    let id = async |officer: &Officer| officer.get("/v1/officer/sessions/current").await.expect(200).text("officer_id");
    crate::auditor::every_act(world, &applicant.id).await;
    let body = json!({"from": id(&desk).await, "to": id(&supervisor).await});
    supervisor.post(&format!("/v1/officer/registrations/{}/reassign", applicant.id), &body).await.expect(204);
}

async fn helpers(world: &World) {
    let desk = world.officer("loket-pembantu", OFFICE).await;
    let granter = world.supervisor("penyetuju-kartu", OFFICE).await;
    for person in &world.people[15..19] {
        let mut card = crate::card::said(person);
        card["helper"] = json!({"nik": world.people[9].nik.as_str(), "full_name": "Aminah", "relation": "kader"});
        let asked = crate::card::asked_as(world, &desk, &card).await;
        crate::card::grant(&granter, &asked).await.expect(204);
    }
    let supervisor = world.supervisor("penyelia-pembantu", OFFICE).await;
    let found = supervisor.get("/v1/officer/helpers").await.expect(200).json;
    let path = format!("/v1/officer/helpers/{}/look", found["items"][0]["help_id"].as_str().unwrap());
    supervisor.post(&path, &json!({"reason": "Kader yang dikenal"})).await.expect(204);
    // Somebody whose face cannot be compared.
    let applicant = world.waiting(&world.people[13]).await;
    world.scan(&desk, &applicant).await.expect(200);
    let waiver = json!({"checks": {"document": true, "data": true}, "reason": "Wajah diperban"});
    world.decide(&desk, &applicant, "approval/waiver", &waiver).await.expect(204);
}

async fn outreach(world: &World) {
    use crate::outreach::{plan, step};
    let (officer, supervisor) = (world.officer("keliling", OFFICE).await, world.supervisor("pengatur", OFFICE).await);
    let lead = crate::duty::id_of(&officer).await;
    let path = "/v1/officer/outreach";
    let asked = officer.post(path, &plan(world, &lead, &[])).await.expect(201).text("outreach_id");
    step(&supervisor, &asked, "confirm", json!({})).await.expect(204);
    for act in ["open", "close"] {
        step(&officer, &asked, act, json!({})).await.expect(204);
    }
    step(&officer, &asked, "report", json!({"offline_minutes": 0})).await.expect(204);
    let other = officer.post(path, &plan(world, &lead, &[])).await.expect(201).text("outreach_id");
    step(&supervisor, &other, "cancel", json!({})).await.expect(204);

    crate::duty::photograph(world, &supervisor, &lead).await.expect(204);
    supervisor.get(&format!("/v1/officer/staff-photos/{lead}")).await.expect(200);
    crate::duty::begin(&officer, None).await;
    officer.delete("/v1/officer/duty").await.expect(204);
    let offices = world.get(&format!("/v1/offices?words={OFFICE}")).send().await.expect(200).json;
    assert_eq!(offices["items"][0]["code"], OFFICE);
    let body =
        json!({"office_id": offices["items"][0]["office_id"], "what": "Diminta uang Rp50.000", "place": "Pasar"});
    world.post("/v1/fraud-reports").json(&body).send().await.expect(201);
    let found = supervisor.get("/v1/officer/fraud-reports").await.expect(200).json;
    let close = format!("/v1/officer/fraud-reports/{}/close", found["items"][0]["report_id"].as_str().unwrap());
    supervisor.post(&close, &json!({"reason": "Bukan petugas kami"})).await.expect(204);
}

async fn approval_by_two(world: &World) {
    let desk = world.officer("loket2", OFFICE).await;
    let person = &world.people[8];
    let mut body = world.registration(person, "");
    body["no_email"] = true.into();
    let applicant = world.register_body(person, &body).await;
    world.ready(&applicant).await;
    world.scan(&desk, &applicant).await.expect(200);
    world.decide(&desk, &applicant, "approval/second", &approval()).await.expect(204);
    // Which of them are called back the lot decides.
    let row = "INSERT INTO approval_call_back (registration_id, office_id, asked_by, granted_by, drawn_at) \
        SELECT registration_id, office_id, asked_by, registration_id, asked_at FROM second_person_request \
        WHERE registration_id = $1";
    world.change(row, applicant.uuid()).await;
    let third = world.supervisor("pemanggil", OFFICE).await;
    let path = format!("/v1/officer/call-backs/{}", applicant.id);
    third.post(&path, &json!({"finding": "unreached"})).await.expect(204);
}

async fn months(world: &World) {
    let regions = Regions::new(world.context.clone());
    let padang = Region::parse("13.71").unwrap();
    regions.set_scope(OFFICE, padang).await.unwrap();
    regions.set_target(padang, 2_026, Rate { basis: Basis::Recorded, permille: 300 }).await.unwrap();
    regions.import(&[]).await.unwrap();
    let month = crate::figures::month_over(world).await;
    let (supervisor, head) = (world.supervisor("penyusun", OFFICE).await, crate::figures::head(world, "kepala").await);
    supervisor.get("/v1/officer/office-figures?from=2026-01-01&to=2026-01-31").await.expect(200);
    let path = |rest: &str| format!("/v1/officer/recaps/{month}{rest}");
    for (act, reason) in [("/refusal", json!("Periksa lagi angkanya")), ("/signature", Value::Null)] {
        supervisor.post(&path("/request"), &json!({})).await.expect(204);
        let mut body = json!({"version": head.get(&path("")).await.expect(200).json["recap"]["version"]});
        if reason.is_string() {
            body["reason"] = reason;
        }
        head.post(&path(act), &body).await.expect(204);
    }
    head.get(&path("/rows")).await.expect(200);
    world.later(2 * DAY);
    Counting::new(world.context.clone()).count_all().await.unwrap();
    crate::figures_others::every_act(world).await;
}

async fn people_and_parties(world: &World) {
    let officer = world.add_officer("rekan", OFFICE).await;
    let colleague = world.log_in(&officer).await;
    let delete = async |path: &str| {
        colleague.delete(path).await.expect(204);
    };
    world.later(31 * 60);
    let body = json!({"password": PASSWORD});
    colleague.post("/v1/officer/sessions/current/resume", &body).await.expect(200);
    colleague.post("/v1/officer/sessions/ending", &body).await.expect(204);
    let totp = officer.code(world.context.now());
    let body = json!({"password": PASSWORD, "totp": totp, "new_password": "tujuh ember hujan kemarin"});
    colleague.post("/v1/officer/password", &body).await.expect(200);
    delete("/v1/officer/sessions/current").await;
    let accounts = world.accounts();
    accounts.set_active(Realm::Office, "rekan", false).await.unwrap();
    accounts.set_active(Realm::Office, "rekan", true).await.unwrap();
    let (_, totp) = accounts.reset_totp(Realm::Office, "rekan").await.unwrap();
    let password = String::from("lima payung biru laut");
    world.commands().set_password(Realm::Office, "rekan", &password.clone().into()).await.unwrap();
    let totp_secret = totp.secret.expose().clone();
    let again = world.log_in(&LogIn { username: String::from("rekan"), password, totp_secret }).await;
    again.post("/v1/officer/secrets", &json!({"new_password": "enam layang putih sore"})).await.expect(200);
    let to = Some(("rekan@dukcapil.example", ikd::error::Language::Indonesian));
    ikd::staff::invitation::send_link(&world.context, (Realm::Office, "rekan"), to).await.unwrap();

    accounts.add(Post::RelyingParty(BANK), "dewi", "Dewi Uji", None).await.unwrap();
    accounts.set_active(Realm::RelyingParty, "dewi", false).await.unwrap();
    accounts.set_active(Realm::RelyingParty, "dewi", true).await.unwrap();
    let parties = &world.app.relying_parties;
    let key = parties.add_key(BANK).await.unwrap();
    let today = ikd::register::Date::in_jakarta(world.context.now());
    parties.set_key_end(key.key_id, today).await.unwrap();
    parties.revoke_key(key.key_id).await.unwrap();
    parties.set_contract(BANK, "100/PKS/2026", (today, today.plus_days(300).unwrap())).await.unwrap();
    let rina = world.party_administrator("rina").await;
    let hook = |method| world.request(method, "/v1/partner/webhook").cookie(&rina);
    hook(Method::PUT).json(&json!({"url": "https://bank.example.id/ikd"})).send().await.expect(200);
    hook(Method::DELETE).send().await.expect(204);
    parties.set_contact(BANK, "pks@bank.example.id", ikd::error::Language::Indonesian).await.unwrap();
}

async fn the_counter(world: &World) {
    let desk = world.officer("loket", OFFICE).await;
    let supervisor = world.supervisor("penyelia", OFFICE).await;
    let path = |id: &str, rest: &str| format!("/v1/officer/registrations/{id}{rest}");
    let version = async |id: &str| {
        let seen = desk.get(&path(id, "")).await.expect(200);
        seen.text("version")
    };

    let first = world.waiting(&world.people[0]).await;
    let token = desk.post("/v1/officer/counter-tokens", &json!({})).await.expect(200);
    let body = json!({"token": token.text("token")});
    let number = first.client.post(&first.path("/counter-scan"), &body).await.expect(202);
    let body = json!({"match_number": number.json["match_number"]});
    desk.post(&path(&first.id, "/match"), &body).await.expect(200);
    desk.get(&path(&first.id, "/selfie")).await.expect(200);
    let body = json!({"version": version(&first.id).await, "to": "selfie", "reason": "Foto kabur sekali"});
    desk.post(&path(&first.id, "/return"), &body).await.expect(200);

    let second = world.waiting(&world.people[1]).await;
    world.scan(&desk, &second).await.expect(200);
    let body = json!({"version": version(&second.id).await, "reason": "Bukan orang yang sama"});
    desk.post(&path(&second.id, "/rejection"), &body).await.expect(200);
    supervisor.post(&path(&second.id, "/views"), &json!({"reason": "Warga mengadu"})).await.expect(200);
    supervisor.get("/v1/officer/views").await.expect(200);

    // Approved while the register was down; then active; then the PIN is used up; then it makes way.
    let switch = async |to| LocalRegister::new(world.context.clone()).set_switch(to).await.unwrap();
    switch(Switch::Closed).await;
    let mut third = world.waiting(&world.people[2]).await;
    world.scan(&desk, &third).await.expect(200);
    world.approve(&desk, &third).await.expect(200);
    switch(Switch::Open).await;
    world.later(world.context.config.register.retry_seconds);
    world.app.registrations.checks.check_due().await.unwrap();
    world.app.deliver_mail().await.unwrap();
    world.activate(&mut third).await;
    let again = world.waiting(&world.people[2]).await;
    world.scan(&desk, &again).await.expect(200);
    let seen = version(&again.id).await;
    let body = json!({"version": seen, "reason": "Ponsel hilang; wajah dan KTP-el cocok"});
    desk.post(&path(&again.id, "/release"), &body).await.expect(204);
    let asked = async || {
        let asked = supervisor.get(&path(&again.id, "/release")).await.expect(200).json;
        json!({"version": asked["version"]})
    };
    supervisor.post(&path(&again.id, "/release/refuse"), &asked().await).await.expect(204);
    desk.post(&path(&again.id, "/release"), &body).await.expect(204);
    supervisor.post(&path(&again.id, "/release/grant"), &asked().await).await.expect(204);

    let fourth = world.active(&world.people[3]).await;
    for end in ["grant", "refuse"] {
        let begun = fourth.client.post("/v1/recoveries", &json!({})).await.expect(201);
        let of_phone = format!("/v1/recoveries/{}", begun.text("recovery_id"));
        let of_office = format!("/v1/officer/recoveries/{}", begun.text("recovery_id"));
        let token = fourth.client.post(&format!("{of_phone}/token"), &json!({})).await.expect(200);
        let seen = desk.post("/v1/officer/recoveries/scan", &json!({"token": token.text("token")})).await.expect(200);
        let body = json!({"version": seen.text("version"), "reason": "Wajah dan KTP-el cocok"});
        desk.post(&format!("{of_office}/ask"), &body).await.expect(204);
        let asked = supervisor.get(&of_office).await.expect(200).text("version");
        let body = json!({"version": asked, "reason": "Wajah tidak cocok"});
        let body = if end == "grant" { json!({"version": asked}) } else { body };
        supervisor.post(&format!("{of_office}/{end}"), &body).await.expect(204);
        fourth.client.delete(&of_phone).await;
    }
    let fifth = world.active(&world.people[1]).await;
    let key = support::world::pin_key(&fifth.record);
    let (challenge, signature) = fifth.client.sign_challenge(&key, ikd::device::Purpose::Change).await;
    let body = json!({"challenge": challenge, "signature": signature});
    fifth.client.post("/v1/me/closure", &body).await.expect(200);
    let (challenge, signature) = fifth.client.sign_challenge(&key, ikd::device::Purpose::Unlock).await;
    let body = json!({"challenge": challenge, "signature": signature});
    fifth.client.post("/v1/me/closure/undo", &body).await.expect(200);
    let wrong = PinKey::from_seed(&[1; 32]);
    for wait in [60, 3_600, 0] {
        for _ in 0..3 {
            fourth.client.unlock_with(&wrong).await.expect(403);
        }
        world.later(wait);
    }
}

async fn blocks_at_calls(world: &World) {
    let holder = world.active(&world.people[9]).await;
    let (desk, supervisor) = (world.officer("telepon", OFFICE).await, world.supervisor("yang-mengawasi", OFFICE).await);
    let person = &holder.record;
    let body = json!({"nik": person.nik, "full_name": person.full_name, "birth_date": person.birth_date,
        "reason": "Ponsel dicuri di pasar"});
    desk.post("/v1/officer/blocks", &body).await.expect(202);
    let listed = supervisor.get("/v1/officer/blocks").await.expect(200);
    let path = format!("/v1/officer/blocks/{}/look", listed.json["items"][0]["block_id"].as_str().unwrap());
    supervisor.post(&path, &json!({"reason": "Penelepon tercatat"})).await.expect(204);
}

async fn contact_visits(world: &World, holder: &Applicant) {
    world.later(24 * 3_600);
    let (desk, supervisor) = (world.officer("surel", OFFICE).await, world.supervisor("pengawas2", OFFICE).await);
    for (address, end) in [("a@example.id", "refuse"), ("b@example.id", "grant")] {
        let begun = holder.client.post("/v1/contact-visits", &json!({"email": address})).await.expect(201);
        let (of_phone, of_office) = ("/v1/contact-visits", "/v1/officer/contact-visits");
        let path = |base: &str, rest: &str| format!("{base}/{}{rest}", begun.text("visit_id"));
        world.app.deliver_mail().await.unwrap();
        let letter = world.letters().into_iter().find(|letter| letter.to == address).unwrap();
        let code = letter.text.lines().map(str::trim).find(|line| {
            line.len() == 7
                && line.chars().enumerate().all(|(at, c)| (at == 3) == (c == ' ') && (at == 3 || c.is_ascii_digit()))
        });
        holder.client.post(&path(of_phone, "/code"), &json!({"code": code})).await.expect(200);
        let token = holder.client.post(&path(of_phone, "/token"), &json!({})).await.expect(200).text("token");
        let seen = desk.post(&format!("{of_office}/scan"), &json!({"token": token})).await.expect(200);
        let body = json!({"version": seen.text("version"), "reason": "Wajah dan KTP-el cocok"});
        desk.post(&path(of_office, "/ask"), &body).await.expect(204);
        let version = supervisor.get(&path(of_office, "")).await.expect(200).text("version");
        let refusing = json!({"version": version, "reason": "Wajah tidak cocok"});
        let deciding = if end == "grant" { json!({"version": version}) } else { refusing };
        supervisor.post(&path(of_office, &format!("/{end}")), &deciding).await.expect(204);
    }
}

async fn departures(world: &World) {
    let person = &world.people[11];
    world.active(person).await;
    let mut left = person.clone();
    left.vital_status = ikd::register::VitalStatus::Emigrated;
    left.nationality = ikd::register::Nationality::Foreign;
    world.put(vec![left]).await;
    let (desk, supervisor) = (world.officer("pindah", OFFICE).await, world.supervisor("pengawas3", OFFICE).await);
    let base = "/v1/officer/departures";
    for end in ["refuse", "grant"] {
        let body = json!({"nik": person.nik.as_str(), "reason": "Surat sudah dilihat"});
        let asked = desk.post(base, &body).await.expect(201);
        let path = format!("{base}/{}", asked.text("departure_id"));
        let version = supervisor.get(&path).await.expect(200).text("version");
        let refusing = json!({"version": version, "reason": "Orangnya masih WNI"});
        let deciding = if end == "grant" { json!({"version": version}) } else { refusing };
        supervisor.post(&format!("{path}/{end}"), &deciding).await.expect(204);
    }
}

async fn annulments(world: &World) {
    let holder = world.active(&world.people[4]).await;
    let (first, second) = (world.supervisor("atasan1", OFFICE).await, world.head("atasan2", OFFICE).await);
    let body = json!({"nik": holder.record.nik, "reason": "Bukan pemiliknya yang mengaktifkan"});
    for end in ["refuse", "grant"] {
        let asked = first.post("/v1/officer/annulments", &body).await.expect(201);
        let path = format!("/v1/officer/annulments/{}", asked.text("annulment_id"));
        let version = second.get(&path).await.expect(200).text("version");
        let refusing = json!({"version": version, "reason": "Diaktifkan pemiliknya sendiri"});
        let deciding = if end == "grant" { json!({"version": version}) } else { refusing };
        second.post(&format!("{path}/{end}"), &deciding).await.expect(204);
    }
    crate::annulment::restore_desk(world, &first).await;
}

async fn own_office(world: &World) {
    let head = world.head("kepala-kantor", OFFICE).await;
    let version = head.get("/v1/officer/office").await.expect(200).text("version");
    head.patch("/v1/officer/office", &json!({"version": version, "note": "Parkir di belakang"})).await.expect(200);
    let day = Date::in_jakarta(world.context.now()).plus_days(3).unwrap();
    head.post("/v1/officer/office/holidays", &json!({"day": day, "name": "Cuti bersama"})).await.expect(200);
}

async fn disputes(world: &World) {
    let holder = world.active(&world.people[5]).await;
    let token = world.present(&holder, "basic").await;
    let check = world.bank().verify(&token, "open_account", &world.key()).await.text("verification_id");
    let opened = holder.client.post("/v1/me/disputes", &json!({"verification_id": check})).await.expect(201);
    let path = format!("/v1/disputes/{}/answer", opened.text("dispute_id"));
    let body = json!({"finding": "our_mistake", "words": "Kesalahan pegawai kami"});
    world.post(&path).bearer(&world.api_key).json(&body).send().await.expect(200);
}

async fn corrections(world: &World) {
    let (first, second) = (world.supervisor("penata1", OFFICE).await, world.supervisor("penata2", OFFICE).await);
    let base = "/v1/officer/corrections";
    let words = "Bawa akta kelahiran ke loket";
    let mut other = world.people[6].clone();
    other.full_name = String::from("NAMA YANG BENAR");
    let applicant = world.waiting(&other).await;
    world.scan(&first, &applicant).await.expect(200);
    let step = async |officer: &Officer, view: &Value, act: &str| {
        let path = format!("{base}/{}/{act}", view["case"]["correction_id"].as_str().unwrap());
        let mut body = json!({"version": view["case"]["version"]});
        if ["return", "refusal"].contains(&act) {
            body["reason"] = words.into();
        }
        officer.post(&path, &body).await.json
    };
    let open = json!({"kind": "duplicate_nik", "reason": words});
    let opened = world.decide(&first, &applicant, "correction", &open).await.expect(201).json;
    let asked = step(&first, &opened, "request").await;
    let granted = step(&second, &asked, "request/grant").await;
    let back = step(&second, &granted, "return").await;
    step(&second, &back, "refusal").await;
    let body = json!({"kind": "name_change", "fields": ["full_name"]});
    let again = applicant.client.post(&applicant.path("/correction"), &body).await.expect(201).json;
    let body = json!({"nik": other.nik, "reference": again["correction"]["reference"]});
    let taken = first.post(base, &body).await.expect(200).json;
    let id = taken["case"]["correction_id"].as_str().unwrap();
    first.get(&format!("{base}/{id}")).await.expect(200);
    assert_eq!(step(&first, &taken, "passing").await["case"]["state"], "in_register");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_declared_act_is_written_when_it_is_done() {
    each_engine(async |context| {
        let world = World::open(context).await;
        people_and_parties(&world).await;
        annulments(&world).await;
        own_office(&world).await;
        blocks_at_calls(&world).await;
        departures(&world).await;
        disputes(&world).await;
        corrections(&world).await;
        cards(&world).await;
        approval_by_two(&world).await;
        walk_ins(&world).await;
        helpers(&world).await;
        arrivals(&world).await;
        crate::staffing::every_act(&world).await;
        crate::proposals::every_act(&world).await;
        crate::settings::every_act(&world).await;
        crate::employees::every_act(&world).await;
        crate::branches::every_act(&world).await;
        crate::sandbox::every_act(&world).await;
        crate::oauth::every_act(&world).await;
        outreach(&world).await;
        searches(&world).await;
        let holder = world.active(&world.people[10]).await;
        the_counter(&world).await;
        contact_visits(&world, &holder).await;
        months(&world).await;
        let seen = done(&world).await;
        // A verification has an entry when it is refused; see below.
        // So has a QR that a page shows anew each minute, of somebody invented.
        let refused = [Action::Verification, Action::PartyViewed, Action::PasskeyCountedBack, Action::TestQrShown];
        // That takes a server which answers, a service with a name (tests/api/passkeys.rs), and an address that an account has (tests/api/initial.rs).
        let elsewhere =
            [Action::WebhookVerified, Action::PasskeyAdded, Action::PasskeyRemoved, Action::SecretsLinkSent];
        let missing: Vec<_> = Action::ALL
            .iter()
            .filter(|action| ![BY_COMMAND, &refused, &elsewhere].concat().contains(action))
            .map(|action| action.as_str())
            .filter(|name| !seen.contains(*name))
            .collect();
        assert!(missing.is_empty(), "never written: {missing:?}");
        assert!(ikd::audit::Service::new(world.context.clone()).verify().await.unwrap().is_sound());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_to_whoever_it_is_not_for_is_written_and_fills_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let applicant = world.waiting(&world.people[0]).await;
        world.scan(world.desk().await, &applicant).await.expect(200);
        let role = Role::Administrator;
        let admin = world.log_in(&world.add_person("kepala", OFFICE, role).await).await;
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        let asks = [
            ("scan", Method::POST, String::from("/v1/officer/scans"), json!({"token": "NONSENSE"})),
            ("counter_token", Method::POST, String::from("/v1/officer/counter-tokens"), json!({})),
            ("match_confirmed", Method::POST, format!("{base}/match"), json!({"match_number": 42})),
            ("registration_viewed", Method::GET, base.clone(), json!(null)),
            ("picture_viewed", Method::GET, format!("{base}/portrait"), json!(null)),
            ("view_with_reason", Method::POST, format!("{base}/views"), json!({"reason": "Ingin tahu saja"})),
            ("views_read", Method::GET, String::from("/v1/officer/views"), json!(null)),
            ("approval", Method::POST, format!("{base}/approval"), approval()),
            (
                "return",
                Method::POST,
                format!("{base}/return"),
                json!({"version": "0", "to": "data", "reason": "Ingin saja"}),
            ),
            ("rejection", Method::POST, format!("{base}/rejection"), json!({"version": "0", "reason": "Ingin saja"})),
            ("release_asked", Method::POST, format!("{base}/release"), json!({"version": "0", "reason": "Ingin saja"})),
            ("recovery_viewed", Method::GET, String::from("/v1/officer/recoveries"), json!(null)),
            ("block", Method::POST, String::from("/v1/officer/blocks"), json!({})),
            ("annulment_asked", Method::POST, String::from("/v1/officer/annulments"), json!({})),
            ("correction_viewed", Method::GET, String::from("/v1/officer/corrections"), json!(null)),
            ("correction_taken", Method::POST, String::from("/v1/officer/corrections"), json!({})),
            ("correction_opened", Method::POST, format!("{base}/correction"), json!({})),
            (
                "correction_granted",
                Method::POST,
                format!("/v1/officer/corrections/{}/request/grant", applicant.id),
                json!({}),
            ),
            ("annulment_viewed", Method::GET, String::from("/v1/officer/annulments"), json!(null)),
            ("annulment_granted", Method::POST, format!("/v1/officer/annulments/{}/grant", applicant.id), json!({})),
            ("release_granted", Method::POST, format!("{base}/release/grant"), json!({"version": "0"})),
        ];
        for _ in 0..20 {
            for (_, method, path, body) in &asks {
                let answer = if method == Method::GET { admin.get(path).await } else { admin.post(path, body).await };
                assert_eq!(answer.expect(403).code(), "forbidden", "{path}");
            }
        }
        let answer = world.bank().verify("NONSENSE", "other_purpose", "k1").await;
        answer.expect_problem(403, "purpose_not_allowed");
        const REFUSED: &str = "SELECT action, CAST(COUNT(*) AS BIGINT) FROM audit_event \
            WHERE outcome LIKE 'refused:forbidden%' OR outcome LIKE 'refused:purpose%' GROUP BY action";
        let mut tx = world.context.db.read().await.unwrap();
        let counts = ikd::fetch_all!(&mut tx, (String, i64), REFUSED).unwrap();
        let of = |action: &str| counts.iter().find(|(name, _)| name == action).map_or(0, |(_, count)| *count);
        for (action, ..) in &asks {
            assert_eq!(of(action), 7, "{action}: five, the 8th and the 16th");
        }
        assert_eq!(of("verification"), 1);
    })
    .await;
}
