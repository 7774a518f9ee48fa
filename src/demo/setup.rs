//! The embedded service of the demo: database, keys, mailbox, synthetic residents, an office, officers and a bank.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use uuid::Uuid;

use super::lan::{Certificate, Lan, tunnel};
use crate::app::App;
use crate::attribute::AttributeSet;
use crate::clock::Clock;
use crate::config::{Config, Mode};
use crate::context::{Context, Sources};
use crate::db::{Address, Db, PoolSizes};
use crate::decoder::{Decoders, Program};
use crate::error::{Code, Error, Result, Text};
use crate::holder;
use crate::keyring::{Keyring, init_root};
use crate::office::{Kind, Offices};
use crate::random::Random;
use crate::register::generate::{GenerateOptions, Generator, generate_into};
use crate::register::{Date, LocalRegister, Region, RegisterRecord};
use crate::relying_party::Purpose;
use crate::secret::Redacted;
use crate::staff::{Accounts, Post, Realm, Role, Secrets};
use crate::vault::Vault;
use crate::web::server::Listener;

/// Residents that the demo's register holds.
pub const RESIDENTS: u64 = 40;
/// Residents whose data is printed, so that anybody can play them; the walk takes the next who has not walked yet.
pub const SHOWN: usize = 12;
const OFFICE: &str = "DEMO-01";
const BANK: &str = "Bank Contoh";
const SEED: u64 = 2_026;

/// What `ikd demo` was asked for.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// Folder of everything the demo writes.
    pub data: PathBuf,
    /// Database; a SQLite file in the folder when left out.
    pub database: Option<Redacted<String>>,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// For phones too, over TLS; else on this machine only.
    pub lan: Option<Lan>,
}

/// Log-in of an officer or an employee of the demo.
#[derive(Clone, Debug)]
pub struct DemoLogIn {
    /// Log-in name.
    pub username: String,
    /// Password.
    pub password: Redacted<String>,
    /// Authenticator secret in base32.
    pub totp_secret: Redacted<String>,
}

/// A service that is set up and listens but does not answer yet.
pub struct Demo {
    /// The wired service.
    pub app: App,
    /// Its listener.
    pub listener: Listener,
    /// Where it can be reached.
    pub base_url: String,
    /// Where the walk reaches it: the same, but when that is https a plain way to it on this machine.
    pub walk_url: String,
    /// The certificate that was made for it.
    pub certificate: Option<Certificate>,
    /// An officer to play.
    pub officer: DemoLogIn,
    /// Two supervisors of the same office: what takes a second person is played with them; an annulment is granted by the head.
    pub supervisors: [DemoLogIn; 2],
    /// Their head, and an assistant who receives residents.
    pub others: [DemoLogIn; 2],
    /// Two administrators of the national administration, an auditor, and somebody of a province.
    pub nation: [DemoLogIn; 4],
    /// The officer whom the walk plays.
    pub walker: DemoLogIn,
    /// An employee of the bank to play.
    pub employee: DemoLogIn,
    /// The bank's API key.
    pub api_key: Redacted<String>,
    /// Purposes registered for the bank.
    pub purposes: Vec<String>,
    /// Residents who can register.
    pub residents: Vec<RegisterRecord>,
    /// The resident whom the walk plays, and the portrait that becomes the selfie.
    pub walk_resident: (RegisterRecord, Vec<u8>),
    /// Folder of the mailbox.
    pub mailbox: PathBuf,
}

