//! Verifies the QR of a digital KTP without network, as a bank's counter would.
//!
//! ```text
//! cargo run -p ikd-token --example verify_offline                      the published test vectors, at their time
//! cargo run -p ikd-token --example verify_offline JWKS ISSUER < QR     a scanned text, now
//! ```
//!
//! JWKS is a file with the service's key set, ISSUER the name that its tokens carry (`service.issuer`).

use std::error::Error;

use ikd_token::{Body, JwkSet, TokenKind, verify};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../docs/vectors/token.json"))?;
            let keys: JwkSet = serde_json::from_value(vectors["jwks"].clone())?;
            let receipt = TokenKind::Receipt.typ();
            for case in vectors["tokens"].as_array().into_iter().flatten().filter(|case| case["typ"] != receipt) {
                let text = case["text"].as_str().unwrap_or_default();
                println!("{}", case["name"]);
                println!("{}", judge(text, &keys, "https://ikd.example", 1_800_000_030)?);
            }
            Ok(())
        }
        [jwks, issuer] => {
            let keys: JwkSet = serde_json::from_slice(&std::fs::read(jwks)?)?;
            let mut text = String::new();
            std::io::stdin().read_line(&mut text)?;
            println!("{}", judge(text.trim_end_matches(['\r', '\n']), &keys, issuer, now())?);
            Ok(())
        }
        _ => Err("give nothing, or a key set file and an issuer".into()),
    }
}

/// What the person at the counter is told.
fn judge(text: &str, keys: &JwkSet, issuer: &str, now: i64) -> Result<String, ikd_token::VerifyError> {
    let accepted = [TokenKind::Presentation, TokenKind::Offline, TokenKind::Card];
    let token = verify::check(text, &accepted, issuer, keys, now)?;
    Ok(match token.claims.body {
        Body::Offline { claims, .. } => format!(
            "  genuine: name {}, NIK {}, born {}",
            claims.full_name.as_deref().unwrap_or("not shown"),
            claims.nik.as_deref().unwrap_or("not shown"),
            claims.birth_date.as_deref().unwrap_or("not shown"),
        ),
        _ => String::from("  genuine; what it shows is sealed for the online verifier"),
    })
}

#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example has no clock to be given")]
fn now() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_runs_as_it_stands() {
        super::main().unwrap();
    }
}
