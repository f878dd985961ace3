//! The tables of operations against the catalogue: names, places, types, lengths and effects as in
//! the vendor's SDK packages and API metadata, both ways. `--nocapture` prints the counts.

#![expect(clippy::unwrap_used, clippy::unwrap_in_result, reason = "a test")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named here is not looked at"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use cloudauth_proto::ops::{self, Visitor};
use cloudauth_proto::{Effect, Field, Info, Kind, Listed, Place, Shape};
use common::{answer, catalogue, generated};
use serde_json::{Map, Value, json};

/// What of a reply is read before the response is.
const ENVELOPE: [&str; 3] = ["Code", "Message", "RequestId"];

/// What the table and the catalogue do not agree on.
fn differences(info: &Info, operation: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str| found.push(format!("{}: {what}", info.action));
    if operation["action"] != info.action {
        differ("the name");
    }
    if operation["effect"] != format!("{:?}", info.effect) {
        differ("the effect");
    }
    if operation["method"] != info.method.as_str() {
        differ("the method");
    }
    let documented: BTreeSet<&str> = names(&operation["required_by_document"]).collect();
    let mut ours: BTreeMap<&str, &Field> = info.fields.iter().map(|it| (it.name, it)).collect();
    if ours.len() != info.fields.len() {
        differ("a name is listed twice");
    }
    for field in operation["request"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        let Some(found) = ours.remove(name) else {
            differ(&format!("{name} is not in the table"));
            continue;
        };
        let place = match field["in"].as_str().unwrap() {
            "query" => Some(Place::Query),
            "body" => Some(Place::Form),
            _ => None,
        };
        if Some(found.place) != place {
            differ(&format!("the place of {name}"));
        }
        let kinds: &[Kind] = match (field["type"].as_str().unwrap(), field["width"].as_str()) {
            ("string", None) => &[Kind::Text, Kind::Sensitive],
            ("integer", Some("int32")) => &[Kind::Int32],
            ("integer", Some("int64")) => &[Kind::Int64],
            ("boolean", None) => &[Kind::Boolean],
            ("list" | "struct", _) if field["encoding"] == "json-shrink" => &[Kind::Json],
            _ => &[],
        };
        if !kinds.contains(&found.kind) {
            differ(&format!("the type of {name}"));
        }
        let max = field["max_length"].as_u64();
        if found.max.map(|max| max as u64) != max {
            differ(&format!("the length of {name}"));
        }
        // The document demands more than the metadata; what it demands for one plan only is
        // checked apart from the table.
        let required = field["required"] == true;
        if found.required != required && !(found.required && documented.contains(name)) {
            differ(&format!("whether {name} is needed"));
        }
    }
    for name in ours.keys() {
        differ(&format!("{name} is not in the catalogue"));
    }
    let response = in_payload(info, operation);
    if response
        .as_ref()
        .is_none_or(|theirs| !is_shape(&info.response, theirs))
    {
        differ("the response");
    }
    found
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap())
}

/// What the catalogue says of the part of the reply that is the response.
fn in_payload(info: &Info, operation: &Value) -> Option<Value> {
    let fields = operation["response"].as_array().unwrap().iter();
    let fields: Vec<&Value> = fields
        .filter(|field| !ENVELOPE.contains(&field["name"].as_str().unwrap()))
        .collect();
    match (info.payload, fields.as_slice()) {
        (None, fields) => Some(json!({ "type": "struct", "fields": fields })),
        (Some(payload), [only]) if only["name"] == payload => Some((*only).clone()),
        _ => None,
    }
}

fn is_shape(ours: &Shape, theirs: &Value) -> bool {
    match (ours, theirs["type"].as_str().unwrap()) {
        (Shape::Text | Shape::Sensitive, "string")
        | (Shape::Integer, "integer")
        | (Shape::Number, "float")
        | (Shape::Boolean, "boolean") => true,
        (Shape::Map, "map") => theirs["item"]["type"] == "string",
        (Shape::Any, "map") => theirs["item"]["type"] == "any",
        (Shape::List(item), "list") => is_shape(item, &theirs["item"]),
        (Shape::Object(fields), "struct") => {
            let theirs = theirs["fields"].as_array().unwrap();
            fields.len() == theirs.len()
                && theirs.iter().all(|theirs| {
                    let ours = fields.iter().find(|(name, _)| theirs["name"] == *name);
                    ours.is_some_and(|(_, ours)| is_shape(ours, theirs))
                })
        }
        _ => false,
    }
}

