//! CPU time per call of the crate aliyun-openapi-core-rust-sdk.

use aliyun_openapi_core_rust_sdk::client::rpc::RPClient;
use rustix::time::{clock_gettime, ClockId};

fn spent() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

async fn call(address: &str) {
    RPClient::new("LTAI0EXAMPLEKEYID", "exampleSecret", format!("http://{address}"))
        .version("2019-03-07")
        .post("DescribeFaceVerify")
        .query([
            ("SceneId", "1000000006"),
            ("CertifyId", "91707dc296d469ad38e4c5efa6a0f24b"),
        ])
        .text()
        .await
        .unwrap();
}

fn main() {
    let address = std::env::var("ADDRESS").unwrap();
    // Each call creates a client, which loads the system's root certificates. That is slow, so a few
    // calls are sufficient.
    let calls = 50;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(call(&address));
    let begun = spent();
    runtime.block_on(async {
        for _ in 0..calls {
            call(&address).await;
        }
    });
    let each = (spent() - begun) / f64::from(calls);
    println!("{:<44}{:>12.1}", "aliyun-openapi-core-rust-sdk", each * 1e6);
}
