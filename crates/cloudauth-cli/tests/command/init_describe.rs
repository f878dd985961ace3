use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::process::{Finished, PERSON, TempFile, run, submit};

fn init(simulator: &Simulator, order: &str, meta_info: &str, input: &str) -> Finished {
    let endpoints: Vec<String> = Region::ALL.map(|region| simulator.url(region)).into();
    run(
        &[
            "init",
            "--endpoint",
            &endpoints[0],
            "--endpoint",
            &endpoints[1],
            "--scene-id",
            "1000000006",
            "--outer-order-no",
            order,
            "--return-url",
            "https://www.example.com/back",
            "--meta-info",
            meta_info,
        ],
        input,
    )
}

#[test]
fn init_and_describe_succeed_while_the_first_endpoint_is_down() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    let meta_info = TempFile::new("{}");
    let opened = init(&simulator, "order1", meta_info.path(), PERSON).json();
    let page = opened["CertifyUrl"].as_str().unwrap();
    assert!(page.starts_with("http://"));
    let url = simulator.url(Region::Beijing);
    assert_eq!(opened["endpoint"], url.as_str());
    assert_eq!(opened["attempts"].as_array().unwrap().len(), 2);

    let certify_id = opened["CertifyId"].as_str().unwrap();
    let args = ["describe", "--endpoint", &url, "--scene-id", "1000000006"];
    let args = [&args[..], &["--certify-id", certify_id]].concat();
    let too_early = run(&args, "");
    let error = too_early.error(4);
    assert!(
        error.starts_with(
            "DescribeFaceVerify was refused: 424: there is no record: not submitted, abandoned or \
             in progress; query after the page has returned 1000 or 2006 (HTTP 200, "
        ),
        "{error}"
    );
    assert!(error.to_lowercase().contains("request id "), "{error}");

    submit(page, "204");
    // Exit status 3: not passed.
    let verdict = run(&args, "").json_with(3);
    assert_eq!(verdict["Passed"], "F");
    assert_eq!(verdict["SubCode"], "204");
    assert!(verdict["reason"].is_string());
    assert!(verdict["RequestId"].is_string());
    assert_eq!(verdict["endpoint"], url.as_str());
}

#[test]
fn init_reports_all_invalid_fields_and_sends_nothing() {
    let simulator = Simulator::start().unwrap();
    let meta_info = TempFile::new("not json");
    let result = init(&simulator, &"1".repeat(33), meta_info.path(), PERSON);
    let error = result.error(2);
    assert!(
        error.contains("OuterOrderNo is longer than 32 characters"),
        "{error}"
    );
    assert!(error.contains("MetaInfo must be a JSON object"), "{error}");
    assert!(simulator.world().requests().is_empty());
}

#[test]
fn init_requires_a_name_and_an_id_number_on_two_lines() {
    let simulator = Simulator::start().unwrap();
    let meta_info = TempFile::new("{} ");
    for input in ["", "张三\n", "张三\n1\n2\n"] {
        let result = init(&simulator, "order1", meta_info.path(), input);
        assert_eq!(
            result.error(2),
            "standard input: must have two lines: the name and the ID number"
        );
    }
    let result = init(&simulator, "order1", "no-such-file", PERSON);
    assert!(result.error(2).starts_with("--meta-info: cannot be read: "));
}

#[test]
fn describe_reports_an_unreachable_endpoint_in_one_line() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Refuse, Times::Always);
    let url = simulator.url(Region::Shanghai);
    let args = ["describe", "--endpoint", &url, "--scene-id", "1"];
    let result = run(&[&args[..], &["--certify-id", "sha1"]].concat(), "");
    let error = result.error(6);
    let expected = format!("{url}: not sent: cannot connect: Connection refused");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn init_sends_a_callback_token_made_with_the_key() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let meta_info = TempFile::new("{}");
    let key = TempFile::new("fedcba9876543210fedcba9876543210");
    let person = TempFile::new(PERSON);
    let args = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "order1",
        "--return-url",
        "https://www.example.com/",
        "--meta-info",
        meta_info.path(),
        "--person",
        person.path(),
        "--callback-url",
        "https://www.example.com/callback",
        "--callback-key",
        key.path(),
    ];
    run(&args, "").json();
    let world = simulator.world();
    let sent = &world.requests().last().unwrap().url_query_names;
    assert!(sent.iter().any(|it| it == "CallbackToken"), "{sent:?}");
    assert!(sent.iter().any(|it| it == "CallbackUrl"), "{sent:?}");
}

