//! The reporting APIs over HTTP, against the contract's checklist (`wolap.md` §21).

#[cfg(test)]
mod support;

#[cfg(test)]
#[path = "reports/clients.rs"]
mod clients;
#[cfg(test)]
#[path = "reports/crawl.rs"]
mod crawl;
#[cfg(test)]
#[path = "reports/filters.rs"]
mod filters;
#[cfg(test)]
#[path = "reports/http.rs"]
mod http;
#[cfg(test)]
#[path = "reports/metrics.rs"]
mod metrics;
#[cfg(test)]
#[path = "reports/negotiation.rs"]
mod negotiation;
#[cfg(test)]
#[path = "reports/page.rs"]
mod page;
#[cfg(test)]
#[path = "reports/representations.rs"]
mod representations;
#[cfg(test)]
#[path = "reports/retention.rs"]
mod retention;
#[cfg(test)]
#[path = "reports/scenarios.rs"]
mod scenarios;
#[cfg(test)]
#[path = "reports/security.rs"]
mod security;
#[cfg(test)]
#[path = "reports/time.rs"]
mod time;
#[cfg(test)]
#[path = "reports/trees.rs"]
mod trees;
#[cfg(test)]
#[path = "reports/world.rs"]
mod world;
