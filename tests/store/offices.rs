//! Offices as a tree: what stands above which is what walking it gives, no two moves together make a circle, and a row decides whatever the
//! program judged before.

use std::collections::BTreeSet;

use ikd::context::Context;
use ikd::db::Tx;
use ikd::error::{Code, Result};
use ikd::office::model::{Edit, Scope, Week};
use ikd::office::ports::{self, Holiday};
use ikd::office::store::{list, office, times, tree};
use ikd::office::{Kind, Office, Offices};
use ikd::register::Date;
use support::each_engine;
use uuid::Uuid;

async fn offices(context: &Context, count: usize) -> Vec<Office> {
    let all = Offices::new(context.clone());
    let mut made = vec![all.add("DN", "Dinas", Kind::Dinas).await.unwrap()];
    for number in 1..count {
        made.push(all.add(&format!("P-{number}"), &format!("Pos {number}"), Kind::Upt).await.unwrap());
    }
    made
}

fn below(code: &str) -> Edit {
    Edit { parent: Some(code.to_owned()), ..Edit::default() }
}

const WALKED: &str = "WITH RECURSIVE up (office_id, above_id, distance) AS (SELECT office_id, office_id, CAST(0 AS BIGINT) FROM office \
    UNION ALL SELECT up.office_id, o.parent_id, up.distance + 1 FROM up JOIN office o ON o.office_id = up.above_id \
    WHERE o.parent_id IS NOT NULL AND up.distance < 20) SELECT office_id, above_id, distance FROM up";
const KEPT: &str = "SELECT office_id, above_id, distance FROM office_above";

async fn pairs(tx: &mut Tx, sql: &'static str) -> BTreeSet<(Uuid, Uuid, i64)> {
    ikd::fetch_all!(tx, (Uuid, Uuid, i64), sql).unwrap().into_iter().collect()
}

#[tokio::test]
async fn what_stands_above_is_what_walking_the_tree_gives() {
    each_engine(async |context| {
        let made = offices(&context, 9).await;
        let all = Offices::new(context.clone());
        // A fixed walk through pseudo-random moves; many of them are refused.
        let (mut seed, mut moved, mut refused) = (7_u64, 0, 0);
        for _ in 0..60 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (child, above) = ((seed >> 33) as usize % 9, (seed >> 40) as usize % 10);
            let above = made.get(above).map_or("", |office| office.code.as_str());
            match all.edit(&made[child].code, below(above)).await {
                Ok(_) => moved += 1,
                Err(error) => {
                    assert_eq!(error.code(), Some(Code::InvalidField), "{error:?}");
                    refused += 1;
                }
            }
            let mut tx = context.db.read().await.unwrap();
            assert_eq!(pairs(&mut tx, KEPT).await, pairs(&mut tx, WALKED).await);
        }
        assert!(moved > 15 && refused > 10, "{moved} {refused}");
        let mut tx = context.db.read().await.unwrap();
        let deepest = pairs(&mut tx, KEPT).await.into_iter().map(|(_, _, distance)| distance).max();
        assert!(deepest.unwrap() <= 5);
    })
    .await;
}

