//! Where a race begins, and the acts that are raced.

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::activation_code::{self, ActivationCode};
use ikd::captcha;
use ikd::clerk::Clerk;
use ikd::clock::{Clock, DAY, Timestamp};
use ikd::context::Context;
use ikd::credential::{SealedRecord, TokenKind};
use ikd::db::Tx;
use ikd::device::NewPinKey;
use ikd::device::client::{DeviceKey, PinKey};
use ikd::device::{Guard, Purpose};
use ikd::error::{Code, Language, Result};
use ikd::holder::ports::{NewHolder, enrol};
use ikd::jobs::Wake;
use ikd::keyring::Keyring;
use ikd::mail::outbox;
use ikd::register::{Date, LocalRegister, NewRecord, PopulationRegister};
use ikd::registration::model::{Amendment, Answer, Draft, Submitted, WhyNot};
use ikd::registration::sealed::{email_index, nik_index};
use ikd::registration::{Service, State, store, terms};
use ikd::secret::Redacted;
use ikd::{activation, execute};
use uuid::Uuid;

use crate::residents::{guard, record, sign};

const OFFICE: Uuid = Uuid::from_u128(0x20);
/// The officer before whom the resident stands.
pub const OFFICER: Clerk = Clerk { officer_id: Uuid::from_u128(0x21), office_id: OFFICE };
/// A supervisor, whose QR the resident scanned too.
pub const COLLEAGUE: Clerk = Clerk { officer_id: Uuid::from_u128(0x22), office_id: OFFICE };
const ELSEWHERE: Clerk = Clerk { officer_id: Uuid::from_u128(0x23), office_id: Uuid::from_u128(0x24) };
const NUMBER: i64 = 47;

/// Where the registration stands when a race begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Without a selfie.
    Fresh,
    /// Before an officer who has scanned, with the register's answer.
    Waiting,
    /// The same without the register's answer.
    Unchecked,
    /// Before an officer, and a digital KTP stands in its way, whose release is asked for.
    Taken,
    /// Before an officer, of somebody without an e-mail address, and a second person is asked to approve.
    ByTwo,
    /// Returned for correction.
    Returned,
    /// Approved without the register's answer.
    Pending,
    /// The code was mailed, twice.
    Sent,
    /// Its tries are used up.
    UsedUp,
    /// The code was right.
    Pin,
    /// Cancelled long ago.
    Ended,
}

macro_rules! acts {
    ($($name:ident),* $(,)?) => {
        /// What happens to a registration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "their names say it")]
        pub enum Act { $($name,)* }

        impl Act {
            /// All of them.
            pub const ALL: [Self; 26] = [$(Self::$name,)*];
        }
    };
}

acts! {
    Register, Email, Phone, Selfie, Cancel, Scan, ScanElsewhere, Offer, TryMatch, Confirm, Approve, Return, Reject, Ask, Grant, Resend,
    HandOver, EnterCode, Enrol, Check, Postpone, Expire, Forget, AskApproval, GrantApproval,
    AskWaiver,
}

impl Act {
    /// Where it succeeds when nothing else happens.
    pub const fn stages(self) -> &'static [Stage] {
        use Stage::{ByTwo, Ended, Fresh, Pending, Pin, Returned, Sent, Taken, Unchecked, UsedUp, Waiting};
        match self {
            Self::Register => &[Waiting, Fresh, Returned, Unchecked, Taken, ByTwo, Ended],
            Self::Email | Self::Phone => &[Waiting, Fresh, Returned, Unchecked, Taken, ByTwo, Pending, Sent, UsedUp],
            Self::Selfie => &[Waiting, Fresh, Returned, Unchecked, Taken, ByTwo],
            Self::Cancel => &[Waiting, Fresh, Returned, Unchecked, Taken, ByTwo, Pending, Sent, UsedUp, Pin],
            Self::Scan
            | Self::ScanElsewhere
            | Self::Offer
            | Self::TryMatch
            | Self::Confirm
            | Self::Return
            | Self::Reject => &[Waiting, Unchecked, Taken, ByTwo],
            Self::Approve => &[Waiting, Unchecked],
            Self::Ask | Self::Grant => &[Taken],
            Self::AskApproval | Self::GrantApproval => &[ByTwo],
            Self::AskWaiver => &[Waiting, ByTwo],
            Self::Resend => &[Sent, UsedUp],
            Self::EnterCode | Self::HandOver => &[Sent],
            Self::Enrol => &[Pin],
            Self::Check | Self::Postpone => &[Unchecked, Pending],
            Self::Expire => &[Waiting, Fresh, Returned, Unchecked, Taken, ByTwo, Pending, Sent, UsedUp, Pin],
            Self::Forget => &[Ended],
        }
    }
}

