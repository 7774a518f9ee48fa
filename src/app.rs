//! Wires the concrete parts, merges the routers, starts and stops everything.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use futures_util::future::BoxFuture;
use http::StatusCode;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::captcha::CaptchaGate;
use crate::config::{Config, MailTransport, Mode};
use crate::context::{Context, Sources};
use crate::counter::Counter;
use crate::device::{Guard, SpentProofs};
use crate::directory::Directory;
use crate::employee::EmployeeChecks;
use crate::error::{Code, Error, Result};
use crate::health::ClockWatch;
use crate::jobs::{Job, Sweep, Sweeper, Wake};
use crate::keyring::Keyring;
use crate::mail::{Compose, MailKind, Mailbox, Transport, Worker};
use crate::metric::Metric;
use crate::module::Module;
use crate::partner::Partners;
use crate::proposal::Proposals;
use crate::register::{LocalRegister, PopulationRegister};
use crate::relying_party::RelyingParties;
use crate::sandbox::Sandbox;
use crate::security::Security;
use crate::staff::{Realm, Staff};
use crate::stop_log::StopLog;
use crate::telemetry::traces;
use crate::web::flood::Flood;
use crate::web::openapi::describe;
use crate::web::origins::{self, Origins};
use crate::web::server::Listener;
use crate::web::{self, Problem, docs, headers, pages};
use crate::webhook::Webhooks;
use crate::{
    activation, admin, annulment, branch, captcha, card, closure, contact, correction, counter, decoder, device,
    directory, dispute, duty, employee, export, figure, fraud, health, helper, jobs, keyring, life, mail, oauth,
    office, outreach, partner, proposal, recovery, refresh, register, registration, relying_party, reseal, restore,
    sandbox, security, staff, status_list, stop_log, tlog, transaction, transfer, verification, wallet, webhook,
    window,
};

/// All parts of one node, wired. Cloning shares them.
#[derive(Clone)]
pub struct App {
    /// Database, time, randomness, keys, configuration.
    pub context: Context,
    /// The node's signing keys.
    pub keyring: Keyring,
    /// Flow A up to the counter.
    pub registrations: registration::Service,
    /// What officers do.
    pub counter: Counter,
    /// People of offices: their log-ins and sessions.
    pub officers: Staff,
    /// Code and PIN.
    pub activation: activation::Service,
    /// The digital KTP.
    pub wallet: wallet::Service,
    /// Where it stands which offline QRs still count.
    pub status_lists: status_list::StatusLists,
    /// The log that outsiders check.
    pub log: tlog::Log,
    /// Blocks from any browser.
    pub blocks: life::Blocks,
    /// Digital KTPs that come back to their holders.
    pub recoveries: recovery::Phone,
    /// What holders say is wrong with their data.
    pub corrections: correction::Cards,
    /// Digital KTPs that their holders end.
    pub closures: closure::Closures,
    /// Holders' copies of their data.
    pub exports: export::Exports,
    /// Digital KTPs that move to another phone.
    pub transfers: transfer::Transfers,
    /// Changes of the address at which holders are reached.
    pub contacts: contact::Contacts,
    /// The same at a counter.
    pub contact_visits: contact::visit::Phone,
    /// What relying parties are told of annulled activations.
    pub annulments: annulment::Telling,
    /// Checks that holders do not know.
    pub disputes: dispute::Disputes,
    /// Relying parties and their API keys.
    pub relying_parties: RelyingParties,
    /// Their checks.
    pub verification: verification::Service,
    /// What employees of relying parties ask.
    pub employee_checks: EmployeeChecks,
    /// Where relying parties are told.
    pub webhooks: Webhooks,
    /// What relying parties look after themselves.
    pub partners: Partners,
    /// What relying parties test with.
    pub sandbox: Sandbox,
    /// Employees of relying parties: their log-ins and sessions.
    pub employees: Staff,
    /// What is behind the links of invitations.
    pub acceptance: staff::Acceptance,
    /// People of the national administration: their log-ins and sessions.
    pub officials: Staff,
    /// What administrators of the nation ask of each other.
    pub proposals: Proposals,
    /// What anybody may read of offices and of the service.
    pub directory: Directory,
    /// Whether this node's clock can be trusted.
    pub clock_watch: ClockWatch,
    /// What was stopped, outside the database.
    pub stop_log: StopLog,
    /// Whether the database is the one that this process began with.
    pub database_watch: restore::Watch,
    /// Device proofs that were sent.
    pub spent: SpentProofs,
    /// What is told of attacks and of authentication.
    pub security: Security,
    guard: Guard,
    gate: CaptchaGate,
    transport: Transport,
    mail_wake: Wake,
    mailbox: Option<Mailbox>,
    extra_routes: Router,
}

