//! Receipts that batches prove: one signature for the checks of a commit, a proof for each, and the batches in the log that outsiders check.

use ikd::credential::cose_receipt::{self, Proof};
use ikd::credential::verify::authenticate_receipt;
use ikd::credential::{Body, KeyPurpose, SealedRecord, TokenKind, issue};
use ikd::db::Tx;
use ikd::error::Code;
use ikd::tlog::tree::{self, Hash};
use ikd::tlog::verify::verify;
use ikd::tlog::{Log, LogFault};
use ikd::verification::model::Receipt;
use ikd::verification::proof::{self, MemberRow};
use ikd::verification::signed::{BatchRow, SignedBatch, UnloggedRow};
use ikd::verification::store;
use ikd::verification::{Answer, receipt};
use ikd::{execute, fetch_all, fetch_one};
use uuid::Uuid;

use crate::verification::{World, question, stated, world};
use crate::verification_batch::answers;
use support::each_engine;

/// What a holder of a receipt computes alone: the root, and which leaf of how many the proof names.
fn root_of(answer: &Answer) -> (Hash, (u64, u64)) {
    let (statement, proof) = stated(&answer.receipt);
    let proof = Proof::decode(proof).unwrap();
    (proof.root(statement).unwrap(), (proof.index, proof.size))
}

/// An id of a time long after everything here.
fn later(number: u128) -> Uuid {
    Uuid::from_u128((u128::from(u32::MAX) << 90) + number)
}

impl World {
    /// Demands that the receipt is good and of this answer.
    fn demand_proven(&self, answer: &Answer) {
        let (statement, proof) = stated(&answer.receipt);
        let issuer = &self.context.config.service.issuer;
        let judged = authenticate_receipt(statement, proof, issuer, &self.keyring.jwks()).ok().unwrap();
        assert_eq!(judged.claims.cti, *answer.verification_id.as_bytes());
        assert!(matches!(judged.claims.body, Body::Receipt(_)));
    }

    async fn batches(&self) -> Vec<BatchRow> {
        let mut tx = self.context.db.read().await.unwrap();
        let ids = fetch_all!(&mut tx, (Uuid,), "SELECT batch_id FROM receipt_batch ORDER BY batch_id").unwrap();
        let mut found = proof::batches(&mut tx, ids.iter().map(|(id,)| *id)).await.unwrap();
        ids.into_iter().map(|(id,)| found.remove(&id).unwrap()).collect()
    }

    fn log(&self) -> Log {
        Log::new(self.context.clone(), self.keyring.clone()).unwrap()
    }

    async fn faults(&self) -> Vec<LogFault> {
        verify(&self.context, None).await.unwrap().faults
    }

    async fn check(&self, token: &str, key: &str) -> Answer {
        self.service.verify(&self.party, &question(token, key)).await.unwrap()
    }
}

#[tokio::test]
async fn checks_of_a_commit_have_one_signature_and_a_proof_each() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(60).await;
        let asked =
            tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &at.to_string()));
        let given: Vec<Answer> = answers(asked.collect()).await.into_iter().map(Result::unwrap).collect();
        let batches = world.batches().await;
        assert!(batches.len() < 60, "{} signatures for 60 checks", batches.len());
        let recorded: usize = batches.iter().map(|batch| batch.checks().flatten().count()).sum();
        assert_eq!(recorded, 60);
        for batch in &batches {
            assert_eq!(batch.checks().count(), batch.leaves().len());
        }
        for ((holder, token), answer) in tokens.iter().zip(&given) {
            world.demand_proven(answer);
            // The same to the holder, to the party that reads it again, and to one that repeats the question.
            let history = world.service.history(*holder, None, 5).await.unwrap();
            assert_eq!(history.items[0].receipt, answer.receipt);
            let record = world.service.lookup(&world.party, answer.verification_id).await.unwrap();
            assert_eq!(record.receipt, answer.receipt);
            if history.items[0].verification_id == given[7].verification_id {
                assert_eq!(world.check(token, "7").await.receipt, answer.receipt);
            }
        }
        // A row keeps nothing that can be made from its batch.
        let (statement, made) = stated(&given[0].receipt);
        let mut tx = world.context.db.read().await.unwrap();
        let of = "SELECT receipt FROM verification WHERE verification_id = $1";
        let kept = fetch_one!(&mut tx, (Vec<u8>,), of, given[0].verification_id).unwrap().0;
        assert!(kept == statement && made.len() > 100);
    })
    .await;
}

