//! The population register: look-up, generation, import.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ikd::context::Context;
use ikd::register::generate::{GenerateOptions, Generator, generate_into};
use ikd::register::import::{ImportError, ImportOptions, Imported, columns, import};
use ikd::register::service::Switch;
use ikd::register::{
    BatchError, Date, Heard, LocalRegister, NewRecord, Nik, PopulationRegister, RegisterRecord, RegisterUnavailable,
};

use support::each_engine;

fn as_of() -> Date {
    Date::parse("2026-11-01").unwrap()
}

fn residents(count: u64) -> Vec<RegisterRecord> {
    let generator = Generator::new(5, as_of());
    (0..count).map(|index| generator.resident(index).unwrap()).collect()
}

fn write_csv(path: &Path, rows: &[[String; columns::HEADER.len()]]) {
    let mut lines = vec![columns::HEADER.join(",")];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",")));
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

fn csv_of(path: &Path, records: &[RegisterRecord]) {
    write_csv(path, &records.iter().map(columns::to_row).collect::<Vec<_>>());
}

struct Bench {
    register: LocalRegister,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(context: &Context) -> Self {
        Self { register: LocalRegister::new(context.clone()), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn import(&self, file: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
        import(&self.register, &self.path(file), options, |_| ControlFlow::Continue(())).await
    }

    async fn has(&self, nik: &Nik) -> bool {
        self.register.lookup(nik).await.unwrap().is_some()
    }

    async fn count(&self) -> i64 {
        self.register.status().await.unwrap().1
    }
}

#[tokio::test]
async fn what_was_put_is_found_with_its_portrait() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let generator = Generator::new(5, as_of());
        let people = residents(3);
        let portrait = generator.portrait(0, &people[0]);
        let new = |record: &RegisterRecord, portrait| NewRecord { record: record.clone(), portrait };
        bench.register.put(vec![new(&people[0], Some(portrait.clone())), new(&people[1], None)]).await.unwrap();

        let found = bench.register.lookup(&people[0].nik).await.unwrap().unwrap();
        assert_eq!((found.record, found.portrait), (people[0].clone(), Some(portrait)));
        assert_eq!(found.resident_id.get_version_num(), 7);
        let found = bench.register.lookup(&people[1].nik).await.unwrap().unwrap();
        assert_eq!((found.record, found.portrait), (people[1].clone(), None));
        assert_eq!(bench.register.lookup(&people[2].nik).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_closed_register_gives_no_answer_about_anybody() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let people = residents(2);
        bench.register.put(vec![NewRecord { record: people[0].clone(), portrait: None }]).await.unwrap();
        let register = PopulationRegister::Local(bench.register.clone());

        bench.register.set_switch(Switch::Closed).await.unwrap();
        assert_eq!(bench.register.status().await.unwrap(), (Switch::Closed, 1));
        for person in &people {
            assert_eq!(register.lookup(&person.nik).await, Err(RegisterUnavailable::Closed));
        }
        bench.register.set_switch(Switch::Open).await.unwrap();
        assert!(register.lookup(&people[0].nik).await.unwrap().is_some());
        assert!(register.lookup(&people[1].nik).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn generating_twice_gives_the_same_residents_once() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let options = GenerateOptions { count: 2_345, seed: 5, as_of: as_of(), portraits: false };
        let mut told = Vec::new();
        let done = generate_into(&bench.register, options, |written| {
            told.push(written);
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
        assert_eq!((done.written, done.complete, told), (2_345, true, vec![1_000, 2_000, 2_345]));
        let people = residents(2_345);
        let before = bench.register.lookup(&people[2_344].nik).await.unwrap().unwrap();
        assert_eq!(before.record, people[2_344]);

        // Again, and twice at once: a NIK stands once, and its resident stays the same.
        let again = || generate_into(&bench.register, options, |_| ControlFlow::Continue(()));
        let (one, two) = tokio::join!(again(), again());
        assert!(one.unwrap().complete && two.unwrap().complete);
        assert_eq!(bench.count().await, 2_345);
        assert_eq!(bench.register.lookup(&people[2_344].nik).await.unwrap().unwrap(), before);
    })
    .await;
}

#[tokio::test]
async fn two_writers_that_meet_insert_everybody_once() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let options = GenerateOptions { count: 3_000, seed: 5, as_of: as_of(), portraits: false };
        let run = || generate_into(&bench.register, options, |_| ControlFlow::Continue(()));
        let (one, two) = tokio::join!(run(), run());
        assert!(one.unwrap().complete && two.unwrap().complete);
        assert_eq!(bench.count().await, 3_000);
        for person in residents(3_000).iter().step_by(97) {
            assert_eq!(bench.register.lookup(&person.nik).await.unwrap().unwrap().record, *person);
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_rows_are_refused_by_line_and_field_and_nothing_of_them_stays() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let people = residents(6);
        let mut rows: Vec<_> = people.iter().map(columns::to_row).collect();
        rows[1][0] = String::from("3174015708900000"); // serial 0000
        rows[3][4] = String::from("neither"); // sex
        write_csv(&bench.path("people.csv"), &rows);
        std::fs::create_dir(bench.path("faces")).unwrap();
        let face = |at: usize, ending: &str| bench.path("faces").join(format!("{}.{ending}", people[at].nik.as_str()));
        let picture = image::RgbImage::from_pixel(900, 1_200, image::Rgb([190, 24, 36]));
        picture.save(face(0, "png")).unwrap();
        std::fs::write(face(4, "jpg"), b"no picture").unwrap();
        let options = ImportOptions {
            portraits: Some(bench.path("faces")),
            report: Some(bench.path("refused.csv")),
            ..ImportOptions::default()
        };
        let done = bench.import("people.csv", &options).await.unwrap();
        assert_eq!(
            done,
            Imported { resumed_from: 0, accepted: 3, refused: 3, complete: true, heard: Heard::default() }
        );

        for (at, person) in people.iter().enumerate() {
            assert_eq!(bench.has(&person.nik).await, !matches!(at, 1 | 3 | 4), "row {at}");
        }
        let portrait = bench.register.lookup(&people[0].nik).await.unwrap().unwrap().portrait.unwrap();
        assert!(portrait.len() <= 20_000 && portrait.starts_with(&[0xff, 0xd8]));

        let report = std::fs::read_to_string(bench.path("refused.csv")).unwrap();
        let places: Vec<_> = report.lines().map(|line| line.split(',').take(2).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(places, ["line,field", "3,nik", "5,sex", "6,portrait"]);
        for row in &rows {
            assert!(!report.contains(&row[0]) && !report.contains(&row[1]), "no personal data in the report");
        }
    })
    .await;
}

/// Lines as an editor counts them: LF, CR and CR LF end one; blank lines and those inside quotes count too.
#[tokio::test]
async fn the_report_names_the_line_that_an_editor_shows() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let row = |at: usize| columns::to_row(&residents(6)[at]).map(|cell| format!("\"{cell}\"")).join(",");
        let wrong = |at: usize| row(at).replacen('"', "\"x", 1);
        let header = columns::HEADER.join(",");
        let parted = row(2).replacen("\",\"", "\",\"A\u{1}", 1); // wrong, and on several lines by the address
        let address = residents(6)[2].address.clone();
        let long = |end: &str| parted.replacen(&address, &format!("{end}{end}JALAN"), 1);
        for (name, end) in [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")] {
            let lines = [
                header.clone(), // 1
                wrong(0),       // 2
                String::new(),
                String::new(),
                row(1),    // 5
                wrong(2),  // 6
                long(end), // 7 to 9
                wrong(3),  // 10
                String::new(),
                wrong(4), // 12
            ];
            std::fs::write(bench.path(name), format!("{end}\u{feff}", end = "") + &lines.join(end)).unwrap();
            let report = bench.path(&format!("{name}.refused"));
            let options = ImportOptions { report: Some(report.clone()), ..ImportOptions::default() };
            let done = bench.import(name, &options).await.unwrap();
            assert_eq!((done.accepted, done.refused), (1, 5), "{name}");
            let report = std::fs::read_to_string(report).unwrap();
            let places: Vec<_> = report.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
            assert_eq!(places, ["2", "6", "7", "10", "12"], "{name}");
            let ends: Vec<_> = report.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
            assert_eq!(ends, ["2", "6", "9", "10", "12"], "{name}");
        }
    })
    .await;
}

