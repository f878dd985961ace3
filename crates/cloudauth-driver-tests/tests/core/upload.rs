//! Uploads (the authorization, the post, the call of the operation), against the simulated platform and
//! object store.

use cloudauth_proto::driver::{Delivery, Exchange, Failure};
use cloudauth_proto::error::UploadStep;
use cloudauth_proto::ops::{
    ContrastFaceVerify, CredentialProductVerifyV2, CredentialVerifyV2, Id2MetaVerifyWithOCR,
    Id3MetaVerify, Id3MetaVerifyPRO, Id3MetaVerifyWithOCR,
};
use cloudauth_proto::upload::{UPLOADS, Upload};
use cloudauth_proto::verify::Passed;
use cloudauth_proto::{AttemptOutcome, Error, Flow, Operation, Reply, Step};
use cloudauth_sim::simulation::Simulation;
use cloudauth_sim::{Fault, IncomingRequest, Reaction, Region, Times, World};

use crate::common::{now, session};
use crate::operations_by_action;

const FACE: &[u8] = b"\xff\xd8\xff\xe0 a face \r\n--\x00\xfe with line ends";

fn simulated() -> Simulation {
    Simulation::new(session(), World::new())
}

fn contrast() -> Upload<ContrastFaceVerify> {
    ContrastFaceVerify::new()
        .cert_name("张三")
        .with_face_contrast_file(FACE)
}

/// Runs an upload of these files, and checks that the files arrived.
fn completed<O: Operation + 'static>(upload: Upload<O>, files: &[&[u8]]) -> Reply<O::Response> {
    let mut simulated = simulated();
    let reply = simulated.call(upload).unwrap();
    assert_eq!(simulated.world.uploaded_files().collect::<Vec<_>>(), files);
    assert_eq!(simulated.world.executions("PostObject"), files.len());
    reply
}

#[test]
fn the_table_of_uploads_agrees_with_the_catalogue() {
    let catalogue = operations_by_action();
    let expected: Vec<(String, Vec<String>)> = catalogue
        .iter()
        .filter_map(|(action, it)| Some((action.clone(), it["upload_fields"].as_array()?.clone())))
        .map(|(action, it)| {
            (
                action,
                it.iter().map(|f| f.as_str().unwrap().into()).collect(),
            )
        })
        .collect();
    let table: Vec<(String, Vec<String>)> = UPLOADS
        .iter()
        .map(|(action, it)| ((*action).into(), it.iter().map(|&f| f.into()).collect()))
        .collect();
    assert_eq!(table, expected);
    let fields: usize = UPLOADS.iter().map(|(_, fields)| fields.len()).sum();
    assert_eq!((table.len(), fields), (7, 9));
}

#[test]
fn each_of_the_seven_operations_uploads_its_files() {
    let (one, two): (&[u8], &[u8]) = (FACE, b"\x89PNG\r\n\x1a\n back");
    let reply = completed(contrast(), &[one]);
    assert_eq!(reply.value.passed, Some(Passed::Yes));
    let product = CredentialProductVerifyV2::new("ANTI_FAKE_CHECK", "05", "0501");
    completed(product.with_image_file(one), &[one]);
    completed(CredentialVerifyV2::new().with_image_file(one), &[one]);
    let face = Id3MetaVerify::new().param_type("normal").user_name("张三");
    let face = face.identify_num("330103199001011230");
    completed(face.with_face_file(one), &[one]);
    let face = Id3MetaVerifyPRO::new()
        .param_type("normal")
        .user_name("张三");
    let face = face.identify_num("330103199001011230");
    completed(face.with_face_file(one), &[one]);
    let both = Id2MetaVerifyWithOCR::new();
    let both = both.with_cert_file(one).with_cert_national_file(two);
    assert_eq!(
        completed(both, &[one, two]).value.biz_code.as_deref(),
        Some("1")
    );
    let both = Id3MetaVerifyWithOCR::new();
    let both = both.with_cert_national_file(two).with_cert_file(one);
    completed(both, &[two, one]);
    completed(Id3MetaVerifyWithOCR::new().with_cert_file(one), &[one]);
}

/// Runs an upload with these faults, and returns its error.
fn fails(faults: &[(&str, Fault, Times)]) -> (Simulation, Error) {
    let mut simulated = simulated();
    for (action, fault, times) in faults {
        for region in Region::ALL {
            simulated
                .world
                .inject_for_action(region, action, fault.clone(), *times);
        }
    }
    let error = simulated.call(contrast()).unwrap_err();
    (simulated, error)
}

fn refusal(status: u16, body: &str) -> Fault {
    Fault::Custom {
        status,
        body: body.into(),
    }
}

