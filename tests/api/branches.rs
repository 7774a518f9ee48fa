//! Where digital KTPs are accepted: what a relying party keeps, what anybody finds and reports, and what becomes of it.

use ikd::attribute::AttributeSet;
use ikd::branch::model::MOST_REPORTS;
use ikd::clock::{DAY, HOUR};
use ikd::context::Context;
use ikd::register::Date;
use ikd::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};
use support::answer::Answer;
use support::each_engine;
use support::world::{BANK, World, purpose};
use uuid::Uuid;

use crate::partner::{Desk, administrator, administrator_of};
use crate::staffing::official;

/// What was counted of the day's share of reports, and tries.
const COUNTED: &str =
    "SELECT COALESCE(CAST(SUM(uses) AS BIGINT), 0) FROM use_window WHERE kind = 'branch_report' AND $1 IS NOT NULL";
const TRIED: &str =
    "SELECT COALESCE(CAST(SUM(uses) AS BIGINT), 0) FROM use_window WHERE kind = 'branch_try' AND $1 IS NOT NULL";
const OWN: &str = "/v1/partner/branches";
const REPORTS: &str = "/v1/partner/branch-reports";

fn about(name: &str, regency: &str) -> Value {
    json!({"name": name, "address": "Jl. Gajah Mada 12", "regency": regency, "hours": "08.00-15.00", "shown": true})
}

async fn added(desk: &Desk<'_>, name: &str, regency: &str) -> Value {
    desk.send(Method::POST, OWN, &about(name, regency)).await.expect(201).json
}

fn id(branch: &Value) -> &str {
    branch["branch_id"].as_str().unwrap()
}

async fn put(desk: &Desk<'_>, branch: &Value, revision: i64, about: &Value) -> Answer {
    let body = json!({"revision": revision, "branch": about});
    desk.send(Method::PUT, &format!("{OWN}/{}", id(branch)), &body).await
}

