//! Which passwords are too weak.

use std::io;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use super::leaked;
use crate::error::{Error, Refusal, Result};

/// Fewest letters and signs in a password beside known words and numbers that say something.
const LEAST_BESIDE: usize = 8;
/// Digits in a row that say nothing: longer than a NIK (16), a telephone number, two dates. Fewer are what people know of each other.
const MEANINGLESS: usize = 20;

/// Shortest password that is accepted, in characters.
pub const MIN_LENGTH: usize = 12;
/// Longest password that is accepted, in characters.
pub const MAX_LENGTH: usize = 200;
/// Length of the part of a password that is estimated: more costs time and adds nothing.
const JUDGED: usize = 28;
/// Indonesian words that an attacker would try first. The estimator's own lists are English names and words, and
/// passwords that leaked worldwide.
const LOCAL: &str = "\
    indonesia rahasia katasandi sandi dukcapil kependudukan identitas digital petugas penyelia loket kantor \
    operator admin pegawai warga penduduk ktp ktpel ikd disdukcapil kemendagri merdeka januari februari maret \
    april agustus september oktober november desember pancasila garuda nusantara bismillah alhamdulillah \
    assalamualaikum sayang cinta selamat pagi jakarta surabaya bandung medan semarang makassar yogyakarta bali \
    bhinneka terserah lupa masuk kucing mangga pisang persib persija juni juli senin selasa rabu kamis jumat sabtu \
    minggu satu dua tiga empat lima enam tujuh delapan sembilan sepuluh kelurahan kecamatan kabupaten provinsi \
    pelayanan pendaftaran terima kasih aku kamu semangat ayam goreng tunggal ika allahu akbar prabowo gibran \
    jokowi ramadhan ramadan lebaran idulfitri qwerty asdfgh zxcvbn password garut bogor bekasi depok palembang \
    denpasar solo elektronik kementerian dalam negeri";
/// Passwords that everybody has read about, by their letters and digits: the estimator counts their words one by one.
const FAMOUS: [&str; 1] = ["correcthorsebatterystaple"];

/// Refuses passwords that are easily guessed: too short, leaked, or made of words, names, dates, rows of keys, or facts
/// known about the person (`words`: user name, full name, office). The estimate is zxcvbn's, whose lists are part of
/// the program; it must be at least 10^8 guesses (a score of 3). Nothing is demanded of its signs: a long number will do.
///
/// `breached` is the operator's file of passwords that leaked, where there is one ([`leaked::is_breached`]).
///
/// # Errors
/// `invalid_field`; when that file cannot be read.
pub fn check_strength(words: &[&str], password: &str, breached: Option<&Path>) -> Result<()> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(Refusal::field(
            "password",
            "Pakai kata sandi 12-200 karakter; beberapa kata yang tidak berhubungan mudah diingat.",
            "Use a password of 12 to 200 characters; several words that have nothing to do with each other are easy to keep.",
        )
        .into());
    }
    let known: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()).chain([*word]).map(plain))
        .filter(|word| word.chars().count() >= 3)
        .collect();
    // What is typed with other forms of the same letters (fullwidth, ligatures) is as easy to guess as these.
    let folded: String = password.nfkc().take(MAX_LENGTH).collect();
    let judged: String = folded.to_lowercase().chars().take(JUDGED).collect();
    let letters: String = folded.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let inputs: Vec<&str> = known.iter().map(String::as_str).chain(LOCAL.split(' ')).collect();
    if is_made_of(&known, &folded)
        || [password, &folded].into_iter().any(leaked::is_frequent)
        || FAMOUS.contains(&letters.as_str())
        || zxcvbn::zxcvbn(&judged, &inputs).score() < zxcvbn::Score::Three
    {
        return Err(Refusal::field(
            "password",
            "Kata sandi ini mudah ditebak. Pakai beberapa kata yang tidak berhubungan, tanpa nama, kantor, tanggal, atau urutan tombol.",
            "This password is easy to guess. Use several words that have nothing to do with each other, without names, the office, dates or rows of keys.",
        )
        .into());
    }
    let is_breached = |file| Ok(leaked::is_breached(file, password)? || leaked::is_breached(file, &folded)?);
    let leaked: io::Result<Option<bool>> = breached.map(is_breached).transpose();
    if leaked.map_err(|error| Error::internal(format!("staff.breached_passwords: {error}")))? == Some(true) {
        return Err(Refusal::field(
            "password",
            "Kata sandi ini pernah bocor di tempat lain, jadi orang mencobanya. Pakai yang lain.",
            "This password has leaked elsewhere, so people try it. Use another one.",
        )
        .into());
    }
    Ok(())
}

/// Letters and digits in lower case, with the digits and signs that people write for letters read as these.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().map(read_as).filter(|c| c.is_alphanumeric()).collect()
}

