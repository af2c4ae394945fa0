//! What a cluster does, as a person watches it: figures of two looks at a server become a snapshot, and that becomes text or
//! a picture on a terminal.
//!
//! Knows the shapes of `_metrics` and `_info`, and how they are shown; who asks for them and owns the terminal is a command.
//! Nothing here waits or reads a clock.

mod answers;
mod changes;
mod draw;
mod model;
mod plain;
mod sheet;
mod sheets;
mod snapshot;
mod view;
mod window;

#[cfg(test)]
mod tests;

pub use answers::Answers;
pub use changes::Event;
pub use draw::draw;
pub use model::Model;
pub use plain::{nodes_table, tables};
pub use snapshot::{ClusterLine, MethodLine, NodeLine, Snapshot};
pub use view::{Then, View};