fn names(items: &Value) -> Vec<&str> {
    items["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

async fn page_at(world: &World, base: &str, rest: &str) -> Value {
    let answer = world.request_at(base, Method::GET, &format!("/v1/branches{rest}")).send().await.expect(200);
    assert!(answer.headers.get("set-cookie").is_none());
    answer.json
}

async fn found(world: &World, words: &str) -> Value {
    page_at(world, &world.base, &format!("?words={words}")).await
}

/// Reports a branch of today from an address.
async fn report(world: &World, from: &str, branch: &Value, more: Value) -> Answer {
    let mut body = json!({"what": "photocopy", "day": Date::in_jakarta(world.context.now())});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/v1/branches/{}/reports", id(branch));
    world.post(&path).header("x-forwarded-for", from).json(&body).send().await
}

/// Behind a proxy that says from where people come.
async fn open(context: Context) -> World {
    World::open_with(context, |config| config.http.trusted_proxies = vec![String::from("127.0.0.0/8")]).await
}

async fn shop<'a>(world: &'a World) -> Desk<'a> {
    world.app.relying_parties.add("Toko Uji", AttributeSet::FULL, &[purpose("age_check")]).await.unwrap();
    administrator_of(world, "Toko Uji", "toko.admin").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_keeps_its_branches_and_anybody_finds_those_that_are_shown() {
    each_engine(async |context| {
        let world = open(context).await;
        let (rina, toko) = (administrator(&world, "rina").await, shop(&world).await);
        for (field, wrong) in [("name", ""), ("address", "\u{202e}"), ("regency", "510801"), ("hours", "\u{7}")] {
            let mut body = about("KCP Seririt", "5108");
            body[field] = wrong.into();
            let refused = rina.send(Method::POST, OWN, &body).await.expect_problem(422, "invalid_field");
            assert_eq!(refused.json["fields"][0]["field"], field);
        }
        let seririt = added(&rina, "KCP Seririt", "51.08").await;
        assert_eq!((&seririt["regency"], &seririt["regency_name"]), (&json!("5108"), &json!("Kabupaten Buleleng")));
        let padang = added(&rina, "KCP Padang", "1371").await;
        added(&toko, "Toko Singaraja", "5108").await;
        assert_eq!(names(&found(&world, "").await), ["KCP Padang", "KCP Seririt", "Toko Singaraja"]);
        assert_eq!(names(&found(&world, "kcp%20seririt").await), ["KCP Seririt"]);
        let both = ["KCP Seririt", "Toko Singaraja"];
        assert_eq!(names(&found(&world, "seririt").await), both, "its name first; the district lies in Buleleng");
        assert_eq!(names(&found(&world, "buleleng").await), ["KCP Seririt", "Toko Singaraja"]);
        assert_eq!(names(&found(&world, "gerokgak").await), ["KCP Seririt", "Toko Singaraja"], "a district of it");
        assert_eq!(names(&found(&world, "bank%20seririt").await), ["KCP Seririt"], "by its party too");
        assert!(names(&found(&world, "zzz").await).is_empty());
        let one = &found(&world, "seririt").await["items"][0];
        assert_eq!((&one["party"], &one["hours"]), (&json!(BANK), &json!("08.00-15.00")));
        assert!(one.get("revision").is_none() && one.get("shown").is_none(), "what is the party's alone: {one}");
        let first = page_at(&world, &world.base, "?limit=2").await;
        let rest = page_at(&world, &world.base, &format!("?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
        assert_eq!((names(&rest), &rest["next"]), (vec!["Toko Singaraja"], &Value::Null));
        world.get("/v1/branches?cursor=x").send().await.expect_problem(400, "malformed_request");
        let long = world.get(&format!("/v1/branches?words={}", "a".repeat(81)));
        long.send().await.expect_problem(400, "malformed_request");

        // What one changes the other has to have seen, and nobody touches another party's.
        let mut hidden = about("KCP Seririt", "5108");
        hidden["shown"] = false.into();
        put(&toko, &seririt, 0, &hidden).await.expect_problem(404, "not_found");
        put(&rina, &seririt, 0, &hidden).await.expect(204);
        put(&rina, &seririt, 0, &hidden).await.expect_problem(409, "wrong_state");
        world.later(6);
        assert!(names(&found(&world, "kcp%20seririt").await).is_empty());
        assert_eq!(names(&rina.get(OWN).await.expect(200).json), ["KCP Padang", "KCP Seririt"]);
        assert_eq!(names(&rina.get(&format!("{OWN}?words=SERI")).await.expect(200).json), ["KCP Seririt"]);
        assert!(names(&rina.get(&format!("{OWN}?words=%25")).await.expect(200).json).is_empty(), "no pattern");
        let first = rina.get(&format!("{OWN}?limit=1")).await.expect(200).json;
        let next = first["next"].as_str().unwrap();
        let second = rina.get(&format!("{OWN}?limit=1&cursor={next}")).await.expect(200).json;
        assert_eq!((names(&second), &second["next"]), (vec!["KCP Seririt"], &Value::Null));
        put(&rina, &seririt, 1, &about("KCP Seririt Baru", "5108")).await.expect(204);
        let path = format!("{OWN}/{}", id(&padang));
        toko.send(Method::DELETE, &path, &Value::Null).await.expect_problem(404, "not_found");
        for _ in 0..2 {
            rina.send(Method::DELETE, &path, &Value::Null).await.expect(204);
        }
        put(&rina, &padang, 1, &about("KCP Padang", "1371")).await.expect_problem(404, "not_found");
        world.later(6);
        assert_eq!(names(&found(&world, "").await), ["KCP Seririt Baru", "Toko Singaraja"]);
        let regencies = rina.get("/v1/partner/regencies?words=bulel").await.expect(200).json;
        assert_eq!(regencies["items"], json!([{"code": "5108", "name": "Kabupaten Buleleng", "province": "Bali"}]));
        let teller = world.teller("dewi").await;
        world.get(OWN).cookie(&teller).send().await.expect_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_verify_is_found_nowhere_at_once() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        let branch = added(&rina, "KCP Seririt", "5108").await;
        let nodes = [world.base.clone(), world.another_node().await];
        let seen = async |many: usize| {
            for node in &nodes {
                assert_eq!(names(&page_at(&world, node, "").await).len(), many, "{node}");
            }
        };
        seen(1).await;
        let parties = &world.app.relying_parties;
        parties.suspend(BANK, "Kunci bocor").await.unwrap();
        world.later(1);
        seen(0).await;
        report(&world, "192.0.2.1", &branch, json!({})).await.expect_problem(404, "not_found");
        parties.resume(BANK).await.unwrap();
        world.later(1);
        seen(1).await;
        let today = Date::in_jakarta(world.context.now());
        parties.set_contract(BANK, "1/PKS", (today, today)).await.unwrap();
        seen(1).await;
        world.later(today.plus_days(1).unwrap().midnight().seconds() - world.context.now().seconds() - 1);
        seen(1).await;
        world.later(1);
        seen(0).await;
        report(&world, "192.0.2.1", &branch, json!({})).await.expect_problem(404, "not_found");
        let next = Date::in_jakarta(world.context.now()).plus_days(1).unwrap();
        parties.set_contract(BANK, "2/PKS", (next, next)).await.unwrap();
        world.later(1);
        seen(0).await;
        world.later(DAY);
        seen(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_counts_once_a_day_and_its_party_alone_reads_it() {
    each_engine(async |context| {
        let world = open(context).await;
        let (rina, toko) = (administrator(&world, "rina").await, shop(&world).await);
        let (seririt, padang) = (added(&rina, "KCP Seririt", "5108").await, added(&rina, "KCP Padang", "1371").await);
        let shop = added(&toko, "Toko Singaraja", "5108").await;
        let today = Date::in_jakarta(world.context.now());
        for (field, wrong) in [
            ("day", json!(today.plus_days(1).unwrap())),
            ("day", json!(today.plus_days(-31).unwrap())),
            ("words", json!("x".repeat(501))),
        ] {
            let refused = report(&world, "192.0.2.1", &seririt, json!({field: wrong})).await;
            assert_eq!(refused.expect_problem(422, "invalid_field").json["fields"][0]["field"], field);
        }
        let nothing = json!({"branch_id": Uuid::nil()});
        report(&world, "192.0.2.9", &nothing, json!({})).await.expect_problem(404, "not_found");
        let counted = async |from: &str, branch: &Value, more: Value| {
            report(&world, from, branch, more).await.expect(201).json["counted"].clone()
        };
        assert_eq!(counted("192.0.2.1", &seririt, json!({"words": "Teller minta kenari 77"})).await, true);
        assert_eq!(counted("192.0.2.1", &seririt, json!({"what": "refused"})).await, false, "the same day and place");
        assert_eq!(counted("192.0.2.1", &padang, json!({})).await, true, "another place");
        assert_eq!(counted("192.0.2.2", &seririt, json!({"what": "refused"})).await, true, "somebody else");
        assert_eq!(counted("192.0.2.3", &shop, json!({})).await, true);
        // The fourth try of an hour costs work.
        report(&world, "192.0.2.1", &shop, json!({})).await.expect_problem(422, "captcha_required");
        let challenge = world.post("/v1/officer-proofs/captcha").send().await.expect(200).json;
        let solution = ikd::captcha::solve(&serde_json::from_value(challenge).unwrap()).unwrap();
        assert_eq!(counted("192.0.2.1", &shop, json!({"captcha": solution})).await, true);
        let again = report(&world, "192.0.2.1", &shop, json!({"captcha": solution})).await;
        again.expect_problem(422, "captcha_invalid");
        world.later(DAY);
        assert_eq!(counted("192.0.2.1", &seririt, json!({})).await, true, "the next day");
        // A session ends after some hours.
        let (rina, toko) =
            (administrator(&world, "rina.lagi").await, administrator_of(&world, "Toko Uji", "toko.lagi").await);

        let list = async |desk: &Desk<'_>, state: &str| {
            desk.get(&format!("{REPORTS}?state={state}")).await.expect(200).json["items"].as_array().unwrap().clone()
        };
        let open = list(&rina, "open").await;
        let seen: Vec<_> = open.iter().map(|one| (&one["branch"], &one["what"])).collect();
        let (photocopy, refused) = (json!("photocopy"), json!("refused"));
        let (s, p) = (json!("KCP Seririt"), json!("KCP Padang"));
        assert_eq!((seen.len(), seen[0]), (4, (&s, &photocopy)), "the newest day first");
        for one in [(&s, &refused), (&p, &photocopy), (&s, &photocopy)] {
            assert!(seen[1..].contains(&one), "in no order of a day: {seen:?}");
        }
        let days: Vec<_> = open.iter().map(|one| one["reported_on"].clone()).collect();
        assert_eq!(days, [json!(today.plus_days(1).unwrap()), json!(today), json!(today), json!(today)]);
        let exact = "SELECT CAST(COUNT(*) AS BIGINT) FROM branch_report \
            WHERE (reported_at + 25200000000) % 86400000000 <> 0 AND report_id <> $1";
        assert_eq!(world.count(exact, Uuid::nil()).await, 0, "the day is kept alone");
        let ids = open[1..].iter().map(|one| one["report_id"].as_str().unwrap()[..13].to_owned());
        assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 1, "an id tells no moment");
        let with_words: Vec<_> = open.iter().filter(|one| one["words"] == "Teller minta kenari 77").collect();
        assert_eq!(with_words.len(), 1);
        assert_eq!(list(&toko, "open").await.len(), 2);
        let close = format!("{REPORTS}/{}/close", with_words[0]["report_id"].as_str().unwrap());
        toko.send(Method::POST, &close, &Value::Null).await.expect_problem(404, "not_found");
        for _ in 0..2 {
            rina.send(Method::POST, &close, &Value::Null).await.expect(204);
        }
        assert_eq!((list(&rina, "open").await.len(), list(&rina, "closed").await.len()), (3, 1));

        // Counts by place and month, for the party and, without places, for the nation; the worst first.
        let counts = rina.get("/v1/partner/branch-counts").await.expect(200).json;
        let told: Vec<_> = counts["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["name"], one["photocopy"], one["refused"]]))
            .collect();
        let month = today.to_string()[..7].to_owned();
        if Date::in_jakarta(world.context.now()).to_string().starts_with(&month) {
            assert_eq!(told, [json!(["KCP Seririt", 2, 1]), json!(["KCP Padang", 1, 0])]);
        }
        rina.get("/v1/partner/branch-counts?month=2026-13").await.expect_problem(400, "malformed_request");
        let auditor = official(&world, "pemeriksa", Role::Auditor).await;
        let nation = auditor.get(&format!("/v1/admin/branch-counts?month={month}")).await.expect(200).json;
        let told: Vec<_> = nation["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert_eq!(told, [json!(BANK), json!("Toko Uji")]);
        assert!(!nation.to_string().contains("kenari"));
        let others = auditor.get("/v1/admin/branch-counts?month=2020-01").await.expect(200).json;
        assert_eq!(others["items"], json!([]));

        // What was removed still counts; words are forgotten when their time is over, counts are not.
        rina.send(Method::DELETE, &format!("{OWN}/{}", id(&seririt)), &Value::Null).await.expect(204);
        assert_eq!(list(&rina, "open").await.len(), 3);
        world.later(181 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let rina = administrator(&world, "rina.dua").await;
        assert_eq!((list(&rina, "open").await.len(), list(&rina, "closed").await.len()), (3, 0));
        world.later(185 * DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(2)).await.unwrap());
        let rina = administrator(&world, "rina.tiga").await;
        assert!(list(&rina, "open").await.is_empty());
        let counts = rina.get(&format!("/v1/partner/branch-counts?month={month}")).await.expect(200).json;
        assert_eq!(counts["items"][0]["name"], "KCP Seririt", "its counts outlive it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reports_more_than_an_address_may() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        let branch = added(&rina, "KCP Seririt", "5108").await;
        // The window of a day begins with the first: twenty within it, each in an hour of its own.
        for _ in 0..20 {
            report(&world, "192.0.2.7", &branch, json!({})).await.expect(201);
            world.later(HOUR + 1);
        }
        report(&world, "192.0.2.7", &branch, json!({})).await.expect_problem(429, "too_many");
        report(&world, "192.0.2.8", &branch, json!({})).await.expect(201);
        // A subscriber of IPv6 has many addresses, and is one client.
        let rina = administrator(&world, "rina.lagi").await;
        let other = added(&rina, "KCP Padang", "1371").await;
        let counted =
            async |from: &str| report(&world, from, &other, json!({})).await.expect(201).json["counted"].clone();
        assert_eq!(counted("2001:db8:1:1::1").await, true);
        assert_eq!(counted("2001:db8:1:1::2").await, false);
        assert_eq!(counted("2001:db8:1:2::1").await, true);
        let (one, two) = tokio::join!(counted("192.0.2.20"), counted("192.0.2.20"));
        assert_ne!(one, two, "at one moment one of them counts");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_captcha_uses_up_nothing_of_the_day_and_is_a_try() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        let branch = added(&rina, "KCP Seririt", "5108").await;
        let used = async || {
            let mut uses = [0; 2];
            for (at, sql) in [COUNTED, TRIED].into_iter().enumerate() {
                uses[at] = world.count(sql, Uuid::nil()).await;
            }
            uses
        };
        for _ in 0..3 {
            report(&world, "192.0.2.7", &branch, json!({})).await.expect(201);
        }
        let challenge = world.post("/v1/officer-proofs/captcha").send().await.expect(200).json;
        let solution = ikd::captcha::solve(&serde_json::from_value(challenge).unwrap()).unwrap();
        for _ in 0..9 {
            report(&world, "192.0.2.7", &branch, json!({})).await.expect_problem(422, "captcha_required");
            let wrong = report(&world, "192.0.2.7", &branch, json!({"captcha": "x"})).await;
            wrong.expect_problem(422, "captcha_invalid");
        }
        assert_eq!(used().await, [3, 21]);
        report(&world, "192.0.2.7", &branch, json!({"captcha": solution})).await.expect(201);
        let spent = report(&world, "192.0.2.7", &branch, json!({"captcha": solution})).await;
        spent.expect_problem(422, "captcha_invalid");
        assert_eq!(used().await, [4, 23], "a spent one is a try");

        // Nothing that is counted names an address: all of IPv4 is soon tried out.
        let plain = {
            use sha2::{Digest, Sha256};
            let address = b"192.0.2.7/32";
            Sha256::new().chain_update((address.len() as u64).to_be_bytes()).chain_update(address).finalize()
        };
        let mut tx = world.context.db.read().await.unwrap();
        let subjects = ikd::fetch_all!(&mut tx, (Vec<u8>,), "SELECT subject FROM use_window").unwrap();
        assert!(!subjects.is_empty() && subjects.iter().all(|(subject,)| subject[..] != plain[..]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_nothing_is_read_anew_by_nobody_and_an_outcry_is_bounded() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        let branch = added(&rina, "KCP Seririt", "5108").await;
        let quiet = added(&rina, "KCP Padang", "1371").await;
        let revision = async || {
            let sql = "SELECT revision FROM branch_list WHERE $1 IS NOT NULL";
            world.count(sql, Uuid::nil()).await
        };
        let before = revision().await;
        for _ in 0..2 {
            put(&rina, &branch, 0, &about("KCP Seririt", "5108")).await.expect(204);
        }
        put(&rina, &branch, 1, &about("KCP Seririt", "5108")).await.expect_problem(409, "wrong_state");
        assert_eq!(revision().await, before, "nothing changed");
        put(&rina, &branch, 0, &about("KCP Seririt Baru", "5108")).await.expect(204);
        let end = format!("{OWN}/{}", id(&quiet));
        for _ in 0..3 {
            rina.send(Method::DELETE, &end, &Value::Null).await.expect(204);
        }
        assert_eq!(revision().await, before + 2);

        // Who brings many addresses pays from the eleventh report on, and mutes nobody in silence.
        let mut solutions = 0;
        for number in 0..MOST_REPORTS {
            let from = format!("198.51.100.{number}");
            let mut told = report(&world, &from, &branch, json!({})).await;
            if told.status != 201 {
                told.expect_problem(422, "captcha_required");
                let challenge = world.post("/v1/officer-proofs/captcha").send().await.expect(200).json;
                let solution = ikd::captcha::solve(&serde_json::from_value(challenge).unwrap()).unwrap();
                solutions += 1;
                told = report(&world, &from, &branch, json!({"captcha": solution})).await;
            }
            assert_eq!(told.expect(201).json["counted"], true, "{number}");
        }
        assert_eq!(solutions, MOST_REPORTS - 10);
        for from in ["198.51.100.200", "198.51.100.1"] {
            let told = report(&world, from, &branch, json!({})).await.expect_problem(429, "too_many");
            let wait = told.json["retry_after_seconds"].as_i64().unwrap();
            assert!((1..=DAY).contains(&wait) && told.text("detail").contains("besok"), "{wait}");
        }
        assert_eq!(report(&world, "198.51.100.200", &quiet, json!({})).await.status, 404, "it ended");
        // A branch of which nothing was reported is forgotten a day after it ended, the other one is not.
        rina.send(Method::DELETE, &format!("{OWN}/{}", id(&branch)), &Value::Null).await.expect(204);
        world.later(DAY);
        assert!(world.app.sweeper().sweep(Uuid::from_u128(1)).await.unwrap());
        let left = "SELECT CAST(COUNT(*) AS BIGINT) FROM branch WHERE branch_id <> $1";
        assert_eq!(world.count(left, Uuid::nil()).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_goes_on_although_its_last_place_was_hidden() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        added(&rina, "KCP A", "5108").await;
        let last = added(&rina, "KCP B", "5108").await;
        added(&rina, "KCP C", "5108").await;
        let first = page_at(&world, &world.base, "?limit=2").await;
        assert_eq!(names(&first), ["KCP A", "KCP B"]);
        rina.send(Method::DELETE, &format!("{OWN}/{}", id(&last)), &Value::Null).await.expect(204);
        world.later(6);
        let rest = page_at(&world, &world.base, &format!("?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
        assert_eq!((names(&rest), &rest["next"]), (vec!["KCP C"], &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_change_a_branch_at_one_moment_leave_one_change() {
    each_engine(async |context| {
        let world = open(context).await;
        let rina = administrator(&world, "rina").await;
        let branch = added(&rina, "KCP Seririt", "5108").await;
        let (left, right) = (about("KCP Kiri", "5108"), about("KCP Kanan", "5108"));
        let (one, two) = tokio::join!(put(&rina, &branch, 0, &left), put(&rina, &branch, 0, &right));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    })
    .await;
}

/// Each act at least once, done.
pub async fn every_act(world: &World) {
    let rina = administrator(world, "rina.cabang").await;
    let branch = added(&rina, "KCP Seririt", "5108").await;
    put(&rina, &branch, 0, &about("KCP Seririt Baru", "5108")).await.expect(204);
    report(world, "192.0.2.1", &branch, json!({})).await.expect(201);
    let open = rina.get(REPORTS).await.expect(200).json;
    let close = format!("{REPORTS}/{}/close", open["items"][0]["report_id"].as_str().unwrap());
    rina.send(Method::POST, &close, &Value::Null).await.expect(204);
    rina.send(Method::DELETE, &format!("{OWN}/{}", id(&branch)), &Value::Null).await.expect(204);
    let auditor = official(world, "pemeriksa-cabang", Role::Auditor).await;
    auditor.get("/v1/admin/branch-counts").await.expect(200);
}
