//! What offices and those above them wait for, in numbers of a country: a year of figures of a million activations, the month's recap, what
//! others read of all districts, and looking for somebody among a million registrations. On SQLite and PostgreSQL:
//! `cargo bench -p ikd-tests --bench offices`, with another number of registrations as an argument.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measuring tool"
)]

use std::time::{Duration, Instant};

use ikd::context::Context;
use ikd::figure::others::Wanted;
use ikd::figure::reading::Days;
use ikd::figure::recap::{Desk, Month};
use ikd::figure::{Counting, Others, Publication, Reading, Regions};
use ikd::lookup::{Person, Query, ports as lookup};
use ikd::office::{Kind, Offices};
use ikd::register::Region;
use support::both_engines;
use uuid::Uuid;

/// The first day of the year that is filled: 2024-10-04.
const FIRST: i64 = 20_000;
const DAYS: &str =
    "WITH RECURSIVE d(day) AS (SELECT CAST(20000 AS BIGINT) UNION ALL SELECT day + 1 FROM d WHERE day < 20364), ";

/// The median of eleven rounds.
async fn measure<T>(engine: &str, what: &str, mut work: impl AsyncFnMut() -> T) {
    let mut rounds = Vec::new();
    for _ in 0..11 {
        let begun = Instant::now();
        work().await;
        rounds.push(begun.elapsed());
    }
    rounds.sort();
    println!("{engine:<9} {what:<58} {:>9.1} ms", milliseconds(rounds[5]));
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs a statement that is made up here.
macro_rules! fill {
    ($context:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let sql: &'static str = Box::leak(String::from($sql).into_boxed_str());
        let mut tx = $context.db.write().await.unwrap();
        ikd::execute!(&mut tx, sql $(, $bind)*).unwrap();
        tx.commit().await.unwrap();
    }};
}

/// A year in which an office activated a million people of its city, and one in which a million others were activated elsewhere.
async fn fill_figures(context: &Context, office: Uuid) {
    let counts = |n: &str| {
        format!(
            "{DAYS} x(i) AS (SELECT 1) INSERT INTO figure_day (office_id, day, kind, reason, home_region, n) \
             SELECT $1, day, $2, '', $3, {n} FROM d"
        )
    };
    for village in Region::parse("13.71").unwrap().villages() {
        for (kind, n) in [("activated_first", "27"), ("ended", "1")] {
            fill!(context, counts(n), office, kind, village.code());
        }
    }
    for kind in [
        "registered",
        "selfie",
        "scanned",
        "approved",
        "returned",
        "rejected",
        "code_sent",
        "cohort_registered",
        "cohort_scanned",
        "cohort_activated",
    ] {
        fill!(context, counts("2800"), office, kind, 1_371_000_000_i64);
    }
    for kind in ["registered_scanned", "scanned_decided", "decided_activated", "second_person"] {
        let waits = format!(
            "{DAYS} m(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM m WHERE i < 999) \
             INSERT INTO figure_wait (office_id, kind, day, minutes, n) SELECT $1, $2, day, i * 7, 3 FROM d, m"
        );
        fill!(context, waits, office, kind);
    }
    let others = format!(
        "{DAYS} m(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM m WHERE i < 2739) \
         INSERT INTO figure_day (office_id, day, kind, reason, home_region, n) \
         SELECT $1, day, 'activated_first', '', 3000000000 + (day - 20000) * 2740 + i, 1 FROM d, m"
    );
    fill!(context, others, Uuid::from_u128(77));
}

/// Thirteen months of all districts, of each kind.
async fn fill_published(context: &Context, last: Month) {
    let districts = Region::NONE.parts().0.into_iter().flat_map(Region::districts).collect::<Vec<_>>();
    let mut tx = context.db.write().await.unwrap();
    let add = "INSERT INTO figure_published (month, home_region, kind, n) VALUES ($1, $2, $3, $4)";
    for month in [last.0 - 12, last.0] {
        for district in &districts {
            for kind in ["activated_first", "activated_again", "ended", "moved_in", "moved_out"] {
                ikd::execute!(&mut tx, add, month, district.code(), kind, 50 + 9 * (month - last.0 + 12)).unwrap();
            }
        }
    }
    let edition = "INSERT INTO figure_edition (month, next_region, published_at) VALUES ($1, 0, 1)";
    for month in last.0 - 12..=last.0 {
        ikd::execute!(&mut tx, edition, month).unwrap();
    }
    tx.commit().await.unwrap();
}

