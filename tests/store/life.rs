//! Stopping and starting again, event by event; what holders are told; that nothing is a dead end.

use ikd::audit::Actor;
use ikd::clock::HOUR;
use ikd::context::Context;
use ikd::error::{Code, Error};
use ikd::holder::ports::{self as holder, Stopped};
use ikd::holder::{CredentialState, Lift, Reason};
use ikd::life::blocks::Key;
use ikd::life::mail::{NOTICE, Notices};
use ikd::life::ports::{self as life, By};
use ikd::life::{BlockCode, BlockCodes, Blocks, EventKind, Happening};
use ikd::mail::{Compose, Message};
use ikd::recovery;
use ikd::vault::Label;
use ikd::{fetch_all, fetch_one};
use uuid::Uuid;

use crate::residents::{Holder, RESIDENT, later, record};
use support::each_engine;

const BY: By = By { actor: Actor::System, office_id: None };

async fn stop(context: &Context, reason: Reason) -> Stopped {
    let now = context.now();
    let mut tx = context.db.write().await.unwrap();
    let stopped = life::stop(context, &mut tx, RESIDENT, reason, (now, None), BY).await.unwrap();
    tx.commit().await.unwrap();
    stopped
}

async fn standing(context: &Context) -> (CredentialState, i64) {
    let mut tx = context.db.read().await.unwrap();
    let credential = holder::credential(&mut tx, RESIDENT).await.unwrap().unwrap();
    (credential.standing.state(), credential.generation)
}

async fn events(context: &Context) -> Vec<(EventKind, Option<Reason>)> {
    let mut tx = context.db.read().await.unwrap();
    let events = life::events(&mut tx, RESIDENT, Uuid::max(), 100).await.unwrap();
    events.into_iter().map(|event| (event.kind, event.reason)).collect()
}

