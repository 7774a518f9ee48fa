//! What ends: registrations, the data that was kept for them, and codes that a newer one replaces.

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::clock::DAY;
use ikd::context::Context;
use ikd::device::client::DeviceKey;
use ikd::error::Code;
use ikd::jobs::Wake;
use ikd::keyring::Keyring;
use ikd::mail::outbox;
use ikd::register::{LocalRegister, PopulationRegister};
use ikd::registration::model::{Amendment, Answer};
use ikd::registration::store::{check, register_copy, registration as submitted};
use ikd::registration::{Service, State};
use uuid::Uuid;

use crate::residents::{RESIDENT, later, number, registration};
use support::each_engine;

const STATE_IS_EXPIRED: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM registration WHERE registration_id = $1 AND state = 'expired'";
const COPIES: &str = "SELECT COUNT(*) FROM registration_register_copy WHERE registration_id = $1";
const RECORDS: &str = "SELECT COUNT(*) FROM holder_record WHERE resident_id = $1";
const PORTRAITS: &str = "SELECT COUNT(*) FROM holder_portrait WHERE resident_id = $1";
const WAITING: &str = "SELECT COUNT(*) FROM mail_outbox WHERE reference = $1 AND state = 'queued'";
const DUE_AGAIN: &str = "UPDATE register_check SET state = 'pending', result = NULL, resident_id = NULL, due_at = $2, \
    lease_until = 0 WHERE registration_id = $1";
const STILL_DUE: &str = "SELECT COUNT(*) FROM register_check WHERE registration_id = $1 AND due_at IS NOT NULL";
const GENERATION: &str = "SELECT generation FROM activation_code WHERE registration_id = $1";

async fn service(context: &Context) -> Service {
    Keyring::init(context).await.unwrap();
    let keyring = Keyring::open(context.clone()).await.unwrap();
    Service::new(
        context.clone(),
        PopulationRegister::Local(LocalRegister::new(context.clone())),
        keyring,
        Wake::default(),
    )
}

async fn keep_copy(context: &Context, id: Uuid) {
    let mut tx = context.db.write().await.unwrap();
    register_copy::put(&mut tx, id, b"record", Some(b"portrait")).await.unwrap();
    tx.commit().await.unwrap();
}

async fn without_selfie(context: &Context, id: Uuid) {
    let mut tx = context.db.write().await.unwrap();
    ikd::execute!(&mut tx, "DELETE FROM registration_selfie WHERE registration_id = $1", id).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_the_register_said_does_not_outlive_a_registration_without_selfie() {
    each_engine(async |context| {
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::NeedsSelfie).await;
        without_selfie(&context, id).await;
        keep_copy(&context, id).await;
        later(&context, 8 * DAY);
        assert_eq!(service.sweep().await.unwrap(), 1);
        assert_eq!(number(&context, STATE_IS_EXPIRED, id).await, Some(1));
        assert_eq!(number(&context, COPIES, id).await, Some(0));
        assert_eq!(service.sweep().await.unwrap(), 0, "nothing is left to do");
    })
    .await;
}

