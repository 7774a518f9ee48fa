//! Who is told what became of a case: a holder by a notice to every address, whoever only registers by a message to theirs.

use askama::Template;
use uuid::Uuid;

use super::model::{Correction, Kind, State};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Language, Result, Text as Words};
use crate::life::EventKind;
use crate::life::model::{first_name, reference};
use crate::life::ports::{self as life, By};
use crate::mail::{Email, INVENTED_NAME, MailKind, Message, Sample, outbox};
use crate::secret::Redacted;

/// The message to whoever registers; it refers to the case.
pub const CORRECTION_NEWS: MailKind = MailKind::new("correction", 5);

/// The message to whoever registers that their case lapses soon; it refers to the case.
pub const CORRECTION_DUE: MailKind = MailKind::new("correction_due", 5);

/// Reminds the resident that a case which waits for them lapses soon, in the transaction that notes it.
pub(super) async fn remind(context: &Context, tx: &mut Tx, case: &Correction, now: Timestamp) -> Result<()> {
    match case.resident_id {
        Some(resident) => life::happened(context, tx, (resident, EventKind::CorrectionDue), now, By::system()).await,
        // As in `tell`: nobody has seen who opened it.
        None if case.state == State::Opened => Ok(()),
        None => Ok(outbox::enqueue(tx, &context.random, now, CORRECTION_DUE, case.correction_id).await.map(|_| ())?),
    }
}

/// Tells the resident of a step, in its transaction.
pub(super) async fn tell(
    context: &Context,
    tx: &mut Tx,
    case: &Correction,
    kind: EventKind,
    by: By,
    now: Timestamp,
) -> Result<()> {
    match case.resident_id {
        Some(resident) => life::happened(context, tx, (resident, kind), now, by).await,
        // Whoever opened it alone, or took it back, has it on the screen; the address may not be theirs.
        None if case.state == State::Opened => Ok(()),
        None if case.state == State::Withdrawn => {
            outbox::supersede(tx, CORRECTION_NEWS, case.correction_id).await?;
            Ok(outbox::supersede(tx, CORRECTION_DUE, case.correction_id).await.map(|_| ())?)
        }
        None => {
            outbox::supersede(tx, CORRECTION_NEWS, case.correction_id).await?;
            outbox::enqueue(tx, &context.random, now, CORRECTION_NEWS, case.correction_id).await?;
            Ok(())
        }
    }
}

#[derive(Template)]
#[template(path = "mail/correction.txt")]
struct Text<'a> {
    language: Language,
    news: &'a News<'a>,
}

#[derive(Template)]
#[template(path = "mail/correction.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    news: &'a News<'a>,
}

/// What a message says.
struct News<'a> {
    first_name: &'a str,
    what: &'static str,
    next: &'static str,
    kind: &'static str,
    reference: &'a str,
}

/// Which registration a message is about, and how its case stands; `None` when it was deleted, or became a holder's.
///
/// # Errors
/// When the database does not answer.
pub async fn subject(tx: &mut Tx, message: Message) -> Result<Option<(Uuid, Correction)>> {
    let case = store::lookup(tx, message.reference).await?.filter(|case| case.resident_id.is_none());
    // Nobody is reminded of what has ended meanwhile.
    let case = case.filter(|case| message.kind != CORRECTION_DUE || case.ended_at.is_none());
    Ok(case.and_then(|case| Some((case.registration_id?, case))))
}

/// Writes the message about `case` to somebody who registers. Of the person it names the first name only.
///
/// # Errors
/// A fault of ours.
pub fn compose(
    message: Message,
    case: &Correction,
    (email, full_name): (Redacted<String>, &str),
    language: Language,
) -> Result<Email> {
    let words = if message.kind == CORRECTION_DUE { due() } else { said(case.state) };
    let reference = reference(case.correction_id);
    let (subject, text, html) =
        write(language, words, case.kind, (&first_name(full_name), &reference)).map_err(Error::internal)?;
    Ok(Email { mail_id: message.mail_id, to: email, subject: subject.to_owned(), text, html, language })
}

/// What these messages would say: of each state that somebody is told of, or the reminder.
///
/// # Errors
/// When one cannot be put together.
pub fn samples(kind: MailKind, language: Language) -> Result<Vec<Sample>> {
    let told = [State::WaitingResident, State::InRegister, State::Resolved, State::Refused, State::Lapsed];
    let words = if kind == CORRECTION_DUE { vec![due()] } else { told.map(said).into() };
    let reference = reference(Uuid::nil());
    let about = Kind::RegisterMisspelling;
    words.into_iter().map(|words| Sample::of(write(language, words, about, (INVENTED_NAME, &reference)))).collect()
}

