//! Wires the concrete parts, merges the routers, starts and stops everything.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use http::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::captcha::CaptchaGate;
use crate::clock::Timestamp;
use crate::config::{MailTransport, Mode};
use crate::context::Context;
use crate::db::Tx;
use crate::device::{Guard, SpentProofs};
use crate::error::{Code, Error, Result};
use crate::health::ClockWatch;
use crate::health::http::Health;
use crate::housekeeping::Housekeeping;
use crate::keyring::Keyring;
use crate::mail::{Compose, ComposeFuture, Email, Job, MailKind, Mailbox, Transport, Wake, Worker};
use crate::register::{LocalRegister, PopulationRegister};
use crate::web::flood::Flood;
use crate::web::openapi::describe;
use crate::web::server::Listener;
use crate::web::{Problem, docs, headers, pages};
use crate::{activation, captcha, counter, device, holder, keyring, mail, registration, teller, verification, wallet};

/// All parts of one node, wired. Cloning shares them.
#[derive(Clone)]
pub struct App {
    /// Database, time, randomness, keys, configuration.
    pub context: Context,
    /// The node's signing keys.
    pub keyring: Keyring,
    /// Flow A up to the counter.
    pub registrations: registration::Service,
    /// Officers.
    pub counter: counter::Service,
    /// Code and PIN.
    pub activation: activation::Service,
    /// The digital KTP.
    pub wallet: wallet::Service,
    /// Relying parties and their checks.
    pub verification: verification::Service,
    /// Employees of relying parties.
    pub teller: teller::Service,
    /// Background sweeping.
    pub housekeeping: Housekeeping,
    /// Whether this node's clock can be trusted.
    pub clock_watch: ClockWatch,
    guard: Guard,
    spent: SpentProofs,
    gate: CaptchaGate,
    mail_worker: Arc<Worker>,
    mailbox: Option<Mailbox>,
    extra_routes: Router,
}

impl App {
    /// Wires everything over an open context whose schema is up to date.
    ///
    /// # Errors
    /// When keys are missing, the mail transport cannot be set up, or this machine's clock is wrong.
    pub async fn open(context: Context) -> Result<Self> {
        // Before anything that judges rows by the time: opening the keys retires and promotes.
        let clock_watch = ClockWatch::new(&context);
        clock_watch.look().await?;
        if let Some(seconds) = clock_watch.off_by() {
            return Err(Error::internal(format!(
                "this machine's clock is {seconds} s away from the database server's: put it right (NTP), then start again"
            )));
        }
        let keyring = Keyring::open(context.clone()).await?;
        let wake = Wake::default();
        let register = PopulationRegister::Local(LocalRegister::new(context.clone()));
        let registrations = registration::Service::new(context.clone(), register, keyring.clone(), wake.clone());
        let counter = counter::Service::new(context.clone(), registrations.clone(), keyring.clone())?;
        let activation = activation::Service::new(context.clone(), wake.clone());
        let verification = verification::Service::new(context.clone(), keyring.clone());
        let teller = teller::Service::new(context.clone(), verification.clone())?;
        let wallet = wallet::Service::new(context.clone(), keyring.clone());
        let gate = CaptchaGate::new(context.clone());
        let guard = Guard::new(
            context.vault.clone(),
            context.clock.clone(),
            context.random.clone(),
            &context.config.service.public_url,
        );
        let spent = SpentProofs::start(context.clone());
        let transport = Transport::open(&context.config.mail).map_err(Error::internal)?;
        let mail_worker = Arc::new(Worker::new(
            context.db.clone(),
            context.clock.clone(),
            context.random.clone(),
            transport,
            Arc::new(Composer(context.clone())),
            wake,
        ));
        let local = context.config.mail.transport == MailTransport::Directory
            && context.config.service.mode != Mode::Production;
        let mailbox = if local {
            Some(Mailbox::create(context.config.mail.directory.clone()).map_err(Error::internal)?)
        } else {
            None
        };
        let housekeeping = Housekeeping {
            clock_watch: clock_watch.clone(),
            context: context.clone(),
            registrations: registrations.clone(),
            counter: counter.clone(),
            teller: teller.clone(),
            verification: verification.clone(),
            gate: gate.clone(),
            spent: spent.clone(),
            wallet: wallet.clone(),
        };
        Ok(Self {
            clock_watch,
            context,
            keyring,
            registrations,
            counter,
            activation,
            wallet,
            verification,
            teller,
            housekeeping,
            guard,
            spent,
            gate,
            mail_worker,
            mailbox,
            extra_routes: Router::new(),
        })
    }

    /// Adds routes of whoever runs this node: the levers of `ikd demo`'s stage. `ikd serve` adds none.
    pub fn with_routes(mut self, extra_routes: Router) -> Self {
        self.extra_routes = self.extra_routes.merge(extra_routes);
        self
    }

    /// All routes under all layers.
    pub fn router(&self) -> Router {
        self.router_with(self.extra_routes.clone())
    }

