//! The register speaks: of deaths, of names and of addresses, to digital KTPs that are active, and to those that are about to be.

use std::sync::Arc;

use ikd::clock::DAY;
use ikd::context::Context;
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use ikd::error::{Code, Error};
use ikd::fetch_one;
use ikd::holder::Reason;
use ikd::holder::ports::{self as holder};
use ikd::life::ports::{self as life, By};
use ikd::register::{BatchError, Date, Heard, MaritalStatus, Nationality, NewRecord, RegisterRecord, VitalStatus};
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::life::{newest_letter, recover, standing, wrong_pin};

const NOBODY: Heard = Heard { refreshed: 0, paused: 0, stopped: 0, corrected: 0 };

fn with(record: &RegisterRecord, change: impl FnOnce(&mut RegisterRecord)) -> RegisterRecord {
    let mut record = record.clone();
    change(&mut record);
    record
}

fn dead(record: &RegisterRecord) -> RegisterRecord {
    with(record, |record| record.vital_status = VitalStatus::Deceased)
}

fn renamed(record: &RegisterRecord, name: &str) -> RegisterRecord {
    with(record, |record| record.full_name = name.to_owned())
}

/// What a PIN proves, as the routes that take it without a session want it.
async fn proof(holder: &Applicant, key: &PinKey) -> Value {
    let (challenge, signature) = holder.client.sign_challenge(key, Purpose::Unlock).await;
    json!({"challenge": challenge, "signature": signature})
}

async fn look(holder: &Applicant, key: &PinKey) -> Answer {
    holder.client.post("/v1/me/changes", &proof(holder, key).await).await
}

async fn confirm(holder: &Applicant, seen: Option<&str>) -> Answer {
    let mut body = proof(holder, &pin_key(&holder.record)).await;
    if let Some(seen) = seen {
        body["seen"] = json!(seen);
    }
    holder.client.post("/v1/me/unblock", &body).await
}

