//! Answers of the HTTP API, and what is demanded of them.

use ikd::demo::client;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, and the request that it belongs to. The demands fail with both, and without personal data.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `METHOD path` of the request.
    pub request: String,
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
    /// The client's answer to this request.
    pub fn new(request: String, answer: client::Answer) -> Self {
        let client::Answer { status, json, bytes, nonce, cookie, retry_after, headers } = answer;
        Self { request, status, json, bytes, nonce, cookie, retry_after, headers }
    }

    /// The problem's code, empty when it is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    /// Demands a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status.as_u16() == status, "{}: expected {status}, got {}", self.request, self.summary());
        self
    }

    /// Demands a problem document with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert!(
            self.status.as_u16() == status && self.code() == code,
            "{}: expected {status} {code}, got {}",
            self.request,
            self.summary()
        );
        self
    }

    /// A text member of the body, which must be there.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        let text = self.json[member].as_str();
        text.unwrap_or_else(|| panic!("{}: no {member} in {}", self.request, self.summary())).to_owned()
    }

    /// A header's value, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The body as text.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// `valid` or the reason why not, of an answer to a verification.
    #[track_caller]
    pub fn verdict(&self) -> String {
        let word = self.json["reason"].as_str().or(self.json["result"].as_str());
        word.unwrap_or_else(|| panic!("{}: no verdict in {}", self.request, self.summary())).to_owned()
    }

    /// Status and kind of the body; of a problem document what it says, of any other body nothing, because it may hold
    /// somebody's data.
    fn summary(&self) -> String {
        let status = self.status.as_u16();
        if self.header("content-type") != "application/problem+json" {
            return format!("{status} with {} bytes of {:?}", self.bytes.len(), self.header("content-type"));
        }
        let said = ["title", "detail"].map(|member| self.json[member].as_str().unwrap_or_default());
        let mut text = format!("{status} {}: {} {}", self.code(), said[0], said[1]);
        for field in self.json["fields"].as_array().into_iter().flatten() {
            let [name, message] = ["field", "message"].map(|member| field[member].as_str().unwrap_or_default());
            text += &format!(" [{name}: {message}]");
        }
        for count in ["tries_left", "retry_after_seconds"] {
            if let Some(number) = self.json[count].as_u64() {
                text += &format!(" [{count} {number}]");
            }
        }
        text
    }
}
