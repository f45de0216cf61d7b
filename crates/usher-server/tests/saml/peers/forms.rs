//! Forms in the pages of others, read just well enough.

use reqwest::Url;

/// A form with the values it came with.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: Url,
    pub(crate) fields: Vec<(String, String)>,
    /// Names of the fields a person has to fill in.
    asks: Vec<String>,
}

impl Form {
    /// Does it ask for nothing but `answers`?
    pub(crate) fn asks_only(&self, answers: &[(&str, &str)]) -> bool {
        self.asks.iter().all(|name| answers.iter().any(|(known, _)| known == name))
    }

    /// Gives `answers` where they are asked for.
    pub(crate) fn fill_in(&mut self, answers: &[(&str, &str)]) {
        for (name, value) in &mut self.fields {
            if let Some((_, answer)) = answers.iter().find(|(known, _)| known == name) {
                (*answer).clone_into(value);
            }
        }
    }
}

/// The first form of `page` that is to be posted; the page was found at `base`.
pub(crate) fn form(page: &str, base: &Url) -> Option<Form> {
    let forms = page.split("<form").skip(1);
    let posts =
        |text: &&str| attribute(text, "method").is_some_and(|it| it.eq_ignore_ascii_case("post"));
    let inside = forms.filter_map(|form| form.split("</form>").next()).find(posts)?;
    let action = attribute(inside, "action").unwrap_or_default();
    let inputs = || inside.split("<input").skip(1).filter(|it| attribute(it, "name").is_some());
    let name = |tag: &str| attribute(tag, "name").unwrap_or_default();
    let value = |tag: &str| attribute(tag, "value").unwrap_or_default();
    let is_asked = |input: &&str| {
        let secret = attribute(input, "type").as_deref() == Some("password");
        value(input).is_empty() && (secret || attribute(input, "required").is_some())
    };
    let typed = inputs().map(|input| (name(input), value(input)));
    let chosen = inside.split("<select").skip(1).filter_map(|select| {
        let options = || {
            select.split("</select>").next().into_iter().flat_map(|it| it.split("<option").skip(1))
        };
        let option = options().find(|it| attribute(it, "selected").is_some()).or(options().next());
        Some((name(select), value(option?)))
    });
    Some(Form {
        action: base.join(&action).ok()?,
        fields: typed.chain(chosen).collect(),
        asks: inputs().filter(is_asked).map(name).collect(),
    })
}

/// The attribute `name` of the tag that `text` continues.
fn attribute(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|it: char| it.is_whitespace() || it == '/');
        let end = rest.find(|it: char| it.is_whitespace() || "=>".contains(it))?;
        let (found, after) = rest.split_at(end);
        if found.is_empty() {
            return None;
        }
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let (quote, from) = quoted.split_at(1);
                from.split_once(quote)?
            }
            Some(bare) => {
                let end = bare.find(|it: char| it.is_whitespace() || it == '>')?;
                bare.split_at(end)
            }
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(unescaped(value));
        }
        rest = after;
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        out.push_str(before);
        let known = from.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        let (character, after) = known.unwrap_or(('&', from));
        out.push(character);
        rest = after;
    }
    out + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
