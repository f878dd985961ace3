//! Nothing that bills is carried out twice.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{Call, CallOptions, Policy};

use super::load::calm;
use super::{Figure, Scale};
use crate::simulation::operations::Plain;
use crate::simulation::{Told, Trouble, Weather};
use crate::{Fault, Region};

/// Every pair of troubles, one in each region, with a caller that stays and callers that vanish at
/// each stage of each attempt.
pub(super) fn carried_out_once(_: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut policy = Policy::default();
    policy.reply_limit = 1_000;
    let mut calls = 0_usize;
    let mut twice = 0_usize;
    let mut wrong = 0_usize;
    for first in weathers() {
        for second in weathers() {
            for vanishes in [0, 1, 20, 40, 60, 80, 5_000, 10_020, 10_040, 15_000, 90_000] {
                let mut simulation = calm(policy)?;
                simulation.weather(Region::Shanghai, Duration::ZERO, first.clone());
                simulation.weather(Region::Beijing, Duration::ZERO, second.clone());
                let charge = Call::new(&Plain::charge(), CallOptions::new())?;
                let handle = simulation.start(Duration::ZERO, charge);
                simulation.drop_at(Duration::from_millis(vanishes), &handle);
                simulation.run();
                let told = simulation.told(&handle);
                calls += 1;
                twice += usize::from(told.executions > 1);
                wrong += usize::from(denies(told));
            }
        }
    }
    Ok(vec![
        Figure::new(
            "paid calls carried out twice, over every pair of troubles and point of dropping",
            "0",
            format!("{twice} of {calls}"),
            twice == 0,
        ),
        Figure::new(
            "calls carried out whose error says that they were not",
            "0",
            format!("{wrong} of {calls}"),
            wrong == 0,
        ),
    ])
}

/// An error that rules out what happened.
fn denies(told: &Told) -> bool {
    let failed = told
        .end
        .is_some_and(|end| end != crate::simulation::End::Done);
    failed && !told.may_have_been_carried_out && told.executions > 0
}

fn weathers() -> Vec<Weather> {
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
    let mut troubles = vec![Trouble::BlackHole, Trouble::Cut, Trouble::Lost];
    troubles.extend(faults.map(Trouble::Fault));
    let slow = Duration::from_secs(15);
    let mut weathers = vec![Weather::calm(), Weather::calm().takes(slow, slow)];
    let bad = troubles.into_iter();
    weathers.extend(bad.map(|trouble| Weather::calm().always(trouble)));
    weathers
}
