//! What figures count, exactly once, and the same when everything is counted anew.

use std::collections::BTreeMap;

use ikd::audit::Actor;
use ikd::clerk::Clerk;
use ikd::clock::DAY;
use ikd::context::Context;
use ikd::figure::recap::{Desk, Month, State};
use ikd::figure::{Counting, Publication, Regions, recap};
use ikd::holder::Reason;
use ikd::life::ports::{self as life, By};
use ikd::office::{Kind, Offices};
use ikd::register::{Date, Region};
use ikd::registration::model::{Step, WhyNot};
use ikd::registration::store::step::{self, Taken};
use uuid::Uuid;

use crate::residents::{Holder, RESIDENT, later};
use support::each_engine;

const OFFICE: Uuid = Uuid::from_u128(0x0f);
const BY: By = By { actor: Actor::System, office_id: Some(OFFICE) };

type Cell = (Uuid, i64, String, String, i64, i64);

async fn cells(context: &Context) -> Vec<Cell> {
    let mut tx = context.db.read().await.unwrap();
    let all = "SELECT office_id, day, kind, reason, home_region, n FROM figure_day WHERE n <> 0 ORDER BY day, kind, reason, home_region";
    ikd::fetch_all!(&mut tx, Cell, all).unwrap()
}

async fn waits(context: &Context) -> Vec<(Uuid, String, i64, i64)> {
    let mut tx = context.db.read().await.unwrap();
    let all = "SELECT office_id, kind, minutes, n FROM figure_wait ORDER BY kind, day, minutes";
    ikd::fetch_all!(&mut tx, (Uuid, String, i64, i64), all).unwrap()
}

/// How often each kind was counted.
fn sums(cells: &[Cell]) -> BTreeMap<&str, i64> {
    let mut sums = BTreeMap::new();
    for (_, _, kind, _, _, n) in cells {
        *sums.entry(kind.as_str()).or_default() += n;
    }
    sums
}

async fn stop(context: &Context, reason: Reason) {
    let mut tx = context.db.write().await.unwrap();
    life::stop(context, &mut tx, RESIDENT, reason, (context.now(), None), BY).await.unwrap();
    tx.commit().await.unwrap();
}

async fn activated(context: &Context) {
    let mut tx = context.db.write().await.unwrap();
    life::activated(context, &mut tx, RESIDENT, context.now(), BY).await.unwrap();
    tx.commit().await.unwrap();
}

