//! Files written and read back.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod round_trip;
