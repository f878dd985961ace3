//! File uploads: authorization, upload, operation.

use cloudauth_proto::error::UploadStep;
use cloudauth_proto::ops::Id2MetaVerifyWithOCR;
use cloudauth_proto::{Endpoint, Error, Policy};
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::driver::{Async, Blocking, Driver, endpoints, options};

/// A file too large for a single write.
fn front() -> Vec<u8> {
    let bytes = (0..300_000_u32).map(|i| u8::try_from(i % 251).unwrap());
    [b"\xff\xd8\xff".to_vec(), bytes.collect()].concat()
}

fn uploads<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let shanghai: Endpoint = simulator.url(Region::Shanghai).parse().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let upload = || {
        Id2MetaVerifyWithOCR::new()
            .with_cert_file(front())
            .with_cert_national_file(*b"\x89PNG back")
            .platform(shanghai.clone())
            .store(shanghai.clone())
    };
    // After a reset connection the upload is retried.
    simulator
        .world()
        .inject_for_action(Region::Shanghai, "PostObject", Fault::Reset, Times::Once);
    let reply = driver.run(upload()).unwrap();
    assert_eq!(reply.value.biz_code.as_deref(), Some("1"), "{}", D::NAME);
    let world = simulator.world();
    let stored: Vec<&[u8]> = world.uploaded_files().collect();
    assert!(stored.contains(&front().as_slice()) && stored.contains(&&b"\x89PNG back"[..]));
    assert_eq!(world.executions("Id2MetaVerifyWithOCR"), 1);
    drop(world);

    simulator.world().inject_for_action(
        Region::Shanghai,
        "PostObject",
        Fault::Status(403),
        Times::Always,
    );
    let error = driver.run(upload()).unwrap_err();
    let is_post = matches!(&error, Error::Upload(upload) if upload.step == UploadStep::Post);
    assert!(is_post, "{error}");
}

#[test]
fn ureq_uploads_files() {
    uploads::<Blocking>();
}

#[test]
fn hyper_uploads_files() {
    uploads::<Async>();
}
