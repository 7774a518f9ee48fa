//! Relying parties, spending, checks: what the statements promise, and what the verifier makes of them.

use std::collections::HashSet;

use ciborium::Value;
use ikd::attribute::{Attribute, AttributeSet};
use ikd::clock::Timestamp;
use ikd::context::Context;
use ikd::credential::verify::authenticate_receipt;
use ikd::credential::{Body, Issuer, KeyPurpose, Reason, SealedRecord, TokenKind, TokenSealer, cbor, text};
use ikd::db::DbError;
use ikd::error::Code;
use ikd::execute;
use ikd::keyring::Keyring;
use ikd::register::RegisterRecord;
use ikd::relying_party::{ApiKey, Party, Purpose, RelyingParties};
use ikd::secret::Redacted;
use ikd::verification::model::{HolderCheck, IdempotencyKey, Presented, Question, Receipt, Verdict};
use ikd::verification::store::{self, CheckRow};
use ikd::verification::{Answer, Service};
use sha2::{Digest, Sha256};
use support::record::siti;
use uuid::Uuid;

use support::each_engine;

const PORTRAIT: &[u8] = b"a JPEG as far as the verifier cares";

pub(crate) struct World {
    pub(crate) context: Context,
    pub(crate) keyring: Keyring,
    pub(crate) service: Service,
    pub(crate) parties: RelyingParties,
    pub(crate) api_key: ApiKey,
    pub(crate) party: std::sync::Arc<Party>,
    resident: Uuid,
}

fn purpose(code: &str) -> Purpose {
    Purpose { code: code.into(), text_id: "Membuka rekening".into(), text_en: "Opening an account".into() }
}

pub(crate) async fn world(context: Context) -> World {
    Keyring::init(&context).await.unwrap();
    let keyring = Keyring::open(context.clone()).await.unwrap();
    world_of(context, keyring).await
}

pub(crate) async fn world_of(context: Context, keyring: Keyring) -> World {
    let service = Service::new(context.clone(), keyring.clone());
    let entitled = AttributeSet::BASIC.with(Attribute::AgeOver17);
    let parties = RelyingParties::new(context.clone());
    let (_, api_key) = parties.add("Bank Uji", entitled, &[purpose("open_account")]).await.unwrap();
    let party = parties.authentication().authenticate(&api_key.expose()).await.unwrap();
    let resident = add_holder(&context).await;
    World { context, keyring, service, parties, api_key, party, resident }
}

pub(crate) async fn add_holder(context: &Context) -> Uuid {
    let resident = context.random.uuid_v7(context.now());
    let record = context.vault.seal_row(&context.random, "holder_record", resident, &siti()).unwrap();
    let portrait = context.vault.seal_bytes(&context.random, "holder_portrait", resident, PORTRAIT).unwrap();
    let mut tx = context.db.write().await.unwrap();
    execute!(
        &mut tx,
        "INSERT INTO credential (resident_id, state, generation, last_spent, pin_tries, pin_wait_until, challenge_spent, \
         session, session_ends_at, activated_at) VALUES ($1, 'active', 1, 0, 0, 0, 0, 0, 0, 0)",
        resident
    )
    .unwrap();
    execute!(
        &mut tx,
        "INSERT INTO holder_record (resident_id, sealed, updated_at) VALUES ($1, $2, 0)",
        resident,
        record
    )
    .unwrap();
    execute!(&mut tx, "INSERT INTO holder_portrait (resident_id, sealed) VALUES ($1, $2)", resident, portrait).unwrap();
    tx.commit().await.unwrap();
    resident
}

impl World {
    fn issuer_name(&self) -> &str {
        &self.context.config.service.issuer
    }

    pub(crate) fn record(&self, kind: TokenKind) -> SealedRecord {
        SealedRecord {
            kind,
            subject: self.resident,
            generation: 1,
            issued: self.context.now(),
            attributes: AttributeSet::BASIC.bits(),
        }
    }

    pub(crate) fn token_of(&self, record: SealedRecord) -> String {
        let signer = self.keyring.signer(KeyPurpose::Token).unwrap();
        let sealer = TokenSealer::new(self.context.vault.clone());
        let issuer =
            Issuer { signer: signer.as_ref(), sealer: &sealer, random: &self.context.random, name: self.issuer_name() };
        match record.kind {
            TokenKind::Offline => issuer.issue_offline(record, Default::default(), None, None).unwrap().token,
            _ => issuer.issue(record).unwrap().token,
        }
    }

