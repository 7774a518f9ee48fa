//! The story: a resident registers, an officer scans and approves, the code comes by mail, the PIN is set, a bank verifies
//! the QR; a second scan and an old QR are refused.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Bank, ClientError, Officer, Resident};
use super::setup::{Demo, DemoLogIn, idempotency_key};
use crate::clock::{Clock, stopwatch};
use crate::credential::claims::LIFETIME_SECONDS;
use crate::credential::verify::authenticate_receipt;
use crate::credential::{JwkSet, qr};
use crate::device::client::check_pin;
use crate::login::totp;
use crate::mail::Mailbox;
use crate::random::Random;
use crate::register::RegisterRecord;

const PIN: &str = "274951";
const EMAIL: &str = "warga@contoh.id";

/// What the walk needs of the demo, which serves meanwhile.
#[derive(Clone)]
pub struct Script {
    /// The address that the proofs name.
    public_url: String,
    /// Where the requests go.
    base_url: String,
    issuer: String,
    officer: DemoLogIn,
    api_key: String,
    resident: RegisterRecord,
    selfie: Vec<u8>,
    mailbox: PathBuf,
    pictures: PathBuf,
    clock: Clock,
    random: Random,
}

impl Script {
    /// Takes what is needed; pictures of QRs are saved in `pictures`.
    pub fn new(demo: &Demo, pictures: &Path) -> Self {
        let (resident, selfie) = demo.walk_resident.clone();
        Self {
            public_url: demo.base_url.clone(),
            base_url: demo.walk_url.clone(),
            issuer: demo.app.context.config.service.issuer.clone(),
            officer: demo.walker.clone(),
            api_key: demo.api_key.expose().clone(),
            resident,
            selfie,
            mailbox: demo.mailbox.clone(),
            pictures: pictures.to_owned(),
            clock: demo.app.context.clock.clone(),
            random: demo.app.context.random.clone(),
        }
    }
}

/// Prints steps with their times.
struct Story {
    quiet: bool,
    begun: Instant,
    step: Instant,
    number: u32,
}

impl Story {
    fn new(quiet: bool) -> Self {
        Self { quiet, begun: stopwatch(), step: stopwatch(), number: 0 }
    }

    fn tell(&mut self, who: &str, what: &str) {
        self.number += 1;
        if !self.quiet {
            println!("{:>3}. {:>7.1} ms  {who:<8} {what}", self.number, self.step.elapsed().as_secs_f64() * 1_000.0);
        }
        self.step = stopwatch();
    }
}

/// Walks through the whole flow.
///
/// # Errors
/// The first step that does not go as it should.
pub async fn walk(script: &Script, quiet: bool) -> Result<(), ClientError> {
    let mut story = Story::new(quiet);
    let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build()?;
    let mut resident =
        Resident::behind(http.clone(), &script.public_url, std::slice::from_ref(&script.base_url), &script.random);
    let id = register(script, &mut story, &resident).await?;
    counter(script, &mut story, &http, &resident, &id).await?;
    activate(script, &mut story, &mut resident, &id).await?;
    let bank = Bank::new(http.clone(), &script.base_url, &script.api_key);
    show(script, &mut story, &http, &resident, &bank).await?;
    refuse_old(script, &mut story, &resident, &bank).await?;
    history(&mut story, &resident).await?;
    if !quiet {
        println!("     the whole walk took {:.1} s", story.begun.elapsed().as_secs_f64());
    }
    Ok(())
}

async fn register(script: &Script, story: &mut Story, resident: &Resident) -> Result<String, ClientError> {
    let terms = resident.get("/v1/terms").await?.expect(200)?.text("version")?;
    story.tell("resident", &format!("reads the terms, version {terms}"));
    let record = &script.resident;
    let body = json!({
        "nik": record.nik.as_str(), "full_name": record.full_name, "birth_date": record.birth_date.to_string(),
        "email": EMAIL, "phone": "0812 3456 7890", "terms": {"version": terms, "accepted": true}, "locale": "id",
        "captcha": resident.captcha().await?,
    });
    let answer = resident.post("/v1/registrations", &body).await?.expect(201)?;
    let id = answer.text("registration_id")?;
    story.tell("resident", &format!("registers: state {}", answer.text("state")?));
    let selfie = script.selfie.clone();
    let answer = resident
        .send(Method::PUT, &format!("/v1/registrations/{id}/selfie"), |request| {
            request.header("Content-Type", "image/jpeg").body(selfie.clone())
        })
        .await?
        .expect(200)?;
    story.tell("resident", &format!("takes a selfie: state {}", answer.text("state")?));
    Ok(id)
}