/// Who hears what the register says: digital KTPs, and correction cases.
pub fn listeners(context: &Context) -> Arc<dyn register::Listener> {
    Arc::new(register::Everybody(vec![
        Arc::new(refresh::Refresher::new(context.clone())),
        Arc::new(registration::CorrectionListener::new(context.clone())),
    ]))
}

/// Looks at this machine's clock, which has to be right.
async fn right_clock(context: &Context) -> Result<ClockWatch> {
    let watch = ClockWatch::new(context);
    watch.look().await?;
    match watch.off_by() {
        None => Ok(watch),
        Some(seconds) => Err(Error::internal(format!(
            "this machine's clock is {seconds} s away from the database server's: put it right (NTP), then start again"
        ))),
    }
}

/// What the domains bring to a node, by kind.
struct Assembled {
    api: OpenApiRouter,
    jobs: Vec<Job>,
    sweeps: Vec<Sweep>,
    letters: Vec<(MailKind, Arc<dyn Compose>)>,
    metrics: Vec<Metric>,
    drains: Vec<BoxFuture<'static, ()>>,
}

impl App {
    /// Wires everything over an open context whose schema is up to date.
    ///
    /// # Errors
    /// When keys are missing, the mail transport cannot be set up, or this machine's clock is wrong.
    pub async fn open(context: Context) -> Result<Self> {
        let node = context.random.uuid_v7(context.now());
        let context = context.altered(|sources| sources.node = Some(node));
        // Before anything that judges rows by the time: opening the keys retires and promotes.
        let clock_watch = right_clock(&context).await?;
        let (keyring, mail_wake) = (Keyring::open(context.clone()).await?, Wake::default());
        let register = PopulationRegister::Local(LocalRegister::new(context.clone()));
        let registrations =
            registration::Service::new(context.clone(), register.clone(), keyring.clone(), mail_wake.clone());
        let status_lists = status_list::StatusLists::new(context.clone(), keyring.clone());
        let block_codes = life::BlockCodes::new(context.clone())?;
        let for_cards = (status_lists.clone(), block_codes.clone());
        let cards = card::Desk::new(context.clone(), register.clone(), keyring.clone(), for_cards);
        let activation = activation::Service::new(context.clone(), register.clone(), mail_wake.clone());
        let relying_parties = RelyingParties::new(context.clone());
        let usage = relying_parties.usage().clone();
        let verification = verification::Service::counting(context.clone(), keyring.clone(), usage);
        let wallet = wallet::Service::new(context.clone(), keyring.clone(), status_lists.clone(), block_codes.clone());
        let directory = Directory::new(context.clone(), register.clone());
        let closures = closure::Closures::new(context.clone(), wallet.clone(), register);
        let disputes = dispute::Disputes::new(context.clone(), wallet.clone());
        let exports = export::Exports::new(
            context.clone(),
            keyring.clone(),
            wallet.clone(),
            verification.clone(),
            disputes.clone(),
        );
        let counter = Counter::new(context.clone(), registrations.clone(), keyring.clone(), cards, exports.clone());
        let guard = Guard::new(
            context.vault.clone(),
            context.clock.clone(),
            context.random.clone(),
            &context.config.service.public_url,
        );
        let (mailbox, stop_log) = (local_mailbox(&context.config)?, StopLog::open(&context));
        Ok(Self {
            clock_watch,
            directory,
            keyring: keyring.clone(),
            registrations,
            counter,
            officers: Staff::new(context.clone(), Realm::Office)?,
            activation,
            disputes,
            transfers: transfer::Transfers::new(context.clone(), keyring.clone(), wallet.clone()),
            contacts: contact::Contacts::new(context.clone(), wallet.clone()),
            contact_visits: contact::visit::Phone::new(context.clone(), keyring.clone()),
            corrections: correction::Cards::new(context.clone(), wallet.clone()),
            wallet,
            status_lists,
            webhooks: Webhooks::new(context.clone())?,
            partners: Partners::new(context.clone(), relying_parties.clone()),
            sandbox: Sandbox::new(context.clone(), &relying_parties)?,
            relying_parties,
            employee_checks: EmployeeChecks::new(context.clone(), verification.clone()),
            verification,
            log: tlog::Log::new(context.clone(), keyring.clone())?,
            blocks: life::Blocks::new(context.clone(), block_codes),
            annulments: annulment::Telling::new(context.clone()),
            closures,
            exports,
            recoveries: recovery::Phone::new(context.clone(), keyring.clone()),
            employees: Staff::new(context.clone(), Realm::RelyingParty)?,
            acceptance: staff::Acceptance::new(staff::Invitations::new(context.clone()))?,
            officials: Staff::new(context.clone(), Realm::National)?,
            proposals: Proposals::new(context.clone()),
            database_watch: restore::Watch::new(context.clone(), stop_log.clone()),
            stop_log,
            spent: SpentProofs::start(context.clone()),
            security: Security::new(&context),
            guard,
            gate: CaptchaGate::new(context.clone()),
            transport: Transport::open(&context.config.mail).map_err(Error::internal)?,
            mail_wake,
            mailbox,
            extra_routes: Router::new(),
            context,
        })
    }