    pub(crate) fn presentation(&self) -> String {
        self.token_of(self.record(TokenKind::Presentation))
    }

    async fn ask(&self, token: &str, key: &str) -> ikd::error::Result<Answer> {
        self.service.verify(&self.party, &question(token, key)).await
    }

    async fn reason(&self, token: &str, key: &str) -> &'static str {
        self.ask(token, key).await.unwrap().verdict.reason()
    }

    async fn change_credential(&self, state: &str, generation: i64) {
        let mut tx = self.context.db.write().await.unwrap();
        let sql = "UPDATE credential SET state = $1, generation = $2 WHERE resident_id = $3";
        execute!(&mut tx, sql, state, generation, self.resident).unwrap();
        tx.commit().await.unwrap();
    }

    async fn later(&self, seconds: i64) {
        self.context.clock.advance(seconds);
    }
}

/// Both parts of a receipt that a batch proves.
pub(crate) fn stated(receipt: &Receipt) -> (&[u8], &[u8]) {
    let Receipt::Stated { statement, proof: Some(proof) } = receipt else { panic!("no proof: {receipt:?}") };
    (statement, proof)
}

pub(crate) fn question(token: &str, key: &str) -> Question {
    Question {
        shown: Presented::Token(Redacted(token.to_owned())),
        purpose: "open_account".into(),
        attributes: None,
        key: IdempotencyKey::parse(key).unwrap(),
    }
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::to_value(&answer.content.as_ref().unwrap().attributes).unwrap()
}

// Store ----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn spending_demands_state_generation_and_freshness() {
    each_engine(async |context| {
        let world = world(context).await;
        let at = |micros| Timestamp::from_micros(micros);
        let spend = async |generation, micros| {
            let mut tx = world.context.db.write().await.unwrap();
            let spent = ikd::holder::store::spend(&mut tx, world.resident, generation, at(micros)).await.unwrap();
            tx.commit().await.unwrap();
            spent
        };
        assert!(spend(1, 100).await.happened());
        assert!(!spend(1, 100).await.happened(), "the same token");
        assert!(!spend(1, 99).await.happened(), "an older one");
        assert!(!spend(2, 200).await.happened(), "another generation");
        assert!(spend(1, 101).await.happened());
        world.change_credential("blocked", 1).await;
        assert!(!spend(1, 300).await.happened(), "blocked");
        let mut tx = world.context.db.read().await.unwrap();
        assert!(!ikd::holder::store::is_active(&mut tx, world.resident, 1).await.unwrap());
        assert!(
            !ikd::holder::store::spend(&mut world.context.db.write().await.unwrap(), Uuid::nil(), 1, at(1))
                .await
                .unwrap()
                .happened()
        );
    })
    .await;
}

