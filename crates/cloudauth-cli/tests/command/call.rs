use cloudauth_proto::operation::{Field, FieldKind, OperationMetadata, Shape};
use cloudauth_proto::ops;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use serde_json::{Map, Value, json};

use crate::process::{Finished, TempFile, run, run_with};
use crate::schema;

fn call(simulator: &Simulator, args: &[&str], params: &Value) -> Finished {
    let url = simulator.url(Region::Shanghai);
    run(
        &[&["call"], args, &["--endpoint", &url]].concat(),
        &params.to_string(),
    )
}

/// A value that the simulator accepts.
fn sample(field: &Field) -> Value {
    match (field.kind, field.name) {
        (FieldKind::Int32 | FieldKind::Int64, _) => json!(7),
        (FieldKind::Boolean, _) => json!(true),
        (FieldKind::Json, "Ids") => json!([1, 2]),
        (FieldKind::Json, "MerchantDetail") => json!([{"Key": "k", "Value": "v"}]),
        (FieldKind::Json, "BlackListStrategy") => {
            json!({"BizContent": "c", "BizKey": "k", "Id": 1})
        }
        (FieldKind::Json, "ControlStrategyList") => json!([{"ApiName": "a", "Threshold": 2.5}]),
        (FieldKind::Json, _) => json!([{"ApiName": "a", "Status": "s", "Threshold": 3}]),
        (_, "MetaInfo" | "VoluntaryCustomizedContent") => json!("{}"),
        (_, "CurrentPage" | "PageSize" | "PageNumber") => json!("1"),
        (_, "MaterialValue" | "SourceImageValue" | "TargetImageValue") => json!("base64://AAAA"),
        (_, "CallbackUrl") => json!("https://www.example.com/callback"),
        _ => json!("sample1"),
    }
}

/// The required parameters, and the picture that three operations need.
fn samples(listed: &OperationMetadata) -> Value {
    let required = listed.fields.iter().filter(|field| field.required);
    let mut params: Map<String, Value> = required
        .map(|field| (field.name.to_owned(), sample(field)))
        .collect();
    for (action, name) in [
        ("ContrastFaceVerify", "FaceContrastPicture"),
        ("CompareFaceVerify", "SourceFaceContrastPicture"),
        ("CompareFaceVerify", "TargetFaceContrastPicture"),
    ] {
        if listed.action == action {
            params.insert(name.to_owned(), json!("AAAA"));
        }
    }
    if listed.action == "InitFaceVerify" {
        params.insert("ProductCode".to_owned(), json!("LR_FR"));
        params.insert("UserId".to_owned(), json!("7"));
    }
    Value::Object(params)
}

/// Whether a field is an alternative to another, or changes what the others mean.
fn is_alternative(name: &str) -> bool {
    let parts = [
        "File",
        "Url",
        "Oss",
        "CertifyId",
        "EncryptType",
        "Mode",
        "Birthday",
    ];
    parts.iter().any(|part| name.contains(part))
}

/// Calls with the required parameters, then with those that the error says are missing.
fn call_complete(simulator: &Simulator, args: &[&str], listed: &OperationMetadata) -> Finished {
    let mut params = samples(listed);
    for _ in 0..3 {
        let result = call(simulator, args, &params);
        // What the service requires beyond the tables.
        let is_incomplete =
            result.stderr.contains("400") || result.stderr.contains("ParamsMissing");
        if result.status == 5 && is_incomplete {
            for field in listed
                .fields
                .iter()
                .filter(|field| !is_alternative(field.name))
            {
                if params.get(field.name).is_none() {
                    params[field.name] = sample(field);
                }
            }
            continue;
        }
        if result.status != 2 {
            return result;
        }
        for (name, _) in result
            .stderr
            .split([' ', '"'])
            .zip(result.stderr.split(' ').skip(1))
        {
            let field = listed.fields.iter().find(|field| field.name == name);
            if let Some(field) = field.filter(|_| params.get(name).is_none()) {
                params[name] = sample(field);
            }
        }
    }
    call(simulator, args, &params)
}

