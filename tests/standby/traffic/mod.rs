//! People who use the service while it is killed and its database fails over: residents from the first form to the end of their digital
//! KTP, an officer, a bank. They repeat what got no answer, as apps do, and keep account of what they were answered ([`ledger`]);
//! [`checks`] compares that with the database.

pub mod checks;
mod counter;
mod ending;
pub mod ledger;
mod letters;
mod life;
mod wallet;
mod wire;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ikd::captcha::{CaptchaChallenge, solve};
use ikd::demo::client;
use ikd::login::totp;
use ikd::random::Random;
use serde_json::json;
use support::world::{Host, LogIn, Person, Program, World};
use tokio::task::JoinSet;

use ledger::Ledger;
use letters::Letters;

/// How far the people go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Whoever is done makes way for the next.
    Open = 0,
    /// Whoever is under way goes on to the end.
    LastOrders = 1,
    /// Everybody leaves what they do.
    Over = 2,
}

/// What all people share.
pub struct Service {
    /// Where nodes answer.
    pub nodes: Vec<String>,
    /// What was answered.
    pub ledger: Ledger,
    /// What the mail server got.
    pub letters: Letters,
    public: String,
    api_key: String,
    terms: String,
    officer: LogIn,
    session: Mutex<Option<Arc<client::Officer>>>,
    people: Mutex<VecDeque<Person>>,
    random: Random,
    http: reqwest::Client,
    phase: AtomicU8,
}

/// The people, at work.
pub struct Traffic {
    /// What they share.
    pub service: Arc<Service>,
    lives: JoinSet<()>,
}

/// What is put into an empty database: office, officer, bank, and so many residents of whom the younger register.
pub async fn furnish(world: &World<Program>, residents: usize) -> Furnished {
    world.json(&["office", "add", "UJI-01", "Dukcapil Uji"]).await;
    let words = ["officer", "add", "petugas", "Petugas Uji", "--office", "UJI-01", "--generate-password"];
    let officer = LogIn::read(&world.json(&words).await);
    let (count, show) = (residents.to_string(), (residents * 3 / 5).to_string());
    let made = world.json(&["register", "generate", "--count", &count, "--show", &show]).await;
    let people = made["residents"].as_array().unwrap().iter().map(Person::read).collect();
    let purpose = "open_account=Membuka rekening|Opening an account";
    let party = world.json(&["relying-party", "add", "Bank Uji", "--attributes", "full", "--purpose", purpose]).await;
    Furnished { officer, people, api_key: party["api_key"].as_str().unwrap().to_owned() }
}

/// What [`furnish`] made.
pub struct Furnished {
    officer: LogIn,
    people: VecDeque<Person>,
    api_key: String,
}

/// What nodes and people of one network, this machine, need so that no limit for strangers stops them.
pub const SETTINGS: [(&str, &str); 10] = [
    ("LIMITS__REQUESTS_PER_SECOND", "0"),
    ("LIMITS__PRESENTATIONS_PER_MINUTE", "0"),
    ("LIMITS__SELFIES_PER_MINUTE", "100000"),
    ("LIMITS__CALL_BACK_PERCENT", "0"),
    ("CAPTCHA__MAX_NUMBER", "50"),
    ("CAPTCHA__FREE_PER_MINUTE", "1000000"),
    ("TLOG__INTERVAL_SECONDS", "2"),
    ("DATABASE__CONNECTIONS", "8"),
    // One message is on its way at a time, so that a kill can send one twice and no more.
    ("MAIL__SMTP__CONNECTIONS", "1"),
    ("LOG__LEVEL", "warn,ikd=info"),
];

