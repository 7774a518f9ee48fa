//! A client of the HTTP API: what an app, a counter and a bank do. The demo walks with it, the tests too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::captcha::{CaptchaChallenge, solve};
use crate::device::client::{DeviceKey, PinKey, ProofFor};
use crate::device::{Purpose, Thumbprint};
use crate::random::Random;

/// Something did not go as the client expected.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service could not be reached or broke off.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// Another answer than expected; codes and states, never personal data.
    #[error("{0}")]
    Unexpected(String),
}

/// An answer: status, JSON body (null when it has none), raw bytes.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body as JSON, null when it is none.
    pub json: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// Value of `DPoP-Nonce`.
    pub nonce: Option<String>,
    /// Value of `Set-Cookie`, without its attributes.
    pub cookie: Option<String>,
    /// Value of `Retry-After`.
    pub retry_after: Option<u64>,
    /// All headers.
    pub headers: HeaderMap,
}

impl Answer {
    /// Reads a response to its end.
    ///
    /// # Errors
    /// When the service breaks off.
    pub async fn read(response: Response) -> Result<Self, ClientError> {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (nonce, retry_after) = (header("dpop-nonce"), header("retry-after").and_then(|value| value.parse().ok()));
        let cookie = header("set-cookie").and_then(|value| value.split(';').next().map(str::to_owned));
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Self { status, json, bytes, nonce, cookie, retry_after, headers })
    }

    /// The problem's code, empty when it is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    /// The answer, if its status is `status`.
    ///
    /// # Errors
    /// [`ClientError::Unexpected`] with status and code.
    pub fn expect(self, status: u16) -> Result<Self, ClientError> {
        if self.status.as_u16() == status {
            Ok(self)
        } else {
            let fields = self.json["fields"]
                .as_array()
                .map(|fields| fields.iter().filter_map(|field| field["field"].as_str()).collect::<Vec<_>>().join(", "));
            Err(ClientError::Unexpected(format!(
                "expected {status}, got {} {} {}",
                self.status.as_u16(),
                self.code(),
                fields.unwrap_or_default()
            )))
        }
    }

    /// A text member of the body.
    ///
    /// # Errors
    /// When it is missing.
    pub fn text(&self, member: &str) -> Result<String, ClientError> {
        let text = self.json[member].as_str().map(str::to_owned);
        text.ok_or_else(|| ClientError::Unexpected(format!("the answer has no {member}")))
    }
}

/// A resident's app: a device key, the newest nonce, the access token once unlocked.
pub struct Resident {
    http: reqwest::Client,
    public: String,
    nodes: Vec<String>,
    turn: AtomicUsize,
    random: Random,
    key: DeviceKey,
    pin: Option<PinKey>,
    nonce: Arc<Mutex<Option<String>>>,
    token: Arc<Mutex<Option<String>>>,
}

impl Resident {
    /// A new device.
    pub fn new(http: reqwest::Client, base: &str, random: &Random) -> Self {
        Self::behind(http, base, &[base.to_owned()], random)
    }

    /// A new device whose requests go to the nodes (at least one) behind one public URL in turn.
    pub fn behind(http: reqwest::Client, public: &str, nodes: &[String], random: &Random) -> Self {
        Self {
            http,
            public: public.to_owned(),
            nodes: nodes.to_vec(),
            turn: AtomicUsize::new(0),
            random: random.clone(),
            key: DeviceKey::generate(random),
            pin: None,
            nonce: Arc::default(),
            token: Arc::default(),
        }
    }

    /// The same device with a key that is known elsewhere too.
    #[must_use]
    pub fn with_key(mut self, key: DeviceKey) -> Self {
        self.key = key;
        self
    }

    /// The service's URL.
    pub fn base(&self) -> &str {
        &self.public
    }

    /// The device key's thumbprint.
    pub fn thumbprint(&self) -> Thumbprint {
        self.key.thumbprint()
    }