#[test]
fn every_operation_can_be_called() {
    let simulator = Simulator::start().unwrap();
    simulator.world().enforce_rate_limits(false);
    let mut refused = Vec::new();
    for listed in ops::ALL {
        let action = &*listed.action;
        let result = call_complete(&simulator, &[action, "--json"], listed);
        let logged = simulator
            .world()
            .requests()
            .last()
            .map(|it| it.action.clone());
        assert_eq!(logged.as_deref(), Some(action), "{}", result.stderr);
        if result.status == 5 {
            refused.push((action, result.error_json(5)["Code"].clone()));
            continue;
        }
        let reply = &result.json()["reply"];
        let Shape::Object(fields) = listed.response else {
            continue;
        };
        for name in reply.as_object().unwrap().keys() {
            assert!(
                fields.iter().any(|(field, _)| field == name),
                "{action}: {name}"
            );
        }
    }
    // Pictures that are left out, and IDs that do not exist.
    let is_refused = |(_, code): &(&str, Value)| ["400", "406"].iter().any(|it| code == it);
    assert!(refused.iter().all(is_refused), "{refused:?}");
    assert!(refused.len() < 10, "{refused:?}");
}

#[test]
fn call_reports_all_wrong_parameters_at_once_and_sends_nothing() {
    let simulator = Simulator::start().unwrap();
    let params = json!({
        "SceneId": "x", "CertifyIdd": "330103199001011230", "张三": 1, "UserId": {"a": "王五"},
        "OuterOrderNo": "a".repeat(33),
    });
    let result = call(&simulator, &["InitFaceVerify"], &params);
    assert_eq!(
        result.error(2),
        "InitFaceVerify was not sent: CertifyIdd is unknown, did you mean CertifyId?; a parameter is \
         unknown; UserId must be a string, a number or a boolean; SceneId has an invalid value; \
         ProductCode is missing; OuterOrderNo is longer than 32 characters"
    );
    // Rules that involve several fields, once all can be read.
    let params = json!({"SceneId": 1, "OuterOrderNo": "order 1", "ProductCode": "PV_FV"});
    let result = call(&simulator, &["InitFaceVerify"], &params);
    let error = result.error(2);
    for problem in ["UserId is missing", "FaceContrastPicture is missing"] {
        assert!(error.contains(problem), "{error}");
    }
    assert!(simulator.world().requests().is_empty());
}

#[test]
fn call_reports_input_that_is_not_an_object_without_showing_it() {
    for input in ["[1]", "{\"a\": 张三}", "\"王五\"", "{", "{} x"] {
        let result = run(&["call", "DescribeOssStatus"], input);
        let expected = "standard input: is not a JSON object of parameters (line 1)";
        assert_eq!(result.error(2), expected);
    }
}

#[test]
fn call_finds_an_operation_in_any_case_and_suggests_a_similar_one() {
    let simulator = Simulator::start().unwrap();
    let params = json!({"SceneId": 1, "CertifyId": "sha0"});
    assert_eq!(call(&simulator, &["describefaceverify"], &params).status, 5);
    let result = run(&["call", "DescribeFaceVerfy"], "{}");
    assert_eq!(
        result.error(2),
        "unknown operation; did you mean DescribeFaceVerify?"
    );
}

#[test]
fn a_dry_run_checks_the_parameters_and_sends_nothing() {
    let simulator = Simulator::start().unwrap();
    let params =
        json!({"ParamType": "normal", "UserName": "张三", "IdentifyNum": "330103199001011230"});
    let result = call(&simulator, &["Id2MetaVerify", "--dry-run"], &params);
    let plan = result.json();
    assert_eq!(plan["effect"], "not_idempotent");
    assert_eq!(
        plan["parameters"],
        json!(["IdentifyNum", "ParamType", "UserName"])
    );
    assert!(!result.stdout.contains("张三"), "{}", result.stdout);
    assert_eq!(
        call(&simulator, &["DescribeFaceVerify", "--dry-run"], &json!({})).status,
        2
    );
    assert!(simulator.world().requests().is_empty());
}

/// Opens verifications; returns the simulator.
fn with_orders(orders: u32) -> Simulator {
    let simulator = Simulator::start().unwrap();
    for order in 0..orders {
        let params = json!({
            "SceneId": 7, "OuterOrderNo": format!("order{order}"), "ProductCode": "LR_FR",
            "UserId": "7", "MetaInfo": "{}",
        });
        call(&simulator, &["InitFaceVerify"], &params).json();
    }
    simulator
}