/// A mark that is opened and not closed would take the rows below it for one value.
#[tokio::test]
async fn a_stray_quotation_mark_loses_nobody() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let rows: Vec<_> = residents(30).iter().map(columns::to_row).collect();
        let file = |stray: &[usize]| {
            let mut lines = vec![columns::HEADER.join(",")];
            for (at, row) in rows.iter().enumerate() {
                let mut cells: Vec<_> = row.iter().map(|cell| cell.replace(',', " ")).collect();
                if stray.contains(&at) {
                    cells[6].insert(0, '"');
                }
                lines.push(cells.join(","));
            }
            lines.join("\n")
        };
        for stray in [&[5][..], &[5, 24], &[5, 6], &[29]] {
            std::fs::write(bench.path("people.csv"), file(stray)).unwrap();
            let stopped = bench.import("people.csv", &ImportOptions::default()).await.unwrap_err();
            assert!(matches!(stopped, ImportError::Quotes(_)), "{stopped}");
            assert!(stopped.to_string().contains(&format!("line {}:", stray[0] + 2)), "{stopped}");
            // Who believes the zeros does not believe this.
            let options = ImportOptions { trust_zeros: true, ..ImportOptions::default() };
            assert!(bench.import("people.csv", &options).await.is_err());
            assert_eq!(bench.count().await, 0);
        }
        std::fs::write(bench.path("people.csv"), file(&[])).unwrap();
        let done = bench.import("people.csv", &ImportOptions::default()).await.unwrap();
        assert_eq!((done.accepted, done.refused), (30, 0));
    })
    .await;
}