async fn figures(context: &Context, engine: &str) {
    let office = Offices::new(context.clone()).add("UJI-01", "Kantor Uji", Kind::Dinas).await.unwrap().office_id;
    Regions::new(context.clone()).set_scope("UJI-01", Region::parse("13.71").unwrap()).await.unwrap();
    Counting::new(context.clone()).count_all().await.unwrap();
    fill_figures(context, office).await;
    analyze(context, engine, &["figure_day", "figure_wait"]).await;
    let days = Days::new(FIRST, FIRST + 365).unwrap();
    let reading = Reading::new(context.clone());
    measure(engine, "a year of an office, a million activations", async || {
        let read = reading.of_office(office, days).await.unwrap();
        assert!(read.regions.iter().map(|one| one.active()).sum::<i64>() > 900_000);
    })
    .await;
    let (desk, month) = (Desk::new(context.clone()), Month((FIRST + 365) / 365 * 12 + 8));
    measure(engine, "a month's recap of its villages", async || {
        desk.document(office, month).await.unwrap();
    })
    .await;
    let tally = "INSERT INTO life_tally (tally_id, kind, reason, at, office_id, home_region, is_counted) \
        VALUES ($1, 'ended', '', $2, NULL, 0, 1)";
    fill!(context, tally, Uuid::from_u128(1), ikd::clock::Timestamp::from_seconds(FIRST * ikd::clock::DAY));
    let (publication, begun) = (Publication::new(context.clone()), Instant::now());
    let mut regions = 0;
    while begun.elapsed() < Duration::from_secs(120) && publication.publish().await.unwrap() > 0 {
        regions += 1;
    }
    let each = milliseconds(begun.elapsed()) / f64::from(regions.max(1));
    println!("{engine:<9} {:<58} {each:>9.1} ms", format!("a regency of a month made public ({regions} times)"));
    for table in ["figure_published", "figure_edition"] {
        fill!(context, format!("DELETE FROM {table}"));
    }
    let last = Month(Month::parse("2025-12").unwrap().0);
    fill_published(context, last).await;
    analyze(context, engine, &["figure_published"]).await;
    let others = Others::new(context.clone());
    for (what, region) in [("the country by province", None), ("a province by regency", Some("35"))] {
        measure(engine, &format!("a year of others' figures, {what}"), async || {
            let wanted = Wanted { region, from: Some("2025-01"), to: Some("2025-12") };
            let read = others.read(Region::NONE, wanted).await.unwrap();
            assert!(read.total.first.unwrap() > 10_000);
        })
        .await;
    }
}

/// So many registrations of one office, ten words each; of every hundred, six are called Siti, and two Rahma.
async fn fill_words(context: &Context, engine: &str, office: Uuid, many: i64) {
    let (id, word) = match engine {
        "sqlite" => (
            "CAST(printf('%016d', i) AS BLOB)",
            "CAST(printf('%08x%08x', (i * 2654435761) % 4294967296, w * 7919 + i) AS BLOB)",
        ),
        _ => ("CAST(lpad(to_hex(i), 32, '0') AS UUID)", "decode(md5(i::text || ':' || w::text), 'hex')"),
    };
    let step = 50_000;
    for from in (0..many).step_by(step as usize) {
        let until = (from + step).min(many);
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {until} - 1), \
             k(w) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT w + 1 FROM k WHERE w < 9) \
             INSERT INTO lookup_word (office_id, word, registration_id, kind) SELECT $1, {word}, {id}, 'word' FROM n, k"
        );
        fill!(context, sql, office);
    }
    for (name, every) in [("Siti", 17), ("Rahma", 50)] {
        let nik = "3171015708900001".parse().unwrap();
        let person = Person { nik: &nik, full_name: name, email: None, phone: "+6281234567890" };
        let mut tx = context.db.write().await.unwrap();
        lookup::keep(&context.vault, &mut tx, Uuid::from_u128(9), Uuid::from_u128(9), &person).await.unwrap();
        tx.commit().await.unwrap();
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + {every} FROM n WHERE i < {many} - {every}) \
             INSERT INTO lookup_word (office_id, word, registration_id, kind) \
             SELECT $1, o.word, {id}, 'word' FROM n, lookup_word o WHERE o.office_id = $2 AND o.kind = 'word'"
        );
        fill!(context, sql, office, Uuid::from_u128(9));
    }
}

async fn looking(context: &Context, engine: &str, many: i64) {
    let office = Uuid::from_u128(0xA);
    fill_words(context, engine, office, many).await;
    for number in 1..=1_000_u128 {
        let nik = format!("317101570890{number:04}").parse().unwrap();
        let phone = format!("+62812345{number:05}");
        let person = Person { nik: &nik, full_name: "Siti Rahma", email: None, phone: &phone };
        let mut tx = context.db.write().await.unwrap();
        let id = Uuid::from_u128((7 << 100) + number);
        lookup::keep(&context.vault, &mut tx, office, id, &person).await.unwrap();
        tx.commit().await.unwrap();
    }
    analyze(context, engine, &["lookup_word"]).await;
    for (what, typed, found) in [
        ("by NIK", "3171015708900500", 1),
        ("by telephone", "081234500500", 1),
        ("by a name of two words", "rahma siti", 30),
        ("by a word that six of a hundred have", "siti", 30),
        ("by a name that nobody has", "Sarimin Wagiyo", 0),
    ] {
        let query = Query::read(typed).unwrap();
        measure(engine, &format!("looking among {many}, {what}"), async || {
            let mut tx = context.db.read().await.unwrap();
            let ids = lookup::find(&context.vault, &mut tx, office, &query, Uuid::max(), 30).await.unwrap();
            assert_eq!(ids.len(), found, "{typed}");
        })
        .await;
    }
}

async fn analyze(context: &Context, engine: &str, tables: &[&str]) {
    if engine != "sqlite" {
        for table in tables {
            fill!(context, format!("ANALYZE {table}"));
        }
    }
}

#[tokio::main]
async fn main() {
    let many = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    both_engines(async |context| {
        let engine = if context.db.engine() == "sqlite" { "sqlite" } else { "postgres" };
        figures(&context, engine).await;
        looking(&context, engine, many).await;
    })
    .await;
}
