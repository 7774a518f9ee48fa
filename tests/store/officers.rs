//! Log-in of officers: what is counted, and against whom.

use std::net::{IpAddr, Ipv4Addr};

use ikd::clock::{DAY, MINUTE};
use ikd::context::Context;
use ikd::error::{Code, Error};
use ikd::login::totp;
use ikd::office::{Kind, Offices};
use ikd::secret::Redacted;
use ikd::staff::{Accounts, Client, LogIns, Post, Realm, Role, Secrets, Staff};

use support::each_engine;

const PASSWORD: &str = "correct horse battery";

async fn officer(context: &Context) -> (Staff, Vec<u8>) {
    Offices::new(context.clone()).add("JKT-01", "Dukcapil", Kind::Dinas).await.unwrap();
    let new = add_officer(context, "petugas", "Petugas").await.unwrap();
    let secret = totp::from_base32(new.totp.secret.expose()).unwrap();
    (Staff::new(context.clone(), Realm::Office).unwrap(), secret)
}

async fn add_officer(context: &Context, username: &str, full_name: &str) -> Result<Secrets, Error> {
    let password = Some(Redacted(String::from(PASSWORD)));
    Accounts::of_invented(context.clone())
        .add(Post::Office("JKT-01", Role::Officer), username, full_name, password)
        .await
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number))
}

