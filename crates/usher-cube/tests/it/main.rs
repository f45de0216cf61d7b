//! The executor against references that are too simple to be wrong.

#[cfg(test)]
mod levels;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod streams;
