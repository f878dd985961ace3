//! Opens a verification in the browser, and waits for its verdict, with the blocking client.
//!
//! ```text
//! cloudauth sim    # in another terminal; paste the lines that it prints into this one
//! cargo run -p cloudauth-examples --example init_and_poll
//! ```
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;
use core::time::Duration;

use cloudauth_ureq::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_ureq::verify::{IdNumber, IdentityCard, OuterOrderNo, PollVerdict, Verdict};
use cloudauth_ureq::{Client, Options};

const SCENE: i64 = 1_000_000_006;

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Options::from_env()?)?;
    // The application's own number, unique for each verification: it is stored beside the CertifyId.
    let order = OuterOrderNo::generate(&mut client.entropy());
    let card = IdentityCard {
        name: "张三".into(),
        number: IdNumber::new("330103199001011230")?.into(), // a mistyped number is refused here
    };
    let meta_info = r#"{"deviceType":"h5"}"#; // from the vendor's script in the person's browser
    let back = "https://shop.example/back";
    let open = InitFaceVerify::id_pro_h5(SCENE, order, card, back, meta_info);
    let opened = client.call(&open)?.value;
    let url = opened
        .certify_url
        .ok_or("no CertifyUrl: is MetaInfo valid?")?;
    println!("send the browser to {}", url.expose());

    // Every two seconds, and more rarely later; nobody needs more than 30 minutes.
    let query = DescribeFaceVerify::new(SCENE, opened.certify_id);
    match client.run(PollVerdict::new(query).for_at_most(Duration::from_secs(600)))? {
        Some(Verdict::Passed(_)) => println!("passed"),
        Some(Verdict::NotPassed(verdict)) => println!("not passed: {:?}", verdict.reason()),
        None => println!("nobody finished the verification"),
    }
    Ok(())
}
