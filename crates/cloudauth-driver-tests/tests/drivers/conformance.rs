//! The conformance table: both drivers must leave the traces that the simulation leaves.

use cloudauth_hyper::Client;
use cloudauth_sim::Simulator;
use cloudauth_sim::conformance::{Case, Transcript, cases, limits, run, simulate};
use tokio::runtime::Builder;

use crate::driver::{Async, Blocking, ConnectedDriver, Driver, endpoints, options};

fn transcript<D: Driver>(case: &Case, build: fn(&Simulator) -> D) -> Transcript {
    let simulator = Simulator::start().unwrap();
    for (region, fault, times) in &case.faults {
        simulator.inject(*region, fault.clone(), *times);
    }
    let driver = build(&simulator);
    run(&mut ConnectedDriver { driver, simulator })
}

fn over_sockets<D: Driver>(simulator: &Simulator) -> D {
    D::new(options(limits(), endpoints(simulator)))
}

/// In a runtime that has no sockets.
fn in_memory(simulator: &Simulator) -> Async {
    let options = simulator.options().policy(limits());
    let client = Client::with_connector(options, simulator.connector()).unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    Async(client, runtime)
}

fn conforms<D: Driver>(build: fn(&Simulator) -> D) {
    for case in cases() {
        let simulated = simulate(&case).unwrap();
        assert_eq!(
            transcript(&case, build),
            simulated,
            "{} in {}",
            case.name,
            D::NAME
        );
    }
}

#[test]
fn ureq_leaves_the_traces_of_the_simulation() {
    conforms(over_sockets::<Blocking>);
}

#[test]
fn hyper_leaves_the_traces_of_the_simulation() {
    conforms(over_sockets::<Async>);
}

#[test]
fn hyper_without_sockets_leaves_the_traces_of_the_simulation() {
    conforms(in_memory);
}

#[test]
fn traces_match_the_documentation() {
    let shown = |name| {
        let case = cases().into_iter().find(|case| case.name == name);
        format!("{:?}", simulate(&case.unwrap()).unwrap())
    };
    assert_eq!(
        shown("the first region responds 503"),
        "
  Shanghai: response 503, code Some(\"ServiceUnavailable\")
  Beijing: response 200, code Some(\"200\")
success
finished: Ok(())
  Beijing: response 200, code Some(\"200\")
success
passed: true
opened: 1"
    );
    assert_eq!(
        shown("both regions never respond"),
        "
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
uncertain
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
  Shanghai: no complete response, status None
  Beijing: no complete response, status None
exhausted
opened: 4"
    );
}