    /// [`App::router`] with other further routes under the same layers: measuring tools add theirs.
    pub fn router_with(&self, extra_routes: Router) -> Router {
        let (router, api) = self.api().split_for_parts();
        let mut router = router
            .merge(extra_routes)
            .merge(docs::routes(describe(&api), self.context.config.http.documentation))
            .merge(pages::routes(&self.context.config.service))
            .merge(Health::new(&self.context, &self.keyring, &self.clock_watch).routes());
        if let Some(mailbox) = &self.mailbox {
            // The people of a demonstration are made up; those of a developer may be real.
            router = router.merge(match self.context.config.service.mode {
                Mode::Demo => mail::http::routes(mailbox.clone()),
                _ => mail::http::routes_here(mailbox.clone()),
            });
        }
        let settings = &self.context.config.http;
        let patience = std::time::Duration::from_secs(settings.request_timeout_seconds.max(1));
        let context = self.context.clone();
        router
            .fallback(pages::elsewhere_or_nowhere)
            .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
            .layer(DefaultBodyLimit::max(64 * 1024))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
            .layer(CatchPanicLayer::custom(|_| {
                use axum::response::IntoResponse;
                Problem::from(Error::internal("a handler panicked")).into_response()
            }))
            .layer(from_fn_with_state(self.clock_watch.clone(), crate::health::http::demand_clock))
            .layer(from_fn_with_state(Flood::new(&self.context), crate::web::flood::limit))
            .layer(from_fn(move |request, next| headers::finish(context.clone(), request, next)))
    }

    /// The API's description as served at `/openapi.json`.
    pub fn openapi(&self) -> serde_json::Value {
        describe(&self.api().into_openapi())
    }

    fn api(&self) -> OpenApiRouter {
        let guard = self.guard.clone();
        let devices = OpenApiRouter::new()
            .merge(registration::http::routes(self.registrations.clone(), self.gate.clone()))
            .merge(captcha::http::routes(self.gate.clone()))
            .merge(device::http::routes(self.guard.clone()))
            .merge(activation::http::routes(self.activation.clone()))
            .merge(wallet::http::routes(self.wallet.clone(), self.verification.clone()))
            .layer(Extension(self.wallet.clone()))
            .layer(Extension(self.guard.clone()))
            .layer(Extension(self.spent.clone()))
            .layer(from_fn(move |request, next| device::http::renew_nonce(guard.clone(), request, next)));
        // Cookies are what a foreign page could ride on: only these routes know cookies.
        let people = OpenApiRouter::new()
            .merge(counter::http::routes(self.counter.clone()))
            .merge(teller::http::routes(self.teller.clone()))
            .layer(self.csrf());
        OpenApiRouter::with_openapi(docs::ApiDoc::openapi())
            .merge(devices)
            .merge(people)
            .merge(verification::http::routes(self.verification.clone()))
            .merge(keyring::http::routes(self.keyring.clone()))
    }

    fn csrf(&self) -> CsrfLayer {
        let url = &self.context.config.service.public_url;
        CsrfLayer::new().add_trusted_origin(url).unwrap_or_else(|_| CsrfLayer::new())
    }

    /// Delivers all mail that is due, once. For tests and the demo's end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliver_mail(&self) -> Result<usize> {
        self.mail_worker.run_until_idle().await
    }

    /// Answers on `listener` and works in the background until `stop` turns true; returns when all has ended.
    pub async fn run(self, listener: Listener, metrics: Option<Listener>, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        // Before the first request: a node that starts with a wrong clock serves nobody.
        if let Err(error) = self.clock_watch.look().await {
            tracing::warn!(error.cause = %error, "the database did not tell the time");
        }
        tasks.spawn(self.context.db.clone().watch(stop.clone()));
        tasks.spawn(self.clock_watch.clone().run(stop.clone()));
        let clock_watch = self.clock_watch.clone();
        tasks.spawn(self.keyring.clone().run(move || clock_watch.off_by().is_none(), stop.clone()));
        tasks.spawn(self.registrations.clone().run_checks(stop.clone()));
        tasks.spawn(self.housekeeping.clone().run(stop.clone()));
        let (worker, worker_stop) = (Arc::clone(&self.mail_worker), stop.clone());
        tasks.spawn(async move { worker.run(worker_stop).await });
        if let Some(metrics) = metrics {
            tasks.spawn(metrics.serve(crate::web::metrics::router(), stop.clone()));
        }
        listener.serve(self.router(), stop).await;
        self.verification.drain().await;
        self.wallet.drain().await;
        self.spent.drain().await;
        while tasks.join_next().await.is_some() {}
        self.context.db.close().await;
    }
}

/// Renders a message when it is sent; each domain writes its own kinds.
struct Composer(Context);

impl Compose for Composer {
    fn compose(&self, job: Job) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(async move {
            match job.kind {
                MailKind::ActivationCode => activation::mail::compose(&self.0, job).await,
                MailKind::ForeignRegistration => {
                    let contact = registration::contact(&self.0, &mut self.0.db.read().await?, job.reference).await?;
                    match contact.and_then(|contact| contact.resident_id) {
                        Some(resident) => holder::mail::compose(&self.0, job, resident).await,
                        None => Ok(None),
                    }
                }
            }
        })
    }

    fn sent<'a>(&'a self, tx: &'a mut Tx, job: Job, now: Timestamp) -> ComposeFuture<'a, ()> {
        Box::pin(async move {
            if job.kind == MailKind::ActivationCode {
                activation::ports::on_sent(tx, job.reference, now).await?;
            }
            Ok(())
        })
    }
}
