//! A corrected birth date does not change the NIK: whoever has one registers truthfully, and only the officer is told.

use ikd::register::RegisterRecord;
use reqwest::Method;
use serde_json::json;

use support::each_engine;
use support::world::World;

fn adult(world: &World, from: u64) -> RegisterRecord {
    world.somebody(from, |record| record.eligible_on("2026-11-21".parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_birth_date_other_than_the_nik_s_registers_truthfully() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let mut person = adult(&world, 5_000);
        person.birth_date = person.birth_date.plus_days(-400).unwrap();
        assert!(!person.nik.agrees_with_birth_date(person.birth_date));
        world.put(vec![person.clone()]).await;
        let applicant = world.waiting(&person).await;
        let view = world.scan(desk, &applicant).await.expect(200).json;
        assert_eq!(view["check_result"], "match", "{view}");
        assert_eq!(view["differences"], json!([]), "{view}");
        assert_eq!(view["warnings"].as_array().unwrap().len(), 1, "{view}");

        // And who is returned corrects it to what is true, whatever the NIK says.
        let typed = adult(&world, 6_000);
        let mut other = typed.clone();
        other.birth_date = other.birth_date.plus_days(-1).unwrap();
        world.put(vec![other.clone()]).await;
        let applicant = world.waiting(&typed).await;
        let view = world.scan(desk, &applicant).await.expect(200).json;
        assert_eq!(view["differences"][0]["field"], "birth_date", "{view}");
        let path = format!("/v1/officer/registrations/{}/return", applicant.id);
        let back = json!({"version": view["version"], "to": "data", "reason": "Periksa tanggal lahir Anda.", "release": ["birth_date"]});
        desk.post(&path, &back).await.expect(200);
        let change = json!({"birth_date": other.birth_date.to_string()});
        let sent = applicant.client.send(Method::PATCH, &applicant.path(""), |request| request.json(&change)).await;
        assert_eq!(sent.expect(200).json["state"], "awaiting_officer");
    })
    .await;
}
