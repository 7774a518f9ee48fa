//! An office reads its figures, and sends a month upward: a supervisor asks, the head signs.

use ikd::clock::DAY;
use ikd::figure::import::Line;
use ikd::figure::model::{Basis, People, Rate, day_of};
use ikd::figure::{Counting, Regions};
use ikd::office::{Kind, Offices};
use ikd::register::{Date, Region};
use ikd::staff::Role;
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World};
use uuid::Uuid;

/// The figures of a month around now.
async fn figures(world: &World, officer: &Officer) -> Value {
    let today = Date::in_jakarta(world.context.now());
    let path = format!("/v1/officer/office-figures?from={}&to={today}", today.plus_days(-30).unwrap());
    officer.get(&path).await.expect(200).json
}

fn count(counts: &Value, kind: &str) -> i64 {
    let of = |one: &&Value| one["kind"] == kind;
    counts.as_array().unwrap().iter().filter(of).map(|one| one["count"].as_i64().unwrap()).sum()
}

pub async fn head(world: &World, name: &str) -> Officer {
    world.log_in(&world.add_person(name, OFFICE, Role::Head).await).await
}

/// The month of now, and the clock a month later: what it was is over, and counted.
pub async fn month_over(world: &World) -> String {
    let month = Date::in_jakarta(world.context.now()).to_string()[..7].to_owned();
    world.later(32 * DAY);
    Counting::new(world.context.clone()).count_all().await.unwrap();
    month
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_office_did_is_in_its_figures() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let home = Region::of(&world.people[0]);
        let outsider = world.people.iter().find(|one| Region::of(one).regency() != home.regency()).unwrap();
        let regions = Regions::new(world.context.clone());
        regions.set_scope(OFFICE, home.regency()).await.unwrap();
        assert!(
            regions.set_scope(OFFICE, home.district()).await.is_err()
                && regions.set_scope("?", home.regency()).await.is_err()
        );
        world.active(&world.people[0]).await;
        world.active(outsider).await;
        let returned = world.waiting(&world.people[0]).await;
        world.scan(desk, &returned).await.expect(200);
        let body = json!({"to": "selfie", "reason": "Foto kabur sekali", "code": "photo_blurred"});
        world.decide(desk, &returned, "return", &body).await.expect(200);
        let range = "/v1/officer/office-figures?from=2026-01-01&to=2026-01-01";
        desk.get(range).await.expect_problem(409, "wrong_state");
        Counting::new(world.context.clone()).count_all().await.unwrap();

        let seen = figures(&world, desk).await;
        for (kind, n) in [("scanned", 3), ("approved", 2), ("code_sent", 2), ("returned", 1), ("activated_first", 2)] {
            assert_eq!(count(&seen["flow"], kind), n, "{kind}");
        }
        // Whoever lives there, wherever they were served; not the outsider, who stands apart.
        for (kind, n) in [("cohort_registered", 2), ("cohort_scanned", 2), ("cohort_activated", 1)] {
            assert_eq!(count(&seen["cohort"], kind), n, "{kind}");
        }
        assert_eq!(seen["outsiders"], 1);
        assert_eq!(seen["reasons"], json!([{"kind": "returned", "reason": "photo_blurred", "count": 1}]));
        assert_eq!(seen["region"]["code"], home.regency().dotted());
        let here = seen["regions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["region"]["code"] == home.district().dotted())
            .unwrap();
        assert_eq!((&here["active"], &here["served_here"], &here["target"]), (&json!(1), &json!(1), &Value::Null));
        let waited = seen["waits"].as_array().unwrap().iter().find(|one| one["wait"] == "scanned_decided").unwrap();
        assert_eq!(waited["count"], 3);

        // Another office sees nothing of it, and an assistant none at all.
        let elsewhere = world.supervisor("penyelia2", "UJI-02").await;
        let seen = figures(&world, &elsewhere).await;
        assert_eq!((count(&seen["flow"], "scanned"), &seen["region"]), (0, &Value::Null));
        for wrong in ["from=2026-01-02&to=2026-01-01", "from=2024-01-01&to=2026-01-01", "from=x&to=2026-01-01"] {
            desk.get(&format!("/v1/officer/office-figures?{wrong}")).await.expect_problem(422, "invalid_field");
        }
        desk.get("/v1/officer/office-figures").await.expect_problem(400, "malformed_request");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_sent_upward_by_two() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let denpasar = Region::parse("51.71").unwrap();
        let regions = Regions::new(world.context.clone());
        regions.set_scope(OFFICE, denpasar).await.unwrap();
        // As the office of Denpasar published it.
        let people = People { population: None, eligible: Some(516_875), recorded: Some(511_434) };
        let today = day_of(Date::in_jakarta(world.context.now()));
        regions.import(&[Line { region: denpasar, day: today, people }]).await.unwrap();
        regions.set_target(denpasar, 2_024, Rate { basis: Basis::Recorded, permille: 300 }).await.unwrap();
        let add = "INSERT INTO figure_day (office_id, day, kind, reason, home_region, n) VALUES ($1, 20000, 'activated_first', '', 5171011001, 21053)";
        world.change(add, Uuid::nil()).await;
        let month = month_over(&world).await;
        let (supervisor, second) = (world.supervisor("penyelia", OFFICE).await, world.supervisor("penyelia2", OFFICE).await);
        let (head, officer) = (head(&world, "kepala").await, world.officer("loket", OFFICE).await);
        let path = format!("/v1/officer/recaps/{month}");
        let total = figures(&world, &officer).await["total"].clone();
        assert_eq!((&total["active"], &total["target"]), (&json!(21_053), &json!(153_430)));

        let seen = officer.get(&path).await.expect(200).json;
        let total = &seen["total"];
        assert_eq!((&total["active"], &total["target"]), (&json!(21_053), &json!(153_430)));
        assert_eq!((&total["percent_of_recorded"], &total["percent_of_target"]), (&json!(4.12), &json!(13.72)));
        assert_eq!(total["eligible"].as_i64().unwrap() - total["recorded"].as_i64().unwrap(), 5_441);
        assert!(seen["recap"]["state"].is_null() && seen["recap"]["may_ask"] == false);

        officer.post(&format!("{path}/request"), &json!({})).await.expect_problem(403, "forbidden");
        head.post(&format!("{path}/request"), &json!({})).await.expect_problem(403, "forbidden");
        let present = &Date::in_jakarta(world.context.now()).to_string()[..7];
        supervisor.post(&format!("/v1/officer/recaps/{present}/request"), &json!({})).await.expect_problem(409, "wrong_state");
        supervisor.post("/v1/officer/recaps/2999-01/request", &json!({})).await.expect_problem(404, "not_found");
        supervisor.post(&format!("{path}/request"), &json!({})).await.expect(204);
        second.post(&format!("{path}/request"), &json!({})).await.expect_problem(409, "wrong_state");
        let version = async || head.get(&path).await.expect(200).json["recap"]["version"].clone();
        let refusal = json!({"version": version().await, "reason": "Periksa lagi angkanya"});
        supervisor.post(&format!("{path}/refusal"), &refusal).await.expect_problem(403, "forbidden");
        head.post(&format!("{path}/refusal"), &refusal).await.expect(204);
        head.post(&format!("{path}/signature"), &json!({"version": version().await})).await.expect_problem(409, "wrong_state");
        assert_eq!(supervisor.get(&path).await.json["recap"]["refusal"], "Periksa lagi angkanya");
        second.post(&format!("{path}/request"), &json!({})).await.expect(204);
        head.post(&format!("{path}/signature"), &json!({"version": "0"})).await.expect_problem(409, "wrong_state");
        let listed = head.get("/v1/officer/recaps").await.expect(200).json;
        assert!(listed["items"].as_array().unwrap().iter().any(|one| one["month"] == month && one["may_sign"] == true));
        head.post(&format!("{path}/signature"), &json!({"version": version().await})).await.expect(204);
        let signed = officer.get(&path).await.expect(200).json;
        assert_eq!((&signed["recap"]["state"], &signed["recap"]["signed_by"]), (&json!("signed"), &json!("kepala")));
        for act in ["request", "refusal", "signature"] {
            let who = if act == "request" { &supervisor } else { &head };
            let mut body = json!({});
            if act != "request" {
                body["version"] = version().await;
            }
            if act == "refusal" {
                body["reason"] = json!("Periksa lagi angkanya");
            }
            who.post(&format!("{path}/{act}"), &body).await.expect_problem(409, "wrong_state");
        }

        let book = officer.get(&format!("{path}/workbook")).await.expect(200);
        assert!(book.bytes.starts_with(b"PK"), "a workbook is a zip");
        let rows = officer.get(&format!("{path}/rows")).await.expect(200);
        let text = String::from_utf8(rows.bytes.clone()).unwrap();
        assert!(text.starts_with("\u{feff}No;Kode Wilayah;Kecamatan;Kel/Desa;Jumlah Penduduk;"), "{text}");
        assert!(text.contains(";21053;"), "{text}");
    })
    .await;
}
