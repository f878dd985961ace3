//! What the search knows about circuit breakers, budget and rate from the exchanges alone. It shares no
//! code with the core, and where time and order leave it open, it errs on the side of the core.

use core::time::Duration;

/// How long a circuit breaker stays open, and how long a failure counts.
const OPEN_FOR: Duration = Duration::from_secs(5);
const MAX_FAILURES: u8 = 5;

/// A silence of this length is a failure. Shorter ones count together.
const FAIR_SILENCE: Duration = Duration::from_secs(1);

/// What an endpoint's circuit breaker may be, and what it must be.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct BreakerMonitor {
    /// The most consecutive failures that may count.
    possible: u8,
    last_possible: Duration,
    /// Whether it may have opened since the last success.
    may_have_opened: bool,
    may_be_open_until: Duration,
    /// The consecutive failures that count for sure.
    certain: u8,
    last_certain: Duration,
    opened: Option<Duration>,
    /// Whether something happened that may count or not.
    is_unsure: bool,
    /// The time that short silences cover since the last success or failure of their own.
    silence: Option<(Duration, Duration)>,
}

impl BreakerMonitor {
    pub(super) fn succeeds(&mut self) {
        *self = Self::default();
    }

    /// An exchange that was sent at `sent` has failed, or may have.
    pub(super) fn fails(&mut self, sent: Duration, is_certain: bool, now: Duration) {
        let is_old = |last: Duration| last + OPEN_FOR <= now;
        let previous = if is_old(self.last_possible) {
            0
        } else {
            self.possible
        };
        self.possible = (previous + 1).min(MAX_FAILURES);
        self.last_possible = now;
        self.may_have_opened |= self.possible == MAX_FAILURES;
        if self.may_have_opened {
            self.may_be_open_until = now + OPEN_FOR;
        }
        match self.opened {
            _ if !is_certain => self.is_unsure = true,
            Some(opened) if sent < opened + OPEN_FOR => {}
            // Whether it was the probe is not known.
            Some(_) => self.is_unsure = true,
            None => {
                let previous = if is_old(self.last_certain) {
                    0
                } else {
                    self.certain
                };
                self.certain = (previous + 1).min(MAX_FAILURES);
                self.last_certain = now;
                self.opened = (self.certain == MAX_FAILURES).then_some(now);
            }
        }
    }

    /// An exchange that was sent at `sent` had no response in the time of its caller.
    pub(super) fn is_silent(&mut self, sent: Duration, now: Duration) {
        if FAIR_SILENCE <= now.saturating_sub(sent) {
            return self.fails(sent, true, now);
        }
        let joined = self.silence.filter(|(_, to)| now < *to + OPEN_FOR);
        let from = joined.map_or(sent, |(from, _)| from.min(sent));
        let is_long = FAIR_SILENCE <= now.saturating_sub(from);
        self.silence = Some((if is_long { now } else { from }, now));
        if is_long || self.may_have_opened {
            self.fails(sent, true, now);
        }
    }

    /// Whether an attempt is not withdrawn from the budget, for sure.
    pub(super) fn is_free(&self, has_exchange: bool, now: Duration) -> bool {
        let has_recent_failure = now < self.last_possible + OPEN_FOR && self.possible > 0;
        let is_probed = self.may_have_opened && (has_exchange || self.is_unsure);
        !has_recent_failure && !is_probed
    }

    /// Whether it has been closed since the last success, for sure.
    pub(super) const fn is_closed(&self) -> bool {
        !self.may_have_opened
    }

    /// Whether calls must begin elsewhere.
    pub(super) fn is_open(&self, now: Duration) -> bool {
        self.opened.is_some_and(|opened| now < opened + OPEN_FOR) && !self.is_unsure
    }

    /// Whether an exchange that was sent at `sent` and is in flight must be its probe.
    pub(super) fn is_probed_by(&self, sent: Duration) -> bool {
        self.opened.is_some_and(|opened| opened + OPEN_FOR <= sent) && !self.is_unsure
    }

    /// Whether calls may begin elsewhere.
    pub(super) fn may_be_avoided(&self, has_exchange: bool, now: Duration) -> bool {
        now < self.may_be_open_until || (self.may_have_opened && has_exchange)
    }

