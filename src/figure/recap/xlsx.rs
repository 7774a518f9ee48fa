//! The recap as a workbook: formulas with their values, ready to be printed and signed.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::super::model::date_of;
use super::Signatures;
use super::columns::{self, Column, Value};
use super::model::{Daily, Document, Row, Session};
use super::words;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::life::TallyKind;
use crate::register::Region;

type Done = std::result::Result<(), XlsxError>;

/// A4.
const PAPER: u8 = 9;
/// The row of the heads of a table, and its first row; from 0.
const HEADS: u32 = 4;
const FIRST: u32 = HEADS + 1;

/// How cells look.
struct Looks {
    title: Format,
    plain: Format,
    bold: Format,
    head: Format,
    text: Format,
    count: Format,
    percent: Format,
    sum: Format,
    sum_percent: Format,
    note: Format,
}

impl Looks {
    fn new() -> Self {
        let boxed = Format::new().set_border(FormatBorder::Thin);
        let grey = Color::RGB(0x00e7_e9ee);
        Self {
            title: Format::new().set_bold().set_font_size(14),
            plain: Format::new(),
            bold: Format::new().set_bold(),
            head: boxed.clone().set_bold().set_text_wrap().set_align(FormatAlign::Center).set_background_color(grey),
            text: boxed.clone(),
            count: boxed.clone().set_num_format("#,##0"),
            percent: boxed.clone().set_num_format("0.00%"),
            sum: boxed.clone().set_bold().set_num_format("#,##0").set_background_color(grey),
            sum_percent: boxed.set_bold().set_num_format("0.00%").set_background_color(grey),
            note: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        }
    }
}

/// The workbook, as bytes.
///
/// # Errors
/// When it cannot be written: a fault of ours.
pub fn write(document: &Document, signatures: &Signatures) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let paper = Paper { document, signatures, looks: Looks::new() };
    paper.fill(&mut book).map_err(Error::internal)?;
    book.save_to_buffer().map_err(Error::internal)
}

struct Paper<'a> {
    document: &'a Document,
    signatures: &'a Signatures,
    looks: Looks,
}

/// A count as a cell has it.
fn number(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX }))
}

fn moment(at: Timestamp) -> String {
    at.in_jakarta().strftime("%d-%m-%Y %H.%M WIB").to_string()
}