/// A line `sep=;` before the header, and empty columns at the end.
#[tokio::test]
async fn what_spreadsheets_add_is_no_column() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let rows: Vec<_> = residents(3).iter().map(columns::to_row).collect();
        let mut lines = vec![String::from("sep=;"), format!("{};;", columns::HEADER.join(";"))];
        lines.extend(rows.iter().map(|row| format!("{};;", row.join(";"))));
        lines[3].push('x');
        std::fs::write(bench.path("sheet.csv"), lines.join("\r\n")).unwrap();
        std::fs::write(bench.path("refused.csv"), "line,field,reason_id,reason_en\n1,nik,x,x\n").unwrap();
        let options = ImportOptions { report: Some(bench.path("refused.csv")), ..ImportOptions::default() };
        let done = bench.import("sheet.csv", &options).await.unwrap();
        assert_eq!((done.accepted, done.refused), (2, 1));
        let report = std::fs::read_to_string(bench.path("refused.csv")).unwrap();
        let places: Vec<_> = report.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>()).collect();
        assert_eq!(places, [["4", "row"]], "by the file's lines, and nothing of an earlier import");
    })
    .await;
}

#[tokio::test]
async fn a_stopped_import_continues_where_it_was() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let people = residents(2_500);
        let mut rows: Vec<_> = people.iter().map(columns::to_row).collect();
        for at in (0..2_500).step_by(100) {
            rows[at][3] = String::from("1990-02-30");
        }
        write_csv(&bench.path("people.csv"), &rows);
        let options = ImportOptions { report: Some(bench.path("refused.csv")), ..ImportOptions::default() };

        let mut seen = Vec::new();
        let stopped = import(&bench.register, &bench.path("people.csv"), &options, |progress| {
            seen.push(progress);
            ControlFlow::Break(())
        })
        .await
        .unwrap();
        assert_eq!(
            stopped,
            Imported { resumed_from: 0, accepted: 990, refused: 10, complete: false, heard: Heard::default() }
        );
        assert_eq!((seen.len(), bench.count().await), (1, 990));
        assert!(bench.has(&people[999].nik).await && !bench.has(&people[1_001].nik).await);

        // A crash may leave lines in the report for rows that were not committed: they are not written twice.
        let mut report = std::fs::read_to_string(bench.path("refused.csv")).unwrap();
        report.push_str("1002,birth_date,x,x\n");
        std::fs::write(bench.path("refused.csv"), report).unwrap();

        let done = bench.import("people.csv", &options).await.unwrap();
        assert_eq!(
            done,
            Imported { resumed_from: 1_000, accepted: 2_475, refused: 25, complete: true, heard: Heard::default() }
        );
        assert_eq!(bench.count().await, 2_475);
        let report = std::fs::read_to_string(bench.path("refused.csv")).unwrap();
        let lines: Vec<usize> =
            report.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert_eq!(lines, (0..2_500).step_by(100).map(|at| at + 2).collect::<Vec<_>>());

        // The same file again has nothing left to do; from the start it gives the same.
        let again = bench.import("people.csv", &options).await.unwrap();
        assert_eq!(
            again,
            Imported { resumed_from: 2_500, accepted: 2_475, refused: 25, complete: true, heard: Heard::default() }
        );
        let before = bench.register.lookup(&people[1].nik).await.unwrap().unwrap();
        let restarted = bench.import("people.csv", &ImportOptions { restart: true, ..options }).await.unwrap();
        assert_eq!(
            restarted,
            Imported { resumed_from: 0, accepted: 2_475, refused: 25, complete: true, heard: Heard::default() }
        );
        assert_eq!(bench.register.lookup(&people[1].nik).await.unwrap().unwrap(), before);
        assert_eq!(bench.count().await, 2_475);
    })
    .await;
}

