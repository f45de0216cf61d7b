//! The service as a whole, over stores in memory.

#[cfg(test)]
mod journey;
#[cfg(test)]
mod support;
