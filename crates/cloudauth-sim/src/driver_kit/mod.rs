//! A kit that tests a driver of the core: rows, each of which a driver passes, or declares that it lacks what the row
//! is about.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use cloudauth_proto::{Error, Operation, Reply};
//! use cloudauth_sim::driver_kit::{Capability, DriverKit, DriverUnderTest, KitCall, Setup};
//!
//! /// The driver that is tested.
//! struct Client;
//!
//! impl DriverUnderTest for Client {
//!     fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
//! #       drop(call);
//!         todo!("run `call.flow` to its end")
//!     }
//! }
//!
//! let kit = DriverKit::new("my driver", |setup: Setup| {
//!     let _session = setup.session([7; 32]);
//!     Client
//! })
//! .lacks(Capability::Hedging, "it makes one exchange at a time");
//! let report = kit.run();
//! println!("{report}");
//! assert_eq!(report.failed(), 0);
//! ```
//!
//! The rows are those of the [conformance table](crate::conformance), whose traces have to equal those of
//! the simulation, and contracts of connections, credentials, deadlines, hedging and cancellation. Each
//! contract is tested against real sockets on the loopback interface. `docs/driver.md` of `cloudauth-proto`
//! explains what a driver does; the workspace has drivers for ureq, hyper, smol and the Fetch API, and one with nothing
//! but the standard library. The one for the Fetch API runs in Node, so a driver under test may be in another process.

mod cancellation;
mod connections;
mod credentials;
mod deadlines;
mod exchanges;
mod hedging;
mod server;
mod table;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use cloudauth_proto::credentials::{CustomSource, ProvidedCredentials, Uri};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoints, Error, Operation, Policy, Reply, Session, Source,
};
pub use server::{MockConnection, MockServer, OPENED, response};

use crate::conformance::limits;
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

/// The longest time that a row may take. One that takes longer has failed.
const ROW_LIMIT: Duration = Duration::from_secs(30);

/// What a driver may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Fetching credentials: [`Step::Authenticate`](cloudauth_proto::Step::Authenticate). Without it, all that is
    /// about sources of credentials is lacking.
    Refresh,
    /// A refresh that goes on after the call that began it has ended.
    RefreshBesideCalls,
    /// Reading files: [`Step::Read`](cloudauth_proto::Step::Read).
    Files,
    /// Running programs: [`Step::Run`](cloudauth_proto::Step::Run).
    Programs,
    /// Sources of the caller's own: [`Step::Provide`](cloudauth_proto::Step::Provide).
    CustomSources,
    /// Two exchanges of a call at once: [`Step::Abandon`](cloudauth_proto::Step::Abandon).
    Hedging,
    /// Dropping a call before its end.
    Cancellation,
    /// Endpoints with `https`.
    Tls,
    /// Telling that a request was certainly not sent.
    NotSent,
    /// A time-out for connecting that is not that of the whole exchange.
    ConnectTimeout,
    /// Reading a response while the request is still being sent.
    EarlyResponses,
}

/// How a driver under test is to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The endpoints.
    pub endpoints: Endpoints,
    /// The credentials, or where they come from.
    pub credentials: Source,
    /// The URL that the credentials are fetched from, if they are, for drivers that a [`Source`] cannot be handed to.
    pub credentials_url: Option<String>,
    /// Time-outs and limits.
    pub policy: Policy,
    /// A certificate in PEM that is trusted besides others.
    pub root_certificate: Option<String>,
    /// The source of the caller's own among the credentials, and what it provides.
    pub custom_source: Option<(CustomSource, ProvidedCredentials)>,
}

impl Setup {
    /// The access key of the simulator, and the time-outs of the conformance table.
    fn new(endpoints: Endpoints) -> Result<Self, Problem> {
        Ok(Self {
            endpoints,
            credentials: Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?.into(),
            credentials_url: None,
            policy: limits(),
            root_certificate: None,
            custom_source: None,
        })
    }

    /// Has the credentials fetched from this URL.
    fn fetch_credentials(&mut self, url: String) -> Check {
        self.credentials = Source::Uri(Uri::new(&url)?);
        self.credentials_url = Some(url);
        Ok(())
    }

    /// A session like this, for drivers that are made of one.
    #[must_use]
    pub fn session(&self, seed: [u8; 32]) -> Session {
        Session::new(self.credentials.clone(), seed)
            .endpoints(self.endpoints.clone())
            .policy(self.policy)
    }
}

/// A call that a row makes.
#[derive(Debug)]
#[non_exhaustive]
pub struct KitCall<'o, O: Operation> {
    /// The flow. A driver in this process needs nothing else.
    pub flow: Call<O>,
    /// The operation of the flow, for drivers that a flow cannot be handed to.
    pub operation: &'o O,
    /// The option [`hedge_after`](CallOptions::hedge_after) of the flow. It has no others.
    pub hedge_after: Option<Duration>,
}

impl<'o, O: Operation> KitCall<'o, O> {
    fn new(operation: &'o O, hedge_after: Option<Duration>) -> Result<Self, Error> {
        let mut options = CallOptions::new();
        if let Some(wait) = hedge_after {
            options = options.hedge_after(wait);
        }
        Ok(Self {
            flow: Call::new(operation, options)?,
            operation,
            hedge_after,
        })
    }
}