#[tokio::test]
async fn names_of_offices_and_officers_are_what_is_seen() {
    each_engine(async |context| {
        let _ = officer(&context).await;
        for name in ["K\u{1b}[31mantor", "K\u{202e}antor", "A\nB", " ", "\u{200b}", "\u{3164}", &"A".repeat(101)] {
            let refused = Offices::new(context.clone()).add("JKT-02", name, Kind::Dinas).await.unwrap_err();
            assert_eq!(refused.code(), Some(Code::InvalidField), "{name:?}");
            let refused = add_officer(&context, "lain", name).await.unwrap_err();
            assert_eq!(refused.code(), Some(Code::InvalidField), "{name:?}");
        }
        assert_eq!(
            Offices::new(context.clone()).add("JKT-02", " Kantor Dua ", Kind::Dinas).await.unwrap().name,
            "Kantor Dua"
        );
        add_officer(&context, "lain", "Bu Ñina").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn codes_cannot_be_tried_from_ever_new_addresses() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let right = totp::code(&secret, context.now()).unwrap();
        let wrong = if right == "000000" { "000001" } else { "000000" };
        let log_in = async |code: &str, from: u32| {
            let password = Redacted(String::from(PASSWORD));
            staff.log_in("petugas", password, code, address(from)).await.map_err(|error| error.code())
        };
        for from in 0..5 {
            assert_eq!(log_in(wrong, from).await.unwrap_err(), Some(Code::LoginFailed));
        }
        assert_eq!(log_in(&right, 9).await.unwrap_err(), Some(Code::LoginFailed), "even the right one");
        context.clock.advance(16 * MINUTE);
        let right = totp::code(&secret, context.now()).unwrap();
        log_in(&right, 10).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_logged_in_while_the_clock_was_a_day_ahead_is_let_in_when_it_is_right() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let log_in = async |code: &str, from: u32| {
            let password = Redacted(String::from(PASSWORD));
            staff.log_in("petugas", password, code, address(from)).await.map_err(|error| error.code())
        };
        context.clock.advance(DAY);
        log_in(&totp::code(&secret, context.now()).unwrap(), 1).await.unwrap();
        context.clock.advance(-DAY);
        let right = totp::code(&secret, context.now()).unwrap();
        // A code counts once, also when it takes the place of one of the future.
        let tries = futures_util::future::join_all((0..4).map(|from| log_in(&right, 10 + from))).await;
        assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1, "{tries:?}");
        assert_eq!(log_in(&right, 20).await.unwrap_err(), Some(Code::LoginFailed));
        context.clock.advance(30);
        log_in(&totp::code(&secret, context.now()).unwrap(), 21).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn wrong_passwords_from_everywhere_lock_nobody_out() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        for from in 0..8 {
            let wrong = Redacted(String::from("wrong horse battery"));
            assert!(staff.log_in("petugas", wrong, "000000", address(from)).await.is_err());
        }
        let right = totp::code(&secret, context.now()).unwrap();
        staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, address(20)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_no_user_name_is_a_failed_log_in() {
    each_engine(async |context| {
        let (staff, _) = officer(&context).await;
        for name in ["", "pet\0ugas", "Pëtugas", &"x".repeat(10_000)] {
            let answer = staff.log_in(name, Redacted(String::from(PASSWORD)), "000000", address(1)).await;
            assert_eq!(answer.unwrap_err().code(), Some(Code::LoginFailed), "{name:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_address_with_ever_new_names_has_to_wait_and_fills_no_table() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let mut refused = 0;
        for number in 0..70 {
            let wrong = Redacted(String::from("wrong horse battery"));
            let answer = staff.log_in(&format!("name{number}"), wrong, "000000", address(1)).await;
            refused += i32::from(answer.unwrap_err().code() == Some(Code::TooMany));
        }
        assert_eq!(refused, 10);
        let mut tx = context.db.read().await.unwrap();
        let rows = ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM login_failure").unwrap().0;
        drop(tx);
        assert_eq!(rows, 180, "of each name: its tries from here, from anywhere, and at codes");
        let right = totp::code(&secret, context.now()).unwrap();
        staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, address(2)).await.unwrap();
        context.clock.advance(61 * MINUTE);
        ikd::staff::sessions::sweep(&context).await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM login_failure").unwrap().0, 0);
    })
    .await;
}

#[tokio::test]
async fn a_password_changed_during_a_log_in_does_not_let_the_old_one_in() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let log_ins = LogIns::new(context.clone(), Realm::Office).unwrap();
        let counted = log_ins.prover.begin("petugas", &Client::from(address(1))).await.unwrap();
        let account = log_ins.account("petugas").await.unwrap();
        // What was read is compared against while the password is replaced.
        let new = Redacted(String::from("another horse battery"));
        Accounts::of_invented(context.clone()).set_password(Realm::Office, "petugas", &new).await.unwrap();
        let right = totp::code(&secret, context.now()).unwrap();
        let old = Redacted(String::from(PASSWORD));
        let opened = log_ins.open(counted, "petugas", account, (old, (&right).into()), None).await;
        assert_eq!(opened.err().unwrap().code(), Some(Code::LoginFailed));
        staff.log_in("petugas", new, &right, address(1)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_stranger_at_the_office_s_address_keeps_out_nobody_who_works_there() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let log_in = async |browser: Option<String>| {
            let right = totp::code(&secret, context.now()).unwrap();
            let client = Client { address: address(1), browser };
            staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, client).await
        };
        let session = log_in(None).await.unwrap();
        let mut last = None;
        for number in 0..70 {
            let wrong = Redacted(String::from("wrong horse battery"));
            let answer = staff.log_in(&format!("name{number}"), wrong, "000000", address(1)).await;
            last = answer.unwrap_err().code();
        }
        assert_eq!(last, Some(Code::TooMany));
        // A later step of the authenticator, and the stranger goes on.
        context.clock.advance(31);
        for number in 70..80 {
            let wrong = Redacted(String::from("wrong horse battery"));
            staff.log_in(&format!("name{number}"), wrong, "000000", address(1)).await.unwrap_err();
        }
        assert_eq!(log_in(None).await.unwrap_err().code(), Some(Code::TooMany), "any browser");
        log_in(Some(session.browser.expose().clone())).await.unwrap();
        // On another node, or this one after a restart, the ticket counts too.
        let restarted = Staff::new(context.clone(), Realm::Office).unwrap();
        for number in 0..70 {
            let wrong = Redacted(String::from("wrong horse battery"));
            restarted.log_in(&format!("other{number}"), wrong, "000000", address(1)).await.unwrap_err();
        }
        context.clock.advance(31);
        let right = totp::code(&secret, context.now()).unwrap();
        let client = Client { address: address(1), browser: Some(session.browser.expose().clone()) };
        restarted.log_in("petugas", Redacted(String::from(PASSWORD)), &right, client).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn guessing_at_one_person_from_ever_new_addresses_is_slowed_down() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let right = totp::code(&secret, context.now()).unwrap();
        let known = staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, address(1)).await.unwrap();
        let mut judged = 0;
        for from in 0..80 {
            let wrong = Redacted(String::from("wrong horse battery"));
            let answer = staff.log_in("petugas", wrong, "000000", address(100 + from)).await;
            judged += i32::from(answer.unwrap_err().code() == Some(Code::LoginFailed));
        }
        assert_eq!(judged, 50);
        context.clock.advance(31);
        // Who is there for real comes in by the browser that is known.
        let right = totp::code(&secret, context.now()).unwrap();
        let client = Client { address: address(1), browser: Some(known.browser.expose().clone()) };
        let again = staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, client).await.unwrap();
        assert_eq!((again.session.failed_log_ins, again.session.previous_log_in.is_some()), (50, true));
    })
    .await;
}

