//! Lists verifications, two on a page, with the blocking client. The async one has a stream of the same pages.
#![expect(clippy::print_stdout, reason = "a program prints")]

use core::error::Error;

use cloudauth_ureq::ops::DescribeVerifySearchPageList;
use cloudauth_ureq::{Client, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Options::from_env()?)?;
    let list = DescribeVerifySearchPageList::new()
        .current_page("1")
        .page_size("2");
    let mut listed = 0;
    // Ends with the last page by the reply's own count; an error ends it, too.
    for page in client.pages(list) {
        for verification in page?.value.items {
            println!("{}", verification.certify_id.as_deref().unwrap_or("?"));
            listed += 1;
        }
    }
    println!("{listed} verifications");
    Ok(())
}
