//! The guarded writes of correction cases, and pairs of acts on one row: whatever the program judged before, the row decides.

use ikd::clerk::Clerk;
use ikd::clock::Timestamp;
use ikd::context::Context;
use ikd::correction::Desk;
use ikd::correction::model::{ASK_SECONDS, Correction, Field, Kind, LIFE_SECONDS, Matter, Opener, State, Word};
use ikd::correction::ports::{self, New};
use ikd::correction::store;
use ikd::db::{DbError, Tx};
use ikd::error::Error;
use ikd::life::ports::By;
use ikd::register::generate::Generator;
use ikd::register::{Date, RegisterRecord, Said};
use uuid::Uuid;

use crate::residents::RESIDENT;
use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(0xf);
const ASKER: Uuid = Uuid::from_u128(0xa);
const OTHER: Uuid = Uuid::from_u128(0xb);

/// Somebody of the register.
fn siti() -> RegisterRecord {
    Generator::new(2_026, Date::parse("2026-11-01").unwrap()).first_eligible(1, 200).remove(0)
}

fn case(context: &Context, kind: Kind) -> Correction {
    let now = context.now();
    Correction {
        correction_id: context.random.uuid_v7(now),
        nik_index: vec![1],
        registration_id: None,
        resident_id: Some(RESIDENT),
        kind,
        opener: Opener::Officer,
        state: State::WaitingResident,
        word: Word::Differs,
        revision: 0,
        matter_sealed: b"x".to_vec(),
        words_sealed: None,
        office_id: Some(OFFICE),
        asked: None,
        granted_by: None,
        spelling_agreed_at: None,
        opened_at: now,
        changed_at: now,
        due_at: now,
        expires_at: now.plus_seconds(LIFE_SECONDS),
        ended_at: None,
    }
}

