//! Residents with devices: presentations for wrk to ask for, unlocking, and whole activations.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ikd::activation_code::ActivationCode;
use ikd::clock::Timestamp;
use ikd::demo::client::{Officer, Resident};
use ikd::device::client::{DeviceKey, PinKey, ProofFor};
use ikd::device::{Purpose, Thumbprint};
use ikd::error::Language;
use ikd::fetch_one;
use ikd::holder::ports::{NewHolder, enrol};
use ikd::login::{password, totp};
use ikd::office::{Kind, Offices};
use ikd::register::generate::{GenerateOptions, Generator, generate_into};
use ikd::register::{Date, LocalRegister, RegisterRecord};
use ikd::staff::{Accounts, Post, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::machine;
use crate::place::{Place, Server};
use crate::tokens;

const SEED: [u8; 32] = [9; 32];

/// Something done over and over by clients of our own.
pub struct Done {
    pub count: usize,
    pub seconds: f64,
    pub millis: Vec<f64>,
    pub server_micros: f64,
    pub database_micros: f64,
}

impl Done {
    pub fn percentile(&self, of: f64) -> f64 {
        self.millis[((self.millis.len() - 1) as f64 * of) as usize]
    }
}

fn base(place: &Place) -> String {
    format!("http://127.0.0.1:{}", place.port)
}

/// Makes a digital KTP on this device.
async fn holder(place: &Place, thumbprint: Thumbprint) {
    let context = &place.context;
    let now = context.now();
    let resident_id = context.random.uuid_v7(now);
    let record = Generator::new(7, Date::parse("2026-11-01").unwrap()).resident(1).unwrap();
    let sealed = context.vault.seal_row(&context.random, "holder_record", resident_id, &record).unwrap();
    let new = NewHolder {
        resident_id,
        registration_id: context.random.uuid_v7(now),
        device: thumbprint,
        pin_public_key: PinKey::from_seed(&SEED).public().unwrap(),
        email: Some(String::from("warga@contoh.id").into()),
        language: Language::Indonesian,
        nik: record.nik,
    };
    let mut tx = context.db.write().await.unwrap();
    enrol(context, &mut tx, &new, now).await.unwrap();
    ikd::execute!(
        &mut tx,
        "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, 0)",
        resident_id,
        sealed
    )
    .unwrap();
    tx.commit().await.unwrap();
}

/// A resident's app, unlocked.
pub struct Unlocked {
    key: DeviceKey,
    token: String,
    nonce: String,
}

impl Unlocked {
    /// The head of a request with this body, with a proof of its own: one works once.
    pub fn head(&self, place: &Place, method: &str, path: &str, (kind, body): (&str, &[u8])) -> String {
        let (url, nonce, token) = (format!("{}{path}", base(place)), Some(&*self.nonce), Some(&*self.token));
        let what = ProofFor { body, nonce, access_token: token, ..ProofFor::new(method, &url) };
        let proof = self.key.proof(&place.context.random, &what);
        let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\n{kind}Content-Length: {}\r\n\r\n",
            place.port,
            self.token,
            body.len()
        )
    }
}

/// So many residents, each with a device of its own.
pub async fn unlocked(place: &Place, count: usize) -> Vec<Unlocked> {
    let http = reqwest::Client::new();
    let context = &place.context;
    let pin = PinKey::from_seed(&SEED);
    let mut residents = Vec::new();
    for _ in 0..count {
        let key = DeviceKey::generate(&context.random);
        holder(place, key.thumbprint()).await;
        let mut nonce: Option<String> = None;
        let mut post = async |path: &str, body: Value| {
            loop {
                let url = format!("{}{path}", base(place));
                let sent = body.to_string();
                let what = ProofFor { body: sent.as_bytes(), nonce: nonce.as_deref(), ..ProofFor::new("POST", &url) };
                let proof = key.proof(&context.random, &what);
                let answer = http.post(&url).header("DPoP", proof).json(&body).send().await.unwrap();
                let fresh = answer.headers().get("dpop-nonce").unwrap().to_str().unwrap().to_owned();
                let unknown = nonce.replace(fresh).is_none();
                let json: Value = answer.json().await.unwrap();
                if !(unknown && json["code"] == "use_dpop_nonce") {
                    return (json, nonce.clone().unwrap());
                }
            }
        };
        let (answer, _) = post("/v1/challenges", json!({})).await;
        let challenge = answer["challenge"].as_str().unwrap();
        let signature = pin.sign(Purpose::Unlock, challenge, &key.thumbprint()).unwrap();
        let (answer, nonce) = post("/v1/sessions", json!({"challenge": challenge, "signature": signature})).await;
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("unlock: {answer}")).to_owned();
        residents.push(Unlocked { key, token, nonce });
    }
    residents
}

