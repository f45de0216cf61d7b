//! Client registration and tokens (`dcr`), and the throttle in front of them (`errors` §6), over real
//! HTTP against the whole demo world.

#[cfg(test)]
mod support;

#[cfg(test)]
#[path = "dcr/asking.rs"]
mod asking;
#[cfg(test)]
#[path = "dcr/bearer.rs"]
mod bearer;
#[cfg(test)]
#[path = "dcr/cors.rs"]
mod cors;
#[cfg(test)]
#[path = "dcr/register.rs"]
mod register;
#[cfg(test)]
#[path = "dcr/standard.rs"]
mod standard;
#[cfg(test)]
#[path = "dcr/third_party.rs"]
mod third_party;
#[cfg(test)]
#[path = "dcr/throttle.rs"]
mod throttle;
#[cfg(test)]
#[path = "dcr/token.rs"]
mod token;