#[tokio::test]
async fn a_check_is_unique_by_party_key_and_holder() {
    each_engine(async |context| {
        let world = world(context).await;
        let row = |id: u128, key: u8, resident: Uuid| CheckRow {
            verification_id: Uuid::from_u128(id),
            resident_id: resident,
            relying_party_id: world.party.relying_party_id,
            idempotency_key: vec![key; 16],
            body_hash: vec![1; 32],
            purpose: "open_account".into(),
            verified_at: world.context.now(),
            issued: Timestamp::from_micros(7),
            verdict: Verdict::Invalid(Reason::Expired),
            result: "invalid".into(),
            single_use: 1,
            disclosed: AttributeSet::EMPTY,
            repeats: 0,
            salt: vec![2; 16],
            receipt: vec![3],
            batch_id: None,
            proof: None,
        };
        let first = row(1, 1, world.resident);
        let mut tx = world.context.db.write().await.unwrap();
        store::add(&mut tx, &first).await.unwrap();
        store::add(&mut tx, &row(2, 1, Uuid::from_u128(99))).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = world.context.db.write().await.unwrap();
        let again = store::add(&mut tx, &row(3, 1, world.resident)).await;
        assert!(matches!(again, Err(DbError::Unique)));
        tx.rollback().await.unwrap();

        let mut tx = world.context.db.write().await.unwrap();
        let party = world.party.relying_party_id;
        assert_eq!(store::by_key(&mut tx, party, &[1; 16], world.resident).await.unwrap(), Some(first.clone()));
        assert_eq!(store::by_key(&mut tx, party, &[9; 16], world.resident).await.unwrap(), None);
        assert_eq!(store::by_id(&mut tx, first.verification_id, party).await.unwrap(), Some(first.clone()));
        assert_eq!(store::by_id(&mut tx, first.verification_id, Uuid::nil()).await.unwrap(), None, "another party's");
        let found = store::of_holder(&mut tx, first.verification_id, party, world.resident).await.unwrap();
        assert_eq!(found, Some(first.clone()));
        let other = store::of_holder(&mut tx, first.verification_id, party, Uuid::from_u128(99)).await.unwrap();
        assert_eq!(other, None, "another holder's");
        let same = store::repeat_refusal(&mut tx, &row(4, 2, world.resident)).await.unwrap();
        assert_eq!(same.map(|row| row.verification_id), Some(first.verification_id));
        let other = CheckRow { verdict: Verdict::Invalid(Reason::AlreadyUsed), ..row(5, 3, world.resident) };
        assert_eq!(store::repeat_refusal(&mut tx, &other).await.unwrap(), None);
        assert_eq!(store::history(&mut tx, world.resident, Uuid::max(), 10).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        let history = world.service.history(world.resident, None, 10).await.unwrap().items;
        assert_eq!((history[0].repeats, history[0].purpose.text_en.as_str()), (1, "Opening an account"));
        assert_eq!(history[0].relying_party, "Bank Uji");
    })
    .await;
}

#[tokio::test]
async fn parties_keys_and_employees() {
    each_engine(async |context| {
        let world = world(context).await;
        let parties = &world.parties;
        let callers = parties.authentication();
        let twice = parties.add("Bank Uji", AttributeSet::AGE, &[purpose("x")]).await.unwrap_err();
        assert_eq!(twice.code(), Some(Code::InvalidField));
        assert!(parties.add("Klinik", AttributeSet::AGE, &[purpose("Bad Code")]).await.is_err());
        assert!(parties.add("Klinik", AttributeSet::AGE, &[]).await.is_err());
        for name in ["BANK UJI", "bank  uji", "\u{200b}", "\u{3164}", " ", "Kli\u{202e}nik", "Kli\nnik"] {
            let refused = parties.add(name, AttributeSet::AGE, &[purpose("x")]).await.unwrap_err();
            assert_eq!(refused.code(), Some(Code::InvalidField), "{name:?}");
        }
        for text in ["\u{200b}", "\u{3164}", " ", "Me\u{202e}mbuka"] {
            let hidden = Purpose { text_id: text.into(), ..purpose("x") };
            assert!(parties.add("Klinik", AttributeSet::AGE, &[hidden]).await.is_err(), "{text:?}");
            let hidden = Purpose { text_en: text.into(), ..purpose("x") };
            assert!(parties.add("Klinik", AttributeSet::AGE, &[hidden]).await.is_err(), "{text:?}");
        }
        assert_eq!(parties.list().await.unwrap().len(), 1, "nothing half added");

        let second = parties.add_key("Bank Uji").await.unwrap();
        assert!(callers.authenticate(&second.expose()).await.is_ok());
        let forged = ApiKey::new(second.key_id, [0; 32]);
        for bad in [forged.expose().as_str(), "", "ikd_rp_", &ApiKey::new(Uuid::nil(), [1; 32]).expose()] {
            let refused = callers.authenticate(bad).await.unwrap_err();
            assert_eq!(refused.code(), Some(Code::ApiKeyInvalid));
        }
        // Another node, which has the key in memory.
        let elsewhere = RelyingParties::new(world.context.clone());
        assert!(elsewhere.authentication().authenticate(&second.expose()).await.is_ok());
        parties.revoke_key(second.key_id).await.unwrap();
        assert!(callers.authenticate(&second.expose()).await.is_err(), "here at once");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(elsewhere.authentication().authenticate(&second.expose()).await.is_err(), "elsewhere within a second");
        assert!(callers.authenticate(&world.api_key.expose()).await.is_ok(), "the other key goes on");
        assert_eq!(parties.revoke_key(second.key_id).await.unwrap_err().code(), Some(Code::NotFound));
    })
    .await;
}

// Verifier -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_valid_answer_shows_what_all_three_agree_on() {
    each_engine(async |context| {
        let world = world(context).await;
        let answer = world.ask(&world.presentation(), "k1").await.unwrap();
        assert_eq!(answer.verdict, Verdict::Valid);
        assert!(answer.single_use);
        assert_eq!(answer.holder_check(), HolderCheck::ComparePortrait);
        assert_eq!(answer.content.as_ref().unwrap().portrait.as_ref().unwrap().0.expose(), PORTRAIT);
        assert_eq!(
            json(&answer),
            serde_json::json!({"full_name": "SITI NURHALIZAH", "birth_date": "1990-08-17", "sex": "female",
                "regency": "KOTA ADMINISTRASI JAKARTA SELATAN", "province": "DKI JAKARTA"})
        );
        world.later(1).await;
        let asked = AttributeSet::from_names(["nik", "full_name", "age_over_17"]).unwrap();
        let narrow = Question { attributes: Some(asked), ..question(&world.presentation(), "k2") };
        let answer = world.service.verify(&world.party, &narrow).await.unwrap();
        // nik: neither chosen nor granted; age_over_17: granted but not chosen.
        assert_eq!(json(&answer), serde_json::json!({"full_name": "SITI NURHALIZAH"}));
        assert_eq!(answer.holder_check(), HolderCheck::NotPossible);
        let elsewhere = Question { purpose: "sell_data".into(), ..question(&world.presentation(), "k3") };
        let refused = world.service.verify(&world.party, &elsewhere).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::PurposeNotAllowed));
    })
    .await;
}

