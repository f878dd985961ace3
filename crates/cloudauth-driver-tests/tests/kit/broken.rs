//! For each row of the kit a driver that is broken in just that way: it fails in this row.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use cloudauth_proto::{Error, Operation, Reply};
use cloudauth_sim::driver_kit::{Capability, DriverKit, DriverUnderTest, KitCall, RowOutcome};

use crate::drivers;
use crate::reference::Reference;

/// A way in which a driver is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Defect {
    AcceptsCompression,
    AddsHeaders,
    CallsEmptyBodiesFailures,
    CallsErrorStatusFailures,
    CallsLongBodiesFailures,
    CallsRefusedConnectionsSent,
    CallsResetsNotSent,
    DecodesNoChunks,
    DropsBodies,
    FollowsRedirects,
    HasNoConnectTimeout,
    HasNoDeadlines,
    HasNoLimit,
    HasNoReadTimeout,
    IgnoresRefreshes,
    IgnoresRoots,
    KeepsAbandonedExchanges,
    KeepsDroppedExchanges,
    KeepsDroppedProbes,
    KeepsDroppedRefreshes,
    KeepsLateResponses,
    OneExchangeAtATime,
    ProvidesNothing,
    ReadsNothing,
    ReadsOnlyAfterSending,
    RefreshesInline,
    Resends,
    RunsNothing,
    SendsNothing,
    ShowsUrls,
    TakesCutResponses,
    TrustsEveryone,
    UsesClosedConnections,
    WakesNobody,
}

/// Each defect, and the rows that it fails in.
const DEFECTS: &[(Defect, &[&str])] = &[
    (Defect::SendsNothing, &["no faults"]),
    (
        Defect::CallsRefusedConnectionsSent,
        &[
            "the first region refuses connections",
            "both regions refuse connections",
            "the first region refuses, the second resets connections",
        ],
    ),
    (
        Defect::CallsResetsNotSent,
        &[
            "the first region resets connections",
            "both regions reset connections",
            "the first region resets one connection",
        ],
    ),
    (
        Defect::HasNoReadTimeout,
        &[
            "the first region never responds",
            "both regions never respond",
            "a trickling response ends with the read timeout",
        ],
    ),
    (
        Defect::TakesCutResponses,
        &[
            "the first region truncates responses",
            "a response that is cut off is no response",
        ],
    ),
    (
        Defect::CallsErrorStatusFailures,
        &[
            "the first region responds 500",
            "the first region responds 503",
            "the first region throttles",
            "the first region responds 403",
            "both regions respond 503",
        ],
    ),
    (
        Defect::DropsBodies,
        &[
            "the first region responds with code 500",
            "the first region responds with HTML",
            "the first region responds with code 401",
            "both regions respond with code 500",
        ],
    ),
    (
        Defect::CallsEmptyBodiesFailures,
        &[
            "the first region responds with an empty body",
            "the first region redirects",
        ],
    ),
    (
        Defect::CallsLongBodiesFailures,
        &["the first region responds with an oversized body"],
    ),
    (Defect::AddsHeaders, &["a request is sent as it was signed"]),
    (
        Defect::AcceptsCompression,
        &["no response is to be compressed"],
    ),
    (Defect::FollowsRedirects, &["a redirect is not followed"]),
    (
        Defect::DecodesNoChunks,
        &["a response is read in every framing"],
    ),
    (
        Defect::HasNoLimit,
        &["no more of a body is read than its limit"],
    ),
    (
        Defect::ReadsOnlyAfterSending,
        &["a response that comes before the request is sent is read"],
    ),
    (Defect::ShowsUrls, &["no error shows the URL"]),
    (Defect::Resends, &["a request is sent once"]),
    (
        Defect::UsesClosedConnections,
        &["an idle connection that was closed is replaced"],
    ),
    (
        Defect::KeepsLateResponses,
        &["a late response is not that of the next request"],
    ),
    (
        Defect::IgnoresRoots,
        &["a certificate of a trusted root is accepted"],
    ),
    (
        Defect::TrustsEveryone,
        &["a certificate of an unknown root is refused"],
    ),
    (
        Defect::HasNoConnectTimeout,
        &["connecting ends with the connect timeout"],
    ),
    (Defect::HasNoDeadlines, &["the total timeout ends a call"]),
    (
        Defect::OneExchangeAtATime,
        &["a query without a response is hedged"],
    ),
    (
        Defect::KeepsAbandonedExchanges,
        &["an exchange that is superseded is dropped"],
    ),
    (Defect::IgnoresRefreshes, &["credentials are fetched"]),
    (
        Defect::WakesNobody,
        &["calls that wait for a refresh are woken"],
    ),
    (Defect::RefreshesInline, &["a refresh outlives its call"]),
    (Defect::ReadsNothing, &["a file is read"]),
    (Defect::RunsNothing, &["a program is run"]),
    (
        Defect::ProvidesNothing,
        &["a source of the caller's own provides credentials"],
    ),
    (
        Defect::KeepsDroppedExchanges,
        &["a call that is dropped closes its connection"],
    ),
    (
        Defect::KeepsDroppedProbes,
        &["a probe that is dropped is released"],
    ),
    (
        Defect::KeepsDroppedRefreshes,
        &["a refresh that is dropped is released"],
    ),
];

fn kit(defect: Option<Defect>) -> DriverKit<Reference> {
    DriverKit::new(format!("{defect:?}"), move |setup| {
        Reference::new(&setup, defect)
    })
}

#[test]
fn the_reference_driver_passes_the_kit() {
    drivers::passes(&kit(None));
}

#[test]
fn each_row_fails_for_a_driver_that_is_broken_in_just_that_way() {
    let tested: BTreeSet<&str> = DEFECTS
        .iter()
        .flat_map(|(_, rows)| *rows)
        .copied()
        .collect();
    let all: BTreeSet<&str> = DriverKit::<Reference>::names().into_iter().collect();
    assert_eq!(tested, all);
    let passed = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((defect, rows)) = DEFECTS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let report = kit(Some(*defect)).run_rows(|name| rows.contains(&name));
                    println!("{report}");
                    for (name, outcome) in report.rows {
                        if !matches!(outcome, RowOutcome::Failed(_)) {
                            passed.lock().unwrap().insert(name, *defect);
                        }
                    }
                }
            });
        }
    });
    let passed = passed.into_inner().unwrap();
    assert!(
        passed.is_empty(),
        "these drivers are broken, and no row says so: {passed:#?}"
    );
}

/// A driver in which a step of a flow is missing.
struct Unfinished;

impl DriverUnderTest for Unfinished {
    fn run<O: Operation>(&self, _: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        unimplemented!("a step of a flow")
    }
}

#[test]
fn a_driver_that_panics_fails_and_what_it_declares_to_lack_is_not_run() {
    let kit = DriverKit::new("unfinished", |_| Unfinished).lacks(Capability::Files, "no files");
    let rows = ["no faults", "a file is read"];
    let report = kit.run_rows(|name| rows.contains(&name));
    assert_eq!(
        report.to_string(),
        "unfinished: 2 rows, 1 failed
  FAILED         no faults: the driver panicked
  not supported  a file is read: no files
"
    );
}
