//! Distinct numbers and their codes.

use std::collections::HashMap;

/// Numbers below this are looked up in a table at most.
const SMALL: usize = 1 << 16;

/// Numbers in the order in which they first came.
#[derive(Debug)]
pub(crate) struct Numbering {
    pub(crate) distinct: Vec<i64>,
    small: Vec<u32>,
    large: HashMap<i64, u32>,
}

impl Numbering {
    pub(crate) const UNKNOWN: u32 = u32::MAX;

    /// For a column of so many rows: the table is not worth more than they are.
    pub(crate) fn of(rows: usize) -> Self {
        let small = vec![Self::UNKNOWN; SMALL.min(rows.saturating_mul(2))];
        Self { distinct: Vec::new(), small, large: HashMap::new() }
    }

    /// The code of a number.
    pub(crate) fn code(&mut self, number: i64) -> u32 {
        let next = u32::try_from(self.distinct.len()).unwrap_or(Self::UNKNOWN);
        let place = usize::try_from(number).ok().and_then(|index| self.small.get_mut(index));
        let code = match place {
            Some(known) if *known == Self::UNKNOWN => {
                *known = next;
                next
            }
            Some(known) => *known,
            None => *self.large.entry(number).or_insert(next),
        };
        if code == next {
            self.distinct.push(number);
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_code() {
        for rows in [0, 7, 1_000_000] {
            let mut numbering = Numbering::of(rows);
            let codes = [7, -1, 7, i64::MAX, 65_536, -1, 0].map(|it| numbering.code(it));
            assert_eq!(codes, [0, 1, 0, 2, 3, 1, 4]);
            assert_eq!(numbering.distinct, [7, -1, i64::MAX, 65_536, 0]);
        }
    }
}
