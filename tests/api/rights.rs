//! What holders may demand: the end of the digital KTP with the erasure of what was kept, and a copy of all own data.

use ikd::base64url::decode;
use ikd::clock::{DAY, HOUR};
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{Applicant, OFFICE, World, pin_key};

async fn with_pin(holder: &Applicant, key: &PinKey, path: &str, more: &Value) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(key, Purpose::Change).await;
    let mut body = json!({"challenge": challenge, "signature": signature});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    holder.client.post(path, &body).await
}

/// Active, by an officer who logged in just now.
async fn active(world: &World, person: usize) -> Applicant {
    let officer = world.officer(&format!("loket{}", world.number()), OFFICE).await;
    let mut applicant = world.waiting(&world.people[person]).await;
    world.scan(&officer, &applicant).await.expect(200);
    world.approve(&officer, &applicant).await.expect(200);
    world.app.deliver_mail().await.unwrap();
    world.activate(&mut applicant).await;
    applicant
}

/// Rows that name a resident or the registration, by table.
async fn rows(world: &World, holder: &Applicant, resident: uuid::Uuid) -> Vec<(&'static str, i64)> {
    let of_resident = [
        ("credential_holder", "SELECT COUNT(*) FROM credential_holder WHERE resident_id = $1"),
        ("holder_record", "SELECT COUNT(*) FROM holder_record WHERE resident_id = $1"),
        ("holder_portrait", "SELECT COUNT(*) FROM holder_portrait WHERE resident_id = $1"),
        ("holder_nik", "SELECT COUNT(*) FROM holder_nik WHERE resident_id = $1"),
        ("device_binding", "SELECT COUNT(*) FROM device_binding WHERE resident_id = $1"),
        ("life_notice", "SELECT COUNT(*) FROM life_notice WHERE resident_id = $1"),
        ("block_code", "SELECT COUNT(*) FROM block_code WHERE resident_id = $1"),
    ];
    let of_registration = [
        ("registration", "SELECT COUNT(*) FROM registration WHERE registration_id = $1"),
        ("registration_selfie", "SELECT COUNT(*) FROM registration_selfie WHERE registration_id = $1"),
        ("counter_visit", "SELECT COUNT(*) FROM counter_visit WHERE registration_id = $1"),
        ("register_check", "SELECT COUNT(*) FROM register_check WHERE registration_id = $1"),
        ("activation_code", "SELECT COUNT(*) FROM activation_code WHERE registration_id = $1"),
    ];
    let mut counts = Vec::new();
    for (table, sql) in of_resident {
        counts.push((table, world.count(sql, resident).await));
    }
    for (table, sql) in of_registration {
        counts.push((table, world.count(sql, holder.uuid()).await));
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_is_out_at_once_and_erased_within_a_day() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for (person, withdraw) in [(0, false), (1, true)] {
            let holder = active(&world, person).await;
            let resident = world.resident_id(&holder.record).await;
            holder.client.post("/v1/me/block-code", &json!({})).await.expect(201);
            let qr = world.present(&holder, "basic").await;
            let checked = world.verify(&world.present(&holder, "basic").await).await;
            assert_eq!(checked, "valid");
            let told = holder.client.get("/v1/me/closure").await.expect(200);
            assert!(told.json["erased"].as_array().unwrap().len() >= 4 && told.json["kept"][0]["why"].is_string());

            let body = json!({"withdraw_consent": withdraw});
            let wrong = with_pin(&holder, &PinKey::from_seed(&[1; 32]), "/v1/me/closure", &body).await.expect(403);
            assert_eq!((wrong.code(), &wrong.json["tries_left"]), ("pin_wrong", &json!(2)));
            with_pin(&holder, &pin_key(&holder.record), "/v1/me/closure", &body).await.expect(200);
            assert_eq!(world.verify(&qr).await, "holder_not_active");
            holder.client.get("/v1/me").await.expect_problem(401, "session_ended");
            let status = holder.client.get("/v1/me/status").await.expect(200);
            let reason = if withdraw { "consent_withdrawn" } else { "closed" };
            assert_eq!((status.text("state"), &status.json["reason"]), ("deactivated".into(), &json!(reason)));

            world.later(DAY - 1);
            assert_eq!(world.app.closures.erase_due().await.unwrap(), 0);
            world.app.deliver_mail().await.unwrap();
            assert!(rows(&world, &holder, resident).await.iter().any(|(_, count)| *count > 0));
            world.later(1);
            assert_eq!(world.app.closures.erase_due().await.unwrap(), 1);
            for (table, count) in rows(&world, &holder, resident).await {
                assert_eq!(count, 0, "{table}");
            }
            let checks = "SELECT COUNT(*) FROM verification WHERE resident_id = $1";
            assert!(world.count(checks, resident).await >= 2, "the relying party's proof stays");
            let events = "SELECT COUNT(*) FROM life_event WHERE resident_id = $1";
            assert!(world.count(events, resident).await >= 3);
            assert_eq!(world.verify(&qr).await, "expired");
            holder.client.get("/v1/me/status").await.expect_problem(404, "not_found");
            // A new registration is possible at any time, of one officer as the first was.
            let again = active(&world, person).await;
            assert_eq!(world.verify(&world.present(&again, "basic").await).await, "valid");
            assert_eq!(world.verify(&qr).await, "expired");
            assert_eq!(world.app.closures.erase_due().await.unwrap(), 0, "who is back is not erased");
        }
    })
    .await;
}

