//! A whole node in the test's process: a stopped clock, seeded people, a real database and a real listener.

use std::net::SocketAddr;
use std::sync::Arc;

use ikd::app::App;
use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::config::Config;
use ikd::context::Context;
use ikd::keyring::Keyring;
use ikd::mail::Mailbox;
use ikd::mail::mailbox::Letter;
use ikd::office::{Kind, Offices};
use ikd::random::Random;
use ikd::register::generate::Generator;
use ikd::register::{Date, Heard, LocalRegister, NewRecord, RegisterRecord};
use ikd::relying_party::Purpose;
use ikd::staff::{Accounts, Post, Role};
use ikd::web::server::Listener;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Applicant, Host, LogIn, Registrant, World, portrait_bytes};
use crate::Engine;
use crate::client::{Bank, Officer, Request, Resident};

/// Code of the office that exists from the beginning.
pub const OFFICE: &str = "UJI-01";
/// Name of the relying party that exists from the beginning; it is entitled to everything.
pub const BANK: &str = "Bank Uji";
/// What officers of this world log in with.
pub const PASSWORD: &str = "kuda baterai staples";
/// A public address with a name in the place of a number: a test's change of the configuration may ask for it.
pub const NAMED: &str = "http://localhost";
const PEOPLE: usize = 24;

/// The node.
pub struct InProcess {
    /// The wired service; not on the stack of a test, which it would half fill.
    pub app: Box<App>,
    /// Database, clock, configuration.
    pub context: Context,
    /// Where it can be reached.
    pub base: String,
    /// The same as an address.
    pub address: SocketAddr,
    /// Residents who can register.
    pub people: Vec<RegisterRecord>,
    /// API key of [`BANK`].
    pub api_key: String,
    generator: Generator,
    desk: OnceCell<Officer>,
    stop: CancellationToken,
    /// The files of a world that was given no context.
    _folder: Option<tempfile::TempDir>,
}

impl Host for InProcess {
    const CAPTCHA: bool = false;

    fn public_url(&self) -> &str {
        &self.context.config.service.public_url
    }

    fn clock(&self) -> Clock {
        self.context.clock.clone()
    }

    fn letter_texts(&self) -> Vec<String> {
        self.letters().into_iter().map(|letter| letter.text).collect()
    }

    async fn ask_register(&self) {
        self.app.registrations.checks.check_due().await.unwrap();
    }

    async fn send_mail(&self) {
        self.app.deliver_mail().await.unwrap();
    }
}

impl InProcess {
    async fn open(context: Context, change: impl FnOnce(&mut Config), folder: Option<tempfile::TempDir>) -> Self {
        let mut config = (*context.config).clone();
        config.limits.requests_per_second = 0;
        config.limits.presentations_per_minute = 0;
        config.captcha.max_number = 50;
        config.captcha.free_per_minute = 1_000_000;
        change(&mut config);
        let listener = Listener::bind("127.0.0.1:0", &config.http).await.unwrap();
        let address = listener.address().unwrap();
        let base = format!("http://{address}");
        // Passkeys are bound to a name; a test that needs one asks for it.
        let named = config.service.public_url == NAMED;
        config.service.public_url = if named { format!("{NAMED}:{}", address.port()) } else { base.clone() };
        let context = context.altered(|sources| sources.config = Arc::new(config));
        Keyring::init(&context).await.unwrap();
        let generator = Generator::new(2_026, Date::parse("2026-11-01").unwrap());
        let people = generator.first_eligible(PEOPLE, 200);
        let portrait = || Some(portrait_bytes().to_vec());
        let records = people.iter().map(|record| NewRecord { record: record.clone(), portrait: portrait() });
        LocalRegister::new(context.clone()).put(records.collect()).await.unwrap();
        Offices::new(context.clone()).add(OFFICE, "Kantor Uji", Kind::Dinas).await.unwrap();
        let app = Box::new(App::open(context.clone()).await.unwrap());
        let purposes = [purpose("open_account"), purpose("age_check")];
        let api_key = app.relying_parties.add(BANK, AttributeSet::FULL, &purposes).await.unwrap().1.expose();
        let stop = CancellationToken::new();
        tokio::spawn(listener.serve(app.router(), stop.clone()));
        let desk = OnceCell::new();
        Self { app, context, base, address, people, api_key, generator, desk, stop, _folder: folder }
    }