async fn letters(world: &World, holder: &Applicant) -> usize {
    world.app.deliver_mail().await.unwrap();
    world.letters_to(&holder.email)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_are_stopped_with_the_import_and_a_wrong_death_is_taken_back_by_two_people() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let qr = world.present(&holder, "basic").await;
        world.later(1);
        assert_eq!(world.put(vec![dead(person)]).await, Heard { stopped: 1, ..NOBODY });
        assert_eq!(world.verify(&qr).await, "holder_not_active");
        holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_deceased"), "register".into()));
        assert_eq!(newest_letter(&world, &holder).await.0, "KTP Digital dihentikan");
        let told = letters(&world, &holder).await;
        let letter = world.letters().into_iter().find(|letter| letter.to == holder.email).unwrap().text;
        assert!(!letter.contains("meninggal") && !letter.contains(&holder.record.nik), "{letter}");

        // Said again it changes nothing and tells nobody.
        assert_eq!(world.put(vec![dead(person)]).await, NOBODY);
        assert_eq!(letters(&world, &holder).await, told);

        // Neither the PIN nor two people bring back whom the register says dead.
        confirm(&holder, None).await.expect_problem(409, "wrong_state");
        look(&holder, &pin_key(&holder.record)).await.expect_problem(409, "wrong_state");
        holder.client.post("/v1/recoveries", &json!({})).await.expect_problem(409, "wrong_state");

        // Taken back, it is not active by itself: two people look, and the same phone goes on.
        assert_eq!(world.put(vec![person.clone()]).await, Heard { corrected: 1, ..NOBODY });
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_corrected"), "counter".into()));
        assert_eq!(newest_letter(&world, &holder).await.0, "KTP Digital Anda dapat dibuka lagi");
        assert_eq!(world.put(vec![person.clone()]).await, NOBODY);
        confirm(&holder, None).await.expect_problem(409, "wrong_state");
        holder.client.unlock().await.expect_problem(423, "blocked");
        recover(&world, &holder).await;
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");
        assert_eq!(world.verify(&qr).await, "holder_not_active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_self_block_is_not_lost_by_a_death_that_is_taken_back() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        holder.client.post("/v1/me/block", &json!({})).await.expect(200);
        assert_eq!(world.put(vec![renamed(person, "NAMA BARU")]).await, Heard { refreshed: 1, ..NOBODY });
        assert_eq!(standing(&holder).await.1, "self_block", "the PIN lifts no self-block");
        world.put(vec![dead(person)]).await;
        world.put(vec![person.clone()]).await;
        assert_eq!(standing(&holder).await.2, "counter");
        confirm(&holder, Some("3")).await.expect_problem(409, "wrong_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_tell_who_somebody_is_is_shown_at_once() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let before = holder.client.get("/v1/me").await.expect(200);
        assert_eq!(holder.client.get("/v1/me/changes").await.expect(200).json["changes"], json!([]));
        let qr = world.present(&holder, "full").await;
        world.later(DAY);
        holder.client.unlock().await.expect(200);
        let moved = with(person, |record| {
            record.address = "JL. BARU NO. 1".into();
            record.occupation = "GURU".into();
            record.marital_status = MaritalStatus::Widowed;
        });
        assert_eq!(world.put(vec![moved.clone()]).await, Heard { refreshed: 1, ..NOBODY });
        let after = holder.client.get("/v1/me").await.expect(200);
        assert_eq!(after.json["attributes"]["address"], "JL. BARU NO. 1");
        assert!(after.text("record_as_of") > before.text("record_as_of"));
        assert_eq!(world.verify(&world.present(&holder, "full").await).await, "valid");
        assert_ne!(world.verify(&qr).await, "holder_not_active", "expired at most");
        let changes = holder.client.get("/v1/me/changes").await.expect(200);
        assert!(
            changes.text("source").starts_with("Sumber: database kependudukan, per 22-11-2026"),
            "{}",
            changes.json
        );
        let address =
            json!({"field": "address", "before": person.address, "after": "JL. BARU NO. 1", "identifies": false});
        assert!(changes.json["changes"].as_array().unwrap().contains(&address), "{}", changes.json);
        assert_eq!(newest_letter(&world, &holder).await.0, "Data KTP Digital Anda diperbarui");
        let told = letters(&world, &holder).await;
        assert_eq!(world.put(vec![moved]).await, NOBODY);
        assert_eq!(letters(&world, &holder).await, told);

        // Who moved abroad is a citizen still, and needs it there.
        let abroad = with(person, |record| record.vital_status = VitalStatus::Emigrated);
        assert_eq!(world.put(vec![abroad.clone()]).await, Heard { refreshed: 1, ..NOBODY });
        assert_eq!(standing(&holder).await.0, "active");
        // Who is no citizen any more and lives abroad is neither citizen nor resident; the register can take that back.
        let left = with(&abroad, |record| record.nationality = Nationality::Foreign);
        assert_eq!(world.put(vec![left]).await, Heard { stopped: 1, ..NOBODY });
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_left"), "register".into()));
        assert_eq!(world.put(vec![abroad]).await, Heard { corrected: 1, ..NOBODY });
        assert_eq!(standing(&holder).await.2, "counter");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_tells_who_somebody_is_waits_for_their_word_on_what_they_saw() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let (key, qr) = (pin_key(&holder.record), world.present(&holder, "basic").await);
        assert_eq!(world.put(vec![renamed(person, "NAMA KEDUA")]).await, Heard { paused: 1, ..NOBODY });
        assert_eq!(world.verify(&qr).await, "holder_not_active");
        holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_changed"), "pin".into()));
        assert_eq!(newest_letter(&world, &holder).await.0, "KTP Digital Anda menunggu kepastian Anda");

        // Nobody without the PIN sees anything, tries count, and looking uses up none.
        assert_eq!(look(&holder, &wrong_pin()).await.expect(403).json["tries_left"], 2);
        let mut seen = look(&holder, &key).await.expect(200);
        for _ in 0..9 {
            seen = look(&holder, &key).await.expect(200);
        }
        let name = json!({"field": "full_name", "before": person.full_name, "after": "NAMA KEDUA", "identifies": true});
        assert_eq!(seen.json["changes"], json!([name]));
        assert_eq!(standing(&holder).await.0, "blocked", "seen is not confirmed");

        // What was not shown is not confirmed: nothing seen, or something else meanwhile.
        for _ in 0..9 {
            confirm(&holder, None).await.expect_problem(409, "wrong_state");
        }
        assert_eq!(world.put(vec![renamed(person, "NAMA KETIGA")]).await, Heard { refreshed: 1, ..NOBODY });
        confirm(&holder, Some(&seen.text("version"))).await.expect_problem(409, "wrong_state");
        let seen = look(&holder, &key).await.expect(200);
        assert_eq!(seen.json["changes"][0]["before"], person.full_name.as_str(), "against what was confirmed last");
        assert_eq!(seen.json["changes"][0]["after"], "NAMA KETIGA");
        confirm(&holder, Some(&seen.text("version"))).await.expect(200);
        assert_eq!(standing(&holder).await.0, "active");
        holder.client.unlock().await.expect(200);
        assert_eq!(holder.client.get("/v1/me").await.expect(200).json["attributes"]["full_name"], "NAMA KETIGA");
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid");

        // Another name: after thirty days the PIN is not enough, a counter is.
        world.put(vec![renamed(person, "NAMA KEEMPAT")]).await;
        world.later(30 * DAY - 1);
        let seen = look(&holder, &key).await.expect(200);
        assert_eq!(seen.json["changes"][0]["before"], "NAMA KETIGA");
        world.later(1);
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("register_changed"), "counter".into()));
        look(&holder, &key).await.expect_problem(409, "wrong_state");
        confirm(&holder, Some(&seen.text("version"))).await.expect_problem(409, "wrong_state");
        recover(&world, &holder).await;
        assert_eq!(standing(&holder).await.0, "active");
        world.later(61 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::nil()).await.unwrap());
        holder.client.unlock().await.expect(200);
        assert_eq!(holder.client.get("/v1/me/changes").await.expect(200).json["changes"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_portrait_waits_and_the_same_one_encoded_anew_does_not() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let before = holder.client.get("/v1/me/portrait").await.expect(200).bytes;
        let picture = image::load_from_memory(&before).unwrap().to_rgb8();
        let jpeg = |picture: &image::RgbImage| {
            let mut out = Vec::new();
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 70).encode_image(picture).unwrap();
            Some(out)
        };
        let put = async |portrait| {
            world.population_register().put(vec![NewRecord { record: person.clone(), portrait }]).await
        };
        assert_eq!(put(jpeg(&picture)).await.unwrap(), NOBODY);
        let other = image::RgbImage::from_pixel(picture.width(), picture.height(), image::Rgb([90, 20, 160]));
        assert_eq!(put(jpeg(&other)).await.unwrap(), Heard { paused: 1, ..NOBODY });
        let seen = look(&holder, &pin_key(&holder.record)).await.expect(200);
        assert_eq!(seen.json["changes"][0]["field"], "portrait");
        let shown = ikd::base64url::decode(&seen.text("portrait")).unwrap();
        assert_eq!(*image::load_from_memory(&shown).unwrap().to_rgb8().get_pixel(9, 9), {
            let sent = image::load_from_memory(&jpeg(&other).unwrap()).unwrap().to_rgb8();
            *sent.get_pixel(9, 9)
        });
        confirm(&holder, Some(&seen.text("version"))).await.expect(200);
        holder.client.unlock().await.expect(200);
        let card = holder.client.get("/v1/me/portrait").await.expect(200).bytes;
        assert!(card != before && card == shown, "what was confirmed is what was shown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_register_has_the_last_word_at_an_activation() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let [person, other] = [&world.people[0], &world.people[1]];
        let (mut one, mut two) = (world.approved(person).await, world.approved(other).await);
        // Of whom nothing is active yet, nobody is told; what counts is what the register says then.
        assert_eq!(world.put(vec![dead(person), renamed(other, "NAMA LAIN")]).await, NOBODY);
        let code = world.code_sent(&one).await;
        world.enter(&one, &code).await.expect(200);
        let (id, key) = (one.id.clone(), pin_key(&one.record));
        one.client.enrol(&id, key).await.expect_problem(409, "wrong_state");
        world.put(vec![person.clone()]).await;
        let key = pin_key(&one.record);
        one.client.enrol(&id, key).await.expect(201);

        let code = world.code_sent(&two).await;
        world.enter(&two, &code).await.expect(200);
        let (id, key) = (two.id.clone(), pin_key(&two.record));
        two.client.enrol(&id, key).await.expect(201);
        assert_eq!(standing(&two).await.1, "register_changed");
        let seen = look(&two, &pin_key(&two.record)).await.expect(200);
        assert_eq!(seen.json["changes"][0]["after"], "NAMA LAIN");
        confirm(&two, Some(&seen.text("version"))).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_too_young_reads_at_once_from_when() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let today = Date::in_jakarta(world.context.now());
        let born =
            |days: i32| Date::new(today.year() - 17, today.month(), today.day()).unwrap().plus_days(days).unwrap();
        let young = with(&world.people[0], |record| record.birth_date = born(40));
        let mut applicant = world.register(&young).await;
        let told = applicant.client.get(&applicant.path("")).await.expect(200);
        assert_eq!(told.text("eligible_from"), today.plus_days(40).unwrap().to_string());
        // It decides nothing: who is married is told so by the register at the counter.
        assert_eq!(told.text("state"), "needs_selfie");
        world.later(40 * DAY);
        let told = applicant.client.get(&applicant.path("")).await.expect(200);
        assert!(told.json["eligible_from"].is_null(), "{}", told.json);
        applicant = world.register(&with(&world.people[1], |record| record.birth_date = born(0))).await;
        let told = applicant.client.get(&applicant.path("")).await.expect(200);
        assert!(told.json["eligible_from"].is_null(), "{}", told.json);
    })
    .await;
}

