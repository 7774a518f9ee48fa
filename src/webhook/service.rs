//! What an administrator of a relying party does about its webhook.

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{Client, Request};
use super::model::{Fault, State, Target, check_url, header_id};
use super::store::{self, Row};
use crate::audit;
use crate::base64url;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::error::{Code, Refusal, Result};
use crate::partner::act::{ReadParty, RemoveWebhook, SetWebhook, VerifyWebhook};
use crate::staff::Allowed;
use crate::window::Window;
use crate::{audited, transaction};

/// Challenges that a party may have sent in an hour: each is a request of ours to an address of theirs.
const CHALLENGES: Window = Window { kind: "webhook", seconds: HOUR, most: 10 };
/// Waiting messages that are counted.
const MOST_WAITING: i64 = 1_000;
/// Where the address is sealed: the table of its row.
pub(super) const TABLE: &str = "webhook";

/// Webhooks. Cloning shares everything.
#[derive(Clone)]
pub struct Webhooks {
    pub(super) context: Context,
    pub(super) client: Client,
    audit: audit::Service,
}

/// A webhook as its party sees it.
#[derive(Debug)]
pub struct View {
    /// The row.
    pub row: Row,
    /// The address.
    pub url: String,
    /// Messages that wait, at most a thousand.
    pub waiting: i64,
}

impl Webhooks {
    /// In this context.
    ///
    /// # Errors
    /// When the file with authorities cannot be read.
    pub fn new(context: Context) -> Result<Self> {
        let client = Client::new(&context.config.webhook, context.config.service.mode)?;
        Ok(Self { audit: audit::Service::new(context.clone()), client, context })
    }

    /// The webhook of the own party, where it has one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own(&self, who: &Allowed<ReadParty>) -> Result<Option<View>> {
        let party = who.agent.party.relying_party_id;
        let mut tx = self.context.db.read().await?;
        let Some(row) = store::lookup(&mut tx, party).await? else { return Ok(None) };
        let waiting = store::waiting(&mut tx, party, MOST_WAITING).await?;
        let url = self.target(&row)?.url.expose().clone();
        Ok(Some(View { row, url, waiting }))
    }

    /// Sets where the webhook is, with a new secret, which is shown once. Nothing is sent there before it has answered a challenge.
    ///
    /// # Errors
    /// `invalid_field`, also for a host that the service may not send to.
    pub async fn set(&self, who: &Allowed<SetWebhook>, url: &str) -> Result<Target> {
        let (party, now) = (who.agent.party.relying_party_id, self.context.now());
        let url = check_url(url)?;
        if !self.client.may_reach(&url) {
            return Err(not_allowed().into());
        }
        let target = Target { url: url.into(), secret: self.context.random.bytes().into() };
        let sealed = self.context.vault.seal_row(&self.context.random, TABLE, party, &target)?;
        audited!(self.audit, who.event(party), "webhook.set", |tx| {
            // What waited was for the address before.
            store::set(tx, party, &sealed, now).await?;
            store::forget(tx, party).await?;
            Ok(())
        })?;
        Ok(target)
    }

    /// Removes the webhook. Repeated it is a success.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn remove(&self, who: &Allowed<RemoveWebhook>) -> Result<()> {
        let party = who.agent.party.relying_party_id;
        audited!(self.audit, who.event(party), "webhook.remove", |tx| {
            store::remove(tx, party).await?.either_way();
            store::forget(tx, party).await?;
            Ok(())
        })
    }

    /// Sends a challenge, which the webhook has to give back; then what happens is sent. One that has answered before stays as it is.
    ///
    /// # Errors
    /// `not_found` without a webhook, `too_many`, `webhook_unanswered`; `wrong_state` when it was set anew meanwhile.
    pub async fn verify(&self, who: &Allowed<VerifyWebhook>) -> Result<()> {
        let (party, now) = (who.agent.party.relying_party_id, self.context.now());
        let row = transaction!(self.context.db, "webhook.count_challenge", |tx| {
            let row = store::lookup(tx, party).await?.ok_or(Code::NotFound)?;
            CHALLENGES.count(tx, &[party.as_bytes()], now).await?.or_refuse(Code::TooMany.into())?;
            Ok(row)
        })?;
        if row.state == State::Stopped {
            return Err(stopped().into());
        }
        let challenge = base64url::encode(&self.context.random.bytes::<24>());
        let body = json!({"type": "endpoint.verification", "timestamp": now, "data": {"challenge": challenge}});
        let message = self.context.random.uuid_v7(now);
        let answered = self.send(&self.target(&row)?, message, body.to_string(), now).await;
        let answered = answered.and_then(|bytes| {
            let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
            let is_it = answer.is_some_and(|answer| answer["challenge"] == challenge.as_str());
            if is_it { Ok(()) } else { Err(Fault::NoChallenge) }
        });
        audited!(self.audit, who.event(party), "webhook.verify", |tx| {
            answered.map_err(unanswered)?;
            if !store::verified(tx, party, row.revision).await?.happened() {
                let is_so = |now: &Row| now.revision == row.revision && now.state == State::Active;
                return match store::lookup(tx, party).await? {
                    Some(now) if is_so(&now) => Ok(()),
                    _ => Err(Code::WrongState.into()),
                };
            }
            Ok(())
        })
    }

    pub(super) fn target(&self, row: &Row) -> Result<Target> {
        Ok(self.context.vault.open_row(TABLE, row.relying_party_id, &row.sealed)?)
    }

    /// Signs and sends.
    pub(super) async fn send(
        &self,
        target: &Target,
        message: Uuid,
        body: String,
        now: Timestamp,
    ) -> Result<Vec<u8>, Fault> {
        let id = header_id(message);
        let signature = target.sign(&id, now, &body).ok_or(Fault::Unreachable)?;
        let headers =
            [("webhook-id", id), ("webhook-timestamp", now.seconds().to_string()), ("webhook-signature", signature)];
        Ok(self.client.send(Request { url: &target.url, headers, body }).await?.to_vec())
    }
}

