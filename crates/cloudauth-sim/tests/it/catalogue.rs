//! Every operation of the catalogue, called with its documented parameters.

use cloudauth_sim::{CATALOGUE, Region, Verdict, World};
use serde_json::Value;

use crate::client::{Call, NOW, Response, expect_response};

fn operations() -> Vec<Value> {
    serde_json::from_str(CATALOGUE).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn fields(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["request"].as_array().unwrap().iter()
}

/// A valid value of a parameter.
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
        (_, "CertNo" | "IdentifyNum") => "330103199001011230".into(),
        (_, "Mobile" | "Mobiles") => "13800138000".into(),
        (_, "CertName" | "UserName") => "张三".into(),
        (_, "ParamType") => "normal".into(),
        (_, "EncryptType") => String::new(),
        // At most one picture is allowed.
        (_, "FaceContrastPictureUrl" | "OssBucketName" | "OssObjectName" | "CertifyId")
            if fields(operation).any(|it| it["name"] == "FaceContrastPicture") =>
        {
            String::new()
        }
        (_, name)
            if ["Source", "Target"].iter().any(|side| {
                let rest = name.strip_prefix(side).unwrap_or_default();
                [
                    "CertifyId",
                    "OssBucketName",
                    "OssObjectName",
                    "FaceContrastPictureUrl",
                ]
                .contains(&rest)
            }) =>
        {
            String::new()
        }
        (_, "CertifyId") => first_certify_id(&mut World::new()),
        _ => format!("{}7", &name[..name.len().min(8)]),
    }
}

/// The certify ID of the first verification, which is the same in every world.
fn first_certify_id(world: &mut World) -> String {
    let body = send(world, Call::init(NOW)).json();
    text(&body["ResultObject"]["CertifyId"]).to_owned()
}

fn call(operation: &Value) -> Call {
    let call = Call::new(text(&operation["action"]), NOW);
    fields(operation).fold(call, |call, field| {
        call.set(text(&field["name"]), &value(operation, field))
    })
}

fn send(world: &mut World, call: Call) -> Response {
    expect_response(world.handle(Region::Shanghai, &call.sign(), NOW))
}

/// Collects the differences from the documented form: missing fields, additional ones, and wrong types.
fn differences(path: &str, documented: &[Value], found: &Value, different: &mut Vec<String>) {
    for name in found.as_object().unwrap().keys() {
        if !documented.iter().any(|field| field["name"] == *name) {
            different.push(format!("{path}.{name} is not documented"));
        }
    }
    for field in documented {
        let name = text(&field["name"]);
        compare(&format!("{path}.{name}"), field, &found[name], different);
    }
}

fn compare(path: &str, field: &Value, found: &Value, different: &mut Vec<String>) {
    let is_right = match text(&field["type"]) {
        "string" => found.is_string(),
        "integer" => found.is_i64(),
        "float" => found.is_f64(),
        "boolean" => found.is_boolean(),
        "list" => found.is_array(),
        _ => found.is_object(),
    };
    if !is_right {
        different.push(format!("{path} is {found}"));
        return;
    }
    if field["content"] == "json" {
        let text = text(found);
        if !text.is_empty() && serde_json::from_str::<Value>(text).is_err() {
            different.push(format!("{path} is not JSON"));
        }
    }
    if let Some(fields) = field["fields"].as_array() {
        differences(path, fields, found, different);
    }
    for item in found.as_array().into_iter().flatten() {
        compare(path, &field["item"], item, different);
    }
}

