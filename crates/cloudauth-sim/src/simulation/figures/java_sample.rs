//! What the vendor's own Java sample survives: it goes from Shanghai to Beijing after any exception, with
//! 10 s to connect and 10 s to read.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Call, CallOptions, Credentials, Session};

use super::load::millis;
use super::{Figure, Scale};
use crate::simulation::{CallEnd, CallRecord, Impairment, Link, Simulation};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Verdict, World};

const SCENE: u32 = 1_000_000_006;

const SECOND: Duration = Duration::from_secs(1);

/// The longest time: that of the sample at Shanghai, then the retry rule's wait and Beijing's response.
const LONGEST: Duration = Duration::from_millis(20_300);

pub(super) fn survived(_: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    Ok(vec![
        figure("InitFaceVerify", open)?,
        figure("DescribeFaceVerify", describe)?,
    ])
}

/// Measures an operation under each fault of Shanghai.
fn figure(
    operation: &str,
    run: fn(Link) -> Result<CallRecord, Box<dyn Error>>,
) -> Result<Figure, Box<dyn Error>> {
    let mut failed = Vec::new();
    let mut slowest = (Duration::ZERO, "none");
    let all = faults();
    for (name, impairment) in &all {
        let record = run(Link::unimpaired().always(impairment.clone()))?;
        if record.end != Some(CallEnd::Success) {
            failed.push(*name);
        }
        let took = record.duration().unwrap_or(Duration::MAX);
        slowest = slowest.max((took, name));
    }
    let (took, slowest) = slowest;
    let survived = all.len() - failed.len();
    let mut measured = format!(
        "{survived} of {}, slowest {} ({slowest})",
        all.len(),
        millis(took)
    );
    if !failed.is_empty() {
        measured = format!("{measured}, failed: {}", failed.join(", "));
    }
    Ok(Figure::new(
        format!("Shanghai broken in 16 ways that the vendor's sample survives: {operation}"),
        "16 of 16, <= 10 s + 10 s + 300 ms",
        measured,
        failed.is_empty() && took <= LONGEST,
    ))
}

fn simulation() -> Result<Simulation, Box<dyn Error>> {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    Ok(Simulation::new(
        Session::new(credentials, [1; 32]),
        World::new(),
    ))
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(i64::from(SCENE), "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// Opens a verification while Shanghai is impaired.
fn open(shanghai: Link) -> Result<CallRecord, Box<dyn Error>> {
    let mut simulation = simulation()?;
    simulation.link(Region::Shanghai, Duration::ZERO, shanghai);
    let call = simulation.start(Duration::ZERO, Call::new(&init(), CallOptions::new())?);
    simulation.run();
    Ok(simulation.record(&call).clone())
}

/// Reads the verdict of a verification that was opened at Shanghai before Shanghai is impaired.
fn describe(shanghai: Link) -> Result<CallRecord, Box<dyn Error>> {
    let mut simulation = simulation()?;
    simulation.link(Region::Shanghai, SECOND, shanghai);
    let opened = simulation.call(Call::new(&init(), CallOptions::new())?)?;
    let id = opened.value.certify_id;
    let now = simulation.now().unix.seconds();
    simulation.world.finish(id.as_str(), Verdict::Passed, now)?;
    let describe = DescribeFaceVerify::new(i64::from(SCENE), id);
    let call = simulation.start(SECOND, Call::new(&describe, CallOptions::new())?);
    simulation.run();
    Ok(simulation.record(&call).clone())
}

/// The faults of the simulator, by their names.
fn faults() -> [(&'static str, Impairment); 16] {
    Fault::of_the_vendor_sample().map(|fault| {
        let name = fault.name();
        // Links have no handshakes.
        let impairment = if fault == Fault::BadTls {
            Impairment::CertificateRefused
        } else {
            Impairment::Fault(fault)
        };
        (name, impairment)
    })
}
