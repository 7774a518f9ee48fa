//! Holders of a digital KTP whose rows were written past the flows, for tests that ask much about many.

use std::path::Path;
use std::sync::Arc;

use ikd::attribute::AttributeSet;
use ikd::clock::Clock;
use ikd::config::Config;
use ikd::context::{Context, Sources};
use ikd::credential::{KeyPurpose, SealedRecord, TokenKind};
use ikd::db::{Db, PoolSizes};
use ikd::error::Language;
use ikd::execute;
use ikd::holder::model::HolderSecret;
use ikd::keyring::{Keyring, init_root};
use ikd::life::BlockCodes;
use ikd::life::ports::give_block_code;
use ikd::random::Random;
use ikd::register::generate::Generator;
use ikd::register::{Date, RegisterRecord};
use ikd::relying_party::RelyingParties;
use ikd::secret::Redacted;
use ikd::vault::{Label, Vault};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{World, purpose};
use crate::answer::Answer;
use crate::client::Bank;
use crate::node::Node;

/// A database with holders, their keys, and a relying party that asks about them.
pub struct Holders {
    /// Database, clock, configuration.
    pub context: Context,
    /// Who can be asked about.
    pub holders: Vec<Uuid>,
    keyring: Keyring,
    api_key: String,
    env: Vec<(String, String)>,
}

impl World<Holders> {
    /// Writes so many holders into the database at `url`; other files lie in `folder`.
    pub async fn with_holders(folder: &Path, url: &str, count: usize) -> Self {
        let mut config = Config::default();
        config.keys.directory = folder.join("keys");
        config.database.url = url.to_owned().into();
        let random = Random::system();
        init_root(&config.keys.directory, &random).unwrap();
        let vault = Vault::load(&config.keys.directory.join("root")).unwrap();
        // Half is kept by batches; an import prepares its next batch while it writes the one before.
        let sizes = PoolSizes { connections: 16, acquire_timeout_seconds: 60, ..PoolSizes::default() };
        let db = Db::open(url, sizes).await.unwrap();
        db.migrate().await.unwrap();
        let (config, decoders) = (Arc::new(config), crate::decoders());
        let context = Context::from(Sources {
            db,
            clock: Clock::System,
            random: random.clone(),
            vault,
            config,
            decoders,
            node: None,
        });
        Keyring::init(&context).await.unwrap();
        let keyring = Keyring::open(context.clone()).await.unwrap();
        let parties = RelyingParties::new(context.clone());
        let api_key = parties.add("Bank Uji", AttributeSet::FULL, &[purpose("open_account")]).await.unwrap().1.expose();
        let holders = write_holders(&context, count).await;
        let env = [
            ("KEYS__DIRECTORY", folder.join("keys").display().to_string()),
            ("MAIL__DIRECTORY", folder.join("mail").display().to_string()),
            ("SERVICE__PUBLIC_URL", String::from("http://127.0.0.1:1")),
            ("HTTP__LISTEN", String::from("127.0.0.1:0")),
            ("HTTP__METRICS_LISTEN", String::new()),
            ("DATABASE__CONNECTIONS", String::from("8")),
            ("LIMITS__REQUESTS_PER_SECOND", String::from("0")),
        ];
        let env = env.map(|(name, value)| (format!("IKD__{name}"), value)).to_vec();
        Self::around(Holders { context, holders, keyring, api_key, env }, random)
    }

    /// A node that knows the database by this URL, in `folder`.
    pub async fn node(&self, folder: &Path, url: &str) -> Node {
        self.node_with(folder, &[("DATABASE__URL", url)]).await
    }

    /// A node with these variables (`DATABASE__URL` …), in `folder`.
    pub async fn node_with(&self, folder: &Path, changes: &[(&str, &str)]) -> Node {
        let changes = changes.iter().map(|(name, value)| (format!("IKD__{name}"), (*value).to_owned()));
        Node::start(folder, &self.env.iter().cloned().chain(changes).collect::<Vec<_>>()).await
    }

    /// The same, which believes what this machine says of clients' addresses.
    pub async fn node_behind_a_proxy(&self, folder: &Path, url: &str) -> Node {
        let more = [("DATABASE__URL", url), ("HTTP__BEHIND_PROXY", "true"), ("HTTP__EXPOSE_DEVELOPMENT", "true")];
        let more = more.map(|(name, value)| (format!("IKD__{name}"), value.to_owned()));
        Node::start(folder, &[&self.env[..], &more[..]].concat()).await
    }

    /// A token of each holder.
    pub fn tokens(&self) -> Vec<String> {
        (0..self.holders.len()).map(|holder| self.token(holder)).collect()
    }