#[test]
fn the_error_has_the_step_that_failed() {
    let forbidden = refusal(403, r#"{"Code":"Forbidden.RAM","Message":"m"}"#);
    let (simulated, error) = fails(&[("AuthorizeFileUpload", forbidden, Times::Always)]);
    let Error::Upload(upload) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (upload.step, upload.field),
        (UploadStep::Authorize, "FaceContrastFile")
    );
    assert!(error.to_string().contains("Forbidden.RAM"), "{error}");
    assert_eq!(simulated.world.executions("PostObject"), 0);

    let denied = refusal(403, "<Error><Code>AccessDenied</Code></Error>");
    let (simulated, error) = fails(&[("PostObject", denied, Times::Always)]);
    let Error::Upload(upload) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (upload.step, upload.field),
        (UploadStep::Post, "FaceContrastFile")
    );
    assert_eq!(upload.attempts.len(), 1);
    assert!(
        error.to_string().contains("HTTP 403, code AccessDenied"),
        "{error}"
    );
    assert!(!error.may_have_been_carried_out());
    assert_eq!(simulated.world.executions("ContrastFaceVerify"), 0);

    let (_, error) = fails(&[("ContrastFaceVerify", Fault::Reset, Times::Always)]);
    assert!(matches!(error, Error::Uncertain(_)), "{error}");
}

#[test]
fn an_incomplete_or_malformed_grant_is_an_error() {
    for body in [
        r#"{"AccessKeyId":"a","Bucket":"b","EncodedPolicy":"p","Endpoint":"e.example","Signature":"s"}"#,
        r#"{"AccessKeyId":"a","Bucket":"b","EncodedPolicy":"p","Endpoint":"e/../x?","ObjectKey":"k","Signature":"s"}"#,
        r#"{"AccessKeyId":"a","Bucket":"u@b","EncodedPolicy":"p","Endpoint":"e.example","ObjectKey":"k","Signature":"s"}"#,
    ] {
        let (simulated, error) =
            fails(&[("AuthorizeFileUpload", refusal(200, body), Times::Always)]);
        let is_authorizing =
            matches!(&error, Error::Upload(it) if it.step == UploadStep::Authorize);
        assert!(is_authorizing, "{error}");
        assert_eq!(simulated.world.requests().len(), 1);
    }
}

#[test]
fn a_post_is_retried_after_transient_failures() {
    for fault in [
        Fault::Status(503),
        Fault::Reset,
        Fault::Hang,
        Fault::Refuse,
        Fault::Status(429),
    ] {
        let mut simulated = simulated();
        simulated.world.inject_for_action(
            Region::Beijing,
            "PostObject",
            fault.clone(),
            Times::N(2),
        );
        let reply = simulated.call(contrast()).unwrap();
        assert_eq!(reply.value.passed, Some(Passed::Yes), "{fault:?}");
        assert_eq!(simulated.world.uploaded_files().count(), 1);
    }
    let (_, error) = fails(&[("PostObject", Fault::Status(503), Times::Always)]);
    assert_eq!(error.attempts().len(), 4, "{error}");
}

#[test]
fn nothing_is_sent_for_an_invalid_operation() {
    let mut simulated = simulated();
    let twice = ContrastFaceVerify::new().certify_id("sha1");
    let error = simulated
        .call(twice.with_face_contrast_file(FACE))
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    let empty = ContrastFaceVerify::new().with_face_contrast_file([]);
    let error = simulated.call(empty).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("FaceContrastFile is an empty file"),
        "{error}"
    );
    assert!(simulated.world.requests().is_empty());
}

/// An upload that is driven one exchange at a time.
struct Driver {
    upload: Upload<ContrastFaceVerify>,
    session: cloudauth_proto::Session,
    world: World,
    now: cloudauth_proto::driver::Now,
    /// All `Debug` output.
    shown: String,
}

impl Driver {
    fn new() -> Self {
        Self {
            upload: contrast(),
            session: session(),
            world: World::new(),
            now: now(),
            shown: String::new(),
        }
    }

    fn show(&mut self, text: &str) {
        self.shown.push_str(text);
    }

    fn exchange(&mut self) -> Exchange {
        loop {
            self.show(&format!("{:?}", self.upload));
            let step = self.upload.poll(&mut self.session, self.now);
            self.show(&format!("{step:?}"));
            match step {
                Step::Send(exchange) => {
                    let request = exchange.sign();
                    self.show(&format!("{exchange:?} {request:?} {:?}", request.body));
                    return exchange;
                }
                Step::Wait(until) => self.now.mono = until,
                Step::Abandon(_) => {}
                step @ (Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. }) => {
                    panic!("{step:?}")
                }
                Step::Done(result) => panic!("{result:?}"),
            }
        }
    }

    fn respond(&mut self, exchange: &Exchange) {
        let request = IncomingRequest::from(&exchange.sign());
        let unix = self.now.unix.seconds();
        let Reaction::Response {
            status,
            headers,
            body,
        } = self.world.handle(Region::Shanghai, &request, unix)
        else {
            panic!("no response");
        };
        let head = cloudauth_proto::driver::Head::new(status, headers);
        let response = cloudauth_proto::driver::Response::new(head, body);
        self.upload
            .report(&mut self.session, exchange.id(), Ok(response), self.now);
    }
}

