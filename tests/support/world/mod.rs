//! One world for all black-box tests: the residents, officers and banks who use the service over HTTP, and its host, which differs.
//!
//! [`InProcess`] is a node in the test's own process with a clock that stands; [`Program`] is the program itself, as many nodes
//! as a test starts; [`Holders`] is a database that holders were written into. Each is a constructor of [`World`], and all but
//! those whose database the test brings take the [`crate::Engine`].

mod holders;
mod in_process;
mod people;
mod program;

pub use holders::{Holders, outcome};
pub use in_process::{BANK, InProcess, NAMED, OFFICE, PASSWORD, purpose};
pub use people::{Applicant, LogIn, Person, Registrant, approval, code_in, pin_key, portrait_bytes};
pub use program::Program;

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use ikd::clock::{Clock, Timestamp};
use ikd::device::client::PinKey;
use ikd::random::Random;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::answer::Answer;
use crate::client::{Bank, Officer, Request, Resident};
use crate::until;

/// The service and its people.
pub struct World<H = InProcess> {
    host: H,
    /// A client without any credentials.
    pub http: reqwest::Client,
    /// Randomness of the clients.
    pub random: Random,
    terms: OnceCell<String>,
    numbers: AtomicU64,
}

/// What serves a world.
#[allow(async_fn_in_trait, reason = "tests run these on the spot")]
pub trait Host {
    /// Whether whoever registers has to solve a captcha.
    const CAPTCHA: bool;

    /// The URL that devices use, whichever node answers.
    fn public_url(&self) -> &str;

    /// The clock that the service goes by.
    fn clock(&self) -> Clock;

    /// The time by that.
    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The texts of all letters that were sent.
    fn letter_texts(&self) -> Vec<String>;

    /// Has the register answer what waits for it, where nothing does that by itself.
    async fn ask_register(&self) {}

    /// Sends the mail that waits, where nothing does that by itself.
    async fn send_mail(&self) {}
}

impl<H> Deref for World<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.host
    }
}

impl<H> World<H> {
    /// Whatever serves it.
    pub fn around(host: H, random: Random) -> Self {
        Self { host, http: crate::http(), random, terms: OnceCell::new(), numbers: AtomicU64::new(0) }
    }

    /// A number that was not given before.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    /// A new idempotency key.
    pub fn key(&self) -> String {
        format!("key-{}", self.number())
    }

    /// A relying party that asks at this node.
    pub fn bank_at(&self, base: &str, api_key: &str) -> Bank {
        Bank::new(self.http.clone(), base, api_key)
    }
}

impl<H: Host> World<H> {
    /// A new phone whose requests go to these nodes in turn.
    pub fn phone_at(&self, nodes: &[&str]) -> Resident {
        let nodes: Vec<String> = nodes.iter().map(|&base| base.to_owned()).collect();
        Resident::behind(self.http.clone(), self.public_url(), &nodes, &self.random)
    }

    /// Logs in at a node; each code works once, so 30 s must lie between two log-ins of one officer. Whoever a command added chooses
    /// secrets of their own, which nobody keeps: they log in once.
    pub async fn log_in_at(&self, base: &str, log_in: &LogIn) -> Officer {
        let officer = log_in.officer(self.http.clone(), base, &self.clock()).await;
        officer.settle(&self.clock()).await;
        officer
    }

    /// The body of a log-in now. Where the clock runs, wait for [`in_good_time`](ikd::login::totp::in_good_time) before.
    pub fn log_in_body(&self, log_in: &LogIn) -> Value {
        json!({"username": log_in.username, "password": log_in.password, "totp": log_in.code(self.now())})
    }

    /// The body of a registration on the present terms, once somebody has read them.
    pub fn registration(&self, person: &impl Registrant, email: &str) -> Value {
        json!({
            "nik": person.nik(), "full_name": person.full_name(), "birth_date": person.birth_date(), "email": email,
            "phone": "0812 3456 7890", "terms": {"version": self.terms.get().expect("nobody read the terms"), "accepted": true},
        })
    }

    /// Reads the version of the terms, where that was not done yet.
    pub async fn read_terms(&self, phone: &Resident) -> &str {
        self.terms.get_or_init(async || phone.get("/v1/terms").await.expect(200).text("version")).await
    }

    /// Registers from a phone.
    pub async fn register_from(&self, phone: Resident, person: &impl Registrant, email: &str) -> Applicant {
        self.read_terms(&phone).await;
        let mut body = self.registration(person, email);
        if H::CAPTCHA {
            body["captcha"] = phone.captcha().await.into();
        }
        self.submit(phone, person, &body).await
    }

    /// Registers from a phone with any body.
    pub async fn submit(&self, phone: Resident, person: &impl Registrant, body: &Value) -> Applicant {
        let answer = phone.post("/v1/registrations", body).await.expect(201);
        assert_eq!(answer.json["state"], "needs_selfie");
        let email = body["email"].as_str().unwrap_or_default().to_owned();
        Applicant { id: answer.text("registration_id"), client: phone, record: Person::from(person), email }
    }

