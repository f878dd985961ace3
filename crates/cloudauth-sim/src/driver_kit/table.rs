//! The conformance table: a driver leaves the traces that the simulation leaves.

use std::sync::Arc;

use cloudauth_proto::{Endpoint, Endpoints, Error, Operation, Reply};

use super::{Capability, Check, DriverUnderTest, Maker, Row, Setup, call, ensure};
use crate::conformance::{Case, ClientUnderTest, cases, run, simulate};
use crate::{Fault, FinishError, Region, Simulator, Verdict};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    let row = |case: Case| {
        let certain = |(_, fault, _): &(_, Fault, _)| matches!(fault, Fault::Refuse);
        let needs: &[_] = if case.faults.iter().any(certain) {
            &[Capability::NotSent]
        } else {
            &[]
        };
        Row {
            name: case.name,
            needs,
            check: Arc::new(move |make: &Maker<D>| check(make, &case)),
        }
    };
    cases().into_iter().map(row).collect()
}

/// A driver and the simulator that it is connected to.
struct Connected<D> {
    driver: D,
    simulator: Simulator,
    shanghai: Endpoint,
}

impl<D: DriverUnderTest> ClientUnderTest for Connected<D> {
    fn call<O: Operation + Sync + 'static>(
        &mut self,
        operation: &O,
    ) -> Result<Reply<O::Response>, Error> {
        call(&self.driver, operation)
    }

    fn shanghai(&self) -> Endpoint {
        self.shanghai.clone()
    }

    fn pass(&mut self, certify_id: &str) -> Result<(), FinishError> {
        let now = self.simulator.now_unix();
        self.simulator
            .world()
            .finish(certify_id, Verdict::Passed, now)
    }

    fn opened(&mut self) -> usize {
        self.simulator.world().executions("InitFaceVerify")
    }
}

fn check<D: DriverUnderTest>(make: &Maker<D>, case: &Case) -> Check {
    let simulator = Simulator::start()?;
    for (region, fault, times) in &case.faults {
        simulator.inject(*region, fault.clone(), *times);
    }
    let shanghai: Endpoint = simulator.url(Region::Shanghai).parse()?;
    let beijing = simulator.url(Region::Beijing).parse()?;
    let endpoints = Endpoints::only(shanghai.clone()).then(beijing);
    let driver = make(Setup::new(endpoints)?);
    let transcript = run(&mut Connected {
        driver,
        simulator,
        shanghai,
    });
    let simulated = simulate(case)?;
    ensure(transcript == simulated, || {
        format!("left {transcript:?}\nin place of {simulated:?}")
    })
}
