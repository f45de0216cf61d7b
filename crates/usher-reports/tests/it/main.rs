//! The reports service over an in-memory ledger, against the scenario tables of `wolap.md` §18.

#[cfg(test)]
mod crawl;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod support;
