//! Every operation of the catalogue, asked with the parameters that it documents.

use cloudauth_sim::{CATALOGUE, Region, World};
use serde_json::Value;

use crate::client::{Answer, Call, NOW, answered};

fn operations() -> Vec<Value> {
    serde_json::from_str(CATALOGUE).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn fields(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["request"].as_array().unwrap().iter()
}

/// A value that fits.
fn value(operation: &Value, field: &Value) -> String {
    let name = text(&field["name"]);
    let uploads = operation["upload_fields"].as_array();
    let is_upload = uploads.is_some_and(|uploads| uploads.contains(&field["name"]));
    match (text(&field["type"]), name) {
        _ if is_upload => String::new(),
        ("integer", _) => "2".into(),
        ("boolean", _) => "true".into(),
        ("list", _) => "[]".into(),
        ("struct", _) | (_, "MetaInfo") => "{}".into(),
        (_, "CurrentPage" | "PageSize") => "2".into(),
        (_, "CallbackUrl") => "https://shop.example/".into(),
        (_, "CertType") => "IDENTITY_CARD".into(),
        (_, "CertNo") => "330103199001011234".into(),
        (_, "EncryptType") => String::new(),
        // One picture only.
        (_, "FaceContrastPictureUrl" | "OssBucketName" | "OssObjectName" | "CertifyId")
            if fields(operation).any(|it| it["name"] == "FaceContrastPicture") =>
        {
            String::new()
        }
        _ => format!("{}7", &name[..name.len().min(8)]),
    }
}

fn call(operation: &Value) -> Call {
    let call = Call::new(text(&operation["action"]), NOW);
    fields(operation).fold(call, |call, field| {
        call.set(text(&field["name"]), &value(operation, field))
    })
}

fn ask(world: &mut World, call: Call) -> Answer {
    answered(world.handle(Region::Shanghai, &call.sign(), NOW))
}

/// What of an answer is not as documented: fields that are missing, too many or of another type.
fn differences(path: &str, documented: &[Value], found: &Value, differ: &mut Vec<String>) {
    for name in found.as_object().unwrap().keys() {
        if !documented.iter().any(|field| field["name"] == *name) {
            differ.push(format!("{path}.{name} is not documented"));
        }
    }
    for field in documented {
        let name = text(&field["name"]);
        compare(&format!("{path}.{name}"), field, &found[name], differ);
    }
}

fn compare(path: &str, field: &Value, found: &Value, differ: &mut Vec<String>) {
    let is_right = match text(&field["type"]) {
        "string" => found.is_string(),
        "integer" => found.is_i64(),
        "float" => found.is_f64(),
        "boolean" => found.is_boolean(),
        "list" => found.is_array(),
        _ => found.is_object(),
    };
    if !is_right {
        // What belongs to an order may be missing: the order has none of it.
        differ.push(format!("{path} is {found}"));
        return;
    }
    if field["content"] == "json" {
        let text = text(found);
        if !text.is_empty() && serde_json::from_str::<Value>(text).is_err() {
            differ.push(format!("{path} is not JSON"));
        }
    }
    if let Some(fields) = field["fields"].as_array() {
        differences(path, fields, found, differ);
    }
    for item in found.as_array().into_iter().flatten() {
        compare(path, &field["item"], item, differ);
    }
}

#[test]
fn every_operation_is_answered_in_its_documented_shape() {
    let mut world = World::new();
    let mut differ = Vec::new();
    let mut answered = 0;
    for operation in operations() {
        let action = text(&operation["action"]);
        let answer = ask(&mut world, call(&operation));
        let body = answer.json();
        assert_eq!(answer.status, 200, "{action}: {body}");
        let code = body["Code"].as_str().unwrap_or("none");
        if action == "DescribeFaceVerify" {
            assert_eq!(code, "406", "there is no such order");
            continue;
        }
        assert!(
            ["200", "Success", "none"].contains(&code),
            "{action}: {body}"
        );
        assert_eq!(world.executions(action), 1, "{action}");
        let documented = operation["response"].as_array().unwrap();
        differences(action, documented, &body, &mut differ);
        answered += 1;
    }
    println!("{answered} of 100 operations without an order answered as documented");
    assert_eq!(answered, 100);
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn whatever_the_catalogue_requires_is_missed() {
    let (mut missed, mut by_gateway) = (0, 0);
    for operation in operations() {
        let has_code = operation["response"].as_array().unwrap().iter();
        let has_code = has_code.clone().any(|part| part["name"] == "Code");
        for field in fields(&operation).filter(|field| field["required"] == true) {
            for call in [
                call(&operation).without(text(&field["name"])),
                call(&operation).set(text(&field["name"]), ""),
            ] {
                let answer = ask(&mut World::new(), call);
                let expected = if has_code {
                    (200, "400")
                } else {
                    (400, "MissingParameter")
                };
                assert_eq!((answer.status, &*answer.code()), expected, "{operation}");
                let message = answer.json()["Message"].to_string();
                assert!(message.contains(text(&field["name"])), "{message}");
            }
            missed += 1;
            by_gateway += usize::from(!has_code);
        }
    }
    println!("{missed} required parameters, {by_gateway} of them refused by the gateway");
    assert_eq!(missed, 104);
}

#[test]
fn whatever_has_a_type_or_a_length_is_checked() {
    let mut checked = 0;
    for operation in operations() {
        let action = text(&operation["action"]);
        for field in fields(&operation) {
            let name = text(&field["name"]);
            let long = "1".repeat(
                field["max_length"]
                    .as_u64()
                    .map_or(0, |max| usize::try_from(max).unwrap() + 1),
            );
            let malformed = match text(&field["type"]) {
                "integer" if field["width"] == "int64" => "9223372036854775808",
                "integer" => "2147483648",
                "boolean" => "2",
                "list" | "struct" => "[",
                _ if !long.is_empty() => &*long,
                _ => continue,
            };
            if action == "DescribeFaceVerify" && name != "SceneId" {
                continue;
            }
            let answer = ask(&mut World::new(), call(&operation).set(name, malformed));
            let code = answer.code();
            // A picture that is too large has a code of its own.
            let expected = ["401", "421", "InvalidParameter"];
            assert!(expected.contains(&&*code), "{action}: {name}: {code}");
            checked += 1;
        }
    }
    println!("{checked} parameters with a type or a length");
    assert!(checked > 110, "{checked}");
}

#[test]
fn what_the_catalogue_does_not_have_is_passed_over_or_not_found() {
    let known = Call::new("DescribeOssStatus", NOW).set("NewParameter", "1");
    assert_eq!(ask(&mut World::new(), known).status, 200);
    let unknown = Call::new("DescribeEverything", NOW);
    assert_eq!(
        ask(&mut World::new(), unknown).code(),
        "InvalidApi.NotFound"
    );
}

#[test]
fn an_answer_repeats_what_was_asked_for() {
    let call = Call::new("DescribeMetaSearchPageList", NOW);
    let call = ["Api", "EndDate", "StartDate"]
        .iter()
        .fold(call, |call, name| call.set(name, "1"));
    let answer = ask(
        &mut World::new(),
        call.set("CurrentPage", "7").set("PageSize", "9"),
    );
    let body = answer.json();
    assert_eq!(
        (&body["CurrentPage"], &body["PageSize"]),
        (&7.into(), &9.into())
    );
}

#[test]
fn a_scene_is_made_changed_listed_and_deleted() {
    let mut world = World::new();
    let scene = |call: Call, id: &str| call.set("SceneId", id);
    let made = Call::new("CreateAntCloudAuthScene", NOW).set("SceneName", "first");
    let id = ask(&mut world, made.set("ReturnPicCount", "3")).json()["SceneId"].to_string();
    let update = Call::new("UpdateAntCloudAuthScene", NOW).set("SceneName", "second");
    ask(&mut world, scene(update, &id));
    let list = |world: &mut World| {
        let call = Call::new("DescribeListAntCloudAuthScenes", NOW);
        ask(world, call).json()["Scenes"].clone()
    };
    let listed = list(&mut world);
    assert_eq!(listed[0]["SceneName"], "second");
    assert_eq!(listed[0]["ReturnPicCount"], 3);

    assert_eq!(ask(&mut world, scene(Call::init(NOW), &id)).code(), "200");
    ask(
        &mut world,
        scene(Call::new("DeleteAntCloudAuthScene", NOW), &id),
    );
    assert_eq!(list(&mut world), serde_json::json!([]));
    assert_eq!(ask(&mut world, scene(Call::init(NOW), &id)).code(), "404");
    // One that was never made counts as configured.
    assert_eq!(ask(&mut world, scene(Call::init(NOW), "5")).code(), "200");
}

#[test]
fn an_order_is_found_by_its_number() {
    let mut world = World::new();
    for number in ["one", "two", "two"] {
        ask(&mut world, Call::init(NOW).set("OuterOrderNo", number));
    }
    let mut search = |number: &str, page: &str| {
        let call = Call::new("DescribeVerifySearchPageList", NOW).set("OuterOrderNo", number);
        let call = call.set("CurrentPage", page).set("PageSize", "1");
        ask(&mut world, call).json()
    };
    let found = search("two", "2");
    assert_eq!(found["TotalCount"], 2);
    assert_eq!(found["TotalPage"], 2);
    assert_eq!(found["Items"].as_array().unwrap().len(), 1);
    assert_eq!(found["Items"][0]["OuterOrderNo"], "two");
    assert!(
        found["Items"][0]["CertifyId"]
            .as_str()
            .unwrap()
            .starts_with("sha")
    );
    assert_eq!(search("three", "1")["TotalCount"], 0);
    assert_eq!(
        search("two", "18446744073709551615")["Items"],
        serde_json::json!([])
    );
}

#[test]
fn a_file_that_was_never_posted_is_refused() {
    let mut refused = 0;
    for operation in operations() {
        for field in operation["upload_fields"].as_array().into_iter().flatten() {
            let made_up = "http://simulated-uploads.oss-cn-shanghai.aliyuncs.com/none.jpg";
            let call = call(&operation).set(text(field), made_up);
            assert_eq!(ask(&mut World::new(), call).code(), "401", "{operation}");
            refused += 1;
        }
    }
    assert_eq!(refused, 9);
}
