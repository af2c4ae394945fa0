//! Which calls leave a trace, which traces are kept, and how one is put together.

mod ring;
mod sampler;
mod tree;

#[cfg(test)]
mod tests;

pub use ring::{Bounds, Ring};
pub use sampler::Sampler;
pub use tree::in_order;

/// A call that was not sampled leaves a span all the same when it takes this long, or fails.
pub const SLOW: std::time::Duration = std::time::Duration::from_millis(500);
