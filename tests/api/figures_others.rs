//! What others read of regions: whole months, made public once; groups of five at least; a province's people their own province.

use ikd::clock::DAY;
use ikd::figure::import::Line;
use ikd::figure::model::{People, day_of};
use ikd::figure::recap::Month;
use ikd::figure::{Counting, Publication, Regions};
use ikd::register::{Date, Region};
use ikd::staff::{Post, Role};
use serde_json::{Value, json};
use support::each_engine;
use support::world::{LogIn, OFFICE, World};
use uuid::Uuid;

use crate::staffing::{Official, official, official_with};

const PADANG: i64 = 1_371_011_001;
const DENPASAR: i64 = 5_171_011_001;

/// So many of a kind, on a day, of a village's people, at an office.
async fn happened(world: &World, (office, day, village): (u128, i64, i64), kind: &str, n: i64) {
    let mut tx = world.context.db.write().await.unwrap();
    let add = "INSERT INTO figure_day (office_id, day, kind, reason, home_region, n) VALUES ($1, $2, $3, '', $4, $5) \
        ON CONFLICT (office_id, day, kind, reason, home_region) DO UPDATE SET n = figure_day.n + excluded.n";
    ikd::execute!(&mut tx, add, Uuid::from_u128(office), day, kind, village, n).unwrap();
    tx.commit().await.unwrap();
}

/// A first month of which there are figures, and its first day.
async fn begin(world: &World) -> (Month, i64) {
    let month = Month::of(Date::in_jakarta(world.context.now()));
    let add = "INSERT INTO life_tally (tally_id, kind, reason, at, office_id, home_region, is_counted) \
        VALUES ($1, 'activated_first', '', $2, NULL, 0, 0)";
    let mut tx = world.context.db.write().await.unwrap();
    ikd::execute!(&mut tx, add, Uuid::from_u128(1), world.context.now()).unwrap();
    tx.commit().await.unwrap();
    (month, month.days().from)
}

/// Until so many days after a month's end, with everything counted and made public that can be.
async fn until_after(world: &World, month: Month, days: i64) {
    let end = month.days().until + days;
    world.later((end - world.context.now().day_in_jakarta()) * DAY);
    Counting::new(world.context.clone()).count_all().await.unwrap();
    Publication::new(world.context.clone()).publish_all().await.unwrap();
}

fn row<'a>(read: &'a Value, code: &str) -> &'a Value {
    read["rows"].as_array().unwrap().iter().find(|row| row["region"]["code"] == code).expect("the region")
}