    /// Another token of a holder.
    pub fn token(&self, holder: usize) -> String {
        let (issued, attributes) = (self.context.now(), AttributeSet::BASIC.bits());
        let (kind, subject) = (TokenKind::Presentation, self.holders[holder]);
        let record = SealedRecord { kind, subject, generation: 1, issued, attributes };
        let signer = self.keyring.signer(KeyPurpose::Token).unwrap();
        self.keyring.issuer(signer.as_ref()).issue(record).unwrap().token
    }

    /// A relying party that asks a node, over connections that it keeps.
    pub fn bank(&self, node: &Node) -> Bank {
        Bank::new(reqwest::Client::new(), &node.base, &self.api_key)
    }

    /// A question as it is sent, for who writes it on a socket of their own.
    pub fn question(&self, token: &str, key: &str) -> String {
        let body = format!(r#"{{"token":"{token}","purpose":"open_account"}}"#);
        format!(
            "POST /v1/verifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.api_key,
            body.len()
        )
    }

    /// What the register says about a holder.
    pub fn record(&self, holder: usize) -> RegisterRecord {
        generator().resident(holder as u64).unwrap()
    }

    /// Gives each holder a block code.
    pub async fn block_codes(&self) -> Vec<String> {
        let context = &self.context;
        let maker = BlockCodes::new(context.clone()).unwrap();
        let (mut codes, mut made) = (Vec::new(), Vec::new());
        for (holder, resident) in self.holders.iter().enumerate() {
            made.push(maker.make((*resident, &self.record(holder).nik), None).await.unwrap());
        }
        let mut tx = context.db.write().await.unwrap();
        for new in &made {
            let code = give_block_code(context, &mut tx, new, context.now()).await.unwrap();
            codes.push(code.expose().to_owned());
        }
        tx.commit().await.unwrap();
        codes
    }

    /// Makes the holders known to the register, and reachable; gives their records.
    pub async fn in_register(&self) -> Vec<RegisterRecord> {
        let (Sources { vault, random, .. }, mut records) = (&*self.context, Vec::new());
        let generator = generator();
        let mut tx = self.context.db.write().await.unwrap();
        for (index, id) in self.holders.iter().enumerate() {
            let record = generator.resident(index as u64).unwrap();
            let sealed = vault.seal_row(random, "register_record", *id, &record).unwrap();
            let nik = vault.blind_index(Label::NikIndex, record.nik.as_str());
            let sql = "INSERT INTO register_record (resident_id, nik_index, sealed, updated_at) VALUES ($1, $2, $3, 0)";
            execute!(&mut tx, sql, *id, nik, sealed).unwrap();
            let email = Some(Redacted(format!("warga{index}@example.id")));
            let language = Language::Indonesian;
            let secret = HolderSecret { pin_public_key: vec![0; 32], email, language, former: Vec::new() };
            let sealed = vault.seal_row(random, "credential_holder", *id, &secret).unwrap();
            let device = id.as_bytes().repeat(2);
            let sql = "INSERT INTO credential_holder (resident_id, registration_id, device_thumbprint, sealed, updated_at) \
                 VALUES ($1, $1, $2, $3, 0)";
            execute!(&mut tx, sql, *id, device, sealed).unwrap();
            records.push(record);
        }
        tx.commit().await.unwrap();
        records
    }

    /// Asks a node, over a connection of its own; `None` when no answer comes.
    pub fn ask(&self, node: &Node, token: &str, key: String) -> JoinHandle<Option<Answer>> {
        let bank = Bank::new(reqwest::Client::new(), &node.base, &self.api_key);
        let token = token.to_owned();
        tokio::spawn(async move { bank.try_verify(&token, "open_account", &key).await })
    }
}

fn generator() -> Generator {
    Generator::new(1, Date::parse("2026-11-01").unwrap())
}

async fn write_holders(context: &Context, count: usize) -> Vec<Uuid> {
    let generator = generator();
    let mut holders = Vec::new();
    let mut tx = context.db.write().await.unwrap();
    for index in 0..count {
        let id = context.random.uuid_v7(context.now());
        let record = generator.resident(index as u64).unwrap();
        let sealed = context.vault.seal_row(&context.random, "holder_record", id, &record).unwrap();
        let sql = "INSERT INTO credential (resident_id, state, generation, last_spent, pin_tries, pin_wait_until, \
             challenge_spent, session, session_ends_at, activated_at) VALUES ($1, 'active', 1, 0, 0, 0, 0, 0, 0, 0)";
        execute!(&mut tx, sql, id).unwrap();
        let sql = "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, 0)";
        execute!(&mut tx, sql, id, sealed).unwrap();
        holders.push(id);
    }
    tx.commit().await.unwrap();
    holders
}

/// Result (or the problem's code) and reason of an answer to a verification.
pub fn outcome(answer: &Answer) -> (&str, &str) {
    (answer.json["result"].as_str().unwrap_or(answer.code()), answer.json["reason"].as_str().unwrap_or(""))
}
