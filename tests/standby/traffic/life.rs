//! One resident, from the first form to the end of the digital KTP.

use std::sync::Arc;

use ikd::demo::client::Resident;
use ikd::device::client::PinKey;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::world::{Person, pin_key, portrait_bytes};
use uuid::Uuid;

use super::Service;
use super::ledger::Stage;

/// Who they are and how far they have come.
pub(super) struct Life {
    pub(super) service: Arc<Service>,
    pub(super) phone: Resident,
    pub(super) person: Person,
    pub(super) id: String,
    pub(super) key: PinKey,
}

/// Lives it to its end, or until it is over.
pub(super) async fn live(service: &Arc<Service>, person: Person) {
    let (phone, key) = (service.phone(), pin_key(&person));
    let mut life = Life { service: Arc::clone(service), phone, person, id: String::new(), key };
    // `None` is an end before the end: what was wrong is noted.
    let _ = life.whole().await;
}

/// A PIN key that is nobody's.
pub(super) fn wrong_pin() -> PinKey {
    PinKey::from_seed(&[1; 32])
}

impl Life {
    async fn whole(&mut self) -> Option<()> {
        self.register().await?;
        self.send_selfie().await?;
        self.be_approved().await?;
        self.enter_the_code().await?;
        self.set_the_pin().await?;
        self.unlock().await?;
        for _ in 0..2 + self.service.below(4) {
            self.show_and_be_checked().await?;
        }
        self.end().await
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v1/registrations/{}{rest}", self.id)
    }

    pub(super) fn reached(&self, stage: Stage, act: &'static str) {
        let id: Uuid = self.id.parse().unwrap();
        self.service.ledger.reached(id, stage, act);
    }

    async fn register(&mut self) -> Option<()> {
        let service = Arc::clone(&self.service);
        let Person { nik, full_name, birth_date } = &self.person;
        let mut body = json!({
            "nik": nik, "full_name": full_name, "birth_date": birth_date, "phone": "0812 3456 7890",
            "email": format!("warga-{nik}@contoh.id"), "terms": {"version": service.terms, "accepted": true},
        });
        loop {
            // A solution counts once, and may have been spent by a try whose answer got lost.
            body["captcha"] = Value::from(service.captcha(&self.phone).await?);
            let Some(answer) = service.once("registration", self.phone.post("/v1/registrations", &body)).await else {
                continue;
            };
            service.demand("registration", &answer, &[200, 201])?;
            self.id = answer.text("registration_id").ok()?;
            self.reached(Stage::Registered, "registrations");
            return Some(());
        }
    }

    async fn send_selfie(&self) -> Option<()> {
        let path = self.path("/selfie");
        let shape =
            |request: RequestBuilder| request.header("Content-Type", "image/jpeg").body(portrait_bytes().to_vec());
        let answer = self.service.answered("selfie", || self.phone.send(Method::PUT, &path, shape)).await?;
        self.service.demand("selfie", &answer, &[200])?;
        self.reached(Stage::Pictured, "selfies");
        Some(())
    }

    async fn enter_the_code(&self) -> Option<()> {
        let service = &self.service;
        let code = service.until(|| service.letters.code(&self.id)).await?;
        if service.below(3) == 0 {
            self.enter_a_wrong_code(&code).await?;
        }
        let answer = self.enter(&code).await?;
        service.demand("code", &answer, &[200])?;
        self.reached(Stage::CodeRight, "codes");
        Some(())
    }

    /// Two wrong tries: the second has to know of the first.
    async fn enter_a_wrong_code(&self, right: &str) -> Option<()> {
        let wrong = if right.starts_with('1') { "234567" } else { "123456" };
        let mut acknowledged = 0;
        for _ in 0..2 {
            let answer = self.enter(wrong).await?;
            if answer.code() == "code_expired" {
                // Tries whose answers were lost have used it up.
                return None;
            }
            self.service.demand("wrong code", &answer, &[403, 422])?;
            acknowledged += 1;
            let left = answer.json["tries_left"].as_i64().unwrap_or(-1);
            if left > 5 - acknowledged || answer.code() != "code_wrong" {
                self.service.ledger.wrong(format!("code try {acknowledged}: {} and {left} left", answer.code()));
            }
            self.service.ledger.did("wrong codes");
            if left < 3 {
                break;
            }
        }
        Some(())
    }

    async fn enter(&self, code: &str) -> Option<ikd::demo::client::Answer> {
        let path = self.path("/activation-code");
        while !self.service.is_over() {
            let captcha = self.service.captcha(&self.phone).await?;
            let body = json!({"code": code, "captcha": captcha});
            if let Some(answer) = self.service.once("code", self.phone.post(&path, &body)).await {
                return Some(answer);
            }
        }
        None
    }

    async fn set_the_pin(&mut self) -> Option<()> {
        let service = Arc::clone(&self.service);
        while !service.is_over() {
            let (id, key) = (self.id.clone(), pin_key(&self.person));
            if let Some(answer) = service.once("PIN", self.phone.enrol(&id, key)).await {
                service.demand("PIN", &answer, &[200, 201])?;
                self.reached(Stage::Active, "activations");
                return Some(());
            }
        }
        None
    }
}
