//! Stopping a digital KTP and bringing it back: by its holder, from any browser, at a caller's word, by two people.

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{Applicant, Host, OFFICE, World, pin_key};

fn nik(applicant: &Applicant) -> String {
    applicant.record.nik.clone()
}

pub async fn standing(applicant: &Applicant) -> (String, Value, String) {
    let status = applicant.client.get("/v1/me/status").await.expect(200);
    (status.text("state"), status.json["reason"].clone(), status.text("lift"))
}

async fn block_code(applicant: &Applicant) -> String {
    applicant.client.post("/v1/me/block-code", &json!({})).await.expect(201).text("block_code")
}

async fn block(world: &World, body: &Value) -> Answer {
    world.post("/v1/blocks").json(body).send().await
}

/// The newest letter to somebody, and the opaque id in its link.
pub async fn newest_letter(world: &World, applicant: &Applicant) -> (String, String) {
    world.app.deliver_mail().await.unwrap();
    let letters = world.letters();
    let letter = letters.iter().find(|letter| letter.to == applicant.email).unwrap();
    let text = letter.text.replace("=\r\n", "").replace("=\n", "");
    let link = text.split("/blokir#").nth(1).unwrap_or_default();
    (letter.subject.clone(), link.split_whitespace().next().unwrap_or_default().to_owned())
}

pub fn wrong_pin() -> PinKey {
    PinKey::from_seed(&[1; 32])
}

