//! Who may do what: each endpoint of an office is asked by each role, and answers as the table in the code says. A new endpoint without a
//! permission fails here. Assistants receive and see nothing; whose time is over, and who acts for somebody, is judged at each request.

use std::collections::BTreeMap;
use std::path::Path;

use ikd::clock::{DAY, MINUTE};
use ikd::register::Date;
use ikd::staff::{Permission, Post, Realm, Role};
use reqwest::Method;
use serde_json::{Value, json};
use support::client::Officer;
use support::each_engine;
use support::world::{LogIn, OFFICE, World, approval};

/// Where people with roles work: what their paths begin with, the folder of its handlers, the file of its acts, and who logs in there.
struct House {
    prefix: &'static str,
    handlers: &'static str,
    acts: &'static str,
    roles: &'static [Role],
}

const HOUSES: [House; 2] = [
    House { prefix: "/v1/officer", handlers: "src/counter/http", acts: "src/counter/act.rs", roles: Role::OF_OFFICES },
    House { prefix: "/v1/admin", handlers: "src/admin/http", acts: "src/admin/act.rs", roles: Role::OF_NATION },
];

/// Endpoints that need a session and no permission: the own account.
const OWN: &[&str] = &["/sessions", "/password", "/passkeys", "/secrets"];

/// The act that a handler names, by method and path, as the sources have it; and the permission of each act.
fn acts() -> BTreeMap<(String, String), String> {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    // Routes of a factory have the path of the house that calls it.
    let factory = read(&support::root().join("src/staff/http/staff_routes.rs"));
    let mut texts = Vec::new();
    for house in &HOUSES {
        let files = std::fs::read_dir(support::root().join(house.handlers)).unwrap();
        texts.extend(files.map(|file| read(&file.unwrap().path())));
        texts.push(factory.replace("concat!($path, \"", &format!("\"{}", house.prefix)));
    }
    let mut found = BTreeMap::new();
    for text in texts {
        for handler in text.split("#[utoipa::path(").skip(1) {
            let method = handler.split([',', ' ']).next().unwrap().trim().to_owned();
            let path = handler.split("path = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let Some(act) = handler.split("Allowed<").nth(1) else { continue };
            found.insert((method, path), act.split('>').next().unwrap().to_owned());
        }
    }
    found
}

fn permissions() -> BTreeMap<String, Permission> {
    let text = |house: &House| std::fs::read_to_string(support::root().join(house.acts)).unwrap();
    let text: String = HOUSES.iter().map(text).collect();
    let partner = std::fs::read_to_string(support::root().join("src/partner/act.rs")).unwrap();
    let text = text + &partner;
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("pub enum "));
    lines
        .filter_map(|line| {
            let (act, rest) = line.split_once(": ")?;
            let name = rest.split(',').next()?;
            let permission = Permission::ALL.iter().find(|one| format!("{one:?}") == name)?;
            Some((act.to_owned(), *permission))
        })
        .collect()
}

/// Every operation of a house in the description of the API, with the permission that it needs.
fn operations(house: &House) -> Vec<(Method, String, Permission)> {
    let api: Value =
        serde_json::from_slice(&std::fs::read(support::root().join("docs/openapi.json")).unwrap()).unwrap();
    let (acts, permissions) = (acts(), permissions());
    let mut found = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        let Some(rest) = path.strip_prefix(house.prefix).filter(|rest| rest.starts_with('/')) else { continue };
        if OWN.iter().any(|own| rest.starts_with(own)) {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            let act =
                acts.get(&(method.clone(), path.clone())).unwrap_or_else(|| panic!("{method} {path}: no permission"));
            let permission = permissions.get(act).unwrap_or_else(|| panic!("{act} is no act"));
            found.push((Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path.clone(), *permission));
        }
    }
    found
}

fn log_in_of(name: &str, new: &ikd::staff::Secrets) -> LogIn {
    let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
    LogIn { username: name.to_owned(), password, totp_secret }
}

async fn person(world: &World, name: &str, role: Role) -> LogIn {
    let until = role.longest_days().map(|_| Date::in_jakarta(world.context.now()).plus_days(100).unwrap());
    let new = world.accounts().add_until(Post::Office(OFFICE, role), (name, "Orang Kantor"), None, until).await;
    log_in_of(name, &new.unwrap())
}

