//! The conformance table, in simulated time and through both drivers.

use cloudauth_sim::Simulator;
use cloudauth_sim::conformance::{Case, Trace, cases, limits, simulate, verify};

use crate::subjects::{Async, Blocking, Driver, Pair, endpoints, options};

fn trace<D: Driver>(case: &Case) -> Trace {
    let simulator = Simulator::start().unwrap();
    for (region, fault, times) in &case.faults {
        simulator.inject(*region, fault.clone(), *times);
    }
    let driver = D::new(options(limits(), endpoints(&simulator)));
    verify(&mut Pair { driver, simulator })
}

fn conforms<D: Driver>() {
    for case in cases() {
        let simulated = simulate(&case).unwrap();
        assert_eq!(trace::<D>(&case), simulated, "{} in {}", case.name, D::NAME);
    }
}

#[test]
fn ureq_leaves_the_traces_of_the_simulation() {
    conforms::<Blocking>();
}

#[test]
fn hyper_leaves_the_traces_of_the_simulation() {
    conforms::<Async>();
}

#[test]
fn the_traces_are_what_the_documents_promise() {
    let shown = |name| {
        let case = cases().into_iter().find(|case| case.name == name);
        format!("{:?}", simulate(&case.unwrap()).unwrap())
    };
    assert_eq!(
        shown("the first region answers 503"),
        "
  Shanghai: answered 503 Some(\"ServiceUnavailable\")
  Beijing: answered 200 Some(\"200\")
done
the person passes: Ok(())
  Beijing: answered 200 Some(\"200\")
done
passed: true
opened 1"
    );
    assert_eq!(
        shown("both regions never answer"),
        "
  Shanghai: no whole reply, status None
  Beijing: no whole reply, status None
  Shanghai: no whole reply, status None
  Beijing: no whole reply, status None
uncertain
  Shanghai: no whole reply, status None
  Beijing: no whole reply, status None
  Shanghai: no whole reply, status None
  Beijing: no whole reply, status None
exhausted
opened 4"
    );
}
