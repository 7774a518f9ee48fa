//! Messages a second through the outbox and a real mail server with TLS and log-in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::config::SmtpTls;
use ikd::error::{Language, Result};
use ikd::jobs::Wake;
use ikd::mail::{Compose, ComposeFuture, Email, Letters, MailKind, Message, Sample, Transport, Worker, outbox};
use ikd::secret::Redacted;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::place::Place;
use crate::smtp::MailServer;

/// As long as the message with an activation code.
const TEXT: usize = 900;
const HTML: usize = 4_000;

struct Composer;

impl Compose for Composer {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(async move {
            Ok(Some(Email {
                mail_id: message.mail_id,
                to: Redacted(format!("warga{}@example.id", message.reference.as_u128())),
                subject: "Kode aktivasi KTP Digital".into(),
                text: "Kode aktivasi 123456. ".repeat(TEXT / 22),
                html: format!("<p>{}</p>", "Kode aktivasi 123456. ".repeat(HTML / 22)),
                language: Language::Indonesian,
            }))
        })
    }

    fn samples(&self, _: MailKind, _: Language) -> Result<Vec<Sample>> {
        Ok(Vec::new())
    }
}

/// The Python that `tests/run` prepares, with the mail server's package.
pub fn python() -> PathBuf {
    std::env::var_os("IKD_TEST_PYTHON").map_or_else(|| PathBuf::from("target/venv/bin/python"), PathBuf::from)
}

/// Queues `count` messages and gives how many a second reached the server; `None` without the Python environment.
pub async fn rate(place: &Place, count: u128) -> Option<f64> {
    if !python().exists() {
        return None;
    }
    let server = MailServer::start(SmtpTls::Starttls);
    let context = &place.context;
    for part in 0..count.div_ceil(100) {
        let mut tx = context.db.write().await.unwrap();
        for number in part * 100..((part + 1) * 100).min(count) {
            let (now, reference) = (context.now(), Uuid::from_u128(number + 1));
            outbox::enqueue(&mut tx, &context.random, now, ACTIVATION_CODE, reference).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    let transport = Transport::open(&server.config()).unwrap();
    let (db, clock, random) = (context.db.clone(), context.clock.clone(), context.random.clone());
    let composer: Arc<dyn Compose> = Arc::new(Composer);
    let letters: Letters = [(ACTIVATION_CODE, composer)].into_iter().collect();
    let worker = Worker::new(db, clock, random, transport, letters);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let begun = Instant::now();
    let working = tokio::spawn(async move { worker.run(Wake::default(), stopped).await });
    let last = server.inbox().join(format!("{count}.eml"));
    while !last.exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "the mail does not arrive");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    stop.cancel();
    working.await.unwrap();
    Some(count as f64 / seconds)
}
