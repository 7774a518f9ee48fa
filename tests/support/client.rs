//! Clients of the HTTP API: the demo's, whose methods here give the answer and stop the test where none comes.

use std::ops::Deref;

use ikd::clock::Clock;
use ikd::demo::client::{self, ClientError};
use ikd::device::Purpose;
use ikd::device::client::{DeviceKey, PinKey};
use ikd::login::totp;
use ikd::random::Random;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::answer::Answer;

/// The answer, which must have come.
fn came(request: String, answer: Result<client::Answer, ClientError>) -> Answer {
    match answer {
        Ok(answer) => Answer::new(request, answer),
        Err(error) => panic!("{request}: no answer: {error}"),
    }
}

/// A request of anybody, built part by part.
#[must_use]
pub struct Request {
    name: String,
    builder: RequestBuilder,
}

impl Request {
    /// To a path below `base`.
    pub fn new(http: &reqwest::Client, method: Method, base: &str, path: &str) -> Self {
        Self { name: format!("{method} {path}"), builder: http.request(method, format!("{base}{path}")) }
    }

    fn with(self, add: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self { builder: add(self.builder), ..self }
    }

    /// With a header more.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N>,
        <HeaderName as TryFrom<N>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.with(|builder| builder.header(name, value))
    }

    /// With a session's cookie.
    pub fn cookie(self, cookie: &str) -> Self {
        self.header("Cookie", cookie)
    }

    /// With a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.with(|builder| builder.bearer_auth(token))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.with(|builder| builder.json(body))
    }

    /// With any body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.with(|builder| builder.body(body))
    }

    /// Sends it and reads the answer.
    pub async fn send(self) -> Answer {
        let answer = async { client::Answer::read(self.builder.send().await?).await };
        came(self.name, answer.await)
    }
}

/// A resident's app.
pub struct Resident(client::Resident);

impl Deref for Resident {
    type Target = client::Resident;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Resident {
    /// A new device.
    pub fn new(http: reqwest::Client, base: &str, random: &Random) -> Self {
        Self(client::Resident::new(http, base, random))
    }

    /// A new device whose requests go in turn to the nodes behind one public URL.
    pub fn behind(http: reqwest::Client, public: &str, nodes: &[String], random: &Random) -> Self {
        Self(client::Resident::behind(http, public, nodes, random))
    }

    /// The same device with a key that is known elsewhere too.
    #[must_use]
    pub fn with_key(self, key: DeviceKey) -> Self {
        Self(self.0.with_key(key))
    }

    /// A request with a device proof, repeated once when the service asks for a (new) nonce.
    pub async fn send(&self, method: Method, path: &str, shape: impl Fn(RequestBuilder) -> RequestBuilder) -> Answer {
        let request = format!("{method} {path}");
        came(request, self.0.send(method, path, shape).await)
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        came(format!("POST {path}"), self.0.post(path, body).await)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        came(format!("GET {path}"), self.0.get(path).await)
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, |request| request).await
    }

    /// A fresh solution of the captcha.
    pub async fn captcha(&self) -> String {
        self.0.captcha().await.unwrap()
    }

    /// Derives the PIN key, enrols it, and keeps it for unlocking.
    pub async fn set_pin(&mut self, registration: &str, pin: &str) -> Answer {
        came(String::from("setting a PIN"), self.0.set_pin(registration, pin).await)
    }

    /// Enrols a PIN key that is there already, and keeps it for unlocking.
    pub async fn enrol(&mut self, registration: &str, key: PinKey) -> Answer {
        came(String::from("enrolling a PIN key"), self.0.enrol(registration, key).await)
    }

    /// Unlocks with the PIN key that was set.
    pub async fn unlock(&self) -> Answer {
        came(String::from("POST /v1/sessions"), self.0.unlock().await)
    }

    /// Unlocks with any PIN key, e.g. a wrong one.
    pub async fn unlock_with(&self, key: &PinKey) -> Answer {
        came(String::from("POST /v1/sessions"), self.0.unlock_with(key).await)
    }

    /// A PIN key's signature of a challenge that is there already.
    pub fn sign(&self, key: &PinKey, purpose: Purpose, challenge: &str) -> String {
        self.0.sign(key, purpose, challenge).unwrap()
    }

    /// A challenge, and the PIN key's signature of it.
    pub async fn sign_challenge(&self, key: &PinKey, purpose: Purpose) -> (String, String) {
        self.0.sign_challenge(key, purpose).await.unwrap()
    }
}

/// A counter: an officer's session.
pub struct Officer {
    http: reqwest::Client,
    base: String,
    session: client::Officer,
}

impl Officer {
    /// Logs in.
    pub async fn log_in(http: reqwest::Client, base: &str, username: &str, password: &str, totp: &str) -> Self {
        let session = client::Officer::log_in(http.clone(), base, username, password, totp).await.unwrap();
        Self { http, base: base.to_owned(), session }
    }

    /// Chooses secrets in the place of those that a command printed; whoever has theirs goes on.
    pub async fn settle(&self, clock: &Clock) {
        let asked = self.get("/v1/officer/secrets").await;
        if asked.code() == "wrong_state" {
            return;
        }
        let secret = totp::from_base32(&asked.expect(200).text("totp_secret")).unwrap();
        let totp = totp::code_in_good_time(&secret, clock).await.unwrap();
        self.post("/v1/officer/secrets", &json!({"new_password": "enam layang putih sore", "totp": totp}))
            .await
            .expect(200);
    }

    /// The same session at another node.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { http: self.http.clone(), base: base.to_owned(), session: self.session.at(base) }
    }

    /// The session's cookie, as `name=value`.
    pub fn cookie(&self) -> String {
        self.session.cookie()
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        came(format!("POST {path}"), self.session.post(path, body).await)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        came(format!("GET {path}"), self.session.get(path).await)
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Request::new(&self.http, Method::PATCH, &self.base, path).cookie(&self.cookie()).json(body).send().await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        Request::new(&self.http, Method::DELETE, &self.base, path).cookie(&self.cookie()).send().await
    }
}

/// A relying party: an API key.
#[derive(Clone)]
pub struct Bank(client::Bank);

impl Bank {
    /// With a key that `relying-party add` printed.
    pub fn new(http: reqwest::Client, base: &str, api_key: &str) -> Self {
        Self(client::Bank::new(http, base, api_key))
    }

    /// Asks about a scanned QR.
    pub async fn verify(&self, token: &str, purpose: &str, key: &str) -> Answer {
        came(String::from("POST /v1/verifications"), self.0.verify(token, purpose, key).await)
    }

    /// The same, where a node may die meanwhile: `None` when no answer comes.
    pub async fn try_verify(&self, token: &str, purpose: &str, key: &str) -> Option<Answer> {
        let answer = self.0.verify(token, purpose, key).await.ok()?;
        Some(Answer::new(String::from("POST /v1/verifications"), answer))
    }

    /// Asks with any body.
    pub async fn verify_body(&self, body: &Value, key: &str) -> Answer {
        came(String::from("POST /v1/verifications"), self.0.verify_body(body, key).await)
    }

    /// `GET`, e.g. an own record.
    pub async fn get(&self, path: &str) -> Answer {
        came(format!("GET {path}"), self.0.get(path).await)
    }
}