#[test]
fn call_gets_all_pages_and_stops_at_the_last_one() {
    let simulator = with_orders(5);
    let search = |page: Value, args: &[&str]| {
        let params = json!({"CurrentPage": page, "PageSize": "2"});
        let args = [&["DescribeVerifySearchPageList"], args].concat();
        let replies = call(&simulator, &args, &params).json_lines();
        let items = replies
            .iter()
            .flat_map(|it| it["reply"]["Items"].as_array().unwrap().clone());
        items
            .map(|item| item["OuterOrderNo"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(search(json!("1"), &["--all-pages"]).len(), 5);
    assert_eq!(search(json!("2"), &["--all-pages"]).len(), 3);
    assert_eq!(search(json!("2"), &[]).len(), 2);
    let requests = simulator.world().requests().len();
    assert_eq!(search(json!("9"), &["--all-pages"]).len(), 0);
    assert_eq!(simulator.world().requests().len(), requests + 1);
    let result = call(
        &simulator,
        &["DescribeFaceVerify", "--all-pages"],
        &json!({}),
    );
    assert_eq!(
        result.error(2),
        "--all-pages: DescribeFaceVerify has no pages"
    );
}

#[test]
fn every_operation_with_pages_ends() {
    let simulator = Simulator::start().unwrap();
    simulator.world().enforce_rate_limits(false);
    for listed in ops::ALL {
        let field = listed
            .fields
            .iter()
            .find(|it| matches!(it.name, "CurrentPage" | "PageNumber"));
        if field.is_none() {
            continue;
        }
        let before = simulator.world().requests().len();
        let result = call_complete(&simulator, &[&listed.action, "--all-pages"], listed);
        assert!(
            matches!(result.status, 0 | 5),
            "{}: {}",
            listed.action,
            result.stderr
        );
        assert!(
            simulator.world().requests().len() - before <= 2,
            "{}",
            listed.action
        );
    }
}

#[test]
fn call_uploads_files() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let (front, back) = (
        TempFile::new(b"\xff\xd8\xfffront"),
        TempFile::new(b"\xff\xd8\xffback"),
    );
    let files = [
        format!("CertFile={}", front.path()),
        format!("CertNationalFile={}", back.path()),
    ];
    let args = [
        "Id2MetaVerifyWithOCR",
        "--file",
        &files[0],
        "--file",
        &files[1],
    ];
    let args = [&args[..], &["--upload-endpoint", &url]].concat();
    call(&simulator, &args, &json!({})).json();
    assert_eq!(simulator.world().executions("PostObject"), 2);
    assert_eq!(simulator.world().executions("Id2MetaVerifyWithOCR"), 1);

    let error = |args: &[&str]| {
        let args = [&["Id2MetaVerifyWithOCR"], args].concat();
        call(&simulator, &args, &json!({})).error(2).to_owned()
    };
    let takes = "--file: Id2MetaVerifyWithOCR takes CertFile and CertNationalFile";
    assert_eq!(error(&["--file", "Certfile=x"]), takes);
    assert_eq!(error(&["--file", "x"]), "--file must be FIELD=PATH");
    assert_eq!(
        error(&["--file", &files[0], "--file", &files[0]]),
        "--file: CertFile is set twice"
    );
    assert!(error(&["--file", "CertFile=no-such-file"]).starts_with("CertFile: cannot be read: "));
    let result = call(
        &simulator,
        &["DescribeFaceVerify", "--file", "A=x"],
        &json!({}),
    );
    assert_eq!(result.error(2), "--file: DescribeFaceVerify takes no file");
}

#[test]
fn a_recording_has_the_shape_of_each_response_and_no_value() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Once);
    let record = TempFile::new("");
    let params = json!({
        "SceneId": 7, "OuterOrderNo": "order1", "ProductCode": "LR_FR", "UserId": "7", "MetaInfo": "{}",
    });
    let opened = call(
        &simulator,
        &["InitFaceVerify", "--record", record.path()],
        &params,
    )
    .json();
    let certify_id = opened["reply"]["CertifyId"].as_str().unwrap();
    let params = json!({"SceneId": 7, "CertifyId": certify_id});
    call(
        &simulator,
        &["DescribeFaceVerify", "--record", record.path()],
        &params,
    )
    .error(4);
    let recorded = std::fs::read_to_string(record.path()).unwrap();
    for value in [
        certify_id,
        "order1",
        "application/json",
        opened["RequestId"].as_str().unwrap(),
    ] {
        assert!(!recorded.contains(value), "{recorded}");
    }
    let lines: Vec<Value> = recorded
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    for line in &lines {
        schema::check("record", line);
    }
    let statuses: Vec<_> = lines
        .iter()
        .map(|line| (&line["action"], &line["status"]))
        .collect();
    let (init, describe) = (json!("InitFaceVerify"), json!("DescribeFaceVerify"));
    let (unavailable, ok) = (json!(503), json!(200));
    assert_eq!(
        statuses,
        [(&init, &unavailable), (&init, &ok), (&describe, &ok)]
    );
    assert_eq!(lines[1]["shape"]["ResultObject"]["CertifyId"], "string");
    let headers = lines[1]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!("date")), "{headers:?}");
    // What the simulator replied is what it replies.
    let compared = run(&["sim", "compare", record.path()], "");
    assert!(compared.stdout.starts_with('['), "{}", compared.stderr);
}

