//! The limit of calls that are or may be billed, which clones of a client share.

use core::time::Duration;

use cloudauth_net::TestClock;
use cloudauth_proto::Error;
use cloudauth_proto::ops::{DescribeFaceVerify, Id2MetaVerify};
use cloudauth_sim::Simulator;

use crate::driver::{Async, Blocking, Driver, both};

both! {
    clones_together_send_no_more_billed_calls_than_the_limit => limit;
}

const DAY: Duration = Duration::from_secs(86_400);

/// A driver that can be cloned, with one runtime.
trait Cloned: Driver {
    fn cloned(&self) -> Self;
}

impl Cloned for Blocking {
    fn cloned(&self) -> Self {
        self.clone()
    }
}

impl Cloned for Async {
    fn cloned(&self) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self(self.0.clone(), runtime.unwrap())
    }
}

fn limit<D: Cloned>() {
    let simulator = Simulator::start().unwrap();
    let clock = TestClock::default();
    let options = simulator.options().test_clock(&clock).max_billed(2, DAY);
    let driver = D::new(options);
    let clone = driver.cloned();
    let check = Id2MetaVerify::new().param_type("normal");
    let check = check.user_name("张三").identify_num("11010519491231002X");
    driver.call(&check).unwrap();
    clone.call(&check).unwrap();
    for driver in [&driver, &clone] {
        let Err(Error::BilledLimit(reached)) = driver.call(&check) else {
            panic!("it was sent");
        };
        assert!(reached.retry_after <= DAY, "{reached}");
    }
    assert_eq!(simulator.world().executions("Id2MetaVerify"), 2);
    let free = driver.call(&DescribeFaceVerify::new(1_000_000_006, "sha-unknown"));
    assert_eq!(free.unwrap_err().code(), Some("406"));
    clock.advance(DAY);
    // Otherwise the simulator refuses the time stamp.
    simulator.move_clock(86_400);
    clone.call(&check).unwrap();
    assert_eq!(simulator.world().executions("Id2MetaVerify"), 3);
}