#[test]
fn the_tables_are_the_catalogue() {
    let catalogue = catalogue();
    let names: Vec<_> = ops::ALL.iter().map(|info| info.action).collect();
    assert_eq!(names, catalogue.keys().collect::<Vec<_>>());
    let found: Vec<String> = ops::ALL
        .iter()
        .flat_map(|info| differences(info, &catalogue[info.action]))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    let theirs = |part: &str| -> usize {
        let lists = catalogue
            .values()
            .map(|it| it[part].as_array().unwrap().len());
        lists.sum()
    };
    let fields: usize = ops::ALL.iter().map(|info| info.fields.len()).sum();
    println!("operations: {} of {}", names.len(), catalogue.len());
    println!("request fields: {fields} of {}", theirs("request"));
    assert_eq!((names.len(), fields, theirs("request")), (101, 546, 546));
}

/// Changes one thing about each operation, field and part of a reply in turn.
fn mutations(operation: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    let mut change = |what: &dyn Fn(&mut Value)| {
        let mut copy = operation.clone();
        what(&mut copy);
        assert_ne!(copy, *operation, "no mutation");
        changed.push(copy);
    };
    let others: fn(&Value) -> Value = |effect| match effect.as_str().unwrap() {
        "Once" => "Query".into(),
        _ => "Once".into(),
    };
    change(&|it| it["effect"] = others(&it["effect"]));
    change(&|it| it["action"] = format!("{}2", it["action"].as_str().unwrap()).into());
    change(&|it| it["method"] = if it["method"] == "GET" { "POST" } else { "GET" }.into());
    for list in ["request", "response"] {
        for at in 0..operation[list].as_array().unwrap().len() {
            if ENVELOPE.contains(&operation[list][at]["name"].as_str().unwrap()) {
                continue;
            }
            change(&|it| drop(it[list].as_array_mut().unwrap().remove(at)));
            change(&|it| {
                let name = format!("{}2", it[list][at]["name"].as_str().unwrap());
                it[list][at]["name"] = name.into();
            });
            change(&|it| {
                let other = if it[list][at]["type"] == "string" {
                    "boolean"
                } else {
                    "string"
                };
                it[list][at]["type"] = other.into();
            });
            if list == "request" {
                change(&|it| {
                    let is_query = it[list][at]["in"] == "query";
                    it[list][at]["in"] = if is_query { "body" } else { "query" }.into();
                });
                change(&|it| it[list][at]["max_length"] = 7.into());
                if operation[list][at]["width"].is_string()
                    && operation[list][at]["type"] == "integer"
                {
                    change(&|it| {
                        let is_short = it[list][at]["width"] == "int32";
                        it[list][at]["width"] = if is_short { "int64" } else { "int32" }.into();
                    });
                }
                if operation[list][at]["required"] == true {
                    change(&|it| it[list][at]["required"] = false.into());
                }
            }
        }
        change(&|it| {
            let new = json!({ "name": "New", "type": "string", "in": "query" });
            it[list].as_array_mut().unwrap().push(new);
        });
    }
    changed
}

#[test]
fn every_mutation_of_the_catalogue_is_caught() {
    let catalogue = catalogue();
    let mut caught = 0;
    for info in ops::ALL {
        for mutated in mutations(&catalogue[info.action]) {
            assert!(
                !differences(info, &mutated).is_empty(),
                "{}: {mutated}",
                info.action
            );
            caught += 1;
        }
    }
    println!("mutations of the catalogue: {caught} of {caught} caught");
    assert!(caught > 2_000);
}

/// Names that stand for a person, or open a door to one, wherever they are.
const PERSONAL: &str = "BankCard IdentifyNum Mobile Mobiles UserName CertName CertNo AuthId Birthday \
    ValidityDate ValidityStartDate ValidityEndDate Ip UserIp MetaInfo CallbackToken CallbackSeed \
    DeviceToken VehicleNum Vin CertNum IdCardNumber UserPhoneNumber MaterialValue SourceImageValue \
    TargetImageValue BizParam FaceContrastFile ImageFile CertFile CertNationalFile FaceFile \
    CertNationalUrl CertUrl FaceUrl ImageUrl FaceBase64 FacePicture ImageContext FaceContrastPicture \
    FaceContrastPictureUrl OssObjectName FaceImageUrl FaceGlobalUrl IdCardBackImageUrl \
    IdCardFrontImageUrl IdCardName Number Address Birth FrontImageUrl BackImageUrl IdentityInfo \
    MaterialInfo OcrInfo CardInfo FaceDetail OcrCardInfo PictureInfo VehicleInfo UserInfo \
    RequestJson ResponseJson EngineNum Secret Token VerifyToken VerifyPageUrl AuthKey Url VideoUrls \
    CertifyUrl BizContent asrTexts screenVideoObjectNames voiceObjectNames";

