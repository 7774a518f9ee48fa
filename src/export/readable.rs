//! The document on paper: the same content, in a language. Pure.

use super::document::{Case, Check, Dispute, Document, Event, MOST, StaffView};
use super::words::{self, KEPT_FOR, say};
use crate::attribute::Attribute;
use crate::base64url;
use crate::clock::Timestamp;
use crate::disclosure::AttributeValue;
use crate::error::{Language, Text};
use crate::pdf::flow::{Column, WIDTH};
use crate::pdf::{self, Flow, PdfError};

/// The portrait, in millimetres.
const PORTRAIT: (f32, f32) = (30.0, 40.0);

/// How a copy was asked for, which it says on its first page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// In the app with the PIN, together with the JSON document of this SHA-256.
    App { digest: [u8; 32] },
    /// At a counter, by two people of an office.
    Counter,
}

/// The document as PDF/UA-1. Some ten thousand entries take a second: call it off the async threads.
///
/// # Errors
/// When the portrait is no JPEG: a fault of ours.
pub(super) fn write(document: &Document, origin: Origin, language: Language) -> Result<Vec<u8>, PdfError> {
    let mut paper = Paper { flow: Flow::default(), language };
    let title = paper.text(Text::new("Salinan data KTP Digital", "Copy of the data of a digital KTP"));
    paper.flow.title(title);
    paper.head(document, origin);
    paper.data(document);
    paper.consent_and_contact(document);
    paper.events(&document.events);
    paper.checks(&document.checks);
    paper.disputes(&document.disputes);
    paper.corrections(&document.corrections);
    paper.staff_views(&document.staff_views);
    paper.kept_for();
    let made = language.moment(document.made_at);
    let pages = paper.flow.finish(|page, all| match language {
        Language::Indonesian => format!("Salinan data KTP Digital, dibuat {made}. Halaman {page} dari {all}"),
        Language::English => format!("Copy of the data of a digital KTP, made {made}. Page {page} of {all}"),
    });
    pdf::write(title, language.tag(), pages)
}

/// A document that grows, and its language.
struct Paper {
    flow: Flow,
    language: Language,
}

