//! Examples of answers in the API's description: one for each outcome, made by the code that answers.

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{OpenApi, RefOr};
use uuid::Uuid;

use super::VerificationAnswer;
use crate::attribute::{Attribute, AttributeSet};
use crate::clock::Timestamp;
use crate::credential::Reason;
use crate::error::Language;
use crate::verification::model::{Answer, Medium, Receipt, Verdict};

/// Puts an answer into words.
type Words = fn(Answer, Language) -> VerificationAnswer;

/// Adds the examples to the part of the description that answers checks at a path, in the words that it answers in.
pub fn add(api: &mut OpenApi, path: &str, words: Words) {
    let operation = api.paths.paths.get_mut(path).and_then(|item| item.post.as_mut());
    let response = operation.and_then(|operation| operation.responses.responses.get_mut("200"));
    let Some(RefOr::T(response)) = response else { return };
    let Some(RefOr::T(content)) = response.content.get_mut("application/json") else { return };
    for (name, summary, value) in all(words) {
        let example = ExampleBuilder::new().summary(summary).value(Some(value)).build();
        content.examples.insert(name, RefOr::T(example));
    }
}

/// Name, what it shows, and the answer.
fn all(words: Words) -> Vec<(String, String, Value)> {
    let named = |name: &str, summary: &str, answer: Answer| (name.to_owned(), summary.to_owned(), shown(answer, words));
    let shared = json!({"full_name": "SITI NURHALIZAH", "birth_date": "1990-08-17", "age_over_17": true});
    let with = |mut example: (String, String, Value), portrait: bool| {
        example.2["attributes"] = shared.clone();
        if portrait {
            example.2["portrait"] = json!({"media_type": "image/jpeg", "data": "/9j/4AAQSkZJRgABAQ…"});
        }
        example
    };
    let mut examples = vec![
        with(named("valid", "A phone's QR, with the portrait", valid(Medium::Phone, true, true)), true),
        with(named("valid_without_portrait", "Nothing shows who holds it", valid(Medium::Phone, true, false)), false),
        with(named("valid_offline", "An offline QR: it can be scanned again", valid(Medium::Phone, false, true)), true),
        with(
            named(
                "valid_printed_card",
                "The card of somebody without a phone",
                valid(Medium::PrintedCard, false, true),
            ),
            true,
        ),
        named("valid_repeated", "The same question later than 10 minutes: no values", valid(Medium::Phone, true, true)),
    ];
    for reason in Reason::ALL {
        let tries_left = (reason == Reason::UnknownCode).then_some(99);
        let answer = Answer { verdict: Verdict::Invalid(reason), tries_left, ..valid(Medium::Phone, true, false) };
        let answer = Answer { disclosed: AttributeSet::EMPTY, ..answer };
        examples.push(named(reason.as_str(), reason.message().in_language(Language::English), answer));
    }
    examples
}

fn valid(medium: Medium, single_use: bool, portrait: bool) -> Answer {
    let named = ["full_name", "birth_date", "age_over_17"].into_iter();
    let shown = named.chain(portrait.then_some(Attribute::Portrait.name()));
    Answer {
        verification_id: Uuid::from_u128(0x0193_4a5e_8c00_7000_8000_0000_0000_0001),
        verdict: Verdict::Valid,
        purpose: String::from("open_account"),
        verified_at: Timestamp::from_seconds(1_795_248_000),
        single_use,
        medium,
        disclosed: AttributeSet::from_names(shown).unwrap_or(AttributeSet::EMPTY),
        content: None,
        receipt: Receipt::Signed(Vec::new()),
        salt: Vec::new(),
        tries_left: None,
        is_repeated: false,
    }
}

/// The answer as it is sent. Of the receipt only the beginnings: it says nothing without its key.
fn shown(answer: Answer, words: Words) -> Value {
    let mut value = serde_json::to_value(words(answer, Language::Indonesian)).unwrap_or_default();
    value["receipt"] =
        json!({"statement": "pAFzaHR0cHM6Ly9pa2Q…", "proof": "0oRYMKQBJwRI…", "salt": "BwcHBwcHBwcHBwcHBwcHBw"});
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_an_example_that_says_it() {
        let examples = all(VerificationAnswer::new);
        for reason in Reason::ALL {
            let (.., value) = examples.iter().find(|(name, ..)| name == reason.as_str()).unwrap();
            assert_eq!((&value["result"], &value["reason"]), (&json!("invalid"), &json!(reason.as_str())));
            assert!(value.get("attributes").is_none() && value["disclosed"] == json!([]));
        }
        let valid = examples.iter().filter(|(_, _, value)| value["result"] == "valid").count();
        assert_eq!(valid + Reason::ALL.len(), examples.len());
        let (.., card) = examples.iter().find(|(name, ..)| name == "valid_printed_card").unwrap();
        assert_eq!((&card["medium"], &card["holder_check"]), (&json!("printed_card"), &json!("compare_portrait")));
    }
}
