//! Judges SPDX licence expressions: `OR`, `AND`, `WITH` and parentheses.

/// Whether the expression can be satisfied with allowed licences alone.
///
/// An expression that cannot be read is not allowed. The old slash (`MIT/Apache-2.0`) reads as `OR`.
pub(super) fn is_allowed(expression: &str, allowed: impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable(), allowed };
    matches!((parser.any(), parser.words.next()), (Some(true), None))
}

struct Parser<'a, I: Iterator<Item = &'a str>, F> {
    words: std::iter::Peekable<I>,
    allowed: F,
}

impl<'a, I: Iterator<Item = &'a str>, F: Fn(&str) -> bool> Parser<'a, I, F> {
    fn any(&mut self) -> Option<bool> {
        let mut outcome = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            outcome |= self.all()?;
        }
        Some(outcome)
    }

    fn all(&mut self) -> Option<bool> {
        let mut outcome = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            outcome &= self.one()?;
        }
        Some(outcome)
    }

    fn one(&mut self) -> Option<bool> {
        match self.words.next()? {
            "(" => {
                let inner = self.any()?;
                self.words.next_if_eq(&")").map(|_| inner)
            }
            ")" | "AND" | "OR" | "WITH" => None,
            name if self.words.next_if_eq(&"WITH").is_some() => {
                let exception = self.words.next()?;
                Some((self.allowed)(&format!("{name} WITH {exception}")) || (self.allowed)(name))
            }
            name => Some((self.allowed)(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    fn mit_and_isc(expression: &str) -> bool {
        is_allowed(expression, |name| ["MIT", "ISC"].contains(&name))
    }

    #[test]
    fn expressions_are_judged_by_their_structure() {
        assert!(mit_and_isc("MIT"));
        assert!(mit_and_isc("GPL-3.0-only OR MIT"));
        assert!(mit_and_isc("Apache-2.0/MIT"));
        assert!(mit_and_isc("ISC AND (GPL-3.0-only OR MIT)"));
        assert!(!mit_and_isc("MIT AND GPL-3.0-only"));
        assert!(!mit_and_isc("(MIT OR ISC) AND Zlib"));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for broken in ["", "MIT OR", "(MIT", "MIT ISC", "AND"] {
            assert!(!mit_and_isc(broken), "{broken}");
        }
    }
}
