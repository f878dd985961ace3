//! Operations that are billed per call, under every pair of impairments.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{Call, CallOptions, Policy};

use super::load::unimpaired;
use super::{Figure, Scale};
use crate::simulation::operations::SimulatedOperation;
use crate::simulation::{CallEnd, CallRecord, Impairment, Link};
use crate::{Fault, Region};

/// When the caller drops its call, in milliseconds: at every stage of every attempt, and after the
/// call's end.
const DROP_TIMES: [u64; 11] = [0, 1, 20, 40, 60, 80, 5_000, 10_020, 10_040, 15_000, 90_000];

/// Every pair of links, one to each region, with every drop time.
pub(super) fn carried_out_once(_: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut policy = Policy::default();
    policy.response_limit = 1_000;
    let mut calls = 0_usize;
    let mut twice = 0_usize;
    let mut wrong = 0_usize;
    for shanghai in links() {
        for beijing in links() {
            for dropped in DROP_TIMES {
                let mut simulation = unimpaired(policy)?;
                simulation.link(Region::Shanghai, Duration::ZERO, shanghai.clone());
                simulation.link(Region::Beijing, Duration::ZERO, beijing.clone());
                let charge = Call::new(&SimulatedOperation::charge(), CallOptions::new())?;
                let handle = simulation.start(Duration::ZERO, charge);
                simulation.drop_at(Duration::from_millis(dropped), &handle);
                simulation.run();
                let record = simulation.record(&handle);
                calls += 1;
                twice += usize::from(record.executions > 1);
                wrong += usize::from(is_wrong(record));
            }
        }
    }
    Ok(vec![
        Figure::new(
            "billed calls carried out twice, over all pairs of impairments and all drop times",
            "0",
            format!("{twice} of {calls}"),
            twice == 0,
        ),
        Figure::new(
            "billed calls carried out although their error rules it out",
            "0",
            format!("{wrong} of {calls}"),
            wrong == 0,
        ),
    ])
}

/// Whether a call failed with an error that wrongly rules out that it was carried out.
fn is_wrong(record: &CallRecord) -> bool {
    let has_failed = record.end.is_some_and(|end| end != CallEnd::Success);
    has_failed && !record.may_have_been_carried_out && record.executions > 0
}

fn links() -> Vec<Link> {
    let faults = [
        Fault::Refuse,
        Fault::Reset,
        Fault::Hang,
        Fault::Truncate,
        Fault::Garbage,
        Fault::Empty,
        Fault::Code500,
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Status(403),
        Fault::Oversize(2_000),
    ];
    let mut impairments = vec![Impairment::BlackHole, Impairment::Cut, Impairment::Lost];
    impairments.extend(faults.map(Impairment::Fault));
    let slow = Duration::from_secs(15);
    let mut links = vec![
        Link::unimpaired(),
        Link::unimpaired().round_trip(slow, slow),
    ];
    let impaired = impairments.into_iter();
    links.extend(impaired.map(|impairment| Link::unimpaired().always(impairment)));
    links
}