#[tokio::test]
async fn two_imports_of_one_file_never_count_a_row_twice() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        csv_of(&bench.path("people.csv"), &residents(3_000));
        let options = ImportOptions::default();
        let (one, two) = tokio::join!(bench.import("people.csv", &options), bench.import("people.csv", &options));
        for outcome in [one, two] {
            match outcome {
                Ok(done) => assert_eq!((done.accepted, done.complete), (3_000, true)),
                Err(ImportError::Batch(BatchError::Overtaken)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        let end = bench.import("people.csv", &options).await.unwrap();
        assert_eq!((end.accepted, end.refused, end.complete), (3_000, 0, true));
        assert_eq!(bench.count().await, 3_000);
    })
    .await;
}

#[tokio::test]
async fn a_changed_row_updates_the_record_and_keeps_the_resident() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        let mut people = residents(20);
        let generator = Generator::new(5, as_of());
        let portrait = generator.portrait(7, &people[7]);
        bench.register.put(vec![NewRecord { record: people[7].clone(), portrait: Some(portrait) }]).await.unwrap();
        csv_of(&bench.path("first.csv"), &people);
        bench.import("first.csv", &ImportOptions::default()).await.unwrap();
        let before = bench.register.lookup(&people[7].nik).await.unwrap().unwrap();
        assert!(before.portrait.is_some(), "a file without portraits leaves them");

        people[7].address = String::from("JL. BARU NO. 1");
        let mut latest = people[7].clone();
        latest.address = String::from("JL. TERBARU NO. 2");
        people.push(latest.clone());
        csv_of(&bench.path("second.csv"), &people);
        bench.import("second.csv", &ImportOptions::default()).await.unwrap();
        let after = bench.register.lookup(&people[7].nik).await.unwrap().unwrap();
        assert_eq!((after.resident_id, after.portrait), (before.resident_id, before.portrait));
        assert_eq!(after.record, latest, "of two rows with one NIK the last counts");
        assert_eq!(bench.count().await, 20);
    })
    .await;
}

#[tokio::test]
async fn files_that_do_not_fit_are_refused_before_anything_is_written() {
    each_engine(async |context| {
        let bench = Bench::new(&context);
        std::fs::write(bench.path("other.csv"), "name;age\nA;1\n").unwrap();
        let none = ImportOptions::default();
        assert!(matches!(bench.import("other.csv", &none).await, Err(ImportError::Columns(_))));
        assert!(matches!(bench.import("missing.csv", &none).await, Err(ImportError::File(_))));
        let no_folder = ImportOptions { portraits: Some(bench.path("nowhere")), ..none.clone() };
        csv_of(&bench.path("people.csv"), &residents(1));
        assert!(matches!(bench.import("people.csv", &no_folder).await, Err(ImportError::File(_))));
        assert_eq!(bench.count().await, 0);

        // Semicolons, a byte order mark, another order of columns and one row in another encoding.
        let rows: Vec<_> = residents(2).iter().map(columns::to_row).collect();
        let reversed = |cells: &[String]| cells.iter().rev().cloned().collect::<Vec<_>>().join(";");
        let header: Vec<String> = columns::HEADER.iter().map(|name| (*name).to_owned()).collect();
        let mut bytes = format!("\u{feff}{}\r\n{}\r\n", reversed(&header), reversed(&rows[0])).into_bytes();
        bytes.extend_from_slice(reversed(&rows[1]).as_bytes());
        let broken = bytes.len() - 3;
        bytes[broken] = 0xff;
        std::fs::write(bench.path("sheet.csv"), &bytes).unwrap();
        let done = bench.import("sheet.csv", &none).await.unwrap();
        assert_eq!((done.accepted, done.refused), (1, 1));
        assert!(bench.has(&residents(1)[0].nik).await);
    })
    .await;
}