/// The state of a resident's digital KTP, and why it is so.
async fn ended(context: &Context, resident: Uuid) -> (String, Option<Reason>) {
    let mut tx = context.db.read().await.unwrap();
    let state =
        fetch_one!(&mut tx, (String,), "SELECT state FROM credential WHERE resident_id = $1", resident).unwrap().0;
    (state, holder::status(&mut tx, resident).await.unwrap().map(|status| status.reason))
}

async fn together<A: Send + 'static, B: Send + 'static>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let barrier = Arc::new(Barrier::new(2));
    let first = Arc::clone(&barrier);
    let one = tokio::spawn(async move {
        first.wait().await;
        one.await
    });
    let other = tokio::spawn(async move {
        barrier.wait().await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

fn import(world: &World, record: RegisterRecord) -> impl Future<Output = Result<Heard, BatchError>> + Send + 'static {
    let register = world.population_register();
    async move { register.put(vec![NewRecord { record, portrait: None }]).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_and_a_block_at_the_same_moment_both_count() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let holder = world.active(&person).await;
        let resident = world.resident_id(&person).await;
        for round in 0..6 {
            let context = world.context.clone();
            let block = async move {
                let now = context.now();
                let mut tx = context.db.write().await?;
                let by = By::holder(resident);
                life::stop(&context, &mut tx, resident, Reason::SelfBlock, (now, None), by).await?;
                Ok::<_, Error>(tx.commit().await?)
            };
            let said = if round % 2 == 0 { dead(&person) } else { renamed(&person, &format!("NAMA {round}X")) };
            let (heard, blocked) = together(import(&world, said), block).await;
            heard.unwrap();
            blocked.unwrap();
            let reason = if round % 2 == 0 { Reason::RegisterDeceased } else { Reason::SelfBlock };
            assert_eq!(ended(&world.context, resident).await, ("blocked".into(), Some(reason)), "round {round}");
            world.put(vec![person.clone()]).await;
            assert_eq!(standing(&holder).await.2, "counter", "round {round}");
            recover(&world, &holder).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_at_the_same_moment_end_as_one_of_them_says() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = world.people[0].clone();
        let holder = world.active(&person).await;
        let resident = world.resident_id(&person).await;
        for round in 0..6 {
            let alive = with(&person, |record| record.address = format!("JL. {round}"));
            let (one, other) = together(import(&world, dead(&person)), import(&world, alive.clone())).await;
            one.unwrap();
            other.unwrap();
            let said = world.population_register().lookup(&person.nik).await.unwrap().unwrap().record;
            let mut tx = world.context.db.read().await.unwrap();
            let shown = holder::record(&world.context, &mut tx, resident).await.unwrap();
            drop(tx);
            assert!(shown == said, "round {round}: what is shown is what the register says");
            let reason = match said.vital_status {
                VitalStatus::Deceased => Reason::RegisterDeceased,
                _ => Reason::RegisterCorrected,
            };
            // Told of the death first, or of nothing but an address and then of the death.
            assert_eq!(ended(&world.context, resident).await, ("blocked".into(), Some(reason)), "round {round}");
            let told = letters(&world, &holder).await;
            let (one, other) = together(import(&world, said.clone()), import(&world, said.clone())).await;
            assert_eq!((one.unwrap(), other.unwrap()), (NOBODY, NOBODY), "said twice it changes nothing");
            assert_eq!(letters(&world, &holder).await, told);
            world.put(vec![person.clone()]).await;
            recover(&world, &holder).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_and_an_activation_at_the_same_moment_leave_no_dead_person_active() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for person in &world.people[..5] {
            let applicant = world.approved(person).await;
            let resident = world.resident_id(person).await;
            let code = world.code_sent(&applicant).await;
            world.enter(&applicant, &code).await.expect(200);
            let (id, key, mut phone) = (applicant.id.clone(), pin_key(&applicant.record), applicant.client);
            let enrol = async move { phone.enrol(&id, key).await.status };
            let (heard, status) = together(import(&world, dead(person)), enrol).await;
            let stopped = heard.unwrap().stopped;
            match status.as_u16() {
                201 => {
                    assert_eq!(stopped, 1, "active before the death, and stopped by it");
                    let reason = Some(Reason::RegisterDeceased);
                    assert_eq!(ended(&world.context, resident).await, ("blocked".into(), reason));
                }
                409 => assert_eq!(stopped, 0, "dead before it was active"),
                other => panic!("{other}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_officer_stops_somebody_as_dead() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let desk = world.officer("petugas3", OFFICE).await;
        let (record, reason) = (&holder.record, "Sudah meninggal, kata tetangga");
        let body = json!({"nik": record.nik, "full_name": record.full_name, "birth_date": record.birth_date, "reason": reason});
        desk.post("/v1/officer/blocks", &body).await.expect(202);
        assert_eq!(standing(&holder).await, ("blocked".into(), json!("officer_block_provisional"), "pin".into()));
        // Two people cannot make the register's word of what was no word of the register.
        let resident = world.resident_id(&world.people[0]).await;
        let now = world.context.now();
        let mut tx = world.context.db.write().await.unwrap();
        let may = |status: &ikd::holder::Status| status.reason == Reason::RegisterDeceased;
        let refused = life::restart(&world.context, &mut tx, resident, may, now, By::system()).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(_)) && refused.code() == Some(Code::WrongState));
    })
    .await;
}