async fn use_up_the_pin(world: &World, applicant: &Applicant) {
    for wait in [60, 3_600, 0] {
        for _ in 0..3 {
            applicant.client.unlock_with(&wrong_pin()).await.expect(403);
        }
        world.later(wait);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_blocks_in_the_app_and_nothing_of_it_counts_any_more() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let qr = world.present(&holder, "basic").await;
        assert_eq!(standing(&holder).await, ("active".into(), Value::Null, "none".into()));
        world.later(1);
        let blocked = holder.client.post("/v1/me/block", &json!({})).await.expect(200);
        assert!(blocked.text("reference").len() == 9 && blocked.json["until"].is_null(), "{}", blocked.json);
        assert_eq!(world.verify(&qr).await, "holder_not_active");
        holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect_problem(423, "blocked");
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("self_block"), "counter".into()));
        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Unlock).await;
        let body = json!({"challenge": challenge, "signature": signature});
        let lifted = holder.client.post("/v1/me/unblock", &body).await;
        lifted.expect_problem(409, "wrong_state");
        let (subject, _) = newest_letter(&world, &holder).await;
        assert_eq!(subject, "KTP Digital Anda diblokir");
        world.phone().get("/v1/me/status").await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_with_nik_and_block_code_blocks_and_whatever_is_wrong_is_answered_alike() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let other = world.active(&world.people[1]).await;
        let void = block_code(&holder).await;
        // Asked again under the same name after a lost answer it is the same code, whichever question arrives last.
        let ask = json!({"request_id": "kode-1"});
        let code = holder.client.post("/v1/me/block-code", &ask).await.expect(201).text("block_code");
        let again = holder.client.post("/v1/me/block-code", &ask).await.expect(201).text("block_code");
        assert_eq!(code, again);
        let foreign = other.client.post("/v1/me/block-code", &ask).await.expect(201).text("block_code");
        assert_ne!(code, foreign, "of each person another");
        let unknown = world.somebody(500_000, |_| true).nik;
        let body = |nik: &str, code: &str| json!({"nik": nik, "block_code": code});

        let mut refused = Vec::new();
        for (nik, code) in [(nik(&holder), &void), (nik(&holder), &foreign), (unknown.as_str().to_owned(), &code)] {
            let answer = block(&world, &body(&nik, code)).await.expect(422);
            let mut json = answer.json.clone();
            json.as_object_mut().unwrap().remove("request_id");
            refused.push((answer.code().to_owned(), json));
        }
        assert!(refused.iter().all(|one| *one == refused[0] && one.0 == "block_refused"), "{refused:?}");
        assert_eq!(standing(&holder).await.0, "active");

        let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
        let blocked = block(&world, &body(&nik(&holder), &typed)).await.expect(200);
        assert_eq!(standing(&holder).await.0, "blocked");
        assert_eq!(standing(&other).await.0, "active");
        world.later(5);
        let again = block(&world, &body(&nik(&holder), &code)).await.expect(200);
        assert_eq!(
            (&again.json["since"], &again.json["reference"]),
            (&blocked.json["since"], &blocked.json["reference"])
        );
        for wrong in [
            json!({"nik": "123", "block_code": code}),
            json!({"nik": nik(&holder)}),
            json!({"nik": nik(&holder), "block_code": "7KQ2"}),
            json!({"nik": nik(&holder), "block_code": code, "link": "x"}),
        ] {
            block(&world, &wrong).await.expect_problem(422, "invalid_field");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changes_addresses_within_their_own_network_has_the_tries_of_the_network() {
    each_engine(async |context| {
        let behind_a_proxy = |config: &mut ikd::config::Config| {
            config.http.trusted_proxies = vec![String::from("127.0.0.0/8")];
        };
        let world = World::open_with(context, behind_a_proxy).await;
        // Of one /56, of which a home may have all: each try from a /64 of its own, and for another NIK.
        let from = async |number: u64| {
            let nik = world.somebody(600_000 + 1_000 * number, |_| true).nik;
            let body = json!({"nik": nik.as_str(), "block_code": "00000000"});
            let address = format!("2001:db8:1:{:x}::1", number % 256);
            world.post("/v1/blocks").header("x-forwarded-for", &address).json(&body).send().await
        };
        for number in 0..20 {
            from(number).await.expect_problem(422, "block_refused");
        }
        from(20).await.expect_problem(422, "captcha_required");
        let elsewhere = world.somebody(900_000, |_| true).nik;
        let body = json!({"nik": elsewhere.as_str(), "block_code": "00000000"});
        let other = world.post("/v1/blocks").header("x-forwarded-for", "2001:db8:1:100::1").json(&body).send().await;
        other.expect_problem(422, "block_refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_try_of_an_hour_needs_a_captcha_for_known_and_unknown_niks() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let code = block_code(&holder).await;
        let mut body = json!({"nik": nik(&holder), "block_code": "00000000"});
        for _ in 0..5 {
            block(&world, &body).await.expect_problem(422, "block_refused");
        }
        block(&world, &body).await.expect_problem(422, "captcha_required");
        // From another address too: the NIK is counted.
        body["block_code"] = json!(code);
        block(&world, &body).await.expect_problem(422, "captcha_required");
        let challenge = world.post("/v1/blocks/captcha").json(&json!({})).send().await.expect(200);
        let challenge = serde_json::from_value(challenge.json).unwrap();
        body["captcha"] = json!(ikd::captcha::solve(&challenge).unwrap());
        block(&world, &body).await.expect(200);
        block(&world, &body).await.expect_problem(422, "captcha_invalid");
        let unknown = world.somebody(500_000, |_| true).nik;
        let strange = json!({"nik": unknown.as_str(), "block_code": "00000000"});
        block(&world, &strange).await.expect_problem(422, "captcha_required");
        world.later(HOUR);
        block(&world, &strange).await.expect_problem(422, "block_refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_a_notice_blocks_with_the_nik_and_works_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (subject, link) = newest_letter(&world, &holder).await;
        assert_eq!(subject, "KTP Digital Anda aktif");
        let body = |nik: String, link: &str| json!({"nik": nik, "link": link});
        let other = world.active(&world.people[1]).await;
        block(&world, &body(nik(&other), &link)).await.expect_problem(422, "block_refused");
        block(&world, &body(nik(&holder), &link[1..])).await.expect_problem(422, "block_refused");
        block(&world, &body(nik(&holder), &link)).await.expect(200);
        block(&world, &body(nik(&holder), &link)).await.expect(200);
        assert_eq!(standing(&holder).await.1, "self_block");
        recover(&world, &holder).await;
        world.later(HOUR);
        block(&world, &body(nik(&holder), &link)).await.expect_problem(422, "block_refused");
        let (_, fresh) = newest_letter(&world, &holder).await;
        world.later(30 * DAY);
        block(&world, &body(nik(&holder), &fresh)).await.expect_problem(422, "block_refused");
        assert_eq!(standing(&holder).await.0, "active");
    })
    .await;
}

async fn call(officer: &Officer, nik: &str, name: &str, birth_date: &str) -> Answer {
    let reason = "Ponsel dicuri di pasar";
    let body = json!({"nik": nik, "full_name": name, "birth_date": birth_date, "reason": reason});
    officer.post("/v1/officer/blocks", &body).await
}

/// Whoever stands at the counter, with the KTP-el.
async fn come(officer: &Officer, holder: &Applicant) -> Answer {
    let person = &holder.record;
    let body = json!({"nik": person.nik, "full_name": person.full_name, "birth_date": person.birth_date,
        "reason": "Datang sendiri dengan KTP-el", "present": true});
    officer.post("/v1/officer/blocks", &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_blocks_at_a_caller_s_word_for_three_days_and_is_told_nothing() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (desk, record) = (world.desk().await, holder.record.clone());
        let born = record.birth_date.clone();
        let unknown = world.somebody(500_000, |_| true);
        let mut told = Vec::new();
        for (nik, name, born) in [
            (unknown.nik.as_str(), unknown.full_name.as_str(), unknown.birth_date.to_string()),
            (&*record.nik, "SESEORANG LAIN", born.clone()),
            (&*record.nik, &*record.full_name, "1901-02-03".into()),
        ] {
            told.push(call(desk, nik, name, &born).await.expect(202).json);
        }
        assert_eq!(standing(&holder).await.0, "active");
        let hit = call(desk, &record.nik, &record.full_name.to_lowercase(), &born).await.expect(202).json;
        for (before, miss) in told.iter().enumerate() {
            assert_eq!((&miss["until"], &miss["hours"]), (&hit["until"], &hit["hours"]));
            assert_eq!(miss["left_today"], json!(19 - before));
        }
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("officer_block_provisional"), "pin".into()));
        let (subject, link) = newest_letter(&world, &holder).await;
        assert_eq!(subject, "KTP Digital Anda diblokir sementara");

        // The holder did not call: the PIN lifts it, and wrong ones count.
        let unblock = async |key: &PinKey| {
            let (challenge, signature) = holder.client.sign_challenge(key, Purpose::Unlock).await;
            let body = json!({"challenge": challenge, "signature": signature});
            holder.client.post("/v1/me/unblock", &body).await
        };
        let wrong = unblock(&wrong_pin()).await.expect(403);
        assert_eq!((wrong.code(), &wrong.json["tries_left"]), ("pin_wrong", &json!(2)));
        unblock(&pin_key(&holder.record)).await.expect(200);
        assert_eq!(standing(&holder).await.0, "active");
        unblock(&pin_key(&holder.record)).await.expect_problem(409, "wrong_state");

        // Blocked a week later, and nobody says anything: it ends by itself.
        world.later(7 * DAY);
        let desk = &world.officer("petugas1", OFFICE).await;
        call(desk, &record.nik, &record.full_name, &born).await.expect(202);
        world.later(72 * HOUR - 1);
        world.app.blocks.lift_what_is_over().await.unwrap();
        assert_eq!(standing(&holder).await.0, "blocked");
        world.later(1);
        assert_eq!(world.app.blocks.lift_what_is_over().await.unwrap(), 1);
        assert_eq!(standing(&holder).await.0, "active");

        // Blocked a week later, and the holder says that it was they: it stays.
        world.later(4 * DAY);
        let desk = world.officer("petugas2", OFFICE).await;
        call(&desk, &record.nik, &record.full_name, &born).await.expect(202);
        block(&world, &json!({"nik": nik(&holder), "link": link})).await.expect(200);
        world.later(72 * HOUR);
        assert_eq!(world.app.blocks.lift_what_is_over().await.unwrap(), 0);
        assert_eq!(standing(&holder).await.1, "self_block");
    })
    .await;
}

