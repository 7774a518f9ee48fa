//! Activation: counting tries, resending, setting the PIN; store functions and use cases on all engines.

use ikd::activation::enrolment::Enrolled;
use ikd::activation::{Service, mail};
use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::activation_code::{ActivationCode, ports, store};
use ikd::captcha;
use ikd::clock::DAY;
use ikd::context::Context;
use ikd::device::NewPinKey;
use ikd::device::client::{DeviceKey, PinKey};
use ikd::device::{Guard, Purpose};
use ikd::error::{Code, Error, Result};
use ikd::jobs::Wake;
use ikd::mail::{Message, outbox};
use ikd::register::{LocalRegister, PopulationRegister};
use ikd::registration::{State, ports as registrations};
use ikd::secret::Redacted;
use uuid::Uuid;

use crate::residents::{RESIDENT, guard, later, number, registration, set_state, sign};
use support::each_engine;

const GENERATION: &str = "SELECT generation FROM activation_code WHERE registration_id = $1";
const TRIES: &str = "SELECT tries FROM activation_code WHERE registration_id = $1";
const EXPIRES: &str = "SELECT expires_at FROM activation_code WHERE registration_id = $1";

struct Applicant {
    service: Service,
    device: DeviceKey,
    id: Uuid,
}

impl Applicant {
    async fn new(context: &Context, state: State) -> Self {
        let device = DeviceKey::generate(&context.random);
        let id = registration(context, &device, state).await;
        let register = PopulationRegister::Local(LocalRegister::new(context.clone()));
        Self { service: Service::new(context.clone(), register, Wake::default()), device, id }
    }

    fn code(&self, context: &Context, generation: i64) -> String {
        ActivationCode::derive(&context.vault, self.id, generation).unwrap().digits()
    }

    async fn enter(&self, context: &Context, code: &str) -> Result<State> {
        self.enter_with(code, Some(&solution(context))).await
    }

    async fn enter_with(&self, code: &str, captcha: Option<&str>) -> Result<State> {
        self.service.codes.enter(&self.device.thumbprint(), self.id, &Redacted(code.to_owned()), captcha).await
    }

    async fn resend(&self) -> Result<()> {
        self.service.codes.resend(&self.device.thumbprint(), self.id).await.map(|_| ())
    }

    fn enrolment(&self, guard: &Guard, pin: &PinKey) -> NewPinKey {
        let (challenge, signature) = sign(guard, &self.device, pin, Purpose::Enrol);
        NewPinKey { pin_public_key: pin.public_text(), challenge, signature }
    }

    async fn enrol(&self, enrolment: &NewPinKey) -> Result<Enrolled> {
        self.service.enrolments.enrol(&self.device.thumbprint(), self.id, enrolment).await
    }
}

fn solution(context: &Context) -> String {
    captcha::solve(&captcha::issue(&context.vault, &context.random, 20, 0, context.now()).unwrap()).unwrap()
}

fn wrong(right: &str) -> String {
    format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000)
}

fn tries_left<T>(result: &Result<T>) -> Option<i64> {
    match result {
        Err(Error::Refused(refusal)) => refusal.tries_left,
        _ => None,
    }
}

fn code_of<T>(result: Result<T>) -> Option<Code> {
    result.err().and_then(|error| error.code())
}

