//! Text from providers, made fit to be passed on.

/// The longest text of a provider that reaches an application, in characters (`mvpd` §7.7).
const DETAILS_CHARS_MAX: usize = 1024;

/// `text` as one line without control characters, at most 1024 characters; nothing when none is left.
pub(crate) fn details(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .map(|character| if character.is_whitespace() { ' ' } else { character })
        .filter(|character| !character.is_control())
        .take(DETAILS_CHARS_MAX)
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A provider's error code, fit for a log line: RFC 6749 §5.2 allows printable ASCII only.
pub(crate) fn code(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_viewers_has_no_control_characters_and_a_bounded_length() {
        assert_eq!(details("Not\u{0}in\r\nyour\u{7}package "), Some("Notin  yourpackage".into()));
        assert_eq!(details(&"é".repeat(5000)).map(|text| text.chars().count()), Some(1024));
        assert_eq!(details(" \u{1b}\n"), None);
    }
}