const ASKED: &str = "Diminta memblokir KTP Digital Anda";

async fn unblock(holder: &Applicant) {
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Unlock).await;
    let body = json!({"challenge": challenge, "signature": signature});
    holder.client.post("/v1/me/unblock", &body).await.expect(200);
}

/// How many letters somebody got of which the subject is this.
async fn letters_of(world: &World, holder: &Applicant, subject: &str) -> usize {
    world.send_mail().await;
    world.letters().iter().filter(|letter| letter.to == holder.email && letter.subject == subject).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_call_within_seven_days_takes_the_holder_s_own_word() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let unknown = world.somebody(500_000, |_| true);
        let (desk, record) = (&world.officer("telepon1", OFFICE).await, holder.record.clone());
        let ring = async |desk: &Officer| call(desk, &record.nik, &record.full_name, &record.birth_date).await;
        let first = ring(desk).await.expect(202);
        unblock(&holder).await;
        world.later(7 * DAY - 1);
        // From whichever officer: nothing is blocked, and the contact gets a link that blocks.
        let desk = &world.officer("telepon2", OFFICE).await;
        let second = ring(desk).await.expect(202);
        assert_eq!(standing(&holder).await.0, "active");
        assert_eq!(letters_of(&world, &holder, ASKED).await, 1);
        // The answer says the same to the first, the second, and for nobody's data.
        let born = unknown.birth_date.to_string();
        let nobody = call(desk, unknown.nik.as_str(), &unknown.full_name, &born).await.expect(202);
        for answer in [&first, &second, &nobody] {
            assert_eq!((&answer.json["hours"], &answer.json["call_back_days"]), (&json!(72), &json!(7)));
        }
        assert_eq!(second.json["until"], nobody.json["until"]);
        // One link a day: nobody fills a mailbox by telephone.
        ring(desk).await.expect(202);
        assert_eq!(letters_of(&world, &holder, ASKED).await, 1);
        let (_, link) = newest_letter(&world, &holder).await;
        block(&world, &json!({"nik": nik(&holder), "link": link})).await.expect(200);
        assert_eq!(standing(&holder).await.1, "self_block");
        recover(&world, &holder).await;
        // What took no effect does not begin the seven days anew.
        world.later(1);
        ring(&world.officer("telepon3", OFFICE).await).await.expect(202);
        assert_eq!(standing(&holder).await.1, "officer_block_provisional");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_reached_nowhere_comes_to_a_counter_as_often_as_needed() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (desk, record) = (&world.officer("telepon1", OFFICE).await, holder.record.clone());
        call(desk, &record.nik, &record.full_name, &record.birth_date).await.expect(202);
        unblock(&holder).await;
        let came = come(desk, &holder).await.expect(202);
        assert_eq!((&came.json["until"], &came.json["hours"]), (&Value::Null, &Value::Null));
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("officer_block"), "counter".into()));
        // Somebody at the counter confirms a block at a caller's word, too: it does not end by itself any more.
        recover(&world, &holder).await;
        world.later(7 * DAY);
        let desk = &world.officer("telepon2", OFFICE).await;
        call(desk, &record.nik, &record.full_name, &record.birth_date).await.expect(202);
        come(desk, &holder).await.expect(202);
        world.later(72 * HOUR);
        assert_eq!(world.app.blocks.lift_what_is_over().await.unwrap(), 0);
        assert_eq!(standing(&holder).await.1, "officer_block");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_at_the_same_moment_on_two_nodes_block_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (one, two) = (&world.officer("telepon1", OFFICE).await, &world.officer("telepon2", OFFICE).await);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        for (number, person) in world.people[..3].iter().enumerate() {
            let holder = world.active(person).await;
            let record = &holder.record;
            let (a, b) = tokio::join!(
                call(one, &record.nik, &record.full_name, &record.birth_date),
                call(two, &record.nik, &record.full_name, &record.birth_date)
            );
            a.expect(202);
            b.expect(202);
            let listed = supervisor.get("/v1/officer/blocks").await.expect(200).json;
            let of = |effect: &str| {
                listed["items"].as_array().unwrap().iter().filter(|item| item["effect"] == effect).count()
            };
            assert_eq!((of("blocked"), of("asked")), (number + 1, number + 1), "{listed}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn supervisors_see_what_became_of_blocks_at_calls_and_look_at_each_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let supervisor = world.supervisor("penyelia1", OFFICE).await;
        let (hasty, careful) = (&world.officer("tergesa", OFFICE).await, &world.officer("teliti", OFFICE).await);
        let mut holders = Vec::new();
        for person in &world.people[..6] {
            holders.push(world.active(person).await);
        }
        let ring = async |desk: &Officer, holder: &Applicant| {
            let person = &holder.record;
            call(desk, &person.nik, &person.full_name, &person.birth_date).await.expect(202);
            newest_letter(&world, holder).await.1
        };
        for holder in &holders[..3] {
            ring(hasty, holder).await;
            unblock(holder).await;
        }
        let link = ring(careful, &holders[3]).await;
        block(&world, &json!({"nik": nik(&holders[3]), "link": link})).await.expect(200);
        ring(careful, &holders[4]).await;
        // What a supervisor enters is for another one.
        world.later(1);
        ring(&supervisor, &holders[5]).await;
        let unknown = world.somebody(500_000, |_| true);
        call(hasty, unknown.nik.as_str(), &unknown.full_name, &unknown.birth_date.to_string()).await.expect(202);
        world.later(72 * HOUR);
        assert_eq!(world.app.blocks.lift_what_is_over().await.unwrap(), 2);

        let supervisor = world.supervisor("penyelia3", OFFICE).await;
        let officers = supervisor.get("/v1/officer/blocks/officers").await.expect(200).json["items"].clone();
        let figures = |officer: &str| {
            let row = officers.as_array().unwrap().iter().find(|row| row["officer"] == officer).unwrap();
            ["blocked", "asked", "confirmed", "lifted", "lapsed", "overtaken"].map(|key| row[key].as_i64().unwrap())
        };
        assert_eq!(figures("tergesa"), [3, 0, 0, 3, 0, 0]);
        assert_eq!(figures("teliti"), [2, 0, 1, 0, 1, 0]);
        assert_eq!(figures("penyelia1"), [1, 0, 0, 0, 1, 0]);
        assert_eq!((&officers[0]["officer"], &officers[0]["stands_out"]), (&json!("tergesa"), &json!(true)));
        assert_eq!(officers.as_array().unwrap().iter().filter(|row| row["stands_out"] == true).count(), 1);

        let listed = supervisor.get("/v1/officer/blocks?limit=4").await.expect(200);
        let next = format!("/v1/officer/blocks?limit=4&cursor={}", listed.text("next"));
        let rest = supervisor.get(&next).await.expect(200);
        assert_eq!((rest.json["items"].as_array().unwrap().len(), &rest.json["next"]), (2, &Value::Null));
        for holder in &holders {
            for datum in [&holder.record.nik, &holder.record.full_name, &holder.email] {
                assert!(!listed.body().contains(datum.as_str()) && !rest.body().contains(datum.as_str()));
            }
        }
        let item = &listed.json["items"][0];
        assert_eq!(
            (&item["effect"], &item["outcome"], &item["looked"]),
            (&json!("blocked"), &json!("lapsed"), &Value::Null)
        );
        let path = format!("/v1/officer/blocks/{}/look", item["block_id"].as_str().unwrap());
        let words = json!({"reason": "Penelepon dan nomornya tercatat"});
        elsewhere_and_officers_look_at_nothing(&world, &path, &words).await;
        let late = (world.supervisor("penyelia4", OFFICE).await, world.supervisor("penyelia5", OFFICE).await);
        late.0.post(&path, &json!({"reason": "x"})).await.expect_problem(422, "invalid_field");
        let (one, two) = tokio::join!(late.0.post(&path, &words), late.1.post(&path, &words));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        let looked = supervisor.get("/v1/officer/blocks").await.expect(200).json["items"][0]["looked"].clone();
        assert_eq!(looked["reason"], words["reason"]);
        // Their own they neither see nor look at.
        world.later(4 * DAY + 1);
        let fresh = world.supervisor("penyelia6", OFFICE).await;
        assert_eq!(fresh.get("/v1/officer/blocks").await.expect(200).json["items"], json!([]), "seven days");
        ring(&fresh, &holders[5]).await;
        assert_eq!(fresh.get("/v1/officer/blocks").await.expect(200).json["items"], json!([]));
        let other = world.supervisor("penyelia7", OFFICE).await.get("/v1/officer/blocks").await.expect(200);
        let own = format!("/v1/officer/blocks/{}/look", other.json["items"][0]["block_id"].as_str().unwrap());
        fresh.post(&own, &words).await.expect_problem(403, "forbidden");
    })
    .await;
}