    /// The domains of a node: what each brings is said in its own folder.
    fn modules(&self) -> Vec<Module> {
        let mut all = self.domains();
        // The administration reads what the mails of all of them say.
        let letters = all.iter().flat_map(|module| module.letters.iter().cloned()).collect();
        let (reviews, asked) = (self.registrations.reviews.clone(), (&self.relying_parties, &self.proposals));
        all.push(admin::module(&self.context, reviews, &self.officials, asked, letters));
        all
    }

    fn domains(&self) -> Vec<Module> {
        vec![
            health::module(&self.context, &self.keyring, &self.clock_watch, &self.stop_log),
            stop_log::module(&self.stop_log),
            restore::module(&self.database_watch),
            keyring::module(&self.keyring, self.in_time()),
            reseal::module(&reseal::Reseal::new(self.context.clone()), self.in_time()),
            captcha::module(&self.gate),
            device::module(&self.guard, &self.spent),
            registration::module(&self.context, &self.registrations, &self.gate),
            activation::module(&self.context, &self.activation),
            wallet::module(&self.wallet, &self.verification),
            status_list::module(&self.status_lists),
            tlog::module(&self.context, &self.log, self.in_time()),
            life::module(&self.context, &self.blocks, &self.gate),
            recovery::module(&self.recoveries),
            correction::module(&self.corrections),
            closure::module(&self.closures),
            export::module(&self.exports),
            transfer::module(&self.transfers),
            contact::module(&self.context, &self.contacts, &self.contact_visits, &self.wallet),
            refresh::module(&self.context, listeners(&self.context)),
            card::module(&self.context),
            helper::module(&self.context),
            staff::module(&self.context, &self.acceptance),
            office::module(&self.context),
            directory::module(&self.directory),
            outreach::module(&outreach::Desk::new(self.context.clone())),
            duty::module(
                &duty::Desk::new(self.context.clone()),
                &duty::OfficerProofs::new(self.context.clone()),
                &self.gate,
            ),
            fraud::module(&fraud::Reports::new(self.context.clone())),
            figure::module(&self.context),
            counter::module(&self.counter, &self.officers),
            relying_party::module(&self.context, &self.relying_parties),
            oauth::module(&self.context, self.tokens(), self.test_tokens()),
            employee::module(&self.employee_checks, &self.employees),
            proposal::module(&self.proposals),
            partner::module(&self.partners, &self.employees),
            branch::module(&self.context, &self.employees),
            sandbox::module(&self.sandbox, &self.employees),
            webhook::module(&self.webhooks, &self.employees),
            dispute::module(&self.disputes, self.relying_parties.authentication()),
            annulment::module(&self.annulments, self.relying_parties.authentication()),
            verification::module(&self.verification, self.relying_parties.authentication()),
        ]
    }