#[test]
fn every_operation_responds_in_its_documented_form() {
    let mut world = World::new();
    let id = first_certify_id(&mut world);
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let opened = world.executions("InitFaceVerify");
    let mut different = Vec::new();
    let mut as_documented = 0;
    for operation in operations() {
        let action = text(&operation["action"]);
        let response = send(&mut world, call(&operation));
        let body = response.json();
        assert_eq!(response.status, 200, "{action}: {body}");
        let code = body["Code"].as_str().unwrap_or("none");
        if action == "DescribeFaceVerify" {
            assert_eq!(code, "401", "the verification has another scene");
            continue;
        }
        assert!(
            ["200", "Success", "none"].contains(&code),
            "{action}: {body}"
        );
        let before = if action == "InitFaceVerify" {
            opened
        } else {
            0
        };
        assert_eq!(world.executions(action), before + 1, "{action}");
        let documented = operation["response"].as_array().unwrap();
        differences(action, documented, &body, &mut different);
        as_documented += 1;
    }
    println!("{as_documented} of 100 operations without an order respond as documented");
    assert_eq!(as_documented, 100);
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn every_required_parameter_of_the_catalogue_is_required() {
    let (mut required, mut by_gateway) = (0, 0);
    for operation in operations() {
        let has_code = operation["response"].as_array().unwrap().iter();
        let has_code = has_code.clone().any(|part| part["name"] == "Code");
        for field in fields(&operation).filter(|field| field["required"] == true) {
            for call in [
                call(&operation).without(text(&field["name"])),
                call(&operation).set(text(&field["name"]), ""),
            ] {
                let response = send(&mut World::new(), call);
                let expected = if has_code {
                    (200, "400")
                } else {
                    (400, "MissingParameter")
                };
                assert_eq!(
                    (response.status, &*response.code()),
                    expected,
                    "{operation}"
                );
                let message = response.json()["Message"].to_string();
                assert!(message.contains(text(&field["name"])), "{message}");
            }
            required += 1;
            by_gateway += usize::from(!has_code);
        }
    }
    println!("{required} required parameters, {by_gateway} of them refused by the gateway");
    assert_eq!(required, 104);
}

#[test]
fn every_type_and_length_of_the_catalogue_is_checked() {
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
            let response = send(&mut World::new(), call(&operation).set(name, malformed));
            let code = response.code();
            // Too large pictures have a code of their own.
            let expected = ["401", "421", "InvalidParameter"];
            assert!(expected.contains(&&*code), "{action}: {name}: {code}");
            checked += 1;
        }
    }
    println!("{checked} parameters with a type or a length");
    assert!(checked > 110, "{checked}");
}

#[test]
fn unknown_parameters_are_ignored_and_unknown_operations_not_found() {
    let known = Call::new("DescribeOssStatus", NOW).set("NewParameter", "1");
    assert_eq!(send(&mut World::new(), known).status, 200);
    let unknown = Call::new("DescribeEverything", NOW);
    assert_eq!(
        send(&mut World::new(), unknown).code(),
        "InvalidApi.NotFound"
    );
}

#[test]
fn a_result_repeats_parameters_of_the_same_name() {
    let call = Call::new("DescribeMetaSearchPageList", NOW);
    let call = ["Api", "EndDate", "StartDate"]
        .iter()
        .fold(call, |call, name| call.set(name, "1"));
    let response = send(
        &mut World::new(),
        call.set("CurrentPage", "7").set("PageSize", "9"),
    );
    let body = response.json();
    assert_eq!(
        (&body["CurrentPage"], &body["PageSize"]),
        (&7.into(), &9.into())
    );
}

#[test]
fn a_scene_is_created_updated_listed_and_deleted() {
    let mut world = World::new();
    let scene = |call: Call, id: &str| call.set("SceneId", id);
    let create = Call::new("CreateAntCloudAuthScene", NOW).set("SceneName", "first");
    let id = send(&mut world, create.set("ReturnPicCount", "3")).json()["SceneId"].to_string();
    let update = Call::new("UpdateAntCloudAuthScene", NOW).set("SceneName", "second");
    send(&mut world, scene(update, &id));
    let list = |world: &mut World| {
        let call = Call::new("DescribeListAntCloudAuthScenes", NOW);
        send(world, call).json()["Scenes"].clone()
    };
    let listed = list(&mut world);
    assert_eq!(listed[0]["SceneName"], "second");
    assert_eq!(listed[0]["ReturnPicCount"], 3);

    assert_eq!(send(&mut world, scene(Call::init(NOW), &id)).code(), "200");
    send(
        &mut world,
        scene(Call::new("DeleteAntCloudAuthScene", NOW), &id),
    );
    assert_eq!(list(&mut world), serde_json::json!([]));
    assert_eq!(send(&mut world, scene(Call::init(NOW), &id)).code(), "404");
    // A scene that was never created counts as configured.
    assert_eq!(send(&mut world, scene(Call::init(NOW), "5")).code(), "200");
}

