//! The API's description is valid OpenAPI 3.1, and every answer of a running node is as it says: judged by other people's tools.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod snapshot;

use ikd::device::client::DeviceKey;
use serde_json::json;

use support::world::{Applicant, OFFICE, World};
use support::{Engine, both_engines};

const HOLDER: [u8; 32] = [0x11; 32];
const APPLICANT: [u8; 32] = [0x22; 32];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Somebody whose device key the Python side knows too.
async fn register(world: &World, person: usize, scalar: &[u8; 32]) -> Applicant {
    let client = world.phone().with_key(DeviceKey::from_secret(scalar).unwrap());
    world.waiting_from(client, &world.people[person], &format!("kontrak{person}@example.id")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_valid_and_the_answers_are_as_it_says() {
    both_engines(async |context| {
        let world = World::open(context).await;
        let desk = world.desk().await;
        let mut holder = register(&world, 0, &HOLDER).await;
        world.scan(desk, &holder).await.expect(200);
        world.approve(desk, &holder).await.expect(200);
        world.app.deliver_mail().await.unwrap();
        world.activate(&mut holder).await;
        let applicant = register(&world, 1, &APPLICANT).await;
        let scanned = world.waiting(&world.people[2]).await;
        world.scan(desk, &scanned).await.expect(200);
        let supervisor = world.supervisor("penyelia", OFFICE).await;

        let teller = world.teller("dewi").await;
        let administrator = world.party_administrator("rina").await;
        let key = json!({"label": "CI", "last_day": ikd::register::Date::in_jakarta(world.context.now())});
        let made = world.post("/v1/partner/test-keys").cookie(&administrator).json(&key).send().await.expect(201);
        let nonce = applicant.client.get("/v1/terms").await.nonce;

        let prepared = json!({
            "base": world.base, "api_key": world.api_key, "test_key": made.text("api_key"), "nonce": nonce, "scanned": scanned.id,
            "officer": supervisor.cookie(), "teller": teller,
            "holder": {"scalar": hex(&HOLDER), "access_token": holder.client.access_token()},
            "applicant": {"scalar": hex(&APPLICANT), "id": applicant.id},
        });
        let output = tokio::process::Command::new(support::python())
            .arg(support::root().join("tests/contract/check.py"))
            .env("IKD_CONTRACT", prepared.to_string())
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        println!("{said}");
        assert!(output.status.success());
    })
    .await;
}

#[tokio::test]
async fn the_description_names_what_is_on_the_wire() {
    let world = World::on(Engine::Sqlite).await;
    let get = async |path: &str| world.get(path).send().await.expect(200);
    let api = get("/openapi.json").await.json;
    let (paths, schemas) = (&api["paths"], &api["components"]["schemas"]);

    let names: Vec<_> = ikd::attribute::Attribute::ALL.iter().map(|attribute| attribute.name()).collect();
    assert_eq!(schemas["Attribute"]["enum"], json!(names));
    let served = get("/.well-known/jwks.json").await.header("content-type").to_owned();
    assert!(paths["/.well-known/jwks.json"]["get"]["responses"]["200"]["content"][&served].is_object(), "{served}");
    for path in ["/v1/verifications", "/v1/teller/verifications", "/sandbox/v1/verifications"] {
        let key = &paths[path]["post"]["parameters"][0];
        assert_eq!((&key["name"], &key["schema"]["maxLength"]), (&json!("Idempotency-Key"), &json!(64)), "{path}");
    }
    assert_eq!(schemas["VerificationRequest"]["oneOf"].as_array().unwrap().len(), 2);
    let mut count = 0;
    let mut ids = std::collections::BTreeSet::new();
    for operation in paths.as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        count += 1;
        ids.insert(operation["operationId"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), count, "operation ids are unique");
}