/// As the mail worker does: hands over what waits, and begins the code's life.
async fn deliver(context: &Context, id: Uuid) -> usize {
    let mut tx = context.db.write().await.unwrap();
    let leased = outbox::lease(&mut tx, &context.random, context.now(), 10).await.unwrap();
    for one in &leased {
        assert!(outbox::mark_sent(&mut tx, one, context.now()).await.unwrap().happened());
        ports::on_sent(&mut tx, id, context.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    leased.len()
}

#[tokio::test]
async fn each_store_function_changes_one_row_or_none() {
    each_engine(async |context| {
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::CodeSent).await;
        let now = context.now();
        let mut tx = context.db.write().await.unwrap();
        let stranger = registrations::own(&mut tx, &[0; 32], id).await.unwrap_err();
        assert_eq!(stranger.code(), Some(Code::NotFound));
        let own = registrations::own(&mut tx, &device.thumbprint(), id).await.unwrap();
        let code = store::lookup(&mut tx, id).await.unwrap().unwrap();
        assert_eq!((own.state(), code.generation, code.tries), (State::CodeSent, 1, 0));
        assert_eq!((code.sent_at, code.expires_at), (None, None));

        assert_eq!(store::count_try(&mut tx, id, 2, now).await.unwrap(), None, "another generation");
        assert!(
            !registrations::hold_code_sent(&mut tx, id, own.expires_at).await.unwrap().happened(),
            "its time is over"
        );
        assert!(registrations::hold_code_sent(&mut tx, id, now).await.unwrap().happened());
        for count in 1..=5 {
            assert_eq!(store::count_try(&mut tx, id, 1, now).await.unwrap(), Some(count));
        }
        assert_eq!(store::count_try(&mut tx, id, 1, now).await.unwrap(), None, "used up");

        store::sent(&mut tx, id, now, now.plus_seconds(10)).await.unwrap();
        store::sent(&mut tx, id, now.plus_seconds(5), now.plus_seconds(15)).await.unwrap();
        let code = store::lookup(&mut tx, id).await.unwrap().unwrap();
        assert_eq!((code.sent_at, code.expires_at), (Some(now), Some(now.plus_seconds(10))), "the first counts");

        assert!(!store::replace(&mut tx, id, 2, 7, 2).await.unwrap().happened());
        assert!(store::replace(&mut tx, id, 1, 7, 2).await.unwrap().happened());
        let code = store::lookup(&mut tx, id).await.unwrap().unwrap();
        assert_eq!((code.generation, code.tries, code.expires_at), (2, 0, None));
        assert_eq!((code.day, code.day_count), (7, 1));
        assert_eq!(store::count_try(&mut tx, id, 1, now).await.unwrap(), None, "a voided code");
        assert!(store::replace(&mut tx, id, 2, 7, 2).await.unwrap().happened());
        assert!(!store::replace(&mut tx, id, 3, 7, 2).await.unwrap().happened(), "two a day");
        assert!(store::replace(&mut tx, id, 3, 8, 2).await.unwrap().happened(), "another day");

        let early = registrations::activate(&context, &mut tx, id, now).await.unwrap();
        assert!(early.is_none(), "the code comes first");
        assert!(!registrations::confirm_code(&mut tx, id, own.expires_at).await.unwrap().happened(), "too late");
        assert!(registrations::confirm_code(&mut tx, id, now).await.unwrap().happened());
        assert!(!registrations::confirm_code(&mut tx, id, now).await.unwrap().happened());
        assert!(
            !registrations::hold_code_sent(&mut tx, id, now).await.unwrap().happened(),
            "no new code once it was right"
        );

        let late = registrations::activate(&context, &mut tx, id, now.plus_seconds(7 * DAY)).await.unwrap();
        assert!(late.is_none(), "too late");
        let active = registrations::activate(&context, &mut tx, id, now).await.unwrap().unwrap();
        assert_eq!((active.resident_id, active.contact.resident_id), (RESIDENT, Some(RESIDENT)));
        assert!(registrations::activate(&context, &mut tx, id, now).await.unwrap().is_none());
        tx.commit().await.unwrap();
        let delete_after = "SELECT delete_after FROM registration_selfie WHERE registration_id = $1";
        assert_eq!(number(&context, delete_after, id).await, Some(now.plus_seconds(30 * DAY).micros()));
    })
    .await;
}

#[tokio::test]
async fn of_200_parallel_guesses_5_are_evaluated_and_the_right_code_as_6th_fails() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        let right = applicant.code(&context, 1);
        let guesses: Vec<_> = (0..200).map(|_| solution(&context)).collect();
        let wrong = wrong(&right);
        let results =
            futures_util::future::join_all(guesses.iter().map(|captcha| applicant.enter_with(&wrong, Some(captcha))))
                .await;
        let mut left: Vec<_> = results.iter().filter_map(tries_left).filter(|left| *left > 0).collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3, 4]);
        let evaluated = results.iter().filter(|r| r.as_ref().unwrap_err().code() == Some(Code::CodeWrong)).count();
        let refused = results.iter().filter(|r| r.as_ref().unwrap_err().code() == Some(Code::CodeExpired)).count();
        assert_eq!((evaluated, refused), (5, 195));
        assert_eq!(number(&context, TRIES, applicant.id).await, Some(5));
        assert_eq!(code_of(applicant.enter(&context, &right).await), Some(Code::CodeExpired));
    })
    .await;
}

