//! What is measured, in words: each room lists its metrics, and `/metrics` explains them (`# HELP`).

/// A metric and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, `ikd_…`.
    pub name: &'static str,
    kind: Kind,
    help: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Metric {
    /// Something that only grows; the name ends in `_total`. `help` names the labels.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help }
    }

    /// Something as it is now, that goes up and down. `help` names the labels.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help }
    }

    /// Durations in seconds, the name ends in `_seconds`; or sizes. `help` names the labels.
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, help }
    }

    /// Tells the recorder of this process what it means.
    pub fn describe(self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram => metrics::describe_histogram!(self.name, self.help),
        }
    }
}
