//! Metrics of flows: instruments of OpenTelemetry's global meter.

use cloudauth_proto::codes::Billed;
use cloudauth_proto::driver::{CircuitBreakerState, Event};
use opentelemetry::metrics::{Counter, Gauge, Histogram};
use opentelemetry::{KeyValue, global};

use crate::outcome::outcome;

/// The instruments. `metrics.md` has the table of their names, units and attributes.
#[derive(Clone)]
pub(crate) struct Metrics {
    request_duration: Histogram<f64>,
    call_duration: Histogram<f64>,
    call_attempts: Histogram<u64>,
    retries: Counter<u64>,
    breaker: Gauge<u64>,
    budget: Gauge<u64>,
    refreshes: Counter<u64>,
    billed_calls: Counter<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let meter = global::meter("cloudauth");
        Self {
            request_duration: meter
                .f64_histogram("http.client.request.duration")
                .with_unit("s")
                .build(),
            call_duration: meter
                .f64_histogram("cloudauth.client.call.duration")
                .with_unit("s")
                .build(),
            call_attempts: meter
                .u64_histogram("cloudauth.client.call.attempts")
                .with_unit("{attempt}")
                .build(),
            retries: meter
                .u64_counter("cloudauth.client.retries")
                .with_unit("{attempt}")
                .build(),
            breaker: meter
                .u64_gauge("cloudauth.client.circuit_breaker.state")
                .with_unit("1")
                .build(),
            budget: meter
                .u64_gauge("cloudauth.client.retry_budget")
                .with_unit("{attempt}")
                .build(),
            refreshes: meter
                .u64_counter("cloudauth.client.refreshes")
                .with_unit("{refresh}")
                .build(),
            billed_calls: meter
                .u64_counter("cloudauth.client.billed_calls")
                .with_unit("{call}")
                .build(),
        }
    }
}

impl Metrics {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other events have no instrument"
    )]
    pub(crate) fn record(&self, event: &Event) {
        match event {
            Event::AttemptStarted {
                info,
                after: Some((_, reason)),
            } => {
                let reason = KeyValue::new("reason", reason.as_str());
                self.retries.add(1, &[named(&info.action), reason]);
            }
            Event::AttemptEnded { info, attempt } => {
                let (status, _, error) = outcome(attempt);
                let mut attributes = vec![
                    named(&info.action),
                    KeyValue::new("http.request.method", info.method.as_str()),
                ];
                let host = info.endpoint.authority().clone().into_owned();
                attributes.push(KeyValue::new("server.address", host));
                attributes.extend(
                    status.map(|it| KeyValue::new("http.response.status_code", i64::from(it))),
                );
                attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
                let took = attempt.ended.saturating_since(attempt.started);
                self.request_duration
                    .record(took.as_secs_f64(), &attributes);
            }
            Event::CallEnded {
                action,
                took,
                attempts,
                outcome,
                billed,
            } => {
                let outcome = KeyValue::new("outcome", outcome.as_str());
                self.call_duration
                    .record(took.as_secs_f64(), &[named(action), outcome]);
                let attempts = u64::try_from(*attempts).unwrap_or(u64::MAX);
                self.call_attempts.record(attempts, &[named(action)]);
                if let Some(billed @ (Billed::Yes(_) | Billed::Unknown)) = billed {
                    let billed = KeyValue::new("billed", billed.as_str());
                    self.billed_calls.add(1, &[named(action), billed]);
                }
            }
            Event::CircuitBreaker { endpoint, state } => {
                let host = endpoint.authority().clone().into_owned();
                let state = match state {
                    CircuitBreakerState::Closed => 0,
                    CircuitBreakerState::HalfOpen => 1,
                    CircuitBreakerState::Open => 2,
                };
                self.breaker
                    .record(state, &[KeyValue::new("server.address", host)]);
            }
            Event::RetryBudget { left } => self.budget.record(*left, &[]),
            Event::Refreshed { error } => {
                let outcome = if error.is_some() {
                    "failure"
                } else {
                    "success"
                };
                self.refreshes.add(1, &[KeyValue::new("outcome", outcome)]);
            }
            _ => {}
        }
    }
}

fn named(action: &str) -> KeyValue {
    KeyValue::new("action", action.to_owned())
}