/// `count` requests for presentations by 64 residents who are unlocked.
pub async fn presentations(place: &Place, count: usize, threads: usize) -> PathBuf {
    let residents = unlocked(place, 64).await;
    let body = r#"{"share":"basic"}"#;
    let request = |number: usize| {
        let resident = &residents[number % residents.len()];
        resident.head(place, "POST", "/v1/me/presentations", ("application/json", body.as_bytes())) + body
    };
    let file = place.folder.join("presentations");
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (request, file) = (&request, &file);
            scope.spawn(move || {
                let requests: Vec<_> = (thread..count).step_by(threads).map(request).collect();
                std::fs::write(tokens::path_of(file, thread), requests.join("\0")).unwrap();
            });
        }
    });
    file
}

/// `work` for 0..count, so many at once.
async fn many<F: Future<Output = ()> + Send + 'static>(
    place: &Place,
    server: &Server,
    count: usize,
    abreast: usize,
    work: impl Fn(usize) -> F + Send + Sync + 'static,
) -> Done {
    let (work, next) = (Arc::new(work), Arc::new(AtomicUsize::new(0)));
    let pids = place.pids(server);
    let cpu = || (machine::cpu_micros(pids.0, false), pids.1.map_or(0, |pid| machine::cpu_micros(pid, true)));
    let (before, begun) = (cpu(), Instant::now());
    let workers: Vec<_> = (0..abreast)
        .map(|_| {
            let (work, next) = (Arc::clone(&work), Arc::clone(&next));
            tokio::spawn(async move {
                let mut millis = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return millis;
                    }
                    let begun = Instant::now();
                    work(number).await;
                    millis.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            })
        })
        .collect();
    let mut millis = Vec::new();
    for worker in workers {
        millis.extend(worker.await.unwrap());
    }
    let (seconds, after) = (begun.elapsed().as_secs_f64(), cpu());
    millis.sort_by(f64::total_cmp);
    let each = |from: u64, to: u64| (to - from) as f64 / count as f64;
    Done { count, seconds, millis, server_micros: each(before.0, after.0), database_micros: each(before.1, after.1) }
}

/// A challenge and a session each, by 64 devices in turn.
pub async fn unlocks(place: &Place, server: &Server, count: usize) -> Done {
    let http = reqwest::Client::new();
    let mut devices = Vec::new();
    for _ in 0..64 {
        let resident = Resident::new(http.clone(), &base(place), &place.context.random);
        holder(place, resident.thumbprint()).await;
        devices.push(Arc::new(tokio::sync::Mutex::new(resident)));
    }
    many(place, server, count, 16, move |number| {
        let device = Arc::clone(&devices[number % devices.len()]);
        async move {
            device.lock().await.unlock_with(&PinKey::from_seed(&SEED)).await.unwrap().expect(200).unwrap();
        }
    })
    .await
}

/// Everything from the registration to the PIN, for so many residents. The PIN's 600,000 rounds are the device's own work
/// and left out; the captcha asks for little.
pub async fn activations(place: &Arc<Place>, server: &Server, count: usize) -> Done {
    let context = &place.context;
    let as_of = Date::in_jakarta(context.now());
    let register = LocalRegister::new(context.clone());
    let options = GenerateOptions { count: count as u64 * 2, seed: 11, as_of, portraits: true };
    generate_into(&register, options, |_| ControlFlow::Continue(())).await.unwrap();
    let generator = Arc::new(Generator::new(11, as_of));
    let people = Arc::new(generator.first_eligible(count, count as u64 * 2));
    assert_eq!(people.len(), count);
    let selfie = generator.portrait(0, &people[0]);
    office(place).await;
    let (officer, http) = (officer(place, "petugas").await, reqwest::Client::new());
    let shared = Arc::new((Arc::clone(place), officer, selfie, http, people));
    many(place, server, count, 8, move |number| {
        let shared = Arc::clone(&shared);
        async move {
            let (place, officer, selfie, http, people) = &*shared;
            activate(place, officer, selfie, http, &people[number]).await;
        }
    })
    .await
}

/// The office of whoever stands at a counter here.
pub async fn office(place: &Place) {
    Offices::new(place.context.clone()).add("LOAD-01", "Kantor Beban", Kind::Dinas).await.unwrap();
}

