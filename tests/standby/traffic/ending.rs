//! How digital KTPs end here: blocked in the app or with the code, closed and reopened, moved, or not at all.

use std::sync::Arc;
use std::time::Duration;

use ikd::captcha::{CaptchaChallenge, solve};
use ikd::demo::client::Answer;
use ikd::device::Purpose;
use ikd::device::client::PinKey;
use serde_json::{Value, json};

use super::Service;
use super::ledger::Stage;
use super::life::Life;

fn another_pin() -> PinKey {
    PinKey::from_seed(&[55; 32])
}

impl Life {
    pub(super) async fn end(&mut self) -> Option<()> {
        match self.service.below(8) {
            0 | 1 => self.block_in_the_app().await,
            2 | 3 => self.block_with_the_code().await,
            4 => {
                self.move_to_another_phone().await?;
                self.block_in_the_app().await
            }
            5 => {
                self.change_the_pin().await?;
                self.show_and_be_checked().await?;
                self.block_in_the_app().await
            }
            6 => self.close_and_undo().await,
            _ => Some(()),
        }
    }

    /// Whether the holder is told that it is stopped; of that nothing is answered wrongly.
    async fn is_stopped(&self) -> Option<bool> {
        let status = self.service.answered("status", || self.phone.get("/v1/me/status")).await?;
        self.service.demand("status", &status, &[200])?;
        Some(status.json["state"] != "active")
    }

    async fn block_in_the_app(&self) -> Option<()> {
        let (service, token) = (&self.service, self.show().await?);
        loop {
            if let Some(answer) = service.once("block", self.phone.post("/v1/me/block", &json!({}))).await
                && answer.code() != "session_ended"
            {
                service.demand("block", &answer, &[200])?;
                break;
            }
            // Its session ended with it, where an answer got lost; or by itself.
            if self.is_stopped().await? {
                break;
            }
            self.show().await?;
        }
        self.reached(Stage::Stopped, "blocks in the app");
        service.demand_void(&token).await
    }

    async fn block_with_the_code(&self) -> Option<()> {
        let service = &self.service;
        let name = json!({"request_id": "kode-1"});
        let code = loop {
            let given = service.answered("block code", || self.phone.post("/v1/me/block-code", &name)).await?;
            if given.code() != "session_ended" {
                service.demand("block code", &given, &[201])?;
                break given.text("block_code").ok()?;
            }
            self.show().await?;
        };
        let token = self.show().await?;
        let mut body = json!({"nik": self.person.nik, "block_code": code});
        while !service.is_over() {
            let blocking = async {
                let http = service.http.post(format!("{}/v1/blocks", service.node()));
                Answer::read(http.json(&body).send().await?).await
            };
            match service.once("block by code", blocking).await {
                None => {}
                Some(answer) if matches!(answer.code(), "captcha_required" | "captcha_invalid") => {
                    body["captcha"] = Value::from(service.captcha_of_blocks().await?);
                }
                Some(answer) => {
                    service.demand("block by code", &answer, &[200])?;
                    self.reached(Stage::Stopped, "blocks by code");
                    return service.demand_void(&token).await;
                }
            }
        }
        None
    }

    /// A challenge that the PIN answers, with a body of it.
    async fn proven(&self, path: &str, key: &PinKey, purpose: Purpose, more: &Value) -> Option<Answer> {
        let service = &self.service;
        while !service.is_over() {
            let asking = async {
                let (challenge, signature) = self.phone.sign_challenge(key, purpose).await?;
                let mut body = more.clone();
                body["challenge"] = challenge.into();
                body["signature"] = signature.into();
                self.phone.post(path, &body).await
            };
            match service.once("with the PIN", asking).await {
                Some(answer) if answer.code() == "challenge_invalid" => {}
                Some(answer) => return Some(answer),
                None => {}
            }
        }
        None
    }