async fn counter(
    script: &Script,
    story: &mut Story,
    http: &reqwest::Client,
    resident: &Resident,
    id: &str,
) -> Result<(), ClientError> {
    let path = format!("/v1/registrations/{id}/activation-token");
    let token = read_back(script, story, resident, &path, &json!({}), "aktivasi.png", 200).await?;
    let secret = totp::from_base32(script.officer.totp_secret.expose())
        .ok_or_else(|| ClientError::Unexpected(String::from("the officer's secret is unreadable")))?;
    let code = totp::code_in_good_time(&secret, &script.clock)
        .await
        .map_err(|error| ClientError::Unexpected(error.to_string()))?;
    let DemoLogIn { username, password, .. } = &script.officer;
    let officer = Officer::log_in(http.clone(), &script.base_url, username, password.expose(), &code).await?;
    story.tell("officer", "logs in with password and authenticator code");
    let seen = officer.post("/v1/officer/scans", &json!({"token": token})).await?.expect(200)?;
    let differences = seen.json["differences"].as_array().map_or(0, Vec::len);
    let result = seen.json["check_result"].as_str().unwrap_or("not yet answered").to_owned();
    story.tell("officer", &format!("scans the QR: register says {result}, {differences} differences"));
    for picture in ["selfie", "portrait"] {
        officer.get(&format!("/v1/officer/registrations/{id}/{picture}")).await?.expect(200)?;
    }
    story.tell("officer", "sees selfie and register portrait side by side");
    let version = officer.get(&format!("/v1/officer/registrations/{id}")).await?.expect(200)?.text("version")?;
    let checks = json!({"face": true, "document": true, "data": true});
    let body = json!({"version": version, "checks": checks, "note": "demo"});
    let answer = officer.post(&format!("/v1/officer/registrations/{id}/approval"), &body).await?.expect(200)?;
    story.tell("officer", &format!("approves: state {}", answer.text("state")?));
    Ok(())
}

async fn activate(script: &Script, story: &mut Story, resident: &mut Resident, id: &str) -> Result<(), ClientError> {
    let code = mailed_code(script, id).await?;
    story.tell("mail", &format!("arrives for {EMAIL} in {}", script.mailbox.display()));
    let captcha = resident.captcha().await?;
    story.tell("resident", "solves the captcha (proof of work)");
    let path = format!("/v1/registrations/{id}/activation-code");
    let answer = resident.post(&path, &json!({"code": code, "captcha": captcha})).await?.expect(200)?;
    story.tell("resident", &format!("enters the code: state {}", answer.text("state")?));
    check_pin(PIN, &script.resident.birth_date.to_string())
        .map_err(|weak| ClientError::Unexpected(format!("the demo's PIN is weak: {weak:?}")))?;
    let answer = resident.set_pin(id, PIN).await?.expect(201)?;
    story.tell("resident", &format!("sets a PIN (600,000 rounds on the device): state {}", answer.text("state")?));
    resident.unlock().await?.expect(200)?;
    story.tell("resident", "unlocks with the PIN");
    resident.get("/v1/me").await?.expect(200)?;
    story.tell("resident", "sees the KTP Digital");
    Ok(())
}

