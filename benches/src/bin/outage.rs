//! Draws what a region's outage costs a read: this client against the failover sample of the
//! vendor's document, both in simulated time.
//!
//! `cargo run --release -p cloudauth-benches --bin outage` prints a table and writes
//! `crates/cloudauth-proto/docs/outage.svg`.
#![expect(clippy::print_stdout, reason = "a command prints")]

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, ExchangeId, Failure, Flow, Now, Policy, Response,
    Session, Step,
};
use cloudauth_sim::simulation::figures::percentile;
use cloudauth_sim::simulation::{End, Simulation, Trouble, Weather};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Verdict, World};
use plotters::prelude::*;

type Outcome<T> = Result<T, Box<dyn Error>>;

const SECOND: Duration = Duration::from_secs(1);
/// Shanghai is a black hole from here to there.
const OUTAGE: [u32; 2] = [60, 120];
const END: u32 = 180;
const CALLS_PER_SECOND: u32 = 500;
/// Seconds of calls that one point of the plot stands for.
const BUCKET: u32 = 2;

const LINES: [(&str, usize); 3] = [("p50", 500), ("p99", 990), ("p99.9", 999)];

fn main() -> Outcome<()> {
    let ours = simulate(Policy::default(), |describe| {
        Call::new(describe, CallOptions::new())
    })?;
    let mut once = Policy::default();
    once.max_attempts = 1;
    let sample = simulate(once, Sample::new)?;
    for (name, run) in [("this client", &ours), ("the vendor's sample", &sample)] {
        println!("{name}: {} calls, {} failed", run.calls.len(), run.failed);
        println!(
            "  {:>14}  {:>10}  {:>10}  {:>10}",
            "seconds", "p50", "p99", "p99.9"
        );
        for (from, to) in [(0, 60), (60, 70), (70, 120), (120, END)] {
            let times = run.times(from, to);
            let cell = |permille| percentile(&times, permille).as_millis();
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

/// The failover sample of the vendor's document: Shanghai, and on any failure Beijing, for every
/// call anew. Both time-outs are 10 s, as in [`Policy::default`].
struct Sample {
    now: Call<DescribeFaceVerify>,
    then: Option<Call<DescribeFaceVerify>>,
}

impl Sample {
    fn new(describe: &DescribeFaceVerify) -> Result<Self, cloudauth_proto::Error> {
        let at = |endpoint| Call::new(describe, CallOptions::new().endpoint(endpoint));
        Ok(Self {
            now: at(Endpoint::SHANGHAI)?,
            then: Some(at(Endpoint::BEIJING)?),
        })
    }
}

impl Flow for Sample {
    type Output = <Call<DescribeFaceVerify> as Flow>::Output;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match self.now.poll(session, now) {
            Step::Done(Err(error)) => match self.then.take() {
                Some(then) => {
                    self.now = then;
                    self.now.poll(session, now)
                }
                None => Step::Done(Err(error)),
            },
            step @ (Step::Send(_)
            | Step::Abandon(_)
            | Step::Wait(_)
            | Step::Authenticate(_)
            | Step::Read(_)
            | Step::Run { .. }
            | Step::Done(Ok(_))) => step,
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        self.now.report(session, id, reply, now);
    }
}

/// When each call started, and how long it took.
struct Run {
    calls: Vec<(Duration, Duration)>,
    failed: usize,
}

impl Run {
    /// What the calls took that started between these seconds, the shortest first.
    fn times(&self, from: u32, to: u32) -> Vec<Duration> {
        let within = SECOND * from..SECOND * to;
        let calls = self
            .calls
            .iter()
            .filter(|(started, _)| within.contains(started));
        let mut times: Vec<_> = calls.map(|(_, took)| *took).collect();
        times.sort_unstable();
        times
    }
}

fn simulate<F: Flow + 'static>(
    policy: Policy,
    call: impl Fn(&DescribeFaceVerify) -> Result<F, cloudauth_proto::Error>,
) -> Outcome<Run> {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    let mut simulation = Simulation::new(session, World::new());
    let [begins, ends] = OUTAGE;
    let dead = Weather::calm().always(Trouble::BlackHole);
    simulation.weather(Region::Shanghai, SECOND * begins, dead);
    simulation.weather(Region::Shanghai, SECOND * ends, Weather::calm());

    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
    let opened = simulation.call(Call::new(&open, CallOptions::new())?)?;
    let id = opened.value.certify_id.as_str().to_owned();
    let now = simulation.now().unix.seconds();
    simulation.world.finish(&id, Verdict::Passed, now)?;
    // By its text: it has no home then, which the sample does not know of.
    let describe = DescribeFaceVerify::new(1_000_000_006, id);
    for i in 0..END * CALLS_PER_SECOND {
        simulation.start(SECOND * i / CALLS_PER_SECOND, call(&describe)?);
    }
    simulation.run();
    let asked = || simulation.all_told().skip(1);
    let times = asked().filter_map(|told| Some((told.started, told.took()?)));
    Ok(Run {
        calls: times.collect(),
        failed: asked().filter(|told| told.end != Some(End::Done)).count(),
    })
}

fn draw(path: &str, ours: &Run, sample: &Run) -> Outcome<()> {
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
                let time = percentile(&run.times(from, from + BUCKET), permille);
                (f64::from(from), time.as_secs_f64() * 1_000.0)
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