    /// The same with times relative to `now`, without what no longer matters.
    pub(super) fn relative(mut self, now: Duration) -> Self {
        self.last_possible = (self.last_possible + OPEN_FOR).saturating_sub(now);
        self.last_certain = (self.last_certain + OPEN_FOR).saturating_sub(now);
        self.may_be_open_until = self.may_be_open_until.saturating_sub(now);
        if self.last_possible.is_zero() {
            self.possible = 0;
        }
        if self.last_certain.is_zero() {
            self.certain = 0;
        }
        let old = now.saturating_sub(OPEN_FOR);
        let silence = self.silence.filter(|(_, to)| old < *to);
        self.silence = silence.map(|(from, to)| (now.saturating_sub(from), now.saturating_sub(to)));
        // Exchanges take less time than this.
        let age = |opened| now.saturating_sub(opened).min(Duration::from_secs(60));
        self.opened = self.opened.map(age);
        self
    }
}

/// The least and the most that the retry budget may hold, as milliseconds of its refill.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct BudgetMonitor {
    least: u64,
    most: u64,
    updated: Duration,
}

impl BudgetMonitor {
    const CAP: u64 = 10_000;
    const ATTEMPT: u64 = 2_000;
    /// An eleventh of an attempt, rounded down.
    const CALL: u64 = 181;

    pub(super) const fn new(now: Duration) -> Self {
        Self {
            least: Self::CAP,
            most: Self::CAP,
            updated: now,
        }
    }

    fn add(&mut self, least: u64, most: u64) {
        self.least = (self.least + least).min(Self::CAP);
        self.most = (self.most + most).min(Self::CAP);
    }

    pub(super) fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.updated).as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX).min(Self::CAP);
        self.add(elapsed, elapsed);
        self.updated = now;
    }

    /// Attempts that are withdrawn until it does not suffice.
    pub(super) fn spend(&mut self) {
        self.least = 0;
        self.most %= Self::ATTEMPT;
    }

    pub(super) fn deposit(&mut self) {
        self.add(Self::CALL, Self::CALL + 1);
    }

    /// An attempt that may be withdrawn, or must be. Returns whether the budget can have sufficed.
    pub(super) fn withdraw(&mut self, is_certain: bool) -> bool {
        self.least = self.least.saturating_sub(Self::ATTEMPT);
        if !is_certain {
            return true;
        }
        let suffices = self.most >= Self::ATTEMPT;
        self.most = self.most.saturating_sub(Self::ATTEMPT);
        suffices
    }

    /// Whether the budget suffices for an attempt, for sure.
    pub(super) const fn suffices(&self) -> bool {
        self.least >= Self::ATTEMPT
    }

    /// The same as if it had been updated at zero.
    pub(super) fn relative(mut self, now: Duration) -> Self {
        self.refill(now);
        self.updated = Duration::ZERO;
        self
    }
}

/// The times at which sends are allowed, computed from those that happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateMonitor {
    interval: Duration,
    next: Duration,
    /// The latest time until which a call was made to wait.
    planned: Duration,
}

impl RateMonitor {
    pub(super) fn per_second(sends: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / sends.max(1),
            next: Duration::ZERO,
            planned: Duration::ZERO,
        }
    }

    /// A send. Returns whether it is allowed.
    pub(super) fn send(&mut self, now: Duration) -> bool {
        let is_allowed = self.earliest(now) <= now;
        self.next = self.next.max(now) + self.interval;
        is_allowed
    }

    /// When the next send is allowed.
    pub(super) fn earliest(&self, now: Duration) -> Duration {
        let burst = Duration::from_secs(1).saturating_sub(self.interval);
        self.next.saturating_sub(burst).max(now)
    }

    /// A call waits until `wake`. Returns whether it has to: until the next send is allowed or, if
    /// another call may be waiting for that, an interval after that one and at most one second later.
    pub(super) fn wait(&mut self, wake: Duration, now: Duration) -> bool {
        let earliest = self.earliest(now);
        let is_planned = earliest <= self.planned;
        let planned = self.planned.min(earliest + Duration::from_secs(1)) + self.interval;
        self.planned = self.planned.max(wake);
        wake <= if is_planned {
            planned.max(earliest)
        } else {
            earliest
        }
    }

    /// What remains of the sends and waits so far.
    pub(super) fn relative(self, now: Duration) -> [Duration; 2] {
        [self.next, self.planned].map(|time| time.saturating_sub(now))
    }
}
