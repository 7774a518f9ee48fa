//! Offices, officers, sessions and the log-in guard.

use std::net::{IpAddr, Ipv4Addr};

use ikd::clock::Timestamp;
use ikd::db::{DbError, Tx};
use ikd::error::{Code, Error};
use ikd::login::store as login;
use ikd::login::{Wait, totp};
use ikd::office::store::office as offices;
use ikd::office::{Kind, Office, Offices};
use ikd::secret::Redacted;
use ikd::staff::model::AccountState;
use ikd::staff::store::account::Account;
use ikd::staff::store::{account, session};
use ikd::staff::{Accounts, Affiliation, Person, Post, Realm, Role, Staff};
use uuid::Uuid;

use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(1);
const OFFICER: Uuid = Uuid::from_u128(2);

fn office() -> Office {
    Office {
        office_id: OFFICE,
        code: "JKT-01".into(),
        name: "Dukcapil".into(),
        kind: Kind::Dinas,
        parent_id: None,
        zone: ikd::office::model::Zone::Wib,
        ended_at: None,
    }
}

fn officer() -> Account {
    let person = Person {
        staff_id: OFFICER,
        affiliation: Affiliation::Office(OFFICE),
        username: "siti".into(),
        full_name: "Siti".into(),
        role: Role::Officer,
        region: None,
    };
    Account {
        person,
        password_hash: "$x".into(),
        totp_sealed: vec![1],
        state: AccountState::Active,
        paused_at: None,
        ends_at: None,
        acting_role: None,
        acting_until: None,
        passkeys: 0,
        initial_password_until: None,
        initial_totp_until: None,
    }
}

