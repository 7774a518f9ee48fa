//! The copy of own data on paper, read by other programs: it says all that the signed document says.

use ikd::base64url::decode;
use ikd::clock::{HOUR, Timestamp};
use ikd::device::Purpose;
use ikd::{execute, fetch_one};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::answer::Answer;
use support::world::{Applicant, World, pin_key};
use support::{Engine, context, each_engine};

/// The words on paper for the words of the document; each as the documentation of the API explains the latter.
const WORDS: &[(&str, &str, &str)] = &[
    ("female", "Perempuan", "Female"),
    ("male", "Laki-laki", "Male"),
    ("islam", "Islam", "Islam"),
    ("widowed", "Cerai Mati", "Widowed"),
    ("registration_viewed", "Membuka pendaftaran", "Opened the registration"),
    ("WNI", "WNI", "Indonesian citizen"),
    ("activated", "KTP Digital Anda aktif", "Your digital KTP is active"),
    ("copy_made", "Salinan data KTP Digital Anda diminta", "A copy of your digital KTP's data was asked for"),
    ("check_disputed", "Anda melaporkan sebuah pemeriksaan", "You reported a check that you do not know"),
    ("correction_opened", "Kasus data Anda dibuka", "A correction case of yours was opened"),
    ("block_code_given", "Kode blokir KTP Digital Anda diganti", "Your digital KTP has a new block code"),
    ("resident", "Pemegang", "Holder"),
    ("officer", "Petugas", "Officer"),
    ("valid", "Sah", "Valid"),
    ("invalid", "Tidak sah", "Invalid"),
    ("already_used", "sudah dipakai", "used already"),
    ("asked_party", "Lembaga diminta menjawab", "The party is asked"),
    ("answered", "Dijawab", "Answered"),
    ("our_mistake", "Kekeliruan lembaga", "The party's mistake"),
    ("element_change", "Data lain berubah", "Another element changed"),
    ("opened", "Dibuka", "Opened"),
    ("scan", "Memindai QR di loket", "Scanned the QR at the counter"),
    ("approval", "Menyetujui pendaftaran", "Approved the registration"),
    ("match_confirmed", "Mencocokkan nomor di layar", "Confirmed the number on the screen"),
    ("id", "Indonesia", "Indonesian"),
];

async fn copy(holder: &Applicant, language: &str) -> Answer {
    let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
    let body = json!({"challenge": challenge, "signature": signature, "pdf": true});
    let shape = |request: reqwest::RequestBuilder| request.header("Accept-Language", language).json(&body);
    holder.client.send(reqwest::Method::POST, "/v1/me/export", shape).await
}