/// A driver under test. Several threads use it at once.
pub trait DriverUnderTest: Send + Sync + 'static {
    /// Runs a call to its end.
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error>;

    /// Runs a call, and drops it, with what it has begun, unless it ends within `limit`.
    ///
    /// The default runs it to its end: a driver without cancellation declares that.
    fn run_for<O: Operation>(
        &self,
        call: KitCall<'_, O>,
        limit: Duration,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        let _ = limit;
        Some(self.run(call))
    }

    /// Waits, while what the driver has begun beside calls goes on. Default: sleeps.
    fn idle(&self, span: Duration) {
        thread::sleep(span);
    }
}

/// Calls an operation.
fn call<O: Operation>(
    driver: &impl DriverUnderTest,
    operation: &O,
) -> Result<Reply<O::Response>, Error> {
    driver.run(KitCall::new(operation, None)?)
}

/// What a row has found. Any error will do.
type Problem = Box<dyn core::error::Error + Send + Sync>;
type Check = Result<(), Problem>;

/// Fails with `text` unless `holds`.
fn ensure(holds: bool, text: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(text().into()) }
}

type Maker<D> = dyn Fn(Setup) -> D + Send + Sync;

type RowCheck<D> = dyn Fn(&Maker<D>) -> Check + Send + Sync;

/// A row of the kit.
struct Row<D> {
    name: &'static str,
    /// What a driver needs for it.
    needs: &'static [Capability],
    check: Arc<RowCheck<D>>,
}

impl<D> Row<D> {
    fn new(
        name: &'static str,
        needs: &'static [Capability],
        check: impl Fn(&Maker<D>) -> Check + Send + Sync + 'static,
    ) -> Self {
        let check = Arc::new(check);
        Self { name, needs, check }
    }
}

/// The kit, for a driver that `make` makes.
pub struct DriverKit<D> {
    name: String,
    make: Arc<Maker<D>>,
    lacking: Vec<(Capability, String)>,
}

impl<D> fmt::Debug for DriverKit<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverKit")
            .field("name", &self.name)
            .field("lacking", &self.lacking)
            .finish_non_exhaustive()
    }
}

impl<D: DriverUnderTest> DriverKit<D> {
    /// The kit for the driver of this name.
    pub fn new(name: impl Into<String>, make: impl Fn(Setup) -> D + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            make: Arc::new(make),
            lacking: Vec::new(),
        }
    }

    /// Declares that the driver lacks something, and why. The rows that need it are then not run.
    #[must_use]
    pub fn lacks(mut self, capability: Capability, why: impl Into<String>) -> Self {
        self.lacking.push((capability, why.into()));
        self
    }

    /// The names of all rows.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::rows().iter().map(|row| row.name).collect()
    }

    /// Runs all rows, one after the other.
    #[must_use]
    pub fn run(&self) -> Report {
        self.run_rows(|_| true)
    }

    /// Runs the rows with these names.
    #[must_use]
    pub fn run_rows(&self, selects: impl Fn(&str) -> bool) -> Report {
        let rows = Self::rows().into_iter().filter(|row| selects(row.name));
        Report {
            driver: self.name.clone(),
            rows: rows.map(|row| (row.name, self.outcome(&row))).collect(),
        }
    }

    fn rows() -> Vec<Row<D>> {
        let mut rows = table::rows();
        rows.extend(exchanges::rows());
        rows.extend(connections::rows());
        rows.extend(deadlines::rows());
        rows.extend(hedging::rows());
        rows.extend(credentials::rows());
        rows.extend(cancellation::rows());
        rows
    }

    fn outcome(&self, row: &Row<D>) -> RowOutcome {
        let mut lacking = self.lacking.iter();
        if let Some((_, why)) = lacking.find(|(it, _)| row.needs.contains(it)) {
            return RowOutcome::NotSupported(why.clone());
        }
        let (ended, wait) = channel();
        let (check, make) = (Arc::clone(&row.check), Arc::clone(&self.make));
        // On a thread of its own: a driver that hangs or panics fails the row.
        thread::spawn(move || {
            let checked = check(&*make).map_err(|problem| problem.to_string());
            let _ = ended.send(checked);
        });
        match wait.recv_timeout(ROW_LIMIT) {
            Ok(Ok(())) => RowOutcome::Passed,
            Ok(Err(problem)) => RowOutcome::Failed(problem),
            Err(RecvTimeoutError::Timeout) => {
                RowOutcome::Failed(format!("has not ended after {ROW_LIMIT:?}"))
            }
            Err(RecvTimeoutError::Disconnected) => RowOutcome::Failed("the driver panicked".into()),
        }
    }
}

/// How a driver did in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowOutcome {
    /// It passed.
    Passed,
    /// It has declared that it lacks what the row needs, with this reason.
    NotSupported(String),
    /// It failed, with this problem.
    Failed(String),
}

/// How a driver did in all rows. `Display` shows it as a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the driver.
    pub driver: String,
    /// The rows: their names and outcomes.
    pub rows: Vec<(&'static str, RowOutcome)>,
}

impl Report {
    /// The number of rows that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        let outcomes = self.rows.iter().map(|(_, outcome)| outcome);
        let failed = |outcome: &&RowOutcome| matches!(outcome, RowOutcome::Failed(_));
        outcomes.filter(failed).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} rows, {} failed",
            self.driver,
            self.rows.len(),
            self.failed()
        )?;
        for (name, outcome) in &self.rows {
            match outcome {
                RowOutcome::Passed => writeln!(f, "  passed         {name}")?,
                RowOutcome::NotSupported(why) => {
                    writeln!(f, "  not supported  {name}: {why}")?;
                }
                RowOutcome::Failed(problem) => writeln!(f, "  FAILED         {name}: {problem}")?,
            }
        }
        Ok(())
    }
}
