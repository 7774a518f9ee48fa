//! Residents, an officer and a bank, set up through the command line and driven over HTTP.

use std::io::Cursor;
use std::time::Duration;

use ikd::clock::Clock;
use ikd::demo::client::{Answer, Bank, Officer, Resident};
use ikd::device::client::PinKey;
use ikd::login::totp;
use ikd::random::Random;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{PUBLIC, World, until};
use support::smtp::Received;

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

pub fn random() -> Random {
    Random::system()
}

pub fn new_key() -> String {
    random().uuid_v7(Clock::System.now()).to_string()
}

/// What the operator sets up before the first day.
pub struct Cast {
    /// As `register generate --show` prints them.
    pub residents: Vec<Value>,
    pub officer: LogIn,
    pub api_key: String,
    pub key_id: String,
}

pub struct LogIn {
    pub username: String,
    pub password: String,
    pub totp_secret: String,
}

impl LogIn {
    pub fn read(answer: &Value) -> Self {
        let member = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { username: member("username"), password: member("password"), totp_secret: member("totp_secret") }
    }

    pub async fn log_in(&self, base: &str) -> Officer {
        let secret = totp::from_base32(&self.totp_secret).unwrap();
        let code = totp::code(&secret, Clock::System.now()).unwrap();
        Officer::log_in(http(), base, &self.username, &self.password, &code).await.unwrap()
    }
}

/// Office, officer, bank and a register of 20, all through the command line.
pub async fn cast(world: &World, show: usize) -> Cast {
    world.json(&["office", "add", "UJI-01", "Dukcapil Uji"]).await;
    let words = ["officer", "add", "petugas", "Petugas Uji", "--office", "UJI-01", "--generate-password"];
    let officer = world.json(&words).await;
    let show = show.to_string();
    let made = world.json(&["register", "generate", "--count", "20", "--portraits", "--show", &show]).await;
    assert_eq!(made["written"], 20);
    let purpose = "open_account=Membuka rekening|Opening an account";
    let party = world.json(&["relying-party", "add", "Bank Uji", "--attributes", "full", "--purpose", purpose]).await;
    let member = |name: &str| party[name].as_str().unwrap().to_owned();
    Cast {
        residents: made["residents"].as_array().unwrap().clone(),
        officer: LogIn::read(&officer),
        api_key: member("api_key"),
        key_id: member("key_id"),
    }
}

impl Cast {
    pub fn bank(&self, base: &str) -> Bank {
        Bank::new(http(), base, &self.api_key)
    }
}

/// A phone whose requests go to the nodes in turn.
pub fn phone(nodes: &[&str]) -> Resident {
    let nodes: Vec<String> = nodes.iter().map(|&base| base.to_owned()).collect();
    Resident::behind(http(), PUBLIC, &nodes, &random())
}

/// Any picture of a permitted size.
pub fn selfie() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(480, 640, |x, y| image::Rgb([(x / 2) as u8, (y / 3) as u8, 120]));
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// Registers and hands in a selfie; gives the registration's id.
pub async fn register(phone: &Resident, person: &Value, email: &str) -> String {
    let terms = phone.get("/v1/terms").await.unwrap().expect(200).unwrap().text("version").unwrap();
    let body = json!({
        "nik": person["nik"], "full_name": person["full_name"], "birth_date": person["birth_date"],
        "email": email, "phone": "0812 3456 7890", "terms": {"version": terms, "accepted": true}, "locale": "id",
        "captcha": phone.captcha().await.unwrap(),
    });
    let answer = phone.post("/v1/registrations", &body).await.unwrap().expect(201).unwrap();
    assert_eq!(answer.json["state"], "needs_selfie");
    let id = answer.text("registration_id").unwrap();
    let picture = selfie();
    let answer = phone
        .send(Method::PUT, &format!("/v1/registrations/{id}/selfie"), |request| {
            request.header("Content-Type", "image/jpeg").body(picture.clone())
        })
        .await
        .unwrap();
    assert_eq!(answer.expect(200).unwrap().json["state"], "awaiting_officer");
    id
}