async fn read(who: &Official<'_>, query: &str) -> Value {
    who.get(&format!("/v1/admin/figures?{query}")).await.expect(200).json
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_made_public_once_and_tells_no_small_group() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (month, day) = begin(&world).await;
        happened(&world, (1, day, PADANG), "activated_first", 40).await;
        happened(&world, (2, day, PADANG), "activated_first", 4).await;
        happened(&world, (1, day, DENPASAR), "activated_first", 3).await;
        happened(&world, (0, day, PADANG), "ended", 6).await;
        let auditor = official(&world, "auditor", Role::Auditor).await;
        auditor.get("/v1/admin/figures").await.expect_problem(409, "wrong_state");
        // On the day after its end a month is not settled yet.
        until_after(&world, month, 0).await;
        let auditor = official(&world, "auditor1", Role::Auditor).await;
        auditor.get("/v1/admin/figures").await.expect_problem(409, "wrong_state");
        until_after(&world, month, 1).await;
        let auditor = official(&world, "auditor2", Role::Auditor).await;
        let seen = read(&auditor, "").await;
        assert_eq!(
            (&seen["newest"], &seen["oldest"], &seen["region"]),
            (&json!(month.text()), &json!(month.text()), &Value::Null)
        );
        let here = row(&seen, "13");
        assert_eq!(
            (&here["activated_first"], &here["ended"], &here["active_now"]),
            (&json!(40), &json!(6), &json!(34))
        );
        let there = row(&seen, "51");
        assert_eq!(
            (&there["activated_first"], &there["active_now"], &there["coverage"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(seen["total"]["activated_first"], 40, "a sum is of what is told");

        // What came late, and what waited, follows in a later month; what was public stays as it was.
        happened(&world, (1, day, DENPASAR), "activated_first", 1).await;
        happened(&world, (1, month.days().until, DENPASAR), "activated_first", 2).await;
        happened(&world, (2, month.days().until, PADANG), "activated_first", 2).await;
        let next = Month(month.0 + 1);
        until_after(&world, next, 1).await;
        let auditor = official(&world, "auditor3", Role::Auditor).await;
        assert_eq!(read(&auditor, &format!("to={}", month.text())).await["rows"], seen["rows"]);
        let seen = read(&auditor, "").await;
        assert_eq!((&row(&seen, "51")["activated_first"], &row(&seen, "51")["active_now"]), (&json!(6), &json!(6)));
        let both = read(&auditor, &format!("from={}", month.text())).await;
        assert_eq!((&row(&both, "13")["activated_first"], &row(&both, "13")["active_now"]), (&json!(46), &json!(40)));
        // By district, each number is that of the regency: there is one district in it of which anything is told.
        let below = read(&auditor, "region=13.71").await;
        assert_eq!(row(&below, "13.71.01")["activated_first"], below["total"]["activated_first"]);

        let file = auditor.get("/v1/admin/figures/rows?region=13").await.expect(200);
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(text.starts_with("\u{feff}No;Kode Wilayah;Wilayah;"), "{text}");
        assert!(text.contains(";13.71;Kota Padang;") && text.contains(";<5;"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_reads_itself_and_targets_follow_from_what_is_imported() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let (month, day) = begin(&world).await;
        let denpasar = Region::parse("51.71").unwrap();
        // As the office of Denpasar published it.
        let people = People { population: None, eligible: Some(516_875), recorded: Some(511_434) };
        let regions = Regions::new(world.context.clone());
        let today = day_of(Date::in_jakarta(world.context.now()));
        regions.import(&[Line { region: denpasar, day: today, people }]).await.unwrap();
        happened(&world, (1, day, DENPASAR), "activated_first", 21_053).await;
        until_after(&world, month, 1).await;

        let add = async |post: Post<'_>, name: &str| {
            let new = world.accounts().add(post, name, "Orang Provinsi", None).await.unwrap();
            let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
            official_with(&world, &LogIn { username: name.to_owned(), password, totp_secret }).await
        };
        let bali = add(Post::Province("51"), "bali").await;
        assert_eq!(bali.get("/v1/admin/sessions/current").await.expect(200).json["region"]["code"], "51");
        let seen = read(&bali, "").await;
        let own = row(&seen, "51.71");
        assert_eq!(
            (&own["target"], &own["unserved"], &own["active_now"]),
            (&json!(153_430), &json!(5_441), &json!(21_053))
        );
        assert_eq!((&own["coverage"], &own["attainment"]), (&json!(4.12), &json!(13.72)));
        assert_eq!(read(&bali, "region=51.71").await["total"]["target"], 153_430);
        for foreign in ["13", "13.71", "51.71.01", "99", "x"] {
            bali.get(&format!("/v1/admin/figures?region={foreign}")).await.expect_problem(404, "not_found");
        }
        for wrong in ["from=2020-01", "to=2999-01", "from=x"] {
            bali.get(&format!("/v1/admin/figures?{wrong}")).await.expect_problem(422, "invalid_field");
        }
        // Who was added without a province reads nothing until the operator says which.
        let none = add(Post::National(Role::Province), "tanpa-wilayah").await;
        none.get("/v1/admin/figures").await.expect_problem(409, "wrong_state");
        assert!(world.accounts().set_region("tanpa-wilayah", "51.71").await.is_err());
        world.accounts().set_region("tanpa-wilayah", "13").await.unwrap();
        assert_eq!(read(&none, "").await["region"]["code"], "13");
        let administrator = official(&world, "pusat", Role::Administrator).await;
        assert!(world.accounts().set_region("pusat", "13").await.is_err());
        let invite = |role: &str, region: Option<&str>| {
            let mut body = json!({"username": "undangan", "full_name": "Rina Kartika", "email": "rina@dukcapil.example", "role": role});
            if let Some(region) = region {
                body["region"] = region.into();
            }
            body
        };
        for (role, region) in [("province", None), ("province", Some("13.71")), ("auditor", Some("13"))] {
            let body = invite(role, region);
            administrator.post("/v1/admin/staff", &body).await.expect_problem(422, "invalid_field");
        }
        administrator.post("/v1/admin/staff", &invite("province", Some("13"))).await.expect(201);
        assert_eq!(read(&administrator, "region=51").await["rows"], seen["rows"]);

        // A head reads the same of others; a supervisor does not.
        let head = crate::figures::head(&world, "kepala").await;
        let read = head.get("/v1/officer/region-figures?region=51").await.expect(200).json;
        assert_eq!(read["rows"], seen["rows"]);
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        supervisor.get("/v1/officer/region-figures").await.expect_problem(403, "forbidden");
    })
    .await;
}

/// Each act once, for the test that all are written.
pub async fn every_act(world: &World) {
    Publication::new(world.context.clone()).publish_all().await.unwrap();
    let reader = official(world, "pembaca", Role::Administrator).await;
    reader.get("/v1/admin/figures").await.expect(200);
    reader.get("/v1/admin/figures/rows").await.expect(200);
    world.accounts().add(Post::National(Role::Province), "provinsi", "Orang Provinsi", None).await.unwrap();
    world.accounts().set_region("provinsi", "13").await.unwrap();
}