impl Paper<'_> {
    fn fill(&self, book: &mut Workbook) -> Done {
        let as_of = Timestamp::from_micros(self.document.as_of);
        let made = ExcelDateTime::from_timestamp(as_of.seconds())?;
        let title = format!("Rekap KTP Digital {}", words::month(self.document.month()));
        book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&made));
        self.summary(self.sheet(book, "Ringkasan")?)?;
        self.table(self.sheet(book, "Per Kecamatan")?, &self.document.districts)?;
        self.table(self.sheet(book, "Per Kel-Desa")?, &self.document.villages)?;
        self.daily(self.sheet(book, "Harian")?)?;
        self.funnel(self.sheet(book, "Corong")?)?;
        self.reasons(self.sheet(book, "Alasan")?)?;
        self.outreach(self.sheet(book, "Jemput Bola")?)?;
        self.notes(self.sheet(book, "Keterangan")?)
    }

    /// A sheet with its title, office, month and footer.
    fn sheet<'b>(&self, book: &'b mut Workbook, name: &str) -> std::result::Result<&'b mut Worksheet, XlsxError> {
        let as_of = moment(Timestamp::from_micros(self.document.as_of));
        let month = words::month(self.document.month());
        let region = Region::from_code(self.document.scope);
        let place = format!("{} ({})", region.name().unwrap_or_default(), region.dotted());
        let state = if self.signatures.signed.is_some() { "" } else { " (belum ditandatangani)" };
        let sheet = book.add_worksheet();
        sheet.set_name(name)?.set_landscape().set_paper_size(PAPER).set_print_fit_to_pages(1, 0);
        sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
        sheet.set_footer(format!("&L{name}, {month}{state}&CHalaman &P dari &N&RData per {as_of}"));
        let title = format!("REKAPITULASI KTP DIGITAL: {}", name.to_uppercase());
        sheet.write_string_with_format(0, 0, title, &self.looks.title)?;
        sheet.write_string_with_format(1, 0, format!("{}, {place}", self.document.office), &self.looks.bold)?;
        sheet.write_string_with_format(2, 0, format!("{month}{state}, data per {as_of}"), &self.looks.plain)?;
        Ok(sheet)
    }

    fn heads(&self, sheet: &mut Worksheet, row: u32, heads: &[&str]) -> Done {
        for (place, head) in (0..).zip(heads) {
            sheet.write_string_with_format(row, place, *head, &self.looks.head)?;
        }
        Ok(())
    }

    fn text(&self, sheet: &mut Worksheet, (row, place): (u32, u16), text: &str) -> Done {
        sheet.write_string_with_format(row, place, text, &self.looks.text).map(|_| ())
    }

    fn count(&self, sheet: &mut Worksheet, (row, place): (u32, u16), n: Option<i64>) -> Done {
        match n {
            Some(n) => sheet.write_number_with_format(row, place, number(n), &self.looks.count)?,
            None => sheet.write_blank(row, place, &self.looks.count)?,
        };
        Ok(())
    }

    /// A sum of the cells above, from a row on, with its value.
    fn sum(&self, sheet: &mut Worksheet, (row, place): (u32, u16), from: u32, n: i64) -> Done {
        let letter = char::from(b'A' + u8::try_from(place).unwrap_or_default());
        let formula = Formula::new(format!("=SUM({letter}{}:{letter}{row})", from + 1)).set_result(n.to_string());
        sheet.write_formula_with_format(row, place, formula, &self.looks.sum).map(|_| ())
    }

    /// The table of a level, with a last line of sums.
    fn table(&self, sheet: &mut Worksheet, rows: &[Row]) -> Done {
        for column in columns::ALL {
            sheet.set_column_width(column.place(), column.width())?;
        }
        sheet.set_row_height(HEADS, 45)?;
        self.heads(sheet, HEADS, &columns::ALL.map(Column::head))?;
        sheet.set_repeat_rows(HEADS, HEADS)?;
        sheet.set_freeze_panes(FIRST, 4)?;
        let ranks = Document::ranks(rows);
        let mut sums = [0; columns::ALL.len()];
        for (at, (line, row)) in (FIRST..).zip(rows).enumerate() {
            for (column, sum) in columns::ALL.into_iter().zip(&mut sums) {
                let value = column.value(row, (at + 1, self.document.month()), &ranks);
                if let Value::Count(n) = value {
                    *sum += n;
                }
                self.cell(sheet, line, column, value, row)?;
            }
        }
        let last = FIRST + u32::try_from(rows.len()).unwrap_or_default();
        self.sums(sheet, last, rows, &sums)?;
        self.signature(sheet, last + 2, Column::Missing.place())
    }

    fn cell(&self, sheet: &mut Worksheet, line: u32, column: Column, value: Value, row: &Row) -> Done {
        let place = (line, column.place());
        match value {
            Value::Blank => sheet.write_blank(place.0, place.1, &self.looks.text).map(|_| ()),
            Value::Text(text) => self.text(sheet, place, &text),
            Value::Count(n) if column == Column::Active => {
                let formula = balance(line + 1).set_result(n.to_string());
                sheet.write_formula_with_format(place.0, place.1, formula, &self.looks.count).map(|_| ())
            }
            Value::Count(n) => self.count(sheet, place, Some(n)),
            Value::Percent(_) => {
                let whole = if column == Column::PercentTarget { row.target } else { row.recorded };
                let (formula, of) = (share(line + 1, column), whole.unwrap_or(1));
                let formula = formula.set_result((number(row.active()) / number(of)).to_string());
                sheet.write_formula_with_format(place.0, place.1, formula, &self.looks.percent).map(|_| ())
            }
        }
    }

    fn sums(&self, sheet: &mut Worksheet, line: u32, rows: &[Row], sums: &[i64; columns::ALL.len()]) -> Done {
        let month = self.document.month();
        // A sum over something unknown would be a wrong one: then there is none.
        let is_known = |column: Column| {
            let known = |row: &Row| column.value(row, (1, month), &Default::default()) != Value::Blank;
            rows.iter().filter(|row| !row.correction).all(known)
        };
        let of = |column: Column| sums[usize::from(column.place())];
        for column in columns::ALL {
            let place = column.place();
            match column {
                Column::District => {
                    sheet.write_string_with_format(line, place, "Jumlah", &self.looks.sum)?;
                }
                Column::PercentRecorded | Column::PercentTarget => {
                    let whole = if column == Column::PercentTarget { Column::Target } else { Column::Recorded };
                    if is_known(whole) && of(whole) > 0 {
                        let share = share(line + 1, column)
                            .set_result((number(of(Column::Active)) / number(of(whole))).to_string());
                        sheet.write_formula_with_format(line, place, share, &self.looks.sum_percent)?;
                    } else {
                        sheet.write_blank(line, place, &self.looks.sum)?;
                    }
                }
                Column::Missing if is_known(Column::Target) => {
                    let (target, active) = (Column::Target.letter(), Column::Active.letter());
                    let missing = of(Column::Target) - of(Column::Active);
                    let formula =
                        Formula::new(format!("={target}{0}-{active}{0}", line + 1)).set_result(missing.to_string());
                    sheet.write_formula_with_format(line, place, formula, &self.looks.sum)?;
                }
                column if column.is_added() && is_known(column) => self.sum(sheet, (line, place), FIRST, of(column))?,
                _ => {
                    sheet.write_blank(line, place, &self.looks.sum)?;
                }
            }
        }
        Ok(())
    }

    fn summary(&self, sheet: &mut Worksheet) -> Done {
        let row = &self.document.total;
        sheet.set_column_width(0, 74)?.set_column_width(1, 18)?;
        self.heads(sheet, HEADS, &["Uraian", "Jumlah"])?;
        let unrecorded = row.eligible.zip(row.recorded).map(|(eligible, recorded)| eligible - recorded);
        let counts = [
            ("Jumlah penduduk", row.population),
            ("Wajib KTP-el", row.eligible),
            ("Sudah rekam", row.recorded),
            ("Belum rekam", unrecorded),
            ("Target", row.target),
            ("Aktif s.d. bulan lalu", Some(row.last)),
            ("Aktivasi baru", Some(row.of(TallyKind::ActivatedFirst))),
            ("Aktivasi ulang", Some(row.of(TallyKind::ActivatedAgain))),
            ("Nonaktif", Some(row.of(TallyKind::Ended))),
            ("Pindah masuk", Some(row.of(TallyKind::MovedIn))),
            ("Pindah keluar", Some(row.of(TallyKind::MovedOut))),
        ];
        let mut line = FIRST;
        for (name, n) in counts {
            self.text(sheet, (line, 0), name)?;
            self.count(sheet, (line, 1), n)?;
            line += 1;
        }
        self.text(sheet, (line, 0), "Aktif s.d. bulan ini")?;
        let [last, first, again, ended, moved_in, moved_out] = [6, 5, 4, 3, 2, 1].map(|up| line + 1 - up);
        let formula = Formula::new(format!("=B{last}+B{first}+B{again}-B{ended}+B{moved_in}-B{moved_out}"));
        sheet.write_formula_with_format(line, 1, formula.set_result(row.active().to_string()), &self.looks.sum)?;
        // Recorded stands nine lines above what is active, the target seven.
        let shares = [("% dari yang sudah rekam", 9, row.recorded), ("% dari target", 7, row.target)];
        let active = line + 1;
        for (name, up, whole) in shares {
            line += 1;
            self.text(sheet, (line, 0), name)?;
            match whole.filter(|whole| *whole > 0) {
                Some(whole) => {
                    let share = Formula::new(format!("=B{active}/B{}", active - up));
                    let share = share.set_result((number(row.active()) / number(whole)).to_string());
                    sheet.write_formula_with_format(line, 1, share, &self.looks.percent)?;
                }
                None => {
                    sheet.write_blank(line, 1, &self.looks.text)?;
                }
            }
        }
        let more = [
            ("Dilayani sendiri (aktivasi penduduk wilayah ini)", row.served_here),
            ("Dilayani di luar (aktivasi penduduk wilayah ini)", row.served_elsewhere()),
            ("Penduduk luar daerah yang dilayani kantor ini (tidak tercatat dalam target)", self.document.outsiders),
        ];
        for (name, n) in more {
            line += 1;
            self.text(sheet, (line, 0), name)?;
            self.count(sheet, (line, 1), Some(n))?;
        }
        self.signature(sheet, line + 2, 1)
    }

    fn daily(&self, sheet: &mut Worksheet) -> Done {
        sheet.set_column_width(0, 14)?;
        self.heads(sheet, HEADS, &["Tanggal", "Dipindai", "Disetujui", "Dikembalikan", "Ditolak", "Aktivasi"])?;
        sheet.set_repeat_rows(HEADS, HEADS)?;
        sheet.set_freeze_panes(FIRST, 1)?;
        let mut sums = [0; 5];
        let mut line = FIRST;
        for Daily { day, scanned, approved, returned, rejected, activated } in &self.document.daily {
            self.text(sheet, (line, 0), &date_of(*day).to_string())?;
            for ((place, n), sum) in (1..).zip([scanned, approved, returned, rejected, activated]).zip(&mut sums) {
                self.count(sheet, (line, place), Some(*n))?;
                *sum += n;
            }
            line += 1;
        }
        sheet.write_string_with_format(line, 0, "Jumlah", &self.looks.sum)?;
        for (place, n) in (1..).zip(sums) {
            self.sum(sheet, (line, place), FIRST, n)?;
        }
        Ok(())
    }

    fn funnel(&self, sheet: &mut Worksheet) -> Done {
        sheet.set_column_width(0, 40)?.set_column_width(1, 14)?.set_column_width(2, 14)?.set_column_width(3, 14)?;
        let mut line = HEADS;
        let parts = [
            ("Kohor: penduduk wilayah ini yang mendaftar bulan ini", &self.document.cohort),
            ("Arus: yang terjadi di kantor ini bulan ini", &self.document.flow),
        ];
        for (head, counts) in parts {
            self.heads(sheet, line, &[head, "Jumlah"])?;
            for (kind, n) in counts {
                line += 1;
                self.text(sheet, (line, 0), words::of(kind))?;
                self.count(sheet, (line, 1), Some(*n))?;
            }
            line += 2;
        }
        self.heads(sheet, line, &["Lama tunggu (menit)", "Banyaknya", "Median", "Persentil 90"])?;
        for (kind, waited) in &self.document.waits {
            line += 1;
            self.text(sheet, (line, 0), words::of(kind))?;
            for (place, at) in (1..).zip(0..3) {
                self.count(sheet, (line, place), waited.map(|waited| waited[at]))?;
            }
        }
        Ok(())
    }

    fn reasons(&self, sheet: &mut Worksheet) -> Done {
        sheet.set_column_width(0, 20)?.set_column_width(1, 36)?;
        self.heads(sheet, HEADS, &["Keputusan", "Alasan", "Jumlah"])?;
        let mut line = FIRST;
        for (kind, why, n) in &self.document.reasons {
            self.text(sheet, (line, 0), words::of(kind))?;
            self.text(sheet, (line, 1), words::of(why))?;
            self.count(sheet, (line, 2), Some(*n))?;
            line += 1;
        }
        if line > FIRST {
            sheet.write_string_with_format(line, 0, "Jumlah", &self.looks.sum)?;
            sheet.write_blank(line, 1, &self.looks.sum)?;
            self.sum(sheet, (line, 2), FIRST, self.document.reasons.iter().map(|(_, _, n)| n).sum())?;
        }
        Ok(())
    }

    fn outreach(&self, sheet: &mut Worksheet) -> Done {
        sheet.set_column_width(0, 14)?.set_column_width(1, 20)?.set_column_width(2, 34)?;
        self.heads(sheet, HEADS, words::OUTREACH)?;
        sheet.set_row_height(HEADS, 30)?;
        sheet.set_repeat_rows(HEADS, HEADS)?;
        sheet.set_freeze_panes(FIRST, 1)?;
        let mut sums = [0; 7];
        let mut line = FIRST;
        for session in &self.document.outreach {
            let region = Region::from_code(session.village);
            self.text(sheet, (line, 0), &date_of(session.day).to_string())?;
            self.text(sheet, (line, 1), words::of(&session.kind))?;
            self.text(sheet, (line, 2), region.name().unwrap_or_default())?;
            let Session { capacity, scanned, activated, pending, waiting, returned, ended, .. } = session;
            for ((place, n), sum) in
                (3..).zip([capacity, scanned, activated, pending, waiting, returned, ended]).zip(&mut sums)
            {
                self.count(sheet, (line, place), Some(*n))?;
                *sum += n;
            }
            self.count(sheet, (line, 10), session.offline_minutes)?;
            line += 1;
        }
        if line == FIRST {
            return self.text(sheet, (line, 0), "Tidak ada sesi");
        }
        sheet.write_string_with_format(line, 0, "Jumlah", &self.looks.sum)?;
        for place in [1, 2, 10] {
            sheet.write_blank(line, place, &self.looks.sum)?;
        }
        for (place, n) in (3..).zip(sums) {
            self.sum(sheet, (line, place), FIRST, n)?;
        }
        Ok(())
    }

    fn notes(&self, sheet: &mut Worksheet) -> Done {
        sheet.set_column_width(0, 120)?;
        for (line, note) in (HEADS..).zip(words::NOTES) {
            sheet.write_string_with_format(line, 0, *note, &self.looks.note)?;
        }
        Ok(())
    }

    /// Who knows of it, and who made it.
    fn signature(&self, sheet: &mut Worksheet, line: u32, place: u16) -> Done {
        let plain = |sheet: &mut Worksheet, at: u32, column: u16, text: String| -> Done {
            sheet.write_string_with_format(line + at, column, text, &self.looks.plain).map(|_| ())
        };
        let dots = || String::from("(................................)");
        let (signed_by, signed_at) = match &self.signatures.signed {
            Some((name, at)) => (name.clone(), format!("Ditandatangani dalam sistem {}", moment(*at))),
            None => (dots(), String::from("Belum ditandatangani")),
        };
        let asked_by = self.signatures.asked_by.clone().unwrap_or_else(dots);
        let titles = ["Dibuat oleh,", "Mengetahui,"];
        let people = [("Penyelia (Kabid PIAK)", asked_by, String::new()), ("Kepala Dinas", signed_by, signed_at)];
        for ((column, title), (role, name, when)) in [0, place].into_iter().zip(titles).zip(people) {
            plain(sheet, 0, column, title.to_owned())?;
            plain(sheet, 1, column, role.to_owned())?;
            plain(sheet, 2, column, when)?;
            plain(sheet, 4, column, name)?;
            plain(sheet, 5, column, String::from("NIP ................................"))?;
        }
        Ok(())
    }
}

/// What is active at the end of a month, of the cells of a line.
fn balance(line: u32) -> Formula {
    let [last, first, again] = [Column::Last, Column::First, Column::Again].map(Column::letter);
    let [ended, moved_in, moved_out] = [Column::Ended, Column::MovedIn, Column::MovedOut].map(Column::letter);
    Formula::new(format!("={last}{line}+{first}{line}+{again}{line}-{ended}{line}+{moved_in}{line}-{moved_out}{line}"))
}

/// The part of what is active, of the cells of a line.
fn share(line: u32, column: Column) -> Formula {
    let whole = if column == Column::PercentTarget { Column::Target } else { Column::Recorded };
    Formula::new(format!("={}{line}/{}{line}", Column::Active.letter(), whole.letter()))
}
