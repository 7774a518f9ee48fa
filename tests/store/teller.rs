//! Employees, officers, administrators: log-ins and sessions, which are one code and one table; who asked what; today's figures.

use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use ikd::attribute::AttributeSet;
use ikd::clock::{HOUR, MINUTE, Timestamp};
use ikd::context::Context;
use ikd::credential::Reason;
use ikd::db::Tx;
use ikd::employee::EmployeeChecks;
use ikd::employee::http::routes;
use ikd::employee::store::{self, CheckRow};
use ikd::error::{Code, Error};
use ikd::execute;
use ikd::login::totp;
use ikd::office::{Kind, Offices};
use ikd::registration::store::queue::{Figure, figures};
use ikd::registration::store::visit;
use ikd::security::Security;
use ikd::staff::model::AccountState;
use ikd::staff::own_password::Present;
use ikd::staff::store::{account, session};
use ikd::staff::{Accounts, Post, Realm, Role, Secrets, Staff, Workplace};
use ikd::verification::model::Verdict;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::verification::{World, world};
use support::each_engine;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

fn code(context: &Context, employee: &Secrets) -> String {
    totp::code(&totp::from_base32(employee.totp.secret.expose()).unwrap(), context.now()).unwrap()
}

async fn add_employee(context: &Context, party: &str, username: &str, full_name: &str) -> Result<Secrets, Error> {
    Accounts::of_invented(context.clone()).add(Post::RelyingParty(party), username, full_name, None).await
}

async fn desk(context: Context) -> (World, Staff, Secrets) {
    let world = world(context.clone()).await;
    let employee = add_employee(&context, "Bank Uji", "dewi.teller", "Dewi Lestari").await.unwrap();
    (world, Staff::new(context, Realm::RelyingParty).unwrap(), employee)
}

