//! The visit at the counter.

use serde_json::json;
use support::world::approval;

use super::ledger::Stage;
use super::life::Life;

/// Looks at a registration until its officer has decided; more would be a fault of its own.
const MOST_LOOKS: usize = 60;

impl Life {
    /// The officer scans the resident's QR and approves what is there to see.
    pub(super) async fn be_approved(&self) -> Option<()> {
        self.be_scanned().await?;
        let service = &self.service;
        let path = format!("/v1/officer/registrations/{}", self.id);
        let waits = service.below(4) > 0;
        for look in 0..MOST_LOOKS {
            let seen = service.answered("look at a registration", || async { service.desk().get(&path).await }).await?;
            if seen.code() == "reason_required" {
                self.be_scanned().await?;
                continue;
            }
            service.demand("look at a registration", &seen, &[200])?;
            match seen.json["state"].as_str().unwrap_or_default() {
                "awaiting_officer" => {}
                "approved_pending_register" | "code_sent" => {
                    // An answer got lost: it is said here.
                    self.reached(Stage::Approved, "approvals");
                    return Some(());
                }
                other => {
                    service.ledger.wrong(format!("an approved registration is {other}"));
                    return None;
                }
            }
            if waits && look < 20 && seen.json["check_result"] != "match" {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            }
            let mut body = approval();
            body["version"] = seen.json["version"].clone();
            let approving = async { service.desk().post(&format!("{path}/approval"), &body).await };
            match service.once("approval", approving).await {
                None => {}
                Some(answer) if answer.code() == "scan_required" => self.be_scanned().await?,
                // The register's answer came between, or a try whose answer got lost was first: looked at once more.
                Some(answer) if answer.status.as_u16() == 409 => {}
                Some(answer) => {
                    service.demand("approval", &answer, &[200])?;
                    self.reached(Stage::Approved, "approvals");
                    return Some(());
                }
            }
        }
        service.ledger.wrong(format!("no approval after {MOST_LOOKS} looks"));
        None
    }

    async fn be_scanned(&self) -> Option<()> {
        let service = &self.service;
        while !service.is_over() {
            let path = self.path("/activation-token");
            let shown =
                service.answered("activation QR", || async { self.phone.post(&path, &json!({})).await }).await?;
            service.demand("activation QR", &shown, &[200])?;
            let body = json!({"token": shown.json["token"]});
            let scanning = async { service.desk().post("/v1/officer/scans", &body).await };
            // What got no answer may have spent the QR: another is shown.
            if let Some(answer) = service.once("scan", scanning).await {
                service.demand("scan", &answer, &[200])?;
                service.ledger.did("scans");
                return Some(());
            }
        }
        None
    }
}
