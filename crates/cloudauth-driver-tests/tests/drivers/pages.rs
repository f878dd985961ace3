//! Lists, a page at a time: where they end, and that they end.

use std::sync::{Arc, Mutex};

use cloudauth_proto::error::DecodeErrorKind;
use cloudauth_proto::ops::{DescribeVerifySearchPageList, DescribeWhitelistSetting};
use cloudauth_proto::pages::Paged;
use cloudauth_proto::{Endpoints, Error, Reply};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockServer, response};

both! {
    a_list_ends_where_its_count_of_entries_says => total_entries;
    a_list_ends_where_its_count_of_pages_says => total_pages;
    a_list_without_counts_ends_after_a_page_that_is_not_full => no_counts;
    a_list_begins_with_the_page_of_its_operation => later_page;
    an_empty_list_has_one_page => empty;
    a_page_that_repeats_ends_the_list_with_an_error => repeated;
    an_error_ends_the_list => failure;
}

/// A server that responds to each request with the next of these bodies, and then with the last one. Returns
/// the requested page numbers, too.
fn serve(bodies: Vec<String>) -> (MockServer, Arc<Mutex<Vec<String>>>) {
    let pages = Arc::<Mutex<Vec<String>>>::default();
    let requested = Arc::clone(&pages);
    let server = MockServer::new(move |mut connection| {
        while let Some(head) = connection.read_head() {
            let page = head.split_once("currentpage=").unwrap().1;
            let page = page.split(['&', ' ']).next().unwrap();
            let mut requested = requested.lock().unwrap();
            let body = bodies[requested.len().min(bodies.len() - 1)].clone();
            requested.push(page.to_owned());
            drop(requested);
            connection.send(&response(&body));
        }
    });
    (server, pages)
}

/// A page with entries of these numbers, and this at its end.
fn page(numbers: &[usize], rest: &str) -> String {
    let items = numbers
        .iter()
        .map(|n| format!(r#"{{"CertifyId":"sha{n}"}}"#));
    let items = items.collect::<Vec<_>>().join(",");
    format!(r#"{{"Code":"200","RequestId":"R","Items":[{items}]{rest}}}"#)
}

fn list<D: Driver, O>(server: &MockServer, operation: O) -> Vec<Result<Reply<O::Response>, Error>>
where
    O: Paged + Send + Sync + 'static,
    O::Response: Send,
{
    let endpoints = Endpoints::only(server.url.parse().unwrap());
    D::new(options(limits(), endpoints)).pages(operation)
}

/// Lists two entries a page. Returns the entries of each page, and the requested numbers of pages.
fn entries<D: Driver>(bodies: &[String]) -> (Vec<usize>, Vec<String>) {
    let (server, requested) = serve(bodies.to_vec());
    let records = DescribeVerifySearchPageList::new().page_size("2");
    let pages = list::<D, _>(&server, records);
    let counts = pages
        .iter()
        .map(|page| page.as_ref().unwrap().value.items.len());
    (counts.collect(), requested.lock().unwrap().clone())
}

fn total_entries<D: Driver>() {
    let end = r#","TotalCount":5,"TotalPage":9"#;
    let bodies = [page(&[1, 2], end), page(&[3, 4], end), page(&[5], end)];
    let expected = (
        vec![2, 2, 1],
        ["1", "2", "3"].map(ToOwned::to_owned).to_vec(),
    );
    assert_eq!(entries::<D>(&bodies), expected);
}

fn total_pages<D: Driver>() {
    let end = r#","TotalPage":"2""#;
    let bodies = [page(&[1, 2], end), page(&[3, 4], end), page(&[5], end)];
    assert_eq!(entries::<D>(&bodies).0, [2, 2]);
}

fn no_counts<D: Driver>() {
    let bodies = [page(&[1, 2], ""), page(&[3, 4], ""), page(&[5], "")];
    assert_eq!(entries::<D>(&bodies).0, [2, 2, 1]);
}

fn later_page<D: Driver>() {
    let end = r#","TotalCount":5"#;
    let (server, requested) = serve(vec![page(&[3, 4], end), page(&[5], end)]);
    let records = DescribeVerifySearchPageList::new()
        .page_size("2")
        .current_page("2");
    assert_eq!(list::<D, _>(&server, records).len(), 2);
    assert_eq!(*requested.lock().unwrap(), ["2", "3"]);
}

fn empty<D: Driver>() {
    assert_eq!(entries::<D>(&[page(&[], r#","TotalCount":0"#)]).0, [0]);
}

fn repeated<D: Driver>() {
    // The count would go on for ever, and this reply has no number of its page.
    let (server, requested) = serve(vec![page(&[1, 2], r#","TotalCount":1000"#)]);
    let records = DescribeWhitelistSetting::new("antcloudauth").page_size(2);
    let pages = list::<D, _>(&server, records);
    assert_eq!(pages.len(), 2);
    let Err(Error::Decode(error)) = &pages[1] else {
        panic!("{pages:?}");
    };
    assert_eq!(error.kind, DecodeErrorKind::RepeatedPage);
    assert_eq!(requested.lock().unwrap().len(), 2);
}

fn failure<D: Driver>() {
    let refused = r#"{"Code":"401","RequestId":"R"}"#.to_owned();
    let (server, _) = serve(vec![page(&[1, 2], ""), refused]);
    let records = DescribeVerifySearchPageList::new().page_size("2");
    let pages = list::<D, _>(&server, records);
    assert!(
        matches!(&pages[..], [Ok(_), Err(Error::Service(_))]),
        "{pages:?}"
    );
}