    /// Where those log in who have registered a key.
    fn tokens(&self) -> oauth::Tokens {
        let feed = refresh::FeedClients::new(self.context.clone());
        oauth::Tokens::new(self.context.clone(), "", vec![Arc::new(self.relying_parties.clone()), Arc::new(feed)])
    }

    /// The same of the sandbox.
    fn test_tokens(&self) -> oauth::Tokens {
        let keys = self.sandbox.test_keys().clone();
        oauth::Tokens::new(self.context.clone(), sandbox::test_keys::PATH, vec![Arc::new(keys)])
    }

    /// Whether the clock can be trusted.
    fn in_time(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let clock_watch = self.clock_watch.clone();
        move || clock_watch.off_by().is_none()
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
        self.under_layers(self.assemble().api, extra_routes)
    }

    fn under_layers(&self, api: OpenApiRouter, extra_routes: Router) -> Router {
        let (router, api) = api.split_for_parts();
        let mut router = router
            .merge(extra_routes)
            .merge(docs::routes(describe(&api), self.context.config.http.documentation))
            .merge(pages::routes(&self.context.config.service));
        if let Some(mailbox) = &self.mailbox {
            // The people of a demonstration are made up; those of a developer may be real.
            router = router.merge(match self.context.config.service.mode {
                Mode::Demo => mail::http::routes(mailbox.clone()),
                _ => mail::http::routes_here(mailbox.clone()),
            });
        }
        let settings = &self.context.config.http;
        let patience = std::time::Duration::from_secs(settings.request_timeout_seconds.max(1));
        let outermost = (self.context.clone(), self.security.clone());
        if let Some(origins) = Origins::of(&self.context.config.service) {
            router = router.layer(from_fn_with_state(origins, origins::lead_home));
        }
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
            .layer(from_fn(crate::web::host::demand_one))
            .layer(from_fn_with_state(Flood::new(&self.context), crate::web::flood::limit))
            .layer(from_fn(move |request, next| headers::finish(outermost.clone(), request, next)))
    }

    /// The API's description as served at `/openapi.json`.
    pub fn openapi(&self) -> serde_json::Value {
        describe(&self.assemble().api.into_openapi())
    }