impl Service {
    /// Learns what people know before they begin; a node has to answer.
    pub async fn open(world: &World<Program>, furnished: Furnished, nodes: Vec<String>, seed: u64) -> Arc<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let Furnished { officer, people, api_key } = furnished;
        let phone = client::Resident::behind(http.clone(), world.public_url(), &nodes, &world.random);
        let terms = phone.get("/v1/terms").await.unwrap().expect(200).unwrap().text("version").unwrap();
        let service = Self {
            ledger: Ledger::default(),
            letters: Letters::of(&world.mail),
            public: world.public_url().to_owned(),
            session: Mutex::default(),
            people: Mutex::new(people),
            random: Random::seeded(seed),
            phase: AtomicU8::new(Phase::Open as u8),
            nodes,
            api_key,
            terms,
            officer,
            http,
        };
        totp::in_good_time(&world.clock()).await;
        let code = service.officer.code(world.now());
        let LogIn { username, password, .. } = &service.officer;
        let session =
            client::Officer::log_in(service.http.clone(), &service.nodes[0], username, password, &code).await.unwrap();
        // What the command printed opens the choice of one's own alone.
        let asked = session.get("/v1/officer/secrets").await.unwrap().expect(200).unwrap().text("totp_secret").unwrap();
        let totp = totp::code_in_good_time(&totp::from_base32(&asked).unwrap(), &world.clock()).await.unwrap();
        let own = json!({"new_password": "enam layang putih sore", "totp": totp});
        session.post("/v1/officer/secrets", &own).await.unwrap().expect(200).unwrap();
        *service.session.lock().unwrap() = Some(Arc::new(session));
        Arc::new(service)
    }

    /// A number below `most`.
    fn below(&self, most: u64) -> u64 {
        self.random.below(most)
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::SeqCst)
    }

    fn is_over(&self) -> bool {
        self.phase() == Phase::Over as u8
    }

    fn phone(&self) -> client::Resident {
        client::Resident::behind(self.http.clone(), &self.public, &self.nodes, &self.random)
    }

    /// One of the nodes.
    fn node(&self) -> &str {
        &self.nodes[self.below(self.nodes.len() as u64) as usize]
    }

    fn bank(&self) -> client::Bank {
        client::Bank::new(self.http.clone(), self.node(), &self.api_key)
    }

    fn desk(&self) -> client::Officer {
        self.session.lock().unwrap().as_ref().unwrap().at(self.node())
    }

    /// A solved captcha; `None` once it is over.
    async fn captcha(&self, phone: &client::Resident) -> Option<String> {
        let answer = self.answered("captcha", || async { phone.post("/v1/captcha", &json!({})).await }).await?;
        self.demand("captcha", &answer, &[200])?;
        let challenge: CaptchaChallenge = serde_json::from_value(answer.json).ok()?;
        solve(&challenge)
    }

    /// How many residents have not come yet.
    pub fn are_left(&self) -> usize {
        self.people.lock().unwrap().len()
    }
}

impl Traffic {
    /// So many people at once.
    pub fn start(service: &Arc<Service>, at_once: usize) -> Self {
        let mut lives = JoinSet::new();
        for _ in 0..at_once {
            let service = Arc::clone(service);
            lives.spawn(async move {
                while service.phase() == Phase::Open as u8 {
                    let Some(person) = service.people.lock().unwrap().pop_front() else { return };
                    life::live(&service, person).await;
                }
            });
        }
        Self { service: Arc::clone(service), lives }
    }

    /// Lets everybody come to their end, for so long, and then all leave. Gives who did not.
    pub async fn end(mut self, patience: Duration) -> usize {
        self.service.phase.store(Phase::LastOrders as u8, Ordering::SeqCst);
        let begun = Instant::now();
        while !self.lives.is_empty() && begun.elapsed() < patience {
            let left = patience.saturating_sub(begun.elapsed());
            if let Ok(Some(done)) = tokio::time::timeout(left, self.lives.join_next()).await {
                done.unwrap();
            }
        }
        let late = self.lives.len();
        self.service.phase.store(Phase::Over as u8, Ordering::SeqCst);
        while let Some(done) = self.lives.join_next().await {
            done.unwrap();
        }
        late
    }
}

/// Where the mails of a mail server lie.
fn file_of(folder: &Path, number: usize, ending: &str) -> std::path::PathBuf {
    folder.join(format!("{number}.{ending}"))
}
