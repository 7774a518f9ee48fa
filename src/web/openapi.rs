//! Parts of the OpenAPI document that attributes on handlers cannot express.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// Tags whose handlers share names with others (`log_in`, `portrait`), and the prefix of their operation ids.
const PREFIXES: [(&str, &str); 5] = [
    ("Counter", "officer"),
    ("Teller", "teller"),
    ("Admin", "official"),
    ("Partner", "partner"),
    ("Sandbox", "sandbox"),
];

/// The OpenAPI document as it is served.
pub fn describe(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).unwrap_or_default();
    if let Some(responses) = object(&mut document["components"]) {
        responses.insert("responses".into(), json!({"Refused": refused()}));
    }
    one_of_token_and_code(&mut document["components"]["schemas"]["VerificationRequest"]);
    for (_, operations) in object(&mut document["paths"]).into_iter().flatten() {
        for (_, operation) in object(operations).into_iter().flatten() {
            name(operation);
            headers(operation);
            answers(operation);
        }
    }
    binary(&mut document["paths"]);
    document
}

fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut()
}

/// Operation ids are unique (OpenAPI 3.1 §4.8.10): clients are generated from them.
fn name(operation: &mut Value) {
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    if let Some((_, prefix)) = PREFIXES.iter().find(|(prefixed, _)| *prefixed == tag) {
        let name = operation["operationId"].as_str().unwrap_or_default();
        operation["operationId"] = format!("{prefix}_{name}").into();
    }
}

/// Schemas of headers that the handlers parse themselves.
fn headers(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["name"] == "Idempotency-Key" {
            parameter["schema"] =
                json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]{1,64}$"});
        }
    }
}

/// Every refusal is a problem document. Answers of the layers around the handlers: any request may be refused, and any node may
/// be unable to answer.
fn answers(operation: &mut Value) {
    let Some(responses) = object(&mut operation["responses"]) else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
        if let Some(response) = object(response) {
            response.entry("content").or_insert_with(problem);
        }
    }
    for range in ["4XX", "5XX"] {
        responses.entry(range).or_insert_with(|| json!({"$ref": "#/components/responses/Refused"}));
    }
}

fn problem() -> Value {
    json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}})
}

fn refused() -> Value {
    json!({
        "description": "Refused, or not possible now: `code` says why, `detail` what to do",
        "headers": {
            "Retry-After": {"description": "Seconds to wait, with 429 and 503", "schema": {"type": "integer", "minimum": 0}},
            "WWW-Authenticate": {"description": "With 401: how to say who asks", "schema": {"type": "string"}}
        },
        "content": problem()
    })
}

/// Exactly one of `token` and `code`, the other absent or null.
fn one_of_token_and_code(schema: &mut Value) {
    let only = |one: &str, other: &str| json!({"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}});
    if let Some(schema) = object(schema) {
        schema.insert("oneOf".into(), json!([only("token", "code"), only("code", "token")]));
    }
}

/// Pictures are bytes, not lists of numbers.
fn binary(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name.starts_with("image/") && member.is_object() {
                    member["schema"] = json!({"type": "string", "contentMediaType": name});
                } else {
                    binary(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(binary),
        _ => {}
    }
}