#[tokio::test]
async fn whatever_is_wrong_with_a_log_in_the_same_work_is_done() {
    each_engine(async |context| {
        let (staff, secret) = officer(&context).await;
        let right = totp::code(&secret, context.now()).unwrap();
        let other = if right == "000000" { "000001" } else { "000000" };
        staff.log_in("petugas", Redacted(String::from(PASSWORD)), &right, address(99)).await.unwrap();
        let log_ins = LogIns::new(context.clone(), Realm::Office).unwrap();
        let work = async || {
            let mut tx = context.db.read().await.unwrap();
            let rows = ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM login_failure").unwrap().0;
            let entries = ikd::fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM audit_event").unwrap().0;
            (rows, entries, log_ins.hashes())
        };
        // Nobody's name, a wrong password, the right password with a wrong code, and with a code that was used.
        let tries = [
            ("siapa", PASSWORD, other),
            ("petugas", "wrong horse battery", right.as_str()),
            ("petugas", PASSWORD, other),
            ("petugas", PASSWORD, right.as_str()),
        ];
        let mut done = Vec::new();
        for (from, (name, password, code)) in (1..).zip(tries) {
            let before = work().await;
            let answer = log_ins.log_in(name, Redacted(password.into()), code.into(), &address(from).into()).await;
            assert_eq!(answer.unwrap_err().code(), Some(Code::LoginFailed));
            let after = work().await;
            done.push((after.1 - before.1, after.2 - before.2));
        }
        assert_eq!(done, [(1, 1); 4], "an entry and a password hash for each");
    })
    .await;
}

#[tokio::test]
async fn failed_log_ins_are_in_the_audit_log_and_do_not_fill_it() {
    each_engine(async |context| {
        let (staff, _) = officer(&context).await;
        const FAILED: &str = "SELECT COUNT(*) FROM audit_event WHERE action = 'log_in' AND outcome LIKE 'refused:%'";
        for from in 0..48 {
            let wrong = Redacted(String::from("wrong horse battery"));
            staff.log_in("petugas", wrong, "000000", address(from)).await.unwrap_err();
        }
        let mut tx = context.db.read().await.unwrap();
        let known = ikd::fetch_one!(&mut tx, (i64,), FAILED).unwrap().0;
        assert_eq!(known, 8, "the first five, then the 8th, 16th and 32nd");
        drop(tx);
        for number in 0..40 {
            let wrong = Redacted(String::from("wrong horse battery"));
            staff.log_in(&format!("siapa{number}"), wrong, "000000", address(1_000 + number)).await.unwrap_err();
        }
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ikd::fetch_one!(&mut tx, (i64,), FAILED).unwrap().0, known + 40);
        // Neither names nor addresses stand in it.
        drop(tx);
        assert!(ikd::audit::Service::new(context.clone()).verify().await.unwrap().is_sound());
    })
    .await;
}