impl Paper {
    const fn text(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    fn say(&self, word: &str, known: Option<Text>) -> String {
        say(word, known, self.language)
    }

    fn word(&self, word: Option<&str>, known: fn(&str) -> Option<Text>) -> String {
        word.map(|word| self.say(word, known(word))).unwrap_or_default()
    }

    /// To the second, in western Indonesian time.
    fn time(&self, at: Timestamp) -> String {
        let form = match self.language {
            Language::Indonesian => "%d-%m-%Y %H.%M.%S",
            Language::English => "%Y-%m-%d %H:%M:%S",
        };
        at.in_jakarta().strftime(form).to_string()
    }

    /// `1990-08-17` as on the KTP-el where the reader knows it so.
    fn date(&self, date: &str) -> String {
        match self.language {
            Language::Indonesian => date.rsplit('-').collect::<Vec<_>>().join("-"),
            Language::English => date.to_owned(),
        }
    }

    fn facts(&mut self, width: f32, facts: &[(Text, String)]) {
        let facts: Vec<_> = facts.iter().map(|(name, value)| (self.text(*name).to_owned(), value.clone())).collect();
        self.flow.facts(width, &facts);
    }

    /// A part with a table, or with a word that there is nothing.
    fn part(&mut self, name: Text, columns: &[(Text, f32)], rows: Vec<Vec<String>>) {
        let name = self.text(name);
        self.flow.heading(&format!("{name} ({})", rows.len()));
        if rows.is_empty() {
            let nothing = self.text(Text::new("Tidak ada.", "None."));
            return self.flow.paragraph(nothing);
        }
        if rows.len() >= MOST {
            let newest = self.text(Text::new("Hanya yang terbaru.", "Only the newest."));
            self.flow.paragraph(newest);
        }
        let columns: Vec<_> =
            columns.iter().map(|(name, width)| Column { name: self.text(*name), width: *width }).collect();
        self.flow.table(&columns, rows);
    }

    fn head(&mut self, document: &Document, origin: Origin) {
        let made = self.language.moment(document.made_at);
        let how = self.text(match origin {
            Origin::App { .. } => {
                Text::new("atas permintaan pemegang, dengan PIN", "at the holder's request, with the PIN")
            }
            Origin::Counter => Text::new(
                "atas permintaan pemegang di loket, setelah dua petugas mencocokkan wajah",
                "at the holder's request at a counter, after two officers compared the face",
            ),
        });
        let lead = match self.language {
            Language::Indonesian => {
                format!("Dibuat {made} {how}. Semua waktu dalam WIB (UTC+7). Yang terbaru ditulis lebih dahulu.")
            }
            Language::English => format!("Made {made} {how}. All times are WIB (UTC+7). What is newest comes first."),
        };
        self.flow.paragraph(&lead);
        let Origin::App { digest } = origin else { return };
        let belongs = self.text(Text::new(
            "Isinya sama dengan dokumen JSON bertanda tangan yang dibuat bersamanya. SHA-256 dokumen JSON itu (isi \"payload\" sesudah base64url dibuka):",
            "It says the same as the signed JSON document that was made with it. SHA-256 of that document (what \"payload\" decodes to from base64url):",
        ));
        self.flow.paragraph(belongs);
        self.flow.bold(&data_encoding::HEXLOWER.encode(&digest));
    }

    fn data(&mut self, document: &Document) {
        let data = &document.data;
        let name = self.text(Text::new("Data", "Data"));
        self.flow.heading(name);
        let as_of = self.time(data.as_of);
        let source = match self.language {
            Language::Indonesian => format!("Sumber: {}, per {as_of}.", data.source),
            Language::English => format!("Source: population register ({}), as of {as_of}.", data.source),
        };
        self.flow.paragraph(&source);
        let portrait = data.portrait.as_deref().and_then(base64url::decode);
        let says = self.text(Text::new("Pas foto pemegang", "Portrait of the holder"));
        let width = portrait.map_or(WIDTH, |jpeg| self.flow.picture_at_right(PORTRAIT, &jpeg, says));
        let shown = |value: &AttributeValue, attribute| match value {
            AttributeValue::Flag(flag) => self.text(words::flag(*flag)).to_owned(),
            AttributeValue::Text(text) if attribute == Attribute::BirthDate => self.date(text),
            AttributeValue::Text(text) => self.say(text, words::value(attribute, text)),
        };
        let facts: Vec<_> =
            data.attributes.iter().map(|(attribute, value)| (attribute.label(), shown(value, attribute))).collect();
        self.facts(width, &facts);
    }

    fn consent_and_contact(&mut self, document: &Document) {
        let name = self.text(Text::new("Persetujuan", "Consent"));
        self.flow.heading(name);
        match &document.consent {
            Some(consent) => {
                let facts = [
                    (Text::new("Versi ketentuan", "Version of the terms"), consent.terms_version.clone()),
                    (Text::new("Disetujui pada", "Accepted at"), self.time(consent.accepted_at)),
                ];
                self.facts(WIDTH, &facts);
            }
            None => {
                let nothing = self.text(Text::new("Tidak tersimpan lagi.", "Not kept any more."));
                self.flow.paragraph(nothing);
            }
        }
        let name = self.text(Text::new("Kontak", "Contact"));
        self.flow.heading(name);
        let contact = &document.contact;
        let language = match contact.language {
            "en" => Text::new("Inggris", "English"),
            _ => Text::new("Indonesia", "Indonesian"),
        };
        let facts = [
            (
                Text::new("Surel", "E-mail"),
                contact.email.as_ref().map(|email| email.expose().clone()).unwrap_or_default(),
            ),
            (Text::new("Bahasa", "Language"), self.text(language).to_owned()),
        ];
        self.facts(WIDTH, &facts);
    }

    fn events(&mut self, events: &[Event]) {
        let row = |event: &Event| {
            vec![
                self.time(event.at),
                self.say(event.what, words::event(event.what, event.reason)),
                self.word(event.reason, words::stop),
                self.say(&event.by, words::actor(&event.by)),
                event.office.clone().unwrap_or_default(),
            ]
        };
        let rows = events.iter().map(row).collect();
        let columns = [(WHEN, 33.0), (WHAT, 51.0), (WHY, 34.0), (BY, 21.0), (OFFICE, 35.0)];
        self.part(Text::new("Peristiwa", "Events"), &columns, rows);
    }

    fn checks(&mut self, checks: &[Check]) {
        let row = |check: &Check| {
            let disclosed: Vec<_> = check.disclosed.iter().map(|name| self.say(name, words::attribute(name))).collect();
            vec![
                self.time(check.at),
                check.relying_party.clone(),
                format!("{} ({})", check.purpose.text(self.language), check.purpose.code),
                disclosed.join(", "),
                self.result(check),
            ]
        };
        let rows = checks.iter().map(row).collect();
        let columns = [(WHEN, 33.0), (WHO, 35.0), (PURPOSE, 37.0), (SHOWN, 41.0), (RESULT, 28.0)];
        self.part(Text::new("Pemeriksaan", "Checks"), &columns, rows);
    }

    fn result(&self, check: &Check) -> String {
        let valid = if check.result == "valid" { Text::new("Sah", "Valid") } else { Text::new("Tidak sah", "Invalid") };
        let mut result = self.text(valid).to_owned();
        if let Some(reason) = check.reason {
            result = format!("{result}: {}", self.say(reason, words::refusal(reason)));
        }
        match (check.repeats, self.language) {
            (0, _) => result,
            (times, Language::Indonesian) => format!("{result}; diulang {times} kali"),
            (times, Language::English) => format!("{result}; repeated {times} times"),
        }
    }

    fn disputes(&mut self, disputes: &[Dispute]) {
        let row = |dispute: &Dispute| {
            let state = self.say(dispute.state, words::dispute(dispute.state));
            let ending = dispute.ending.map(|ending| self.say(ending, words::dispute(ending)));
            let words = dispute.words.as_ref().map(|words| words.expose().clone());
            let answer = [Some(self.word(dispute.finding, words::finding)).filter(|said| !said.is_empty()), words];
            vec![
                self.time(dispute.opened_at),
                format!("{}, {}", dispute.relying_party, self.time(dispute.checked_at)),
                format!("{} ({})", dispute.purpose.text(self.language), dispute.purpose.code),
                [Some(state), ending].into_iter().flatten().collect::<Vec<_>>().join(", "),
                answer.into_iter().flatten().collect::<Vec<_>>().join(". "),
            ]
        };
        let rows = disputes.iter().map(row).collect();
        let columns = [(REPORTED, 33.0), (CHECKED, 39.0), (PURPOSE, 34.0), (STATE, 26.0), (ANSWER, 42.0)];
        self.part(
            Text::new("Laporan pemeriksaan yang tidak Anda kenal", "Reports of checks that you do not know"),
            &columns,
            rows,
        );
    }

    fn corrections(&mut self, cases: &[Case]) {
        let row = |case: &Case| {
            let fields: Vec<_> = case.fields.iter().map(|name| self.say(name, words::attribute(name))).collect();
            let kind = self.say(case.kind, words::case(case.kind));
            let ended = case.ended_at.map(|at| self.time(at)).unwrap_or_default();
            vec![
                self.time(case.opened_at),
                if fields.is_empty() { kind } else { format!("{kind}: {}", fields.join(", ")) },
                format!("{} {ended}", self.say(case.state, words::case_state(case.state))),
                case.office.clone().unwrap_or_default(),
                case.words.as_ref().map(|words| words.expose().clone()).unwrap_or_default(),
            ]
        };
        let rows = cases.iter().map(row).collect();
        let columns = [(OPENED, 33.0), (ABOUT, 43.0), (STATE, 33.0), (OFFICE, 28.0), (WORDS, 37.0)];
        self.part(Text::new("Kasus ketidaksesuaian data", "Correction cases"), &columns, rows);
    }

    fn staff_views(&mut self, views: &[StaffView]) {
        let row = |view: &StaffView| {
            vec![
                self.time(view.at),
                self.say(&view.what, words::act(&view.what)),
                self.say(&view.by, words::actor(&view.by)),
                view.office.clone().unwrap_or_default(),
            ]
        };
        let rows = views.iter().map(row).collect();
        let columns = [(WHEN, 33.0), (WHAT, 65.0), (BY, 28.0), (OFFICE, 48.0)];
        self.part(Text::new("Yang dilihat dan dilakukan petugas", "What officers looked at and did"), &columns, rows);
    }

    fn kept_for(&mut self) {
        let name = self.text(Text::new("Berapa lama disimpan", "How long it is kept"));
        self.flow.heading(name);
        let facts: Vec<_> = KEPT_FOR.iter().map(|kept| (kept.what, self.text(kept.until).to_owned())).collect();
        self.facts(WIDTH, &facts);
    }
}

const WHEN: Text = Text::new("Waktu", "Time");
const WHAT: Text = Text::new("Apa", "What");
const WHY: Text = Text::new("Alasan", "Reason");
const BY: Text = Text::new("Oleh", "By");
const OFFICE: Text = Text::new("Kantor", "Office");
const WHO: Text = Text::new("Lembaga", "Relying party");
const PURPOSE: Text = Text::new("Keperluan", "Purpose");
const SHOWN: Text = Text::new("Yang tampil", "What was shown");
const RESULT: Text = Text::new("Hasil", "Result");
const REPORTED: Text = Text::new("Dilaporkan", "Reported");
const CHECKED: Text = Text::new("Pemeriksaan", "Check");
const STATE: Text = Text::new("Keadaan", "State");
const ANSWER: Text = Text::new("Jawaban", "Answer");
const OPENED: Text = Text::new("Dibuka", "Opened");
const ABOUT: Text = Text::new("Tentang", "About");
const WORDS: Text = Text::new("Kata petugas", "The officer's words");
