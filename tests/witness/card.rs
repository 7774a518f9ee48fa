//! The sheet of a printed card, read from its pixels: PDFium draws it, zxing-cpp finds the QR, `claim169` and `cwt` verify it.

use std::process::Command;

use ikd::attribute::AttributeSet;
use ikd::card::sheet::{self, Sheet};
use ikd::clock::DAY;
use ikd::credential::claim169::More;
use ikd::credential::photo::Portrait;
use ikd::credential::{StatusReference, TokenKind};
use ikd::disclosure::offline_claims;
use ikd::register::{Date, RegisterRecord};
use serde_json::Value as Json;
use support::record::siti;
use support::world::portrait_bytes;

use crate::{World, folder, python};

/// Long names and places, as the densest sheet has them.
fn longest() -> RegisterRecord {
    RegisterRecord {
        full_name: String::from("RADEN AJENG SITI NURHALIZAH PUTRI KUSUMANINGRUM WIDYASTUTI HADININGRAT"),
        regency: String::from("KABUPATEN ADMINISTRASI KEPULAUAN SERIBU"),
        province: String::from("DAERAH KHUSUS IBUKOTA JAKARTA"),
        ..siti()
    }
}

fn paper(world: &World, record: &RegisterRecord) -> (String, Vec<u8>) {
    let today = Date::in_jakarta(world.now);
    let mut claims = offline_claims(record, AttributeSet::BASIC, today);
    claims.more.push((String::from("nik_masked"), More::Text(record.nik.masked())));
    let status = StatusReference {
        uri: String::from("https://ikd.dukcapil.kemendagri.example/v1/status-lists/1000691000"),
        index: 1_048_575,
    };
    let portrait = Portrait::read(portrait_bytes());
    let lives = 365 * DAY;
    let sealed = world.record(TokenKind::Card, 0);
    let issued = world.issuer().issue_card(sealed, claims, portrait.as_ref(), (status, lives)).unwrap();
    let pdf = sheet::write(&Sheet {
        full_name: &record.full_name,
        nik: &record.nik.masked(),
        birth_date: record.birth_date,
        sex: "Perempuan",
        regency: &record.regency,
        province: &record.province,
        portrait: Some(portrait_bytes()),
        qr: &issued.token,
        reference: "7F3A-09C2",
        issued_on: today,
        last_day: today.plus_days(364).unwrap(),
        office: "Dinas Kependudukan dan Pencatatan Sipil Kota Jakarta Selatan",
        block_code: Some(String::from("7KQ2-M9XD").into()),
        url: "https://ikd.dukcapil.kemendagri.example",
    });
    (issued.token, pdf.unwrap())
}

fn read(world: &World, pdf: &[u8]) -> Json {
    let path = world.dir.path().join("sheet.pdf");
    std::fs::write(&path, pdf).unwrap();
    // Kept where somebody wants to look at it.
    let out = std::env::var_os("IKD_TEST_SHEETS").map_or_else(|| world.dir.path().to_owned(), Into::into);
    let asked = Command::new(python())
        .arg(folder().join("read_sheet.py"))
        .arg("--pdf")
        .arg(&path)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    let errors = String::from_utf8_lossy(&asked.stderr).into_owned();
    std::fs::copy(out.join("page1-300.png"), world.dir.path().join("qr.png")).ok();
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("no answer: {said}{errors}"))
}

#[test]
fn others_read_a_printed_card_from_its_pixels() {
    for world in World::each() {
        for record in [siti(), longest()] {
            let (token, pdf) = paper(&world, &record);
            let seen = read(&world, &pdf);
            assert_eq!((&seen["tagged"], &seen["language"]), (&true.into(), &"id".into()), "{seen}");
            assert!(seen["fonts"].as_array().unwrap().iter().all(|font| font[1] == true), "all fonts are embedded");
            let pages = seen["pages"].as_array().unwrap();
            assert_eq!(pages.len(), 2);
            for page in pages {
                let (width, height) = (page["size_mm"][0].as_f64().unwrap(), page["size_mm"][1].as_f64().unwrap());
                assert!((width - 210.0).abs() < 0.1 && (height - 297.0).abs() < 0.1, "A4");
                let text = page["text"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
                for wanted in [&record.full_name, "Bukan pengganti KTP-el", &record.nik.masked(), "7F3A-09C2"] {
                    assert!(text.contains(wanted), "{wanted} is no text of {text}");
                }
                assert!(!text.contains(record.nik.as_str()), "the whole NIK is not printed");
                for dpi in ["150", "300"] {
                    let found = page["qr"][dpi].as_array().unwrap();
                    assert_eq!(found.len(), 1, "one QR at {dpi} dpi");
                    assert_eq!(found[0]["text"], token.as_str(), "{dpi} dpi");
                    // 109 modules at most: 0.4 mm each at least.
                    assert!(found[0]["side_mm"].as_f64().unwrap() > 40.0, "{found:?}");
                }
            }
            assert!(pages[0]["text"].as_str().unwrap().contains("7KQ2-M9XD"), "the slip");
            assert!(!pages[1]["text"].as_str().unwrap().contains("7KQ2-M9XD"), "the code stands apart from the card");
            let picture = world.dir.path().join("qr.png");
            let (verified, answer) = world.ask("claim169", &["--png", picture.to_str().unwrap()]);
            assert!(verified, "{answer}");
            assert_eq!(answer["claim169"]["fullName"], record.full_name.as_str());
            assert_eq!(answer["expires_at"].as_i64(), Some(world.now.seconds() + 365 * DAY));
            let photo = answer["photo_bytes"].as_u64().unwrap();
            assert!((100..=1_024).contains(&photo), "{photo} bytes");
            let (verified, answer) = world.ask("cwt", &["--png", picture.to_str().unwrap()]);
            assert!(verified, "{answer}");
            assert_eq!(answer["claims"]["-65538"]["nik_masked"], record.nik.masked());
            assert_eq!(answer["claims"]["65535"]["status_list"]["idx"], 1_048_575);
            println!("{} characters, a photo of {photo} bytes", token.len());
        }
    }
}