/// The services and the person of all races.
pub struct World {
    /// Database, clock, randomness.
    pub context: Context,
    /// What the resident is known as to the register.
    pub resident: Uuid,
    registrations: Service,
    activation: activation::Service,
    guard: Guard,
    /// The QR of [`OFFICER`].
    counter_token: String,
    /// A node whose clock says that the registrations of [`Act::Expire`] are over.
    late: Service,
    /// One for which whatever ended is to be forgotten.
    latest: Service,
}

/// A registration at the start of a race.
pub struct Case {
    /// Where it stands.
    pub stage: Stage,
    /// Its id.
    pub id: Uuid,
    device: DeviceKey,
    version: String,
    /// The version of what waits for a second person.
    request: String,
    enrolment: NewPinKey,
    solutions: [String; 2],
    /// The mail that [`Act::HandOver`] hands to the mail server.
    leased: Option<outbox::Leased>,
}

fn submitted() -> Submitted {
    Submitted {
        nik: record().nik,
        full_name: String::from("Siti Rahma").into(),
        birth_date: Date::parse("1990-08-17").unwrap(),
        email: Some(String::from("siti@example.id").into()),
        phone: String::from("+6281234567890").into(),
    }
}

/// The address that the act in this place changes to.
pub fn email(slot: usize) -> String {
    format!("siti{slot}@example.id")
}

/// The number that the act in this place changes to.
pub fn phone(slot: usize) -> String {
    format!("+62812345678{slot}{slot}")
}

fn selfie() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(200, 200, image::Rgb([90; 3])).write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

impl World {
    /// Opens the services over a database with one resident in the register.
    pub async fn open(context: Context) -> Self {
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let local = LocalRegister::new(context.clone());
        local.put(vec![NewRecord { record: record(), portrait: None }]).await.unwrap();
        let resident = local.lookup(&record().nik).await.unwrap().unwrap().resident_id;
        let at = |seconds: i64| {
            let context =
                context.altered(|sources| sources.clock = Clock::stopped(context.now().plus_seconds(seconds)));
            let register = PopulationRegister::Local(LocalRegister::new(context.clone()));
            Service::new(context, register, keyring.clone(), Wake::default())
        };
        let counter = SealedRecord {
            kind: TokenKind::Counter,
            subject: OFFICER.officer_id,
            generation: 0,
            issued: context.now(),
            attributes: 0,
        };
        Self {
            resident,
            registrations: Service::new(
                context.clone(),
                PopulationRegister::Local(local.clone()),
                keyring.clone(),
                Wake::default(),
            ),
            activation: activation::Service::new(
                context.clone(),
                PopulationRegister::Local(local.clone()),
                Wake::default(),
            ),
            guard: guard(&context),
            counter_token: keyring.issue(counter).await.unwrap().token,
            late: at(20),
            latest: at(200 * DAY),
            context,
        }
    }