#[test]
fn the_form_has_the_vendor_s_fields_and_all_attempts_share_its_bytes() {
    let mut upload = Driver::new();
    let authorization = upload.exchange();
    assert_eq!(authorization.sign().authority, "openplatform.aliyuncs.com");
    upload.respond(&authorization);
    let first = upload.exchange();
    let lost = Err(Failure::new(Delivery::MaybeSent, "reset"));
    upload
        .upload
        .report(&mut upload.session, first.id(), lost, upload.now);
    let second = upload.exchange();
    assert_ne!(first.id(), second.id());

    let (first, request) = (first.sign(), second.sign());
    assert_eq!(
        first.body.parts().0.as_ptr(),
        request.body.parts().0.as_ptr()
    );
    assert_eq!(
        request.authority,
        "simulated-uploads.oss-cn-shanghai.aliyuncs.com"
    );
    assert!(
        request
            .headers
            .iter()
            .all(|(name, _)| *name != "authorization")
    );
    let (shared, own) = request.body.parts();
    let body = [shared, own].concat();
    let length = request
        .headers
        .iter()
        .find(|(name, _)| *name == "content-length");
    assert_eq!(length.unwrap().1, body.len().to_string());
    let text = String::from_utf8_lossy(&body).into_owned();
    let names = text.split("form-data; name=\"").skip(1);
    let names: Vec<&str> = names.map(|part| part.split_once('"').unwrap().0).collect();
    let fields = [
        "OSSAccessKeyId",
        "Signature",
        "key",
        "policy",
        "success_action_status",
        "file",
    ];
    assert_eq!(names, fields);
}

#[test]
fn late_reports_of_earlier_steps_are_ignored() {
    let mut upload = Driver::new();
    let authorization = upload.exchange();
    upload.respond(&authorization);
    let post = upload.exchange();
    assert_ne!(post.id(), authorization.id());
    upload.respond(&authorization);
    upload.respond(&post);
    let call = upload.exchange();
    let request = call.sign();
    let action = request
        .headers
        .iter()
        .find(|(name, _)| *name == "x-acs-action");
    assert_eq!(action.unwrap().1, "ContrastFaceVerify");
    upload.respond(&post);
    upload.respond(&call);
    let done = upload.upload.poll(&mut upload.session, upload.now);
    assert!(matches!(done, Step::Done(Ok(_))), "{done:?}");
    let again = upload.upload.poll(&mut upload.session, upload.now);
    assert!(matches!(again, Step::Done(Err(Error::Finished))));
}

#[test]
fn polling_twice_sends_once() {
    let mut upload = Driver::new();
    for _ in 0..3 {
        let exchange = upload.exchange();
        let again = upload.upload.poll(&mut upload.session, upload.now);
        assert!(
            matches!(again, Step::Wait(until) if until > upload.now.mono),
            "{again:?}"
        );
        upload.respond(&exchange);
    }
}

#[test]
fn debug_and_errors_show_neither_grant_nor_file() {
    let mut upload = Driver::new();
    let authorization = upload.exchange();
    upload.respond(&authorization);
    let post = upload.exchange();
    let (shared, _) = core::mem::take(&mut post.sign().body).into_parts();
    let text = String::from_utf8_lossy(shared.as_ref()).into_owned();
    let value = |name: &str| {
        let (_, rest) = text
            .split_once(&format!("name=\"{name}\"\r\n\r\n"))
            .unwrap();
        rest.split_once("\r\n").unwrap().0.to_owned()
    };
    let denied = cloudauth_proto::driver::Head::new(403, Vec::new());
    let echo = cloudauth_proto::driver::Response::new(denied, text.clone().into_bytes());
    upload
        .upload
        .report(&mut upload.session, post.id(), Ok(echo), upload.now);
    let Step::Done(Err(error)) = upload.upload.poll(&mut upload.session, upload.now) else {
        panic!("not refused");
    };
    assert!(matches!(
        error.attempts()[0].outcome,
        AttemptOutcome::Response { status: 403, .. }
    ));
    let shown = format!("{} {error} {error:?}", upload.shown);
    for name in ["OSSAccessKeyId", "Signature", "key", "policy"] {
        let secret = value(name);
        assert!(
            secret.len() > 10 && !shown.contains(&secret),
            "{name}: {shown}"
        );
    }
    assert!(!shown.contains("a face") && !shown.contains("张三"));
}