fn bare(shape: &Shape, name: &str, personal: &BTreeSet<&str>, found: &mut Vec<String>) {
    match shape {
        Shape::Object(fields) => {
            for (name, shape) in *fields {
                bare(shape, name, personal, found);
            }
        }
        Shape::List(item) => bare(item, name, personal, found),
        Shape::Sensitive => {}
        _ if personal.contains(name) => found.push(name.to_owned()),
        _ => {}
    }
}

#[test]
fn people_are_sensitive_everywhere() {
    let personal: BTreeSet<&str> = PERSONAL.split_whitespace().collect();
    for info in ops::ALL {
        let mut found = Vec::new();
        let fields = info.fields.iter();
        let texts = fields.filter(|field| field.kind == Kind::Text);
        found.extend(
            texts
                .map(|it| it.name.to_owned())
                .filter(|it| personal.contains(&**it)),
        );
        bare(&info.response, "", &personal, &mut found);
        // Whether somebody's data are filed under "Url" or not: a picture's place is one.
        assert!(found.is_empty(), "{}: {found:?}", info.action);
    }
}

#[test]
fn every_picture_of_the_catalogue_is_sensitive() {
    for (action, operation) in catalogue() {
        let info = ops::ALL.iter().find(|info| info.action == action).unwrap();
        for field in operation["request"].as_array().unwrap() {
            let is_picture = matches!(
                field["image"].as_str(),
                Some("base64" | "url" | "file-upload" | "typed-value")
            );
            if is_picture {
                let ours = info.fields.iter().find(|ours| field["name"] == ours.name);
                assert_eq!(ours.unwrap().kind, Kind::Sensitive, "{action} {field}");
            }
        }
    }
}

/// A reply in which each text holds its own name, and what `Debug` then shows of it.
fn filled(shape: &Shape, name: &str, variant: Variant) -> (Value, String) {
    let redacted = |text: &str| format!("[redacted; {} bytes]", text.len());
    let number = i64::try_from(name.len()).unwrap();
    match shape {
        Shape::Text => (name.into(), format!("{name:?}")),
        Shape::Sensitive => (name.into(), redacted(name)),
        Shape::Integer => (variant.of(number.into()), number.to_string()),
        Shape::Number => {
            let half = f64::from(u8::try_from(name.len()).unwrap()) + 0.5;
            (variant.of(half.into()), format!("{half:?}"))
        }
        Shape::Boolean => (variant.of(true.into()), "true".into()),
        Shape::Map => (json!({ name: name }), format!("{{{name:?}: {name:?}}}")),
        Shape::Any => {
            let value = json!({ name: 1 });
            (value.clone(), format!("{value:?}"))
        }
        Shape::List(item) => {
            let (value, shown) = filled(item, name, variant);
            (json!([value]), format!("[{shown}]"))
        }
        Shape::Object(fields) => {
            let mut object = Map::new();
            let mut shown = Vec::new();
            for (name, shape) in *fields {
                let (value, debug) = filled(shape, name, variant);
                object.insert((*name).to_owned(), value);
                shown.push(format!("{name}: {debug}"));
            }
            object.insert("Unknown".into(), json!({ "New": [1, { "New": null }] }));
            (Value::Object(object), format!("{{ {} }}", shown.join(", ")))
        }
        other => panic!("{other:?}"),
    }
}

/// How numbers and truth values are written.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    AsDocumented,
    AsText,
}

impl Variant {
    fn of(self, value: Value) -> Value {
        match self {
            Self::AsDocumented => value,
            Self::AsText => value.to_string().into(),
        }
    }
}

/// Takes the names of structs and the home of a `CertifyId` out of what `Debug` shows.
fn without_names(shown: &str) -> String {
    let shown = shown.replace(
        r#"CertifyId { id: "CertifyId", home: Some(Endpoint { scheme: Https, authority: "cloudauth.cn-shanghai.aliyuncs.com" }) }"#,
        r#""CertifyId""#,
    );
    let mut kept = String::new();
    for part in shown.split_inclusive(" {") {
        match part.strip_suffix(" {") {
            Some(start) if start.ends_with(':') => kept.push_str(part),
            Some(start) => {
                let name = start.rfind(|c: char| !c.is_ascii_alphanumeric());
                kept.push_str(&start[..name.map_or(0, |at| at + 1)]);
                kept.push('{');
            }
            None => kept.push_str(part),
        }
    }
    kept
}