/// An officer of it, logged in.
pub async fn officer(place: &Place, name: &str) -> Officer {
    let context = &place.context;
    let secret = password::generate(&context.random);
    let post = Post::Office("LOAD-01", Role::Officer);
    let new = Accounts::of_invented(context.clone()).add(post, name, "Petugas", Some(secret.clone())).await.unwrap();
    let secret_of_codes = totp::from_base32(new.totp.secret.expose()).unwrap();
    let code = totp::code_in_good_time(&secret_of_codes, &context.clock).await.unwrap();
    Officer::log_in(reqwest::Client::new(), &base(place), name, secret.expose(), &code).await.unwrap()
}

/// A resident who has registered and may send a selfie: the app, and the registration.
pub async fn applicant(place: &Place, number: u64) -> (Resident, String) {
    let resident = Resident::new(reqwest::Client::new(), &base(place), &place.context.random);
    let person = Generator::new(13, Date::in_jakarta(place.context.now())).resident(number).unwrap();
    let id = register(&resident, &person).await;
    (resident, id)
}

/// The selfie that such a resident sends.
pub fn selfie(place: &Place) -> Vec<u8> {
    let generator = Generator::new(13, Date::in_jakarta(place.context.now()));
    generator.portrait(0, &generator.resident(0).unwrap())
}

async fn register(resident: &Resident, person: &RegisterRecord) -> String {
    let terms = resident.get("/v1/terms").await.unwrap().text("version").unwrap();
    let body = json!({
        "nik": person.nik.as_str(), "full_name": person.full_name, "birth_date": person.birth_date.to_string(),
        "email": format!("{}@contoh.id", person.nik.as_str()), "phone": "0812 3456 7890",
        "terms": {"version": terms, "accepted": true}, "locale": "id", "captcha": resident.captcha().await.unwrap(),
    });
    resident.post("/v1/registrations", &body).await.unwrap().expect(201).unwrap().text("registration_id").unwrap()
}

async fn activate(place: &Place, officer: &Officer, selfie: &[u8], http: &reqwest::Client, person: &RegisterRecord) {
    let resident = Resident::new(http.clone(), &base(place), &place.context.random);
    let id = register(&resident, person).await;
    let path = |tail: &str| format!("/v1/registrations/{id}{tail}");
    resident
        .send(reqwest::Method::PUT, &path("/selfie"), |request| {
            request.header("Content-Type", "image/jpeg").body(selfie.to_vec())
        })
        .await
        .unwrap()
        .expect(200)
        .unwrap();
    let answer = resident.post(&path("/activation-token"), &json!({})).await.unwrap().expect(200).unwrap();
    let scan = json!({"token": answer.text("token").unwrap()});
    let seen = officer.post("/v1/officer/scans", &scan).await.unwrap().expect(200).unwrap();
    let approval = |seen: &ikd::demo::client::Answer| {
        let version = seen.text("version").unwrap();
        json!({"version": version, "checks": {"face": true, "document": true, "data": true}, "note": ""})
    };
    let decided = format!("/v1/officer/registrations/{id}/approval");
    // The register's answer may come after the scan: only what the officer has seen can be approved, so look again.
    let mut approved = officer.post(&decided, &approval(&seen)).await.unwrap();
    for _ in 0..20 {
        if approved.status != 409 {
            break;
        }
        let seen = officer.get(&format!("/v1/officer/registrations/{id}")).await.unwrap().expect(200).unwrap();
        approved = officer.post(&decided, &approval(&seen)).await.unwrap();
    }
    approved.expect(200).unwrap();
    // The mail was handed over when the code has an end; what it says can be computed here, because the keys are here.
    let uuid: Uuid = id.parse().unwrap();
    let digits = loop {
        let mut tx = place.context.db.read().await.unwrap();
        let sql = "SELECT generation, expires_at FROM activation_code WHERE registration_id = $1";
        let (generation, expires) = fetch_one!(&mut tx, (i64, Option<Timestamp>), sql, uuid).unwrap();
        drop(tx);
        if expires.is_some() {
            break ActivationCode::derive(&place.context.vault, uuid, generation).unwrap().digits();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let entered = json!({"code": digits, "captcha": resident.captcha().await.unwrap()});
    resident.post(&path("/activation-code"), &entered).await.unwrap().expect(200).unwrap();
    let answer = resident.post("/v1/challenges", &json!({})).await.unwrap().expect(200).unwrap();
    let (pin, challenge) = (PinKey::from_seed(&SEED), answer.text("challenge").unwrap());
    let signature = pin.sign(Purpose::Enrol, &challenge, &resident.thumbprint()).unwrap();
    let enrolment = json!({"pin_public_key": pin.public_text(), "challenge": challenge, "signature": signature});
    resident.post(&path("/pin"), &enrolment).await.unwrap().expect(201).unwrap();
}