/// Somebody of a role, as whoever is logged in with it: a cookie.
async fn cookie_of(world: &World, house: &House, role: Role) -> (LogIn, String) {
    let name = format!("orang-{}-{}", <&str>::from(role).replace('_', "-"), world.number());
    let log_in = match house.prefix {
        "/v1/officer" => person(world, &name, role).await,
        _ => log_in_of(&name, &world.accounts().add(Post::National(role), &name, "Orang Pusat", None).await.unwrap()),
    };
    let path = format!("{}/sessions", house.prefix);
    let answer = world.post(&path).json(&world.log_in_body(&log_in)).send().await;
    (log_in, answer.expect(201).cookie.unwrap())
}

/// The answer to a request that names nothing: status and code.
async fn answer(world: &World, cookie: &str, (method, path): (&Method, &str)) -> (u16, String) {
    let path = path.replace("{id}", "00000000-0000-7000-8000-000000000000");
    let mut request = world.request(method.clone(), &path).cookie(cookie);
    if [Method::POST, Method::PUT].contains(method) {
        request = request.json(&json!({}));
    }
    let answer = request.send().await;
    let code = if answer.status.is_success() { String::new() } else { answer.code().to_owned() };
    (answer.status.as_u16(), code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_endpoint_answers_each_role_as_the_table_says_and_nobody_else() {
    let world = World::on(support::Engine::Sqlite).await;
    let mut wrong = Vec::new();
    for (house, other) in HOUSES.iter().zip(HOUSES.iter().rev()) {
        let operations = operations(house);
        let mut people = Vec::new();
        for role in house.roles {
            people.push((*role, cookie_of(&world, house, *role).await.1));
        }
        // Who was disabled, and whose session is of another house, is nobody here, whatever the role.
        let (gone, ended) = cookie_of(&world, house, house.roles[0]).await;
        let realm = if house.prefix == "/v1/officer" { Realm::Office } else { Realm::National };
        world.accounts().set_active(realm, &gone.username, false).await.unwrap();
        let elsewhere = cookie_of(&world, other, other.roles[0]).await.1;
        for (method, path, permission) in operations {
            for (role, cookie) in &people {
                let (status, code) = answer(&world, cookie, (&method, &path)).await;
                let forbidden = status == 403 && code == "forbidden";
                if forbidden == role.may(permission) {
                    wrong.push(format!(
                        "{method} {path}: {role:?} {}",
                        if forbidden { "is kept out" } else { "gets in" }
                    ));
                }
            }
            for (who, cookie) in [("disabled", &ended), ("of another house", &elsewhere)] {
                let (status, code) = answer(&world, cookie, (&method, &path)).await;
                if (status, code.as_str()) != (401, "session_ended") {
                    wrong.push(format!("{method} {path}: somebody {who} gets {status} {code}"));
                }
            }
        }
    }
    assert!(operations(&HOUSES[0]).len() > 60, "{}", operations(&HOUSES[0]).len());
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_time_is_over_gets_nowhere_and_whoever_acts_for_somebody_gets_further() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let accounts = world.accounts();
        let today = Date::in_jakarta(world.context.now());
        let day = |days| today.plus_days(days).unwrap();
        let taken_on = async |role, until| {
            let post = Post::Office(OFFICE, role);
            let name = format!("orang-{}", world.number());
            accounts.add_until(post, (&name, "Orang Kantor"), None, until).await.map(|new| log_in_of(&name, &new))
        };
        for (role, until) in
            [(Role::Assistant, None), (Role::Assistant, Some(day(184))), (Role::Officer, Some(day(-1)))]
        {
            assert!(taken_on(role, until).await.is_err(), "{role:?} {until:?}");
        }
        // An officer for three days: the third is the last.
        let log_in = taken_on(Role::Officer, Some(day(2))).await.unwrap();
        let officer = world.log_in(&log_in).await;
        let told = officer.get("/v1/officer/sessions/current").await.expect(200).json;
        assert_eq!((&told["role"], &told["last_day"]), (&json!("officer"), &json!(day(2).to_string())));
        assert!(told["permissions"].as_array().unwrap().contains(&json!("serve_residents")));

        // What they asked for counts while they work here, and no longer.
        let person = &world.people[0];
        let holder = world.active(person).await;
        holder.client.unlock().await.expect(200);
        world.later(2 * DAY);
        let officer = world.log_in(&log_in).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let copy = crate::walk_in::asked(&world, &officer, person, "copy").await;
        let midnight = day(3).midnight().seconds() - world.context.now().seconds();
        assert!((1..=DAY).contains(&midnight));
        if midnight > 20 * MINUTE {
            accounts
                .set_end(Realm::Office, &log_in.username, Some(Date::in_jakarta(world.context.now())))
                .await
                .unwrap();
        }
        world.later(midnight - 60);
        assert_eq!(
            officer.get("/v1/officer/sessions/current").await.status.is_success(),
            midnight - 60 < 30 * MINUTE,
            "until midnight nothing but idleness ends it"
        );
        world.later(60);
        let gone = world.log_in_body(&log_in);
        let answer = world.post("/v1/officer/sessions").json(&gone).send().await;
        answer.expect_problem(401, "login_failed");
        drop((copy, supervisor));
        accounts.set_end(Realm::Office, &log_in.username, None).await.unwrap();
        world.later(MINUTE);
        let officer = world.log_in(&log_in).await;
        let path = "/v1/officer/views";
        officer.get(path).await.expect_problem(403, "forbidden");

        // For the head, who is away for a week.
        let until = Date::in_jakarta(world.context.now()).plus_days(7).unwrap();
        assert!(accounts.set_acting(&log_in.username, Some((Role::Officer, until))).await.is_err(), "no other role");
        assert!(accounts.set_acting(&log_in.username, Some((Role::Head, day(400)))).await.is_err(), "too long");
        accounts.set_acting(&log_in.username, Some((Role::Head, until))).await.unwrap();
        officer.get(path).await.expect(200);
        let told = officer.get("/v1/officer/sessions/current").await.expect(200).json;
        assert_eq!((&told["role"], &told["acting_role"]), (&json!("officer"), &json!("head")));
        assert_eq!(told["acting_last_day"], until.to_string());
        accounts.set_acting(&log_in.username, None).await.unwrap();
        officer.get(path).await.expect_problem(403, "forbidden");
        accounts.set_acting(&log_in.username, Some((Role::Head, until))).await.unwrap();
        world.later(8 * DAY);
        let officer = world.log_in(&log_in).await;
        officer.get(path).await.expect_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_for_by_somebody_whose_time_is_over_is_not_granted() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let officer = world.officer("bekas", OFFICE).await;
        let supervisor = world.supervisor("penyelia", OFFICE).await;
        let asked = crate::walk_in::asked(&world, &officer, &world.people[0], "closure").await;
        // The day was over a moment ago.
        let row = "UPDATE staff_account SET ends_at = 1 WHERE staff_id = $1";
        let told = supervisor.get("/v1/officer/sessions/current").await.expect(200).json;
        let id = officer.get("/v1/officer/sessions/current").await.expect(200).json["officer_id"].clone();
        assert_ne!(told["officer_id"], id);
        world.change(row, id.as_str().unwrap().parse().unwrap()).await;
        crate::walk_in::grant(&supervisor, &asked).await.expect_problem(404, "not_found");
        officer.get("/v1/officer/sessions/current").await.expect_problem(401, "session_ended");
        assert_eq!(crate::life::standing(&holder).await.0, "active");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assistant_receives_and_an_officer_takes_over() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let assistant = world.log_in(&person(&world, "magang", Role::Assistant).await).await;
        let (first, second) = (world.officer("loket-1", OFFICE).await, world.officer("loket-2", OFFICE).await);
        let offices = ikd::office::Offices::new(world.context.clone());
        offices.add("UJI-02", "Kantor Lain", ikd::office::Kind::Dinas).await.unwrap();
        let elsewhere = world.officer("jauh", "UJI-02").await;
        let applicant = world.waiting(&world.people[0]).await;
        let token = json!({"token": world.activation_token(&applicant).await});
        let received = assistant.post("/v1/officer/arrivals", &token).await.expect(201).json;
        assert_eq!(received["state"], "awaiting_officer");
        let told = received.to_string();
        let secret = [&world.people[0].full_name, world.people[0].nik.as_str()];
        assert!(secret.iter().all(|text| !told.contains(*text)), "{told}");
        // Neither the person nor a face; no second scan by somebody else.
        let base = format!("/v1/officer/registrations/{}", applicant.id);
        for rest in ["", "/selfie", "/portrait"] {
            assistant.get(&format!("{base}{rest}")).await.expect_problem(403, "forbidden");
        }
        assistant.post("/v1/officer/scans", &token).await.expect_problem(403, "forbidden");
        first.post("/v1/officer/arrivals", &token).await.expect_problem(409, "qr_used");

        // Colleagues of the office see who waits; another office does not, and takes nobody over.
        let waiting = first.get("/v1/officer/arrivals").await.expect(200).json;
        assert_eq!(
            (&waiting["items"][0]["received_by"], waiting["items"].as_array().unwrap().len()),
            (&json!("magang"), 1)
        );
        assert_eq!(elsewhere.get("/v1/officer/arrivals").await.expect(200).json["items"], json!([]));
        let take = format!("{base}/take");
        elsewhere.post(&take, &json!({})).await.expect_problem(404, "not_found");
        assistant.post(&take, &json!({})).await.expect_problem(403, "forbidden");
        first.get(&base).await.expect_problem(403, "reason_required");

        // Two at one moment: one serves, and who serves approves.
        let nothing = json!({});
        let (one, two) = tokio::join!(first.post(&take, &nothing), second.post(&take, &nothing));
        assert!(
            one.status == 200 && two.status == 200,
            "{} {}: the later one took over from the other",
            one.status,
            two.status
        );
        let may = async |officer: &Officer| {
            let view = officer.get(&base).await;
            view.status == 200 && view.json["may_decide"] == true
        };
        let serving = [may(&first).await, may(&second).await];
        assert_eq!(serving.iter().filter(|one| **one).count(), 1, "one of them serves");
        let (serves, not) = if serving[0] { (&first, &second) } else { (&second, &first) };
        world.decide(not, &applicant, "approval", &approval()).await.expect_problem(409, "scan_required");
        world.approve(serves, &applicant).await.expect(200);
        assert_eq!(first.get("/v1/officer/arrivals").await.expect(200).json["items"], json!([]));
        first.post(&take, &json!({})).await.expect_problem(409, "wrong_state");

        // Half an hour after they were received they are scanned again.
        let applicant = world.waiting(&world.people[1]).await;
        let token = json!({"token": world.activation_token(&applicant).await});
        assistant.post("/v1/officer/arrivals", &token).await.expect(201);
        world.later(29 * MINUTE);
        let take = format!("/v1/officer/registrations/{}/take", applicant.id);
        first.post(&take, &json!({})).await.expect(200);
        world.later(2 * MINUTE);
        let third = world.officer("loket-3", OFFICE).await;
        third.post(&take, &json!({})).await.expect_problem(409, "scan_required");
        world.decide(&third, &applicant, "approval", &approval()).await.expect_problem(409, "scan_required");
    })
    .await;
}

