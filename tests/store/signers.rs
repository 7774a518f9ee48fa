//! What signs: keys of either algorithm, and signers that are not files and make one wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use ikd::context::Context;
use ikd::credential::verify::authenticate_receipt;
use ikd::credential::{
    Algorithm, FileSigner, KeyId, KeyPurpose, PublicKey, Reason, SignError, SignatureBytes, Signer, TokenKind,
};
use ikd::keyring::{KeyState, Keyring};
use ikd::verification::Answer;
use ikd::verification::model::Verdict;

use crate::verification::{World, question, stated, world_of};
use support::each_engine;

/// A hardware module as the service sees it: it answers after a while, and must not be asked on the thread that runs all
/// asynchronous code.
#[derive(Debug)]
struct Module {
    key: FileSigner,
    asynchronous: ThreadId,
    signed: AtomicUsize,
    asked_in_the_way: AtomicUsize,
}

impl Module {
    fn new(context: &Context) -> Arc<Self> {
        let key = FileSigner::generate(Algorithm::Es256, &context.random);
        let asynchronous = std::thread::current().id();
        Arc::new(Self { key, asynchronous, signed: AtomicUsize::new(0), asked_in_the_way: AtomicUsize::new(0) })
    }
}

impl Signer for Module {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn kid(&self) -> KeyId {
        self.key.kid()
    }

    fn blocks(&self) -> bool {
        true
    }

    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
        self.signed.fetch_add(1, Ordering::SeqCst);
        if std::thread::current().id() == self.asynchronous {
            self.asked_in_the_way.fetch_add(1, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(20));
        self.key.sign(message)
    }
}

/// Issues, verifies and refuses once; every receipt verifies with the published keys.
async fn presents_and_is_refused(world: &World, round: &str) {
    let token = world.keyring.issue(world.record(TokenKind::Presentation)).await.unwrap().token;
    let ask = async |token: &str, key: String| -> Answer {
        let answer = world.service.verify(&world.party, &question(token, &key)).await.unwrap();
        let (issuer, keys) = (&world.context.config.service.issuer, world.keyring.jwks());
        let (statement, proof) = stated(&answer.receipt);
        let receipt = authenticate_receipt(statement, proof, issuer, &keys).ok().unwrap();
        assert_eq!(receipt.claims.cti, *answer.verification_id.as_bytes());
        answer
    };
    assert_eq!(ask(&token, format!("{round}-1")).await.verdict, Verdict::Valid);
    assert_eq!(ask(&token, format!("{round}-2")).await.verdict, Verdict::Invalid(Reason::AlreadyUsed));
    assert_eq!(ask("HELLO", format!("{round}-3")).await.verdict, Verdict::Invalid(Reason::Malformed));
    world.context.clock.advance(1);
}

#[tokio::test]
async fn a_service_runs_on_keys_of_either_algorithm() {
    each_engine(async |context| {
        let made = Keyring::init_with(&context, Algorithm::Es256).await.unwrap();
        assert_eq!(made.len(), 5);
        let keyring = Keyring::open(context.clone()).await.unwrap();
        assert_eq!(keyring.signer(KeyPurpose::Token).unwrap().algorithm(), Algorithm::Es256);
        let world = world_of(context.clone(), keyring.clone()).await;
        presents_and_is_refused(&world, "es256").await;
        // A key of another algorithm takes over while the service runs, and what the old one signed stays good for a while.
        let old = keyring.issue(world.record(TokenKind::Presentation)).await.unwrap().token;
        let kid = Keyring::rotate_to(&context, KeyPurpose::Token, Algorithm::Ed25519).await.unwrap();
        keyring.refresh().await.unwrap();
        assert_eq!(keyring.signer(KeyPurpose::Token).unwrap().kid(), kid);
        let algorithms: Vec<_> = keyring.jwks().keys.into_iter().filter_map(|key| key.alg).collect();
        assert_eq!(algorithms.iter().filter(|alg| *alg == "ES256").count(), 4, "{algorithms:?}");
        assert_eq!(
            algorithms.iter().filter(|alg| *alg == "EdDSA").count(),
            2,
            "the log signs with it too: {algorithms:?}"
        );
        let answer = world.service.verify(&world.party, &question(&old, "old")).await.unwrap();
        assert_eq!(answer.verdict, Verdict::Valid);
        world.context.clock.advance(1);
        presents_and_is_refused(&world, "ed25519").await;
        let rows = Keyring::list(&context).await.unwrap();
        let states = rows.iter().map(|row| (row.algorithm, row.purpose, row.state));
        assert!(states.clone().any(|row| row == (Algorithm::Es256, KeyPurpose::Token, KeyState::Retiring)));
        assert!(states.clone().any(|row| row == (Algorithm::Ed25519, KeyPurpose::Token, KeyState::Active)));
    })
    .await;
}

#[tokio::test]
async fn a_signer_that_waits_holds_nobody_up() {
    each_engine(async |context| {
        Keyring::init(&context).await.unwrap();
        let (tokens, receipts) = (Module::new(&context), Module::new(&context));
        Keyring::publish(&context, KeyPurpose::Token, tokens.as_ref()).await.unwrap();
        Keyring::publish(&context, KeyPurpose::Receipt, receipts.as_ref()).await.unwrap();
        let held: Vec<Arc<dyn Signer>> = vec![tokens.clone(), receipts.clone()];
        let keyring = Keyring::open_with(context.clone(), held).await.unwrap();
        keyring.refresh().await.unwrap();
        assert!(keyring.signing_blocks(KeyPurpose::Token) && keyring.signing_blocks(KeyPurpose::Receipt));
        let world = world_of(context.clone(), keyring).await;
        presents_and_is_refused(&world, "module").await;
        // Four receipts: that of the used token was signed as a valid one before its spending failed.
        assert_eq!((tokens.signed.load(Ordering::SeqCst), receipts.signed.load(Ordering::SeqCst)), (1, 4));
        for module in [&tokens, &receipts] {
            assert_eq!(module.asked_in_the_way.load(Ordering::SeqCst), 0);
        }
        // A node without the module does not start: it could not sign.
        let told = Keyring::open(context.clone()).await.err().unwrap().to_string();
        assert!(told.contains("no active token key"), "{told}");
    })
    .await;
}