impl Demo {
    /// Sets everything up.
    ///
    /// # Errors
    /// When the folder, the database or the port cannot be used.
    pub async fn set_up(settings: &DemoSettings) -> Result<Self> {
        let random = Random::system();
        let mut config = Config::default();
        config.service.mode = Mode::Demo;
        config.http.listen = format!("127.0.0.1:{}", settings.port);
        config.keys.directory = settings.data.join("keys");
        config.keys.publish_ahead_seconds = 0;
        config.mail.directory = settings.data.join("mail");
        let database = match &settings.database {
            Some(url) => Address::parse(url.expose()),
            None => Address::file(&settings.data.join("ikd.db")),
        };
        let database = database.map_err(Error::internal)?;
        std::fs::create_dir_all(&settings.data).map_err(Error::internal)?;
        crate::web::files::fit(&mut config).map_err(Error::internal)?;
        let (listener, certificate) = listen(settings, &mut config).await?;
        let base_url = config.service.public_url.clone();
        let walk_url = match (&settings.lan, &certificate) {
            (Some(lan), Some(certificate)) => {
                let port = listener.address().map_err(Error::internal)?.port();
                let name = ServerName::from(lan.primary);
                tunnel(SocketAddr::new(lan.primary, port), name, certificate.roots()?).await?
            }
            _ => base_url.clone(),
        };
        let mailbox = config.mail.directory.clone();

        init_root(&config.keys.directory, &random)?;
        let vault = Vault::load(&config.keys.directory.join("root"))?;
        let db = Db::open_at(database, PoolSizes::default()).await?;
        db.migrate().await?;
        let decoders = Decoders::new(Program::this(), config.limits.pictures);
        let config = Arc::new(config);
        let context =
            Context::from(Sources { db, clock: Clock::shifted(), random, vault, config, decoders, node: None });
        Keyring::init(&context).await?;
        let (residents, walk_resident) = people(&context).await?;
        let (officer, walker) = officers(&context).await?;
        let supervisors = supervisors(&context).await?;
        let others = others(&context).await?;
        let nation = nation(&context).await?;
        let app = App::open(context.clone()).await?;
        let levers = super::http::routes(context.clone(), app.sweeper());
        let app = app.with_routes(levers);
        let (api_key, purposes) = bank(&app).await?;
        let employee = employee(&context).await?;
        Ok(Self {
            app,
            listener,
            base_url,
            walk_url,
            certificate,
            officer,
            supervisors,
            others,
            nation,
            walker,
            employee,
            api_key,
            purposes,
            residents,
            walk_resident,
            mailbox,
        })
    }
}

/// Binds, and settles the address that devices' proofs name.
async fn listen(settings: &DemoSettings, config: &mut Config) -> Result<(Listener, Option<Certificate>)> {
    let Some(lan) = &settings.lan else {
        let listener = Listener::bind(&config.http.listen, &config.http).await.map_err(Error::internal)?;
        let port = listener.address().map_err(Error::internal)?.port();
        config.service.public_url = format!("http://127.0.0.1:{port}");
        return Ok((listener, None));
    };
    let certificate = Certificate::make(&lan.names, Clock::System.now(), &settings.data, &mut config.http)?;
    let mut bound = Err(Error::internal("no address to listen on"));
    for address in &lan.listen {
        config.http.listen = SocketAddr::new(*address, settings.port).to_string();
        bound = Listener::bind(&config.http.listen, &config.http).await.map_err(Error::internal);
        if bound.is_ok() {
            break;
        }
    }
    let listener = bound?;
    config.service.public_url = lan.url(listener.address().map_err(Error::internal)?.port());
    config.service.other_names = lan.url_names();
    Ok((listener, Some(certificate)))
}

async fn people(context: &Context) -> Result<(Vec<RegisterRecord>, (RegisterRecord, Vec<u8>))> {
    let register = LocalRegister::new(context.clone());
    // Counted from a fixed day, so that the demo's people are the same on any day; all are long of age.
    let as_of = Date::new(2026, 11, 1).ok_or_else(|| Error::internal("no such day"))?;
    let (_, count) = register.status().await?;
    if count == 0 {
        let options = GenerateOptions { count: RESIDENTS, seed: SEED, as_of, portraits: true };
        generate_into(&register, options, |_| ControlFlow::Continue(())).await.map_err(Error::internal)?;
    }
    let mut residents = Generator::new(SEED, as_of).first_eligible(RESIDENTS as usize, RESIDENTS);
    let walkers = residents.split_off(SHOWN.min(residents.len()));
    for walk in walkers {
        let found = register.lookup(&walk.nik).await.map_err(Error::internal)?;
        let Some(found) = found else { continue };
        // Who walked before in the same folder was approved then, and holds a digital KTP.
        let walked = holder::ports::record(context, &mut context.db.read().await?, found.resident_id).await.is_ok();
        if let Some(portrait) = found.portrait.filter(|_| !walked) {
            return Ok((residents, (walk, portrait)));
        }
    }
    Err(Error::internal("all residents of this folder have walked: name another with --data, or remove it"))
}

