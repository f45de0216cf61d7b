//! What user agents tell of system and browser, as the `ua-parser` project knows them.
//!
//! Its expressions (`data/README.md`) are compiled when the first user agent is met: not every server
//! meets one, and none should start later for it. What was read is remembered, within bounds.

use std::sync::{Arc, LazyLock};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use ua_parser::{os, user_agent};

/// The expressions, in the order in which they must be tried.
const EXPRESSIONS: &str = include_str!("../data/user-agents.json");

/// User agents remembered: those of most devices of a country. About 300 bytes each.
const REMEMBERED_MAX: usize = 20_000;

/// Systems that the contract calls otherwise (`pass-rest-v2` §3.3).
const SYSTEMS: &[(&str, &str)] =
    &[("ATV OS X", "tvOS"), ("Mac OS X", "OS X"), ("Roku", "Roku OS"), ("Web0S", "webOS")];

/// Browsers that the contract calls otherwise.
const BROWSERS: &[(&str, &str)] = &[
    ("IE", "Internet Explorer"),
    ("IE Mobile", "Internet Explorer"),
    ("Mobile Safari", "Safari"),
    ("Mobile Safari UI/WKWebView", "Safari"),
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile WebView", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Edge Mobile", "Edge"),
    ("Firefox Mobile", "Firefox"),
    ("Firefox iOS", "Firefox"),
    ("Opera Mobile", "Opera"),
];

/// Systems that are Linux by another name.
const LINUXES: [&str; 12] = [
    "Arch Linux",
    "CentOS",
    "Debian",
    "Fedora",
    "Gentoo",
    "Kubuntu",
    "Mandriva",
    "Mint",
    "Red Hat",
    "Slackware",
    "SUSE",
    "Ubuntu",
];

/// What a user agent says. Every member may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentWords {
    /// Operating system.
    pub os_name: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
    /// Browser, or the application where it is none.
    pub browser_name: Option<String>,
    /// Its version.
    pub browser_version: Option<String>,
}

/// Reads user agents.
#[derive(Debug)]
pub struct UserAgents {
    remembered: Cache<String, Arc<AgentWords>>,
}

impl Default for UserAgents {
    fn default() -> Self {
        Self { remembered: Cache::new(REMEMBERED_MAX) }
    }
}

impl UserAgents {
    /// What `agent` says.
    pub fn read(&self, agent: &str) -> Arc<AgentWords> {
        let known = self.remembered.get(agent);
        known.unwrap_or_else(|| {
            let words = Arc::new(READER.as_ref().map(|it| it.read(agent)).unwrap_or_default());
            self.remembered.insert(agent.to_owned(), Arc::clone(&words));
            words
        })
    }
}

/// Compiled once per process: it is a constant that takes a tenth of a second to write down.
static READER: LazyLock<Option<Reader>> = LazyLock::new(Reader::compile);

struct Reader {
    systems: os::Extractor<'static>,
    browsers: user_agent::Extractor<'static>,
}

#[derive(Deserialize)]
struct Expressions {
    os_parsers: Vec<os::Parser<'static>>,
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
}

impl Reader {
    /// Nothing when the expressions are broken, which a test rules out.
    fn compile() -> Option<Self> {
        let expressions: Expressions = serde_json::from_str(EXPRESSIONS).ok()?;
        let systems = os::Builder::new().push_all(expressions.os_parsers).ok()?;
        let browsers = user_agent::Builder::new().push_all(expressions.user_agent_parsers).ok()?;
        Some(Self { systems: systems.build().ok()?, browsers: browsers.build().ok()? })
    }

    fn read(&self, agent: &str) -> AgentWords {
        let (system, browser) = (self.systems.extract(agent), self.browsers.extract(agent));
        AgentWords {
            os_name: system.as_ref().map(|system| system_name(&system.os)),
            os_version: system.and_then(|system| {
                version([system.major.as_deref(), system.minor.as_deref(), system.patch.as_deref()])
            }),
            browser_name: browser.as_ref().map(|browser| in_our_words(&browser.family, BROWSERS)),
            browser_version: browser
                .and_then(|browser| version([browser.major, browser.minor, browser.patch])),
        }
    }
}

fn system_name(name: &str) -> String {
    let name = if LINUXES.contains(&name) { "Linux" } else { name };
    in_our_words(name, SYSTEMS)
}

fn in_our_words(name: &str, table: &[(&str, &str)]) -> String {
    let ours = table.iter().find(|(theirs, _)| *theirs == name);
    ours.map_or(name, |(_, ours)| ours).to_owned()
}

/// The parts, as far as they are known from the first on.
fn version(parts: [Option<&str>; 3]) -> Option<String> {
    let known: Vec<_> = parts.into_iter().map_while(|part| part).collect();
    (!known.is_empty()).then(|| known.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expressions_can_be_compiled() {
        assert!(Reader::compile().is_some());
    }

    #[test]
    fn systems_and_browsers_are_told_in_the_contracts_words() {
        let agents = UserAgents::default();
        let told = |agent| {
            let said = agents.read(agent);
            let AgentWords { os_name, os_version, browser_name, browser_version } = &*said;
            [os_name, os_version, browser_name, browser_version]
                .map(|word| word.clone().unwrap_or_default())
                .join("|")
        };
        for (agent, words) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/119.0.0.0 Safari/537.36 Edg/119.0.1",
                "Windows|10|Edge|119.0.1",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) Version/17.1 Safari/605.1.15",
                "OS X|10.15.7|Safari|17.1",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) CriOS/114.0.5735.99 Mobile/15E148 Safari/604.1",
                "iOS|16.5|Chrome|114.0.5735",
            ),
            ("AppleTV11,1/11.1", "tvOS|||"),
            ("Roku/DVP-12.0", "Roku OS|12.0|Roku|12.0"),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0",
                "Linux||Firefox|119.0",
            ),
            ("curl/8.5.0", "||curl|8.5.0"),
            ("", "|||"),
        ] {
            assert_eq!(told(agent), words, "{agent}");
            assert_eq!(told(agent), words, "{agent}, remembered");
        }
    }
}
