//! Replies with damage beside the values that matter.

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify, Raw};
use cloudauth_proto::verify::Passed;
use cloudauth_proto::{Effect, Error, Operation, Reply, Scheme};

use crate::replies::CannedResponse;

/// A piece of a reply.
#[derive(Clone, Copy)]
enum Piece {
    /// The structure, and the five values with their keys: never damaged.
    Fixed(&'static str),
    /// The content of a string.
    Text(&'static str),
    /// A number, a boolean or `null`.
    Value(&'static str),
    /// The name of an unknown field.
    Name(&'static str),
}
use Piece::{Fixed, Name, Text, Value};

const DESCRIBED: &[Piece] = &[
    Fixed("{\""),
    Name("HostId"),
    Fixed("\":\""),
    Text("cloudauth.aliyuncs.com"),
    Fixed("\",\"Message\":\""),
    Text("成功 success"),
    Fixed("\",\"Code\":\"200\",\"ResultObject\":{\""),
    Name("Score"),
    Fixed("\":"),
    Value("25.5"),
    Fixed(",\"DeviceRisk\":\""),
    Text("ROOT,VPN"),
    Fixed("\",\"Passed\":\"T\",\"MaterialInfo\":\""),
    Text(r#"{\"faceAge\":25,\"ocrIdCardInfo\":{\"certName\":\"张\\u4e09\"}}"#),
    Fixed("\",\"Success\":"),
    Value("true"),
    Fixed(",\"SubCode\":\"200\",\"UserInfo\":"),
    Value("null"),
    Fixed(",\"IdentityInfo\":[1,\""),
    Text("null"),
    Fixed("\"]},\""),
    Name("Recommend"),
    Fixed("\":{\""),
    Name("Url"),
    Fixed("\":\""),
    Text("https:\\/\\/next.api.aliyun.com"),
    Fixed("\"},\"RequestId\":\"R1\"}"),
];

const OPENED: &[Piece] = &[
    Fixed("{\"RequestId\":\"R1\",\"ResultObject\":{\"CertifyUrl\":\""),
    Text("https://t.aliyun.com/x?a=\\u0026"),
    Fixed("\",\"CertifyId\":\"sha1\",\""),
    Name("Expires"),
    Fixed("\":"),
    Value("1800"),
    Fixed("},\"Message\":\""),
    Text("\\ud83d\\ude00"),
    Fixed("\",\"Code\":\"200\"}"),
];

const REFUSED: &[Piece] = &[
    Fixed("{\"Message\":\""),
    Text("CertName 张三 \\\"invalid\\\""),
    Fixed("\",\"Code\":\"401\",\""),
    Name("Recommend"),
    Fixed("\":\""),
    Text("x"),
    Fixed("\",\""),
    Name("Status"),
    Fixed("\":"),
    Value("-1e3"),
    Fixed(",\"RequestId\":\"R1\"}"),
];

/// Names that mean something in these replies, so that a damaged name must not become one of them.
const KNOWN: [&str; 15] = [
    "Code",
    "code",
    "Message",
    "message",
    "RequestId",
    "requestId",
    "ResultObject",
    "CertifyId",
    "CertifyUrl",
    "Passed",
    "SubCode",
    "MaterialInfo",
    "DeviceRisk",
    "UserInfo",
    "IdentityInfo",
];

impl Piece {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Fixed(text) | Self::Text(text) | Self::Value(text) | Self::Name(text) => {
                text.as_bytes()
            }
        }
    }

    /// Whether the structure is still the same with these bytes.
    fn allows(self, bytes: &[u8]) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Text(_) => is_string(bytes),
            Self::Value(_) => {
                !bytes.is_empty() && !bytes.iter().any(|byte| b"{}[]:,\" \t\r\n".contains(byte))
            }
            Self::Name(_) => {
                let text = String::from_utf8_lossy(bytes);
                let name = serde_json::from_str::<String>(&format!("\"{text}\""));
                is_string(bytes) && !name.is_ok_and(|name| KNOWN.contains(&&*name))
            }
        }
    }
}

/// Whether no quote in the content of a string ends it, and no backslash escapes its end.
fn is_string(bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return false,
            b'\\' if bytes.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1, "sha1")
}

/// Calls an operation and responds to it with this body.
fn to<O: Operation>(operation: &O, body: &[u8]) -> Result<Reply<O::Response>, Error> {
    let response = CannedResponse {
        status: 200,
        headers: Vec::new(),
        body,
    };
    response.to(operation, Scheme::RpcHmacSha1)
}

/// Whatever bytes are in other strings, other values and the names of unknown fields: `Code`, `RequestId`,
/// `Passed`, `SubCode` and `CertifyId` of a reply are read. The first byte chooses the reply, each four
/// that follow a damage.
pub fn the_verdict_survives(bytes: &[u8]) {
    let Some((reply, damages)) = bytes.split_first() else {
        return;
    };
    let pieces = [DESCRIBED, OPENED, REFUSED][usize::from(*reply) % 3];
    let mut contents: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.bytes().to_vec()).collect();
    for damage in damages.chunks_exact(4).take(128) {
        let which = usize::from(damage[0]) % pieces.len();
        let mut changed = contents[which].clone();
        let at = usize::from(damage[1]) % (changed.len() + 1);
        if damage[2] % 2 == 0 || at == changed.len() {
            changed.insert(at, damage[3]);
        } else {
            changed[at] = damage[3];
        }
        if pieces[which].allows(&changed) {
            contents[which] = changed;
        }
    }
    let body = contents.concat();
    let shown = || String::from_utf8_lossy(&body).into_owned();
    match *reply % 3 {
        0 => {
            let reply =
                to(&describe(), &body).unwrap_or_else(|error| panic!("{error}: {}", shown()));
            assert_eq!(reply.request_id.as_deref(), Some("R1"), "{}", shown());
            assert_eq!(reply.value.passed, Some(Passed::Yes), "{}", shown());
            assert_eq!(reply.value.sub_code.as_deref(), Some("200"), "{}", shown());
            drop(reply.value.details());
        }
        1 => {
            let reply = to(
                &InitFaceVerify::new(1, "o1", "LR_FR")
                    .user_id("7")
                    .meta_info("{}"),
                &body,
            );
            let reply = reply.unwrap_or_else(|error| panic!("{error}: {}", shown()));
            assert_eq!(reply.request_id.as_deref(), Some("R1"), "{}", shown());
            assert_eq!(reply.value.certify_id.as_str(), "sha1", "{}", shown());
        }
        _ => {
            for error in [
                to(&describe(), &body).map(drop),
                // The whole body is the reply.
                to(&Raw::new("New", Effect::ReadOnly), &body).map(drop),
            ] {
                let Err(Error::Service(refusal)) = error else {
                    panic!("{error:?}: {}", shown());
                };
                assert_eq!(refusal.code.as_deref(), Some("401"), "{}", shown());
                let id = refusal.attempts[0].request_id.as_deref();
                assert_eq!(id, Some("R1"), "{}", shown());
            }
        }
    }
}