async fn elsewhere_and_officers_look_at_nothing(world: &World, path: &str, words: &Value) {
    let offices = ikd::office::Offices::new(world.context.clone());
    offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
    let elsewhere = world.supervisor("penyelia8", "UJI-02").await;
    assert_eq!(elsewhere.get("/v1/officer/blocks").await.expect(200).json["items"], json!([]));
    assert_eq!(elsewhere.get("/v1/officer/blocks/officers").await.expect(200).json["items"], json!([]));
    elsewhere.post(path, words).await.expect_problem(404, "not_found");
    let officer = world.officer("petugas9", OFFICE).await;
    officer.get("/v1/officer/blocks").await.expect_problem(403, "forbidden");
    officer.get("/v1/officer/blocks/officers").await.expect_problem(403, "forbidden");
    officer.post(path, words).await.expect_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_has_twenty_blocks_a_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (desk, unknown) = (world.desk().await, world.somebody(500_000, |_| true));
        let born = unknown.birth_date.to_string();
        let ask = async || call(desk, unknown.nik.as_str(), &unknown.full_name, &born).await;
        // Supervisors read the reason: it names nobody.
        for reason in [format!("{} menelepon", unknown.full_name), format!("NIK {}", unknown.nik.as_str())] {
            let body = json!({"nik": unknown.nik.as_str(), "full_name": unknown.full_name, "birth_date": born,
                "reason": reason});
            desk.post("/v1/officer/blocks", &body).await.expect_problem(422, "invalid_field");
        }
        for left in (0..20).rev() {
            assert_eq!(ask().await.expect(202).json["left_today"], left);
        }
        ask().await.expect_problem(429, "too_many");
        call(desk, "1", "", "1990-13-01").await.expect_problem(422, "invalid_field");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_is_changed_with_the_old_one_and_what_it_opened_is_over() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let qr = world.present(&holder, "basic").await;
        let new = PinKey::from_seed(&[77; 32]);
        let change = async |old: &PinKey, proven: &PinKey| {
            let (challenge, signature) = holder.client.sign_challenge(old, Purpose::Change).await;
            let new_signature = holder.client.sign(proven, Purpose::Enrol, &challenge);
            let body = json!({"challenge": challenge, "signature": signature, "pin_public_key": new.public_text(),
                "new_signature": new_signature});
            holder.client.post("/v1/me/pin", &body).await
        };
        change(&pin_key(&holder.record), &wrong_pin()).await.expect_problem(422, "signature_invalid");
        let wrong = change(&wrong_pin(), &new).await.expect(403);
        assert_eq!(wrong.json["tries_left"], 2);
        change(&pin_key(&holder.record), &new).await.expect(204);
        assert_eq!(world.verify(&qr).await, "holder_not_active");
        holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect_problem(403, "pin_wrong");
        holder.client.unlock_with(&new).await.expect(200);
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        assert_eq!(newest_letter(&world, &holder).await.0, "PIN KTP Digital Anda diganti");
    })
    .await;
}

