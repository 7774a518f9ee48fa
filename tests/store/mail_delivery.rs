//! The worker against a real mail server with TLS and log-in, on all engines.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ikd::activation_code::ports::ACTIVATION_CODE;
use ikd::clock::Timestamp;
use ikd::config::{Mail, SmtpTls};
use ikd::context::Context;
use ikd::db::Tx;
use ikd::error::{Error, Language};
use ikd::jobs::Wake;
use ikd::mail::{Compose, ComposeFuture, Email, Letters, MailKind, MailState, Message, Transport, Worker, outbox};
use ikd::secret::Redacted;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use support::each_engine;
use support::smtp::{CLIENT, MailServer};

const KIND: MailKind = ACTIVATION_CODE;

/// Writes a message to everybody but `nobody`, and keeps what it was told.
#[derive(Default)]
struct Composer {
    nobody: Option<Uuid>,
    hook_fails: AtomicUsize,
    sent: Mutex<Vec<Uuid>>,
}

impl Compose for Composer {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(async move {
            Ok((self.nobody != Some(message.reference)).then(|| Email {
                mail_id: message.mail_id,
                to: Redacted(format!("warga{}@example.id", message.reference.as_u128())),
                subject: "Kode aktivasi KTP Digital".into(),
                text: "Kode aktivasi: 123456".into(),
                html: "<p>Kode aktivasi: 123456</p>".into(),
                language: Language::Indonesian,
            }))
        })
    }

    fn samples(&self, _: MailKind, _: Language) -> ikd::error::Result<Vec<ikd::mail::Sample>> {
        Ok(Vec::new())
    }

    fn sent<'a>(&'a self, _tx: &'a mut Tx, message: Message, _now: Timestamp) -> ComposeFuture<'a, ()> {
        Box::pin(async move {
            if self.hook_fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                return Err(Error::internal("not now"));
            }
            self.sent.lock().unwrap().push(message.reference);
            Ok(())
        })
    }
}

fn worker(context: &Context, mail: &Mail, composer: &Arc<Composer>) -> Worker {
    let transport = Transport::open(mail).unwrap();
    let (db, clock, random) = (context.db.clone(), context.clock.clone(), context.random.clone());
    Worker::new(db, clock, random, transport, letters(composer))
}

fn letters(composer: &Arc<Composer>) -> Letters {
    let composer: Arc<dyn Compose> = composer.clone();
    [(KIND, composer)].into_iter().collect()
}

