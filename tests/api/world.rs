//! A whole node in this process with a stopped clock, seeded people, a real database and a real listener, and the
//! residents, officers and banks who use it over HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ikd::app::App;
use ikd::attribute::AttributeSet;
use ikd::config::Config;
use ikd::context::Context;
use ikd::counter::Role;
use ikd::counter::service::{add_office, add_officer};
use ikd::demo::client::{Answer, Bank, Officer, Resident};
use ikd::device::client::PinKey;
use ikd::keyring::Keyring;
use ikd::login::totp;
use ikd::mail::Mailbox;
use ikd::mail::mailbox::Letter;
use ikd::random::Random;
use ikd::register::generate::Generator;
use ikd::register::{Date, LocalRegister, NewRecord, RegisterRecord};
use ikd::verification::Purpose;
use ikd::web::server::Listener;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

/// Code of the office that exists from the beginning.
pub const OFFICE: &str = "UJI-01";
/// Name of the relying party that exists from the beginning; it is entitled to everything.
pub const BANK: &str = "Bank Uji";
pub const PASSWORD: &str = "kuda baterai staples";
const PEOPLE: usize = 24;

/// The node and its people.
pub struct World {
    /// The wired service.
    pub app: App,
    /// Database, clock, configuration.
    pub context: Context,
    /// Where it can be reached.
    pub base: String,
    /// The same as an address.
    pub address: SocketAddr,
    /// A client without any credentials.
    pub http: reqwest::Client,
    /// Randomness of the clients.
    pub random: Random,
    /// Residents who can register.
    pub people: Vec<RegisterRecord>,
    /// API key of [`BANK`].
    pub api_key: String,
    /// The present version of the terms.
    pub terms: String,
    generator: Generator,
    desk: OnceCell<Officer>,
    numbers: AtomicU64,
    stop: watch::Sender<bool>,
}

/// How an officer logs in.
pub struct LogIn {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Authenticator secret.
    pub secret: Vec<u8>,
}

/// A resident with a phone and a registration.
pub struct Applicant {
    /// The phone.
    pub client: Resident,
    /// What the register says.
    pub record: RegisterRecord,
    /// The registration.
    pub id: String,
    /// E-mail address.
    pub email: String,
}

impl Applicant {
    /// A path below the registration.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/registrations/{}{rest}", self.id)
    }

    /// The registration's id.
    pub fn uuid(&self) -> Uuid {
        self.id.parse().unwrap()
    }
}

impl World {
    /// Opens a node over the context with test settings: cheap captchas, no flood limit.
    pub async fn open(context: Context) -> Self {
        Self::open_with(context, |_| {}).await
    }

