//! The wallet: PIN tries, sessions, the card, presentations; store functions and use cases on all engines.

use std::sync::Arc;

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::attribute::AttributeSet;
use ikd::base64url::encode;
use ikd::clock::{HOUR, MINUTE};
use ikd::context::Context;
use ikd::credential::{Reason, TokenKind};
use ikd::device::Purpose;
use ikd::device::client::{DeviceKey, PinKey};
use ikd::error::{Code, Error, Result};
use ikd::holder::mail::FOREIGN_REGISTRATION;
use ikd::holder::store::Try;
use ikd::holder::{Standing, mail, ports, store};
use ikd::keyring::Keyring;
use ikd::life::BlockCodes;
use ikd::mail::{Message, outbox};
use ikd::status_list::StatusLists;
use ikd::vault::Label;
use ikd::wallet::Service;
use ikd::wallet::model::{Access, SESSION_SECONDS};
use ikd::wallet::service::{Session, Unlocked};
use uuid::Uuid;

use crate::residents::{Holder, RESIDENT, later, number, portrait, sign};
use support::each_engine;

const TRIES: &str = "SELECT pin_tries FROM credential WHERE resident_id = $1";

pub async fn service(context: &Context) -> Service {
    Keyring::init(context).await.unwrap();
    over(context, Keyring::open(context.clone()).await.unwrap())
}

fn over(context: &Context, keyring: Keyring) -> Service {
    let (lists, codes) =
        (StatusLists::new(context.clone(), keyring.clone()), BlockCodes::new(context.clone()).unwrap());
    Service::new(context.clone(), keyring, lists, codes)
}

async fn unlock(service: &Service, holder: &Holder, pin: &PinKey) -> Result<Unlocked> {
    let (challenge, signature) = holder.attempt(pin);
    service.unlock(&holder.device.thumbprint(), &challenge, &signature).await
}

pub async fn session(service: &Service, holder: &Holder) -> (String, Session) {
    let unlocked = unlock(service, holder, &holder.pin).await.unwrap();
    assert_eq!(unlocked.expires_in, 900);
    let token = unlocked.access_token.into_inner();
    let session = service.authenticate(&holder.device.thumbprint(), &token).await.unwrap();
    (token, session)
}

fn wrong_pin() -> PinKey {
    PinKey::from_seed(&[2; 32])
}

fn code_of<T>(result: &Result<T>) -> Option<Code> {
    result.as_ref().err().and_then(Error::code)
}

fn details<T>(result: &Result<T>) -> (Option<i64>, Option<u64>) {
    match result {
        Err(Error::Refused(refusal)) => (refusal.tries_left, refusal.retry_after),
        _ => (None, None),
    }
}

