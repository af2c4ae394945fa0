//! `GET /metrics`: what every process of ours tells Prometheus.

use std::sync::atomic::Ordering;

use madrpc_actors::metrics::{Exposition, Kind};

use super::process::Process;
use crate::vitals;

impl Process {
    /// What nodes and orchestrators have in common.
    pub(super) fn expose(&self, server_type: &str, to: &mut Exposition) {
        use Kind::{Counter, Gauge};
        let version = env!("CARGO_PKG_VERSION");
        to.family("madrpc_build_info", Gauge, "1, with the release and the kind of the process as labels.");
        to.sample(&[("version", version), ("server_type", server_type)], 1);
        self.metrics.expose(to);
        to.single("madrpc_in_flight", Gauge, "Calls that run or wait now.", self.admission.inflight());
        let sessions = self.sessions.load(Ordering::Relaxed);
        to.single("madrpc_websockets", Gauge, "WebSockets that are open.", sessions);
        let draining = u8::from(self.draining.has_begun());
        to.single("madrpc_draining", Gauge, "1 while the process takes no further calls.", draining);

        let cpu = vitals::cpu_time().as_secs_f64();
        to.single("process_cpu_seconds_total", Counter, "Processor time of the process.", cpu);
        let started = vitals::unix_seconds(self.started);
        to.single("process_start_time_seconds", Gauge, "When the process started, in Unix time.", started);
        if let Some(bytes) = vitals::resident_bytes() {
            to.single("process_resident_memory_bytes", Gauge, "Memory of the process that is in RAM.", bytes);
        }
        if let Some(bytes) = vitals::virtual_bytes() {
            to.single("process_virtual_memory_bytes", Gauge, "Address space of the process.", bytes);
        }
        if let Some(open) = vitals::open_descriptors() {
            to.single("process_open_fds", Gauge, "Descriptors that are open.", open);
        }
        if let Some(most) = vitals::most_descriptors() {
            to.single("process_max_fds", Gauge, "Descriptors that may be open.", most);
        }
    }
}
