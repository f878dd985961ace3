//! The conformance table over the simulator's connector. The kit runs it over sockets, for each driver.

use cloudauth_hyper::Client;
use cloudauth_sim::Simulator;
use cloudauth_sim::conformance::{cases, limits, run, simulate};
use tokio::runtime::Builder;

use crate::driver::{Async, ConnectedDriver};

#[test]
fn hyper_without_sockets_leaves_the_traces_of_the_simulation() {
    for case in cases() {
        let simulator = Simulator::start().unwrap();
        for (region, fault, times) in &case.faults {
            simulator.inject(*region, fault.clone(), *times);
        }
        let options = simulator.options().policy(limits());
        let client = Client::with_connector(options, simulator.connector()).unwrap();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let driver = Async(client, runtime);
        let simulated = simulate(&case).unwrap();
        assert_eq!(
            run(&mut ConnectedDriver { driver, simulator }),
            simulated,
            "{}",
            case.name
        );
    }
}
