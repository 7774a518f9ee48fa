//! The register's side sends what changed over HTTP.

use ikd::register::{RegisterRecord, VitalStatus};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use support::answer::Answer;
use support::each_engine;
use support::record::csv_of;
use support::world::World;

const KEY: &str = "ikd_feed_uji";

async fn world(context: ikd::context::Context) -> World {
    let digest: String = Sha256::digest(KEY.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    World::open_with(context, |config| config.register.feed_key_sha256 = digest).await
}

async fn send(world: &World, key: &str, kind: &str, body: Vec<u8>) -> Answer {
    let request = world.post("/v1/register/changes").header("authorization", &format!("Bearer {key}"));
    request.header("content-type", kind).body(body).send().await
}

fn heard(answer: &Answer) -> &Value {
    &answer.json["digital_ktp"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_register_sends_reaches_digital_ktps_before_it_is_answered() {
    each_engine(async |context| {
        let world = world(context).await;
        let (dead, moved) = (world.active(&world.people[0]).await, world.active(&world.people[1]).await);
        let before = (world.present(&dead, "basic").await, world.present(&moved, "basic").await);
        let died = RegisterRecord { vital_status: VitalStatus::Deceased, ..world.people[0].clone() };
        let other = RegisterRecord { address: String::from("JALAN BARU 7"), ..world.people[1].clone() };
        let feed = csv_of([&died, &other]).into_bytes();
        let taken = send(&world, KEY, "text/csv; charset=utf-8", feed.clone()).await.expect(200);
        assert_eq!((&taken.json["accepted"], &taken.json["refused"]), (&json!(2), &json!(0)));
        assert_eq!(*heard(&taken), json!({"refreshed": 1, "paused": 0, "stopped": 1, "may_come_back": 0}));
        assert_eq!(world.verify(&before.0).await, "holder_not_active");
        assert_eq!(world.verify(&before.1).await, "valid");
        assert_eq!(moved.client.get("/v1/me").await.expect(200).json["attributes"]["address"], "JALAN BARU 7");

        // Sent once more, as after an answer that was lost: nothing changes, and nobody is told again.
        world.app.deliver_mail().await.unwrap();
        let letters = world.letters().len();
        let again = send(&world, KEY, "text/csv", feed).await.expect(200);
        assert_eq!(*heard(&again), json!({"refreshed": 0, "paused": 0, "stopped": 0, "may_come_back": 0}));
        world.app.deliver_mail().await.unwrap();
        assert_eq!(world.letters().len(), letters);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_refused_without_its_key_its_kind_or_its_header_and_a_wrong_row_alone() {
    each_engine(async |context| {
        let world = world(context).await;
        let holder = world.active(&world.people[0]).await;
        let died = RegisterRecord { vital_status: VitalStatus::Deceased, ..world.people[0].clone() };
        let feed = csv_of([&died]).into_bytes();
        for key in ["", "ikd_feed_lain", &world.api_key] {
            let refused = send(&world, key, "text/csv", feed.clone()).await.expect_problem(401, "api_key_invalid");
            assert!(refused.headers.contains_key("www-authenticate"));
        }
        let nobody = world.post("/v1/register/changes").header("content-type", "text/csv").body(feed.clone());
        nobody.send().await.expect_problem(401, "api_key_invalid");
        send(&world, KEY, "application/json", feed.clone()).await.expect_problem(415, "unsupported_media_type");
        send(&world, KEY, "text/csv", vec![b'x'; (4 << 20) + 1]).await.expect_problem(413, "too_large");
        for wrong in ["", "nik,nama\n", "\u{feff}kolom;lain\n1;2\n"] {
            send(&world, KEY, "text/csv", wrong.into()).await.expect_problem(422, "invalid_field");
        }
        let open_mark = [&feed[..], b"\"\n\n\n\n\n\n"].concat();
        send(&world, KEY, "text/csv", open_mark).await.expect_problem(422, "invalid_field");
        assert_eq!(world.verify(&world.present(&holder, "basic").await).await, "valid", "nothing was taken");

        // A wrong row is named by line and column, without what stood in it; the others are taken.
        let secret = "3171010101010000X";
        let text = csv_of([&died, &died]).replacen(died.nik.as_str(), secret, 1);
        let taken = send(&world, KEY, "text/csv", text.into_bytes()).await.expect(200);
        assert_eq!((&taken.json["accepted"], &taken.json["refused"]), (&json!(1), &json!(1)));
        let row = &taken.json["refused_rows"][0];
        assert_eq!((&row["line"], &row["field"]), (&json!(2), &json!("nik")));
        assert!(!taken.json.to_string().contains(secret));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sends_where_no_key_is_configured() {
    each_engine(async |context| {
        let world = World::open(context).await;
        for key in ["", "ikd_feed_uji"] {
            send(&world, key, "text/csv", Vec::new()).await.expect_problem(401, "api_key_invalid");
        }
    })
    .await;
}