#[test]
fn a_person_who_did_not_pass_makes_call_fail() {
    let simulator = Simulator::start().unwrap();
    let params = json!({
        "SceneId": 7, "OuterOrderNo": "order1", "ProductCode": "ID_PRO", "Model": "MULTI_ACTION",
        "CertType": "IDENTITY_CARD", "CertName": "张三", "CertNo": "330103199001011230",
        "ReturnUrl": "https://www.example.com/", "MetaInfo": "{}",
    });
    let opened = call(&simulator, &["InitFaceVerify"], &params).json();
    crate::process::submit(opened["reply"]["CertifyUrl"].as_str().unwrap(), "204");
    let params = json!({"SceneId": 7, "CertifyId": opened["reply"]["CertifyId"]});
    let result = call(&simulator, &["DescribeFaceVerify"], &params);
    assert_eq!(result.json_with(3)["reply"]["Passed"], "F");
}

#[test]
fn each_end_of_a_call_has_an_exit_status_and_a_name() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let paid =
        json!({"ParamType": "normal", "UserName": "张三", "IdentifyNum": "330103199001011230"});
    let end = |fault: Option<Fault>, action: &str, params: &Value, status: i32| {
        if let Some(fault) = fault {
            simulator.inject(Region::Shanghai, fault, Times::Always);
        }
        let error = call(&simulator, &[action, "--json"], params).error_json(status);
        simulator.restore(Region::Shanghai).unwrap();
        error
    };
    let unknown = json!({"SceneId": 7, "CertifyId": "sha0"});
    assert_eq!(
        end(None, "DescribeFaceVerify", &unknown, 5)["exit"],
        "refused"
    );
    let lost = end(Some(Fault::Reset), "Id2MetaVerify", &paid, 7);
    assert_eq!(
        (&lost["exit"], &lost["may_have_been_carried_out"]),
        (&json!("outcome_unknown"), &json!(true))
    );
    let attempts = lost["attempts"].as_array().unwrap();
    assert_eq!(
        (attempts.len(), &attempts[0]["outcome"]),
        (1, &json!("no_response"))
    );
    let down = end(Some(Fault::Refuse), "Id2MetaVerify", &paid, 6);
    assert_eq!(down["exit"], "unreachable");
    assert!(
        down["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["outcome"] == "not_sent")
    );
    assert_eq!(
        end(None, "Id2MetaVerify", &json!({"x": 1}), 2)["exit"],
        "usage"
    );
    let vars = [("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")];
    let result = run_with(
        &["call", "Id2MetaVerify", "--endpoint", &url, "--json"],
        &paid.to_string(),
        &vars,
    );
    assert_eq!(result.error_json(8)["exit"], "no_credentials");
}

#[test]
fn the_exit_statuses_are_in_the_help() {
    let help = run(&["--help"], "").stdout;
    for status in 0..=8 {
        assert!(help.contains(&format!("\n  {status}  ")), "{help}");
    }
    let readme = include_str!("../../README.md");
    for status in 0..=8 {
        assert!(readme.contains(&format!("\n| {status} | ")), "{status}");
    }
}

#[test]
fn a_refusal_shows_what_its_code_means_and_not_the_services_message() {
    let simulator = Simulator::start().unwrap();
    let params = json!({"SceneId": 7, "CertifyId": "sha0"});
    let result = call(
        &simulator,
        &["DescribeFaceVerify", "--show-message"],
        &params,
    );
    assert!(
        result.stderr.contains("406: the CertifyId is unknown"),
        "{}",
        result.stderr
    );
    // stderr is not a terminal.
    assert!(
        !result.stderr.contains("message of the service"),
        "{}",
        result.stderr
    );
}
