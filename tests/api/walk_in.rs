//! A holder at the counter without their phone: two people of an office end the digital KTP, or print a copy of the data.

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::device::Purpose;
use ikd::office::{Kind, Offices};
use ikd::register::RegisterRecord;
use ikd::staff::Realm;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World, pin_key, portrait_bytes};
use uuid::Uuid;

use crate::card::{Pair, issued, pair};
use crate::life::{newest_letter, standing};

const PATH: &str = "/v1/officer/walk-ins";
const HELD: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM credential WHERE resident_id = $1 AND state = 'active'";

async fn sweep(world: &World) {
    assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
}

pub fn said(person: &RegisterRecord, kind: &str) -> Value {
    json!({"kind": kind, "nik": person.nik.as_str(), "full_name": person.full_name,
        "birth_date": person.birth_date.to_string()})
}

pub fn path(walk_in: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", walk_in["walk_in_id"].as_str().unwrap())
}

async fn photograph(world: &World, officer: &Officer, walk_in: &Value) -> Answer {
    let photo = world.request(Method::PUT, &path(walk_in, "/photo")).cookie(&officer.cookie());
    photo.header("content-type", "image/jpeg").body(portrait_bytes()).send().await
}

async fn ask(officer: &Officer, walk_in: &Value) -> Answer {
    officer.post(&path(walk_in, "/ask"), &json!({"version": walk_in["version"], "wanted": true})).await
}

pub async fn view(officer: &Officer, walk_in: &Value) -> Value {
    officer.get(&path(walk_in, "")).await.expect(200).json
}

/// A request that waits for a second person, as its asker sees it.
pub async fn asked(world: &World, officer: &Officer, person: &RegisterRecord, kind: &str) -> Value {
    asked_as(world, officer, &said(person, kind)).await
}

/// The same, of what was typed.
pub async fn asked_as(world: &World, officer: &Officer, said: &Value) -> Value {
    let mut walk_in = officer.post(PATH, said).await.expect(201).json;
    walk_in["version"] = photograph(world, officer, &walk_in).await.expect(200).json["version"].clone();
    ask(officer, &walk_in).await.expect(204);
    view(officer, &walk_in).await
}

pub async fn grant(officer: &Officer, walk_in: &Value) -> Answer {
    officer.post(&path(walk_in, "/grant"), &json!({"version": walk_in["version"]})).await
}