async fn found(tx: &mut Tx, this: &Correction) -> Correction {
    store::lookup(tx, this.correction_id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_grant_is_refused_by_the_row_itself() {
    each_engine(async |context| {
        let now = context.now();
        let opened = case(&context, Kind::WrongDeath);
        let mut tx = context.db.write().await.unwrap();
        store::add(&mut tx, &opened).await.unwrap();
        let unasked = found(&mut tx, &opened).await;
        assert_eq!(unasked, opened);
        let since = |at: Timestamp| at.plus_seconds(-ASK_SECONDS);
        assert!(!store::grant(&mut tx, &unasked, (OFFICE, OTHER), (now, since(now))).await.unwrap().happened());
        store::save(&mut tx, &unasked.ask(ASKER, now).unwrap()).await.unwrap().demand().unwrap();
        let asked = found(&mut tx, &opened).await;
        let late = now.plus_seconds(ASK_SECONDS);
        let over = now.plus_seconds(LIFE_SECONDS);
        for (by, at, since, why) in [
            ((OFFICE, ASKER), now, since(now), "the own request"),
            ((Uuid::from_u128(9), OTHER), now, since(now), "another office"),
            ((OFFICE, OTHER), late, since(late), "too long ago"),
            ((OFFICE, OTHER), over, since(now), "over"),
        ] {
            assert!(!store::grant(&mut tx, &asked, by, (at, since)).await.unwrap().happened(), "{why}");
        }
        let stale = Correction { revision: 0, ..asked.clone() };
        assert!(!store::grant(&mut tx, &stale, (OFFICE, OTHER), (now, since(now))).await.unwrap().happened());
        assert!(store::grant(&mut tx, &asked, (OFFICE, OTHER), (now, since(now))).await.unwrap().happened());
        assert!(!store::grant(&mut tx, &asked, (OFFICE, OTHER), (now, since(now))).await.unwrap().happened(), "once");
        let granted = found(&mut tx, &opened).await;
        assert_eq!((granted.state, granted.granted_by, granted.revision), (State::InRegister, Some(OTHER), 2));
        // Nobody writes a second person into it in another way.
        let forged = Correction { granted_by: Some(Uuid::from_u128(0xc)), ..granted };
        assert!(!store::save(&mut tx, &forged).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_of_a_kind_lives_and_what_has_ended_is_not_written() {
    each_engine(async |context| {
        let now = context.now();
        let (first, second) = (case(&context, Kind::NameChange), case(&context, Kind::NameChange));
        let mut tx = context.db.write().await.unwrap();
        store::add(&mut tx, &first).await.unwrap();
        store::add(&mut tx, &case(&context, Kind::ElementChange)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(matches!(store::add(&mut tx, &second).await, Err(DbError::Unique)));
        tx.rollback().await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        let ended = first.clone().end(State::Refused, now).unwrap();
        assert!(store::save(&mut tx, &ended).await.unwrap().happened());
        let again = Correction { revision: 1, ended_at: None, state: State::InRegister, ..first.clone() };
        assert!(!store::save(&mut tx, &again).await.unwrap().happened());
        store::add(&mut tx, &second).await.unwrap();
        assert_eq!(store::of_resident(&mut tx, RESIDENT, 10).await.unwrap().len(), 3);
        assert_eq!(store::of_nik(&mut tx, &[1], 10).await.unwrap().len(), 2, "those that live");
        assert_eq!(store::of_niks(&mut tx, &[vec![1], vec![2]]).await.unwrap().len(), 2);
        assert_eq!(store::of_office(&mut tx, ikd::office::Scope::alone(OFFICE), 10).await.unwrap().len(), 2);
        assert!(store::over(&mut tx, second.expires_at.plus_seconds(-1), 10).await.unwrap().is_empty());
        assert_eq!(store::over(&mut tx, second.expires_at, 10).await.unwrap().len(), 2);
        assert_eq!(store::sweep(&mut tx, now.plus_seconds(-1), 10).await.unwrap(), 0);
        assert_eq!(store::sweep(&mut tx, now, 10).await.unwrap(), 1);
        store::erase(&mut tx, RESIDENT).await.unwrap();
        assert!(store::of_resident(&mut tx, RESIDENT, 10).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    })
    .await;
}

/// What can happen to a case at the same moment as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Grant,
    GrantToo,
    SendBack,
    Refuse,
    Hear,
    End,
}

const ACTS: &[Act] = &[Act::Grant, Act::GrantToo, Act::SendBack, Act::Refuse, Act::Hear, Act::End];

fn right() -> RegisterRecord {
    RegisterRecord { full_name: String::from("NAMA YANG BENAR"), ..siti() }
}

/// A case that was asked for, with the version that everybody has on the screen.
async fn asked(context: &Context) -> (Uuid, String) {
    let now = context.now();
    let matter = Matter {
        nik: siti().nik,
        fields: Vec::<Field>::new(),
        full_name: Some(right().full_name.into()),
        birth_date: None,
        was: Some(siti()),
        portrait: None,
    };
    let mut tx = context.db.write().await.unwrap();
    let id = {
        let new = New {
            registration_id: Some(context.random.uuid_v7(now)),
            resident_id: None,
            kind: Kind::DuplicateNik,
            opener: Opener::Officer,
            agrees: Some(false),
            matter: matter.clone(),
            office: Some((OFFICE, String::from("kata").into())),
        };
        let opened = ports::open(context, &mut tx, new, By::officer(ASKER, OFFICE), now).await.unwrap();
        let by = Clerk { officer_id: ASKER, office_id: OFFICE };
        Desk::new(context.clone()).ask(&mut tx, by, opened.correction_id, &opened.version()).await.unwrap();
        opened.correction_id
    };
    tx.commit().await.unwrap();
    (id, String::from("1"))
}

/// Does it, as often as the database wants it done anew; gives whether it was done.
async fn run(context: &Context, act: Act, id: Uuid, version: &str) -> bool {
    loop {
        let mut tx = context.db.write().await.unwrap();
        match attempt(context, &mut tx, act, id, version).await {
            Ok(()) => match tx.commit().await {
                Ok(()) => return true,
                Err(DbError::Contention) => {}
                Err(error) => panic!("{act:?}: {error}"),
            },
            Err(Error::Db(DbError::Contention)) => tx.rollback().await.unwrap(),
            Err(Error::Refused(_)) => {
                tx.rollback().await.unwrap();
                return false;
            }
            Err(error) => panic!("{act:?}: {error}"),
        }
    }
}

async fn attempt(context: &Context, tx: &mut Tx, act: Act, id: Uuid, version: &str) -> Result<(), Error> {
    let (desk, now) = (Desk::new(context.clone()), context.now());
    let by = Clerk { officer_id: if act == Act::GrantToo { Uuid::from_u128(0xd) } else { OTHER }, office_id: OFFICE };
    match act {
        Act::Grant | Act::GrantToo => desk.grant(tx, by, id, version).await.map(|_| ()),
        Act::SendBack => desk.send_back(tx, by, (id, version), "kata").await,
        Act::Refuse => desk.refuse(tx, by, (id, version), "kata").await,
        Act::Hear => {
            let record = right();
            let said = Said { resident_id: RESIDENT, record: &record, portrait: None };
            ports::hear(context, tx, id, &said, now).await
        }
        Act::End => {
            let case = store::lookup(tx, id).await?.unwrap();
            ports::registration_ended(tx, case.registration_id.unwrap(), now).await
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_acts_at_once_each_sees_what_the_other_did() {
    each_engine(async |context| {
        for (at, one) in ACTS.iter().enumerate() {
            for other in &ACTS[at + 1..] {
                // The limit of cases for a NIK is not what is raced here.
                context.clock.advance(31 * ikd::clock::DAY);
                let (id, version) = asked(&context).await;
                let (first, second) =
                    tokio::join!(run(&context, *one, id, &version), run(&context, *other, id, &version));
                let mut tx = context.db.read().await.unwrap();
                let case = store::lookup(&mut tx, id).await.unwrap().unwrap();
                let judged = |act: &Act| !matches!(act, Act::Hear | Act::End);
                let wins = usize::from(first && judged(one)) + usize::from(second && judged(other));
                let both = format!("{one:?} and {other:?}: {:?}", case.state);
                // Both were made on one screen, so one of them was made on what was so no more.
                assert_eq!(wins, if judged(one) && judged(other) { 1 } else { wins.min(1) }, "{both}");
                // The register's word, and the end of what a case held up, come through whatever an officer does.
                let through = [one, other].into_iter().any(|act| !judged(act));
                let refused = wins == 1 && [one, other].contains(&&Act::Refuse) && case.state == State::Refused;
                assert_eq!(!case.state.is_live(), through || refused, "{both}");
                assert!(case.granted_by.is_none() || case.granted_by != case.asked.map(|(by, _)| by), "{both}");
                drop(tx);
                let mut tx = context.db.write().await.unwrap();
                store::forget(&mut tx, case.registration_id.unwrap()).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    })
    .await;
}