#[tokio::test]
async fn a_scope_reaches_down_and_neither_up_nor_aside() {
    each_engine(async |context| {
        let made = offices(&context, 4).await;
        let all = Offices::new(context.clone());
        all.edit("P-1", below("DN")).await.unwrap();
        all.edit("P-2", below("P-1")).await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        let [dinas, upper, lower, aside] = [0, 1, 2, 3].map(|at: usize| made[at].office_id);
        for (above, office, expected) in [
            (dinas, dinas, true),
            (dinas, lower, true),
            (upper, lower, true),
            (lower, upper, false),
            (upper, dinas, false),
            (dinas, aside, false),
            (aside, lower, false),
        ] {
            assert_eq!(ports::is_within(&mut tx, above, office).await.unwrap(), expected);
            let alone = tree::is_within(&mut tx, Scope::alone(above), office).await.unwrap();
            assert_eq!(alone, above == office);
        }
        let codes = async |tx: &mut Tx, after: &str, limit| -> Vec<String> {
            let found = ports::descendants(tx, dinas, after, limit).await.unwrap();
            found.into_iter().map(|office| office.code).collect()
        };
        assert_eq!(codes(&mut tx, "", 10).await, ["DN", "P-1", "P-2"]);
        assert_eq!(codes(&mut tx, "", 1).await, ["DN"]);
        assert_eq!(codes(&mut tx, "P-1", 10).await, ["P-2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_moves_that_together_make_a_circle_one_is_refused() {
    each_engine(async |context| {
        let made = offices(&context, 9).await;
        let (one, two) = (Offices::new(context.clone()), Offices::new(context.clone()));
        for pair in made[1..].chunks(2) {
            let (first, second) = (&pair[0].code, &pair[1].code);
            let (a, b) = tokio::join!(one.edit(first, below(second)), two.edit(second, below(first)));
            assert_ne!(a.is_ok(), b.is_ok(), "{a:?} {b:?}");
            let mut tx = context.db.read().await.unwrap();
            assert_eq!(pairs(&mut tx, KEPT).await, pairs(&mut tx, WALKED).await);
        }
        // An office is closed while another one moves below it: one of the two happens.
        for number in [1, 3, 5, 7] {
            let name = |at: usize| format!("P-{at}");
            one.edit(&name(number), below("")).await.unwrap();
            one.edit(&name(number + 1), below("")).await.unwrap();
            let (above, child) = (name(number), name(number + 1));
            let (closed, moved) = tokio::join!(one.close(&above), two.edit(&child, below(&above)));
            assert_ne!(closed.is_ok(), moved.is_ok(), "{closed:?} {moved:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_row_itself_refuses_a_circle_a_stale_edit_and_a_dinas_below_another() {
    each_engine(async |context| {
        let made = offices(&context, 3).await;
        let mut tx = context.db.write().await.unwrap();
        list::hold(&mut tx).await.unwrap();
        let [dinas, upper, lower] = [0, 1, 2].map(|at: usize| made[at].office_id);
        assert!(tree::put(&mut tx, lower, Some(upper)).await.unwrap().happened());
        for (office, above) in [(upper, lower), (upper, upper), (dinas, upper), (upper, Uuid::from_u128(1))] {
            assert!(!tree::put(&mut tx, office, Some(above)).await.unwrap().happened());
        }
        let stale = office::by_id(&mut tx, dinas).await.unwrap().unwrap();
        assert!(office::save(&mut tx, &stale).await.unwrap().happened());
        assert!(!office::save(&mut tx, &stale).await.unwrap().happened(), "it was of another revision");
        let mut child = office::by_id(&mut tx, lower).await.unwrap().unwrap();
        child.office.kind = Kind::Dinas;
        assert!(!office::save(&mut tx, &child).await.unwrap().happened(), "something stands above it");
        let now = context.now();
        assert!(!office::close(&mut tx, upper, now).await.unwrap().happened(), "one below it is open");
        assert!(office::close(&mut tx, lower, now).await.unwrap().happened());
        assert!(!office::close(&mut tx, lower, now).await.unwrap().happened(), "once");
        assert!(office::close(&mut tx, upper, now).await.unwrap().happened());
        assert!(!office::reopen(&mut tx, lower).await.unwrap().happened(), "what stands above it is closed");
        assert!(office::reopen(&mut tx, upper).await.unwrap().happened());
        assert!(office::reopen(&mut tx, lower).await.unwrap().happened());
        assert!(!tree::put(&mut tx, dinas, Some(upper)).await.unwrap().happened());
        tx.rollback().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn hours_holidays_and_regions_are_read_as_they_were_written() {
    each_engine(async |context| {
        offices(&context, 3).await;
        let all = Offices::new(context.clone());
        all.edit("P-1", below("DN")).await.unwrap();
        let week = Week::parse(&["mon-thu 08:00-15:30".into(), "fri 08:00-11:30".into()]).unwrap();
        let region = ikd::office::model::Region::parse("3171").unwrap();
        let edit =
            Edit { week: Some(week.clone()), regions: Some(vec![region.clone(), region.clone()]), ..Edit::default() };
        let full = all.edit("P-1", edit).await.unwrap();
        assert_eq!((full.week, full.regions, full.above[0].code.as_str()), (week.clone(), vec![region], "DN"));
        let again = all.edit("P-1", Edit { week: Some(Week::default()), ..Edit::default() }).await.unwrap();
        assert!(again.week.spans().is_empty());
        all.edit("P-1", Edit { week: Some(week.clone()), ..Edit::default() }).await.unwrap();

        let today = Date::in_jakarta(context.now());
        let day = |days| today.plus_days(days).unwrap();
        let holiday = |days, name: &str| Holiday { day: day(days), name: name.to_owned() };
        assert_eq!(all.add_holiday("DN", &holiday(3, "Nyepi"), true).await.unwrap(), 2, "itself and one below");
        assert_eq!(all.add_holiday("P-1", &holiday(3, "Hari raya Nyepi"), false).await.unwrap(), 1);
        for wrong in [holiday(-1, "Lewat"), holiday(732, "Jauh"), holiday(1, " ")] {
            assert!(all.add_holiday("DN", &wrong, false).await.is_err(), "{wrong:?}");
        }
        let shown = all.show("P-1").await.unwrap().holidays;
        assert_eq!(shown, [holiday(3, "Hari raya Nyepi")], "said again, the reason is another");

        let mut tx = context.db.read().await.unwrap();
        let before = ports::revision(&mut tx).await.unwrap();
        let listed = ports::listed(&mut tx, "", (today, day(60)), 10).await.unwrap();
        let codes: Vec<_> = listed.iter().map(|one| one.entry.office.code.as_str()).collect();
        assert_eq!(codes, ["DN", "P-1", "P-2"]);
        assert_eq!((&listed[1].week, listed[1].holidays.len(), listed[1].regions.len()), (&week, 1, 1));
        assert!(listed[2].holidays.is_empty() && listed[2].week.spans().is_empty());
        assert_eq!(ports::listed(&mut tx, "DN", (day(4), day(60)), 1).await.unwrap()[0].holidays, []);
        drop(tx);

        all.remove_holiday("DN", day(3)).await.unwrap();
        assert!(all.remove_holiday("DN", day(3)).await.is_err());
        all.close("P-2").await.unwrap();
        let mut tx = context.db.read().await.unwrap();
        assert_eq!(ports::revision(&mut tx).await.unwrap(), before + 2, "each change is told");
        assert_eq!(ports::listed(&mut tx, "", (today, day(60)), 10).await.unwrap().len(), 2);
        drop(tx);
        let closed = all.edit("P-2", Edit { note: Some("x".into()), ..Edit::default() }).await.unwrap_err();
        assert_eq!(closed.code(), Some(Code::WrongState));
        context.clock.advance(6 * ikd::clock::DAY);
        assert_eq!(all.sweep().await.unwrap(), 1, "what is over is forgotten");
        let none: Result<_> = all.show("NONE").await;
        assert_eq!(none.unwrap_err().code(), Some(Code::NotFound));
        let mut tx = context.db.read().await.unwrap();
        let first = office::by_code(&mut tx, "P-1").await.unwrap().unwrap().office.office_id;
        assert!(times::holidays(&mut tx, first, today, 10).await.unwrap().is_empty());
    })
    .await;
}