fn not_allowed() -> Refusal {
    Refusal::field(
        "url",
        "Layanan ini belum boleh mengirim ke nama domain itu. Minta Dukcapil pusat mengizinkannya, lalu atur lagi.",
        "This service may not send to that domain yet. Ask the national administration to allow it, then set the address again.",
    )
}

fn stopped() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Webhook ini dihentikan. Atur lagi alamatnya, lalu uji.",
        "This webhook was stopped. Set its address again, then have it tested.",
    )
}

fn unanswered(fault: Fault) -> Refusal {
    let refusal = Refusal::new(Code::WebhookUnanswered);
    match fault {
        Fault::NotAllowed => refusal.detail(
            "Layanan ini tidak boleh lagi mengirim ke nama domain itu. Minta Dukcapil pusat mengizinkannya, lalu uji lagi.",
            "This service may not send to that domain any more. Ask the national administration to allow it, then test again.",
        ),
        Fault::NoPublicAddress => refusal.detail(
            "Nama domain itu tidak menuju alamat internet umum. Periksa DNS, atau pakai alamat yang dapat dicapai dari luar.",
            "The domain leads to no address on the public internet. Check the DNS, or use an address that is reached from outside.",
        ),
        Fault::Unreachable => refusal.detail(
            "Tidak ada jawaban dalam 10 detik. Periksa bahwa server menyala dan tidak ditutup oleh tembok api, lalu uji lagi.",
            "No answer came within 10 seconds. See that the server runs and no firewall stands before it, then test again.",
        ),
        Fault::Tls => refusal.detail(
            "Sertifikat TLS tidak sah untuk nama itu. Perbarui sertifikat beserta rantainya, lalu uji lagi.",
            "The TLS certificate is not valid for that name. Renew it with its chain, then test again.",
        ),
        Fault::Refused | Fault::Gone => refusal.detail(
            "Alamat itu menjawab selain 2xx (pengalihan tidak diikuti). Tulis alamat akhirnya dan terima POST, lalu uji lagi.",
            "The address answered other than 2xx (redirects are not followed). Write the final address, accept POST, then test again.",
        ),
        Fault::NoChallenge => refusal.detail(
            "Jawabannya harus JSON {\"challenge\": …} dengan isi data.challenge yang dikirim. Perbaiki, lalu uji lagi.",
            "The answer has to be JSON {\"challenge\": …} with the data.challenge that was sent. Mend that, then test again.",
        ),
    }
}