#[tokio::test]
async fn each_store_function_changes_one_row_or_none() {
    each_engine(async |context| {
        let holder = Holder::make(&context).await;
        let (device, now) = (holder.device.thumbprint(), context.now());
        let mut tx = context.db.write().await.unwrap();
        assert!(!store::enrol(&mut tx, RESIDENT, now).await.unwrap().happened(), "an active credential stays");
        assert_eq!(store::resident_of(&mut tx, &device).await.unwrap(), Some(RESIDENT));
        assert_eq!(store::resident_of(&mut tx, &[0; 32]).await.unwrap(), None);
        assert!(
            !store::bind(&mut tx, &device, None, Uuid::from_u128(9), now).await.unwrap().happened(),
            "somebody else's device"
        );
        assert!(store::bind(&mut tx, &device, Some(&device[..]), RESIDENT, now).await.unwrap().happened());
        assert_eq!(store::resident_of(&mut tx, &device).await.unwrap(), Some(RESIDENT), "the same device again");
        assert!(store::bind(&mut tx, &[9; 32], Some(&device[..]), RESIDENT, now).await.unwrap().happened());
        assert_eq!(store::resident_of(&mut tx, &device).await.unwrap(), None, "one device at a time");
        assert!(store::credential(&mut tx, Uuid::nil()).await.unwrap().is_none());
        assert!(store::holder(&mut tx, Uuid::nil()).await.unwrap().is_none());
        assert!(store::has_portrait(&mut tx, RESIDENT).await.unwrap());
        assert!(!store::has_portrait(&mut tx, Uuid::nil()).await.unwrap());
        assert!(store::record(&mut tx, Uuid::nil()).await.unwrap().is_none());
        assert!(store::portrait(&mut tx, Uuid::nil()).await.unwrap().is_none());

        let mut this = Try {
            resident: RESIDENT,
            generation: 1,
            challenge_issued: now,
            now,
            first_wait_until: now.plus_seconds(60),
            second_wait_until: now.plus_seconds(3_600),
        };
        assert_eq!(store::count_try(&mut tx, &this).await.unwrap(), Some(1));
        assert_eq!(store::count_try(&mut tx, &this).await.unwrap(), None, "a spent challenge");
        this.challenge_issued = now.plus_seconds(1);
        assert_eq!(store::count_try(&mut tx, &Try { generation: 2, ..this }).await.unwrap(), None);
        assert_eq!(store::count_try(&mut tx, &this).await.unwrap(), Some(2));
        this.challenge_issued = now.plus_seconds(2);
        assert_eq!(store::count_try(&mut tx, &this).await.unwrap(), Some(3));
        this.challenge_issued = now.plus_seconds(3);
        assert_eq!(store::count_try(&mut tx, &this).await.unwrap(), None, "a wait began");

        let ends = now.plus_seconds(900);
        assert_eq!(store::open_session(&mut tx, RESIDENT, 2, ends).await.unwrap(), None);
        assert_eq!(store::open_session(&mut tx, RESIDENT, 1, ends).await.unwrap(), Some(1));
        let credential = store::credential(&mut tx, RESIDENT).await.unwrap().unwrap();
        let Standing::Active(active) = credential.standing else { panic!("{credential:?}") };
        let session = active.session.unwrap();
        assert_eq!((active.pin.tries, active.pin.wait_until.micros(), session.ends_at), (0, 0, ends));
        assert!(!store::lock(&mut tx, RESIDENT, 1, 2).await.unwrap().happened());
        assert!(store::lock(&mut tx, RESIDENT, 1, 1).await.unwrap().happened());
        assert!(!store::lock(&mut tx, RESIDENT, 1, 1).await.unwrap().happened());
        tx.commit().await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert!(ports::has_usable_credential(&mut tx, RESIDENT).await.unwrap());
        assert!(!ports::has_usable_credential(&mut tx, Uuid::nil()).await.unwrap());
        let email = ports::contact(&context, &mut tx, RESIDENT).await.unwrap().unwrap().email;
        assert_eq!(email.unwrap().expose(), "siti@example.id");
    })
    .await;
}