    /// A request with a device proof, repeated once when the service asks for a (new) nonce.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        shape: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, ClientError> {
        let mut answer = self.send_once(&method, path, &shape).await?;
        if answer.code() == "use_dpop_nonce" {
            answer = self.send_once(&method, path, &shape).await?;
        }
        Ok(answer)
    }

    /// The device proof of a request with this body, the newest nonce, and the access token once unlocked.
    pub fn proof(&self, method: &Method, path: &str, body: &[u8]) -> String {
        // A proof is bound to the URL that the world knows, whichever node answers.
        let url = format!("{}{path}", self.public);
        let (nonce, token) = (lock(&self.nonce).clone(), self.access_token());
        let what = ProofFor {
            method: method.as_str(),
            url: &url,
            body,
            nonce: nonce.as_deref(),
            access_token: token.as_deref(),
            iat: 0,
        };
        self.key.proof(&self.random, &what)
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        shape: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, ClientError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let node = self.nodes.get(turn % self.nodes.len().max(1)).unwrap_or(&self.public);
        let url = format!("{node}{path}");
        let mut request = self.http.request(method.clone(), &url);
        if let Some(token) = self.access_token() {
            request = request.header("Authorization", format!("DPoP {token}"));
        }
        // Each try has a proof of its own: one that was sent is spent, even if its answer got lost.
        let mut request = shape(request).build()?;
        let proof = self.proof(method, path, request.body().and_then(Body::as_bytes).unwrap_or_default());
        let proof = HeaderValue::from_str(&proof).map_err(|error| ClientError::Unexpected(error.to_string()))?;
        request.headers_mut().entry("DPoP").or_insert(proof);
        let answer = Answer::read(self.http.execute(request).await?).await?;
        if let Some(nonce) = &answer.nonce {
            *lock(&self.nonce) = Some(nonce.clone());
        }
        Ok(answer)
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ClientError> {
        self.send(Method::POST, path, |request| request.json(body)).await
    }

    /// `GET`.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.send(Method::GET, path, |request| request).await
    }

    /// A fresh solution of the captcha.
    ///
    /// # Errors
    /// When the service cannot be reached or its challenge has no solution.
    pub async fn captcha(&self) -> Result<String, ClientError> {
        let answer = self.post("/v1/captcha", &json!({})).await?.expect(200)?;
        let challenge: CaptchaChallenge = serde_json::from_value(answer.json)
            .map_err(|error| ClientError::Unexpected(format!("captcha: {error}")))?;
        let solved = tokio::task::spawn_blocking(move || solve(&challenge)).await.ok().flatten();
        solved.ok_or_else(|| ClientError::Unexpected(String::from("the captcha has no solution")))
    }

    /// Derives the PIN key, enrols it, and keeps it for unlocking.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn set_pin(&mut self, registration: &str, pin: &str) -> Result<Answer, ClientError> {
        let salt: [u8; 16] = self.random.bytes();
        let pin = pin.to_owned();
        let key = tokio::task::spawn_blocking(move || PinKey::derive(&pin, &salt)).await;
        let key = key.map_err(|_| ClientError::Unexpected(String::from("the PIN key could not be derived")))?;
        self.enrol(registration, key).await
    }

    /// Enrols a PIN key that is there already, and keeps it for unlocking.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn enrol(&mut self, registration: &str, key: PinKey) -> Result<Answer, ClientError> {
        let (challenge, signature) = self.sign_challenge(&key, Purpose::Enrol).await?;
        let body = json!({"pin_public_key": key.public_text(), "challenge": challenge, "signature": signature});
        let answer = self.post(&format!("/v1/registrations/{registration}/pin"), &body).await?;
        self.pin = Some(key);
        Ok(answer)
    }

    /// Unlocks with the PIN key that was set.
    ///
    /// # Errors
    /// When the service cannot be reached or no PIN was set.
    pub async fn unlock(&self) -> Result<Answer, ClientError> {
        let key = self.pin.as_ref().ok_or_else(|| ClientError::Unexpected(String::from("no PIN was set")))?;
        self.unlock_with(key).await
    }

    /// Unlocks with any PIN key, e.g. a wrong one.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn unlock_with(&self, key: &PinKey) -> Result<Answer, ClientError> {
        self.forget_token();
        let (challenge, signature) = self.sign_challenge(key, Purpose::Unlock).await?;
        let answer = self.post("/v1/sessions", &json!({"challenge": challenge, "signature": signature})).await?;
        if let Some(token) = answer.json["access_token"].as_str() {
            *lock(&self.token) = Some(token.to_owned());
        }
        Ok(answer)
    }

    /// The access token, once unlocked.
    pub fn access_token(&self) -> Option<String> {
        lock(&self.token).clone()
    }

    /// Forgets the access token: later requests carry the device proof alone.
    pub fn forget_token(&self) {
        *lock(&self.token) = None;
    }

    /// A challenge, and the PIN key's signature of it.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn sign_challenge(&self, key: &PinKey, purpose: Purpose) -> Result<(String, String), ClientError> {
        let challenge = self.post("/v1/challenges", &json!({})).await?.expect(200)?.text("challenge")?;
        let signature = self.sign(key, purpose, &challenge)?;
        Ok((challenge, signature))
    }

    /// A PIN key's signature of a challenge that is there already.
    ///
    /// # Errors
    /// When the challenge is unreadable.
    pub fn sign(&self, key: &PinKey, purpose: Purpose, challenge: &str) -> Result<String, ClientError> {
        let signature = key.sign(purpose, challenge, &self.thumbprint());
        signature.ok_or_else(|| ClientError::Unexpected(String::from("the challenge is unreadable")))
    }
}