    async fn change_the_pin(&mut self) -> Option<()> {
        let service = Arc::clone(&self.service);
        while !service.is_over() {
            let new = another_pin();
            let asking = async {
                let (challenge, signature) = self.phone.sign_challenge(&self.key, Purpose::Change).await?;
                let new_signature = self.phone.sign(&new, Purpose::Enrol, &challenge)?;
                let body = json!({"challenge": challenge, "signature": signature,
                    "pin_public_key": new.public_text(), "new_signature": new_signature});
                self.phone.post("/v1/me/pin", &body).await
            };
            match service.once("another PIN", asking).await {
                Some(answer) if answer.status.as_u16() == 204 => break,
                Some(answer) if answer.code() == "challenge_invalid" => {}
                // An answer got lost: the former PIN is wrong now, and the session has ended.
                Some(answer) if matches!(answer.code(), "session_ended" | "pin_wrong") => {
                    let tried = service.answered("the new PIN", || self.phone.unlock_with(&new)).await?;
                    if tried.status.is_success() {
                        break;
                    }
                    if tried.code() == "pin_wait" {
                        tokio::time::sleep(Duration::from_secs(tried.retry_after.unwrap_or(1).min(65))).await;
                    } else if tried.code() != "challenge_invalid" {
                        // It was not changed: once more, with a session.
                        service.demand("the new PIN", &tried, &[403])?;
                        self.show().await?;
                    }
                }
                Some(answer) => service.demand("another PIN", &answer, &[204])?,
                None => {}
            }
        }
        self.key = another_pin();
        service.ledger.did("PINs changed");
        Some(())
    }

    async fn close_and_undo(&self) -> Option<()> {
        let (service, token) = (&self.service, self.show().await?);
        loop {
            let closed =
                self.proven("/v1/me/closure", &self.key, Purpose::Change, &json!({"withdraw_consent": false})).await?;
            if closed.code() == "session_ended" {
                if self.is_stopped().await? {
                    break;
                }
                self.show().await?;
                continue;
            }
            service.demand("closure", &closed, &[200])?;
            break;
        }
        service.ledger.did("closures");
        service.demand_void(&token).await?;
        let undone = self.proven("/v1/me/closure/undo", &self.key, Purpose::Unlock, &json!({})).await?;
        if undone.code() != "wrong_state" {
            service.demand("undo of a closure", &undone, &[200])?;
        }
        if self.is_stopped().await? {
            service.ledger.wrong(String::from("a closure that was undone is there again"));
        }
        service.ledger.did("closures undone");
        self.show_and_be_checked().await
    }

    async fn move_to_another_phone(&mut self) -> Option<()> {
        let service = Arc::clone(&self.service);
        let new = service.phone();
        let begun = service.answered("a move", || async { new.post("/v1/transfers", &json!({})).await }).await?;
        service.demand("a move", &begun, &[200, 201])?;
        let id = begun.text("transfer_id").ok()?;
        let path = format!("/v1/transfers/{id}/token");
        loop {
            let shown = service.answered("QR of a move", || async { new.post(&path, &json!({})).await });
            let shown = shown.await?;
            service.demand("QR of a move", &shown, &[200])?;
            let body = json!({"token": shown.json["token"]});
            let scanned = service.answered("scan of a move", || self.phone.post("/v1/me/transfers", &body)).await?;
            if scanned.code() == "session_ended" {
                self.show().await?;
                continue;
            }
            service.demand("scan of a move", &scanned, &[200])?;
            break;
        }
        let path = format!("/v1/me/transfers/{id}/allow");
        let allowed = self.proven(&path, &self.key, Purpose::Change, &json!({})).await?;
        // Allowed with an answer that got lost: the session is over.
        if !matches!(allowed.code(), "session_ended" | "wrong_state") {
            service.demand("allowing a move", &allowed, &[204])?;
        }
        let key = another_pin();
        let old = std::mem::replace(&mut self.phone, new);
        let more = json!({"pin_public_key": key.public_text()});
        let path = format!("/v1/transfers/{id}/pin");
        let moved = self.proven(&path, &key, Purpose::Enrol, &more).await?;
        service.demand("a move", &moved, &[200])?;
        self.key = key;
        service.ledger.did("moves");
        let left = service.answered("the old phone", || old.get("/v1/me/status")).await?;
        service.demand("the old phone", &left, &[404])
    }
}

impl Service {
    async fn captcha_of_blocks(&self) -> Option<String> {
        let ask = || async {
            let http = self.http.post(format!("{}/v1/blocks/captcha", self.node()));
            Answer::read(http.json(&json!({})).send().await?).await
        };
        let answer = self.answered("captcha of blocks", ask).await?;
        self.demand("captcha of blocks", &answer, &[200])?;
        let challenge: CaptchaChallenge = serde_json::from_value(answer.json).ok()?;
        solve(&challenge)
    }
}