#[tokio::test]
async fn sessions_and_steps_are_kept_for_all_kinds_of_people() {
    each_engine(async |context| {
        let (_, _, employee) = desk(context.clone()).await;
        Offices::new(context.clone()).add("UJI-01", "Loket Uji", Kind::Dinas).await.unwrap();
        let accounts = Accounts::of_invented(context.clone());
        let officer = accounts.add(Post::Office("UJI-01", Role::Officer), "siti", "Siti", None).await.unwrap();
        let administrator = accounts.add(Post::National(Role::Administrator), "siti", "Siti", None).await.unwrap();
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        for (realm, person, username) in [
            (Realm::RelyingParty, employee.staff_id, "dewi.teller"),
            (Realm::Office, officer.staff_id, "siti"),
            (Realm::National, administrator.staff_id, "siti"),
        ] {
            let account = account::by_id(&mut tx, person).await.unwrap().unwrap();
            assert_eq!(account.person.affiliation.realm(), realm);
            let (hash, sealed) = (account.password_hash, account.totp_sealed);
            let spend = async |tx: &mut Tx, person, step, hash: &str, sealed: &[u8]| {
                account::spend_step(tx, (person, step), (hash, sealed), false, now).await.unwrap().happened()
            };
            assert!(!spend(&mut tx, person, 7, "another", &sealed).await, "another password");
            assert!(!spend(&mut tx, person, 7, &hash, b"another").await, "another secret");
            assert!(spend(&mut tx, person, 7, &hash, &sealed).await);
            assert!(!spend(&mut tx, person, 7, &hash, &sealed).await, "a step counts once");
            assert!(!spend(&mut tx, person, 6, &hash, &sealed).await, "nor an earlier one");
            assert!(!spend(&mut tx, Uuid::nil(), 9, &hash, &sealed).await);

            let add = async |tx: &mut Tx, token: &[u8], seconds| {
                session::add(tx, (token, false), person, (now, now.plus_seconds(seconds)), (None, 0)).await.unwrap();
            };
            add(&mut tx, b"t1", HOUR).await;
            add(&mut tx, b"t2", MINUTE).await;
            assert!(session::touch(&mut tx, b"t1", now.plus_seconds(9)).await.unwrap().happened());
            assert!(!session::touch(&mut tx, b"t1", now).await.unwrap().happened());
            let found = session::find(&mut tx, realm, b"t1").await.unwrap().unwrap();
            assert_eq!((found.person.staff_id, found.seen_at), (person, now.plus_seconds(9)));
            assert_eq!((found.person.username.as_str(), found.state), (username, AccountState::Active));
            for other in [Realm::RelyingParty, Realm::Office, Realm::National].into_iter().filter(|r| *r != realm) {
                assert!(session::find(&mut tx, other, b"t1").await.unwrap().is_none(), "{other:?}");
            }
            assert_eq!(session::sweep(&mut tx, now.plus_seconds(MINUTE)).await.unwrap(), 1);
            assert_eq!(session::of(&mut tx, person, now).await.unwrap()[0].token_hash, b"t1");
            let rotate = async |tx: &mut Tx, from: &[u8], to: &[u8], hash: &str| {
                session::rotate(tx, (from, to), (person, hash), now).await.unwrap().happened()
            };
            assert!(!rotate(&mut tx, b"t1", b"t3", "another password").await);
            assert!(rotate(&mut tx, b"t1", b"t3", &hash).await);
            assert!(!rotate(&mut tx, b"t1", b"t4", &hash).await, "the old one is over");
            assert!(account::note_failure(&mut tx, person).await.unwrap().happened());
            assert_eq!(account::note_log_in(&mut tx, person, now).await.unwrap(), (None, 1));
            assert_eq!(account::note_log_in(&mut tx, person, now).await.unwrap(), (Some(now), 0));
            add(&mut tx, b"t5", HOUR).await;
            session::end_others(&mut tx, person, b"t5").await.unwrap();
            assert!(!session::end(&mut tx, b"t3").await.unwrap().happened());
            assert!(session::end(&mut tx, b"t5").await.unwrap().happened());
            assert!(session::find(&mut tx, realm, b"t1").await.unwrap().is_none());
            assert!(account::by_name(&mut tx, realm, "nobody").await.unwrap().is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn everybody_logs_in_the_same_way_and_at_the_own_pages_only() {
    each_engine(async |context| {
        let (_, employees, employee) = desk(context.clone()).await;
        Offices::new(context.clone()).add("UJI-01", "Loket Uji", Kind::Dinas).await.unwrap();
        let accounts = Accounts::of_invented(context.clone());
        let officers = Staff::new(context.clone(), Realm::Office).unwrap();
        let administrators = Staff::new(context.clone(), Realm::National).unwrap();
        let officer = accounts.add(Post::Office("UJI-01", Role::Supervisor), "siti", "Siti", None).await.unwrap();
        let administrator =
            accounts.add(Post::National(Role::Administrator), "siti", "Siti Pusat", None).await.unwrap();
        let mut tokens = Vec::new();
        for (staff, name, who) in [
            (&employees, "dewi.teller", &employee),
            (&officers, "siti", &officer),
            (&administrators, "siti", &administrator),
        ] {
            let new = staff.log_in(name, who.password.clone(), &code(&context, who), HERE).await.unwrap();
            assert_eq!(new.session.person.staff_id, who.staff_id);
            tokens.push(new.token.expose().clone());
        }
        let at_work = officers.sessions.current(&tokens[1]).await.unwrap().workplace;
        assert!(matches!(at_work, Workplace::Office(office) if office.name == "Loket Uji"));
        let wrong =
            officers.log_in("siti", administrator.password.clone(), &code(&context, &administrator), HERE).await;
        assert_eq!(wrong.unwrap_err().code(), Some(Code::LoginFailed), "another person of that name");
        // A session opens its own realm, whichever cookie carries it.
        for (at, staff) in [&employees, &officers, &administrators].into_iter().enumerate() {
            for (whose, token) in tokens.iter().enumerate() {
                let seen = staff.sessions.current(token).await.map_err(|error| error.code());
                assert_eq!(seen.is_ok(), whose == at, "{whose} at {at}");
                if whose != at {
                    assert_eq!(seen.unwrap_err(), Some(Code::SessionEnded));
                    staff.sessions.log_out(token).await.unwrap();
                }
            }
        }
        for (staff, token) in [&employees, &officers, &administrators].into_iter().zip(&tokens) {
            assert!(staff.sessions.current(token).await.is_ok(), "nobody else's log-out ends it");
        }
    })
    .await;
}

#[tokio::test]
async fn a_teller_logs_in_idles_and_is_locked_out() {
    each_engine(async |context| {
        let (_, staff, employee) = desk(context.clone()).await;
        let password = || employee.password.clone();
        let totp_code = code(&context, &employee);
        let new = staff.log_in(" Dewi.Teller ", password(), &totp_code, HERE).await.unwrap();
        let token = new.token.expose();
        let Workplace::RelyingParty(party) = &new.session.workplace else { panic!("{:?}", new.session) };
        assert_eq!((new.session.person.full_name.as_str(), party.name.as_str()), ("Dewi Lestari", "Bank Uji"));
        let again = staff.log_in("dewi.teller", password(), &totp_code, HERE).await;
        assert_eq!(again.unwrap_err().code(), Some(Code::LoginFailed), "the same code again");

        context.clock.advance(30 * MINUTE);
        assert_eq!(staff.sessions.current(token).await.unwrap_err().code(), Some(Code::PasswordRequired));
        let wrong = staff.sessions.resume(token, String::from("wrong").into()).await;
        assert_eq!(wrong.unwrap_err().code(), Some(Code::LoginFailed));
        let (next, resumed) = staff.sessions.resume(token, password()).await.unwrap();
        assert_eq!(resumed.person.staff_id, employee.staff_id);
        assert_eq!(staff.sessions.current(token).await.unwrap_err().code(), Some(Code::SessionEnded), "the old cookie");
        let token = next.expose();
        assert!(staff.sessions.current(token).await.is_ok());
        assert_eq!(staff.sessions.list(token, &resumed.person).await.unwrap().len(), 1);
        let present = Present { password: password(), second: "000000".into() };
        let weak = staff.own_password.change((token, &resumed), present, &String::from("password1234").into()).await;
        assert_eq!(weak.unwrap_err().code(), Some(Code::InvalidField));

        // The fifth failure from here with the code that was sent twice, half an hour ago.
        for _ in 0..4 {
            let failed = staff.log_in("dewi.teller", String::from("wrong").into(), "000000", HERE).await;
            assert_eq!(failed.unwrap_err().code(), Some(Code::LoginFailed));
        }
        let locked = staff.log_in("dewi.teller", password(), &code(&context, &employee), HERE).await;
        assert_eq!(locked.unwrap_err().code(), Some(Code::TooMany));
        assert!(staff.log_in("dewi.teller", password(), &code(&context, &employee), THERE).await.is_ok());

        context.clock.advance(12 * HOUR);
        assert_eq!(staff.sessions.current(token).await.unwrap_err().code(), Some(Code::SessionEnded));
        assert!(ikd::staff::sessions::sweep(&context).await.unwrap() >= 2);
        staff.sessions.log_out(token).await.unwrap();

        let renewed = Accounts::of_invented(context.clone()).renew(Realm::RelyingParty, "dewi.teller").await.unwrap();
        let old = staff.log_in("dewi.teller", password(), &code(&context, &renewed), HERE).await;
        assert_eq!(old.unwrap_err().code(), Some(Code::LoginFailed));
        context.clock.advance(MINUTE);
        let new = staff.log_in("dewi.teller", renewed.password.clone(), &code(&context, &renewed), HERE).await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, "UPDATE relying_party SET state = 'disabled'").unwrap();
        tx.commit().await.unwrap();
        let ended = staff.sessions.current(new.token.expose()).await;
        assert_eq!(ended.unwrap_err().code(), Some(Code::SessionEnded), "the party was disabled");
        let nobody = Accounts::of_invented(context.clone()).renew(Realm::RelyingParty, "nobody").await;
        assert_eq!(nobody.unwrap_err().code(), Some(Code::NotFound));
        for (party, name, refused) in [
            ("Nobody", "budi", Code::NotFound),
            ("Bank Uji", "dewi.teller", Code::InvalidField),
            ("Bank Uji", "Budi", Code::InvalidField),
        ] {
            assert_eq!(add_employee(&context, party, name, "Budi").await.unwrap_err().code(), Some(refused));
        }
    })
    .await;
}

#[tokio::test]
async fn a_line_is_written_once_completed_once_and_read_newest_first() {
    each_engine(async |context| {
        let (who, party) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let line = |n: u8, key: &[u8]| CheckRow {
            employee_id: who,
            check_id: Uuid::from_u128(u128::from(n)),
            relying_party_id: party,
            idempotency_key: key.to_vec(),
            purpose: String::from("open_account"),
            asked_at: Timestamp::from_seconds(i64::from(n)),
            verification_id: None,
            result: None,
            reason: None,
            disclosed: None,
        };
        let mut tx = context.db.write().await.unwrap();
        assert!(store::ask(&mut tx, &line(1, b"a")).await.unwrap().happened());
        assert!(!store::ask(&mut tx, &line(2, b"a")).await.unwrap().happened(), "the key is taken");
        assert_eq!(store::who_asked(&mut tx, party, b"a").await.unwrap(), Some((who, Uuid::from_u128(1), None)));
        assert_eq!(store::who_asked(&mut tx, who, b"a").await.unwrap(), None);
        assert!(store::ask(&mut tx, &line(3, b"b")).await.unwrap().happened());
        let first = (who, Uuid::from_u128(1));
        let id = Uuid::from_u128(9);
        assert!(
            store::answered(&mut tx, first, id, Verdict::Invalid(Reason::Expired), AttributeSet::EMPTY)
                .await
                .unwrap()
                .happened()
        );
        assert!(
            !store::answered(&mut tx, first, id, Verdict::Valid, AttributeSet::EMPTY).await.unwrap().happened(),
            "it stays what it was"
        );
        assert!(!store::take_back(&mut tx, first).await.unwrap().happened());
        let rows = store::checks(&mut tx, who, Uuid::max(), 9).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.check_id.as_u128()).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(rows[0], line(3, b"b"));
        assert_eq!((rows[1].result.as_deref(), rows[1].reason.as_deref()), (Some("invalid"), Some("expired")));
        assert_eq!(store::checks(&mut tx, who, Uuid::from_u128(3), 9).await.unwrap().len(), 1);
        assert_eq!(store::checks(&mut tx, who, Uuid::max(), 1).await.unwrap().len(), 1);
        assert!(store::take_back(&mut tx, (who, Uuid::from_u128(3))).await.unwrap().happened());
        assert_eq!(store::checks(&mut tx, who, Uuid::max(), 9).await.unwrap().len(), 1);
    })
    .await;
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_teller_checks_as_the_party_and_finds_the_checks_again() {
    each_engine(async |context| {
        let (world, staff, employee) = desk(context.clone()).await;
        let colleague = add_employee(&context, "Bank Uji", "budi", "Budi").await.unwrap();
        let checks = EmployeeChecks::new(context.clone(), world.service.clone());
        let (router, _) = routes(checks, staff).split_for_parts();
        let inner = (context.clone(), Security::new(&context));
        let finish = move |request, next| ikd::web::headers::finish(inner.clone(), request, next);
        let router = router.layer(axum::middleware::from_fn(finish));
        let log_in = async |username: &str, who: &Secrets| {
            let body = json!({"username": username, "password": who.password.expose(), "totp": code(&context, who)});
            let request = Request::post("/v1/teller/sessions").header(header::CONTENT_TYPE, "application/json");
            let (status, headers, reply) = send(&router, request.body(Body::from(body.to_string())).unwrap()).await;
            assert_eq!(status, StatusCode::CREATED, "{reply}");
            assert_eq!(reply["purposes"], json!([{"code": "open_account", "text": "Membuka rekening"}]));
            let cookie = headers[header::SET_COOKIE].to_str().unwrap().to_owned();
            assert!(cookie.starts_with("__Host-ikd_teller=") && cookie.ends_with("HttpOnly; SameSite=Strict"));
            cookie.split(';').next().unwrap().to_owned()
        };
        let (cookie, other) = (log_in("dewi.teller", &employee).await, log_in("budi", &colleague).await);
        let verify = async |cookie: &str, key: &str, token: &str, purpose: &str| {
            let body = json!({"token": token, "purpose": purpose});
            let request = Request::post("/v1/teller/verifications")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::COOKIE, cookie)
                .header("Idempotency-Key", key);
            let (status, _, reply) = send(&router, request.body(Body::from(body.to_string())).unwrap()).await;
            (status.as_u16(), reply)
        };
        let token = world.presentation();
        assert_eq!(verify("", "k", &token, "open_account").await.1["code"], "session_ended");
        assert_eq!(verify(&cookie, "k", &token, "other").await.1["code"], "purpose_not_allowed");
        let (status, answer) = verify(&cookie, "k", &token, "open_account").await;
        assert_eq!((status, &answer["result"]), (200, &json!("valid")), "{answer}");
        assert_eq!(answer["attributes"]["full_name"], "SITI NURHALIZAH");
        assert_eq!(verify(&cookie, "k", &token, "open_account").await.1, answer, "the same key, the same answer");
        assert_eq!(verify(&cookie, "k", "other", "open_account").await.1["code"], "idempotency_mismatch");
        assert_eq!(verify(&other, "k", &token, "open_account").await.1["code"], "idempotency_mismatch");
        assert_eq!(verify(&other, "k2", &token, "open_account").await.1["reason"], "already_used");
        context.clock.advance(1);
        assert_eq!(verify(&cookie, "k3", "no token", "open_account").await.1["reason"], "malformed");

        let list = async |cookie: &str, query: &str| {
            let request = Request::get(format!("/v1/teller/verifications{query}")).header(header::COOKIE, cookie);
            send(&router, request.body(Body::empty()).unwrap()).await.2
        };
        let mine = list(&cookie, "").await;
        let results: Vec<_> = mine["items"].as_array().unwrap().iter().map(|item| item["reason"].clone()).collect();
        assert_eq!(results, [json!("malformed"), Value::Null], "own checks, newest first: {mine}");
        assert_eq!(mine["items"][1]["verification_id"], answer["verification_id"]);
        assert_eq!(mine["items"][1]["disclosed"], answer["disclosed"]);
        assert!(!mine.to_string().contains("SITI"), "it names nobody");
        let first = list(&cookie, "?limit=1").await;
        let second = list(&cookie, &format!("?limit=1&cursor={}", first["next"].as_str().unwrap())).await;
        assert_eq!((&second["items"][0], &second["next"]), (&mine["items"][1], &Value::Null));
        assert_eq!(list(&cookie, "?cursor=nonsense").await["code"], "malformed_request");
        assert_eq!(list(&other, "").await["items"][0]["reason"], "already_used");

        // A question whose outcome was lost stands in the list as what it is, and a repetition completes it.
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, "UPDATE employee_check SET verification_id = NULL, result = NULL, reason = NULL").unwrap();
        tx.commit().await.unwrap();
        assert_eq!(list(&cookie, "").await["items"][1]["result"], "undetermined");
        assert_eq!(verify(&cookie, "k", &token, "open_account").await.1, answer);
        assert_eq!(list(&cookie, "").await["items"][1]["result"], "valid");
    })
    .await;
}

#[tokio::test]
async fn figures_count_the_day_of_the_office_and_of_the_officer() {
    each_engine(async |context| {
        let device = ikd::device::client::DeviceKey::generate(&context.random);
        let id = crate::residents::registration(&context, &device, ikd::registration::State::CodeSent).await;
        let (office, officer, now) = (Uuid::from_u128(3), Uuid::from_u128(4), context.now());
        let mut tx = context.db.write().await.unwrap();
        assert!(figures(&mut tx, office, officer, now).await.unwrap().is_empty());
        let assign = "UPDATE registration SET office_id = $2, updated_at = $3 WHERE registration_id = $1";
        execute!(&mut tx, assign, id, office, now).unwrap();
        visit::scan(&mut tx, id, 1, officer, now).await.unwrap().demand().unwrap();
        visit::decide(&mut tx, id, officer, now, &[9]).await.unwrap().demand().unwrap();
        let row = |mine| vec![Figure { state: ikd::registration::State::CodeSent, office: 1, mine }];
        assert_eq!(figures(&mut tx, office, officer, now).await.unwrap(), row(1));
        assert_eq!(figures(&mut tx, office, Uuid::nil(), now).await.unwrap(), row(0), "a colleague's");
        assert!(figures(&mut tx, office, officer, now.plus_seconds(1)).await.unwrap().is_empty(), "yesterday's");
        assert!(figures(&mut tx, Uuid::nil(), officer, now).await.unwrap().is_empty(), "another office's");
    })
    .await;
}