#[tokio::test]
async fn offices_and_officers_are_unique_and_found() {
    each_engine(async |context| {
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        offices::add(&mut tx, &office(), now).await.unwrap();
        account::add(&mut tx, &officer(), now).await.unwrap();
        let all = offices::all(&mut tx).await.unwrap();
        assert_eq!(all.into_iter().map(|entry| entry.office).collect::<Vec<_>>(), [office()]);
        let found = offices::by_code(&mut tx, "JKT-01").await.unwrap();
        assert_eq!(found.map(|entry| entry.office), Some(office()));
        assert_eq!(offices::by_code(&mut tx, "JKT-02").await.unwrap().map(|entry| entry.office), None);
        let found = account::by_name(&mut tx, Realm::Office, "siti").await.unwrap().unwrap();
        assert_eq!(found.person, officer().person);
        assert!(account::by_name(&mut tx, Realm::Office, "sita").await.unwrap().is_none());
        assert!(account::by_name(&mut tx, Realm::RelyingParty, "siti").await.unwrap().is_none(), "another realm's");
        assert_eq!(account::of_realm(&mut tx, Realm::Office).await.unwrap().len(), 1);
        assert_eq!(account::usernames(&mut tx, OFFICE).await.unwrap(), [(OFFICER, String::from("siti"))]);
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let again = Office { office_id: Uuid::from_u128(9), ..office() };
        assert!(matches!(offices::add(&mut tx, &again, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut again = officer();
        again.person.staff_id = Uuid::from_u128(9);
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(account::add(&mut tx, &again, now).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        // The same name in another realm is another person's; a role of another place is nobody's.
        again.person.affiliation = Affiliation::National;
        again.person.role = Role::Employee;
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(account::add(&mut tx, &again, now).await, Err(DbError::Other(_))));
        tx.rollback().await.unwrap();
        again.person.role = Role::Administrator;
        let mut tx = context.db.write().await.unwrap();
        account::add(&mut tx, &again, now).await.unwrap();
        let found = account::by_name(&mut tx, Realm::National, "siti").await.unwrap().unwrap();
        assert_eq!(found.person, again.person);
    })
    .await;
}

#[tokio::test]
async fn sessions_end_with_whatever_changes_the_officer() {
    each_engine(async |context| {
        let now = context.now();
        let accounts = Accounts::of_invented(context.clone());
        let mut tx = context.db.write().await.unwrap();
        offices::add(&mut tx, &office(), now).await.unwrap();
        account::add(&mut tx, &officer(), now).await.unwrap();
        tx.commit().await.unwrap();
        let password = Redacted(String::from("correct horse battery"));
        let find = async |tx: &mut Tx| session::find(tx, Realm::Office, &[7; 32]).await.unwrap();
        for round in 0..5 {
            let mut tx = context.db.write().await.unwrap();
            session::add(&mut tx, (&[7; 32], false), OFFICER, (now, now.plus_seconds(60)), (None, 0)).await.unwrap();
            assert!(session::touch(&mut tx, &[7; 32], now.plus_seconds(5)).await.unwrap().happened());
            let row = find(&mut tx).await.unwrap();
            assert_eq!((&row.person, row.seen_at), (&officer().person, now.plus_seconds(5)));
            assert!(session::find(&mut tx, Realm::RelyingParty, &[7; 32]).await.unwrap().is_none(), "another realm's");
            if round == 0 {
                assert!(session::end(&mut tx, &[7; 32]).await.unwrap().happened());
            }
            tx.commit().await.unwrap();
            match round {
                0 => {}
                1 => accounts.set_password(Realm::Office, "siti", &password).await.unwrap(),
                2 => drop(accounts.reset_totp(Realm::Office, "siti").await.unwrap()),
                3 => drop(accounts.renew(Realm::Office, "siti").await.unwrap()),
                _ => accounts.set_active(Realm::Office, "siti", false).await.unwrap(),
            }
            assert!(find(&mut context.db.read().await.unwrap()).await.is_none(), "round {round}");
        }
        let not_found = |done: Result<(), Error>| done.unwrap_err().code() == Some(Code::NotFound);
        assert!(not_found(accounts.set_active(Realm::Office, "siti", false).await), "twice");
        assert!(not_found(accounts.set_password(Realm::Office, "nobody", &password).await));
        let mut tx = context.db.write().await.unwrap();
        let row = account::by_name(&mut tx, Realm::Office, "siti").await.unwrap().unwrap();
        assert_eq!((row.password_hash.starts_with("$argon2id$"), row.state), (true, AccountState::Disabled));
        session::add(&mut tx, (&[8; 32], false), OFFICER, (now, now.plus_seconds(60)), (None, 0)).await.unwrap();
        assert_eq!(session::sweep(&mut tx, now.plus_seconds(59)).await.unwrap(), 0);
        assert_eq!(session::sweep(&mut tx, now.plus_seconds(60)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_totp_step_is_spent_once_and_only_forward() {
    each_engine(async |context| {
        let mut tx = context.db.write().await.unwrap();
        offices::add(&mut tx, &office(), context.now()).await.unwrap();
        account::add(&mut tx, &officer(), context.now()).await.unwrap();
        let (hash, sealed) = (officer().password_hash, officer().totp_sealed);
        // One step ahead is what another node may have spent; one further on was spent by a clock that was wrong, and a wrong code (0)
        // takes its place no more than any other.
        let present = context.now().seconds() / 30;
        let far = present + 2 * 60 * 24;
        for (step, spent) in [
            (10, true),
            (10, false),
            (9, false),
            (11, true),
            (present + 1, true),
            (present, false),
            (present + 1, false),
            (far, true),
            (0, false),
            (present, true),
            (present, false),
            (present - 1, false),
            (present + 1, true),
        ] {
            let done =
                account::spend_step(&mut tx, (OFFICER, step), (&hash, &sealed), false, context.now()).await.unwrap();
            assert_eq!(done.happened(), spent, "{step}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_authenticator_code_logs_in_once() {
    each_engine(async |context| {
        Offices::new(context.clone()).add("JKT-01", "Dukcapil", Kind::Dinas).await.unwrap();
        let staff = Staff::new(context.clone(), Realm::Office).unwrap();
        let password = Redacted(String::from("correct horse battery"));
        let post = Post::Office("JKT-01", Role::Officer);
        let new =
            Accounts::of_invented(context.clone()).add(post, "siti", "Siti", Some(password.clone())).await.unwrap();
        let secret = totp::from_base32(new.totp.secret.expose()).unwrap();
        let code = totp::code(&secret, context.now()).unwrap();
        // Each from an address of its own, so that the guard against guessing does not decide.
        let tries = (0..32_u8).map(|last| {
            let (staff, password, code) = (staff.clone(), password.clone(), code.clone());
            let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
            tokio::spawn(async move {
                loop {
                    let done = staff.log_in("siti", password.clone(), &code, address).await;
                    // Who waits too long for a hash, on a busy machine, is told to come again: that was no try, and decides nothing.
                    if done.as_ref().err().and_then(Error::code) != Some(Code::Overloaded) {
                        return done;
                    }
                }
            })
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

/// The condition stands in the write: what was read is still there, and still counts.
#[tokio::test]
async fn initial_secrets_are_replaced_once_and_in_time() {
    each_engine(async |context| {
        Offices::new(context.clone()).add("JKT-01", "Dukcapil", Kind::Dinas).await.unwrap();
        let now = context.now();
        let end = now.plus_seconds(24 * 3_600);
        let mut tx = context.db.write().await.unwrap();
        let office = offices::by_code(&mut tx, "JKT-01").await.unwrap().unwrap().office.office_id;
        let mut before = officer();
        before.person.affiliation = Affiliation::Office(office);
        (before.initial_password_until, before.initial_totp_until) = (Some(end), Some(end));
        account::add(&mut tx, &before, now).await.unwrap();
        let chosen = Account { password_hash: "$own".into(), totp_sealed: vec![2], ..before.clone() };
        let choose = async |tx: &mut Tx, read: &Account, at: Timestamp| {
            account::choose(tx, (read, &chosen), Some(7), at).await.unwrap().happened()
        };
        for stale in [
            Account { password_hash: "$other".into(), ..before.clone() },
            Account { totp_sealed: vec![9], ..before.clone() },
        ] {
            assert!(!choose(&mut tx, &stale, now).await, "made anew meanwhile");
        }
        assert!(!choose(&mut tx, &before, end).await, "over");
        // One that counts still does not keep the other.
        assert!(account::set_password(&mut tx, OFFICER, "$x", Some(now)).await.unwrap().happened());
        assert!(!choose(&mut tx, &before, now).await);
        let step = async |tx: &mut Tx, secrets: (&str, &[u8]), step, at| {
            account::spend_step(tx, (OFFICER, step), secrets, false, at).await.unwrap().happened()
        };
        assert!(!step(&mut tx, ("$x", &[1]), 3, now).await, "nor does it log in");
        assert!(account::set_password(&mut tx, OFFICER, "$x", Some(end)).await.unwrap().happened());
        assert!(account::set_totp(&mut tx, OFFICER, &[1], Some(end)).await.unwrap().happened());
        assert!(step(&mut tx, ("$x", &[1]), 3, now).await);
        assert!(choose(&mut tx, &before, now).await);
        assert!(!choose(&mut tx, &before, now).await, "once");
        let after = account::by_id(&mut tx, OFFICER).await.unwrap().unwrap();
        assert!(!after.initial().is_any());
        assert_eq!((after.password_hash.as_str(), after.totp_sealed.as_slice()), ("$own", &[2][..]));
        assert!(!choose(&mut tx, &after, now).await, "what its owner chose is not replaced so");
        assert!(!step(&mut tx, ("$own", &[2]), 7, end).await, "the code that was shown is spent");
        assert!(step(&mut tx, ("$own", &[2]), 8, end).await, "no end any more");
        // An authenticator that stays keeps what was spent of it.
        assert!(account::set_password(&mut tx, OFFICER, "$x", Some(end)).await.unwrap().happened());
        let read = account::by_id(&mut tx, OFFICER).await.unwrap().unwrap();
        let own = Account { password_hash: "$own".into(), ..read.clone() };
        assert!(account::choose(&mut tx, (&read, &own), None, now).await.unwrap().happened());
        assert!(!step(&mut tx, ("$own", &[2]), 8, now).await);
    })
    .await;
}