    /// Puts together what the domains bring: each describes its routes anew, so once is enough for a node that starts.
    fn assemble(&self) -> Assembled {
        let (mut devices, mut people, mut open) =
            (OpenApiRouter::new(), OpenApiRouter::new(), OpenApiRouter::with_openapi(docs::ApiDoc::openapi()));
        let mut all = Assembled {
            api: OpenApiRouter::new(),
            jobs: Vec::new(),
            sweeps: vec![mail::sweep(&self.context), window::sweep_job(&self.context)],
            letters: Vec::new(),
            metrics: [
                transaction::METRICS,
                jobs::METRICS,
                mail::METRICS,
                web::metrics::METRICS,
                decoder::METRICS,
                traces::METRICS,
                security::METRICS,
            ]
            .concat(),
            drains: vec![self.security.drain()],
        };
        for module in self.modules() {
            devices = devices.merge(module.devices);
            people = people.merge(module.people);
            open = open.merge(module.open);
            all.jobs.extend(module.jobs);
            all.sweeps.extend(module.sweeps);
            all.letters.extend(module.letters);
            all.metrics.extend(module.metrics);
            all.drains.extend(module.drain);
        }
        let devices = device::http::for_devices(devices, self.guard.clone(), self.spent.clone());
        // Cookies are what a foreign page could ride on: only these routes know cookies.
        let mut people = people.layer(self.csrf());
        if self.context.config.service.staff_url().starts_with("https://") {
            people = people.layer(from_fn(origins::demand_https));
        }
        if let Some(origins) = Origins::of(&self.context.config.service) {
            people = people.layer(from_fn_with_state(origins, origins::demand_staff));
        }
        all.api = open.merge(devices).merge(people);
        all
    }

    fn csrf(&self) -> CsrfLayer {
        let url = self.context.config.service.staff_url();
        CsrfLayer::new().add_trusted_origin(url).unwrap_or_else(|_| CsrfLayer::new())
    }

    /// Delivers all mail that is due, once. For tests and the demo's end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliver_mail(&self) -> Result<usize> {
        self.mail_worker(self.assemble().letters).run_until_idle().await
    }

    fn mail_worker(&self, letters: Vec<(MailKind, Arc<dyn Compose>)>) -> Worker {
        let Sources { db, clock, random, .. } = &*self.context;
        Worker::new(db.clone(), clock.clone(), random.clone(), self.transport.clone(), letters.into_iter().collect())
    }

    /// Ends and deletes for all domains what is over.
    pub fn sweeper(&self) -> Sweeper {
        self.sweeper_of(self.assemble().sweeps)
    }

    fn sweeper_of(&self, sweeps: Vec<Sweep>) -> Sweeper {
        Sweeper::new(self.context.clone(), Arc::new(self.in_time()), sweeps)
    }

    /// Answers on `listener` and works in the background until `stop` is cancelled; returns when all has ended.
    ///
    /// # Errors
    /// When it stopped by itself, because the database is another one than it began with.
    pub async fn run(
        self,
        listener: Listener,
        metrics: Option<Listener>,
        stop: CancellationToken,
    ) -> Result<(), &'static str> {
        // Before the first request: a node that starts with a wrong clock serves nobody.
        if let Err(error) = self.clock_watch.look().await {
            tracing::warn!(error.cause = %error, "the database did not tell the time");
        }
        let Assembled { api, mut jobs, sweeps, letters, metrics: measured, drains } = self.assemble();
        jobs.push(self.sweeper_of(sweeps).into_job());
        jobs.push(self.security.job());
        jobs.push(self.mail_worker(letters).into_job(self.mail_wake.clone()));
        if let Some(metrics) = metrics {
            let router = web::metrics::router(measured);
            decoder::count_from_zero();
            jobs.push(Job::new("web.metrics", move |stop| metrics.serve(router, stop)));
        }
        let working = jobs::start(jobs, &stop);
        listener.telling(self.security.clone()).serve(self.under_layers(api, self.extra_routes.clone()), stop).await;
        for drain in drains {
            drain.await;
        }
        working.wait().await;
        self.context.db.close().await;
        self.database_watch.why().map_or(Ok(()), Err)
    }
}

/// The mailbox on this machine, where messages go there and nobody real reads them.
fn local_mailbox(config: &Config) -> Result<Option<Mailbox>> {
    let local = config.mail.transport == MailTransport::Directory && config.service.mode != Mode::Production;
    if !local {
        return Ok(None);
    }
    Mailbox::create(config.mail.directory.clone()).map(Some).map_err(Error::internal)
}