#[tokio::test]
async fn the_right_code_is_accepted_once_and_repeated_with_the_same_answer() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        let right = applicant.code(&context, 1);
        let captcha = solution(&context);
        assert_eq!(tries_left(&applicant.enter(&context, &wrong(&right)).await), Some(4));
        let typed = format!("{} {}", &right[..3], &right[3..]);
        assert_eq!(applicant.enter_with(&typed, Some(&captcha)).await.unwrap(), State::NeedsPin);
        assert_eq!(applicant.enter_with(&typed, Some(&captcha)).await.unwrap(), State::NeedsPin, "same body again");
        assert_eq!(code_of(applicant.enter(&context, &wrong(&right)).await), Some(Code::WrongState));
        assert_eq!(code_of(applicant.resend().await), Some(Code::WrongState));
    })
    .await;
}

#[tokio::test]
async fn a_captcha_counts_once_and_a_refused_one_costs_no_try() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        let wrong = wrong(&applicant.code(&context, 1));
        assert_eq!(code_of(applicant.enter_with(&wrong, None).await), Some(Code::CaptchaRequired));
        assert_eq!(code_of(applicant.enter_with(&wrong, Some("x")).await), Some(Code::CaptchaInvalid));
        assert_eq!(number(&context, TRIES, applicant.id).await, Some(0));
        let captcha = solution(&context);
        let both = futures_util::future::join_all((0..8).map(|_| applicant.enter_with(&wrong, Some(&captcha)))).await;
        let codes: Vec<_> = both.into_iter().filter_map(code_of).collect();
        assert_eq!(codes.iter().filter(|code| **code == Code::CodeWrong).count(), 1);
        assert_eq!(codes.iter().filter(|code| **code == Code::CaptchaInvalid).count(), 7);
        assert_eq!(number(&context, TRIES, applicant.id).await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn another_device_and_other_states_are_refused() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        let right = applicant.code(&context, 1);
        let stranger =
            Applicant { device: DeviceKey::generate(&context.random), service: applicant.service.clone(), ..applicant };
        assert_eq!(code_of(stranger.enter(&context, &right).await), Some(Code::NotFound));
        assert_eq!(code_of(stranger.resend().await), Some(Code::NotFound));
        let enrolment = stranger.enrolment(&guard(&context), &PinKey::from_seed(&[1; 32]));
        assert_eq!(code_of(stranger.enrol(&enrolment).await), Some(Code::NotFound));

        for state in [State::NeedsSelfie, State::AwaitingOfficer, State::Rejected, State::Cancelled, State::Expired] {
            let applicant = Applicant::new(&context, state).await;
            let right = applicant.code(&context, 1);
            assert_eq!(code_of(applicant.enter(&context, &right).await), Some(Code::WrongState), "{state:?}");
            assert_eq!(code_of(applicant.resend().await), Some(Code::WrongState));
            let enrolment = applicant.enrolment(&guard(&context), &PinKey::from_seed(&[1; 32]));
            assert_eq!(code_of(applicant.enrol(&enrolment).await), Some(Code::WrongState));
        }
        for code in ["", "12345", "abcdef"] {
            assert_eq!(code_of(stranger.enter(&context, code).await), Some(Code::InvalidField));
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_lives_24_hours_from_hand_over_and_a_resend_repeats_it() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        applicant.resend().await.unwrap();
        applicant.resend().await.unwrap();
        assert_eq!(deliver(&context, applicant.id).await, 1, "one mail waits, so the second request added none");
        let sent = context.now();
        later(&context, 3_600);
        applicant.resend().await.unwrap();
        assert_eq!(deliver(&context, applicant.id).await, 1);
        assert_eq!(number(&context, GENERATION, applicant.id).await, Some(1), "the living code is repeated");
        assert_eq!(number(&context, EXPIRES, applicant.id).await, Some(sent.plus_seconds(DAY).micros()));

        later(&context, DAY - 3_601);
        assert_eq!(tries_left(&applicant.enter(&context, &wrong(&applicant.code(&context, 1))).await), Some(4));
        later(&context, 1);
        assert_eq!(code_of(applicant.enter(&context, &applicant.code(&context, 1)).await), Some(Code::CodeExpired));
        applicant.resend().await.unwrap();
        assert_eq!(number(&context, GENERATION, applicant.id).await, Some(2));
        assert_ne!(applicant.code(&context, 1), applicant.code(&context, 2));
        assert_eq!(
            tries_left(&applicant.enter(&context, &applicant.code(&context, 1)).await),
            Some(4),
            "the old one is void"
        );
        assert_eq!(applicant.enter(&context, &applicant.code(&context, 2)).await.unwrap(), State::NeedsPin);
    })
    .await;
}