async fn enqueue(context: &Context, count: u128) {
    let mut tx = context.db.write().await.unwrap();
    for number in 1..=count {
        outbox::enqueue(&mut tx, &context.random, context.now(), KIND, Uuid::from_u128(number)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn state(context: &Context, number: u128) -> Option<MailState> {
    let mut tx = context.db.read().await.unwrap();
    outbox::state(&mut tx, KIND, Uuid::from_u128(number), context.now()).await.unwrap().map(|(state, _)| state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_send_each_message_once_over_tls_with_log_in() {
    each_engine(async |context| {
        for tls in [SmtpTls::Starttls, SmtpTls::Implicit] {
            let server = MailServer::start(tls);
            let composer = Arc::new(Composer::default());
            enqueue(&context, 20).await;
            let nodes = [worker(&context, &server.config(), &composer), worker(&context, &server.config(), &composer)];
            let (first, second) = tokio::join!(nodes[0].run_until_idle(), nodes[1].run_until_idle());
            assert_eq!(first.unwrap() + second.unwrap(), 20);
            let received = server.received();
            assert_eq!(received.len(), 20);
            let ids: HashSet<_> = received.iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
            assert_eq!(ids.len(), 20);
            assert!(ids.iter().all(|id| id.ends_with("@dukcapil.example>")), "{ids:?}");
            assert!(received.iter().all(|mail| mail.tls && mail.login == "ikd" && mail.recipients.len() == 1));
            assert!(received[0].message.contains("text/plain") && received[0].message.contains("text/html"));
            assert_eq!(composer.sent.lock().unwrap().len(), 20);
            assert_eq!(state(&context, 1).await, Some(MailState::Sent));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_in_trouble_delays_and_a_refused_recipient_is_parked() {
    each_engine(async |context| {
        let server = MailServer::start(SmtpTls::Starttls);
        let composer = Arc::new(Composer::default());
        let node = worker(&context, &server.config(), &composer);
        enqueue(&context, 1).await;
        for trouble in
            ["data reply 451 4.3.0 later", "rcpt reply 450 4.2.1 busy", "data drop", "rcpt reply 550 5.7.1 relaying"]
        {
            server.control(trouble);
            assert_eq!(node.run_until_idle().await.unwrap(), 1, "{trouble}");
            assert_eq!(state(&context, 1).await, Some(MailState::Queued), "{trouble}");
            assert_eq!(node.run_until_idle().await.unwrap(), 0, "not before its time");
            context.clock.advance(3_600);
        }
        server.control("");
        assert_eq!(node.run_until_idle().await.unwrap(), 1);
        assert_eq!(state(&context, 1).await, Some(MailState::Sent));
        assert_eq!(server.received().len(), 1);

        server.control("rcpt reply 550 5.1.1 <warga1@example.id>: no such user");
        enqueue(&context, 1).await;
        context.clock.advance(1);
        assert_eq!(node.run_until_idle().await.unwrap(), 1);
        assert_eq!(state(&context, 1).await, Some(MailState::Failed));
        assert_eq!(composer.sent.lock().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_but_not_confirmed_comes_again_with_the_same_id() {
    each_engine(async |context| {
        let server = MailServer::start(SmtpTls::Starttls);
        let composer = Arc::new(Composer::default());
        let node = worker(&context, &server.config(), &composer);
        enqueue(&context, 1).await;
        server.control("data accept-drop");
        node.run_until_idle().await.unwrap();
        assert_eq!(state(&context, 1).await, Some(MailState::Queued));
        server.control("");
        context.clock.advance(60);
        node.run_until_idle().await.unwrap();
        assert_eq!(state(&context, 1).await, Some(MailState::Sent));
        let received = server.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].header("Message-ID"), received[1].header("Message-ID"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_asks_for_a_certificate_is_shown_one_in_place_of_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let context = support::context(support::Engine::Sqlite, folder.path()).await;
    let composer = Arc::new(Composer::default());
    for (number, tls) in [(1, SmtpTls::Starttls), (2, SmtpTls::Implicit)] {
        let server = MailServer::asking_for_a_certificate(tls);
        enqueue(&context, number).await;
        // Without one nothing is handed over, and nothing is given up.
        worker(&context, &server.config(), &composer).run_until_idle().await.unwrap();
        assert!(server.received().is_empty());
        assert_eq!(state(&context, number).await, Some(MailState::Queued));
        context.clock.advance(3_600);
        worker(&context, &server.config_with_certificate(), &composer).run_until_idle().await.unwrap();
        let received = server.received();
        // As many as were asked for in this turn.
        assert_eq!(received.len() as u128, number);
        for one in &received {
            assert_eq!((one.login.as_str(), one.client.as_str()), ("", CLIENT));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_trusted_or_not_there_gets_nothing() {
    each_engine(async |context| {
        let server = MailServer::start(SmtpTls::Starttls);
        let composer = Arc::new(Composer::default());
        enqueue(&context, 1).await;
        let mut untrusted = server.config();
        untrusted.smtp.ca_file = None;
        worker(&context, &untrusted, &composer).run_until_idle().await.unwrap();
        context.clock.advance(3_600);
        let mut wrong_password = server.config();
        wrong_password.smtp.password = Redacted("salah".into());
        worker(&context, &wrong_password, &composer).run_until_idle().await.unwrap();
        context.clock.advance(3_600);
        let node = worker(&context, &server.config(), &composer);
        assert!(server.received().is_empty());
        drop(server);
        assert_eq!(node.run_until_idle().await.unwrap(), 1);
        assert_eq!(
            state(&context, 1).await,
            Some(MailState::Queued),
            "what an operator can mend is never given up at once"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hand_over_is_noted_even_when_the_first_tries_fail_and_nothing_to_say_is_dropped() {
    each_engine(async |context| {
        let nobody = Some(Uuid::from_u128(2));
        let composer = Arc::new(Composer { nobody, hook_fails: AtomicUsize::new(2), ..Composer::default() });
        let node = worker(&context, &context.config.mail, &composer);
        enqueue(&context, 2).await;
        assert_eq!(node.run_until_idle().await.unwrap(), 2);
        assert_eq!(state(&context, 1).await, Some(MailState::Sent));
        assert_eq!(state(&context, 2).await, None);
        assert_eq!(*composer.sent.lock().unwrap(), [Uuid::from_u128(1)]);
        let files = std::fs::read_dir(&context.config.mail.directory).unwrap().count();
        assert_eq!(files, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_wakes_at_once_and_finishes_what_it_began() {
    each_engine(async |context| {
        let server = MailServer::start(SmtpTls::Implicit);
        let composer = Arc::new(Composer::default());
        let wake = Wake::default();
        let transport = Transport::open(&server.config()).unwrap();
        let (db, clock, random) = (context.db.clone(), context.clock.clone(), context.random.clone());
        let node = Worker::new(db, clock, random, transport, letters(&composer));
        let stop = CancellationToken::new();
        let (woken, stopped) = (wake.clone(), stop.clone());
        let running = tokio::spawn(async move { node.run(woken, stopped).await });
        server.control("data slow 2");
        tokio::time::sleep(Duration::from_millis(200)).await;
        enqueue(&context, 3).await;
        wake.wake();
        tokio::time::sleep(Duration::from_millis(700)).await;
        stop.cancel();
        running.await.unwrap();
        assert_eq!(server.received().len(), 3, "a graceful stop waits for messages under way");
        assert_eq!(state(&context, 3).await, Some(MailState::Sent));
    })
    .await;
}