fn count(shape: &Shape) -> usize {
    match shape {
        Shape::Object(fields) => fields.iter().map(|(_, shape)| 1 + count(shape)).sum(),
        Shape::List(item) => count(item),
        _ => 0,
    }
}

#[derive(Default)]
struct Replies {
    read: usize,
}

/// Reads a whole reply, and says how many fields it has.
fn read<O: Listed>(variant: Variant) -> usize {
    let info = O::INFO;
    let (value, shown) = filled(&info.response, "", variant);
    let mut body = match info.payload {
        Some(payload) => json!({ payload: value }),
        None => value,
    };
    body["Code"] = "200".into();
    body["Message"] = "Message".into();
    body["RequestId"] = "RequestId".into();
    let reply = answer(&generated::<O>(), &body.to_string()).unwrap();
    assert_eq!(reply.request_id.as_deref(), Some("RequestId"));
    let read = without_names(&format!("{:?}", reply.value));
    let shown = if shown == "{  }" {
        "Done".into()
    } else {
        without_names(&shown)
    };
    assert_eq!(read, shown, "{}", info.action);
    count(&info.response)
}

impl Visitor for Replies {
    fn operation<O: Listed + Sync>(&mut self) {
        self.read += read::<O>(Variant::AsDocumented);
        assert_eq!(read::<O>(Variant::AsText), count(&O::INFO.response));
    }
}

#[test]
fn every_field_of_every_reply_is_read() {
    fn of(fields: &Value) -> usize {
        let fields = fields.as_array().into_iter().flatten();
        fields
            .map(|field| 1 + of(&field["fields"]) + of(&field["item"]["fields"]))
            .sum()
    }
    let mut replies = Replies::default();
    ops::visit(&mut replies);
    let catalogue = catalogue();
    let all: usize = catalogue.values().map(|it| of(&it["response"])).sum();
    let envelope: usize = catalogue
        .values()
        .flat_map(|it| it["response"].as_array().unwrap())
        .filter(|field| ENVELOPE.contains(&field["name"].as_str().unwrap()))
        .count();
    let payloads: usize = ops::ALL
        .iter()
        .filter(|info| info.payload.is_some())
        .count();
    let read = replies.read + payloads;
    println!(
        "reply fields: {read} of {}, and {envelope} of the envelope",
        all - envelope
    );
    assert_eq!(read, all - envelope);
}

struct Nothing;

impl Visitor for Nothing {
    fn operation<O: Listed + Sync>(&mut self) {
        let info = O::INFO;
        // Of an opened verification the name is needed: without it nothing can be asked.
        let opens = info.effect == Effect::Open && info.action.starts_with("Init");
        let Shape::Object(fields) = info.response else {
            panic!("not an object");
        };
        let nulls: Map<_, _> = fields
            .iter()
            .map(|(name, _)| ((*name).into(), Value::Null))
            .collect();
        let nulls = Value::Object(nulls);
        let bodies = match info.payload {
            Some(payload) => [
                json!({}),
                json!({ payload: null }),
                json!({ payload: nulls }),
            ],
            None => [json!({}), json!({ "New": 1 }), nulls],
        };
        for body in bodies {
            let answer = answer(&generated::<O>(), &body.to_string());
            assert_eq!(answer.is_err(), opens, "{} {body} {answer:?}", info.action);
        }
    }
}

#[test]
fn missing_and_null_fields_break_nobody() {
    ops::visit(&mut Nothing);
}

#[test]
fn no_operation_sets_what_a_signature_sets() {
    let reserved = [
        "Action",
        "Version",
        "Format",
        "AccessKeyId",
        "SecurityToken",
        "Signature",
        "Timestamp",
        "SignatureNonce",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureType",
    ];
    let mut fields = ops::ALL.iter().flat_map(|info| info.fields);
    assert!(fields.all(|field| !reserved.contains(&field.name)));
}

#[test]
fn what_settles_a_doubt_is_a_question() {
    let is_question = |action: &str| {
        ops::ALL
            .iter()
            .any(|info| info.action == action && info.effect == Effect::Query)
    };
    for info in ops::ALL {
        assert!(info.settled_by.is_none_or(is_question), "{}", info.action);
        assert!(
            info.effect != Effect::Query || info.settled_by.is_none(),
            "{}",
            info.action
        );
    }
}