async fn refuse(officer: &Officer, walk_in: &Value) -> Answer {
    let body = json!({"version": walk_in["version"], "reason": "Wajahnya lain"});
    officer.post(&path(walk_in, "/refuse"), &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_end_the_digital_ktp_of_who_has_no_phone_with_them() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holders = [world.active(&world.people[0]).await, world.active(&world.people[1]).await];
        for (number, kind, reason) in [(0, "closure", "closed"), (1, "consent_withdrawal", "consent_withdrawn")] {
            let (person, holder) = (&world.people[number], &holders[number]);
            holder.client.unlock().await.expect(200);
            let people = pair(&world).await;
            let Pair { asker, granter } = &people;
            let token = world.present(holder, "basic").await;
            let prepared = asker.post(PATH, &said(person, kind)).await.expect(201).json;
            assert_eq!((&prepared["state"], &prepared["own"]), (&json!("prepared"), &json!(true)));
            assert!(!prepared.to_string().contains(person.nik.as_str()), "the NIK is masked: {prepared}");
            ask(asker, &prepared).await.expect_problem(409, "wrong_state");
            let mut walk_in = prepared;
            walk_in["version"] = photograph(&world, asker, &walk_in).await.expect(200).json["version"].clone();
            let unwanted = json!({"version": walk_in["version"], "wanted": false});
            asker.post(&path(&walk_in, "/ask"), &unwanted).await.expect_problem(422, "invalid_field");
            // The portrait is shown while it is to be compared, not to whoever types a NIK.
            asker.get(&path(&walk_in, "/portrait")).await.expect_problem(404, "not_found");
            let witness = json!({"version": walk_in["version"], "wanted": true, "witness": "Aminah"});
            asker.post(&path(&walk_in, "/ask"), &witness).await.expect(204);

            let waiting = granter.get(PATH).await.expect(200).json;
            assert_eq!(
                (&waiting["items"][0]["walk_in_id"], &waiting["items"][0]["kind"]),
                (&walk_in["walk_in_id"], &json!(kind))
            );
            assert!(!waiting.to_string().contains(&person.full_name), "the list names nobody");
            let seen = view(granter, &walk_in).await;
            assert_eq!((&seen["may_grant"], &seen["full_name"]), (&json!(true), &json!(person.full_name)));
            assert!(seen["witness"].as_str().unwrap().eq_ignore_ascii_case("aminah"));
            // Who asked has the holder before them: no portrait for whoever typed three data and sent any photo.
            asker.get(&path(&walk_in, "/portrait")).await.expect_problem(404, "not_found");
            // Nor for a colleague who may grant nothing.
            let colleague = world.officer(&format!("rekan-{}", world.number()), OFFICE).await;
            for picture in ["/photo", "/portrait"] {
                colleague.get(&path(&walk_in, picture)).await.expect_problem(404, "not_found");
            }
            for picture in ["/photo", "/portrait"] {
                let picture = granter.get(&path(&walk_in, picture)).await.expect(200);
                assert!(picture.bytes.starts_with(&[0xff, 0xd8]));
            }
            assert_eq!(standing(holder).await.0, "active", "asking ends nothing");
            grant(granter, &seen).await.expect(204);

            assert_eq!(world.verify(&token).await, "holder_not_active");
            let (state, why, _) = standing(holder).await;
            assert_eq!((state.as_str(), &why), ("deactivated", &json!(reason)));
            assert!(newest_letter(&world, holder).await.0.contains("KTP Digital"));
            for picture in ["/photo", "/portrait"] {
                granter.get(&path(&walk_in, picture)).await.expect_problem(404, "not_found");
            }
            // Whoever has the phone and the PIN does not bring back what its holder ended at a counter.
            let (challenge, signature) = holder.client.sign_challenge(&pin_key(person), Purpose::Unlock).await;
            let undo = json!({"challenge": challenge, "signature": signature});
            holder.client.post("/v1/me/closure/undo", &undo).await.expect_problem(409, "wrong_state");

            // A day later it is erased, with what was asked for; registering anew is possible.
            world.later(DAY + MINUTE);
            sweep(&world).await;
            // What ended it is proof for whoever says that it was not them, as long as the photo is kept.
            let rows =
                "SELECT CAST(COUNT(*) AS BIGINT) FROM walk_in WHERE resident_id = $1 AND photo_sealed IS NOT NULL";
            let resident = world.resident_id(person).await;
            assert_eq!(world.count(rows, resident).await, 1);
            let people = pair(&world).await;
            let kept = view(&people.asker, &walk_in).await;
            assert_eq!((&kept["full_name"], &kept["has_photo"]), (&json!(null), &json!(true)));
            people.asker.post(PATH, &said(person, kind)).await.expect_problem(404, "not_found");
            assert_eq!(world.state(&world.waiting(person).await).await, "awaiting_officer");
            world.later(30 * DAY);
            sweep(&world).await;
            assert_eq!(world.count(rows, resident).await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_data_is_printed_for_an_hour_also_for_who_has_only_a_card() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let people = pair(&world).await;
        let Pair { asker, granter } = &people;
        let holder = world.active(&world.people[0]).await;
        world.verify(&world.present(&holder, "basic").await).await;
        issued(&world, &people, &world.people[1]).await;
        for person in &world.people[..2] {
            let walk_in = asked(&world, asker, person, "copy").await;
            asker.get(&path(&walk_in, "/copy")).await.expect_problem(409, "wrong_state");
            grant(granter, &walk_in).await.expect(204);
            for language in ["id", "en"] {
                let copy = world.request(Method::GET, &path(&walk_in, "/copy")).cookie(&asker.cookie());
                let copy = copy.header("accept-language", language).send().await.expect(200);
                assert_eq!(copy.headers["content-type"], "application/pdf");
                assert_eq!(copy.headers["cache-control"], "no-store");
                let text = crate::paper::text_of(&copy.bytes);
                assert!(text.contains(&crate::paper::bare(&person.full_name)), "{language}");
                let how = if language == "id" {
                    "diloket,setelahduapetugasmencocokkanwajah"
                } else {
                    "atacounter,aftertwoofficerscomparedtheface"
                };
                assert!(text.contains(how), "{text}");
                assert!(!text.contains("SHA-256"), "there is no JSON beside it");
                // What the office did about it stands in it, too.
                let act =
                    if language == "id" { "Memintalayanantanpaponsel" } else { "Askedforsomethingwithoutthephone" };
                assert!(text.contains(act), "{text}");
            }
            assert_eq!(world.count(HELD, world.resident_id(person).await).await, 1, "a copy ends nothing");
            world.later(1);
        }
        assert!(newest_letter(&world, &holder).await.0.contains("Salinan data"), "the holder is told");
        // For an hour; not what was asked for otherwise; not in another office.
        let other = world.officer("rekan-cetak", OFFICE).await;
        let closing = asked(&world, asker, &world.people[0], "closure").await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let copy = asked(&world, asker, &world.people[1], "copy").await;
        for rest in ["", "/photo", "/portrait", "/copy"] {
            elsewhere.get(&path(&copy, rest)).await.expect_problem(404, "not_found");
        }
        grant(granter, &copy).await.expect(204);
        // For who asked and who granted; it is found again, and printed ten times.
        other.get(&path(&copy, "/copy")).await.expect_problem(403, "forbidden");
        granter.get(&path(&copy, "/copy")).await.expect(200);
        let mine = asker.get(PATH).await.expect(200).json;
        let found =
            mine["mine"].as_array().unwrap().iter().find(|one| one["walk_in_id"] == copy["walk_in_id"]).unwrap();
        assert_eq!((&found["state"], found["print_until"].is_string()), (&json!("granted"), true));
        assert!(other.get(PATH).await.expect(200).json["mine"].as_array().unwrap().is_empty());
        for _ in 0..9 {
            asker.get(&path(&copy, "/copy?language=en")).await.expect(200);
        }
        asker.get(&path(&copy, "/copy")).await.expect_problem(429, "too_many");
        asker.get(&path(&closing, "/copy")).await.expect_problem(409, "wrong_state");
        world.later(HOUR);
        let Pair { asker, .. } = pair(&world).await;
        asker.get(&path(&copy, "/copy")).await.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_grants_alone_late_elsewhere_or_on_an_old_screen() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        let other = world.officer("rekan", OFFICE).await;
        let holders = [world.active(&world.people[0]).await, world.active(&world.people[1]).await];

        let own = asked(&world, &granter, &world.people[1], "closure").await;
        grant(&granter, &own).await.expect_problem(403, "forbidden");
        grant(&asker, &own).await.expect_problem(403, "forbidden");

        let former = world.officer("bekas", OFFICE).await;
        let walk_in = asked(&world, &former, &world.people[0], "closure").await;
        grant(&elsewhere, &walk_in).await.expect_problem(404, "not_found");
        let stale = json!({"version": "0"});
        granter.post(&path(&walk_in, "/grant"), &stale).await.expect_problem(409, "wrong_state");
        other.post(PATH, &said(&world.people[0], "copy")).await.expect_problem(409, "wrong_state");
        // What was merely prepared bars nobody.
        asker.post(PATH, &said(&world.people[1], "copy")).await.expect_problem(409, "wrong_state");
        refuse(&granter, &own).await.expect(204);
        asker.post(PATH, &said(&world.people[1], "copy")).await.expect(201);
        other.post(PATH, &said(&world.people[1], "copy")).await.expect(201);
        refuse(&other, &walk_in).await.expect_problem(403, "forbidden");
        photograph(&world, &other, &walk_in).await.expect_problem(403, "forbidden");

        // Who asked was disabled since: what they asked for counts no more.
        let accounts = world.accounts();
        accounts.set_active(Realm::Office, "bekas", false).await.unwrap();
        grant(&granter, &walk_in).await.expect_problem(404, "not_found");

        world.later(30 * MINUTE);
        let Pair { asker, granter } = pair(&world).await;
        grant(&granter, &walk_in).await.expect_problem(409, "wrong_state");
        assert_eq!(view(&asker, &walk_in).await["state"], "lapsed");
        sweep(&world).await;
        grant(&granter, &walk_in).await.expect_problem(409, "wrong_state");

        // Blocked since it was prepared: another matter, to be looked at anew.
        let walk_in = asked(&world, &asker, &world.people[0], "closure").await;
        holders[0].client.unlock().await.expect(200);
        holders[0].client.post("/v1/me/block", &json!({})).await.expect(200);
        grant(&granter, &walk_in).await.expect_problem(409, "wrong_state");
        assert_eq!(standing(&holders[0]).await.0, "blocked");
        refuse(&granter, &view(&granter, &walk_in).await).await.expect(204);

        // And so is a refusal.
        let walk_in = asked(&world, &asker, &world.people[0], "closure").await;
        refuse(&granter, &walk_in).await.expect(204);
        let refused = view(&asker, &walk_in).await;
        assert_eq!((&refused["state"], &refused["refusal"]), (&json!("refused"), &json!("Wajahnya lain")));
        grant(&granter, &refused).await.expect_problem(409, "wrong_state");
        assert_eq!((standing(&holders[0]).await.0, standing(&holders[1]).await.0), ("blocked".into(), "active".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_says_what_the_register_says_is_served_and_everybody_else_is_the_same_miss() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, .. } = pair(&world).await;
        let person = &world.people[0];
        world.active(person).await;
        let with = |field: &str, value: &str| {
            let mut body = said(person, "closure");
            body[field] = json!(value);
            body
        };
        let mut answers = Vec::new();
        for body in [
            with("full_name", "Orang Lain Sekali"),
            with("birth_date", "1970-01-01"),
            said(&world.somebody(500_000, |_| true), "closure"),
            // In the register, but without a digital KTP.
            said(&world.people[3], "closure"),
        ] {
            let mut refused = asker.post(PATH, &body).await.expect_problem(404, "not_found");
            refused.json.as_object_mut().unwrap().remove("request_id");
            answers.push(refused.json);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_grants_a_refusal_and_a_block_at_one_moment_leave_one_of_them() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        let second = world.supervisor("penyelia-lain", OFFICE).await;
        for person in &world.people[..4] {
            let holder = world.active(person).await;
            let walk_in = asked(&world, &asker, person, "closure").await;
            let (one, two, no) =
                tokio::join!(grant(&granter, &walk_in), grant(&second, &walk_in), refuse(&asker, &walk_in));
            let done = [&one, &two, &no].iter().filter(|answer| answer.status == 204).count();
            assert_eq!(done, 1, "{} {} {}", one.status, two.status, no.status);
            let ended = no.status != 204;
            assert_eq!(standing(&holder).await.0 == "deactivated", ended);
        }
        // Against the holder's own closure: ended once, by either, and told once.
        for person in &world.people[4..7] {
            let holder = world.active(person).await;
            let walk_in = asked(&world, &asker, person, "consent_withdrawal").await;
            let (granted, closed) = tokio::join!(grant(&granter, &walk_in), crate::closing::closing(&holder, false));
            let done = usize::from(granted.status == 204) + usize::from(closed.status == 200);
            assert_eq!(done, 1, "{} {}", granted.status, closed.status);
            let events = "SELECT CAST(COUNT(*) AS BIGINT) FROM life_event WHERE resident_id = $1 AND kind = 'stopped'";
            assert_eq!(world.count(events, world.resident_id(person).await).await, 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_go_after_their_time_and_requests_after_ninety_days() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        world.active(&world.people[0]).await;
        let granted = asked(&world, &asker, &world.people[0], "copy").await;
        grant(&granter, &granted).await.expect(204);
        let refused = asked(&world, &asker, &world.people[0], "copy").await;
        refuse(&granter, &refused).await.expect(204);
        let photos = "SELECT CAST(COUNT(*) AS BIGINT) FROM walk_in WHERE resident_id = $1 AND photo_sealed IS NOT NULL";
        let all = "SELECT CAST(COUNT(*) AS BIGINT) FROM walk_in WHERE resident_id = $1";
        let resident = world.resident_id(&world.people[0]).await;
        for (days, left, rows) in [(6, 2, 2), (2, 1, 2), (21, 1, 2), (2, 0, 2), (60, 0, 0)] {
            world.later(days * DAY);
            sweep(&world).await;
            let now = (world.count(photos, resident).await, world.count(all, resident).await);
            assert_eq!(now, (left, rows), "after {days} more days");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_looks_again_is_written_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let Pair { asker, granter } = pair(&world).await;
        world.active(&world.people[0]).await;
        let asked = asked(&world, &asker, &world.people[0], "copy").await;
        for _ in 0..5 {
            view(&granter, &asked).await;
        }
        let looks =
            "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event WHERE subject_id = $1 AND action = 'walk_in_viewed'";
        let id: Uuid = asked["walk_in_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(world.count(looks, id).await, 2, "the asker's and the granter's");
        world.later(10 * MINUTE);
        view(&granter, &asked).await;
        assert_eq!(world.count(looks, id).await, 3);
    })
    .await;
}
