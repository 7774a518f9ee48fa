//! Unlocking, showing and being checked.

use std::time::{Duration, Instant};

use ikd::demo::client::Answer;
use serde_json::json;
use uuid::Uuid;

use super::Service;
use super::life::{Life, wrong_pin};

/// A QR lives 90 s: who was held up for longer may be told so.
const OLD: Duration = Duration::from_secs(80);

impl Life {
    /// Unlocks, now and then after wrong tries: each has to know of those before it, whoever was killed between.
    pub(super) async fn unlock(&self) -> Option<()> {
        let service = &self.service;
        let mut acknowledged = 0;
        while service.below(2) == 0 && acknowledged < 2 {
            let wrong = || async { self.phone.unlock_with(&wrong_pin()).await };
            let answer = service.answered_or_waiting("wrong PIN", wrong).await?;
            // Tries whose answers were lost counted too.
            if answer.code() == "pin_wait" {
                break;
            }
            acknowledged += 1;
            service.ledger.did("wrong PINs");
            let left = answer.json["tries_left"].as_i64().unwrap_or(-1);
            if answer.code() != "pin_wrong" || left > 3 - acknowledged {
                service.ledger.wrong(format!("PIN try {acknowledged}: {} and {left} left", answer.code()));
            }
            if left == 0 {
                break;
            }
        }
        self.unlock_rightly().await
    }

    async fn unlock_rightly(&self) -> Option<()> {
        let service = &self.service;
        loop {
            let answer = service.answered_or_waiting("unlocking", || self.phone.unlock_with(&self.key)).await?;
            match answer.code() {
                // Wrong tries whose answers were lost counted too.
                "pin_wait" => tokio::time::sleep(Duration::from_secs(answer.retry_after.unwrap_or(1).min(65))).await,
                // A challenge that was spent by a try whose answer got lost.
                "challenge_invalid" => {}
                _ => {
                    service.demand("unlocking", &answer, &[200])?;
                    service.ledger.did("unlockings");
                    return Some(());
                }
            }
        }
    }

    /// The text of a QR.
    pub(super) async fn show(&self) -> Option<String> {
        loop {
            let body = json!({"share": "basic"});
            let shown = self.service.answered("QR", || self.phone.post("/v1/me/presentations", &body)).await?;
            if shown.code() == "session_ended" {
                self.unlock_rightly().await?;
                continue;
            }
            self.service.demand("QR", &shown, &[200])?;
            return shown.text("token").ok();
        }
    }

    /// A bank checks a QR under one name or, at the same moment, under two: one of them gets it, once.
    pub(super) async fn show_and_be_checked(&self) -> Option<()> {
        let service = &self.service;
        let (token, begun) = (self.show().await?, Instant::now());
        let keys = [service.name(), service.name(), service.name()];
        let first = if service.below(3) == 0 {
            let (one, two) = tokio::join!(service.check(&token, &keys[0]), service.check(&token, &keys[1]));
            service.judge(begun, &[one?, two?])?
        } else {
            let one = service.check(&token, &keys[0]).await?;
            service.judge(begun, &[one])?
        };
        let Some((place, id)) = first else { return Some(()) };
        if service.below(2) == 0 {
            let again = service.check(&token, &keys[place]).await?;
            if again.json["verification_id"].as_str() != Some(&id.to_string()) || again.json["result"] != "valid" {
                service.ledger.wrong(String::from("a check that was repeated under its name got another answer"));
            }
            service.ledger.did("repetitions");
        }
        let other = service.check(&token, &keys[2]).await?;
        if other.json["result"] == "valid" {
            service.ledger.wrong(String::from("a QR was accepted twice"));
        }
        service.ledger.did("second uses refused");
        Some(())
    }
}

impl Service {
    /// A name under which a bank asks, never used before.
    fn name(&self) -> String {
        format!("kunci-{:032x}", u128::from_be_bytes(self.random.bytes()))
    }

    /// Asks until there is an answer, under the same name.
    async fn check(&self, token: &str, key: &str) -> Option<Answer> {
        let ask = || async { self.bank().verify(token, "open_account", key).await };
        let answer = self.answered("check", ask).await?;
        self.demand("check", &answer, &[200])?;
        Some(answer)
    }

    /// Exactly one of the answers is "valid", unless the QR became too old meanwhile. Gives which, and its id.
    fn judge(&self, begun: Instant, answers: &[Answer]) -> Option<Option<(usize, Uuid)>> {
        let valid: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].json["result"] == "valid").collect();
        match valid[..] {
            [place] => {
                let id = answers[place].json["verification_id"].as_str()?.parse().ok()?;
                self.ledger.verified(id);
                Some(Some((place, id)))
            }
            [] if begun.elapsed() > OLD => Some(None),
            _ => {
                let told: Vec<&str> = answers.iter().filter_map(|answer| answer.json["reason"].as_str()).collect();
                self.ledger.wrong(format!(
                    "{} of {} checks of one QR were valid: {told:?}",
                    valid.len(),
                    answers.len()
                ));
                None
            }
        }
    }

    /// A QR of a digital KTP that was stopped counts no more.
    pub(super) async fn demand_void(&self, token: &str) -> Option<()> {
        let answer = self.check(token, &self.name()).await?;
        if answer.json["result"] == "valid" {
            self.ledger.wrong(String::from("a QR of a stopped digital KTP was accepted"));
        }
        Some(())
    }
}
