//! Latency of reads during an outage of one region, of this client and of the failover sample in the
//! vendor's documentation, in simulated time.
//!
//! `cargo run --release -p cloudauth-benches --bin outage` prints a table and writes
//! `crates/cloudauth-proto/docs/outage.svg`.
#![expect(clippy::print_stdout, reason = "a bench")]

use core::time::Duration;

use cloudauth_benches::Result;
use cloudauth_proto::driver::{ExchangeId, Failure, Now, Response};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Call, CallOptions, Credentials, Endpoint, Flow, Policy, Session, Step};
use cloudauth_sim::simulation::figures::percentile;
use cloudauth_sim::simulation::{CallEnd, Impairment, Link, Simulation};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Verdict, World};
use plotters::prelude::*;

const SECOND: Duration = Duration::from_secs(1);
/// Start and end of the outage, in seconds. Shanghai is a black hole in between.
const OUTAGE: [u32; 2] = [60, 120];
/// Length of the simulation, in seconds.
const END: u32 = 180;
const CALLS_PER_SECOND: u32 = 500;
/// Seconds of calls per point of the plot.
const BUCKET: u32 = 2;

const LINES: [(&str, usize); 3] = [("p50", 500), ("p99", 990), ("p99.9", 999)];

fn main() -> Result<()> {
    let ours = simulate(Policy::default(), |describe| {
        Call::new(describe, CallOptions::new())
    })?;
    let mut once = Policy::default();
    once.max_attempts = 1;
    let sample = simulate(once, Sample::new)?;
    for (name, run) in [("this client", &ours), ("vendor's sample", &sample)] {
        println!("{name}: {} calls, {} failed", run.calls.len(), run.failed);
        println!(
            "  {:>14}  {:>10}  {:>10}  {:>10}",
            "seconds", "p50", "p99", "p99.9"
        );
        for (from, to) in [(0, 60), (60, 70), (70, 120), (120, END)] {
            let durations = run.durations(from, to);
            let cell = |permille| percentile(&durations, permille).as_millis();
            let [a, b, c] = [500, 990, 999].map(cell);
            println!("  {from:>6} to {to:>4}  {a:>7} ms  {b:>7} ms  {c:>7} ms");
        }
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/cloudauth-proto/docs/outage.svg"
    );
    draw(path, &ours, &sample)?;
    println!("wrote crates/cloudauth-proto/docs/outage.svg");
    Ok(())
}

/// The failover sample of the vendor's documentation: every call goes to Shanghai, and after any
/// failure to Beijing. Both timeouts are 10 s, as in [`Policy::default`].
struct Sample {
    current: Call<DescribeFaceVerify>,
    fallback: Option<Call<DescribeFaceVerify>>,
}

impl Sample {
    fn new(describe: &DescribeFaceVerify) -> Result<Self, cloudauth_proto::Error> {
        let at = |endpoint| Call::new(describe, CallOptions::new().endpoint(endpoint));
        Ok(Self {
            current: at(Endpoint::SHANGHAI)?,
            fallback: Some(at(Endpoint::BEIJING)?),
        })
    }
}

impl Flow for Sample {
    type Output = <Call<DescribeFaceVerify> as Flow>::Output;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match self.current.poll(session, now) {
            Step::Done(Err(error)) => match self.fallback.take() {
                Some(fallback) => {
                    self.current = fallback;
                    self.current.poll(session, now)
                }
                None => Step::Done(Err(error)),
            },
            step @ (Step::Send(_)
            | Step::Abandon(_)
            | Step::Wait(_)
            | Step::Authenticate(_)
            | Step::Read { .. }
            | Step::Run { .. }
            | Step::Provide { .. }
            | Step::Done(Ok(_))) => step,
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        self.current.report(session, id, result, now);
    }
}

struct Run {
    /// Start and duration of each call.
    calls: Vec<(Duration, Duration)>,
    failed: usize,
}

impl Run {
    /// Sorted durations of the calls that started in these seconds.
    fn durations(&self, from: u32, to: u32) -> Vec<Duration> {
        let within = SECOND * from..SECOND * to;
        let calls = self
            .calls
            .iter()
            .filter(|(started, _)| within.contains(started));
        let mut durations: Vec<_> = calls.map(|(_, duration)| *duration).collect();
        durations.sort_unstable();
        durations
    }
}

fn simulate<F: Flow + 'static>(
    policy: Policy,
    call: impl Fn(&DescribeFaceVerify) -> Result<F, cloudauth_proto::Error>,
) -> Result<Run> {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    let mut simulation = Simulation::new(session, World::new());
    let [begins, ends] = OUTAGE;
    let silent = Link::unimpaired().always(Impairment::BlackHole);
    simulation.link(Region::Shanghai, SECOND * begins, silent);
    simulation.link(Region::Shanghai, SECOND * ends, Link::unimpaired());

    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    let opened = simulation.call(Call::new(&open, CallOptions::new())?)?;
    let id = opened.value.certify_id.as_str().to_owned();
    let now = simulation.now().unix.seconds();
    simulation.world.finish(&id, Verdict::Passed, now)?;
    // An ID from a string has no origin, so that both clients prefer Shanghai.
    let describe = DescribeFaceVerify::new(1_000_000_006, id);
    for i in 0..END * CALLS_PER_SECOND {
        simulation.start(SECOND * i / CALLS_PER_SECOND, call(&describe)?);
    }
    simulation.run();
    let records = || simulation.records().skip(1);
    let calls = records().filter_map(|record| Some((record.started, record.duration()?)));
    let failed = records().filter(|record| record.end != Some(CallEnd::Success));
    Ok(Run {
        calls: calls.collect(),
        failed: failed.count(),
    })
}

fn draw(path: &str, ours: &Run, sample: &Run) -> Result<()> {
    let root = SVGBackend::new(path, (860, 380)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!(
        "Latency of DescribeFaceVerify, {CALLS_PER_SECOND} calls/s, simulated; \
         Shanghai is a black hole from {} s to {} s",
        OUTAGE[0], OUTAGE[1]
    );
    let root = root.titled(&title, ("sans-serif", 15))?;
    let halves = root.split_evenly((1, 2));
    let names = [
        "this client",
        "the failover sample of the vendor's document",
    ];
    for ((half, run), name) in halves.iter().zip([ours, sample]).zip(names) {
        let mut chart = ChartBuilder::on(half)
            .caption(name, ("sans-serif", 14))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(58)
            .build_cartesian_2d(0_f64..f64::from(END), (10_f64..100_000_f64).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("start of the call, s")
            .y_desc("ms")
            .x_labels(7)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| format!("{value:.0}"))
            .light_line_style(WHITE)
            .draw()?;
        let [begins, ends] = OUTAGE.map(f64::from);
        let shade = [(begins, 10.0), (ends, 100_000.0)];
        let shade = Rectangle::new(shade, BLACK.mix(0.07).filled());
        chart.draw_series([shade])?;
        let colors = [
            RGBColor(0, 114, 178),
            RGBColor(230, 159, 0),
            RGBColor(213, 94, 0),
        ];
        for ((label, permille), color) in LINES.into_iter().zip(colors) {
            let points = (0..END / BUCKET).map(|bucket| {
                let from = bucket * BUCKET;
                let duration = percentile(&run.durations(from, from + BUCKET), permille);
                (f64::from(from), duration.as_secs_f64() * 1_000.0)
            });
            let line = LineSeries::new(points, color.stroke_width(2));
            chart.draw_series(line)?.label(label).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
            });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(BLACK.mix(0.2))
            .background_style(WHITE.mix(0.8))
            .draw()?;
    }
    root.present()?;
    Ok(())
}
