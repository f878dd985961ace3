//! The tables of operations equal the catalogue: names, locations, types, lengths and effects, as in
//! the vendor's SDK packages and API metadata. `--nocapture` prints the counts.

use std::collections::{BTreeMap, BTreeSet};

use cloudauth_proto::Effect;
use cloudauth_proto::codes::Charge;
use cloudauth_proto::operation::{Field, FieldKind, OperationMetadata, ParamLocation, Shape};
use cloudauth_proto::ops;
use serde_json::{Value, json};

use crate::common::ENVELOPE;
use crate::operations_by_action;

/// The differences between an operation's metadata and its entry in the catalogue.
fn differences(info: &OperationMetadata, operation: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str| found.push(format!("{}: {what}", info.action));
    if operation["action"] != *info.action {
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
            "query" => Some(ParamLocation::Query),
            "body" => Some(ParamLocation::Form),
            _ => None,
        };
        if Some(found.place) != place {
            differ(&format!("the location of {name}"));
        }
        let kinds: &[FieldKind] = match (field["type"].as_str().unwrap(), field["width"].as_str()) {
            ("string", None) if field["image"] == "base64" => &[FieldKind::Base64],
            ("string", None) => &[FieldKind::Text, FieldKind::Sensitive],
            ("integer", Some("int32")) => &[FieldKind::Int32],
            ("integer", Some("int64")) => &[FieldKind::Int64],
            ("boolean", None) => &[FieldKind::Boolean],
            ("list" | "struct", _) if field["encoding"] == "json-shrink" => &[FieldKind::Json],
            _ => &[],
        };
        if !kinds.contains(&found.kind) {
            differ(&format!("the type of {name}"));
        }
        let max = field["max_length"].as_u64();
        if found.max.map(|max| max as u64) != max {
            differ(&format!("the length of {name}"));
        }
        // The document requires more than the metadata. Fields that it requires for one plan only
        // are checked outside of the table.
        let required = field["required"] == true;
        if found.required != required && !(found.required && documented.contains(name)) {
            differ(&format!("whether {name} is required"));
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

/// The catalogue's description of the part of the response that is the reply.
fn in_payload(info: &OperationMetadata, operation: &Value) -> Option<Value> {
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
fn the_tables_equal_the_catalogue() {
    let catalogue = operations_by_action();
    let names: Vec<&str> = ops::ALL.iter().map(|info| &*info.action).collect();
    assert_eq!(names, catalogue.keys().collect::<Vec<_>>());
    let found: Vec<String> = ops::ALL
        .iter()
        .flat_map(|info| differences(info, &catalogue[&*info.action]))
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

/// Copies of an operation's entry, each with one change.
fn mutations(operation: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    let mut change = |what: &dyn Fn(&mut Value)| {
        let mut copy = operation.clone();
        what(&mut copy);
        assert_ne!(copy, *operation, "nothing was changed");
        changed.push(copy);
    };
    let others: fn(&Value) -> Value = |effect| match effect.as_str().unwrap() {
        "NotIdempotent" => "ReadOnly".into(),
        _ => "NotIdempotent".into(),
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
    let catalogue = operations_by_action();
    let mut caught = 0;
    for info in ops::ALL {
        for mutated in mutations(&catalogue[&*info.action]) {
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

/// Names of fields that identify a person, or give access to a person's data.
const PERSONAL: &str = "BankCard IdentifyNum Mobile Mobiles UserName CertName CertNo AuthId Birthday \
    ValidityDate ValidityStartDate ValidityEndDate Ip UserIp MetaInfo CallbackToken CallbackSeed \
    DeviceToken VehicleNum Vin CertNum IdCardNumber UserPhoneNumber MaterialValue SourceImageValue \
    TargetImageValue BizParam FaceContrastFile ImageFile CertFile CertNationalFile FaceFile \
    CertNationalUrl CertUrl FaceUrl ImageUrl FaceBase64 FacePicture ImageContext FaceContrastPicture \
    FaceContrastPictureUrl OssObjectName FaceImageUrl FaceGlobalUrl IdCardBackImageUrl \
    IdCardFrontImageUrl IdCardName Number Address Birth FrontImageUrl BackImageUrl IdentityInfo \
    MaterialInfo OcrInfo CardInfo FaceDetail OcrCardInfo PictureInfo VehicleInfo UserInfo \
    RequestJson ResponseJson EngineNum Secret Token VerifyToken VerifyPageUrl AuthKey Url VideoUrls \
    OssBucketName SourceOssBucketName TargetOssBucketName BucketName Bucket Path Message Nationality \
    Authority DegradeInfo SourceOssObjectName TargetOssObjectName Remark \
    CertifyUrl BizContent asrTexts screenVideoObjectNames voiceObjectNames";

fn unprotected(shape: &Shape, name: &str, personal: &BTreeSet<&str>, found: &mut Vec<String>) {
    match shape {
        Shape::Object(fields) => {
            for (name, shape) in *fields {
                unprotected(shape, name, personal, found);
            }
        }
        Shape::List(item) => unprotected(item, name, personal, found),
        Shape::Sensitive => {}
        _ if personal.contains(name) => found.push(name.to_owned()),
        _ => {}
    }
}

#[test]
fn fields_with_personal_data_are_sensitive_in_requests_and_replies() {
    let personal: BTreeSet<&str> = PERSONAL.split_whitespace().collect();
    for info in ops::ALL {
        let mut found = Vec::new();
        let fields = info.fields.iter();
        let texts = fields.filter(|field| field.kind == FieldKind::Text);
        found.extend(
            texts
                .map(|it| it.name.to_owned())
                .filter(|it| personal.contains(&**it)),
        );
        unprotected(&info.response, "", &personal, &mut found);
        assert!(found.is_empty(), "{}: {found:?}", info.action);
    }
}

#[test]
fn fields_with_pictures_are_sensitive() {
    for (action, operation) in operations_by_action() {
        let info = ops::ALL.iter().find(|info| info.action == action).unwrap();
        for field in operation["request"].as_array().unwrap() {
            let is_picture = matches!(
                field["image"].as_str(),
                Some("url" | "file-upload" | "typed-value")
            );
            if is_picture {
                let ours = info.fields.iter().find(|ours| field["name"] == ours.name);
                assert_eq!(ours.unwrap().kind, FieldKind::Sensitive, "{action} {field}");
            }
        }
    }
}

#[test]
fn no_operation_has_a_parameter_of_the_signature() {
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
fn operations_are_confirmed_by_operations_that_only_read() {
    let reads = |action: &str| {
        ops::ALL
            .iter()
            .any(|info| info.action == action && info.effect == Effect::ReadOnly)
    };
    for info in ops::ALL {
        assert!(info.confirmed_by.is_none_or(reads), "{}", info.action);
        assert!(
            info.effect != Effect::ReadOnly || info.confirmed_by.is_none(),
            "{}",
            info.action
        );
    }
}

#[test]
fn the_charge_of_every_operation_is_that_of_the_catalogue() {
    let catalogue = operations_by_action();
    let mut counts = [0; 3];
    for info in ops::ALL {
        let documented = catalogue[&*info.action]["charge"].as_str().unwrap();
        // Its BizCode 1 is billed.
        let documented = match &*info.action {
            "VehicleInsureQuery" => "unknown",
            _ => documented,
        };
        assert_eq!(info.charge().as_str(), documented, "{}", info.action);
        counts[[Charge::Free, Charge::Paid, Charge::Unknown]
            .iter()
            .position(|it| *it == info.charge())
            .unwrap()] += 1;
    }
    assert_eq!(counts, [55, 28, 18]);
}