#[test]
fn the_committed_table_of_roles_is_what_the_program_does() {
    let mut text = String::from(
        "# Who may do what\n\nWritten by `IKD_TEST_WRITE_ROLES=1 cargo test --test api the_committed_table`: the table is `Permission::roles` in\n\
         `src/staff/permission.rs`. Everybody sees and does this in the own office alone, but supervisors and heads are second person (`work_…`, `grant_…`) for the\n\
         offices below theirs too (ADR 26); nobody grants what they asked for. Somebody may act in a second\n\
         role until the end of a day (`ikd officer acting`); an assistant is taken on for 183 days at most.\n\n",
    );
    let names: Vec<String> = Role::ALL.iter().map(|role| <&str>::from(*role).replace('_', " ")).collect();
    text += &format!("| permission | {} |\n| --- |{}\n", names.join(" | "), " :-: |".repeat(names.len()));
    for permission in Permission::ALL {
        let cells: Vec<&str> = Role::ALL.iter().map(|role| if role.may(*permission) { "●" } else { "" }).collect();
        text += &format!("| `{}` | {} |\n", permission.as_str(), cells.join(" | "));
    }
    text += "\n| act | permission |\n| --- | --- |\n";
    for (act, permission) in permissions() {
        text += &format!("| {act} | `{}` |\n", permission.as_str());
    }
    let path = support::root().join("docs/roles.md");
    if std::env::var_os("IKD_TEST_WRITE_ROLES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        Path::new(&path).exists() && std::fs::read_to_string(&path).unwrap() == text,
        "write it anew: see its first lines"
    );
}