async fn officers(context: &Context) -> Result<(DemoLogIn, DemoLogIn)> {
    let offices = Offices::new(context.clone());
    if !offices.all().await?.iter().any(|office| office.code == OFFICE) {
        offices.add(OFFICE, "Dukcapil Contoh (demo)", Kind::Dinas).await?;
        // Its figures are about the people of Jakarta Pusat.
        if let Some(region) = Region::parse("31.71") {
            crate::figure::Regions::new(context.clone()).set_scope(OFFICE, region).await?;
        }
    }
    Ok((
        of_office(context, Role::Officer, "petugas", "Petugas Contoh").await?,
        of_office(context, Role::Officer, "petugas.jalan", "Petugas Jalan").await?,
    ))
}

async fn supervisors(context: &Context) -> Result<[DemoLogIn; 2]> {
    Ok([
        of_office(context, Role::Supervisor, "penyelia", "Penyelia Contoh").await?,
        of_office(context, Role::Supervisor, "penyelia.dua", "Penyelia Kedua").await?,
    ])
}

/// Those of the office who neither serve nor grant as supervisors do.
async fn others(context: &Context) -> Result<[DemoLogIn; 2]> {
    Ok([
        of_office(context, Role::Head, "kepala", "Kepala Contoh").await?,
        of_office(context, Role::Assistant, "magang", "Magang Contoh").await?,
    ])
}

/// Of the national administration.
async fn nation(context: &Context) -> Result<[DemoLogIn; 4]> {
    let of = async |role, username, full_name| {
        person(context, Realm::National, Post::National(role), username, full_name).await
    };
    Ok([
        of(Role::Administrator, "pusat", "Pusat Contoh").await?,
        of(Role::Administrator, "pusat.dua", "Pusat Kedua").await?,
        of(Role::Auditor, "auditor", "Auditor Contoh").await?,
        person(context, Realm::National, Post::Province("31"), "provinsi", "Provinsi Contoh").await?,
    ])
}

async fn of_office(context: &Context, role: Role, username: &str, full_name: &str) -> Result<DemoLogIn> {
    person(context, Realm::Office, Post::Office(OFFICE, role), username, full_name).await
}

async fn employee(context: &Context) -> Result<DemoLogIn> {
    person(context, Realm::RelyingParty, Post::RelyingParty(BANK), "teller", "Teller Contoh").await
}

/// Passwords and secrets of the demo's people are new at every start. They count as chosen: whoever plays with the demo is all of them.
async fn person(context: &Context, realm: Realm, post: Post<'_>, username: &str, full_name: &str) -> Result<DemoLogIn> {
    let accounts = Accounts::of_invented(context.clone());
    let Secrets { password, totp, .. } = match accounts.renew(realm, username).await {
        Err(error) if error.code() == Some(Code::NotFound) => {
            let today = Date::in_jakarta(context.now());
            let until = match post {
                Post::Office(_, role) => role.longest_days().and_then(|_| today.plus_days(180)),
                Post::RelyingParty(_) | Post::PartyAdministrator(_) | Post::National(_) | Post::Province(_) => None,
            };
            accounts.add_until(post, (username, full_name), None, until).await?
        }
        renewed => renewed?,
    };
    Ok(DemoLogIn { username: username.to_owned(), password, totp_secret: totp.secret })
}

async fn bank(app: &App) -> Result<(Redacted<String>, Vec<String>)> {
    let purpose = |code: &str, text: Text| Purpose {
        code: code.to_owned(),
        text_id: text.id.to_owned(),
        text_en: text.en.to_owned(),
    };
    let purposes = [
        purpose("open_account", Text::new("Membuka rekening", "Opening an account")),
        purpose("age_check", Text::new("Memeriksa usia", "Checking the age")),
    ];
    let parties = &app.relying_parties;
    let known = parties.list().await?.iter().any(|party| party.party.name == BANK);
    let key =
        if known { parties.add_key(BANK).await? } else { parties.add(BANK, AttributeSet::FULL, &purposes).await?.1 };
    Ok((Redacted(key.expose()), purposes.into_iter().map(|purpose| purpose.code).collect()))
}

/// A new key for idempotent requests.
pub fn idempotency_key(random: &Random, clock: &Clock) -> String {
    Uuid::to_string(&random.uuid_v7(clock.now()))
}