async fn relocated(context: &Context, from: Region, to: Region) {
    let mut tx = context.db.write().await.unwrap();
    life::relocated(context, &mut tx, RESIDENT, (from, to), context.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(context: &Context, this: Taken) {
    let mut tx = context.db.write().await.unwrap();
    step::add(context, &mut tx, this, context.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn settle(context: &Context, registration: Uuid, region: Region) {
    let mut tx = context.db.write().await.unwrap();
    step::settle(&mut tx, registration, region).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_life_is_counted_where_it_happens() {
    each_engine(async |context| {
        Holder::make(&context).await;
        let counting = Counting::new(context.clone());
        activated(&context).await;
        // A block changes nothing, and neither does what overtakes it but an end, which is one however often it is said.
        stop(&context, Reason::SelfBlock).await;
        stop(&context, Reason::RegisterDeceased).await;
        later(&context, DAY);
        let (here, there) = (Region::parse("1371011001").unwrap(), Region::parse("5171011001").unwrap());
        relocated(&context, here, there).await;
        relocated(&context, there, there).await;
        stop(&context, Reason::Deceased).await;
        stop(&context, Reason::Annulled).await;
        assert_eq!(counting.count_all().await.unwrap(), 4);
        assert_eq!(counting.count_all().await.unwrap(), 0, "nothing is counted twice");
        let found = cells(&context).await;
        let expected = BTreeMap::from([("activated_first", 1), ("ended", 1), ("moved_in", 1), ("moved_out", 1)]);
        assert_eq!(sums(&found), expected);
        let ended = found.iter().find(|cell| cell.2 == "ended").unwrap();
        assert_eq!((ended.0, ended.3.as_str()), (OFFICE, "deceased"));
        // It names nobody.
        assert!(found.iter().all(|cell| cell.0 == OFFICE || cell.0.is_nil()));
    })
    .await;
}

#[tokio::test]
async fn a_registration_counts_once_the_register_answered_and_waits_are_measured() {
    each_engine(async |context| {
        let counting = Counting::new(context.clone());
        let id = Uuid::from_u128(7);
        let padang = Region::parse("13.71").unwrap();
        let at = |step| Taken::new(id, step, Some(OFFICE));
        take(&context, Taken::new(id, Step::Registered, None)).await;
        later(&context, 90);
        take(&context, Taken::new(id, Step::Selfie, None)).await;
        assert_eq!(counting.count_all().await.unwrap(), 0, "nobody knows yet where the person lives");
        settle(&context, id, padang).await;
        later(&context, 3 * DAY);
        take(&context, at(Step::Scanned)).await;
        later(&context, 119);
        take(&context, Taken { why: Some(WhyNot::PhotoDark), ..at(Step::Returned) }).await;
        later(&context, 60);
        take(&context, at(Step::Scanned)).await;
        later(&context, 600);
        let asked_at = Some(context.now());
        later(&context, 300);
        take(&context, Taken { asked_at, ..at(Step::SecondPerson) }).await;
        take(&context, at(Step::Approved)).await;
        later(&context, 3_600);
        take(&context, at(Step::Activated)).await;
        settle(&context, id, Region::NONE).await;
        assert_eq!(counting.count_all().await.unwrap(), 8);
        let found = cells(&context).await;
        let sums = sums(&found);
        for (kind, n) in [("registered", 1), ("scanned", 2), ("returned", 1), ("approved", 1), ("second_person", 1)] {
            assert_eq!(sums.get(kind), Some(&n), "{kind}");
        }
        // When the registration is deleted nothing says any more that these were one person's steps.
        let mut tx = context.db.write().await.unwrap();
        step::part(&mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        let together = "SELECT CAST(COUNT(DISTINCT registration_id) AS BIGINT) FROM registration_step";
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ikd::fetch_one!(&mut tx, (i64,), together).unwrap().0, 8);
        drop(tx);
        // In the cohort each step counts once, on the day of the registration, whoever served.
        let cohort: Vec<_> = found.iter().filter(|cell| cell.2.starts_with("cohort_")).collect();
        assert_eq!(cohort.len(), 5);
        assert!(cohort.iter().all(|cell| cell.0.is_nil() && cell.1 == cohort[0].1 && cell.5 == 1));
        assert!(found.iter().all(|cell| cell.4 == padang.code()), "{found:?}");
        let minutes: Vec<_> =
            waits(&context).await.into_iter().map(|(_, kind, minutes, n)| (kind, minutes, n)).collect();
        let expected = [
            ("decided_activated", 60, 1),
            ("registered_scanned", 3 * 1440 + 1, 1),
            ("scanned_decided", 1, 1),
            ("scanned_decided", 15, 1),
            ("second_person", 5, 1),
        ];
        assert_eq!(minutes, expected.map(|(kind, minutes, n)| (kind.to_owned(), minutes, n)));
    })
    .await;
}

#[tokio::test]
async fn what_breaks_off_is_counted_once_and_counting_anew_gives_the_same() {
    each_engine(async |context| {
        let counting = Counting::new(context.clone());
        for number in 0..700_u128 {
            let id = Uuid::from_u128(1_000 + number);
            let region = Region::from_code(1_371_000_000 + i64::try_from(number % 3).unwrap() * 1_000_000);
            let mut tx = context.db.write().await.unwrap();
            let registered = Taken::new(id, Step::Registered, None);
            step::add(&context, &mut tx, registered, context.now()).await.unwrap();
            step::settle(&mut tx, id, region).await.unwrap();
            if number % 2 == 0 {
                step::add(&context, &mut tx, Taken::new(id, Step::Scanned, Some(OFFICE)), context.now()).await.unwrap();
            }
            tx.commit().await.unwrap();
            if number % 100 == 0 {
                later(&context, DAY / 2);
            }
        }
        // A node that dies in the middle of a batch: what it took comes again.
        let mut dying = context.db.write().await.unwrap();
        assert_eq!(step::take(&mut dying, 100).await.unwrap().len(), 100);
        drop(dying);
        assert!(counting.count().await.unwrap() > 0);
        // Two nodes at once.
        let (one, other) = tokio::join!(counting.count_all(), counting.count_all());
        assert_eq!(one.unwrap() + other.unwrap() + 500, 1_050);
        let (days, times) = (cells(&context).await, waits(&context).await);
        let all = sums(&days);
        assert_eq!((all["registered"], all["scanned"], all["cohort_scanned"]), (700, 350, 350));
        for _ in 0..2 {
            assert_eq!(counting.rebuild().await.unwrap().events, 1_050);
            assert_eq!((cells(&context).await, waits(&context).await), (days.clone(), times.clone()));
        }
        // A rebuild that broke off leaves nothing counted and nothing lost; the same command ends it.
        let mut tx = context.db.write().await.unwrap();
        ikd::figure::store::set_mark(&mut tx, ikd::figure::store::MarkState::Rebuilding)
            .await
            .unwrap()
            .demand()
            .unwrap();
        ikd::figure::store::clear(&mut tx, 1).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(counting.count_all().await.unwrap(), 0);
        counting.rebuild().await.unwrap();
        assert_eq!((cells(&context).await, waits(&context).await), (days, times));
    })
    .await;
}

/// A month that is over, in an office that answers for Padang.
async fn month_over(context: &Context) -> (Desk, Uuid, Month) {
    let office = Offices::new(context.clone()).add("UJI-01", "Kantor Uji", Kind::Dinas).await.unwrap().office_id;
    Regions::new(context.clone()).set_scope("UJI-01", Region::parse("13.71").unwrap()).await.unwrap();
    let month = Month::of(Date::in_jakarta(context.now()));
    later(context, 32 * DAY);
    Counting::new(context.clone()).count_all().await.unwrap();
    (Desk::new(context.clone()), office, month)
}

async fn ask(context: &Context, desk: &Desk, by: Clerk, month: Month) -> ikd::error::Result<()> {
    let mut tx = context.db.write().await.unwrap();
    desk.ask(&mut tx, by, month).await?;
    tx.commit().await.map_err(Into::into)
}

async fn sign(context: &Context, desk: &Desk, by: Clerk, month: Month) -> ikd::error::Result<Uuid> {
    let mut tx = context.db.write().await.unwrap();
    let asked_by = desk.sign(&mut tx, by, month, "0").await?;
    tx.commit().await?;
    Ok(asked_by)
}

async fn refuse(context: &Context, desk: &Desk, by: Clerk, month: Month) -> ikd::error::Result<()> {
    let mut tx = context.db.write().await.unwrap();
    desk.refuse(&mut tx, by, (month, "0"), "Periksa lagi").await?;
    tx.commit().await.map_err(Into::into)
}

#[tokio::test]
async fn a_month_is_asked_for_once_and_signed_or_refused_once() {
    each_engine(async |context| {
        let (desk, office_id, month) = month_over(&context).await;
        let clerk = |n| Clerk { officer_id: Uuid::from_u128(n), office_id };
        let next = Month(month.0 + 1);
        assert!(ask(&context, &desk, clerk(1), next).await.is_err(), "a month that is not over");
        let (one, other) = tokio::join!(ask(&context, &desk, clerk(1), month), ask(&context, &desk, clerk(2), month));
        assert!(one.is_ok() != other.is_ok(), "asked for once");
        let asker = if one.is_ok() { clerk(1) } else { clerk(2) };
        assert!(sign(&context, &desk, asker, month).await.is_err(), "nobody signs the own");
        let elsewhere = Clerk { office_id: Uuid::from_u128(99), ..clerk(3) };
        assert!(sign(&context, &desk, elsewhere, month).await.is_err());
        // The write itself knows, whatever was judged before.
        let mut tx = context.db.write().await.unwrap();
        let own = recap::store::sign(&mut tx, (office_id, month), 0, asker.officer_id, context.now()).await.unwrap();
        assert!(!own.happened());
        drop(tx);
        let (signed, refused) =
            tokio::join!(sign(&context, &desk, clerk(3), month), refuse(&context, &desk, clerk(4), month));
        assert!(signed.is_ok() != refused.is_ok(), "signed or refused");
        let row = desk.month(office_id, month).await.unwrap();
        let state = row.row.as_ref().unwrap().state;
        assert_eq!(state, if signed.is_ok() { State::Signed } else { State::Refused });
        assert_eq!(ask(&context, &desk, clerk(1), month).await.is_ok(), refused.is_ok());
        if refused.is_ok() {
            assert_eq!(row.refusal.unwrap().expose(), "Periksa lagi");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_signed_stays_and_what_is_late_is_a_correction() {
    each_engine(async |context| {
        let region = Region::parse("1371011001").unwrap();
        let tally = "INSERT INTO life_tally (tally_id, kind, reason, at, office_id, home_region, is_counted) VALUES ($1, 'activated_first', '', $2, $3, $4, 0)";
        let event = async |n: u128, at| {
            let mut tx = context.db.write().await.unwrap();
            ikd::execute!(&mut tx, tally, Uuid::from_u128(n), at, Option::<Uuid>::None, region.code()).unwrap();
            tx.commit().await.unwrap();
        };
        let began = context.now();
        event(1, began).await;
        let (desk, office_id, month) = month_over(&context).await;
        let clerk = |n| Clerk { officer_id: Uuid::from_u128(n), office_id };
        ask(&context, &desk, clerk(1), month).await.unwrap();
        sign(&context, &desk, clerk(2), month).await.unwrap();
        let signed = desk.document(office_id, month).await.unwrap();
        assert_eq!(signed.total.active(), 1);
        event(2, began).await;
        event(3, context.now()).await;
        Counting::new(context.clone()).count_all().await.unwrap();
        assert_eq!(desk.document(office_id, month).await.unwrap(), signed);
        let next = desk.document(office_id, Month(month.0 + 1)).await.unwrap();
        let rows: Vec<_> = next.villages.iter().filter(|row| row.region == region.code()).collect();
        assert_eq!(rows.iter().map(|row| (row.last, row.active(), row.correction)).collect::<Vec<_>>(), [(1, 2, false), (0, 1, true)]);
        assert_eq!(next.total.active(), 3);
    })
    .await;
}

/// What is public: month, region, kind, how many since the beginning.
async fn published(context: &Context) -> Vec<(i64, i64, String, i64)> {
    let mut tx = context.db.read().await.unwrap();
    let all = "SELECT month, home_region, kind, n FROM figure_published ORDER BY month, home_region, kind";
    ikd::fetch_all!(&mut tx, (i64, i64, String, i64), all).unwrap()
}

#[tokio::test]
async fn a_month_is_made_public_once_whoever_does_it_and_whatever_is_counted_anew() {
    each_engine(async |context| {
        let villages = [1_371_011_001_i64, 1_371_000_000, 5_171_011_001, 0];
        let tally = "INSERT INTO life_tally (tally_id, kind, reason, at, office_id, home_region, is_counted) VALUES ($1, 'activated_first', '', $2, $3, $4, 0)";
        for number in 0..28_u128 {
            let mut tx = context.db.write().await.unwrap();
            let (village, office) = (villages[number as usize % 4], Uuid::from_u128(number % 3));
            ikd::execute!(&mut tx, tally, Uuid::from_u128(1 + number), context.now(), office, village).unwrap();
            tx.commit().await.unwrap();
        }
        let publication = Publication::new(context.clone());
        publication.publish_all().await.unwrap();
        assert_eq!(published(&context).await, [], "a month that is not over");
        let (_, _, month) = month_over(&context).await;
        later(&context, DAY);
        Counting::new(context.clone()).count_all().await.unwrap();
        // Two nodes at once, while a third counts.
        let counting = Counting::new(context.clone());
        let (one, other, third) =
            tokio::join!(publication.publish_all(), publication.publish_all(), counting.count_all());
        one.unwrap();
        other.unwrap();
        third.unwrap();
        // Seven of each region at three offices, 3 + 2 + 2: together four without the largest, so they wait.
        assert_eq!(published(&context).await, []);
        let mut tx = context.db.write().await.unwrap();
        for (number, village) in [(50, villages[0]), (51, villages[0]), (52, villages[3])] {
            let office = Uuid::from_u128(number % 3);
            ikd::execute!(&mut tx, tally, Uuid::from_u128(number), context.now(), office, village).unwrap();
        }
        tx.commit().await.unwrap();
        later(&context, 32 * DAY);
        counting.count_all().await.unwrap();
        let (one, other) = tokio::join!(publication.publish_all(), publication.publish_all());
        one.unwrap();
        other.unwrap();
        let next = month.0 + 1;
        let public = published(&context).await;
        let expected = vec![
            (next, 0, "activated_first".to_owned(), 8),
            (next, 1_371_010_000, "activated_first".to_owned(), 9),
        ];
        assert_eq!(public, expected);
        // Counted anew, and then anew made public: the same numbers, and no others.
        counting.rebuild().await.unwrap();
        publication.publish_all().await.unwrap();
        assert_eq!(published(&context).await, public);
        let mut tx = context.db.read().await.unwrap();
        let (low, high) = ikd::register::Region::NONE.range();
        let sums = ikd::figure::store::published::sums(&mut tx, (month, Month(next)), (low, high), 100_000_000).await;
        let sums: Vec<_> = sums.unwrap().into_iter().map(|(place, _, before, last)| (place, before, last)).collect();
        assert_eq!(sums, [(0, 0, 8), (1_300_000_000, 0, 9)]);
    })
    .await;
}