/// Not a proof of anything: it prints what docs/performance.md says of receipts.
#[tokio::test]
#[ignore = "measures, for docs/performance.md"]
async fn what_a_batch_saves() {
    each_engine(async |context| {
        let world = world(context).await;
        for clients in [1_usize, 32, 64] {
            let before = world.batches().await.len();
            let mut tokens = world.tokens(1_024).await;
            let mut statements = 0;
            while !tokens.is_empty() {
                let rest = tokens.split_off(tokens.len().min(clients));
                let asked =
                    tokens.iter().map(|(holder, token)| world.spawn(&world.service, token, &holder.to_string()));
                for answer in answers(asked.collect()).await {
                    let answer = answer.unwrap();
                    statements += stated(&answer.receipt).0.len();
                }
                tokens = rest;
            }
            let signatures = world.batches().await.len() - before;
            println!(
                "{}: {clients} at once: {} checks, {signatures} signatures, {} bytes of statement each",
                world.context.db.engine(),
                1_024,
                statements / 1_024
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_decided_alone_is_a_batch_alone_and_what_names_nobody_is_none() {
    each_engine(async |context| {
        let world = world(context).await;
        let offline = world.token_of(world.record(TokenKind::Offline));
        let first = world.check(&offline, "a").await;
        assert_eq!(world.check(&offline, "b").await.receipt, first.receipt, "counted in the first");
        let token = world.presentation();
        world.check(&token, "c").await;
        let used = world.check(&token, "d").await;
        assert_eq!(used.verdict.reason(), "already_used");
        assert_eq!(world.check(&token, "e").await.receipt, used.receipt);
        let noise = world.check("HELLO", "f").await;
        for answer in [&first, &used, &noise] {
            world.demand_proven(answer);
        }
        let again = world.check("HELLO", "f").await;
        assert_eq!(again.receipt, noise.receipt);
        let ids: Vec<Vec<Uuid>> =
            world.batches().await.iter().map(|batch| batch.checks().flatten().collect()).collect();
        assert_eq!(ids.len(), 3, "the offline check, the good one, the refused one: {ids:?}");
        assert!(ids.iter().all(|ids| ids.len() == 1 && ids[0] != noise.verification_id));
        world.log().round().await.unwrap();
        assert_eq!(world.faults().await, []);
    })
    .await;
}

#[tokio::test]
async fn a_receipt_of_before_is_handed_out_as_it_was_signed() {
    each_engine(async |context| {
        let world = world(context).await;
        let answer = world.check(&world.presentation(), "k").await;
        let (statement, _) = stated(&answer.receipt);
        let claims = cose_receipt::read_statement(statement).unwrap();
        let signer = world.keyring.signer(KeyPurpose::Receipt).unwrap();
        let signed = issue::sign(signer.as_ref(), TokenKind::Receipt, &claims).unwrap();
        let mut tx = world.context.db.write().await.unwrap();
        let older = "UPDATE verification SET receipt = $2, batch_id = NULL WHERE verification_id = $1";
        execute!(&mut tx, older, answer.verification_id, &signed).unwrap();
        tx.commit().await.unwrap();
        let record = world.service.lookup(&world.party, answer.verification_id).await.unwrap();
        assert_eq!(record.receipt, Receipt::Signed(signed));
        assert!(receipt::attests(
            match &record.receipt {
                Receipt::Signed(cwt) => cwt,
                Receipt::Stated { .. } => panic!("signed for itself"),
            },
            &answer.salt,
            answer.content.as_ref().unwrap()
        ));
    })
    .await;
}

#[tokio::test]
async fn whoever_has_a_receipt_finds_it_in_the_log() {
    each_engine(async |context| {
        let world = world(context).await;
        let log = world.log();
        let tokens = world.tokens(20).await;
        let asked =
            tokens.iter().enumerate().map(|(at, (_, token))| world.spawn(&world.service, token, &at.to_string()));
        let given: Vec<Answer> = answers(asked.collect()).await.into_iter().map(Result::unwrap).collect();
        let (root, leaf) = root_of(&given[0]);
        assert_eq!(log.receipt(&root, leaf, None).await.unwrap_err().code(), Some(Code::NotFound), "not taken yet");
        log.round().await.unwrap();
        let checkpoint: ikd::tlog::note::Note = log.checkpoint().await.unwrap().parse().unwrap();
        let checkpoint: ikd::tlog::note::Checkpoint = checkpoint.text.parse().unwrap();
        for answer in &given {
            let (root, leaf) = root_of(answer);
            let placed = log.receipt(&root, leaf, None).await.unwrap();
            assert_eq!(placed.size, checkpoint.size);
            let hash = tree::leaf_hash(&placed.entry);
            let place = (placed.index, placed.size);
            assert!(tree::proves_inclusion(&hash, place, &placed.proof.hashes, &checkpoint.root));
            assert!(placed.entry.windows(32).any(|window| window == root), "the root that the receipt leads to");
            // A byte for each leaf; one alone stands beside an empty one, which is no statement.
            let entry = ikd::credential::cbor::decode(&placed.entry).unwrap().into_array().unwrap();
            let marks = entry[2].as_bytes().unwrap();
            assert_eq!((marks.len() as u64).max(2), leaf.1);
            assert_eq!(marks[leaf.0 as usize], 1);
            // A root does not say of how many leaves it is: the log does.
            for size in [leaf.1 - 1, leaf.1 + 1] {
                let other = log.receipt(&root, (leaf.0, size), None).await;
                assert_eq!(other.unwrap_err().code(), Some(Code::NotFound), "of {size}");
            }
        }
        let beyond = log.receipt(&root, (64, leaf.1), None).await;
        assert_eq!(beyond.unwrap_err().code(), Some(Code::NotFound));
        let unknown = log.receipt(&[1; 32], (0, 2), None).await;
        assert_eq!(unknown.unwrap_err().code(), Some(Code::NotFound));
        let larger = log.receipt(&root, leaf, Some(checkpoint.size + 1)).await;
        assert_eq!(larger.unwrap_err().code(), Some(Code::NotFound));
        assert_eq!(world.faults().await, []);
        assert_eq!(log.take().await.unwrap(), 0, "each is taken once");
    })
    .await;
}

macro_rules! tamper {
    ($world:expr, $sql:expr $(, $bind:expr)*) => {{
        let mut tx = $world.context.db.write().await.unwrap();
        assert_eq!(execute!(&mut tx, $sql $(, $bind)*).unwrap(), 1, "one row was to be tampered with");
        tx.commit().await.unwrap();
    }};
}

#[tokio::test]
async fn a_check_that_is_changed_moved_copied_or_deleted_is_named() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(2).await;
        let (one, other) = (world.check(&tokens[0].1, "a").await, world.check(&tokens[1].1, "b").await);
        world.log().round().await.unwrap();
        assert_eq!(world.faults().await, []);
        let (id, second) = (one.verification_id, other.verification_id);
        let mut tx = world.context.db.read().await.unwrap();
        let of = "SELECT b.log_position FROM receipt_batch b JOIN verification v ON v.batch_id = b.batch_id \
                  WHERE v.verification_id = $1";
        let (position,) = fetch_one!(&mut tx, (i64,), of, id).unwrap();
        drop(tx);
        let altered = LogFault::CheckAltered { verification_id: id, position };
        // Each column counts, whether the receipt says it or binds it; each is put back.
        for (change, back) in [
            ("purpose = 'x'", "purpose = 'open_account'"),
            ("verified_at = verified_at - 1000000", "verified_at = verified_at + 1000000"),
            ("issued = issued - 1", "issued = issued + 1"),
            ("disclosed = disclosed - 1", "disclosed = disclosed + 1"),
            ("single_use = 0", "single_use = 1"),
            ("result = 'invalid', reason = 'expired'", "result = 'valid', reason = ''"),
            // Good checks are looked for by the one, told by the other.
            ("result = 'invalid'", "result = 'valid'"),
            ("reason = 'expired'", "reason = ''"),
        ] {
            for (set, faults) in [(change, vec![altered.clone()]), (back, vec![])] {
                let mut tx = world.context.db.write().await.unwrap();
                let sql: &'static str = format!("UPDATE verification SET {set} WHERE verification_id = $1").leak();
                assert_eq!(execute!(&mut tx, sql, id).unwrap(), 1);
                tx.commit().await.unwrap();
                assert_eq!(world.faults().await, faults, "{set}");
            }
        }
        let (holder, stranger) = (tokens[0].0, Uuid::from_u128(5));
        let hand_over = "UPDATE verification SET resident_id = $2 WHERE verification_id = $1";
        if world.context.db.shards().count() == 1 {
            tamper!(world, hand_over, id, stranger);
            assert_eq!(world.faults().await, std::slice::from_ref(&altered), "to another holder");
            tamper!(world, hand_over, id, holder);
        }
        // What another check states, which is signed too.
        let (statement, _) = stated(&other.receipt);
        let (own, _) = stated(&one.receipt);
        let restate = "UPDATE verification SET receipt = $2 WHERE verification_id = $1";
        tamper!(world, restate, id, statement.to_vec());
        assert_eq!(world.faults().await, std::slice::from_ref(&altered));
        tamper!(world, restate, id, own.to_vec());
        // Without its salt nobody proves what was shown.
        tamper!(world, "UPDATE verification SET salt = $2 WHERE verification_id = $1", id, vec![7_u8; 16]);
        assert_eq!(world.faults().await, std::slice::from_ref(&altered));
        tamper!(world, "UPDATE verification SET salt = $2 WHERE verification_id = $1", id, one.salt.to_vec());
        assert_eq!(world.faults().await, []);
        // What counts how often it was refused again is no part of it.
        tamper!(world, "UPDATE verification SET repeats = 5 WHERE verification_id = $1", id);
        assert_eq!(world.faults().await, []);
        // A copy in another holder's history.
        let copy = "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, \
            verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id) SELECT verification_id, $2, \
            relying_party_id, idempotency_key, body_hash, purpose, verified_at, issued, result, reason, single_use, disclosed, repeats, \
            salt, receipt, batch_id FROM verification WHERE verification_id = $1";
        tamper!(world, copy, id, stranger);
        assert_eq!(world.faults().await, std::slice::from_ref(&altered));
        tamper!(world, "DELETE FROM verification WHERE verification_id = $1 AND resident_id = $2", id, stranger);
        assert_eq!(world.faults().await, []);
        // The same under an id of its own: with the batch of the first one, with none, with one that is not there.
        let copied = later(1);
        for batch in ["batch_id", "NULL", "verification_id"] {
            let sql = format!(
                "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose, \
                 verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt, batch_id) SELECT $2, $3, \
                 relying_party_id, idempotency_key, body_hash, purpose, verified_at, issued, result, reason, single_use, disclosed, \
                 repeats, salt, receipt, {batch} FROM verification WHERE verification_id = $1"
            );
            let sql: &'static str = sql.leak();
            tamper!(world, sql, id, copied, stranger);
            assert_eq!(world.faults().await, [LogFault::CheckStrange { verification_id: copied }], "{batch}");
            if batch != "NULL" {
                let mut tx = world.context.db.read().await.unwrap();
                let history = store::history(&mut tx, stranger, Uuid::max(), 5).await.unwrap();
                assert_eq!((history.len(), &history[0].proof), (1, &None), "nothing proves a copy");
            }
            tamper!(world, "DELETE FROM verification WHERE verification_id = $1", copied);
        }
        assert_eq!(world.faults().await, []);

        tamper!(world, "DELETE FROM verification WHERE verification_id = $1", second);
        let mut found = world.faults().await;
        assert!(matches!(found.pop(), Some(LogFault::CheckDeleted { verification_id, .. }) if verification_id == second));
        assert_eq!(found, []);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_changed_moved_or_deleted_is_named() {
    each_engine(async |context| {
        let world = world(context).await;
        let token = world.presentation();
        let answer = world.check(&token, "a").await;
        world.log().round().await.unwrap();
        let batch = world.batches().await.remove(0);
        let (batch_id, position) = (batch.batch_id, batch.log_position.unwrap());
        let altered = LogFault::BatchAltered { batch_id, position };
        let unsigned = LogFault::BatchUnsigned { batch_id, position };
        let strange = LogFault::CheckStrange { verification_id: answer.verification_id };
        let sets = [
            // Deleted with its trace: the log knows that it was recorded.
            ("checks", batch.checks.clone(), vec![0; 16], vec![altered.clone(), strange.clone()]),
            ("signature", batch.signature.clone(), vec![1; 64], vec![unsigned.clone()]),
            ("kid", batch.kid.clone(), vec![1; 8], vec![unsigned.clone()]),
        ];
        for (column, good, bad, faults) in sets {
            let sql: &'static str = format!("UPDATE receipt_batch SET {column} = $2 WHERE batch_id = $1").leak();
            tamper!(world, sql, batch_id, bad);
            assert_eq!(world.faults().await, faults, "{column}");
            tamper!(world, sql, batch_id, good);
        }
        // Another statement with its leaf and root: no key of ours signed that, and the log has another root.
        let forged =
            SignedBatch::sign(vec![[8; 32]], world.keyring.signer(KeyPurpose::Token).unwrap().as_ref()).unwrap();
        let forged = forged.row(batch_id, batch.checks());
        let reseal = "UPDATE receipt_batch SET leaves = $2, root = $3, signature = $4, kid = $5 WHERE batch_id = $1";
        tamper!(world, reseal, batch_id, &forged.leaves, &forged.root, &forged.signature, &forged.kid);
        let found = world.faults().await;
        let check = LogFault::CheckAltered { verification_id: answer.verification_id, position };
        assert!([&altered, &unsigned, &check].iter().all(|fault| found.contains(fault)), "{found:?}");
        tamper!(world, reseal, batch_id, &batch.leaves, &batch.root, &batch.signature, &batch.kid);
        assert_eq!(world.faults().await, []);
        tamper!(world, "UPDATE receipt_batch SET log_position = 1000000 WHERE batch_id = $1", batch_id);
        let misplaced = LogFault::BatchMisplaced { batch_id, position: 1_000_000 };
        assert_eq!(world.faults().await, [LogFault::Unexplained { position }, misplaced]);
        tamper!(world, "DELETE FROM receipt_batch WHERE batch_id = $1", batch_id);
        assert_eq!(world.faults().await, [LogFault::Unexplained { position }, strange]);
        // The check is still told, without a proof.
        let record = world.service.lookup(&world.party, answer.verification_id).await.unwrap();
        assert!(matches!(record.receipt, Receipt::Stated { proof: None, .. }));
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_was_signed_and_not_recorded_is_no_check() {
    each_engine(async |context| {
        let world = world(context).await;
        let tokens = world.tokens(5).await;
        // Copies under keys of their own: one of each token is recorded, and all of a batch are signed.
        let asked = (0..30).map(|copy| world.spawn(&world.service, &tokens[copy % 5].1, &format!("copy-{copy}")));
        let given: Vec<Answer> = answers(asked.collect()).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(given.iter().filter(|answer| answer.verdict.reason().is_empty()).count(), 5);
        let mut tx = world.context.db.read().await.unwrap();
        let (rows,) = fetch_one!(&mut tx, (i64,), "SELECT COUNT(*) FROM verification").unwrap();
        drop(tx);
        let recorded: usize = world.batches().await.iter().map(|batch| batch.checks().flatten().count()).sum();
        assert_eq!(recorded as i64, rows, "as many as there are rows");
        for answer in &given {
            world.demand_proven(answer);
        }
        world.log().round().await.unwrap();
        assert_eq!(world.faults().await, []);
        // The log says of none of them that it was a check; how many there are is a matter of time.
        let log = world.log();
        for batch in world.batches().await {
            let root: Hash = batch.root.as_slice().try_into().unwrap();
            for place in 0..batch.leaves().len() {
                let asked = log.receipt(&root, (place as u64, batch.size()), None).await;
                assert_eq!(asked.is_ok(), batch.recorded(place), "{place}");
            }
        }
        // One that is there for certain.
        let first = SealedRecord { ..world.record(TokenKind::Presentation) };
        let token = world.token_of(first);
        let answer = world.check(&token, "later").await;
        let batch = world.batches().await.into_iter().find(|batch| batch.names(answer.verification_id)).unwrap();
        let leaves = vec![batch.leaves()[0], cose_receipt::leaf(b"stated, and not recorded")];
        let signer = world.keyring.signer(KeyPurpose::Receipt).unwrap();
        let both = SignedBatch::sign(leaves, signer.as_ref()).unwrap();
        let both = both.row(batch.batch_id, [Some(answer.verification_id), None]);
        let mut tx = world.context.db.write().await.unwrap();
        execute!(&mut tx, "DELETE FROM receipt_batch WHERE batch_id = $1", batch.batch_id).unwrap();
        proof::add(&mut tx, &both).await.unwrap();
        tx.commit().await.unwrap();
        log.round().await.unwrap();
        assert_eq!(world.faults().await, []);
        let root: Hash = both.root.as_slice().try_into().unwrap();
        assert!(log.receipt(&root, (0, 2), None).await.is_ok());
        let refused = log.receipt(&root, (1, 2), None).await;
        assert_eq!(refused.unwrap_err().code(), Some(Code::NotFound), "in the log, and no check");
    })
    .await;
}

#[tokio::test]
async fn each_function_of_the_store_does_what_it_says() {
    each_engine(async |context| {
        let world = world(context).await;
        let signer = world.keyring.signer(KeyPurpose::Receipt).unwrap();
        let signed = SignedBatch::sign(vec![[1; 32], [2; 32]], signer.as_ref()).unwrap();
        let row = |id: u128| signed.row(Uuid::from_u128(id), [None, Some(Uuid::from_u128(9))]);
        let mut tx = world.context.db.write().await.unwrap();
        for id in 1..=10 {
            proof::add(&mut tx, &row(id)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = world.context.db.write().await.unwrap();
        let found = proof::batches(&mut tx, (1..=11).map(Uuid::from_u128)).await.unwrap();
        assert_eq!(found.len(), 10);
        assert_eq!(found[&Uuid::from_u128(3)], row(3));
        assert_eq!(proof::batches(&mut tx, []).await.unwrap().len(), 0);
        let waiting = proof::unlogged(&mut tx, 3).await.unwrap();
        let unlogged = |id: u128| {
            let BatchRow { batch_id, root, checks, .. } = row(id);
            UnloggedRow { batch_id, root, checks }
        };
        assert_eq!(waiting, [unlogged(1), unlogged(2), unlogged(3)]);
        assert!(proof::take_to_log(&mut tx, Uuid::from_u128(1), 7).await.unwrap().happened());
        assert!(!proof::take_to_log(&mut tx, Uuid::from_u128(1), 8).await.unwrap().happened(), "once");
        assert_eq!(proof::unlogged(&mut tx, 1).await.unwrap(), [unlogged(2)]);
        assert_eq!(proof::first(&mut tx).await.unwrap(), Some(Uuid::from_u128(1)));
        let logged = BatchRow { log_position: Some(7), ..row(1) };
        assert_eq!(proof::logged(&mut tx, (7, 8), 5).await.unwrap(), [logged]);
        assert_eq!(proof::logged(&mut tx, (8, 100), 5).await.unwrap(), []);
        assert_eq!(proof::with_root(&mut tx, &row(1).root, 4).await.unwrap().len(), 4);
        assert_eq!(proof::with_root(&mut tx, &[0; 32], 4).await.unwrap(), []);
        assert_eq!(proof::checks_of(&mut tx, &row(1)).await.unwrap().len(), 0);
        assert_eq!(proof::members(&mut tx, (Uuid::nil(), Uuid::nil()), 3).await.unwrap(), []);
        tx.rollback().await.unwrap();
        let answer = world.check(&world.presentation(), "k").await;
        let mut tx = world.context.db.read().await.unwrap();
        let of = "SELECT resident_id, batch_id FROM verification WHERE verification_id = $1";
        let verification_id = answer.verification_id;
        let (resident_id, batch_id) = fetch_one!(&mut tx, (Uuid, Option<Uuid>), of, verification_id).unwrap();
        let member = MemberRow { verification_id, resident_id, batch_id };
        let after = async |tx: &mut Tx, resident| proof::members(tx, (verification_id, resident), 3).await.unwrap();
        assert_eq!(after(&mut tx, Uuid::nil()).await, [member], "behind the same check of a smaller holder");
        assert_eq!(after(&mut tx, resident_id).await, []);
    })
    .await;
}