#[tokio::test]
async fn every_reason() {
    each_engine(async |context| {
        let world = world(context).await;
        assert_eq!(world.reason("HELLO", "a").await, "malformed");
        assert_eq!(world.reason(&world.token_of(world.record(TokenKind::Activation)), "b").await, "wrong_type");
        let (signer, sealer) =
            (ikd::credential::FileSigner::from_seed(&[9; 32]), TokenSealer::new(world.context.vault.clone()));
        let name = world.issuer_name();
        let foreign = Issuer { signer: &signer, sealer: &sealer, random: &world.context.random, name };
        let record = world.record(TokenKind::Presentation);
        assert_eq!(world.reason(&foreign.issue(record).unwrap().token, "c").await, "unknown_key");
        let mut cose = text::decode(&world.presentation()).unwrap();
        *cose.last_mut().unwrap() ^= 1;
        assert_eq!(world.reason(&text::encode(&cose), "d").await, "bad_signature");
        let early = SealedRecord { issued: world.context.now().plus_seconds(11), ..record };
        assert_eq!(world.reason(&world.token_of(early), "e").await, "not_yet_valid");
        let old = SealedRecord { issued: world.context.now().plus_seconds(-90), ..record };
        assert_eq!(world.reason(&world.token_of(old), "f").await, "expired");
        let good = world.presentation();
        assert_eq!(world.reason(&good, "g").await, "");
        assert_eq!(world.reason(&good, "h").await, "already_used");
        world.later(1).await;
        let (older, newer) = (world.presentation(), {
            world.later(1).await;
            world.presentation()
        });
        assert_eq!(world.reason(&newer, "i").await, "");
        assert_eq!(world.reason(&older, "j").await, "already_used", "a newer one voids the older");
        world.later(1).await;
        let other_generation = SealedRecord { generation: 2, ..world.record(TokenKind::Presentation) };
        assert_eq!(world.reason(&world.token_of(other_generation), "k").await, "holder_not_active");
        world.change_credential("blocked", 1).await;
        assert_eq!(world.reason(&world.presentation(), "l").await, "holder_not_active");
        let stranger = SealedRecord { subject: Uuid::from_u128(5), ..world.record(TokenKind::Presentation) };
        assert_eq!(world.reason(&world.token_of(stranger), "m").await, "holder_not_active");

        let reasons: HashSet<_> = world
            .service
            .history(world.resident, None, 100)
            .await
            .unwrap()
            .items
            .iter()
            .map(|item| item.verdict.reason())
            .collect();
        let expected = ["", "not_yet_valid", "expired", "already_used", "holder_not_active"];
        assert_eq!(reasons, HashSet::from(expected), "the holder sees what named them");
    })
    .await;
}