/// What PDFium and pypdf read.
fn read(pdf: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.pdf");
    std::fs::write(&file, pdf).unwrap();
    let script = support::root().join("tests/witness/read_copy.py");
    let done = std::process::Command::new(support::python()).arg(script).arg(&file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The text of all pages, bare.
pub fn text_of(pdf: &[u8]) -> String {
    let paper = read(pdf);
    bare(&paper["pages"].as_array().unwrap().iter().map(|page| page.as_str().unwrap()).collect::<String>())
}

/// Without blanks and line breaks: where a column breaks a text is not the matter here.
pub fn bare(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\u{fffe}').collect()
}

/// `2026-11-27T03:16:05.1Z` as people in Jakarta read it.
fn moment(rfc3339: &str, english: bool) -> Option<String> {
    let at: Timestamp = serde_json::from_value(json!(rfc3339)).ok()?;
    let shown = at.in_jakarta();
    let (year, month, day) = (shown.year(), shown.month(), shown.day());
    let (hour, minute, second) = (shown.hour(), shown.minute(), shown.second());
    Some(if english {
        format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{day:02}-{month:02}-{year} {hour:02}.{minute:02}.{second:02}")
    })
}

/// Every value of the document that is not on paper.
fn missing(value: &Value, path: &str, paper: &str, english: bool, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                missing(value, &format!("{path}.{name}"), paper, english, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                missing(item, path, paper, english, out);
            }
        }
        Value::String(text) => {
            // The version of the schema, the picture, and what is a constant of each language.
            if [".schema", ".data.portrait", ".kept_for.what"].contains(&path) || path == ".kept_for.until" && !english
            {
                return;
            }
            let attribute = ikd::attribute::Attribute::from_name(text).map(|attribute| attribute.label());
            let words = WORDS.iter().find(|(word, ..)| word == text).map(|(_, id, en)| if english { *en } else { *id });
            let label = attribute.map(|label| if english { label.en } else { label.id });
            let is_list = path.ends_with(".disclosed") || path.ends_with(".fields");
            // The foot says when it was made to the minute.
            let time = moment(text, english).map(|time| match path {
                ".made_at" => time[..16].replacen(' ', if english { " " } else { " pukul " }, 1),
                _ => time,
            });
            let shown = match (is_list, label, words, time) {
                (true, Some(label), ..) => label.to_owned(),
                (_, _, Some(words), _) => words.to_owned(),
                // As on the KTP-el.
                _ if path == ".data.attributes.birth_date" && !english => {
                    text.rsplit('-').collect::<Vec<_>>().join("-")
                }
                (.., Some(time)) => time,
                _ => text.clone(),
            };
            if !paper.contains(&bare(&shown)) {
                out.push(format!("{path}: {shown}"));
            }
        }
        // A check that was repeated says how often; no check was never repeated.
        Value::Number(number) if number.as_i64() != Some(0) => {
            if !paper.contains(&bare(&format!("{}{number}", if english { "repeated" } else { "diulang" }))) {
                out.push(format!("{path}: {number}"));
            }
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paper_says_all_that_the_document_says_in_both_languages() {
    each_engine(async |context| {
        let world = World::open(context).await;
        let holder = world.active(&world.people[0]).await;
        let shown = world.present(&holder, "basic").await;
        assert_eq!(world.verify(&shown).await, "valid");
        for _ in 0..3 {
            assert_eq!(world.verify(&shown).await, "already_used");
        }
        let history = holder.client.get("/v1/me/verifications").await.expect(200).json;
        let check = json!({"verification_id": history["items"][0]["verification_id"]});
        holder.client.post("/v1/me/disputes", &check).await.expect(201);
        world.later(25 * HOUR);
        holder.client.unlock().await.expect(200);
        for (language, english) in [("id", false), ("en", true)] {
            let copy = copy(&holder, language).await.expect(200);
            let payload = decode(&copy.text("payload")).unwrap();
            let document: Value = serde_json::from_slice(&payload).unwrap();
            assert!(!document["disputes"].as_array().unwrap().is_empty());
            let paper = read(&decode(&copy.text("pdf")).unwrap());
            let pages = paper["pages"].as_array().unwrap();
            let text = bare(&pages.iter().map(|page| page.as_str().unwrap()).collect::<String>());
            let mut out = Vec::new();
            missing(&document, "", &text, english, &mut out);
            assert_eq!(out, Vec::<String>::new(), "{language}: {pages:?}");

            // It belongs to the document, and each page says which of how many it is.
            let digest: String = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(text.contains(&digest));
            for (at, page) in pages.iter().enumerate() {
                let of = if english { "of" } else { "dari" };
                let foot = format!("{}{}{of}{}", if english { "Page" } else { "Halaman" }, at + 1, pages.len());
                assert!(bare(page.as_str().unwrap()).contains(&foot), "{foot}: {page}");
            }

            // Read aloud: in its language, with headings, tables whose columns have names, and words for the portrait.
            assert_eq!((&paper["tagged"], &paper["language"]), (&json!(true), &json!(language)));
            let headings = paper["headings"].as_array().unwrap();
            assert_eq!(headings[0][0], "H1");
            assert!(headings.len() >= 10 && headings[1..].iter().all(|heading| heading[0] == "H2"), "{headings:?}");
            assert_eq!(paper["outline"].as_array().unwrap().len(), headings.len());
            assert_eq!(paper["figures"].as_array().unwrap().len(), 1);
            let tags = &paper["tags"];
            let rows: usize = ["events", "checks", "disputes", "corrections", "staff_views"]
                .map(|part| document[part].as_array().unwrap().len())
                .map(|rows| if rows == 0 { 0 } else { rows + 1 })
                .iter()
                .sum();
            let facts = 2 + 2 + 5 + document["data"]["attributes"].as_object().unwrap().len();
            assert_eq!(tags["TR"], rows + facts, "{tags}");
            assert!(tags["TH"].as_i64() > Some(10) && tags["TD"].as_i64() > Some(20));
        }
        // Only who asks for it gets it.
        let (challenge, signature) = holder.client.sign_challenge(&pin_key(&holder.record), Purpose::Change).await;
        let body = json!({"challenge": challenge, "signature": signature});
        let plain = holder.client.post("/v1/me/export", &body).await.expect(200);
        assert!(plain.json.get("pdf").is_none());
    })
    .await;
}

/// The most memory that this process has had, in megabytes.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_checks_fit_on_paper_in_bounded_time() {
    const CHECKS: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(context(Engine::Sqlite, folder.path()).await).await;
    let holder = world.active(&world.people[0]).await;
    world.verify(&world.present(&holder, "full").await).await;
    let context = &world.context;
    let mut tx = context.db.write().await.unwrap();
    let one = fetch_one!(&mut tx, (uuid::Uuid,), "SELECT verification_id FROM verification LIMIT 1").unwrap().0;
    let again =
        "INSERT INTO verification (verification_id, resident_id, relying_party_id, idempotency_key, body_hash, purpose,
            verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt)
        SELECT $2, resident_id, relying_party_id, $3, body_hash, purpose,
            verified_at, issued, result, reason, single_use, disclosed, repeats, salt, receipt
        FROM verification WHERE verification_id = $1";
    for _ in 1..CHECKS {
        let id = context.random.uuid_v7(context.now());
        execute!(&mut tx, again, one, id, id.as_bytes().as_slice()).unwrap();
    }
    tx.commit().await.unwrap();
    let (before, begun) = (peak_megabytes(), std::time::Instant::now());
    let copy = copy(&holder, "id").await.expect(200);
    let (took, peak) = (begun.elapsed(), peak_megabytes());
    let pdf = decode(&copy.text("pdf")).unwrap();
    println!("10,000 checks: {} bytes of PDF in {took:?}; peak memory {before} MB before, {peak} MB after", pdf.len());
    let document: Value = serde_json::from_slice(&decode(&copy.text("payload")).unwrap()).unwrap();
    assert_eq!(document["checks"].as_array().unwrap().len(), CHECKS as usize);
    // A request has thirty seconds.
    assert!(took.as_secs() < 20, "{took:?}");
    assert!(peak < before + 500, "{before} MB, {peak} MB");
    let paper = read(&pdf);
    let pages = paper["pages"].as_array().unwrap();
    assert!(pages.len() > 200, "{}", pages.len());
    assert!(paper["tags"]["TR"].as_i64() > Some(CHECKS));
    let head = |page: &Value| bare(page.as_str().unwrap()).contains("Yangtampil");
    assert!(pages[2..pages.len() - 4].iter().all(head), "each page names the columns");
}