/// The officer scans the resident's QR.
pub async fn scan(phone: &Resident, officer: &Officer, id: &str) {
    let path = format!("/v1/registrations/{id}/activation-token");
    let token = phone.post(&path, &json!({})).await.unwrap().expect(200).unwrap().text("token").unwrap();
    officer.post("/v1/officer/scans", &json!({"token": token})).await.unwrap().expect(200).unwrap();
}

/// Approves; gives the state after it.
pub async fn approve(officer: &Officer, id: &str) -> String {
    let path = format!("/v1/officer/registrations/{id}");
    let version = officer.get(&path).await.unwrap().expect(200).unwrap().text("version").unwrap();
    let checks = json!({"face": true, "document": true, "data": true});
    let body = json!({"version": version, "checks": checks, "note": "uji"});
    officer.post(&format!("{path}/approval"), &body).await.unwrap().expect(200).unwrap().text("state").unwrap()
}

/// The visit at the counter: scan, the register's answer, approval; the code is on its way after it.
pub async fn visit(phone: &Resident, officer: &Officer, id: &str) {
    scan(phone, officer, id).await;
    until("the register has answered", 10, async || {
        let answer = officer.get(&format!("/v1/officer/registrations/{id}")).await.unwrap().expect(200).unwrap();
        (answer.json["check_result"] == "match").then_some(())
    })
    .await;
    assert_eq!(approve(officer, id).await, "code_sent");
}

/// The message with the link of this registration, and the code that it carries.
pub async fn letter(world: &World, id: &str) -> (Received, String) {
    until("the mail with the code", 20, async || {
        world.mail.received().into_iter().find_map(|letter| {
            let code = code_in(&letter.message, id)?;
            Some((letter, code))
        })
    })
    .await
}

/// The code in the link `…/aktivasi#<registration>.<code>` of a message.
pub fn code_in(message: &str, id: &str) -> Option<String> {
    // Soft line breaks of quoted-printable (RFC 2045 §6.7).
    let text = message.replace("=\r\n", "").replace("=\n", "");
    let (_, rest) = text.split_once(&format!("#{id}."))?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

/// Enters the code, sets a PIN key and unlocks.
pub async fn activate(phone: &mut Resident, id: &str, code: &str) -> Answer {
    activate_with(phone, id, code, PinKey::from_seed(&random().bytes())).await
}

pub async fn activate_with(phone: &mut Resident, id: &str, code: &str, key: PinKey) -> Answer {
    let captcha = phone.captcha().await.unwrap();
    let path = format!("/v1/registrations/{id}/activation-code");
    let answer = phone.post(&path, &json!({"code": code, "captcha": captcha})).await.unwrap();
    assert_eq!(answer.expect(200).unwrap().json["state"], "needs_pin");
    let answer = phone.enrol(id, key).await.unwrap();
    assert_eq!(answer.expect(201).unwrap().json["state"], "active");
    phone.unlock().await.unwrap().expect(200).unwrap()
}

/// From the first screen to the unlocked app.
pub async fn holder(world: &World, cast: &Cast, person: usize, nodes: &[&str]) -> Resident {
    let mut phone = phone(nodes);
    let id = register(&phone, &cast.residents[person], &format!("warga{person}@contoh.id")).await;
    let officer = cast.officer.log_in(nodes[0]).await;
    visit(&phone, &officer, &id).await;
    let (_, code) = letter(world, &id).await;
    activate(&mut phone, &id, &code).await;
    phone
}

/// A new QR with everything.
pub async fn present(phone: &Resident) -> String {
    let answer = phone.post("/v1/me/presentations", &json!({"share": "full"})).await.unwrap();
    answer.expect(200).unwrap().text("token").unwrap()
}

/// Asks; gives `valid` or the reason.
pub async fn verdict(bank: &Bank, token: &str) -> String {
    let answer = bank.verify(token, "open_account", &new_key()).await.unwrap().expect(200).unwrap();
    answer.json["reason"].as_str().or(answer.json["result"].as_str()).unwrap().to_owned()
}
