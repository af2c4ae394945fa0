//! An orchestrator and nodes that have registered there.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::client::Client;
use super::process::Process;
use super::wait::{wait_until, SOON};

/// What a process of a test has unless its flags say otherwise: a free port, and few threads, since tests run side by
/// side and the machine may be small.
const ORCHESTRATOR: [(&str, &str); 2] = [("--bind", "127.0.0.1:0"), ("--workers", "1")];
const NODE: [(&str, &str); 3] = [("--bind", "127.0.0.1:0"), ("--workers", "1"), ("--pool-size", "1")];

/// Starts an orchestrator on a free port.
pub(crate) fn orchestrator(flags: &[&str]) -> Process {
    Process::serve(arguments("orchestrator", &ORCHESTRATOR, flags))
}

/// Starts a node with one executor on a free port, on its own.
pub(crate) fn node(script: impl AsRef<Path>, flags: &[&str]) -> Process {
    node_with(&[], script, flags)
}

/// As `node`, with these variables in its environment.
pub(crate) fn node_with(variables: &[(&str, &OsStr)], script: impl AsRef<Path>, flags: &[&str]) -> Process {
    let script = [OsString::from("--script"), script.as_ref().into()];
    Process::serve_with(variables, arguments("node", &NODE, flags).chain(script))
}

/// As `node`, registered at `orchestrator`.
pub(crate) fn node_of(orchestrator: &Process, script: impl AsRef<Path>, flags: &[&str]) -> Process {
    node(script, &[&["--orchestrator", &orchestrator.url], flags].concat())
}

fn arguments<'a>(
    command: &'a str,
    defaults: &'a [(&'a str, &'a str)],
    flags: &'a [&'a str],
) -> impl Iterator<Item = OsString> + 'a {
    let defaults = defaults.iter().filter(|(flag, _)| !flags.contains(flag));
    let defaults = defaults.flat_map(|(flag, value)| [*flag, *value]);
    let arguments = std::iter::once(command).chain(defaults).chain(flags.iter().copied());
    arguments.map(OsString::from)
}

/// An orchestrator and the nodes that registered there.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Process>,
    pub(crate) orchestrator: Process,
    pub(crate) client: Client,
}

impl Cluster {
    /// Starts `nodes` nodes with one executor each, and waits until all take calls.
    pub(crate) fn start(script: impl AsRef<Path>, nodes: usize) -> Cluster {
        Cluster::with(script, nodes, &[], &[])
    }

    /// As `start`, with further flags for the orchestrator and for each node.
    pub(crate) fn with(
        script: impl AsRef<Path>,
        nodes: usize,
        orchestrator_flags: &[&str],
        node_flags: &[&str],
    ) -> Cluster {
        let orchestrator = orchestrator(orchestrator_flags);
        let client = Client::new(&orchestrator.url);
        Cluster::of(orchestrator, client, script, nodes, node_flags)
    }

    /// As `start`, at this orchestrator, by this client of it.
    pub(crate) fn of(
        orchestrator: Process,
        client: Client,
        script: impl AsRef<Path>,
        nodes: usize,
        node_flags: &[&str],
    ) -> Cluster {
        let nodes: Vec<Process> = (0..nodes).map(|_| node_of(&orchestrator, script.as_ref(), node_flags)).collect();
        let cluster = Cluster { nodes, orchestrator, client };
        cluster.wait_for_usable(cluster.nodes.len());
        cluster
    }

    /// How many nodes the orchestrator would send a call to now.
    pub(crate) fn usable(&self) -> usize {
        let info = self.client.info();
        let nodes = info["nodes"].as_array().expect("nodes is an array");
        let usable = nodes.iter().filter(|node| node["enabled"] == true && node["circuit_state"] == "Closed");
        usable.count()
    }

    pub(crate) fn wait_for_usable(&self, count: usize) {
        wait_until(&format!("{count} nodes take calls"), SOON, || self.usable() == count);
    }

    /// A client of one node, past the orchestrator.
    pub(crate) fn node_client(&self, index: usize) -> Client {
        Client::new(&self.nodes[index].url)
    }

    /// Starts a node again where the killed node `index` listened.
    pub(crate) fn restart_node(&mut self, index: usize, script: impl AsRef<Path>) {
        let address = self.nodes[index].address().to_owned();
        self.nodes[index] = node_of(&self.orchestrator, script, &["--bind", &address]);
    }
}
