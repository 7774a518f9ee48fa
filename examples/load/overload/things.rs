//! What clients share, and the requests that use it.

use std::sync::Arc;

use ikd::execute;
use serde_json::json;

use super::drive::Request;
use crate::people::{self, Unlocked};
use crate::place::Place;
use crate::tokens::{self, Asked};

/// Something that clients share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    Verifications,
    Presentations,
    Sockets,
    Selfies,
    LogIns,
    Captchas,
    WrongCaptchas,
    LookUps,
    History,
}

impl Thing {
    pub const ALL: [Self; 9] = [
        Self::Verifications,
        Self::Presentations,
        Self::Sockets,
        Self::Selfies,
        Self::LogIns,
        Self::Captchas,
        Self::WrongCaptchas,
        Self::LookUps,
        Self::History,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Verifications => "verifications",
            Self::Presentations => "presentations",
            Self::Sockets => "sockets: one for each request",
            Self::Selfies => "uploads and decoders: selfies",
            Self::LogIns => "log-ins (argon2id)",
            Self::Captchas => "captchas made",
            Self::WrongCaptchas => "captchas refused",
            Self::LookUps => "look-ups of officers",
            Self::History => "history of residents",
        }
    }

    /// Requests a second with which the search for the capacity begins.
    pub const fn first(self) -> f64 {
        match self {
            Self::Selfies => 10.0,
            Self::LogIns => 20.0,
            _ => 200.0,
        }
    }

    /// Most requests that are made beforehand for one measurement: memory, and what may be asked by one phone in an hour.
    pub const fn most(self) -> usize {
        match self {
            Self::Selfies => 4_000,
            Self::Verifications => 120_000,
            _ => 60_000,
        }
    }

    /// Whether an answer did what was asked. A wrong password and a wrong captcha are to be judged, and refused.
    pub const fn good(self) -> fn(u16, &[u8]) -> bool {
        match self {
            Self::Verifications => |status, body| status == 200 && holds(body, br#""result":"valid""#),
            Self::LogIns => |status, body| status == 401 && holds(body, b"login_failed"),
            Self::WrongCaptchas => |_, body| holds(body, b"captcha_invalid"),
            _ => |status, _| status == 200 || status == 201,
        }
    }
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// People and sessions, made once, with which requests are made.
pub struct Cast {
    place: Arc<Place>,
    unlocked: Vec<Unlocked>,
    officers: Vec<String>,
    applicants: Vec<(ikd::demo::client::Resident, String)>,
    selfie: Arc<[u8]>,
    numbers: u64,
}

/// Phones, each of which may send fifteen in an hour.
const PHONES: u64 = 600;
/// Who looks for people at counters, and who has unlocked an app.
const OFFICERS: usize = 8;
const RESIDENTS: usize = 200;

impl Cast {
    pub async fn gather(place: &Arc<Place>, things: &[Thing]) -> Self {
        let needs = |wanted: &[Thing]| things.iter().any(|thing| wanted.contains(thing));
        let mut cast = Self {
            place: Arc::clone(place),
            unlocked: Vec::new(),
            officers: Vec::new(),
            applicants: Vec::new(),
            selfie: people::selfie(place).into(),
            numbers: 0,
        };
        if needs(&[Thing::LookUps]) {
            people::office(place).await;
            for number in 0..OFFICERS {
                let officer = people::officer(place, &format!("petugas-{number}")).await;
                officer.post("/v1/officer/people", &json!({"query": "siti"})).await.unwrap().expect(200).unwrap();
                cast.officers.push(officer.cookie());
            }
            // How much an officer may look for on a day is no shared thing: theirs does not end here.
            let mut tx = place.context.db.write().await.unwrap();
            execute!(&mut tx, "UPDATE lookup_use SET uses = -1000000000").unwrap();
            tx.commit().await.unwrap();
        }
        if needs(&[Thing::Presentations, Thing::History, Thing::Captchas, Thing::WrongCaptchas]) {
            cast.unlocked = people::unlocked(place, RESIDENTS).await;
        }
        if needs(&[Thing::Selfies]) {
            for number in 0..PHONES {
                cast.applicants.push(people::applicant(place, number).await);
            }
        }
        cast
    }

    /// So many requests, fresh: tokens and proofs work once and soon expire.
    pub async fn requests(&mut self, thing: Thing, count: usize) -> Vec<Request> {
        let first = self.numbers;
        self.numbers += count as u64;
        match thing {
            Thing::Verifications => self.verifications(count).await,
            Thing::Presentations => self.of_residents(count, "POST", "/v1/me/presentations", r#"{"share":"basic"}"#),
            Thing::History => self.of_residents(count, "GET", "/v1/me/verifications", ""),
            Thing::Captchas => self.of_residents(count, "POST", "/v1/captcha", "{}"),
            Thing::WrongCaptchas => {
                let body = json!({
                    "nik": "3171015708900001", "full_name": "Siti Beban", "birth_date": "1990-08-17", "email": "siti@contoh.id",
                    "phone": "0812 3456 7890", "terms": {"version": self.terms().await, "accepted": true}, "locale": "id",
                    "captcha": "bm8=",
                });
                self.of_residents(count, "POST", "/v1/registrations", &body.to_string())
            }
            Thing::Selfies => {
                // How many a phone may send in an hour is no shared thing: it begins anew.
                let mut tx = self.place.context.db.write().await.unwrap();
                execute!(&mut tx, "DELETE FROM use_window").unwrap();
                tx.commit().await.unwrap();
                self.selfies(count)
            }
            Thing::Sockets => (0..count).map(|_| self.plain("GET /v1/terms", "Connection: close\r\n", "").into()).collect(),
            Thing::LogIns => (first..first + count as u64)
                .map(|number| {
                    let body = json!({"username": format!("nobody-{number}"), "password": "not-a-password-at-all", "totp": "123456"});
                    self.plain("POST /v1/officer/sessions", "", &body.to_string()).into()
                })
                .collect(),
            Thing::LookUps => (0..count)
                .map(|number| {
                    let cookie = format!("Cookie: {}\r\n", self.officers[number % self.officers.len()]);
                    let body = json!({"query": format!("siti {}", number % 100)});
                    self.plain("POST /v1/officer/people", &cookie, &body.to_string()).into()
                })
                .collect(),
        }
    }

    async fn terms(&self) -> String {
        let url = format!("http://127.0.0.1:{}/v1/terms", self.place.port);
        let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        answer["version"].as_str().unwrap().to_owned()
    }

    async fn verifications(&self, count: usize) -> Vec<Request> {
        let place = Arc::clone(&self.place);
        let asked = Asked { count, threads: 2, portrait: false, residents: place.residents.len() };
        let made = tokio::task::spawn_blocking(move || {
            let file = tokens::verifications(&place, asked);
            let texts = [0, 1].map(|thread| std::fs::read_to_string(tokens::path_of(&file, thread)).unwrap());
            let [mut first, mut second] = texts.each_ref().map(|text| text.split_terminator('\0'));
            let mut requests = Vec::with_capacity(count);
            // In turn, so that the tokens of a resident are used in their order.
            while let (Some(one), Some(other)) = (first.next(), second.next()) {
                requests.extend([one, other].map(|text| Request::from(text.to_owned())));
            }
            requests
        });
        made.await.unwrap()
    }

    fn of_residents(&self, count: usize, method: &str, path: &str, body: &str) -> Vec<Request> {
        let half = |thread: usize| {
            (thread..count).step_by(2).map(move |number| {
                let resident = &self.unlocked[number % self.unlocked.len()];
                let head = resident.head(&self.place, method, path, ("application/json", body.as_bytes()));
                Request { head: head.into_bytes(), body: body.as_bytes().into() }
            })
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(move || half(1).collect::<Vec<_>>());
            let mut all: Vec<Request> = half(0).collect();
            all.extend(other.join().unwrap());
            all
        })
    }

    fn selfies(&self, count: usize) -> Vec<Request> {
        let request = |number: usize| {
            let (resident, id) = &self.applicants[number % self.applicants.len()];
            let path = format!("/v1/registrations/{id}/selfie");
            let proof = resident.proof(&reqwest::Method::PUT, &path, &self.selfie);
            let further = format!("DPoP: {proof}\r\nContent-Type: image/jpeg\r\n");
            let head =
                format!("PUT {path} HTTP/1.1\r\nHost: x\r\n{further}Content-Length: {}\r\n\r\n", self.selfie.len());
            Request { head: head.into_bytes(), body: Arc::clone(&self.selfie) }
        };
        (0..count).map(request).collect()
    }

    fn plain(&self, what: &str, further: &str, body: &str) -> String {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        format!(
            "{what} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{further}{kind}Content-Length: {}\r\n\r\n{body}",
            self.place.port,
            body.len()
        )
    }
}