#[tokio::test]
async fn at_most_three_new_codes_a_day_and_three_mails_at_once() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        // The address gets three mails at once, then one an hour.
        for _ in 0..3 {
            applicant.resend().await.unwrap();
            deliver(&context, applicant.id).await;
        }
        let refused = applicant.resend().await;
        assert!(matches!(&refused, Err(Error::Refused(r)) if r.code == Code::TooMany && r.retry_after.is_some()));
        assert_eq!(number(&context, GENERATION, applicant.id).await, Some(1), "nothing was voided for nothing");

        // Half an hour before midnight in Jakarta: START is 15:00 there.
        later(&context, 8 * 3_600 + 1_800);
        for generation in 1..=3 {
            for _ in 0..5 {
                let wrong = wrong(&applicant.code(&context, generation));
                assert_eq!(code_of(applicant.enter(&context, &wrong).await), Some(Code::CodeWrong));
            }
            applicant.resend().await.unwrap();
            deliver(&context, applicant.id).await;
            assert_eq!(number(&context, GENERATION, applicant.id).await, Some(generation + 1));
        }
        for _ in 0..5 {
            let _ = applicant.enter(&context, &wrong(&applicant.code(&context, 4))).await;
        }
        let refused = applicant.resend().await;
        assert!(matches!(&refused, Err(Error::Refused(r)) if r.code == Code::TooMany && r.retry_after == Some(1_800)));
        later(&context, 3_600);
        applicant.resend().await.unwrap();
        assert_eq!(number(&context, GENERATION, applicant.id).await, Some(5));
    })
    .await;
}