    /// Another node over the same database; gives where it can be reached.
    pub async fn another_node(&self) -> String {
        let listener = Listener::bind("127.0.0.1:0", &self.context.config.http).await.unwrap();
        let base = format!("http://{}", listener.address().unwrap());
        let app = App::open(self.context.clone()).await.unwrap();
        tokio::spawn(listener.serve(app.router(), self.stop.clone()));
        base
    }

    /// All letters of the local mailbox.
    pub fn letters(&self) -> Vec<Letter> {
        Mailbox::create(self.context.config.mail.directory.clone()).unwrap().list(10_000).unwrap()
    }

    /// How many letters an address got.
    pub fn letters_to(&self, email: &str) -> usize {
        self.letters().iter().filter(|letter| letter.to.eq_ignore_ascii_case(email)).count()
    }

    /// Turns the clock.
    pub fn later(&self, seconds: i64) {
        self.context.clock.advance(seconds);
    }

    /// The first made-up resident from `from` on for whom `fits` holds; not in the register.
    pub fn somebody(&self, from: u64, fits: impl Fn(&RegisterRecord) -> bool) -> RegisterRecord {
        (from..from + 100_000)
            .filter_map(|index| self.generator.resident(index))
            .find(|record| record.nik.warnings(record.birth_date, record.sex).is_empty() && fits(record))
            .unwrap()
    }

    /// The register, whose word reaches digital KTPs as that of the commands does.
    pub fn population_register(&self) -> LocalRegister {
        LocalRegister::new(self.context.clone()).telling(ikd::app::listeners(&self.context))
    }