/// The recovery of a holder, scanned by an officer: its id, and what the officer sees.
pub async fn scanned(holder: &Applicant, officer: &Officer) -> (String, Value) {
    let begun = holder.client.post("/v1/recoveries", &json!({})).await.expect(201);
    let id = begun.text("recovery_id");
    let token = holder.client.post(&format!("/v1/recoveries/{id}/token"), &json!({})).await.expect(200).text("token");
    let body = json!({"token": token});
    officer.post("/v1/officer/scans", &body).await.expect_problem(409, "other_qr");
    let seen = officer.post("/v1/officer/recoveries/scan", &body).await.expect(200).json;
    (id, seen)
}

async fn choose(holder: &Applicant, id: &str, key: &PinKey) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(key, Purpose::Enrol).await;
    let body = json!({"pin_public_key": key.public_text(), "challenge": challenge, "signature": signature});
    holder.client.post(&format!("/v1/recoveries/{id}/pin"), &body).await
}

pub async fn recover(world: &World, holder: &Applicant) {
    let supervisor = world.supervisor(&format!("penyelia{}", world.number()), OFFICE).await;
    let desk = world.officer(&format!("loket{}", world.number()), OFFICE).await;
    let (id, seen) = scanned(holder, &desk).await;
    let path = |rest: &str| format!("/v1/officer/recoveries/{id}{rest}");
    let body = json!({"version": seen["version"], "reason": "Wajah dan KTP-el cocok"});
    desk.post(&path("/ask"), &body).await.expect(204);
    let seen = supervisor.get(&path("")).await.expect(200);
    supervisor.post(&path("/grant"), &json!({"version": seen.json["version"]})).await.expect(204);
    choose(holder, &id, &pin_key(&holder.record)).await.expect(200);
    holder.client.unlock_with(&pin_key(&holder.record)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nine_wrong_pins_block_and_two_people_bring_it_back_on_the_same_phone() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        use_up_the_pin(&world, &holder).await;
        let (desk, supervisor) = (&world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("pin_exhausted"), "counter".into()));
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect_problem(423, "pin_blocked");

        // The way around the second person is closed: a new registration is not approved by one alone.
        let thief = world.waiting(&holder.record).await;
        world.scan(desk, &thief).await.expect(200);
        world.approve(desk, &thief).await.expect_problem(409, "already_active");

        let (id, seen) = scanned(&holder, desk).await;
        assert_eq!((&seen["card"]["reason"], &seen["may_decide"]), (&json!("pin_exhausted"), &json!(true)));
        assert_eq!(seen["full_name"], holder.record.full_name.as_str());
        assert!(!seen["nik"].as_str().unwrap().contains(&nik(&holder)[4..12]), "{seen}");
        let path = |rest: &str| format!("/v1/officer/recoveries/{id}{rest}");
        supervisor.get(&path("")).await.expect_problem(409, "scan_required");
        choose(&holder, &id, &wrong_pin()).await.expect_problem(409, "wrong_state");
        let words = |version: &Value| json!({"version": version, "reason": "Wajah dan KTP-el cocok"});
        desk.post(&path("/ask"), &words(&json!("99"))).await.expect_problem(409, "wrong_state");
        desk.post(&path("/ask"), &words(&seen["version"])).await.expect(204);
        let waiting = supervisor.get("/v1/officer/recoveries").await.expect(200);
        assert_eq!(
            (&waiting.json["items"][0]["recovery_id"], &waiting.json["items"][0]["own"]),
            (&json!(id), &json!(false))
        );
        assert!(!waiting.body().contains(&holder.record.full_name));
        let asked = supervisor.get(&path("")).await.expect(200);
        assert_eq!(asked.json["asked_reason"], "Wajah dan KTP-el cocok");
        supervisor.get(&path("/portrait")).await.expect(200);
        let grant = json!({"version": asked.json["version"]});
        desk.post(&path("/grant"), &grant).await.expect_problem(403, "forbidden");
        supervisor.post(&path("/grant"), &json!({"version": seen["version"]})).await.expect_problem(409, "wrong_state");
        supervisor.post(&path("/grant"), &grant).await.expect(204);
        let status = holder.client.get(&format!("/v1/recoveries/{id}")).await.expect(200);
        assert_eq!(status.text("state"), "granted");

        let new = PinKey::from_seed(&[88; 32]);
        world.later(1);
        choose(&holder, &id, &new).await.expect(200);
        choose(&holder, &id, &new).await.expect(200);
        choose(&holder, &id, &wrong_pin()).await.expect_problem(409, "wrong_state");
        holder.client.unlock_with(&pin_key(&holder.record)).await.expect_problem(403, "pin_wrong");
        holder.client.unlock_with(&new).await.expect(200);
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        assert_eq!(newest_letter(&world, &holder).await.0, "KTP Digital Anda aktif kembali");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_ends_with_its_time_a_refusal_or_the_register_s_word() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let elsewhere = {
            let offices = ikd::office::Offices::new(world.context.clone());
            offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
            world.supervisor("penyelia9", "UJI-02").await
        };
        let desk = world.officer("loket", OFFICE).await;
        let words = |seen: &Value| json!({"version": seen["version"], "reason": "Wajah dan KTP-el cocok"});
        let path = |id: &str, rest: &str| format!("/v1/officer/recoveries/{id}{rest}");
        let state = async |id: &str| holder.client.get(&format!("/v1/recoveries/{id}")).await.expect(200).text("state");

        let (id, seen) = scanned(&holder, &desk).await;
        elsewhere.get(&path(&id, "")).await.expect_problem(404, "not_found");
        desk.post(&path(&id, "/refuse"), &words(&seen)).await.expect(204);
        let refused = holder.client.get(&format!("/v1/recoveries/{id}")).await.expect(200);
        assert_eq!(
            (refused.text("state").as_str(), &refused.json["reason"]),
            ("refused", &json!("Wajah dan KTP-el cocok"))
        );

        let (id, seen) = scanned(&holder, &desk).await;
        desk.post(&path(&id, "/ask"), &words(&seen)).await.expect(204);
        elsewhere.post(&path(&id, "/grant"), &json!({"version": "2"})).await.expect_problem(404, "not_found");
        world.later(30 * MINUTE);
        assert_eq!(state(&id).await, "lapsed");
        let late = world.supervisor("penyelia2", OFFICE).await;
        late.post(&path(&id, "/grant"), &json!({"version": "2"})).await.expect_problem(409, "wrong_state");

        // Withdrawn on the phone.
        let (id, _) = scanned(&holder, &world.officer("loket2", OFFICE).await).await;
        for _ in 0..2 {
            holder.client.delete(&format!("/v1/recoveries/{id}")).await.expect(204);
        }
        assert_eq!(state(&id).await, "withdrawn");
        drop(supervisor);
        world.app.recoveries.sweep().await.unwrap();
        world.later(31 * DAY);
        while world.app.recoveries.sweep().await.unwrap() > 0 {}
        holder.client.get(&format!("/v1/recoveries/{id}")).await.expect_problem(404, "not_found");
        world.phone().post("/v1/recoveries", &json!({})).await.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_blocks_while_a_recovery_is_under_way_is_not_overruled() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let (_, link) = newest_letter(&world, &holder).await;
        let stop = json!({"nik": nik(&holder), "link": link});
        use_up_the_pin(&world, &holder).await;
        let (desk, supervisor) = (world.officer("loket", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        let path = |id: &str, rest: &str| format!("/v1/officer/recoveries/{id}{rest}");
        let words = |version: &Value| json!({"version": version, "reason": "Wajah dan KTP-el cocok"});
        // Blocked when it is used up, and once more when it is blocked already: a thief with false papers has got so far.
        for round in 0..2 {
            world.later(1);
            let (id, seen) = scanned(&holder, &desk).await;
            desk.post(&path(&id, "/ask"), &words(&seen["version"])).await.expect(204);
            let version = supervisor.get(&path(&id, "")).await.expect(200).json["version"].clone();
            let grant = json!({"version": version});
            if round == 0 {
                supervisor.post(&path(&id, "/grant"), &grant).await.expect(204);
                block(&world, &stop).await.expect(200);
                choose(&holder, &id, &wrong_pin()).await.expect_problem(409, "wrong_state");
                holder.client.delete(&format!("/v1/recoveries/{id}")).await.expect(204);
            } else {
                block(&world, &stop).await.expect(200);
                supervisor.post(&path(&id, "/grant"), &grant).await.expect_problem(409, "wrong_state");
            }
            assert_eq!(standing(&holder).await.1, "self_block", "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_both_persons_and_two_grants_at_once_are_one() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let first = world.supervisor("penyelia1", OFFICE).await;
        let second = world.supervisor("penyelia2", OFFICE).await;
        let third = world.supervisor("penyelia3", OFFICE).await;
        let path = |id: &str, rest: &str| format!("/v1/officer/recoveries/{id}{rest}");
        let holder = world.active(&world.people[0]).await;
        for round in 0..4 {
            world.later(1);
            let (id, seen) = scanned(&holder, &first).await;
            let version = i64::from_str_radix(seen["version"].as_str().unwrap(), 16).unwrap();
            let ask = json!({"version": seen["version"], "reason": "Wajah dan KTP-el cocok"});
            let grant = json!({"version": format!("{:x}", version + 1)});
            // The same person as both, at the same moment, guessing the version that will be.
            let (own_ask, own_grant) = (path(&id, "/ask"), path(&id, "/grant"));
            let (asked, mut own) = tokio::join!(first.post(&own_ask, &ask), first.post(&own_grant, &grant));
            asked.expect(204);
            if own.status != 403 {
                own = first.post(&path(&id, "/grant"), &grant).await;
            }
            own.expect_problem(403, "forbidden");
            let granting = path(&id, "/grant");
            let (one, two) = tokio::join!(second.post(&granting, &grant), third.post(&granting, &grant));
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "round {round}");
            // The PIN is chosen and the request withdrawn at the same moment: one of both.
            let new = PinKey::from_seed(&[90 + round; 32]);
            let withdrawal = format!("/v1/recoveries/{id}");
            let (chosen, withdrawn) = tokio::join!(choose(&holder, &id, &new), holder.client.delete(&withdrawal));
            assert_ne!(chosen.status == 200, withdrawn.status == 204, "round {round}");
            let opened = holder.client.unlock_with(&new).await;
            assert_eq!(opened.status == 200, chosen.status == 200, "round {round}");
        }
    })
    .await;
}

/// The middle of what something takes, of many that are measured in turns.
fn median(mut times: Vec<std::time::Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mass_probing_tells_nothing() {
    let world = World::on(support::Engine::Sqlite).await;
    let holder = world.active(&world.people[0]).await;
    block_code(&holder).await;
    let born = holder.record.birth_date.clone();
    let unknown = world.somebody(500_000, |_| true);
    let shape = |answer: &Answer| {
        let mut json = answer.json.clone();
        json.as_object_mut().unwrap().remove("request_id");
        (
            answer.status,
            json.to_string(),
            answer.header("content-type").to_owned(),
            answer.header("content-length").to_owned(),
        )
    };
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    let mut shapes = std::collections::BTreeSet::new();
    // Known and unknown in turns, so that what else the machine does meets both alike. Each hour has five tries without captcha.
    for _ in 0..24 {
        for _ in 0..5 {
            for (nik, times) in [(&*holder.record.nik, &mut known_times), (unknown.nik.as_str(), &mut unknown_times)] {
                let begun = std::time::Instant::now();
                let from = format!("10.0.0.{}", world.number() % 250);
                let body = json!({"nik": nik, "block_code": "00000000"});
                let answer = world.post("/v1/blocks").header("x-forwarded-for", from).json(&body).send().await;
                // A code is compared, which takes a password's hash, or a captcha is demanded at once: of each NIK alike.
                if answer.code() == "block_refused" {
                    times.push(begun.elapsed());
                }
                let (status, json, kind, length) = shape(&answer);
                shapes.insert((status.as_u16(), json, kind, length));
            }
        }
        world.later(HOUR);
    }
    assert!(shapes.len() <= 2, "two answers at most, of the code and of the captcha: {shapes:?}");
    let ratio = median(known_times) / median(unknown_times);
    assert!((0.5..2.0).contains(&ratio), "a known NIK takes {ratio} times as long");

    let desk = &world.officer("loket9", OFFICE).await;
    // The officer's answer takes as long at least as the longest work behind it: a block, then a link, then nothing.
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    let mut shapes = std::collections::BTreeSet::new();
    for _ in 0..5 {
        for (nik, name, times) in [
            (&*holder.record.nik, &holder.record.full_name, &mut known_times),
            (unknown.nik.as_str(), &unknown.full_name, &mut unknown_times),
        ] {
            let begun = std::time::Instant::now();
            let mut answer = call(desk, nik, name, &born).await.expect(202);
            times.push(begun.elapsed());
            // A number that goes down with each call is of one length from nineteen to ten.
            answer.json["left_today"] = Value::Null;
            let names: Vec<_> = answer.headers.keys().cloned().collect();
            shapes.insert(format!("{:?} {:?}", shape(&answer), names));
        }
    }
    assert_eq!(shapes.len(), 1, "status, body and headers are alike: {shapes:?}");
    let ratio = median(known_times) / median(unknown_times);
    assert!((0.8..1.25).contains(&ratio), "somebody known takes {ratio} times as long");
}