#[tokio::test]
async fn sixty_four_clients_and_one_token() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        let asked = (0..64).map(|client| {
            let (service, party, token) = (world.service.clone(), world.party.clone(), token.clone());
            tokio::spawn(async move { service.verify(&party, &question(&token, &format!("client-{client}"))).await })
        });
        let mut reasons = Vec::new();
        for answer in asked.collect::<Vec<_>>() {
            reasons.push(answer.await.unwrap().unwrap().verdict.reason());
        }
        assert_eq!(reasons.iter().filter(|reason| reason.is_empty()).count(), 1);
        assert_eq!(reasons.iter().filter(|reason| **reason == "already_used").count(), 63);
        let history = world.service.history(world.resident, None, 100).await.unwrap();
        let refused: Vec<_> = history.items.iter().filter(|item| item.verdict != Verdict::Valid).collect();
        let counted: i64 = refused.iter().map(|item| 1 + item.repeats).sum();
        assert_eq!(counted, 63, "every refusal is counted, few stand in the history ({})", refused.len());
    })
    .await;
}

#[tokio::test]
async fn copies_of_one_request_get_one_answer() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        let copies = (0..32).map(|_| {
            let (service, party, token) = (world.service.clone(), world.party.clone(), token.clone());
            tokio::spawn(async move { service.verify(&party, &question(&token, "same")).await })
        });
        let mut ids = HashSet::new();
        for copy in copies.collect::<Vec<_>>() {
            let answer = copy.await.unwrap().unwrap();
            assert_eq!(answer.verdict, Verdict::Valid);
            assert_eq!(json(&answer)["full_name"], "SITI NURHALIZAH");
            ids.insert(answer.verification_id);
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(world.service.history(world.resident, None, 100).await.unwrap().items.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_is_answered_before_expiry_is_judged() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        let first = world.ask(&token, "k").await.unwrap();
        world.later(95).await;
        let again = world.ask(&token, "k").await.unwrap();
        assert_eq!((again.verification_id, again.verdict), (first.verification_id, Verdict::Valid));
        assert_eq!((again.receipt.clone(), again.verified_at), (first.receipt.clone(), first.verified_at));
        assert_eq!(json(&again), json(&first));
        assert_eq!(world.reason(&token, "other").await, "expired");
        // Another body under the same key, for the same holder. A text that names no holder is looked for among those.
        let newer = world.presentation();
        assert_eq!(world.ask(&newer, "k").await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_eq!(world.reason("HELLO", "k").await, "malformed");
        assert_eq!(world.ask("WORLD", "k").await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_eq!(json(&world.ask(&token, "k").await.unwrap()), json(&first), "which changes nothing");
        assert_eq!(world.reason(&newer, "k2").await, "", "and the mismatch did not spend it");
        let fewer = Question { attributes: Some(AttributeSet::EMPTY), ..question(&token, "k") };
        let mismatch = world.service.verify(&world.party, &fewer).await.unwrap_err();
        assert_eq!(mismatch.code(), Some(Code::IdempotencyMismatch));

        world.later(600).await;
        let late = world.ask(&token, "k").await.unwrap();
        assert!(late.content.is_none(), "later only the receipt");
        assert_eq!(late.receipt, first.receipt);
        let record = world.service.lookup(&world.party, first.verification_id).await.unwrap();
        assert!(record.content.is_none() && record.disclosed == first.disclosed);
        let other = Party { relying_party_id: Uuid::nil(), ..world.party.as_ref().clone() };
        let hidden = world.service.lookup(&other, first.verification_id).await.unwrap_err();
        assert_eq!(hidden.code(), Some(Code::NotFound));
    })
    .await;
}

#[tokio::test]
async fn attributes_that_changed_are_not_given_again() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        world.ask(&token, "k").await.unwrap();
        let renamed = RegisterRecord { full_name: "SITI AMINAH".into(), ..siti() };
        let context = &world.context;
        let sealed = context.vault.seal_row(&context.random, "holder_record", world.resident, &renamed).unwrap();
        let mut tx = context.db.write().await.unwrap();
        execute!(&mut tx, "UPDATE holder_record SET sealed = $1 WHERE resident_id = $2", sealed, world.resident)
            .unwrap();
        tx.commit().await.unwrap();
        let again = world.ask(&token, "k").await.unwrap();
        assert!(again.verdict == Verdict::Valid && again.content.is_none());
    })
    .await;
}