#[tokio::test]
async fn the_mail_carries_the_present_code_until_it_is_over() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::CodeSent).await;
        let id = applicant.id;
        let job =
            Message { mail_id: Uuid::from_u128(3), kind: ACTIVATION_CODE, reference: id, created_at: context.now() };
        let email = mail::compose(&context, job).await.unwrap().unwrap();
        let code = applicant.code(&context, 1);
        assert_eq!(email.to.expose(), "siti@example.id");
        assert!(email.text.contains(&format!("{} {}", &code[..3], &code[3..])));
        assert!(email.text.contains("Siti,") && !email.text.contains("Rahma"), "the first name only");
        assert!(email.text.contains(&format!("/aktivasi#{id}.{code}")));
        assert!(!email.subject.contains(&code[..3]));
        let mut tx = context.db.write().await.unwrap();
        ports::on_sent(&mut tx, id, context.now()).await.unwrap();
        tx.commit().await.unwrap();
        later(&context, DAY);
        assert!(mail::compose(&context, job).await.unwrap().is_none(), "an expired code is not sent");
        let mut tx = context.db.write().await.unwrap();
        set_state(&mut tx, id, State::Cancelled).await;
        tx.commit().await.unwrap();
        assert!(mail::compose(&context, job).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn setting_the_pin_makes_the_credential_once() {
    each_engine(async |context| {
        let applicant = Applicant::new(&context, State::NeedsPin).await;
        let (guard, pin) = (guard(&context), PinKey::from_seed(&[1; 32]));
        let enrolment = applicant.enrolment(&guard, &pin);
        let other_purpose = {
            let (challenge, signature) = sign(&guard, &applicant.device, &pin, Purpose::Unlock);
            NewPinKey { pin_public_key: pin.public_text(), challenge, signature }
        };
        assert_eq!(code_of(applicant.enrol(&other_purpose).await), Some(Code::SignatureInvalid));
        let weak = NewPinKey { pin_public_key: "A".repeat(43), challenge: String::new(), signature: String::new() };
        assert_eq!(code_of(applicant.enrol(&weak).await), Some(Code::InvalidField));
        let strange = NewPinKey { challenge: String::from("AAAA"), ..applicant.enrolment(&guard, &pin) };
        assert_eq!(code_of(applicant.enrol(&strange).await), Some(Code::ChallengeInvalid));

        let results = futures_util::future::join_all((0..8).map(|_| applicant.enrol(&enrolment))).await;
        let now = results.iter().filter(|result| matches!(result, Ok(Enrolled::Now))).count();
        let before = results.iter().filter(|result| matches!(result, Ok(Enrolled::Before))).count();
        assert_eq!((now, before), (1, 7), "{results:?}");

        let other_key = applicant.enrolment(&guard, &PinKey::from_seed(&[2; 32]));
        assert_eq!(code_of(applicant.enrol(&other_key).await), Some(Code::WrongState));
        let ended = "SELECT ended_at FROM registration WHERE registration_id = $1 AND state = 'active'";
        assert_eq!(number(&context, ended, applicant.id).await, Some(context.now().micros()));
        let selfie = "SELECT delete_after FROM registration_selfie WHERE registration_id = $1";
        assert_eq!(number(&context, selfie, applicant.id).await, Some(context.now().plus_seconds(30 * DAY).micros()));
        let generation = "SELECT generation FROM credential WHERE resident_id = $1 AND state = 'active'";
        assert_eq!(number(&context, generation, RESIDENT).await, Some(1));
        // The answer to the code stays the same, too.
        assert_eq!(applicant.enter(&context, &applicant.code(&context, 1)).await.unwrap(), State::Active);
    })
    .await;
}

#[tokio::test]
async fn a_resident_with_an_active_credential_gets_no_second_one() {
    each_engine(async |context| {
        let first = Applicant::new(&context, State::NeedsPin).await;
        let (guard, pin) = (guard(&context), PinKey::from_seed(&[1; 32]));
        first.enrol(&first.enrolment(&guard, &pin)).await.unwrap();
        let second = Applicant::new(&context, State::NeedsPin).await;
        assert_eq!(code_of(second.enrol(&second.enrolment(&guard, &pin)).await), Some(Code::AlreadyActive));
        assert_eq!(number(&context, GENERATION, second.id).await, Some(1));
        let state = "SELECT COUNT(*) FROM registration WHERE registration_id = $1 AND state = 'needs_pin'";
        assert_eq!(number(&context, state, second.id).await, Some(1), "nothing is half done");
        let mut tx = context.db.write().await.unwrap();
        // Whoever finds a phone can use up its PIN: that alone makes no way.
        ikd::execute!(&mut tx, "UPDATE credential SET pin_tries = 9 WHERE resident_id = $1", RESIDENT).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(code_of(second.enrol(&second.enrolment(&guard, &pin)).await), Some(Code::AlreadyActive));
        let mut tx = context.db.write().await.unwrap();
        ikd::execute!(&mut tx, "UPDATE credential SET state = 'deactivated' WHERE resident_id = $1", RESIDENT).unwrap();
        tx.commit().await.unwrap();
        later(&context, 1);
        second.enrol(&second.enrolment(&guard, &pin)).await.unwrap();
        let generation = "SELECT generation FROM credential WHERE resident_id = $1";
        assert_eq!(number(&context, generation, RESIDENT).await, Some(2));
        let devices = "SELECT COUNT(*) FROM device_binding WHERE resident_id = $1";
        assert_eq!(number(&context, devices, RESIDENT).await, Some(1), "the older device is no longer bound");
    })
    .await;
}
