//! People for the tests of activation and wallet: a registration in any state, a holder with a device and a PIN.

use ikd::clock::{DAY, Timestamp};
use ikd::context::Context;
use ikd::device::client::{DeviceKey, PinKey};
use ikd::device::{Guard, Purpose};
use ikd::error::Language;
use ikd::holder::ports::{NewHolder, enrol};
use ikd::register::Date;
use ikd::registration::model::Submitted;
use ikd::registration::sealed::{email_index, nik_index};
use ikd::registration::{State, store};
use ikd::vault::Vault;
pub use support::record::siti_rahma as record;
use uuid::Uuid;

/// The resident behind every registration of these tests.
pub const RESIDENT: Uuid = Uuid::from_u128(0x51);

/// A registration that was approved for [`RESIDENT`], with one selfie.
pub async fn registration(context: &Context, device: &DeviceKey, state: State) -> Uuid {
    let id = context.random.uuid_v7(context.now());
    let submitted = Submitted {
        nik: "3171015708900001".parse().unwrap(),
        full_name: String::from("Siti Rahma").into(),
        birth_date: Date::parse("1990-08-17").unwrap(),
        email: Some(String::from("siti@example.id").into()),
        phone: String::from("+6281234567890").into(),
    };
    let now = context.now();
    let mut tx = context.db.write().await.unwrap();
    let new = store::registration::New {
        registration_id: id,
        device_thumbprint: &device.thumbprint(),
        nik_index: &nik_index(&context.vault, &submitted.nik),
        email_index: &email_index(&context.vault, submitted.email.as_ref()),
        sealed: &context.vault.seal_row(&context.random, "registration", id, &submitted).unwrap(),
        language: Language::Indonesian,
        terms_version: "1",
        now,
        expires_at: now.plus_seconds(7 * DAY),
    };
    store::registration::add(&mut tx, &new).await.unwrap();
    store::check::add(&mut tx, id, false, now).await.unwrap();
    set_state(&mut tx, id, state).await;
    let known = "UPDATE register_check SET resident_id = $2 WHERE registration_id = $1";
    ikd::execute!(&mut tx, known, id, RESIDENT).unwrap();
    if matches!(state, State::CodeSent | State::NeedsPin | State::Active) {
        ikd::activation_code::store::add(&mut tx, id).await.unwrap();
    }
    store::selfie::put(&mut tx, id, b"x", now).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Puts a registration into a state, whatever it was in.
pub async fn set_state(tx: &mut ikd::db::Tx, id: Uuid, state: State) {
    let put = "UPDATE registration SET state = $2, ended_at = CASE WHEN $3 = 1 THEN updated_at END WHERE registration_id = $1";
    assert_eq!(ikd::execute!(tx, put, id, state, i64::from(state.is_ended())).unwrap(), 1);
}

/// A holder with an active digital KTP.
pub struct Holder {
    /// The device.
    pub device: DeviceKey,
    /// The right PIN's key.
    pub pin: PinKey,
    /// Gives challenges.
    pub guard: Guard,
}

impl Holder {
    /// Makes one for [`RESIDENT`], with register record and portrait.
    pub async fn make(context: &Context) -> Self {
        Self::of(context, RESIDENT).await
    }

    /// Makes one for any resident.
    pub async fn of(context: &Context, resident: Uuid) -> Self {
        let (device, pin) = (DeviceKey::generate(&context.random), PinKey::from_seed(&[1; 32]));
        let mut tx = context.db.write().await.unwrap();
        let new = NewHolder {
            resident_id: resident,
            registration_id: Uuid::from_u128(1),
            device: device.thumbprint(),
            pin_public_key: pin.public().unwrap(),
            email: Some(String::from("siti@example.id").into()),
            language: Language::Indonesian,
            nik: record().nik,
        };
        enrol(context, &mut tx, &new, context.now()).await.unwrap();
        let sealed = context.vault.seal_row(&context.random, "holder_record", resident, &record()).unwrap();
        let insert = "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, $3)";
        ikd::execute!(&mut tx, insert, resident, sealed.as_slice(), context.now()).unwrap();
        let sealed = context.vault.seal_bytes(&context.random, "holder_portrait", resident, &portrait()).unwrap();
        let insert = "INSERT INTO holder_portrait (resident_id, sealed) VALUES ($1, $2)";
        ikd::execute!(&mut tx, insert, resident, sealed.as_slice()).unwrap();
        tx.commit().await.unwrap();
        Self { device, pin, guard: guard(context) }
    }

    /// A challenge and the signature of `pin` over it.
    pub fn attempt(&self, pin: &PinKey) -> (String, String) {
        sign(&self.guard, &self.device, pin, Purpose::Unlock)
    }
}

/// A challenge and its signature.
pub fn sign(guard: &Guard, device: &DeviceKey, pin: &PinKey, purpose: Purpose) -> (String, String) {
    let (challenge, _) = guard.challenge(&device.thumbprint()).unwrap();
    let signature = pin.sign(purpose, &challenge, &device.thumbprint()).unwrap();
    (challenge, signature)
}

/// The device guard of this context.
pub fn guard(context: &Context) -> Guard {
    let vault: Vault = context.vault.clone();
    Guard::new(vault, context.clock.clone(), context.random.clone(), &context.config.service.public_url)
}

/// A small JPEG.
pub fn portrait() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(60, 80, |x, y| image::Rgb([(x * 4) as u8, (y * 3) as u8, 90]));
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// One number of one row.
pub async fn number(context: &Context, sql: &'static str, id: Uuid) -> Option<i64> {
    let mut tx = context.db.read().await.unwrap();
    ikd::fetch_optional!(&mut tx, (Option<i64>,), sql, id).unwrap().and_then(|(value,)| value)
}

/// Moves the clock.
pub fn later(context: &Context, seconds: i64) -> Timestamp {
    context.clock.advance(seconds);
    context.now()
}