/// Opens a verification of a plan; returns what `init` prints.
#[track_caller]
fn open(simulator: &Simulator, options: &[&str]) -> serde_json::Value {
    let url = simulator.url(Region::Shanghai);
    let meta_info = TempFile::new("{}");
    let args = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "order1",
    ];
    let args = [&args[..], &["--meta-info", meta_info.path()], options].concat();
    run(&args, PERSON).json()
}

#[test]
fn init_opens_a_verification_of_every_plan_in_the_browser_and_in_an_app() {
    let simulator = Simulator::start().unwrap();
    let user = TempFile::new("{\"UserId\": \"7\"}");
    let intent = TempFile::new("{\"VoluntaryCustomizedContent\": \"[\\\"我同意\\\"]\"}");
    let picture = TempFile::new([&b"\xff\xd8\xff\xe0"[..], &[0; 100]].concat());
    let person = TempFile::new(format!("\u{feff}{PERSON}"));
    let back = ["--return-url", "https://www.example.com/back"];
    for (plan, options) in [
        ("ID_PRO", &[][..]),
        ("ID_PLUS", &[]),
        (
            "PV_FV",
            &["--params", user.path(), "--picture", picture.path()],
        ),
        ("LR_FR", &["--params", user.path()]),
        (
            "MFVC",
            &["--person", person.path(), "--params", intent.path()],
        ),
        ("FACE", &["--person", person.path()]),
    ] {
        for place in [&back[..], &[]] {
            let options = [options, place, &["--product-code", plan]].concat();
            let opened = open(&simulator, &options);
            assert!(!opened["CertifyId"].as_str().unwrap().is_empty(), "{plan}");
            let world = simulator.world();
            let sent = &world.requests().last().unwrap().url_query_names;
            let has = |name: &str| sent.iter().any(|it| it == name);
            assert_eq!(has("ReturnUrl"), !place.is_empty(), "{plan}: {sent:?}");
            assert_eq!(
                has("CertNo"),
                ["ID_PRO", "MFVC", "FACE"].contains(&plan),
                "{plan}"
            );
        }
    }
}

#[test]
fn init_refuses_a_parameter_that_has_an_option() {
    let simulator = Simulator::start().unwrap();
    let params = TempFile::new("{\"SceneId\": 8}");
    let meta_info = TempFile::new("{}");
    let url = simulator.url(Region::Shanghai);
    let args = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "order1",
    ];
    let args = [
        &args[..],
        &["--meta-info", meta_info.path(), "--params", params.path()],
    ]
    .concat();
    assert_eq!(
        run(&args, PERSON).error(2),
        "--params: SceneId has an option or a file of its own"
    );
}

/// The first request that `init` sends, and its result.
fn first_request(person: &str, meta_info: &str) -> (String, Finished) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut request = Vec::new();
        let (mut stream, _) = listener.accept().unwrap();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..length]);
        }
        let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 14\r\n\r\n{\"Code\":\"400\"}";
        stream.write_all(refusal.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    let (person, meta_info) = (TempFile::new(person), TempFile::new(meta_info));
    let args = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "42_1700000000000",
        "--meta-info",
        meta_info.path(),
        "--person",
        person.path(),
    ];
    let result = run(&args, "");
    (server.join().unwrap(), result)
}

/// Cases F01 and F15: the form of apps, and files as editors write them.
#[test]
fn init_takes_marks_off_files_and_needs_neither_a_return_url_nor_a_model() {
    let person = "\u{feff}张三\r\n11010519491231002x\r\n";
    let (request, result) = first_request(person, "\u{feff}{}");
    assert!(
        result
            .error(5)
            .starts_with("InitFaceVerify was refused: 400")
    );
    assert!(
        request.contains("?CertName=%E5%BC%A0%E4%B8%89&"),
        "{request}"
    );
    assert!(request.contains("&CertNo=11010519491231002X&"), "{request}");
    assert!(request.contains("&MetaInfo=%7B%7D&"), "{request}");
    for absent in ["ReturnUrl", "Model"] {
        assert!(!request.contains(absent), "{request}");
    }
}

#[test]
fn init_refuses_a_hidden_character_and_a_mistyped_number_before_it_sends_anything() {
    let simulator = Simulator::start().unwrap();
    let meta_info = TempFile::new("{}");
    for (input, expected) in [
        (
            "张\u{200b}三\n330103199001011230\n",
            "standard input: the name contains the invisible character \
             ZERO WIDTH SPACE (U+200B)",
        ),
        (
            "张三\n330103199001011231\n",
            "standard input: the ID number is mistyped: \
             its check character does not match",
        ),
        (
            "张三\n33010319900101123\n",
            "standard input: the ID number must have 18 characters",
        ),
    ] {
        let result = init(&simulator, "order1", meta_info.path(), input);
        assert_eq!(result.error(2), expected);
    }
    assert!(simulator.world().requests().is_empty());
}
