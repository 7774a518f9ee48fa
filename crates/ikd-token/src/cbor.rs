//! Deterministic CBOR (RFC 8949 §4.2.1), for bytes that are signed or digested.

use std::cmp::Ordering;

use ciborium::Value;
use serde::Serialize;

/// Writes `value` with the shortest heads, definite lengths and map keys in the order of their encoded bytes.
pub fn encode(value: &Value) -> Vec<u8> {
    encode_owned(value.clone())
}

/// [`encode`] for a value that is not needed any more.
pub fn encode_owned(mut value: Value) -> Vec<u8> {
    sort(&mut value);
    raw(&value, 256)
}

/// [`encode`] for anything that serde can write. `None` when it cannot be expressed in CBOR.
pub fn encode_any<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    Value::serialized(value).ok().map(encode_owned)
}

/// Reads one item that fills `bytes` completely and is deterministically encoded: no duplicate or unsorted keys, no
/// indefinite lengths, no long heads, nothing behind it. `None` for everything else.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 16).ok()?;
    (rest.is_empty() && keys_ascend(&value) && raw(&value, bytes.len()) == bytes).then_some(value)
}

fn raw(value: &Value, about: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(about);
    // Writing a `Value` into a vector has no way to fail; an empty result is no CBOR item and is refused everywhere.
    if ciborium::into_writer(value, &mut out).is_err() {
        out.clear();
    }
    out
}

fn sort(value: &mut Value) {
    match value {
        Value::Map(entries) => {
            for (key, value) in entries.iter_mut() {
                sort(key);
                sort(value);
            }
            entries.sort_by(|a, b| order(&a.0, &b.0));
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        Value::Tag(_, inner) => sort(inner),
        _ => {}
    }
}

/// The order of the encoded bytes. For the keys that tokens have it can be told without encoding them: the major type
/// comes first, then the length of the head, which grows with the number or the length of the text.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (Value::Integer(a), Value::Integer(b)) => {
            let place = |number: &ciborium::value::Integer| {
                let number = i128::from(*number);
                if number < 0 { (1, -1 - number) } else { (0, number) }
            };
            place(a).cmp(&place(b))
        }
        (Value::Integer(_), Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Integer(_)) => Ordering::Greater,
        _ => raw(a, 16).cmp(&raw(b, 16)),
    }
}

fn keys_ascend(value: &Value) -> bool {
    match value {
        Value::Map(entries) => {
            entries.windows(2).all(|pair| order(&pair[0].0, &pair[1].0) == Ordering::Less)
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
    fn keys_are_ordered_as_their_bytes_are() {
        let numbers = [0_i64, 1, 23, 24, 255, 256, 65_535, 65_536, i64::MAX, -1, -24, -25, -256, -257, i64::MIN];
        let texts = ["", "a", "b", "aa", "ab", "z", &"x".repeat(23), &"x".repeat(24), &"y".repeat(300), "é"];
        let keys: Vec<Value> = numbers.map(Value::from).into_iter().chain(texts.map(Value::from)).collect();
        for a in &keys {
            for b in &keys {
                assert_eq!(order(a, b), raw(a, 0).cmp(&raw(b, 0)), "{a:?} {b:?}");
            }
        }
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