#[test]
fn an_order_is_found_by_its_number() {
    let mut world = World::new();
    for number in ["one", "two", "two"] {
        send(&mut world, Call::init(NOW).set("OuterOrderNo", number));
    }
    let mut search = |number: &str, page: &str| {
        let call = Call::new("DescribeVerifySearchPageList", NOW).set("OuterOrderNo", number);
        let call = call.set("CurrentPage", page).set("PageSize", "1");
        send(&mut world, call).json()
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
fn the_url_of_a_file_that_was_never_uploaded_is_refused() {
    let mut refused = 0;
    for operation in operations() {
        for field in operation["upload_fields"].as_array().into_iter().flatten() {
            let made_up = "http://simulated-uploads.oss-cn-shanghai.aliyuncs.com/none.jpg";
            let call = call(&operation).set(text(field), made_up);
            assert_eq!(send(&mut World::new(), call).code(), "401", "{operation}");
            refused += 1;
        }
    }
    assert_eq!(refused, 9);
}

/// The values of all fields with this name.
fn values<'v>(name: &str, body: &'v Value, found: &mut Vec<&'v Value>) {
    for (key, member) in body.as_object().into_iter().flatten() {
        if key == name {
            found.push(member);
        }
        values(name, member, found);
    }
    for item in body.as_array().into_iter().flatten() {
        values(name, item, found);
    }
}

#[test]
fn values_of_documented_lists_are_from_the_lists() {
    let mut world = World::new();
    first_certify_id(&mut world);
    for (action, name, listed) in [
        ("AIGCFaceVerify", "Result", &["Y", "N"] as &[&str]),
        ("CredentialProductVerifyV2", "Result", &["0", "1", "2"]),
        ("DeepfakeDetect", "Result", &["0", "1", "2"]),
        ("DescribeAuthVerify", "SpoofInfo", &["Y", "N"]),
        (
            "VerifyMaterial",
            "FaceQuality",
            &["UNQUALIFIED", "LOW", "NORMAL", "HIGH"],
        ),
        ("VerifyMaterial", "FaceMask", &["true", "false"]),
        (
            "DetectFaceAttributes",
            "Glasses",
            &["None", "Wear", "Sunglass"],
        ),
        (
            "DetectFaceAttributes",
            "Facetype",
            &["None", "Face", "Profile"],
        ),
        ("DetectFaceAttributes", "Respirator", &["Wear", "None"]),
        ("MobileOnlineTime", "TimeCode", &["1", "2", "3", "4", "5"]),
        ("MobileOnlineTime", "IspName", &["CMCC", "CUCC", "CTCC"]),
        (
            "MobileOnlineStatus",
            "SubCode",
            &["101", "201", "202", "203", "204", "301"],
        ),
        (
            "MobileDetect",
            "SubCode",
            &["101", "102", "103", "104", "105", "301"],
        ),
        (
            "DescribeWhitelistSetting",
            "Status",
            &["Status7", "VALID", "INVALID", "DELETED"],
        ),
        (
            "QueryCustomizeFlowStrategy",
            "Status",
            &["disabled", "normal"],
        ),
        (
            "QueryCustomizeFlowStrategy",
            "FlowType",
            &["ACCUMULATE", "PASSED_RATE"],
        ),
        ("QueryControlStrategy", "BizType", &["QPS", "AMOUNT_RISE"]),
        (
            "QueryBlackListStrategy",
            "BizKey",
            &["mobile", "ip", "identifyNum", "bankCard"],
        ),
        (
            "QueryBlackListStrategy",
            "ProductName",
            &["id2meta", "mobile3Meta", "bankcardMeta"],
        ),
    ] {
        let operation = operations().into_iter().find(|it| it["action"] == action);
        let body = send(&mut world, call(&operation.unwrap())).json();
        let mut found = Vec::new();
        values(name, &body, &mut found);
        assert!(!found.is_empty(), "{action} {name}: {body}");
        for value in found {
            assert!(
                listed.iter().any(|it| value == it),
                "{action} {name}: {value}"
            );
        }
    }
}

#[test]
fn scores_and_risks_are_where_the_documents_have_them() {
    let mut world = World::new();
    first_certify_id(&mut world);
    for operation in operations() {
        let body = send(&mut world, call(&operation)).json();
        for name in ["RiskScore", "FaceDetail", "SimilarityScore", "VerifyScore"] {
            let mut found = Vec::new();
            values(name, &body, &mut found);
            for value in found {
                if let Some(risks) = value.as_object() {
                    assert!(!risks.is_empty(), "{operation}");
                }
                let text = value.as_str().unwrap_or("{}");
                let detail: Value = serde_json::from_str(text).unwrap();
                let score = value.as_f64().or_else(|| detail["verifyScore"].as_f64());
                let has_range = score.is_none_or(|score| (0.0..=100.0).contains(&score));
                assert!(has_range, "{operation}: {value}");
            }
        }
    }
}

#[test]
fn each_number_of_a_list_is_detected() {
    let call = Call::new("MobileDetect", NOW)
        .set("ParamType", "normal")
        .set("Mobiles", "13800138000,19900000102,19900000301");
    let body = send(&mut World::new(), call).json();
    let items = body["ResultObject"]["Items"].as_array().unwrap();
    let codes = items
        .iter()
        .map(|item| (text(&item["BizCode"]), text(&item["SubCode"])));
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [("1", "101"), ("2", "102"), ("3", "301")]
    );
    assert_eq!(body["ResultObject"]["ChargeCount"], "2");
}
