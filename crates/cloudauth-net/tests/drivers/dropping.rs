//! A call whose future is dropped, at every point: nothing is left running, nothing is done twice,
//! and the client goes on.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use cloudauth_hyper::Client;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::subjects::{endpoints, options};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

/// Polls a future so many times, then drops it; what it gave, if it was done by then.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn ends(runtime: &Runtime) {
    for _ in 0..200 {
        if runtime.metrics().num_alive_tasks() == 0 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", runtime.metrics().num_alive_tasks());
}

#[test]
fn a_call_can_be_dropped_at_every_poll() {
    let faults = [
        None,
        Some(Fault::Refuse),
        Some(Fault::Reset),
        Some(Fault::Hang),
        Some(Fault::Truncate),
        Some(Fault::Status(503)),
    ];
    for fault in faults {
        let mut drops = 0;
        for polls in 0.. {
            let simulator = Simulator::start().unwrap();
            if let Some(fault) = &fault {
                simulator.inject(Region::Shanghai, fault.clone(), Times::Always);
            }
            let runtime = runtime();
            let is_done = runtime.block_on(async {
                let mut limits = limits();
                limits.read_timeout = Duration::from_millis(60);
                let client = Client::new(options(limits, endpoints(&simulator))).unwrap();
                let done = polled(client.call(&init()), polls).await;
                // The client is as good as before.
                simulator.heal(Region::Shanghai).unwrap();
                client.call(&init()).await.unwrap();
                drop(client);
                ends(&runtime).await;
                done.is_some()
            });
            // Twice at most for the call that was dropped, once for the other.
            assert!(simulator.world().executions("InitFaceVerify") <= 3);
            if is_done {
                break;
            }
            drops += 1;
        }
        assert!(drops >= 2, "{fault:?}: it was never dropped on its way");
    }
}