/// What an independent validator says against a copy, by the published schema; empty for nothing.
fn complaint(document: &Value) -> String {
    const CHECK: &str = "import json, sys, jsonschema\n\
        schema, document = json.load(open(sys.argv[1])), json.load(sys.stdin)\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        print(*(e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(document)), sep='; ', end='')";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, document.to_string().as_bytes()).unwrap();
    let schema = support::root().join("docs/export.schema.json");
    let done = std::process::Command::new(support::python())
        .args(["-c", CHECK])
        .arg(schema)
        .stdin(std::fs::File::open(file.path()).unwrap())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_own_data_has_their_trail_and_a_signature() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        world.verify(&world.present(&holder, "basic").await).await;
        let history = holder.client.get("/v1/me/verifications").await.expect(200).json;
        let check = json!({"verification_id": history["items"][0]["verification_id"]});
        holder.client.post("/v1/me/disputes", &check).await.expect(201);
        with_pin(&holder, &PinKey::from_seed(&[1; 32]), "/v1/me/export", &json!({}))
            .await
            .expect_problem(403, "pin_wrong");
        let copy = with_pin(&holder, &pin_key(&holder.record), "/v1/me/export", &json!({})).await.expect(200);
        let payload = decode(&copy.text("payload")).unwrap();
        let document: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(document["data"]["attributes"]["nik"], holder.record.nik.as_str());
        assert_eq!(document["contact"]["email"], holder.email.as_str());
        let events = document["events"].as_array().unwrap();
        let activated = events.iter().find(|event| event["what"] == "activated").unwrap();
        assert_eq!(activated["office"], "Kantor Uji");
        assert!(events.iter().any(|event| event["what"] == "check_disputed"));
        let dispute = &document["disputes"][0];
        assert_eq!((&dispute["state"], &dispute["words"]), (&json!("asked_party"), &Value::Null));
        assert_eq!(
            (&document["checks"][0]["result"], &document["checks"][0]["purpose"]),
            (&json!("valid"), &json!("open_account"))
        );
        let views: Vec<_> = document["staff_views"].as_array().unwrap().iter().map(|view| &view["what"]).collect();
        assert!(views.contains(&&json!("approval")) && views.contains(&&json!("scan")), "{views:?}");
        assert!(
            document["data"]["portrait"].as_str().unwrap().len() > 100
                && document["consent"]["accepted_at"].is_string()
        );

        assert_eq!(complaint(&document), "", "the published schema");

        // The signature, checked with another library than the service's and the published key.
        let header: Value = serde_json::from_slice(&decode(&copy.text("protected")).unwrap()).unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("ikd-export+json")));
        let keys = world.get("/.well-known/jwks.json").send().await.expect(200).json;
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
        let public = decode(key["x"].as_str().unwrap()).unwrap();
        let signed = format!("{}.{}", copy.text("protected"), copy.text("payload"));
        let signature = decode(&copy.text("signature")).unwrap();
        let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
        verifier.verify(signed.as_bytes(), &signature).unwrap();
        assert!(verifier.verify(b"another", &signature).is_err());

        for _ in 0..4 {
            with_pin(&holder, &pin_key(&holder.record), "/v1/me/export", &json!({})).await.expect(200);
        }
        with_pin(&holder, &pin_key(&holder.record), "/v1/me/export", &json!({})).await.expect_problem(429, "too_many");
        world.later(HOUR);
    })
    .await;
}