    /// Forgets a race.
    pub async fn clear(&self) {
        let mut tx = self.context.db.write().await.unwrap();
        for table in [
            "DELETE FROM registration",
            "DELETE FROM register_check",
            "DELETE FROM counter_visit",
            "DELETE FROM activation_code",
            "DELETE FROM registration_selfie",
            "DELETE FROM registration_register_copy",
            "DELETE FROM second_person_request",
            "DELETE FROM use_window",
            "DELETE FROM mail_outbox",
            "DELETE FROM mail_allowance",
            "DELETE FROM holder_record",
            "DELETE FROM holder_portrait",
            "DELETE FROM credential",
            "DELETE FROM credential_holder",
            "DELETE FROM device_binding",
        ] {
            execute!(&mut tx, table).unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn prepare_holder(&self, tx: &mut Tx) {
        let sealed =
            self.context.vault.seal_row(&self.context.random, "holder_record", self.resident, &record()).unwrap();
        ikd::holder::store::put_record(tx, self.resident, &sealed, None, self.context.now()).await.unwrap();
    }

    async fn make_holder(&self, tx: &mut Tx) {
        let new = NewHolder {
            resident_id: self.resident,
            registration_id: Uuid::from_u128(1),
            device: DeviceKey::generate(&self.context.random).thumbprint(),
            pin_public_key: PinKey::from_seed(&[2; 32]).public().unwrap(),
            email: Some(String::from("lama@example.id").into()),
            language: Language::Indonesian,
            nik: record().nik,
        };
        enrol(&self.context, tx, &new, self.context.now()).await.unwrap();
        self.prepare_holder(tx).await;
    }
}

const PLACE: &str = "UPDATE registration SET state = $2, office_id = $3, expires_at = $4, ended_at = $5 \
    WHERE registration_id = $1";

impl Case {
    /// Puts a registration where the race begins.
    pub async fn make(world: &World, stage: Stage, acts: [Act; 2]) -> Self {
        let context = &world.context;
        let (now, id) = (context.now(), context.random.uuid_v7(context.now()));
        let (device, pin) = (DeviceKey::generate(&context.random), PinKey::from_seed(&[1; 32]));
        let mut submitted = submitted();
        if stage == Stage::ByTwo {
            submitted.email = None;
        }
        let mut tx = context.db.write().await.unwrap();
        let address = email_index(&context.vault, submitted.email.as_ref());
        let new = store::registration::New {
            registration_id: id,
            device_thumbprint: &device.thumbprint(),
            nik_index: &nik_index(&context.vault, &submitted.nik),
            email_index: &address,
            sealed: &context.vault.seal_row(&context.random, "registration", id, &submitted).unwrap(),
            language: Language::Indonesian,
            terms_version: terms::VERSION,
            now,
            expires_at: now.plus_seconds(DAY),
        };
        store::registration::add(&mut tx, &new).await.unwrap();
        store::check::add(&mut tx, id, false, now).await.unwrap();
        let (state, generation): (State, i64) = match stage {
            Stage::Fresh => (State::NeedsSelfie, 0),
            Stage::Waiting | Stage::Unchecked | Stage::Taken | Stage::ByTwo => (State::AwaitingOfficer, 0),
            Stage::Returned => (State::NeedsCorrection, 0),
            Stage::Pending => (State::ApprovedPendingRegister, 0),
            Stage::Sent | Stage::UsedUp => (State::CodeSent, 1),
            Stage::Pin => (State::NeedsPin, 1),
            Stage::Ended => (State::Cancelled, 0),
        };
        let checked = !matches!(stage, Stage::Unchecked | Stage::Pending);
        let ends = if acts.contains(&Act::Expire) { now.plus_seconds(10) } else { now.plus_seconds(DAY) };
        let ended = (stage == Stage::Ended).then(|| now.plus_seconds(-DAY));
        let present = state == State::AwaitingOfficer || stage == Stage::Pending;
        execute!(&mut tx, PLACE, id, state, OFFICE, ends, ended).unwrap();
        store::visit::scan(&mut tx, id, 0, OFFICER.officer_id, now).await.unwrap().demand().unwrap();
        if !present {
            store::visit::end_presence(&mut tx, id).await.unwrap();
        }
        if stage != Stage::Fresh {
            store::selfie::put(&mut tx, id, &[1], now).await.unwrap();
        }
        if ended.is_some() {
            store::selfie::keep_until(&mut tx, id, now.plus_seconds(DAY)).await.unwrap();
        }
        if checked {
            let answer = Answer::Match(world.resident);
            store::check::finish(&mut tx, id, answer, now).await.unwrap().demand().unwrap();
            let sealed = context.vault.seal_row(&context.random, "registration_register_copy", id, &record()).unwrap();
            store::register_copy::put(&mut tx, id, &sealed, None).await.unwrap();
        }
        if state == State::AwaitingOfficer {
            store::visit::offer(&mut tx, id, NUMBER, COLLEAGUE.officer_id, now).await.unwrap();
        }
        let mut leased = None;
        if generation == 1 {
            world.prepare_holder(&mut tx).await;
            activation_code::store::add(&mut tx, id).await.unwrap();
            for _ in 0..if stage == Stage::UsedUp { 5 } else { 0 } {
                assert!(activation_code::store::count_try(&mut tx, id, 1, now).await.unwrap().is_some());
            }
            for _ in 0..2 {
                let kind = ACTIVATION_CODE;
                assert!(outbox::allow(&mut tx, kind, &address, now).await.unwrap().happened());
                outbox::enqueue(&mut tx, &context.random, now, kind, id).await.unwrap();
            }
            let mut mails = outbox::lease(&mut tx, &context.random, now, 9).await.unwrap();
            if acts.contains(&Act::HandOver) {
                leased = mails.pop();
            } else {
                activation_code::store::sent(&mut tx, id, now, now.plus_seconds(DAY)).await.unwrap();
            }
            for mail in mails {
                outbox::mark_sent(&mut tx, &mail, now).await.unwrap().demand().unwrap();
            }
        }
        if stage == Stage::Taken {
            world.make_holder(&mut tx).await;
        }
        tx.commit().await.unwrap();
        let version = match state {
            State::AwaitingOfficer => {
                world.registrations.reviews.view(OFFICER, id, Language::English).await.unwrap().version
            }
            _ => String::new(),
        };
        if stage == Stage::Taken {
            let mut tx = context.db.write().await.unwrap();
            world.registrations.releases.ask(&mut tx, OFFICER, id, &version, "Ponsel hilang").await.unwrap();
            tx.commit().await.unwrap();
        }
        if stage == Stage::ByTwo {
            let mut tx = context.db.write().await.unwrap();
            world.registrations.releases.ask_approval(&mut tx, OFFICER, id, &version, ("", None)).await.unwrap();
            tx.commit().await.unwrap();
        }
        let request = match stage {
            Stage::Taken | Stage::ByTwo => world.registrations.releases.asked(OFFICER, id).await.unwrap().version,
            _ => String::new(),
        };
        let (challenge, signature) = sign(&world.guard, &device, &pin, Purpose::Enrol);
        let enrolment = NewPinKey { pin_public_key: pin.public_text(), challenge, signature };
        let solution = || captcha::solve(&captcha::issue(&context.vault, &context.random, 5, 0, now).unwrap()).unwrap();
        let solutions = if acts.contains(&Act::EnterCode) { [solution(), solution()] } else { Default::default() };
        Self { stage, id, device, version, request, enrolment, solutions, leased }
    }
}

impl Act {
    /// Does it, as the act in place `slot` of a pair.
    pub async fn run(self, world: &World, case: &Case, slot: usize) -> Result<()> {
        let (context, id, now) = (&world.context, case.id, world.context.now());
        let (service, device) = (&world.registrations, &case.device.thumbprint());
        let is_grant = matches!(self, Self::Grant | Self::GrantApproval);
        let version = if is_grant { case.request.as_str() } else { case.version.as_str() };
        match self {
            Self::Register => {
                let person = submitted();
                let draft = Draft {
                    nik: person.nik.as_str().to_owned(),
                    full_name: format!("SITI RAHMA {}", ["A", "B"][slot]),
                    birth_date: person.birth_date.to_string(),
                    email: email(slot),
                    phone: phone(slot),
                    no_email: false,
                };
                service.submissions.register(device, &draft, terms::VERSION, true, Language::English).await.map(|_| ())
            }
            Self::Email => {
                let changes = Amendment { email: Some(email(slot)), ..Amendment::default() };
                service.submissions.amend(device, id, &changes).await.map(|_| ())
            }
            Self::Phone => {
                let changes = Amendment { phone: Some(phone(slot)), ..Amendment::default() };
                service.submissions.amend(device, id, &changes).await.map(|_| ())
            }
            Self::Selfie => service.submissions.put_selfie(device, id, address_of(device), selfie()).await.map(|_| ()),
            Self::Cancel => service.submissions.cancel(device, id).await.map(|_| ()),
            Self::Offer => {
                // Each resident from an address of their own, so that a client's share does not decide.
                let last: [u8; 4] = id.as_bytes()[12..].try_into().unwrap();
                service.visits.counter_scan(device, id, &world.counter_token, last.into()).await.map(|_| ())
            }
            Self::Resend => world.activation.codes.resend(device, id).await.map(|_| ()),
            Self::EnterCode => {
                let code = Redacted(ActivationCode::derive(&context.vault, id, 1)?.digits());
                world.activation.codes.enter(device, id, &code, Some(&case.solutions[slot])).await.map(|_| ())
            }
            Self::Enrol => world.activation.enrolments.enrol(device, id, &case.enrolment).await.map(|_| ()),
            Self::TryMatch => service.visits.try_match(COLLEAGUE, id, NUMBER).await,
            Self::HandOver => {
                // As the mail worker does it.
                let mut tx = context.db.write().await?;
                activation_code::ports::on_sent(&mut tx, id, now).await?;
                let leased = case.leased.as_ref().ok_or(Code::NotFound)?;
                outbox::mark_sent(&mut tx, leased, now).await?.or(Code::WrongState)?;
                Ok(tx.commit().await?)
            }
            Self::Check => service.checks.check_one(id).await.map(|_| ()),
            Self::Expire => world.late.sweep().await.map(|_| ()),
            Self::Forget => world.latest.sweep().await.map(|_| ()),
            _ => {
                let mut tx = context.db.write().await?;
                self.at_the_counter(service, &mut tx, (id, version), now.plus_seconds(1 + slot as i64)).await?;
                Ok(tx.commit().await?)
            }
        }
    }

    async fn at_the_counter(
        self,
        service: &Service,
        tx: &mut Tx,
        (id, version): (Uuid, &str),
        issued: Timestamp,
    ) -> Result<()> {
        match self {
            Self::Scan => service.visits.scan(tx, OFFICER, (id, issued)).await,
            Self::ScanElsewhere => service.visits.scan(tx, ELSEWHERE, (id, issued)).await,
            Self::Confirm => service.visits.confirm_match(tx, COLLEAGUE, id, NUMBER).await,
            Self::Approve => service.decisions.approve(tx, OFFICER, (id, version), "", None).await.map(|_| ()),
            Self::Return => {
                service
                    .decisions
                    .return_for_correction(
                        tx,
                        OFFICER,
                        (id, version),
                        State::NeedsCorrection,
                        ("Perbaiki", WhyNot::Other),
                        vec![],
                    )
                    .await
            }
            Self::Reject => {
                service.decisions.reject(tx, OFFICER, (id, version), ("Bukan orangnya", WhyNot::OtherPerson), "").await
            }
            Self::Ask => service.releases.ask(tx, OFFICER, id, version, "Ponsel hilang").await,
            Self::Grant => service.releases.grant(tx, COLLEAGUE, id, version).await.map(|_| ()),
            Self::AskApproval => service.releases.ask_approval(tx, OFFICER, id, version, ("", None)).await,
            Self::AskWaiver => service.releases.ask_waiver(tx, OFFICER, id, version, ("Wajah diperban", None)).await,
            Self::GrantApproval => {
                service.releases.grant_approval(tx, &service.decisions, COLLEAGUE, id, version).await.map(|_| ())
            }
            Self::Postpone => Ok(store::check::postpone(tx, id, issued).await?),
            other => unreachable!("{other:?} is no act of the counter"),
        }
    }
}

/// Each phone sends from an address of its own, so that none uses up another's share.
fn address_of(device: &[u8; 32]) -> std::net::IpAddr {
    let [a, b, c, d, ..] = *device;
    std::net::IpAddr::from([a, b, c, d])
}