/// 64 devices' worth of impatience: each caller asks for a new challenge as long as its own was voided by a newer one.
async fn flood(service: &Service, holder: &Arc<Holder>) -> Vec<Result<Unlocked>> {
    let tries = (0..64).map(|_| {
        let (service, holder) = (service.clone(), holder.clone());
        tokio::spawn(async move {
            loop {
                let result = unlock(&service, &holder, &wrong_pin()).await;
                if code_of(&result) != Some(Code::ChallengeInvalid) {
                    return result;
                }
            }
        })
    });
    futures_util::future::join_all(tries).await.into_iter().map(|joined| joined.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_parallel_wrong_pins_3_are_evaluated_and_9_in_all() {
    each_engine(async |context| {
        let service = service(&context).await;
        let holder = Arc::new(Holder::make(&context).await);
        for (round, wait) in [(1, Some(60)), (2, Some(3_600)), (3, None)] {
            let results = flood(&service, &holder).await;
            let mut left: Vec<_> = results
                .iter()
                .filter(|result| code_of(result) == Some(Code::PinWrong))
                .map(|result| details(result).0.unwrap())
                .collect();
            left.sort_unstable();
            assert_eq!(left, [0, 1, 2], "round {round}");
            let refused = if wait.is_some() { Code::PinWait } else { Code::PinBlocked };
            let codes: Vec<_> = results.iter().map(code_of).collect();
            assert_eq!(codes.iter().filter(|code| **code == Some(refused)).count(), 61, "{codes:?}");
            assert_eq!(number(&context, TRIES, RESIDENT).await, Some(3 * round));
            // The right PIN has to wait, too.
            let right = unlock(&service, &holder, &holder.pin).await;
            assert_eq!(code_of(&right), Some(refused));
            if let Some(wait) = wait {
                assert_eq!(details(&right).1, Some(wait));
                later(&context, i64::try_from(wait).unwrap() - 1);
                assert_eq!(code_of(&unlock(&service, &holder, &holder.pin).await), Some(Code::PinWait));
                later(&context, 1);
            }
        }
        later(&context, 100 * HOUR);
        assert_eq!(code_of(&unlock(&service, &holder, &holder.pin).await), Some(Code::PinBlocked));
    })
    .await;
}

#[tokio::test]
async fn success_forgets_the_tries() {
    each_engine(async |context| {
        let service = service(&context).await;
        let holder = Holder::make(&context).await;
        for _ in 0..4 {
            assert_eq!(details(&unlock(&service, &holder, &wrong_pin()).await).0, Some(2));
            assert_eq!(details(&unlock(&service, &holder, &wrong_pin()).await).0, Some(1));
            unlock(&service, &holder, &holder.pin).await.unwrap();
        }
        // The third try counts as one, and its wait is lifted when it is right.
        let third = [&wrong_pin(), &wrong_pin(), &holder.pin];
        for pin in third {
            let _ = unlock(&service, &holder, pin).await;
        }
        unlock(&service, &holder, &holder.pin).await.unwrap();
        assert_eq!(number(&context, TRIES, RESIDENT).await, Some(0));
    })
    .await;
}

#[tokio::test]
async fn a_challenge_works_once_for_its_device_and_purpose() {
    each_engine(async |context| {
        let service = service(&context).await;
        let holder = Holder::make(&context).await;
        let device = holder.device.thumbprint();
        let (challenge, signature) = holder.attempt(&holder.pin);
        service.unlock(&device, &challenge, &signature).await.unwrap();
        let again = service.unlock(&device, &challenge, &signature).await;
        assert_eq!(code_of(&again), Some(Code::ChallengeInvalid), "replayed");

        let older = holder.attempt(&holder.pin);
        unlock(&service, &holder, &holder.pin).await.unwrap();
        let result = service.unlock(&device, &older.0, &older.1).await;
        assert_eq!(code_of(&result), Some(Code::ChallengeInvalid), "voided by a newer one");

        let (challenge, signature) = holder.attempt(&holder.pin);
        // One second more: a challenge's time of issue may be some microseconds ahead of the stopped clock.
        later(&context, MINUTE + 1);
        assert_eq!(code_of(&service.unlock(&device, &challenge, &signature).await), Some(Code::ChallengeInvalid));
        assert_eq!(number(&context, TRIES, RESIDENT).await, Some(0), "a dead challenge costs no try");

        let (challenge, signature) = sign(&holder.guard, &holder.device, &holder.pin, Purpose::Enrol);
        assert_eq!(code_of(&service.unlock(&device, &challenge, &signature).await), Some(Code::PinWrong));
        let stranger = DeviceKey::generate(&context.random);
        let (challenge, signature) = sign(&holder.guard, &stranger, &holder.pin, Purpose::Unlock);
        assert_eq!(
            code_of(&service.unlock(&stranger.thumbprint(), &challenge, &signature).await),
            Some(Code::NotFound)
        );
        assert_eq!(code_of(&service.unlock(&device, &challenge, &signature).await), Some(Code::ChallengeInvalid));
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_time_lock_new_unlock_and_block() {
    each_engine(async |context| {
        let service = service(&context).await;
        let holder = Holder::make(&context).await;
        let device = holder.device.thumbprint();
        let ended = async |token: &str| {
            assert_eq!(code_of(&service.authenticate(&device, token).await), Some(Code::SessionEnded));
        };
        let (token, _) = session(&service, &holder).await;
        assert_eq!(code_of(&service.authenticate(&[7; 32], &token).await), Some(Code::SessionEnded), "another device");
        for wrong in ["", "AAAA", &token[1..], &format!("{token}AAAA"), &encode(&[1; 69])] {
            ended(wrong).await;
        }
        later(&context, 899);
        service.authenticate(&device, &token).await.unwrap();
        later(&context, 1);
        ended(&token).await;

        let (token, open) = session(&service, &holder).await;
        service.lock(&open).await.unwrap();
        service.lock(&open).await.unwrap();
        ended(&token).await;

        let (older, open) = session(&service, &holder).await;
        let (newer, _) = session(&service, &holder).await;
        ended(&older).await;
        service.lock(&open).await.unwrap();
        service.authenticate(&device, &newer).await.unwrap();

        let mut tx = context.db.write().await.unwrap();
        let block = "UPDATE credential SET state = 'blocked', generation = generation + 1 WHERE resident_id = $1";
        ikd::execute!(&mut tx, block, RESIDENT).unwrap();
        tx.commit().await.unwrap();
        ended(&newer).await;
        assert_eq!(code_of(&unlock(&service, &holder, &holder.pin).await), Some(Code::Blocked));
    })
    .await;
}

#[tokio::test]
async fn sessions_that_are_looked_up_together_are_each_their_own() {
    each_engine(async |context| {
        let service = service(&context).await;
        let (device, now) = ([9; 32], context.now());
        let mut asked = Vec::new();
        for number in 1..=150_u128 {
            let (resident, ends_at) = (Uuid::from_u128(number), now.plus_seconds(number as i64));
            let mut tx = context.db.write().await.unwrap();
            assert!(store::enrol(&mut tx, resident, now.plus_seconds(-(number as i64))).await.unwrap().happened());
            let mut open = 0;
            for _ in 0..1 + number % 4 {
                open = store::open_session(&mut tx, resident, 1, ends_at).await.unwrap().unwrap();
            }
            tx.commit().await.unwrap();
            asked.push((resident, open, ends_at));
        }
        let token = |resident, session| {
            let access =
                Access { resident_id: resident, generation: 1, session, expires_at: now.plus_seconds(SESSION_SECONDS) };
            encode(&context.vault.seal(Label::AccessToken, &context.random, &[&device], &access.to_bytes()).unwrap())
        };
        let mut looking = tokio::task::JoinSet::new();
        let begin = Arc::new(tokio::sync::Barrier::new(3 * asked.len()));
        for (resident, open, ends_at) in asked {
            let stranger = Uuid::from_u128(resident.as_u128() << 64);
            // Of three at once one lives, one was replaced by a newer session, and one is nobody's.
            let tokens = [token(resident, open), token(resident, open - 1), token(stranger, 1)];
            for (at, token) in tokens.into_iter().enumerate() {
                let (service, begin) = (service.clone(), Arc::clone(&begin));
                looking.spawn(async move {
                    begin.wait().await;
                    let found = service.authenticate(&device, &token).await;
                    if at > 0 {
                        assert_eq!(code_of(&found), Some(Code::SessionEnded));
                        return;
                    }
                    let found = found.unwrap();
                    assert_eq!((found.resident_id, found.session, found.ends_at), (resident, open, ends_at));
                    let activated = now.plus_seconds(-(resident.as_u128() as i64));
                    assert_eq!((found.generation, found.activated_at), (1, activated));
                });
            }
        }
        looking.join_all().await;
        service.drain().await;
        let late = service.authenticate(&device, &token(Uuid::from_u128(1), 1)).await;
        assert_eq!(code_of(&late), Some(Code::Overloaded), "nothing is looked up for a node that stops");
    })
    .await;
}

#[tokio::test]
async fn the_card_and_its_portrait() {
    each_engine(async |context| {
        let service = service(&context).await;
        let holder = Holder::make(&context).await;
        let (_, session) = session(&service, &holder).await;
        let card = service.card(&session).await.unwrap();
        let shown = serde_json::to_value(&card.attributes).unwrap();
        assert_eq!(shown["full_name"], "SITI RAHMA");
        assert_eq!(shown["age_over_17"], true);
        assert_eq!((card.valid_until.as_str(), card.has_portrait), ("SEUMUR HIDUP", true));
        assert!(!format!("{card:?}").contains("SITI"));
        assert_eq!(service.portrait(&session).await.unwrap(), portrait());
    })
    .await;
}

#[tokio::test]
async fn presentations_carry_the_choice_and_write_nothing() {
    each_engine(async |context| {
        let keyring = {
            Keyring::init(&context).await.unwrap();
            Keyring::open(context.clone()).await.unwrap()
        };
        let service = over(&context, keyring.clone());
        let holder = Holder::make(&context).await;
        let (_, session) = session(&service, &holder).await;
        // A reader cannot write: were anything written, this would hang or fail on SQLite's single writer.
        let writer = context.db.write().await.unwrap();
        let first = service.present(&session, AttributeSet::BASIC, false).await.unwrap();
        let second = service.present(&session, AttributeSet::AGE, false).await.unwrap();
        drop(writer);
        // Offline QRs are counted: few of a holder live at once.
        let offline = service.present(&session, AttributeSet::BASIC, true).await.unwrap();
        let open = async |token: &str| -> std::result::Result<_, Reason> {
            let authentic = keyring.authenticate(token, &[TokenKind::Presentation, TokenKind::Offline]).await?;
            authentic.judge_time(context.now())?;
            authentic.unseal(keyring.sealer())
        };
        let (one, two) = (open(&first.token).await.unwrap(), open(&second.token).await.unwrap());
        assert_eq!((one.subject, one.generation, one.attributes), (RESIDENT, 1, AttributeSet::BASIC.bits()));
        assert!(two.issued > one.issued, "never the same time of issue, so neither voids the other unspent");
        assert_eq!(open(&offline.token).await.unwrap().kind, TokenKind::Offline);
        assert!(offline.token.len() <= 1_200);
        later(&context, 89);
        assert!(open(&first.token).await.is_ok());
        later(&context, 1);
        assert_eq!(open(&first.token).await.unwrap_err(), Reason::Expired);
    })
    .await;
}

#[tokio::test]
async fn a_holder_is_told_of_a_registration_with_their_nik() {
    each_engine(async |context| {
        let foreign = Uuid::from_u128(77);
        let warn = async |resident: Uuid| {
            let mut tx = context.db.write().await.unwrap();
            ports::warn_of_registration(&context, &mut tx, resident, foreign, context.now()).await.unwrap();
            tx.commit().await.unwrap();
        };
        let waiting = async || {
            let mut tx = context.db.write().await.unwrap();
            let leased = outbox::lease(&mut tx, &context.random, context.now(), 100).await.unwrap();
            for one in &leased {
                outbox::mark_sent(&mut tx, one, context.now()).await.unwrap().demand().unwrap();
            }
            tx.commit().await.unwrap();
            leased
        };
        warn(RESIDENT).await;
        assert!(waiting().await.is_empty(), "nobody is there to be told");
        let _holder = Holder::make(&context).await;
        for _ in 0..5 {
            warn(RESIDENT).await;
        }
        let leased = waiting().await;
        assert_eq!(leased.len(), 1, "one tells of all");
        later(&context, 3_600);
        assert_eq!(waiting().await.len(), 1, "and one of what came after it");
        let job = Message {
            mail_id: leased[0].mail_id,
            kind: FOREIGN_REGISTRATION,
            reference: leased[0].reference,
            created_at: leased[0].created_at,
        };
        let email = mail::compose(&context, job, RESIDENT).await.unwrap().unwrap();
        assert_eq!(email.to.expose(), "siti@example.id");
        assert!(email.text.contains("21-11-2026 pukul 15.00 WIB") && email.html.contains("tetap aktif"));
        let other_kind = Message { kind: ACTIVATION_CODE, ..job };
        assert!(mail::compose(&context, other_kind, RESIDENT).await.unwrap().is_none());
        assert!(mail::compose(&context, job, Uuid::nil()).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_database_alone_gives_nothing_to_guess_against() {
    each_engine(async |context| {
        let holder = Holder::make(&context).await;
        let mut tx = context.db.read().await.unwrap();
        let sealed = store::holder(&mut tx, RESIDENT).await.unwrap().unwrap().sealed;
        let public = holder.pin.public().unwrap().to_bytes();
        assert!(!sealed.windows(32).any(|window| window == public), "the key rests encrypted");
        // And with the key in hand, the PIN alone does not lead to it: the device's salt is missing. (PBKDF2 rounds make
        // a million PINs slow here, so a few stand for all; the control shows that the salt makes the difference.)
        let (pin, salt) = ("902157", [5; 16]);
        let enrolled = PinKey::derive(pin, &salt).public_text();
        for other in [[0; 16], [6; 16]] {
            assert_ne!(PinKey::derive(pin, &other).public_text(), enrolled);
        }
        assert_eq!(PinKey::derive(pin, &salt).public_text(), enrolled);
    })
    .await;
}
