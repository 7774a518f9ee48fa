//! Whom an officer looks for who is not there: yes or no by a NIK, the office's own registrations by whatever people bring; how much of it
//! on a day, and what a supervisor sees of that.

use ikd::clock::DAY;
use ikd::office::{Kind, Offices};
use ikd::register::{Date, RegisterRecord};
use ikd::staff::{Permission, Role};
use serde_json::{Value, json};
use support::answer::Answer;
use support::client::Officer;
use support::each_engine;
use support::world::{OFFICE, World};

const ACTIVE: &str = "/v1/officer/active-questions";
const PEOPLE: &str = "/v1/officer/people";
const SEARCHES: &str = "/v1/officer/searches";

/// The texts that a statement finds.
async fn texts(world: &World, sql: &'static str) -> Vec<String> {
    let mut tx = world.context.db.read().await.unwrap();
    ikd::fetch_all!(&mut tx, (String,), sql).unwrap().into_iter().map(|(text,)| text).collect()
}

async fn active(officer: &Officer, person: &RegisterRecord) -> Value {
    officer.post(ACTIVE, &json!({"nik": person.nik.as_str()})).await.expect(200).json
}

async fn search(officer: &Officer, query: &str) -> Answer {
    officer.post(PEOPLE, &json!({"query": query})).await
}

async fn found(officer: &Officer, query: &str) -> Vec<Value> {
    search(officer, query).await.expect(200).json["items"].as_array().unwrap().clone()
}

async fn id_of(officer: &Officer) -> String {
    officer.get("/v1/officer/sessions/current").await.expect(200).text("officer_id")
}