#[tokio::test]
async fn refusals_without_a_holder_are_repeated_by_key() {
    each_engine(async |context| {
        let world = world(context).await;
        let first = world.ask("HELLO", "k").await.unwrap();
        assert_eq!(first.verdict, Verdict::Invalid(Reason::Malformed));
        assert_eq!(world.ask("HELLO", "k").await.unwrap().verification_id, first.verification_id);
        assert_eq!(world.ask("OTHER", "k").await.unwrap_err().code(), Some(Code::IdempotencyMismatch));
        assert_ne!(world.ask("HELLO", "k2").await.unwrap().verification_id, first.verification_id);
        assert_eq!(
            world.service.lookup(&world.party, first.verification_id).await.unwrap().verdict.reason(),
            "malformed"
        );
        assert!(world.service.history(world.resident, None, 10).await.unwrap().items.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_same_refusal_collapses_and_pages_go_on() {
    each_engine(async |context| {
        let world = world(context).await;
        let old =
            SealedRecord { issued: world.context.now().plus_seconds(-90), ..world.record(TokenKind::Presentation) };
        let token = world.token_of(old);
        let first = world.ask(&token, "k0").await.unwrap();
        for copy in 1..4 {
            let again = world.ask(&token, &format!("k{copy}")).await.unwrap();
            assert_eq!(again.verification_id, first.verification_id);
        }
        for valid in 0..4 {
            world.later(1).await;
            assert_eq!(world.reason(&world.presentation(), &format!("v{valid}")).await, "");
        }
        let first_page = world.service.history(world.resident, None, 3).await.unwrap();
        assert_eq!(first_page.items.len(), 3);
        assert!(first_page.items.windows(2).all(|pair| pair[0].verified_at > pair[1].verified_at), "newest first");
        let rest = world.service.history(world.resident, first_page.next.as_deref(), 3).await.unwrap();
        assert_eq!((rest.items.len(), rest.next.clone()), (2, None));
        let refused = &rest.items[1];
        assert_eq!((refused.verdict.reason(), refused.repeats), ("expired", 3));
        assert_eq!(
            (refused.relying_party.as_str(), refused.purpose.text_id.as_str()),
            ("Bank Uji", "Membuka rekening")
        );
        let bad = world.service.history(world.resident, Some("no cursor"), 3).await.unwrap_err();
        assert_eq!(bad.code(), Some(Code::MalformedRequest));
    })
    .await;
}

#[tokio::test]
async fn offline_kinds_are_checked_but_not_spent() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.token_of(world.record(TokenKind::Offline));
        for key in ["a", "b"] {
            let answer = world.ask(&token, key).await.unwrap();
            assert!(answer.verdict == Verdict::Valid && !answer.single_use);
        }
        assert_eq!(world.reason(&world.presentation(), "c").await, "", "nothing was spent");
        world.change_credential("blocked", 1).await;
        assert_eq!(world.reason(&token, "d").await, "holder_not_active");
        assert_eq!(world.reason(&token, "a").await, "", "what was answered stays answered");
    })
    .await;
}

#[tokio::test]
async fn the_receipt_proves_what_was_shown_and_nothing_else() {
    each_engine(async |context| {
        let world = world(context).await;
        let answer = world.ask(&world.presentation(), "k").await.unwrap();
        let keys = world.keyring.jwks();
        let (statement, proof) = stated(&answer.receipt);
        let receipt = authenticate_receipt(statement, proof, world.issuer_name(), &keys).ok().unwrap();
        assert_eq!(receipt.claims.cti, *answer.verification_id.as_bytes());
        let Body::Receipt(content) = receipt.claims.body else { panic!("a receipt") };
        let get =
            |name: &str| content.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value.clone());
        assert_eq!(get("result"), Some("valid".into()));
        assert_eq!(get("relying_party"), Some("Bank Uji".into()));
        assert_eq!(get("purpose"), Some("open_account".into()));
        // The digest as an integrator would compute it from the JSON answer.
        let attributes: std::collections::BTreeMap<String, String> = serde_json::from_value(json(&answer)).unwrap();
        let map = Value::Map(attributes.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect());
        let digest = Sha256::new().chain_update(&answer.salt).chain_update(cbor::encode(&map)).finalize();
        assert_eq!(get("attributes_sha256"), Some(Value::Bytes(digest.to_vec())));
        let portrait = Sha256::new().chain_update(&answer.salt).chain_update(PORTRAIT).finalize();
        assert_eq!(get("portrait_sha256"), Some(Value::Bytes(portrait.to_vec())));
        let bytes = statement.windows(4).chain(proof.windows(4)).any(|window| window == b"SITI");
        assert!(!bytes, "no value stands in a receipt");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_undetermined_and_stored_nowhere() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        world.context.db.close().await;
        let refused = world.ask(&token, "k").await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Undetermined));
    })
    .await;
}