#[tokio::test]
async fn a_check_that_ends_after_its_registration_keeps_nothing() {
    each_engine(async |context| {
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::AwaitingOfficer).await;
        service.submissions.cancel(&device.thumbprint(), id).await.unwrap();
        let mut tx = context.db.write().await.unwrap();
        assert!(!check::finish(&mut tx, id, Answer::Match(RESIDENT), context.now()).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_is_never_used_leaves_no_holder_s_data() {
    each_engine(async |context| {
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::CodeSent).await;
        let mut tx = context.db.write().await.unwrap();
        ikd::holder::store::put_record(&mut tx, RESIDENT, b"record", Some(b"portrait"), context.now()).await.unwrap();
        tx.commit().await.unwrap();
        // Another registration for the same resident ends: that is nobody's business.
        let other_device = DeviceKey::generate(&context.random);
        let other = registration(&context, &other_device, State::AwaitingOfficer).await;
        service.submissions.cancel(&other_device.thumbprint(), other).await.unwrap();
        assert_eq!(number(&context, RECORDS, RESIDENT).await, Some(1));
        service.submissions.cancel(&device.thumbprint(), id).await.unwrap();
        assert_eq!(number(&context, RECORDS, RESIDENT).await, Some(0));
        assert_eq!(number(&context, PORTRAITS, RESIDENT).await, Some(0));
    })
    .await;
}

#[tokio::test]
async fn new_addresses_are_new_codes_and_only_the_last_one_waits() {
    each_engine(async |context| {
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::CodeSent).await;
        let mut tx = context.db.write().await.unwrap();
        outbox::enqueue(&mut tx, &context.random, context.now(), ACTIVATION_CODE, id).await.unwrap();
        tx.commit().await.unwrap();
        let change = async |number: u32| {
            let email = Some(format!("siti{number}@example.id"));
            let changes = Amendment { email, ..Amendment::default() };
            service.submissions.amend(&device.thumbprint(), id, &changes).await
        };
        let phone = Amendment { phone: Some("0813 0000 1111".into()), ..Amendment::default() };
        service.submissions.amend(&device.thumbprint(), id, &phone).await.unwrap();
        assert_eq!(number(&context, GENERATION, id).await, Some(1), "another phone number leaves the code");
        for number in 1..=3 {
            change(number).await.unwrap();
        }
        assert_eq!(number(&context, GENERATION, id).await, Some(4), "another address voids the code");
        // The mail server was slow: all that waited would have gone to the last address.
        assert_eq!(number(&context, WAITING, id).await, Some(1));
        assert_eq!(change(4).await.unwrap_err().code(), Some(Code::TooMany));
        assert_eq!(number(&context, GENERATION, id).await, Some(4));
        later(&context, DAY);
        change(5).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_ends_the_sweep_instead_of_keeping_it_busy() {
    each_engine(async |context| {
        if context.db.engine() != "sqlite" {
            return;
        }
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        registration(&context, &device, State::AwaitingOfficer).await;
        let mut tx = context.db.write().await.unwrap();
        let refuse = "CREATE TRIGGER full BEFORE UPDATE ON registration BEGIN SELECT RAISE(ABORT, 'full'); END";
        ikd::execute!(&mut tx, refuse).unwrap();
        tx.commit().await.unwrap();
        later(&context, 8 * DAY);
        assert!(service.sweep().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_selfie_for_somebody_else_s_registration_is_refused_before_it_is_read() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use ikd::device::client::ProofFor;
    use tower::ServiceExt;

    each_engine(async |context| {
        let service = service(&context).await;
        let owner = DeviceKey::generate(&context.random);
        let id = registration(&context, &owner, State::NeedsSelfie).await;
        let guard = crate::residents::guard(&context);
        let gate = ikd::captcha::CaptchaGate::new(context.clone());
        let routes = ikd::registration::http::routes(service, gate);
        let spent = ikd::device::SpentProofs::start(context.clone());
        let (router, _) = ikd::device::http::for_devices(routes, guard.clone(), spent).split_for_parts();
        let path = format!("/v1/registrations/{id}/selfie");
        let url = format!("{}{path}", context.config.service.public_url);
        let send = async |device: &DeviceKey, length: usize| {
            let nonce = guard.nonce();
            let what = ProofFor { body: &[0; 100], nonce: Some(&nonce), ..ProofFor::new("PUT", &url) };
            let read = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&read);
            let body = axum::body::Body::from_stream(futures_util::stream::once(async move {
                flag.store(true, Ordering::SeqCst);
                Ok::<_, std::io::Error>(vec![0_u8; 100])
            }));
            let request = http::Request::put(&path)
                .header("DPoP", device.proof(&context.random, &what))
                .header("Content-Type", "image/jpeg")
                .header("Content-Length", length)
                .body(body)
                .unwrap();
            let status = router.clone().oneshot(request).await.unwrap().status().as_u16();
            (status, read.load(Ordering::SeqCst))
        };
        let stranger = DeviceKey::generate(&context.random);
        assert_eq!(send(&stranger, 5_000_000).await, (404, false));
        assert_eq!(send(&owner, 6_000_000).await, (413, false));
        assert_eq!(send(&owner, 100).await, (422, true), "no picture, but read");
    })
    .await;
}

#[tokio::test]
async fn what_ended_without_a_digital_ktp_is_forgotten_after_its_time() {
    each_engine(async |context| {
        let service = service(&context).await;
        let device = DeviceKey::generate(&context.random);
        let rows = "SELECT COUNT(*) FROM registration WHERE registration_id = $1";
        let ended = registration(&context, &device, State::AwaitingOfficer).await;
        service.submissions.cancel(&device.thumbprint(), ended).await.unwrap();
        let other = DeviceKey::generate(&context.random);
        let active = registration(&context, &other, State::Active).await;
        later(&context, 90 * DAY - 1);
        while service.sweep().await.unwrap() > 0 {}
        assert_eq!(number(&context, rows, ended).await, Some(1));
        later(&context, 1);
        while service.sweep().await.unwrap() > 0 {}
        assert_eq!(number(&context, rows, ended).await, Some(0));
        assert_eq!(number(&context, rows, active).await, Some(1), "a living digital KTP's stays");
    })
    .await;
}

#[tokio::test]
async fn who_was_approved_at_the_last_moment_does_not_expire() {
    each_engine(async |context| {
        let device = DeviceKey::generate(&context.random);
        let id = registration(&context, &device, State::CodeSent).await;
        let (before, over) = (later(&context, 7 * DAY - 1), later(&context, 1));
        let mut tx = context.db.write().await.unwrap();
        assert_eq!(submitted::due_to_expire(&mut tx, over, 10).await.unwrap(), [id]);
        // The approval that was under way while the sweep looked.
        let prolong = "UPDATE registration SET expires_at = $2 WHERE registration_id = $1";
        ikd::execute!(&mut tx, prolong, id, before.plus_seconds(7 * DAY)).unwrap();
        let held = submitted::hold(&mut tx, id).await.unwrap().unwrap();
        assert!(held.clone().expire(over).is_err());
        assert!(submitted::save(&mut tx, &held.cancel(over).unwrap()).await.unwrap().happened());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_from_being_checked_or_from_ending() {
    each_engine(async |context| {
        let service = service(&context).await;
        let (broken_device, device) = (DeviceKey::generate(&context.random), DeviceKey::generate(&context.random));
        // The older one comes first wherever there is an order.
        let broken = registration(&context, &broken_device, State::NeedsSelfie).await;
        later(&context, 1);
        let id = registration(&context, &device, State::NeedsSelfie).await;
        let mut tx = context.db.write().await.unwrap();
        for registration_id in [broken, id] {
            ikd::execute!(&mut tx, DUE_AGAIN, registration_id, context.now()).unwrap();
        }
        // In this state the resident is known; here nobody is.
        ikd::execute!(&mut tx, "UPDATE registration SET state = 'code_sent' WHERE registration_id = $1", broken)
            .unwrap();
        tx.commit().await.unwrap();

        service.checks.check_due().await.unwrap();
        assert_eq!(number(&context, STILL_DUE, id).await, Some(0), "the other was checked");
        assert_eq!(number(&context, STILL_DUE, broken).await, Some(1));

        later(&context, 8 * DAY);
        assert!(service.sweep().await.is_err(), "the fault is told");
        assert_eq!(number(&context, STATE_IS_EXPIRED, id).await, Some(1), "the other ended");
        assert_eq!(number(&context, STATE_IS_EXPIRED, broken).await, Some(0));
    })
    .await;
}