    /// The same with further settings.
    pub async fn open_with(context: Context, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*context.config).clone();
        config.limits.requests_per_second = 0;
        config.limits.presentations_per_minute = 0;
        config.captcha.max_number = 50;
        config.captcha.free_per_minute = 1_000_000;
        change(&mut config);
        let listener = Listener::bind("127.0.0.1:0", &config.http).await.unwrap();
        let address = listener.address().unwrap();
        let base = format!("http://{address}");
        config.service.public_url.clone_from(&base);
        let context = context.altered(|sources| sources.config = Arc::new(config));
        Keyring::init(&context).await.unwrap();
        let generator = Generator::new(2_026, Date::parse("2026-11-01").unwrap());
        let people = generator.first_eligible(PEOPLE, 200);
        let records = people.iter().map(|record| NewRecord { record: record.clone(), portrait: Some(portrait()) });
        LocalRegister::new(context.clone()).put(records.collect()).await.unwrap();
        add_office(&context, OFFICE, "Kantor Uji", "office").await.unwrap();
        let app = App::open(context.clone()).await.unwrap();
        let purposes = [purpose("open_account"), purpose("age_check")];
        let key = app.verification.parties().add(BANK, AttributeSet::FULL, &purposes).await.unwrap().1;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(listener.serve(app.router(), stopped));
        let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(60)).build().unwrap();
        let terms = http.get(format!("{base}/v1/terms")).send().await.unwrap().json::<Value>().await.unwrap();
        Self {
            app,
            context,
            base,
            address,
            http,
            random: Random::seeded(99),
            people,
            api_key: key.expose(),
            terms: terms["version"].as_str().unwrap().to_owned(),
            generator,
            desk: OnceCell::new(),
            numbers: AtomicU64::new(0),
            stop,
        }
    }

    /// Turns the clock.
    pub fn later(&self, seconds: i64) {
        self.context.clock.advance(seconds);
    }

    /// A number that was not given before.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    /// A new idempotency key.
    pub fn key(&self) -> String {
        format!("key-{}", self.number())
    }

    /// The first made-up resident from `from` on for whom `fits` holds; not in the register.
    pub fn somebody(&self, from: u64, fits: impl Fn(&RegisterRecord) -> bool) -> RegisterRecord {
        (from..from + 100_000)
            .filter_map(|index| self.generator.resident(index))
            .find(|record| record.nik.warnings(record.birth_date, record.sex).is_empty() && fits(record))
            .unwrap()
    }

    /// Puts residents into the register.
    pub async fn put(&self, records: Vec<RegisterRecord>) {
        let records = records.into_iter().map(|record| NewRecord { record, portrait: None }).collect();
        LocalRegister::new(self.context.clone()).put(records).await.unwrap();
    }

    /// A count, a code or another number of the database, by an id.
    pub async fn count(&self, sql: &'static str, id: Uuid) -> i64 {
        let mut tx = self.context.db.read().await.unwrap();
        ikd::fetch_one!(&mut tx, (i64,), sql, id).unwrap().0
    }

    /// Changes a row by its id behind the service's back.
    pub async fn change(&self, sql: &'static str, id: Uuid) {
        let mut tx = self.context.db.write().await.unwrap();
        assert_eq!(ikd::execute!(&mut tx, sql, id).unwrap(), 1, "{sql}");
        tx.commit().await.unwrap();
    }

    /// The id under which the register knows somebody.
    pub async fn resident_id(&self, record: &RegisterRecord) -> Uuid {
        LocalRegister::new(self.context.clone()).lookup(&record.nik).await.unwrap().unwrap().resident_id
    }

    /// A new phone.
    pub fn phone(&self) -> Resident {
        Resident::new(self.http.clone(), &self.base, &self.random)
    }

    /// The body of a registration.
    pub fn registration(&self, record: &RegisterRecord, email: &str) -> Value {
        json!({
            "nik": record.nik.as_str(), "full_name": record.full_name, "birth_date": record.birth_date.to_string(),
            "email": email, "phone": "0812 3456 7890", "terms": {"version": self.terms, "accepted": true},
        })
    }

    /// Registers from a new phone with any body.
    pub async fn register_body(&self, record: &RegisterRecord, body: &Value) -> Applicant {
        let client = self.phone();
        let answer = client.post("/v1/registrations", body).await.unwrap().expect(201).unwrap();
        let email = body["email"].as_str().unwrap().to_owned();
        Applicant { id: answer.text("registration_id").unwrap(), client, record: record.clone(), email }
    }

    /// Registers from a new phone.
    pub async fn register(&self, record: &RegisterRecord) -> Applicant {
        let email = format!("warga{}@example.id", self.number());
        self.register_body(record, &self.registration(record, &email)).await
    }

    /// Uploads a selfie.
    pub async fn selfie(&self, applicant: &Applicant, kind: &str, picture: &[u8]) -> Answer {
        let shape =
            |request: reqwest::RequestBuilder| request.header("Content-Type", kind.to_owned()).body(picture.to_vec());
        applicant.client.send(Method::PUT, &applicant.path("/selfie"), shape).await.unwrap()
    }

    /// Registered, with a selfie; the register has been asked.
    pub async fn waiting(&self, record: &RegisterRecord) -> Applicant {
        let applicant = self.register(record).await;
        self.ready(&applicant).await;
        applicant
    }

    /// Uploads the selfie of a registration and has the register asked.
    pub async fn ready(&self, applicant: &Applicant) {
        self.selfie(applicant, "image/jpeg", portrait_bytes()).await.expect(200).unwrap();
        self.app.registrations.check_due().await.unwrap();
    }

    /// Adds an officer to an office.
    pub async fn add_officer(&self, username: &str, office: &str) -> LogIn {
        self.add_person(username, office, Role::Officer).await
    }

    /// Adds somebody with a role to an office.
    pub async fn add_person(&self, username: &str, office: &str, role: Role) -> LogIn {
        let password = PASSWORD.to_owned();
        let redacted = password.clone().into();
        let new = add_officer(&self.context, office, username, "Petugas Uji", role, &redacted).await.unwrap();
        let secret = totp::from_base32(new.totp_secret.expose()).unwrap();
        LogIn { username: username.to_owned(), password, secret }
    }

    /// The body of a log-in now.
    pub fn log_in_body(&self, log_in: &LogIn) -> Value {
        let code = totp::code(&log_in.secret, self.context.now()).unwrap();
        json!({"username": log_in.username, "password": log_in.password, "totp": code})
    }

    /// Logs in; each code works once, so the clock must have moved by 30 s between two log-ins of one officer.
    pub async fn log_in(&self, log_in: &LogIn) -> Officer {
        let code = totp::code(&log_in.secret, self.context.now()).unwrap();
        Officer::log_in(self.http.clone(), &self.base, &log_in.username, &log_in.password, &code).await.unwrap()
    }

    /// Another officer of an office, logged in.
    pub async fn officer(&self, username: &str, office: &str) -> Officer {
        self.log_in(&self.add_officer(username, office).await).await
    }

    /// A supervisor of an office, logged in.
    pub async fn supervisor(&self, username: &str, office: &str) -> Officer {
        self.log_in(&self.add_person(username, office, Role::Supervisor).await).await
    }

    /// The officer of [`OFFICE`].
    pub async fn desk(&self) -> &Officer {
        self.desk.get_or_init(|| self.officer("petugas", OFFICE)).await
    }

    /// The text of an activation QR.
    pub async fn activation_token(&self, applicant: &Applicant) -> String {
        let answer = applicant.client.post(&applicant.path("/activation-token"), &json!({})).await.unwrap();
        answer.expect(200).unwrap().text("token").unwrap()
    }

    /// The officer scans the resident's QR.
    pub async fn scan(&self, officer: &Officer, applicant: &Applicant) -> Answer {
        let token = self.activation_token(applicant).await;
        officer.post("/v1/officer/scans", &json!({"token": token})).await.unwrap()
    }

    /// The officer looks, and approves what was there to see.
    pub async fn approve(&self, officer: &Officer, applicant: &Applicant) -> Answer {
        self.decide(officer, applicant, "approval", approval()).await
    }

    /// The officer looks, and decides on what was there to see.
    pub async fn decide(&self, officer: &Officer, applicant: &Applicant, act: &str, mut body: Value) -> Answer {
        let path = format!("/v1/officer/registrations/{}", applicant.id);
        let seen = officer.get(&path).await.unwrap();
        body["version"] = seen.json["version"].as_str().unwrap_or_default().into();
        officer.post(&format!("{path}/{act}"), &body).await.unwrap()
    }

    /// Approved and the mail delivered.
    pub async fn approved(&self, record: &RegisterRecord) -> Applicant {
        let applicant = self.waiting(record).await;
        self.scan(self.desk().await, &applicant).await.expect(200).unwrap();
        self.approve(self.desk().await, &applicant).await.expect(200).unwrap();
        self.app.deliver_mail().await.unwrap();
        applicant
    }

    /// All letters of the local mailbox.
    pub fn letters(&self) -> Vec<Letter> {
        Mailbox::create(self.context.config.mail.directory.clone()).unwrap().list(10_000).unwrap()
    }

    /// How many letters an address got.
    pub fn letters_to(&self, email: &str) -> usize {
        self.letters().iter().filter(|letter| letter.to.eq_ignore_ascii_case(email)).count()
    }

    /// The code of the newest letter about a registration.
    pub fn code(&self, applicant: &Applicant) -> String {
        code_in(self.letters().iter().map(|letter| letter.text.as_str()), &applicant.id).unwrap()
    }

    /// Enters a code with a fresh captcha.
    pub async fn enter(&self, applicant: &Applicant, code: &str) -> Answer {
        let captcha = applicant.client.captcha().await.unwrap();
        let body = json!({"code": code, "captcha": captcha});
        applicant.client.post(&applicant.path("/activation-code"), &body).await.unwrap()
    }

    /// All the way: active and unlocked.
    pub async fn active(&self, record: &RegisterRecord) -> Applicant {
        let mut applicant = self.approved(record).await;
        self.activate(&mut applicant).await;
        applicant
    }

    /// From `code_sent` to an unlocked wallet.
    pub async fn activate(&self, applicant: &mut Applicant) {
        self.enter(applicant, &self.code(applicant)).await.expect(200).unwrap();
        let id = applicant.id.clone();
        applicant.client.enrol(&id, pin_key(&applicant.record)).await.unwrap().expect(201).unwrap();
        applicant.client.unlock().await.unwrap().expect(200).unwrap();
    }

    /// The text of a presentation QR.
    pub async fn present(&self, applicant: &Applicant, share: &str) -> String {
        let answer = applicant.client.post("/v1/me/presentations", &json!({"share": share})).await.unwrap();
        answer.expect(200).unwrap().text("token").unwrap()
    }

    /// The state of a registration as its own phone sees it.
    pub async fn state(&self, applicant: &Applicant) -> String {
        applicant.client.get(&applicant.path("")).await.unwrap().expect(200).unwrap().text("state").unwrap()
    }

    /// The relying party.
    pub fn bank(&self) -> Bank {
        Bank::new(self.http.clone(), &self.base, &self.api_key)
    }

    /// The relying party asks with a new key; the answer's `reason`, or its `result` when there is none.
    pub async fn verify(&self, token: &str) -> String {
        let answer = self.bank().verify(token, "open_account", &self.key()).await.unwrap().expect(200).unwrap();
        verdict(&answer)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// `valid`, or the reason why not.
pub fn verdict(answer: &Answer) -> String {
    let reason = answer.json["reason"].as_str().or(answer.json["result"].as_str());
    reason.unwrap_or_else(|| panic!("no verdict: {} {}", answer.status, answer.json)).to_owned()
}

/// A body that approves.
pub fn approval() -> Value {
    json!({"version": "", "checks": {"face": true, "document": true, "data": true}, "note": "uji"})
}

/// A PIN key that stands for the PIN that this person would have set; deriving one takes too long for every test.
pub fn pin_key(record: &RegisterRecord) -> PinKey {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(record.nik.as_str().as_bytes());
    PinKey::from_seed(&seed)
}

/// A purpose.
pub fn purpose(code: &str) -> Purpose {
    Purpose { code: code.to_owned(), text_id: format!("Tujuan {code}"), text_en: format!("Purpose {code}") }
}

/// The code in the first of `texts` that has one for this registration: the link in a mail is `…/aktivasi#<id>.<code>`.
pub fn code_in<'a>(texts: impl IntoIterator<Item = &'a str>, id: &str) -> Option<String> {
    texts.into_iter().find_map(|text| {
        let (_, rest) = text.split_once(&format!("#{id}."))?;
        Some(rest.chars().take_while(char::is_ascii_digit).collect())
    })
}

/// A small JPEG that passes as a selfie.
pub fn portrait_bytes() -> &'static [u8] {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    PICTURE.get_or_init(|| {
        let picture = image::RgbImage::from_fn(240, 320, |x, y| image::Rgb([x as u8, (y / 2) as u8, 120]));
        let mut out = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
        out.into_inner()
    })
}

fn portrait() -> Vec<u8> {
    portrait_bytes().to_vec()
}
