//! What anybody reads of offices and of the service, and what an office says of itself.

use ikd::clock::{DAY, HOUR, MINUTE};
use ikd::office::model::{Edit, Region, Week, Zone};
use ikd::office::ports::Holiday;
use ikd::office::{Kind, Offices};
use ikd::register::service::Switch;
use ikd::register::{Date, LocalRegister};
use serde_json::{Value, json};
use support::each_engine;
use support::world::{OFFICE, World, approval};

const OWN: &str = "/v1/officer/office";

async fn found(world: &World, words: &str) -> Vec<Value> {
    let answer = world.get(&format!("/v1/offices?words={words}")).send().await.expect(200);
    assert!(answer.headers.get("set-cookie").is_none());
    answer.json["items"].as_array().unwrap().clone()
}

fn codes(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["code"].as_str().unwrap()).collect()
}

fn region(code: &str) -> Vec<Region> {
    vec![Region::parse(code).unwrap()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_finds_an_office_by_name_place_or_region_and_reads_its_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let offices = Offices::new(world.context.clone());
        offices.add("ACS-01", "Dukcapil Aceh Selatan", Kind::Dinas).await.unwrap();
        offices.add("ACS-BKG", "UPT Bakongan", Kind::Upt).await.unwrap();
        let dinas = Edit {
            regions: Some(region("1101")),
            address: Some("Jl. Merdeka 1, Tapaktuan".into()),
            point: Some("3.2579,97.1838".into()),
            phone: Some("0656 12345".into()),
            ..Edit::default()
        };
        offices.edit("ACS-01", dinas).await.unwrap();
        let all_day = Week::parse(&["mon-sun 00:00-24:00".into()]).unwrap();
        let upt = Edit { regions: Some(region("110101")), parent: Some("ACS-01".into()), ..Edit::default() };
        offices.edit("ACS-BKG", Edit { week: Some(all_day), zone: Some(Zone::Wit), ..upt }).await.unwrap();

        assert_eq!(codes(&found(&world, "").await), ["ACS-01", "ACS-BKG", OFFICE]);
        assert_eq!(codes(&found(&world, "tapaktuan").await), ["ACS-01"]);
        assert_eq!(codes(&found(&world, "Keude%20Bakongan").await), ["ACS-BKG", "ACS-01"], "the nearest first");
        assert_eq!(codes(&found(&world, "1101012001").await), ["ACS-BKG", "ACS-01"]);
        assert!(found(&world, "zzz").await.is_empty());
        let items = found(&world, "tapaktuan").await;
        assert_eq!((&items[0]["latitude"], &items[0]["phone"]), (&json!(3.2579), &json!("+6265612345")));
        assert_eq!((&items[0]["today"], &items[0]["serving_time"]), (&json!({"state": "unknown"}), &Value::Null));
        assert_eq!(items[0]["regions"], json!([{"code": "1101", "name": "Kabupaten Aceh Selatan"}]));
        let first = world.get("/v1/offices?limit=2").send().await.expect(200).json;
        let next = world.get(&format!("/v1/offices?limit=2&cursor={}", first["next"].as_str().unwrap()));
        let rest = next.send().await.expect(200).json;
        assert_eq!((codes(rest["items"].as_array().unwrap()), &rest["next"]), (vec![OFFICE], &Value::Null));
        for wrong in ["limit=0", "limit=101", "cursor=x", "unknown=1", &format!("words={}", "a".repeat(81))] {
            world.get(&format!("/v1/offices?{wrong}")).send().await.expect_problem(400, "malformed_request");
        }

        let upt = found(&world, "upt").await;
        assert_eq!(upt[0]["today"], json!({"state": "open", "until": "24:00"}));
        assert_eq!((&upt[0]["zone"], upt[0]["hours"].as_array().unwrap().len()), (&json!("wit"), 7));
        let status = world.get("/v1/status").send().await.expect(200).json;
        assert_eq!((&status["open_offices"], &status["offices"]), (&json!(1), &json!(1)));
        let there = Zone::Wit.local(world.context.now()).day;
        let holiday = Holiday { day: there, name: "Nyepi".into() };
        offices.add_holiday("ACS-01", &holiday, true).await.unwrap();
        assert_eq!(found(&world, "upt").await[0]["today"]["state"], "open", "a node remembers for some seconds");
        world.later(5);
        assert_eq!(found(&world, "upt").await[0]["today"], json!({"state": "holiday", "name": "Nyepi"}));
        let status = world.get("/v1/status").send().await.expect(200).json;
        assert_eq!(status["open_offices"], 0);
        offices.close("ACS-BKG").await.unwrap();
        world.later(5);
        assert!(found(&world, "upt").await.is_empty(), "closed for good");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_are_told_of_five_people_and_the_state_of_the_service_coarsely() {
    each_engine(async |context| {
        let world = World::open(context).await;
        // Well within a day, so that all of it is today.
        let midnight = Date::in_jakarta(world.context.now()).midnight();
        let hour = world.context.now().seconds_since(midnight) / HOUR;
        world.later(if hour < 20 { 0 } else { 5 * HOUR });
        let desk = world.officer("pagi", OFFICE).await;
        for number in 0..5 {
            assert_eq!(found(&world, "uji").await[0]["serving_time"], Value::Null, "{number} people");
            let applicant = world.waiting(&world.people[number]).await;
            world.scan(&desk, &applicant).await.expect(200);
            world.later(12 * MINUTE);
            world.decide(&desk, &applicant, "approval", &approval()).await.expect(200);
        }
        world.later(10 * MINUTE);
        assert_eq!(found(&world, "uji").await[0]["serving_time"], json!({"from_minutes": 10, "to_minutes": 20}));

        // Five letters wait that nobody takes away.
        let status = async || world.get("/v1/status").send().await.expect(200).json;
        assert_eq!(status().await["mail"], "late");
        world.app.deliver_mail().await.unwrap();
        world.later(5);
        let now = status().await;
        assert_eq!((&now["mail"], &now["register"]), (&json!("normal"), &json!({"answers": true, "since": null})));
        let register = LocalRegister::new(world.context.clone());
        register.set_switch(Switch::Closed).await.unwrap();
        assert_eq!(status().await, now, "remembered for some seconds");
        world.later(5);
        let closed = status().await;
        assert_eq!(closed["register"]["answers"], false);
        assert!(closed["register"]["since"].is_string());
        let told = found(&world, "").await;
        assert!(world.people.iter().all(|one| !format!("{told:?}{closed}").contains(one.nik.as_str())));
        world.later(DAY);
        assert_eq!(found(&world, "uji").await[0]["serving_time"], Value::Null, "of today alone");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_says_when_it_is_open_and_nothing_that_is_nationals() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let offices = Offices::new(world.context.clone());
        offices.add("POS-1", "Pos Satu", Kind::Village).await.unwrap();
        offices.edit("POS-1", Edit { parent: Some(OFFICE.into()), ..Edit::default() }).await.unwrap();
        let (head, supervisor) = (world.head("kepala", OFFICE).await, world.supervisor("penyelia", OFFICE).await);
        let below = world.supervisor("penyelia-pos", "POS-1").await;
        world.desk().await.get(OWN).await.expect_problem(403, "forbidden");
        let own = below.get(OWN).await.expect(200).json;
        assert_eq!((&own["code"], &own["above"]), (&json!("POS-1"), &json!(["Kantor Uji"])));

        let version = head.get(OWN).await.expect(200).text("version");
        let hours = json!([{"weekday": 1, "opens": "08:00", "closes": "15:30"}, {"weekday": 5, "opens": "8.00", "closes": "11:30"}]);
        let body = json!({"version": version, "hours": hours, "phone": "021 3456789", "note": "Lantai 2", "capacity": 12});
        let changed = head.patch(OWN, &body).await.expect(200).json;
        assert_eq!(changed["hours"][1], json!({"weekday": 5, "opens": "08:00", "closes": "11:30"}));
        assert_eq!((&changed["phone"], &changed["note"], &changed["capacity"]), (&json!("+62213456789"), &json!("Lantai 2"), &json!(12)));
        // Another screen is of another version.
        supervisor.patch(OWN, &body).await.expect_problem(409, "wrong_state");
        let version = changed["version"].clone();
        for (wrong, status) in [
            (json!({"version": version, "hours": [{"weekday": 8, "opens": "08:00", "closes": "09:00"}]}), 422),
            (json!({"version": version, "hours": [{"weekday": 1, "opens": "25:00", "closes": "09:00"}]}), 422),
            (json!({"version": version, "phone": "halo"}), 422),
            (json!({"version": version, "capacity": 501}), 422),
            (json!({"version": version, "name": "Kantor Kami"}), 422),
            (json!({"version": version, "kind": "dinas"}), 422),
        ] {
            head.patch(OWN, &wrong).await.expect_problem(status, "invalid_field");
        }
        // Two who change it at once from the same screen: one of them does.
        let (one, two) = (json!({"version": version, "note": "A"}), json!({"version": version, "note": "B"}));
        let (one, two) = tokio::join!(head.patch(OWN, &one), supervisor.patch(OWN, &two));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);

        let day = Date::in_jakarta(world.context.now()).plus_days(2).unwrap();
        let path = format!("{OWN}/holidays");
        let all = json!({"day": day, "name": "Cuti bersama", "below": true});
        supervisor.post(&path, &all).await.expect(200);
        let told = json!([{"day": day, "name": "Cuti bersama"}]);
        assert_eq!(below.get(OWN).await.expect(200).json["holidays"], told);
        supervisor.delete(&format!("{path}/{day}")).await.expect(204);
        supervisor.delete(&format!("{path}/{day}")).await.expect_problem(404, "not_found");
        supervisor.delete(&format!("{path}/besok")).await.expect_problem(404, "not_found");
        assert_eq!(below.get(OWN).await.expect(200).json["holidays"], told, "those below keep the day");
        assert_eq!(supervisor.get(OWN).await.expect(200).json["holidays"], json!([]));

        // The people of an office that is closed for good are logged in nowhere.
        offices.close("POS-1").await.unwrap();
        below.get(OWN).await.expect_problem(401, "session_ended");
    })
    .await;
}
