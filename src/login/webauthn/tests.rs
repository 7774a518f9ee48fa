//! Against the vectors of Web Authentication level 3, §16: values of the standard's, made by nobody here. That whole proofs are taken, and each
//! part that does not fit is refused, `tests/api/passkeys.rs` plays with an authenticator of its own.

use data_encoding::HEXLOWER;
use serde_json::json;

use super::*;

const RP_ID: &str = "example.org";
const ORIGIN: &str = "https://example.org";

/// A registration and an authentication of §16: bytes in hexadecimal, the client data as text.
struct Vector {
    credential_id: &'static str,
    object: &'static str,
    create: &'static str,
    data: &'static str,
    get: &'static str,
    signature: &'static str,
}

/// §16.2: no attestation, the person not verified, neither when the key was made nor when it signed.
const NOT_VERIFIED: Vector = Vector {
    credential_id: "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4",
    object: "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5\
        e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4\
        a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717\
        c12cc68ed73290af2e2664796b9220",
    create: concat!(
        r#"{"type":"webauthn.create","challenge":"AMMPt4UxxGTStncdq417YDwBFi8vpIa-pw8oOuVW4TA","origin":"https://example.org","cros"#,
        r#"sOrigin":false,"extraData":"clientDataJSON may be extended with additional fields in the future, such as this: BkQeDjdcT"#,
        r#"BrXBiAwJTLE5Q"}"#,
    ),
    data: "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
    get: concat!(
        r#"{"type":"webauthn.get","challenge":"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag","origin":"https://example.org","crossOr"#,
        r#"igin":false}"#,
    ),
    signature: "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd\
        5d78c6e486013f937295ea13653e331e87",
};

/// §16.3: attested by itself, the person verified when the key was made, not when it signed.
const ATTESTED_BY_ITSELF: Vector = Vector {
    credential_id: "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c",
    object: "a363666d74667061636b65646761747453746d74a263616c672663736967584630440220067a20754ab925005dbf378097c92120031581\
        c73228d1fb4f5b881bcd7da98302207fc7b147558c7c0eba3af18bd9d121fa3d3a26d17fe3f220272178f473b6006d68617574684461746158a4bfabc374\
        32958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b55d00000000df850e09db6afbdfab51697791506cfc0020455ef34e2043a87db3d4af\
        eb39bbcb6cc32df9347c789a865ecdca129cbef58ca5010203262001215820eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843\
        c5225820927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2",
    create: concat!(
        r#"{"type":"webauthn.create","challenge":"eGnCt3LUtY66k3jPjynibPk1qnffDaifqZwL3Ap29-U","origin":"https://example.org","cros"#,
        r#"sOrigin":false,"extraData":"clientDataJSON may be extended with additional fields in the future, such as this: U9hTXvKE2"#,
        r#"URkMnb_0xYHVg"}"#,
    ),
    data: "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50900000000",
    get: concat!(
        r#"{"type":"webauthn.get","challenge":"RHihCxNSNI3RYME1Ow1Gm12xnrkcJ_ffpv7Tn-Jq8gs","origin":"https://example.org","crossOr"#,
        r#"igin":false,"extraData":"clientDataJSON may be extended with additional fields in the future, such as this: gTb53rz6EhSW"#,
        r#"omXGzimC1Q"}"#,
    ),
    signature: "304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf84002204e94dd00047b316061b3b99772b7efd959\
        94a83ef584b3b6b825ea3550251b66",
};

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn url(hex: &str) -> String {
    base64url::encode(&bytes(hex))
}

fn challenge(client_data: &str) -> Vec<u8> {
    let said: Value = serde_json::from_str(client_data).unwrap();
    base64url::decode(said["challenge"].as_str().unwrap()).unwrap()
}

fn answer(id: &str, response: Value) -> Value {
    json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
}

impl Vector {
    fn created(&self, object: &[u8]) -> Option<Created> {
        let response = json!({"clientDataJSON": base64url::encode(self.create.as_bytes()), "attestationObject": base64url::encode(object)});
        let challenge = challenge(self.create);
        let asked = Asked { rp_id: RP_ID, origin: ORIGIN, challenge: &challenge };
        Created::read(asked, &answer(&url(self.credential_id), response))
    }

    /// The authenticator data of the new key with `change` made to it.
    fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Option<Created> {
        let mut data = authenticator_data(&bytes(self.object)).unwrap();
        change(&mut data);
        let text = |text: &str| Cbor::from(text);
        let map = vec![
            (text("fmt"), text("none")),
            (text("attStmt"), Cbor::Map(Vec::new())),
            (text("authData"), Cbor::Bytes(data)),
        ];
        let mut object = Vec::new();
        ciborium::into_writer(&Cbor::Map(map), &mut object).unwrap();
        self.created(&object)
    }