fn write(
    language: Language,
    (title, what, next): (Words, Words, Words),
    kind: Kind,
    (first_name, reference): (&str, &str),
) -> askama::Result<(&'static str, String, String)> {
    let news = News {
        first_name,
        what: what.in_language(language),
        next: next.in_language(language),
        kind: title_of(kind).in_language(language),
        reference,
    };
    let subject = title.in_language(language);
    let text = Text { language, news: &news }.render()?;
    let html = Html { language, subject, news: &news }.render()?;
    Ok((subject, text, html))
}

const fn title_of(kind: Kind) -> Words {
    kind.guide().title
}

const fn due() -> (Words, Words, Words) {
    (
        Words::new("Kasus data Anda segera berakhir", "Your correction case ends soon"),
        Words::new(
            "Kasus data Anda berakhir dalam 14 hari atau kurang, dan masih menunggu Anda. Pendaftaran Anda berakhir bersamanya.",
            "Your correction case ends in 14 days or less, and still waits for you. Your registration ends with it.",
        ),
        Words::new(
            "Buka aplikasi: di sana tertulis apa yang dibawa, ke mana, dan sampai kapan. Tidak perlu lagi? Tarik kasusnya di aplikasi.",
            "Open the app: it says what to bring, where, and until when. Not needed any more? Take the case back in the app.",
        ),
    )
}

/// Subject, what happened, and what to do.
const fn said(state: State) -> (Words, Words, Words) {
    match state {
        State::Opened | State::WaitingResident => (
            Words::new("Kasus data Anda menunggu Anda", "Your correction case waits for you"),
            Words::new(
                "Data pendaftaran KTP Digital Anda berbeda dari database kependudukan; petugas membuka kasus dan menunggu Anda.",
                "The data of your registration for a digital KTP differ from the population register; an officer opened a case and waits for you.",
            ),
            Words::new(
                "Buka aplikasi: di sana tertulis data mana yang berbeda, apa yang dibawa, dan ke mana.",
                "Open the app: it says which data differ, what to bring and where.",
            ),
        ),
        State::InRegister => (
            Words::new("Kasus data Anda diteruskan", "Your correction case was passed on"),
            Words::new(
                "Dokumen Anda sudah diterima; data kependudukan Anda sedang dibetulkan.",
                "Your documents were taken; your data in the population register are being put right.",
            ),
            Words::new(
                "Tidak ada yang perlu Anda lakukan. Begitu datanya sesuai, Anda kami kabari.",
                "You need do nothing. As soon as the data agree we will tell you.",
            ),
        ),
        State::Resolved => (
            Words::new("Siap dilanjutkan", "Ready: you can go on"),
            Words::new(
                "Database kependudukan sekarang sama dengan data Anda; kasus Anda selesai.",
                "The population register now agrees with your data; your case is closed.",
            ),
            Words::new(
                "Buka aplikasi, lalu lanjutkan pendaftaran KTP Digital Anda.",
                "Open the app and go on with your registration for a digital KTP.",
            ),
        ),
        State::Refused => (
            Words::new("Kasus data Anda ditolak", "Your correction case was refused"),
            Words::new("Petugas menolak kasus data Anda.", "An officer refused your correction case."),
            Words::new(
                "Alasannya tertulis di aplikasi. Anda dapat membuka kasus baru atau bertanya di loket Dukcapil.",
                "The app says why. You can open a new case, or ask at a Dukcapil counter.",
            ),
        ),
        State::Withdrawn => (
            Words::new("Kasus data Anda ditarik", "Your correction case was taken back"),
            Words::new("Kasus data Anda ditarik dari aplikasi.", "Your correction case was taken back in the app."),
            Words::new(
                "Bila datanya masih berbeda, buka kasus baru atau datanglah ke loket Dukcapil.",
                "If the data still differ, open a new case or go to a Dukcapil counter.",
            ),
        ),
        State::Lapsed => (
            Words::new("Kasus data Anda berakhir", "Your correction case has ended"),
            Words::new(
                "Dalam 90 hari database kependudukan tidak berubah; kasus Anda berakhir.",
                "The population register did not change within 90 days; your case has ended.",
            ),
            Words::new(
                "Bila datanya masih berbeda, datanglah ke loket Dukcapil dengan KTP-el dan KK, atau buka kasus baru.",
                "If the data still differ, go to a Dukcapil counter with KTP-el and family card, or open a new case.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn each_step_is_told_in_both_languages_with_what_to_do() {
        for (state, (title, what, next)) in
            State::VARIANTS.iter().map(|state| (Some(state), said(*state))).chain([(None, due())])
        {
            assert!(title.id.is_ascii() && title.en.is_ascii(), "a subject needs no encoding");
            assert!([what, next].iter().all(|text| text.id != text.en && text.id.len() > 20), "{state:?}");
        }
        assert_eq!(said(State::Resolved).0.id, "Siap dilanjutkan");
    }
}