    /// Puts residents into the register; what that meant for digital KTPs.
    pub async fn put(&self, records: Vec<RegisterRecord>) -> Heard {
        let records = records.into_iter().map(|record| NewRecord { record, portrait: None }).collect();
        self.population_register().put(records).await.unwrap()
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
    pub async fn resident_id(&self, person: &impl Registrant) -> Uuid {
        let nik = person.nik().parse().unwrap();
        LocalRegister::new(self.context.clone()).lookup(&nik).await.unwrap().unwrap().resident_id
    }

    /// The same, by the NIK.
    pub async fn resident_id_of(&self, nik: &str) -> Uuid {
        LocalRegister::new(self.context.clone()).lookup(&nik.parse().unwrap()).await.unwrap().unwrap().resident_id
    }

    /// The accounts of everybody who logs in, who have chosen their secrets.
    pub fn accounts(&self) -> Accounts {
        Accounts::of_invented(self.context.clone())
    }

    /// The accounts as commands use them: whose secrets are made there has to choose others.
    pub fn commands(&self) -> Accounts {
        Accounts::new(self.context.clone())
    }

    /// Adds an officer to an office.
    pub async fn add_officer(&self, username: &str, office: &str) -> LogIn {
        self.add_person(username, office, Role::Officer).await
    }

    /// Adds somebody with a role to an office.
    pub async fn add_person(&self, username: &str, office: &str, role: Role) -> LogIn {
        let password = PASSWORD.to_owned();
        let redacted = password.clone().into();
        let post = Post::Office(office, role);
        let new = self.accounts().add(post, username, "Petugas Uji", Some(redacted)).await.unwrap();
        LogIn { username: username.to_owned(), password, totp_secret: new.totp.secret.expose().clone() }
    }

    /// Adds an employee of [`BANK`], who checks in a browser.
    pub async fn add_employee(&self, username: &str) -> LogIn {
        let new = self.accounts().add(Post::RelyingParty(BANK), username, "Pegawai Uji", None).await.unwrap();
        let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
        LogIn { username: username.to_owned(), password, totp_secret }
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    /// Opens a node over the context with test settings: cheap captchas, no flood limit.
    pub async fn open(context: Context) -> Self {
        Self::open_with(context, |_| {}).await
    }

    /// The same with further settings.
    pub async fn open_with(context: Context, change: impl FnOnce(&mut Config)) -> Self {
        Self::ready_for_people(InProcess::open(context, change, None).await).await
    }

    /// Opens a node on an engine, with files of its own.
    pub async fn on(engine: Engine) -> Self {
        Self::on_with(engine, |_| {}).await
    }

    /// The same with further settings.
    pub async fn on_with(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let context = crate::context(engine, folder.path()).await;
        Self::ready_for_people(InProcess::open(context, change, Some(folder)).await).await
    }

    async fn ready_for_people(host: InProcess) -> Self {
        let world = Self::around(host, Random::seeded(99));
        world.read_terms(&world.phone()).await;
        world
    }

    /// A new phone.
    pub fn phone(&self) -> Resident {
        self.phone_at(&[&self.base])
    }

    /// A request of anybody.
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.request_at(&self.base, method, path)
    }

    /// A `GET` of anybody.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A `POST` of anybody.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Registers from a new phone with any body.
    pub async fn register_body(&self, person: &impl Registrant, body: &Value) -> Applicant {
        self.submit(self.phone(), person, body).await
    }

    /// Registers from a new phone.
    pub async fn register(&self, person: &impl Registrant) -> Applicant {
        let email = format!("warga{}@example.id", self.number());
        self.register_from(self.phone(), person, &email).await
    }

    /// Registered, with a selfie; the register has been asked.
    pub async fn waiting(&self, person: &impl Registrant) -> Applicant {
        let applicant = self.register(person).await;
        self.ready(&applicant).await;
        applicant
    }

    /// Approved and the mail delivered.
    pub async fn approved(&self, person: &impl Registrant) -> Applicant {
        let applicant = self.waiting(person).await;
        self.scan(self.desk().await, &applicant).await.expect(200);
        self.approve(self.desk().await, &applicant).await.expect(200);
        self.send_mail().await;
        applicant
    }

    /// All the way: active and unlocked.
    pub async fn active(&self, person: &impl Registrant) -> Applicant {
        let mut applicant = self.approved(person).await;
        self.activate(&mut applicant).await;
        // The notice of it.
        self.send_mail().await;
        applicant
    }

    /// Logs in; each code works once, so the clock must have moved by 30 s between two log-ins of one officer.
    pub async fn log_in(&self, log_in: &LogIn) -> Officer {
        log_in.officer(self.http.clone(), &self.base, &self.clock()).await
    }

    /// Another officer of an office, logged in.
    pub async fn officer(&self, username: &str, office: &str) -> Officer {
        self.log_in(&self.add_officer(username, office).await).await
    }

    /// A supervisor of an office, logged in.
    pub async fn supervisor(&self, username: &str, office: &str) -> Officer {
        self.log_in(&self.add_person(username, office, Role::Supervisor).await).await
    }

    /// The head of an office, logged in.
    pub async fn head(&self, username: &str, office: &str) -> Officer {
        self.log_in(&self.add_person(username, office, Role::Head).await).await
    }

    /// The officer of [`OFFICE`].
    pub async fn desk(&self) -> &Officer {
        self.desk.get_or_init(|| self.officer("petugas", OFFICE)).await
    }

    /// Another employee of [`BANK`], logged in; gives the session's cookie.
    pub async fn teller(&self, username: &str) -> String {
        let body = self.log_in_body(&self.add_employee(username).await);
        self.post("/v1/teller/sessions").json(&body).send().await.expect(201).cookie.unwrap()
    }

    /// An administrator of [`BANK`], logged in; gives the session's cookie.
    pub async fn party_administrator(&self, username: &str) -> String {
        let new =
            self.accounts().add(Post::PartyAdministrator(BANK), username, "Administrator Uji", None).await.unwrap();
        let (password, totp_secret) = (new.password.expose().clone(), new.totp.secret.expose().clone());
        let body = self.log_in_body(&LogIn { username: username.to_owned(), password, totp_secret });
        self.post("/v1/teller/sessions").json(&body).send().await.expect(201).cookie.unwrap()
    }

    /// The relying party.
    pub fn bank(&self) -> Bank {
        self.bank_at(&self.base, &self.api_key)
    }

    /// The relying party asks with a new key; `valid`, or the reason why not.
    pub async fn verify(&self, token: &str) -> String {
        self.verdict_of(&self.bank(), token).await
    }
}

/// A purpose.
pub fn purpose(code: &str) -> Purpose {
    Purpose { code: code.to_owned(), text_id: format!("Tujuan {code}"), text_en: format!("Purpose {code}") }
}