    /// What is signed: the authenticator data, and the digest of the client data.
    fn proof(&self) -> Proof {
        Proof {
            credential_id: bytes(self.credential_id),
            user_handle: None,
            sign_count: 0,
            message: [bytes(self.data), Sha256::digest(self.get).to_vec()].concat(),
            signature: bytes(self.signature),
        }
    }

    fn point(&self) -> Vec<u8> {
        let data = authenticator_data(&bytes(self.object)).unwrap();
        let (_, mut rest) = credential_id(&data[HEAD..]).unwrap();
        point(&item(&mut rest).unwrap()).unwrap()
    }
}

#[test]
fn a_new_key_is_that_of_the_standard() {
    let created = ATTESTED_BY_ITSELF.created(&bytes(ATTESTED_BY_ITSELF.object)).unwrap();
    let point = bytes(
        "04eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2",
    );
    let credential_id = bytes(ATTESTED_BY_ITSELF.credential_id);
    assert_eq!(created, Created { credential_id, point, sign_count: 0 });
    assert_eq!(NOT_VERIFIED.created(&bytes(NOT_VERIFIED.object)), None, "the person was not verified");
    assert!(NOT_VERIFIED.changed(|data| data[32] |= VERIFIED).is_some());
}

#[test]
fn signatures_are_those_of_the_standard() {
    for (vector, other) in [(&NOT_VERIFIED, &ATTESTED_BY_ITSELF), (&ATTESTED_BY_ITSELF, &NOT_VERIFIED)] {
        assert!(vector.proof().is_by(&vector.point()));
        assert!(!vector.proof().is_by(&other.point()));
        let mut changed = vector.proof();
        *changed.message.last_mut().unwrap() ^= 1;
        assert!(!changed.is_by(&vector.point()));
    }
}

#[test]
fn a_proof_without_the_person_verified_is_none() {
    for vector in [&NOT_VERIFIED, &ATTESTED_BY_ITSELF] {
        let challenge = challenge(vector.get);
        let asked = Asked { rp_id: RP_ID, origin: ORIGIN, challenge: &challenge };
        let with = |flags: u8, more: &[u8]| {
            let mut data = bytes(vector.data);
            data[32] |= flags;
            data.extend(more);
            let response = json!({"clientDataJSON": base64url::encode(vector.get.as_bytes()), "signature": url(vector.signature),
                "authenticatorData": base64url::encode(&data), "userHandle": null});
            Proof::read(asked, &answer(&url(vector.credential_id), response))
        };
        assert!(with(0, b"").is_none());
        assert_eq!(with(VERIFIED, b"").unwrap().credential_id, bytes(vector.credential_id));
        assert!(with(VERIFIED, b"\xa0").is_none(), "what follows is announced");
        assert!(with(VERIFIED | EXTENDED, b"\xa0").is_some());
    }
}

#[test]
fn a_new_key_that_differs_in_any_part_is_none() {
    let vector = &ATTESTED_BY_ITSELF;
    assert!(vector.changed(|_| {}).is_some());
    type Change = fn(&mut Vec<u8>);
    let wrong: [(&str, Change); 12] = [
        ("bound to another name", |data| data[0] ^= 1),
        ("nobody was present", |data| data[32] &= !PRESENT),
        ("copied, and cannot be", |data| data[32] = data[32] & !BACKUP_ELIGIBLE | BACKED_UP),
        ("without a new key", |data| data[32] &= !ATTESTED),
        ("extensions that are not there", |data| data[32] |= EXTENDED),
        ("another id", |data| data[HEAD + MODEL + 2] ^= 1),
        ("an id that is longer than all", |data| data[HEAD + MODEL] = 0xff),
        ("another algorithm", |data| data[HEAD + MODEL + 2 + 32 + 4] = 0x27),
        ("another curve", |data| data[HEAD + MODEL + 2 + 32 + 6] = 0x02),
        ("off the curve", |data| *data.last_mut().unwrap() ^= 1),
        ("cut", |data| data.truncate(data.len() - 1)),
        ("followed by more", |data| data.push(0xa0)),
    ];
    for (what, change) in wrong {
        assert_eq!(vector.changed(change), None, "{what}");
    }
    let with_extensions = vector.changed(|data| {
        data[32] |= EXTENDED;
        data.extend(*b"\xa1\x6bcredProtect\x03");
    });
    assert!(with_extensions.is_some());
}

#[test]
fn whatever_is_cut_is_none() {
    let whole = bytes(ATTESTED_BY_ITSELF.object);
    for length in 0..whole.len() {
        assert_eq!(ATTESTED_BY_ITSELF.created(&whole[..length]), None, "{length}");
    }
    let twice = [b"\xa4\x63fmt\x64none".as_slice(), &whole[1..]].concat();
    assert_eq!(ATTESTED_BY_ITSELF.created(&twice), None, "a member stands in it twice");
    let deep = [b"\xa3\x63fmt\x64none\x67attStmt".as_slice(), &vec![0x81; 60_000]].concat();
    assert_eq!(ATTESTED_BY_ITSELF.created(&deep), None, "nested without end");
}