const fn read_as(sign: char) -> char {
    match sign {
        '4' | '@' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether a password contains the name of the person or office, forwards or backwards, or little besides such words,
/// place names and short numbers. zxcvbn counts a power of ten for each such word, but an attacker who knows the office tries
/// them first.
fn is_made_of(known: &[String], password: &str) -> bool {
    let signs: Vec<char> = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    // A word may be written with separators between its letters, which are ignored.
    let letters: Vec<(usize, char)> =
        signs.iter().map(|c| read_as(*c)).enumerate().filter(|(_, c)| c.is_alphanumeric()).collect();
    let mut covered = vec![false; signs.len()];
    let mut said = false;
    let own = known.iter().map(|word| (word.clone(), true));
    for (word, is_own) in own.chain(LOCAL.split(' ').map(|word| (plain(word), false))) {
        let forwards: Vec<char> = word.chars().collect();
        let backwards: Vec<char> = forwards.iter().rev().copied().collect();
        for word in [forwards, backwards] {
            for at in letters.windows(word.len()).filter(|at| at.iter().map(|(_, c)| c).eq(word.iter())) {
                said |= is_own && word.len() >= 4;
                at.iter().for_each(|(place, _)| covered[*place] = true);
            }
        }
    }
    let uncovered: Vec<char> =
        signs.iter().zip(covered).filter(|(_, covered)| !covered).map(|(&sign, _)| sign).collect();
    let parts = uncovered.chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit());
    let beside = parts.map(|part| match part[0].is_ascii_digit() {
        true if part.len() < MEANINGLESS => 0,
        true => part.len(),
        false => part.iter().filter(|&&sign| !is_separator(sign)).count(),
    });
    said || beside.sum::<usize>() < LEAST_BESIDE
}

const fn is_separator(sign: char) -> bool {
    matches!(sign, '-' | '_' | '.' | ',' | '/' | '!' | '?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::password::generate;
    use crate::random::Random;

    #[test]
    fn what_leaked_is_refused_where_the_operator_says_what_did() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("breached");
        let good = "tujuh ember hujan kemarin";
        // hashlib.sha1(good.encode()).hexdigest().upper()
        std::fs::write(&file, "42D840BACD53D77BB4B991A87CCE29696725B62B:3\r\n").unwrap();
        let refused = check_strength(&[], good, Some(&file)).unwrap_err();
        assert_eq!(refused.code(), Some(crate::error::Code::InvalidField));
        assert!(check_strength(&[], "delapan ember hujan kemarin", Some(&file)).is_ok());
        let missing = check_strength(&[], good, Some(&folder.path().join("missing"))).unwrap_err();
        assert_eq!(missing.code(), None, "a file that is not there lets nothing through");
    }

    #[test]
    fn weak_passwords_are_refused() {
        let words = ["siti.rahma", "Siti Rahma Wati", "JKT-01", "Dukcapil Jakarta Pusat"];
        for weak in [
            "short",
            "password1234",
            "Password1234!",
            "P@ssw0rd1234",
            "qwertyuiop12",
            "1qaz2wsx3edc",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou1234",
            "indonesia1945",
            "rahasia12345",
            "bismillah123",
            "dukcapil2026",
            "petugasloket1",
            "jakartapusat9",
            "my-name-is-SITI-123",
            "xx-siti.rahma-xx",
            "wati#8kQ!zfp0Lw",
            "17agustus1945",
            "passwordpassword",
            "admin123admin123",
            "letmeinletmein",
            "sayangcinta123",
            "S1tiR4hma2026",
            "R4hm4-S1t1-90",
            "amhar.itis.26",
            "JKT01-JKT01!",
            "17081945170845",
            "0812345678901",
            "31710157089000",
            "kelurahan2026!",
            "pelayanan2026!",
            "terimakasih123",
            "akucintakamu1",
            "BhinnekaTunggalIka",
            "PrabowoGibran1",
            "Qwerty-2026-Qwerty",
            "s.i.t.i.r.a.h.m.a.1990",
            "12345678901234567890",
            "11111111111111111111",
            "Mailcreated5240",
            "Sojdlg123aljg",
            "ＰＡＳＳＷＯＲＤ１２３４",
            "ｉｎｄｏｎｅｓｉａ１９４５",
            "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝𝟏𝟐𝟑𝟒",
            "KTP-elektronik-2026",
            "kementerian2026",
            "KementerianDalamNegeri",
            "dalam negeri 2026",
            "KependudukanDigital1",
            "identitas.kependudukan.digital",
            "correcthorsebatterystaple",
            "Correct-Horse-Battery-Staple",
        ] {
            assert!(check_strength(&words, weak, None).is_err(), "{weak}");
        }
        for weak in ["EkoAdi2026!!", "ekoadi111111", "eko.adi.2026"] {
            assert!(check_strength(&["eko.adi", "Eko Adi"], weak, None).is_err(), "{weak}");
        }
        assert!(check_strength(&words, &"kuda baterai ".repeat(16), None).is_err(), "too long to be judged");
        let random = Random::seeded(3);
        for good in ["correct horse battery", "kuda baterai staples", "tujuh ember hujan kemarin", "Tr0ub4dor&3-lemari"]
            .into_iter()
            // No kind of sign is demanded.
            .chain(["84016273950518264937", "vqzkwjhxgpfm", "VQZKWJHXGPFM", "#%&*^~|<>{}[]"])
        {
            assert!(check_strength(&words, good, None).is_ok(), "{good}");
        }
        for _ in 0..50 {
            let made = generate(&random);
            assert!(check_strength(&words, made.expose(), None).is_ok(), "{}", made.expose());
        }
    }
}