async fn show(
    script: &Script,
    story: &mut Story,
    http: &reqwest::Client,
    resident: &Resident,
    bank: &Bank,
) -> Result<(), ClientError> {
    let body = json!({"share": "basic"});
    let token = read_back(script, story, resident, "/v1/me/presentations", &body, "ktp-digital.png", 200).await?;
    let key = idempotency_key(&script.random, &script.clock);
    let answer = bank.verify(&token, "open_account", &key).await?.expect(200)?;
    demand(&answer.json, "valid", None)?;
    let names: Vec<&str> =
        answer.json["attributes"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let portrait = if answer.json["portrait"].is_object() { " and the portrait" } else { "" };
    story.tell("bank", &format!("valid: {}{portrait}", names.join(", ")));
    let again = bank.verify(&token, "open_account", &key).await?.expect(200)?;
    if again.json["verification_id"] != answer.json["verification_id"] {
        return Err(ClientError::Unexpected(String::from("a repeated request got another answer")));
    }
    story.tell("bank", "repeats the request with the same Idempotency-Key: the same answer");
    let keys: JwkSet = http.get(format!("{}/.well-known/jwks.json", script.base_url)).send().await?.json().await?;
    let part = |name: &str| {
        crate::base64url::decode(answer.json["receipt"][name].as_str().unwrap_or_default()).unwrap_or_default()
    };
    authenticate_receipt(&part("statement"), &part("proof"), &script.issuer, &keys)
        .map_err(|reason| ClientError::Unexpected(format!("the receipt does not verify: {}", reason.as_str())))?;
    story.tell("bank", "checks the receipt offline against the published keys");
    let second = bank.verify(&token, "open_account", &idempotency_key(&script.random, &script.clock)).await?;
    demand(&second.expect(200)?.json, "invalid", Some("already_used"))?;
    story.tell("bank", "scans the same QR again: already_used");
    Ok(())
}

async fn refuse_old(script: &Script, story: &mut Story, resident: &Resident, bank: &Bank) -> Result<(), ClientError> {
    let token = resident.post("/v1/me/presentations", &json!({"share": "age"})).await?.expect(200)?.text("token")?;
    script.clock.advance(LIFETIME_SECONDS + 1);
    let answer = bank.verify(&token, "age_check", &idempotency_key(&script.random, &script.clock)).await;
    script.clock.advance(-(LIFETIME_SECONDS + 1));
    demand(&answer?.expect(200)?.json, "invalid", Some("expired"))?;
    story.tell("bank", "scans a QR after 91 seconds (the demo's clock was turned, and back): expired");
    Ok(())
}

async fn history(story: &mut Story, resident: &Resident) -> Result<(), ClientError> {
    let items = resident.get("/v1/me/verifications").await?.expect(200)?.json["items"].clone();
    let lines: Vec<String> = items
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["reason"].as_str().or(item["result"].as_str()).unwrap_or("?").to_owned())
        .collect();
    if lines.len() != 3 {
        return Err(ClientError::Unexpected(format!("the history has {} entries instead of 3", lines.len())));
    }
    story.tell("resident", &format!("sees all checks in the history: {}", lines.join(", ")));
    Ok(())
}

/// Asks for a token as a picture, saves the PNG, and reads the token back from the picture.
async fn read_back(
    script: &Script,
    story: &mut Story,
    resident: &Resident,
    path: &str,
    body: &Value,
    name: &str,
    status: u16,
) -> Result<String, ClientError> {
    let answer = resident
        .send(Method::POST, path, |request| request.header("Accept", "image/png").json(body))
        .await?
        .expect(status)?;
    let file = script.pictures.join(name);
    std::fs::write(&file, &answer.bytes)
        .map_err(|error| ClientError::Unexpected(format!("{}: {error}", file.display())))?;
    let picture = std::fs::read(&file).map_err(|error| ClientError::Unexpected(error.to_string()))?;
    let token = qr::read_png(&picture).map_err(|error| ClientError::Unexpected(error.to_string()))?;
    story.tell("resident", &format!("shows a QR, saved as {} and read back from the picture", file.display()));
    Ok(token)
}

/// Waits for the mail with the code and takes the code from its text, as a person would.
async fn mailed_code(script: &Script, id: &str) -> Result<String, ClientError> {
    let failed = |error: std::io::Error| ClientError::Unexpected(format!("mailbox: {error}"));
    let mailbox = Mailbox::create(script.mailbox.clone()).map_err(failed)?;
    for _ in 0..200 {
        for letter in mailbox.list(20).map_err(failed)? {
            // The link in the mail is `…/aktivasi#<registration>.<code>`.
            if let Some((_, rest)) = letter.text.split_once(&format!("#{id}.")) {
                return Ok(rest.chars().take_while(char::is_ascii_digit).collect());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(ClientError::Unexpected(String::from("no mail with a code arrived within 10 seconds")))
}

fn demand(answer: &Value, result: &str, reason: Option<&str>) -> Result<(), ClientError> {
    if answer["result"].as_str() == Some(result) && answer["reason"].as_str() == reason {
        return Ok(());
    }
    Err(ClientError::Unexpected(format!("the bank got {} {}", answer["result"], answer["reason"])))
}
