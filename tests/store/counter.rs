//! Offices, officers, sessions and the log-in guard.

use std::net::{IpAddr, Ipv4Addr};

use ikd::clock::Timestamp;
use ikd::context::Context;
use ikd::counter::store::{self, OfficeRow, OfficerRow};
use ikd::counter::{self, Role};
use ikd::db::DbError;
use ikd::error::{Code, Error};
use ikd::jobs::Wake;
use ikd::keyring::Keyring;
use ikd::login::store::{self as login, OFFICERS};
use ikd::login::{Wait, totp};
use ikd::register::{LocalRegister, PopulationRegister};
use ikd::registration;
use ikd::secret::Redacted;
use uuid::Uuid;

use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(1);
const OFFICER: Uuid = Uuid::from_u128(2);

fn office() -> OfficeRow {
    OfficeRow { office_id: OFFICE, code: "JKT-01".into(), name: "Dukcapil".into(), kind: "office".into() }
}

fn officer() -> OfficerRow {
    OfficerRow {
        officer_id: OFFICER,
        office_id: OFFICE,
        username: "siti".into(),
        full_name: "Siti".into(),
        role: "officer".into(),
        password_hash: "$x".into(),
        totp_sealed: vec![1],
        state: "active".into(),
    }
}

#[tokio::test]
async fn offices_and_officers_are_unique_and_found() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        store::add_office(&mut tx, &office(), now).await.unwrap();
        store::add_officer(&mut tx, &officer(), now).await.unwrap();
        assert_eq!(store::offices(&mut tx).await.unwrap(), [office()]);
        assert_eq!(store::office_by_code(&mut tx, "JKT-01").await.unwrap(), Some(office()));
        assert_eq!(store::office_by_code(&mut tx, "JKT-02").await.unwrap(), None);
        assert_eq!(store::officer_by_name(&mut tx, "siti").await.unwrap().unwrap().officer_id, OFFICER);
        assert!(store::officer_by_name(&mut tx, "sita").await.unwrap().is_none());
        assert_eq!(store::officers(&mut tx).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let again = OfficeRow { office_id: Uuid::from_u128(9), ..office() };
        assert!(matches!(store::add_office(&mut tx, &again, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let again = OfficerRow { officer_id: Uuid::from_u128(9), ..officer() };
        assert!(matches!(store::add_officer(&mut tx, &again, now).await, Err(DbError::Unique)));
    })
    .await;
}

#[tokio::test]
async fn sessions_end_with_whatever_changes_the_officer() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        store::add_office(&mut tx, &office(), now).await.unwrap();
        store::add_officer(&mut tx, &officer(), now).await.unwrap();
        for round in 0..4 {
            OFFICERS.add(&mut tx, &[7; 32], OFFICER, now, now.plus_seconds(60)).await.unwrap();
            OFFICERS.touch(&mut tx, &[7; 32], now.plus_seconds(5)).await.unwrap();
            let row = store::session(&mut tx, &[7; 32]).await.unwrap().unwrap();
            assert_eq!((row.username.as_str(), row.office_name.as_str()), ("siti", "Dukcapil"));
            assert_eq!(row.seen_at, now.plus_seconds(5));
            match round {
                0 => assert!(OFFICERS.end(&mut tx, &[7; 32]).await.unwrap().happened()),
                1 => assert!(store::set_password(&mut tx, "siti", "$y").await.unwrap().happened()),
                2 => assert!(store::reset_totp(&mut tx, OFFICER, "siti", &[2]).await.unwrap().happened()),
                _ => assert!(store::disable_officer(&mut tx, "siti").await.unwrap().happened()),
            }
            assert!(store::session(&mut tx, &[7; 32]).await.unwrap().is_none(), "round {round}");
        }
        assert!(!store::disable_officer(&mut tx, "siti").await.unwrap().happened(), "twice");
        assert!(!store::set_password(&mut tx, "nobody", "$y").await.unwrap().happened());
        let row = store::officer_by_name(&mut tx, "siti").await.unwrap().unwrap();
        assert_eq!((row.password_hash.as_str(), row.state.as_str()), ("$y", "disabled"));
        OFFICERS.add(&mut tx, &[8; 32], OFFICER, now, now.plus_seconds(60)).await.unwrap();
        assert_eq!(OFFICERS.sweep(&mut tx, now.plus_seconds(59)).await.unwrap(), 0);
        assert_eq!(OFFICERS.sweep(&mut tx, now.plus_seconds(60)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_totp_step_is_spent_once_and_only_forward() {
    each_engine(async |context| {
        let mut tx = context.db.write().await.unwrap();
        store::add_office(&mut tx, &office(), context.now()).await.unwrap();
        store::add_officer(&mut tx, &officer(), context.now()).await.unwrap();
        let (hash, sealed) = (officer().password_hash, officer().totp_sealed);
        for (step, spent) in [(10, true), (10, false), (9, false), (11, true)] {
            assert_eq!(
                OFFICERS.spend_step(&mut tx, OFFICER, step, &hash, &sealed).await.unwrap().happened(),
                spent,
                "{step}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn tries_wait_ever_longer_and_are_forgotten() {
    each_engine(async |context| {
        let mut tx = context.db.write().await.unwrap();
        let mut now = context.now();
        let hour_before = |now: Timestamp| now.plus_seconds(-3_600);
        let wait = Wait { free: 5, first_seconds: 30, longest_seconds: 900 };
        for expected in 1..=5 {
            let counted = login::count_try(&mut tx, &[1], now, hour_before(now), wait).await.unwrap();
            assert_eq!(counted, Some(expected));
        }
        for (failures, seconds) in (5..).zip([30, 60, 120, 240, 480, 900, 900]) {
            let until = now.plus_seconds(seconds);
            assert_eq!(login::locked_until(&mut tx, &[1]).await.unwrap(), Some(until));
            let early = until.plus_seconds(-1);
            assert_eq!(login::count_try(&mut tx, &[1], early, hour_before(early), wait).await.unwrap(), None);
            now = until;
            let counted = login::count_try(&mut tx, &[1], now, hour_before(now), wait).await.unwrap();
            assert_eq!(counted, Some(failures + 1));
        }
        assert_eq!(login::count_try(&mut tx, &[2], now, hour_before(now), wait).await.unwrap(), Some(1));
        now = now.plus_seconds(3_600);
        assert_eq!(login::count_try(&mut tx, &[1], now, hour_before(now), wait).await.unwrap(), Some(1), "forgotten");
        login::forget_failures(&mut tx, &[1]).await.unwrap();
        assert_eq!(login::locked_until(&mut tx, &[1]).await.unwrap(), None);
        assert_eq!(login::sweep_failures(&mut tx, now).await.unwrap(), 1, "the other subject");
    })
    .await;
}

async fn service(context: &Context) -> counter::Service {
    Keyring::init(context).await.unwrap();
    let keyring = Keyring::open(context.clone()).await.unwrap();
    let register = PopulationRegister::Local(LocalRegister::new(context.clone()));
    let registrations = registration::Service::new(context.clone(), register, keyring.clone(), Wake::default());
    counter::Service::new(context.clone(), registrations, keyring).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_authenticator_code_logs_in_once() {
    each_engine(async |context| {
        let service = service(&context).await;
        counter::service::add_office(&context, "JKT-01", "Dukcapil", "office").await.unwrap();
        let password = Redacted(String::from("correct horse battery"));
        let new =
            counter::service::add_officer(&context, "JKT-01", "siti", "Siti", Role::Officer, &password).await.unwrap();
        let secret = totp::from_base32(new.totp_secret.expose()).unwrap();
        let code = totp::code(&secret, context.now()).unwrap();
        // Each from an address of its own, so that the guard against guessing does not decide.
        let tries = (0..32_u8).map(|last| {
            let (service, password, code) = (service.clone(), password.clone(), code.clone());
            let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
            tokio::spawn(async move { service.log_in("siti", password, &code, address).await })
        });
        let results = futures_util::future::join_all(tries).await;
        let won = results.iter().filter(|result| result.as_ref().unwrap().is_ok()).count();
        assert_eq!(won, 1);
        for result in &results {
            if let Err(error) = result.as_ref().unwrap() {
                assert_eq!(Error::code(error), Some(Code::LoginFailed));
            }
        }
    })
    .await;
}
