//! Deterministic CBOR (RFC 8949 §4.2.1), for bytes that are signed or digested.

use ciborium::Value;
use serde::Serialize;

/// Writes `value` with the shortest heads, definite lengths and map keys in the order of their encoded bytes.
pub fn encode(value: &Value) -> Vec<u8> {
    raw(&sorted(value.clone()))
}

/// [`encode`] for anything that serde can write. `None` when it cannot be expressed in CBOR.
pub fn encode_any<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    Value::serialized(value).ok().map(|value| encode(&value))
}

/// Reads one item that fills `bytes` completely and is deterministically encoded: no duplicate or unsorted keys, no
/// indefinite lengths, no long heads, nothing behind it. `None` for everything else.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 16).ok()?;
    (rest.is_empty() && keys_ascend(&value) && raw(&value) == bytes).then_some(value)
}

fn raw(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing a `Value` into a vector has no way to fail; an empty result is no CBOR item and is refused everywhere.
    if ciborium::into_writer(value, &mut out).is_err() {
        out.clear();
    }
    out
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Map(entries) => {
            let mut entries: Vec<_> =
                entries.into_iter().map(|(key, value)| (sorted(key), sorted(value))).map(|e| (raw(&e.0), e)).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(entries.into_iter().map(|(_, entry)| entry).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Tag(tag, inner) => Value::Tag(tag, Box::new(sorted(*inner))),
        other => other,
    }
}

fn keys_ascend(value: &Value) -> bool {
    match value {
        Value::Map(entries) => {
            let keys: Vec<_> = entries.iter().map(|(key, _)| raw(key)).collect();
            keys.windows(2).all(|pair| pair[0] < pair[1])
                && entries.iter().all(|(key, value)| keys_ascend(key) && keys_ascend(value))
        }
        Value::Array(items) => items.iter().all(keys_ascend),
        Value::Tag(_, inner) => keys_ascend(inner),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn keys_come_in_the_order_of_rfc_8949() {
        // The order of the example in RFC 8949 §4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false.
        let keys = [
            Value::from(false),
            Value::Array(vec![Value::from(-1)]),
            Value::Array(vec![Value::from(100)]),
            Value::from("aa"),
            Value::from("z"),
            Value::from(-1),
            Value::from(100),
            Value::from(10),
        ];
        let map = Value::Map(keys.into_iter().map(|key| (key, Value::from(0))).collect());
        assert_eq!(encode(&map), hex("a80a001864002000617a0062616100811864008120 00f400".replace(' ', "").as_str()));
        assert!(decode(&encode(&map)).is_some());
    }

    #[test]
    fn everything_that_is_not_deterministic_is_refused() {
        for (what, bytes) in [
            ("duplicate keys", "a201000100"),
            ("unsorted keys", "a202000100"),
            ("long head", "1801"),
            ("long length", "5801ff"),
            ("indefinite string", "5f41ff ff"),
            ("indefinite map", "bf0100ff"),
            ("trailing byte", "0100"),
            ("nested duplicate", "81a201000100"),
            ("truncated", "a101"),
            ("empty", ""),
            ("claimed length far beyond the end", "5b7fffffffffffffff00"),
            ("deep nesting", &"81".repeat(400)),
        ] {
            assert!(decode(&hex(&bytes.replace(' ', ""))).is_none(), "{what}");
        }
    }
}