/// Puts the credential back as if nothing had happened.
async fn anew(context: &Context) {
    let mut tx = context.db.write().await.unwrap();
    for sql in [
        "DELETE FROM credential_status WHERE resident_id = $1",
        "DELETE FROM life_event WHERE resident_id = $1",
        "UPDATE credential SET state = 'active' WHERE resident_id = $1",
    ] {
        ikd::execute!(&mut tx, sql, RESIDENT).unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_stop_of_every_stop_keeps_what_is_harder_to_undo() {
    each_engine(async |context| {
        Holder::make(&context).await;
        for first in Reason::ALL {
            for second in Reason::ALL {
                anew(&context).await;
                later(&context, 1);
                let (_, before) = standing(&context).await;
                let Stopped::Now(status) = stop(&context, *first).await else { panic!("{first:?}") };
                assert_eq!(status.reason, *first);
                assert_eq!(standing(&context).await, (first.state(), before + 1), "{first:?} ends what was shown");
                later(&context, 1);
                let stopped = stop(&context, *second).await;
                let (kept, is_new) = match stopped {
                    Stopped::Now(status) => (status, true),
                    Stopped::Before(status) => (status, false),
                    Stopped::Nothing => panic!("{first:?} then {second:?}"),
                };
                assert_eq!(is_new, second.goes_before(*first), "{first:?} then {second:?}");
                assert_eq!(standing(&context).await.0, kept.reason.state());
                assert_eq!(events(&context).await.len(), 1 + usize::from(is_new), "{first:?} then {second:?}");
                let mut tx = context.db.read().await.unwrap();
                assert_eq!(holder::status(&mut tx, RESIDENT).await.unwrap(), Some(kept));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_a_dead_end() {
    each_engine(async |context| {
        let resident = Holder::make(&context).await;
        let keyring = {
            ikd::keyring::Keyring::init(&context).await.unwrap();
            ikd::keyring::Keyring::open(context.clone()).await.unwrap()
        };
        let phone = recovery::Phone::new(context.clone(), keyring);
        let device = resident.device.thumbprint();
        for reason in Reason::ALL {
            anew(&context).await;
            later(&context, ikd::clock::DAY);
            stop(&context, *reason).await;
            let begun = phone.begin(&device).await;
            match reason.lift() {
                // The PIN lifts it; who forgot that comes to a counter.
                Lift::Pin | Lift::Counter => {
                    let begun = begun.unwrap_or_else(|error| panic!("{reason:?}: {error}"));
                    phone.withdraw(&device, begun.recovery_id).await.unwrap();
                }
                Lift::Register => {
                    assert_eq!(begun.as_ref().err().and_then(Error::code), Some(Code::WrongState), "{reason:?}");
                }
                // It has ended: a new registration leads to a new one, and nothing stands in its way.
                Lift::None => {
                    assert_eq!(begun.as_ref().err().and_then(Error::code), Some(Code::WrongState), "{reason:?}");
                    let mut tx = context.db.write().await.unwrap();
                    assert!(!holder::has_usable_credential(&mut tx, RESIDENT).await.unwrap(), "{reason:?}");
                    assert!(ikd::holder::store::enrol(&mut tx, RESIDENT, context.now()).await.unwrap().happened());
                    tx.commit().await.unwrap();
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_notice_of_any_kind_holds_no_more_than_a_first_name() {
    each_engine(async |context| {
        Holder::make(&context).await;
        let record = record();
        let mut personal = vec![record.nik.as_str().to_owned(), record.birth_date.to_string()];
        personal.extend(record.full_name.split_whitespace().skip(1).map(str::to_owned));
        let card = serde_json::to_value(&record).unwrap();
        let texts = card.as_object().unwrap().values().filter_map(|value| value.as_str());
        personal.extend(texts.filter(|text| text.len() > 5 && *text != record.full_name).map(str::to_owned));
        assert!(personal.len() > 8, "{}", personal.len());
        let mut told = 0;
        for kind in EventKind::ALL {
            for reason in Reason::ALL.iter().copied().map(Some).chain([None]) {
                let this =
                    Happening { resident_id: RESIDENT, kind: *kind, reason, actor: Actor::System, office_id: None };
                later(&context, 1);
                let now = context.now();
                let mut tx = context.db.write().await.unwrap();
                life::record(&context, &mut tx, &this, now).await.unwrap();
                tx.commit().await.unwrap();
                let mut tx = context.db.read().await.unwrap();
                let newest = "SELECT mail_id, reference FROM mail_outbox ORDER BY mail_id DESC LIMIT 1";
                let (mail_id, reference) = fetch_one!(&mut tx, (Uuid, Uuid), newest).unwrap();
                drop(tx);
                let message = Message { mail_id, kind: NOTICE, reference, created_at: now };
                let mail = Notices(context.clone()).compose(message).await.unwrap().unwrap();
                let all = format!("{} {} {}", mail.subject, mail.text, mail.html).to_lowercase();
                for datum in &personal {
                    assert!(!all.contains(&datum.to_lowercase()), "{kind:?} {reason:?} tells {datum}");
                }
                let (_, link) = mail.text.split_once("/blokir#").unwrap();
                let link = link.split_whitespace().next().unwrap();
                assert!(link.len() > 40 && !link.contains(&reference.to_string()), "an opaque link: {link}");
                assert!(mail.text.contains("tidak pernah meminta PIN, kode, atau biaya"));
                assert!(mail.html.contains(link), "the button leads where the text does");
                told += 1;
            }
        }
        assert_eq!(told, EventKind::ALL.len() * (Reason::ALL.len() + 1));
        // Nor does a row: what is sealed there is not read without the root secret.
        let mut tx = context.db.read().await.unwrap();
        let rows = fetch_all!(&mut tx, (Vec<u8>,), "SELECT sealed FROM life_notice").unwrap();
        assert!(rows.iter().all(|(sealed,)| !String::from_utf8_lossy(sealed).contains("siti@example.id")));
    })
    .await;
}

/// Gives a code as a holder's request does.
async fn give(context: &Context, codes: &BlockCodes, request: Option<&str>) -> String {
    let new = codes.make((RESIDENT, &record().nik), request).await.unwrap();
    let mut tx = context.db.write().await.unwrap();
    holder::hold(&mut tx, RESIDENT).await.unwrap();
    let code = life::give_block_code(context, &mut tx, &new, context.now()).await.unwrap();
    tx.commit().await.unwrap();
    code.expose().to_owned()
}

/// Whether a code blocks; what it stopped goes on.
async fn blocks(context: &Context, codes: &BlockCodes, code: &str) -> bool {
    let key = Key::Code(BlockCode::parse(code).unwrap());
    later(context, HOUR);
    let from = std::net::IpAddr::from([192, 0, 2, 1]);
    let answer = Blocks::new(context.clone(), codes.clone()).block(from, &record().nik, &key, None).await;
    match answer {
        Ok(_) => {
            let mut tx = context.db.write().await.unwrap();
            life::restart(context, &mut tx, RESIDENT, |_| true, context.now(), BY).await.unwrap();
            tx.commit().await.unwrap();
            true
        }
        Err(Error::Refused(refusal)) if refusal.code == Code::BlockRefused => false,
        Err(error) => panic!("{error}"),
    }
}

const KEPT_CODES: &str = "SELECT code_index, code_hash, request_index FROM block_code WHERE resident_id = $1";

#[tokio::test]
async fn a_block_code_is_kept_as_a_password_is_and_one_counts_for_a_nik() {
    each_engine(async |context| {
        Holder::make(&context).await;
        let codes = BlockCodes::new(context.clone()).unwrap();
        assert!(!blocks(&context, &codes, "00000000").await, "there is none");
        let first = give(&context, &codes, Some("one")).await;
        assert!(blocks(&context, &codes, &first).await && !blocks(&context, &codes, "00000000").await);
        let mut kept = Vec::new();
        // Repeated it is the same code and the same row; without a name each is another.
        for request in [Some("one"), None, Some("two")] {
            let code = give(&context, &codes, request).await;
            assert_eq!(code == first, request == Some("one"));
            assert!(blocks(&context, &codes, &code).await, "{request:?}");
            assert!(code == first || !blocks(&context, &codes, &first).await, "a former one is void");
            let mut tx = context.db.read().await.unwrap();
            let (index, hash, named) =
                fetch_one!(&mut tx, (Vec<u8>, Option<String>, Option<Vec<u8>>), KEPT_CODES, RESIDENT).unwrap();
            let hash = hash.expect("a hash");
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !hash.contains(&code), "{hash}");
            assert_eq!(named.is_some(), request.is_some());
            // Of the NIK alone, whatever the code is.
            assert_eq!(index, context.vault.blind_index(Label::NikIndex, record().nik.as_str()));
            kept.push(hash);
            for (name, counts) in [("one", request == Some("one")), ("two", request == Some("two"))] {
                let given = life::given_code(&context, &mut tx, (RESIDENT, &record().nik), name).await.unwrap();
                assert_eq!(given.is_some_and(|given| given.expose() == code), counts, "{request:?} {name}");
            }
        }
        kept.sort();
        kept.dedup();
        assert_eq!(kept.len(), 3, "each has a salt of its own");
    })
    .await;
}

#[tokio::test]
async fn a_block_code_of_before_counts_until_another_takes_its_place() {
    each_engine(async |context| {
        Holder::make(&context).await;
        let codes = BlockCodes::new(context.clone()).unwrap();
        let nik = record().nik;
        // As they were kept: HMAC-SHA-256 of NIK and code together.
        let code = give(&context, &codes, Some("slip")).await;
        let index = context.vault.mac_index(Label::BlockCode, &[nik.as_str().as_bytes(), code.as_bytes()]);
        let mut tx = context.db.write().await.unwrap();
        let former =
            "UPDATE block_code SET code_index = $2, code_hash = NULL, request_index = NULL WHERE resident_id = $1";
        assert_eq!(ikd::execute!(&mut tx, former, RESIDENT, &index[..]).unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(blocks(&context, &codes, &code).await && !blocks(&context, &codes, "00000000").await);
        let mut tx = context.db.read().await.unwrap();
        let given = life::given_code(&context, &mut tx, (RESIDENT, &nik), "slip").await.unwrap();
        assert_eq!(given.expect("it is printed again").expose(), code);
        drop(tx);
        assert_eq!(give(&context, &codes, Some("slip")).await, code, "a repetition voids nothing");
        assert!(blocks(&context, &codes, &code).await);
        let next = give(&context, &codes, None).await;
        assert!(blocks(&context, &codes, &next).await && !blocks(&context, &codes, &code).await);
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(
            fetch_all!(&mut tx, (Vec<u8>, Option<String>, Option<Vec<u8>>), KEPT_CODES, RESIDENT).unwrap().len(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_block_codes_that_are_taken_at_once_one_counts() {
    each_engine(async |context| {
        Holder::make(&context).await;
        let codes = BlockCodes::new(context.clone()).unwrap();
        for round in 0..5 {
            let taking = (0..3).map(|number| {
                let (context, codes) = (context.clone(), codes.clone());
                tokio::spawn(async move { give(&context, &codes, (number > 0).then_some("named")).await })
            });
            let mut given = Vec::new();
            for one in taking.collect::<Vec<_>>() {
                given.push(one.await.unwrap());
            }
            given.sort();
            given.dedup();
            assert_eq!(given.len(), 2, "round {round}: of one name it is one code");
            let mut good = 0;
            for code in &given {
                good += usize::from(blocks(&context, &codes, code).await);
            }
            assert_eq!(good, 1, "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_and_a_start_at_the_same_moment_end_as_if_one_came_first() {
    each_engine(async |context| {
        Holder::make(&context).await;
        for round in 0..20 {
            anew(&context).await;
            later(&context, 1);
            stop(&context, Reason::OfficerBlockProvisional).await;
            let begin = std::sync::Arc::new(tokio::sync::Barrier::new(3));
            let restart = |context: Context| {
                let begin = begin.clone();
                tokio::spawn(async move {
                    begin.wait().await;
                    let now = context.now();
                    let may = |status: &ikd::holder::Status| status.reason.lift() == Lift::Pin;
                    let mut tx = context.db.write().await.unwrap();
                    match life::restart(&context, &mut tx, RESIDENT, may, now, BY).await {
                        Ok(_) => tx.commit().await.is_ok(),
                        Err(_) => false,
                    }
                })
            };
            let (one, two) = (restart(context.clone()), restart(context.clone()));
            let stopper = {
                let (context, begin) = (context.clone(), begin.clone());
                tokio::spawn(async move {
                    begin.wait().await;
                    let now = context.now();
                    let mut tx = context.db.write().await.unwrap();
                    let times = (now, None);
                    let done = life::stop(&context, &mut tx, RESIDENT, Reason::SelfBlock, times, BY).await.unwrap();
                    tx.commit().await.unwrap();
                    matches!(done, Stopped::Now(_))
                })
            };
            let (one, two, stopped) = (one.await.unwrap(), two.await.unwrap(), stopper.await.unwrap());
            assert!(stopped && !(one && two), "round {round}: a block that was asked for holds, and one lift counts");
            // Whichever came first, the block stands: what was acknowledged is not undone by what came beside it.
            let mut tx = context.db.read().await.unwrap();
            let status = holder::status(&mut tx, RESIDENT).await.unwrap().unwrap();
            drop(tx);
            assert_eq!((status.reason, standing(&context).await.0), (Reason::SelfBlock, CredentialState::Blocked));
        }
    })
    .await;
}

#[tokio::test]
async fn what_came_of_a_call_is_looked_at_once_and_never_by_who_entered_it() {
    use ikd::life::model::{CallEffect, CallOutcome};
    use ikd::life::store;
    each_engine(async |context| {
        let now = context.now();
        let id = |number: u128| Uuid::from_u128(number);
        let (office, officer, supervisor) = (id(1), id(2), id(3));
        let mut tx = context.db.write().await.unwrap();
        for (event, effect) in [(10, CallEffect::Blocked), (11, CallEffect::Asked), (12, CallEffect::Present)] {
            let of = (id(event), RESIDENT);
            store::add_call(&mut tx, of, (office, officer), (effect, b"sealed"), now).await.unwrap();
        }
        // Only what blocked at a word counts for the seven days, and only after `since`.
        assert_eq!(store::called_since(&mut tx, RESIDENT, now.plus_seconds(-1)).await.unwrap(), Some(now));
        assert_eq!(store::called_since(&mut tx, RESIDENT, now).await.unwrap(), None);
        assert_eq!(store::called_since(&mut tx, id(99), now.plus_seconds(-1)).await.unwrap(), None);

        let look = async |tx: &mut ikd::db::Tx, event: u128, office: Uuid, by: Uuid| {
            store::look(tx, (id(event), office), (by, now), b"words").await.unwrap().happened()
        };
        assert!(!look(&mut tx, 10, office, officer).await, "the own");
        assert!(!look(&mut tx, 10, id(9), supervisor).await, "of another office");
        assert!(look(&mut tx, 10, office, supervisor).await);
        assert!(!look(&mut tx, 10, office, id(4)).await, "once");

        // A restart leaves the link that was sent; a stop ends it too.
        let later = now.plus_seconds(1);
        store::end_blocks(&mut tx, RESIDENT, CallOutcome::Lifted, later).await.unwrap();
        let outcomes = async |tx: &mut ikd::db::Tx| {
            let rows = store::calls(tx, (office, supervisor), (Uuid::max(), now.plus_seconds(-1)), 10).await.unwrap();
            rows.into_iter().map(|row| (row.effect, row.outcome)).collect::<Vec<_>>()
        };
        let lifted = Some(CallOutcome::Lifted);
        assert_eq!(
            outcomes(&mut tx).await,
            [(CallEffect::Present, lifted), (CallEffect::Asked, None), (CallEffect::Blocked, lifted)]
        );
        store::end_calls(&mut tx, RESIDENT, CallOutcome::Confirmed, later).await.unwrap();
        assert_eq!(outcomes(&mut tx).await[1], (CallEffect::Asked, Some(CallOutcome::Confirmed)));
        assert_eq!(outcomes(&mut tx).await[0].1, lifted, "what has ended stays as it ended");
        // Nobody sees the own ones, in the list or in the counts.
        let own = store::calls(&mut tx, (office, officer), (Uuid::max(), now.plus_seconds(-1)), 10).await.unwrap();
        assert_eq!(own, []);
        assert_eq!(store::count_calls(&mut tx, (office, officer), now.plus_seconds(-1)).await.unwrap(), []);
        let counted = store::count_calls(&mut tx, (office, supervisor), now.plus_seconds(-1)).await.unwrap();
        assert_eq!(counted.iter().map(|count| count.3).sum::<i64>(), 3);
        assert!(store::call(&mut tx, id(10), id(9)).await.unwrap().is_none());
        assert_eq!(store::sweep_calls(&mut tx, now.plus_seconds(-1)).await.unwrap(), 0);
        assert_eq!(store::sweep_calls(&mut tx, now).await.unwrap(), 3);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_notice_of_a_permit_is_taken_once_and_only_of_the_day_that_stands() {
    use ikd::clock::DAY;
    use ikd::register::{Date, Nationality, RegisterRecord};
    each_engine(async |context| {
        Holder::make(&context).await;
        let now = context.now();
        let until = |days: i32| RegisterRecord {
            nationality: Nationality::Foreign,
            valid_until: Date::in_jakarta(now).plus_days(days),
            ..record()
        };
        let put = async |record: &RegisterRecord| {
            let mut tx = context.db.write().await.unwrap();
            holder::put_record(&context, &mut tx, RESIDENT, record, None, now).await.unwrap();
            tx.commit().await.unwrap();
        };
        let due = async |at: ikd::clock::Timestamp| {
            let mut tx = context.db.read().await.unwrap();
            holder::due_notices(&mut tx, at, 10).await.unwrap()
        };
        let take = async |notice: ikd::holder::permit::DueNotice, at: ikd::clock::Timestamp| {
            let mut tx = context.db.write().await.unwrap();
            let taken = holder::take_notice(&mut tx, notice, at).await.unwrap().happened();
            tx.commit().await.unwrap();
            taken
        };
        put(&until(40)).await;
        let first = due(now).await;
        assert_eq!(first.len(), 1, "sixty days before are over");
        let (resident, ends_at, due_at) = first[0];
        assert_eq!((resident, due_at), (RESIDENT, ends_at.plus_seconds(-60 * DAY)));
        assert!(take(first[0], now).await && !take(first[0], now).await, "once");
        assert_eq!(due(now).await, []);
        // The same day again keeps what was told; another one begins anew, and the notice of the first is of nothing.
        put(&until(40)).await;
        assert_eq!(due(now).await, []);
        let next = due(ends_at.plus_seconds(-30 * DAY)).await;
        assert_eq!(next.len(), 1);
        put(&until(50)).await;
        assert!(!take(next[0], now).await);
        assert_eq!(due(now).await.len(), 1);
        // A citizen has none.
        put(&record()).await;
        assert_eq!(due(now.plus_seconds(400 * DAY)).await, []);
    })
    .await;
}