    /// Uploads a selfie.
    pub async fn selfie(&self, applicant: &Applicant, kind: &str, picture: &[u8]) -> Answer {
        let shape =
            |request: reqwest::RequestBuilder| request.header("Content-Type", kind.to_owned()).body(picture.to_vec());
        applicant.client.send(Method::PUT, &applicant.path("/selfie"), shape).await
    }

    /// Uploads the selfie of a registration and has the register asked.
    pub async fn ready(&self, applicant: &Applicant) {
        let answer = self.selfie(applicant, "image/jpeg", portrait_bytes()).await.expect(200);
        assert_eq!(answer.json["state"], "awaiting_officer");
        self.ask_register().await;
    }

    /// Registered from a phone, with a selfie; the register has been, or is being, asked.
    pub async fn waiting_from(&self, phone: Resident, person: &impl Registrant, email: &str) -> Applicant {
        let applicant = self.register_from(phone, person, email).await;
        self.ready(&applicant).await;
        applicant
    }

    /// The text of an activation QR.
    pub async fn activation_token(&self, applicant: &Applicant) -> String {
        applicant.client.post(&applicant.path("/activation-token"), &json!({})).await.expect(200).text("token")
    }

    /// The officer scans the resident's QR.
    pub async fn scan(&self, officer: &Officer, applicant: &Applicant) -> Answer {
        let token = self.activation_token(applicant).await;
        officer.post("/v1/officer/scans", &json!({"token": token})).await
    }

    /// The officer looks, and approves what was there to see.
    pub async fn approve(&self, officer: &Officer, applicant: &Applicant) -> Answer {
        self.decide(officer, applicant, "approval", &approval()).await
    }

    /// The officer looks, and decides on what was there to see.
    pub async fn decide(&self, officer: &Officer, applicant: &Applicant, act: &str, body: &Value) -> Answer {
        self.decide_on(officer, &applicant.id, act, body).await
    }

    /// The same by the registration's id alone.
    pub async fn decide_on(&self, officer: &Officer, id: &str, act: &str, body: &Value) -> Answer {
        let path = format!("/v1/officer/registrations/{id}");
        let seen = officer.get(&path).await;
        let mut body = body.clone();
        // Whoever may not see it names no version that counts.
        body["version"] = seen.json["version"].as_str().unwrap_or("0").into();
        officer.post(&format!("{path}/{act}"), &body).await
    }

    /// The visit at the counter: scan, the register's answer, approval. The code is on its way after it.
    pub async fn visit(&self, officer: &Officer, applicant: &Applicant) {
        self.scan(officer, applicant).await.expect(200);
        until("the register has answered", 10, async || {
            let answer = officer.get(&format!("/v1/officer/registrations/{}", applicant.id)).await.expect(200);
            (answer.json["check_result"] == "match").then_some(())
        })
        .await;
        assert_eq!(self.approve(officer, applicant).await.expect(200).json["state"], "code_sent");
        self.send_mail().await;
    }

    /// The code in the letter about a registration, waited for where mail takes its time.
    pub async fn code_sent(&self, applicant: &Applicant) -> String {
        until("the mail with the code", 20, async || self.code_that_came(applicant)).await
    }

    /// The code in the letter about a registration, which is there.
    pub fn code(&self, applicant: &Applicant) -> String {
        self.code_that_came(applicant).expect("no letter has a code for this registration")
    }

    fn code_that_came(&self, applicant: &Applicant) -> Option<String> {
        self.letter_texts().iter().find_map(|text| code_in(text, &applicant.id))
    }

    /// Enters a code with a fresh captcha.
    pub async fn enter(&self, applicant: &Applicant, code: &str) -> Answer {
        let captcha = applicant.client.captcha().await;
        let body = json!({"code": code, "captcha": captcha});
        applicant.client.post(&applicant.path("/activation-code"), &body).await
    }

    /// From `code_sent` to an unlocked wallet, with the key of [`pin_key`].
    pub async fn activate(&self, applicant: &mut Applicant) -> Answer {
        let key = pin_key(&applicant.record);
        self.activate_with(applicant, key).await
    }

    /// The same with any PIN key; gives the answer to unlocking.
    pub async fn activate_with(&self, applicant: &mut Applicant, key: PinKey) -> Answer {
        let code = self.code_sent(applicant).await;
        assert_eq!(self.enter(applicant, &code).await.expect(200).json["state"], "needs_pin");
        let id = applicant.id.clone();
        assert_eq!(applicant.client.enrol(&id, key).await.expect(201).json["state"], "active");
        applicant.client.unlock().await.expect(200)
    }

    /// The text of a presentation QR.
    pub async fn present(&self, applicant: &Applicant, share: &str) -> String {
        applicant.client.post("/v1/me/presentations", &json!({"share": share})).await.expect(200).text("token")
    }

    /// A relying party asks with a new key; `valid`, or the reason why not.
    pub async fn verdict_of(&self, bank: &Bank, token: &str) -> String {
        bank.verify(token, "open_account", &self.key()).await.expect(200).verdict()
    }

    /// The state of a registration as its own phone sees it.
    pub async fn state(&self, applicant: &Applicant) -> String {
        applicant.client.get(&applicant.path("")).await.expect(200).text("state")
    }

    /// A request of anybody to a node.
    pub fn request_at(&self, base: &str, method: Method, path: &str) -> Request {
        Request::new(&self.http, method, base, path)
    }
}
