//! Examples of requests in the API's description: one for each invented person.

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{OpenApi, RefOr};

use crate::sandbox::people;

/// Adds them to the part of the description that makes QRs.
pub fn add(api: &mut OpenApi) {
    let operation = api.paths.paths.get_mut("/sandbox/v1/presentations").and_then(|item| item.post.as_mut());
    let Some(body) = operation.and_then(|operation| operation.request_body.as_mut()) else { return };
    let RefOr::T(body) = body else { return };
    let Some(RefOr::T(content)) = body.content.get_mut("application/json") else { return };
    for (name, summary, value) in all() {
        let example = ExampleBuilder::new().summary(summary).value(Some(value)).build();
        content.examples.insert(name, RefOr::T(example));
    }
}

/// Name, what it is for, and the request.
fn all() -> impl Iterator<Item = (String, String, Value)> {
    people::all().iter().map(|person| {
        let (_, about) = person.texts();
        (person.name().to_owned(), about.to_owned(), json!({"person": person.name(), "share": "full"}))
    })
}