async fn days(officer: &Officer) -> Vec<Value> {
    officer.get(SEARCHES).await.expect(200).json["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_somebody_is_active_is_answered_with_a_day_and_nothing_more() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let [holder, closed, nobody] = [&world.people[0], &world.people[1], &world.people[2]];
        world.active(holder).await;
        let ended = world.active(closed).await;
        let today = Date::in_jakarta(world.context.now());
        world.later(3 * DAY);
        let resident = world.resident_id(closed).await;
        let stop = "UPDATE credential SET state = 'deactivated' WHERE resident_id = $1";
        world.change(stop, resident).await;
        let status = "INSERT INTO credential_status (resident_id, reason, since, event_id) \
            SELECT resident_id, 'closed', activated_at + 172800000000, resident_id FROM credential WHERE resident_id = $1";
        world.change(status, resident).await;
        drop(ended);
        // At another office, too: who comes for a reprint comes where they are.
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let officer = world.officer("cetak-ulang", "UJI-02").await;
        let until = today.plus_days(2).unwrap().to_string();
        assert_eq!(active(&officer, holder).await, json!({"active": true, "since": today.to_string(), "until": null}));
        assert_eq!(active(&officer, closed).await, json!({"active": false, "since": null, "until": until}));
        assert_eq!(active(&officer, nobody).await, json!({"active": false, "since": null, "until": null}));
        for wrong in ["", "31710157089000", "9971015708900001"] {
            officer.post(ACTIVE, &json!({"nik": wrong})).await.expect_problem(422, "invalid_field");
        }
        // Whoever was asked about finds it in the trail; the log has ids alone.
        let subjects = texts(&world, "SELECT action FROM audit_event WHERE action = 'active_asked'").await;
        assert_eq!(subjects.len(), 3);
        let about = "SELECT CAST(COUNT(*) AS BIGINT) FROM audit_event WHERE action = 'active_asked' AND subject_id = $1";
        assert_eq!(world.count(about, world.resident_id(holder).await).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_finds_its_people_by_whatever_they_bring_and_no_other_offices() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let person = &world.people[0];
        let holder = world.active(person).await;
        let desk = world.desk().await;
        let words: Vec<&str> = person.full_name.split(' ').collect();
        let reversed = words.iter().rev().copied().collect::<Vec<_>>().join(" ");
        let number = holder.id[30..].to_owned();
        let nik = person.nik.as_str();
        let queries = [
            nik,
            &person.full_name.to_lowercase(),
            &reversed,
            words[0],
            &number,
            &holder.id,
            &holder.email,
            "081234567890",
        ];
        for query in queries {
            let items = found(desk, query).await;
            let [one] = &items[..] else { panic!("{query}: {items:?}") };
            assert_eq!((&one["registration_id"], &one["state"]), (&json!(holder.id), &json!("active")));
            let told = one.to_string();
            assert!(!told.contains(nik) && !told.contains(&person.full_name) && !told.contains("8123456"), "{told}");
            let masked = format!("{}********{}", &nik[..4], &nik[12..]);
            assert_eq!((&one["nik"], &one["card"]), (&json!(masked), &json!("active")));
        }
        // What was found is opened as ever: with the resident, or with a reason.
        let path = format!("/v1/officer/registrations/{}", holder.id);
        let other = world.officer("rekan", OFFICE).await;
        other.get(&path).await.expect_problem(403, "reason_required");
        other.post(&format!("{path}/views"), &json!({"reason": "Kode belum datang"})).await.expect(200);

        // Nobody is found before they came, nor at another office; and where they go, they are found.
        let applicant = world.waiting(&world.people[1]).await;
        let theirs = world.people[1].nik.as_str();
        assert_eq!(found(desk, theirs).await.len(), 0);
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.officer("jauh", "UJI-02").await;
        world.scan(desk, &applicant).await.expect(200);
        assert_eq!((found(desk, theirs).await.len(), found(&elsewhere, theirs).await.len()), (1, 0));
        assert_eq!(found(&elsewhere, nik).await.len(), 0);
        world.later(1);
        world.scan(&elsewhere, &applicant).await.expect(200);
        assert_eq!((found(desk, theirs).await.len(), found(&elsewhere, theirs).await.len()), (0, 1));
        // Another address is found, the old one no more.
        let change = json!({"email": "pindah.alamat@example.id"});
        applicant
            .client
            .send(reqwest::Method::PATCH, &applicant.path(""), |request| request.json(&change))
            .await
            .expect(200);
        assert_eq!(found(&elsewhere, "pindah.alamat@example.id").await.len(), 1);
        assert_eq!(found(&elsewhere, &applicant.email).await.len(), 0);

        // The newest first, in pages; further pages are part of the same question.
        for person in &world.people[2..5] {
            world.scan(desk, &world.waiting(person).await).await.expect(200);
        }
        let body = |cursor: Value| json!({"query": "0812 3456 7890", "limit": 3, "cursor": cursor});
        let first = desk.post(PEOPLE, &body(Value::Null)).await.expect(200).json;
        let second = desk.post(PEOPLE, &body(first["next"].clone())).await.expect(200).json;
        let ids = |page: &Value| -> Vec<String> {
            page["items"].as_array().unwrap().iter().map(|one| one["registration_id"].to_string()).collect()
        };
        let all = [ids(&first), ids(&second)].concat();
        assert!(all.len() == 4 && all.is_sorted_by(|a, b| a > b), "{all:?}");
        assert_eq!(second["next"], Value::Null);
        for wrong in ["", "x", "12", "siti@"] {
            search(desk, wrong).await.expect_problem(422, "invalid_field");
        }
        // A cursor that was made up, or belongs to another question or to somebody else, is no way to ask without being counted.
        let newest = "_____________________w";
        let code = first["next"].as_str().unwrap().split_once('.').unwrap().1;
        for wrong in ["AAAA", newest, &format!("{newest}.{code}"), &format!("{newest}.")] {
            desk.post(PEOPLE, &body(json!(wrong))).await.expect_problem(400, "malformed_request");
        }
        let mut other = body(first["next"].clone());
        other["query"] = "siti".into();
        desk.post(PEOPLE, &other).await.expect_problem(400, "malformed_request");
        let colleague = world.officer("rekan-mencari", OFFICE).await;
        colleague.post(PEOPLE, &body(first["next"].clone())).await.expect_problem(400, "malformed_request");
        // Nothing readable rests in the index.
        let dump = texts(&world, "SELECT DISTINCT kind FROM lookup_word ORDER BY kind").await;
        assert_eq!(dump, ["contact", "name", "nik", "number", "pair", "word"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_has_an_end_each_day_which_another_lifts_and_what_stands_out_is_seen() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let officer = world.officer("penasaran", OFFICE).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let head = world.log_in(&world.add_person("kepala", OFFICE, Role::Head).await).await;
        let nik = json!({"nik": world.people[0].nik.as_str()});
        for _ in 0..60 {
            officer.post(ACTIVE, &nik).await.expect(200);
        }
        let refused = officer.post(ACTIVE, &nik).await;
        refused.expect_problem(429, "too_many");
        assert!(found(&officer, "Petugas Uji").await.is_empty(), "a colleague, and another kind of question");

        // Seen by those who answer for the office, not by whom it is about; and never looked at by oneself.
        officer.get(SEARCHES).await.expect_problem(403, "forbidden");
        let seen = days(&supervisor).await;
        let one = &seen[0];
        assert_eq!((&one["username"], &one["active"], &one["searches"]), (&json!("penasaran"), &json!(60), &json!(1)));
        assert_eq!(one["signs"], json!(["many_searches", "many_misses", "colleague"]));
        let waiting = supervisor.get("/v1/officer/inbox").await.expect(200).json;
        assert_eq!(
            (&waiting["items"][0]["matter"], &waiting["items"][0]["by"]),
            (&json!("searches"), &json!("penasaran"))
        );

        // Lifted by another one, for the day, once.
        let id = id_of(&officer).await;
        let lift = format!("{SEARCHES}/{id}/lift");
        supervisor
            .post(&format!("{SEARCHES}/{}/lift", id_of(&supervisor).await), &json!({}))
            .await
            .expect_problem(403, "forbidden");
        supervisor.post(&lift, &json!({})).await.expect(204);
        head.post(&lift, &json!({})).await.expect_problem(409, "wrong_state");
        officer.post(ACTIVE, &nik).await.expect(200);
        assert_eq!(days(&head).await[0]["lifted_by"], "penyelia");
        Offices::new(world.context.clone()).add("UJI-02", "Kantor Lain", Kind::Dinas).await.unwrap();
        let elsewhere = world.supervisor("jauh", "UJI-02").await;
        elsewhere.post(&lift, &json!({})).await.expect_problem(404, "not_found");
        assert!(days(&elsewhere).await.is_empty());

        // Looked at once, with words that colleagues read; then it waits for nobody.
        let look = format!("{SEARCHES}/{id}/look");
        let words = json!({"day": one["day"], "reason": "Mencetak ulang untuk sekolah"});
        elsewhere.post(&look, &words).await.expect_problem(404, "not_found");
        supervisor.post(&look, &json!({"day": one["day"], "reason": "?"})).await.expect_problem(422, "invalid_field");
        supervisor.post(&look, &words).await.expect(204);
        head.post(&look, &words).await.expect_problem(404, "not_found");
        assert_eq!(days(&head).await[0]["former"]["reason"], "Mencetak ulang untuk sekolah");
        assert_eq!(head.get("/v1/officer/inbox").await.expect(200).json["items"], json!([]));

        // A new day begins anew; after a season it is forgotten.
        world.later(DAY);
        let officer = world.officer("penasaran-2", OFFICE).await;
        active(&officer, &world.people[0]).await;
        world.later(91 * DAY);
        assert!(world.app.sweeper().sweep(uuid::Uuid::from_u128(1)).await.unwrap());
        assert!(texts(&world, "SELECT kind FROM lookup_use").await.is_empty());
    })
    .await;
}

#[test]
fn whoever_may_open_may_search_and_nobody_of_another_place_asks() {
    for role in Role::ALL {
        assert_eq!(role.may(Permission::SearchPeople), role.may(Permission::ViewRegistrations), "{role:?}");
        let of_office = Role::OF_OFFICES.contains(role);
        assert_eq!(role.may(Permission::LookUpActive), of_office, "{role:?}");
    }
}