/// A counter: an officer's session.
pub struct Officer {
    http: reqwest::Client,
    base: String,
    /// The service gives it another value when an idle session is continued.
    cookie: Arc<Mutex<String>>,
}

impl Officer {
    /// Logs in.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn log_in(
        http: reqwest::Client,
        base: &str,
        username: &str,
        password: &str,
        totp: &str,
    ) -> Result<Self, ClientError> {
        let body = json!({"username": username, "password": password, "totp": totp});
        let answer = Answer::read(http.post(format!("{base}/v1/officer/sessions")).json(&body).send().await?).await?;
        let cookie = answer.expect(201)?.cookie.unwrap_or_default();
        Ok(Self { http, base: base.to_owned(), cookie: Arc::new(Mutex::new(cookie)) })
    }

    /// The same session at another node.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { http: self.http.clone(), base: base.to_owned(), cookie: Arc::clone(&self.cookie) }
    }

    /// The session's cookie, as `name=value`.
    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `POST` with a JSON body.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ClientError> {
        let request = self.http.post(format!("{}{path}", self.base)).header("Cookie", self.cookie());
        let answer = Answer::read(request.json(body).send().await?).await?;
        if let Some(cookie) = &answer.cookie {
            self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone_from(cookie);
        }
        Ok(answer)
    }

    /// `GET`.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        let request = self.http.get(format!("{}{path}", self.base)).header("Cookie", self.cookie());
        Answer::read(request.send().await?).await
    }
}

/// A bank: an API key.
#[derive(Clone)]
pub struct Bank {
    http: reqwest::Client,
    base: String,
    api_key: String,
}

impl Bank {
    /// With a key that `relying-party add` printed.
    pub fn new(http: reqwest::Client, base: &str, api_key: &str) -> Self {
        Self { http, base: base.to_owned(), api_key: api_key.to_owned() }
    }

    /// Asks about a scanned QR.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn verify(&self, token: &str, purpose: &str, key: &str) -> Result<Answer, ClientError> {
        self.verify_body(&json!({"token": token, "purpose": purpose}), key).await
    }

    /// Asks with any body.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn verify_body(&self, body: &Value, key: &str) -> Result<Answer, ClientError> {
        let request = self.http.post(format!("{}/v1/verifications", self.base)).bearer_auth(&self.api_key);
        Answer::read(request.header("Idempotency-Key", key).json(body).send().await?).await
    }

    /// `GET`, e.g. an own record.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        Answer::read(self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.api_key).send().await?).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
