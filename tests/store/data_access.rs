//! An officer approves what was on the screen, and nothing that came since.

use std::ops::ControlFlow;

use ikd::clerk::Clerk;
use ikd::context::Context;
use ikd::device::client::DeviceKey;
use ikd::error::{Code, Language};
use ikd::jobs::Wake;
use ikd::keyring::Keyring;
use ikd::register::generate::{GenerateOptions, Generator, generate_into};
use ikd::register::service::Switch;
use ikd::register::{Date, LocalRegister, PopulationRegister};
use ikd::registration::model::Draft;
use ikd::registration::review::View;
use ikd::registration::{Service, State, terms};
use uuid::Uuid;

use support::each_engine;

/// Where the pictures come from.
const HERE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const ACTOR: Clerk = Clerk { officer_id: Uuid::from_u128(1), office_id: Uuid::from_u128(2) };

fn selfie(shade: u8) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(240, 320, image::Rgb([shade; 3])).write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

async fn approve(context: &Context, service: &Service, id: Uuid, seen: &View) -> Result<State, Option<Code>> {
    let mut tx = context.db.write().await.unwrap();
    let state =
        service.decisions.approve(&mut tx, ACTOR, (id, &seen.version), "", None).await.map_err(|error| error.code())?;
    tx.commit().await.unwrap();
    Ok(state)
}

#[tokio::test]
async fn only_what_was_seen_is_approved() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let local = LocalRegister::new(context.clone());
        let as_of = Date::in_jakarta(context.now());
        let options = GenerateOptions { count: 5, seed: 1, as_of, portraits: false };
        generate_into(&local, options, |_| ControlFlow::Continue(())).await.unwrap();
        let person = Generator::new(1, as_of).first_eligible(1, 5).remove(0);
        let service =
            Service::new(context.clone(), PopulationRegister::Local(local.clone()), keyring.clone(), Wake::default());
        let device = DeviceKey::generate(&context.random).thumbprint();
        let draft = Draft {
            nik: person.nik.as_str().into(),
            // One letter differs: the officer has to see that.
            full_name: format!("{}X", person.full_name),
            birth_date: person.birth_date.to_string(),
            email: "siti@example.id".into(),
            phone: "081234567890".into(),
            no_email: false,
        };
        let version = terms::VERSION;
        let id = service
            .submissions
            .register(&device, &draft, version, true, Language::English)
            .await
            .unwrap()
            .registration_id;
        service.submissions.put_selfie(&device, id, HERE, selfie(90)).await.unwrap();

        // The register is closed when the officer looks, and answers before the click.
        local.set_switch(Switch::Closed).await.unwrap();
        context.clock.advance(1);
        let scan = async || {
            let token = service.submissions.activation_token(&device, id).await.unwrap().token;
            let scanned = service.visits.read_scan(&token).await.unwrap();
            assert_eq!(scanned.0, id);
            let mut tx = context.db.write().await.unwrap();
            service.visits.scan(&mut tx, ACTOR, scanned).await.unwrap();
            tx.commit().await.unwrap();
        };
        scan().await;
        service.visits.ensure_checked(id).await;
        let look = async || service.reviews.view(ACTOR, id, Language::English).await.unwrap();
        let pending = look().await;
        assert!(pending.check_result.is_none());
        local.set_switch(Switch::Open).await.unwrap();
        context.clock.advance(60);
        assert!(service.checks.check_one(id).await.unwrap());
        let unseen = Err(Some(Code::WrongState));
        assert_eq!(approve(&context, &service, id, &pending).await, unseen, "the difference was not seen");
        context.clock.advance(1);
        // This answer is on its way, or lost: that the service gave it does not mean that the officer has it.
        let answered = look().await;
        assert_eq!(answered.differences.len(), 1);
        assert_eq!(approve(&context, &service, id, &pending).await, unseen, "the screen still showed no answer");

        // A new selfie after the look, on a node whose clock is behind.
        context.clock.advance(-120);
        service.submissions.put_selfie(&device, id, HERE, selfie(200)).await.unwrap();
        let absent = Err(Some(Code::ScanRequired));
        assert_eq!(approve(&context, &service, id, &answered).await, absent, "the selfie was not seen");
        context.clock.advance(121);
        assert_eq!(approve(&context, &service, id, &look().await).await, absent, "nor the person with it");
        scan().await;
        assert_eq!(approve(&context, &service, id, &answered).await, unseen);
        let newest = look().await;
        assert_eq!(look().await.version, newest.version, "looking changes nothing");
        assert_eq!(approve(&context, &service, id, &newest).await, Ok(State::CodeSent));
    })
    .await;
}
