//! What a scenario file says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A scenario table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) title: String,
    /// The scenario that is played first; this one goes on from its end.
    pub(super) continues: Option<String>,
    /// The application of steps that name none.
    pub(super) app: Option<String>,
    /// `idp/subject` of steps that name none; one of the scenario's own when absent.
    pub(super) key: Option<String>,
    pub(super) steps: Vec<Step>,
}

/// One row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Seconds since the scenario began.
    pub(super) t: u64,
    #[serde(rename = "do")]
    pub(super) action: Action,
    pub(super) app: Option<String>,
    /// `idp/subject`.
    pub(super) key: Option<String>,
    pub(super) query: Option<String>,
    pub(super) params: Option<String>,
    pub(super) content_type: Option<String>,
    /// Method and path of a `call`; `{name}` in the path stands for a session's id.
    pub(super) call: Option<[String; 2]>,
    /// Sent instead of the application's credentials; empty: nothing is sent.
    pub(super) authorization: Option<String>,
    /// Further request headers.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Names of sessions whose codes to send; `#code` sends a code as it is.
    #[serde(default)]
    pub(super) terminate: Vec<String>,
    /// Name for the session this step starts.
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
    /// Sessions the call is repeated for.
    #[serde(default)]
    pub(super) on: Vec<String>,
    #[serde(default = "once")]
    pub(super) times: usize,
    /// So many calls at once, exactly one of which gets `status`; all others get the one given here.
    pub(super) race: Option<(usize, u16)>,
    pub(super) status: u16,
    /// Sessions in the way, in ranking order, of a rule that counts streams.
    pub(super) conflicts: Option<Vec<String>>,
    /// Values in the way, in ranking order, with their numbers of sessions.
    pub(super) conflict_values: Option<Vec<(String, usize)>>,
    /// Members of the one advice.
    #[serde(default)]
    pub(super) advice: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) refresh: bool,
    pub(super) killed_by: Option<String>,
    pub(super) listed: Option<Vec<String>>,
    /// Metadata by session, in a list or in conflicts; `$name` stands for a session's code.
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) others: Option<u64>,
    /// `Expires`, in seconds since the scenario began.
    pub(super) expires: Option<u64>,
    pub(super) required: Option<Vec<String>>,
    /// Members that comma-separated answer headers must have.
    #[serde(default)]
    pub(super) shows: BTreeMap<String, Vec<String>>,
}

const fn once() -> usize {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Metadata,
    Start,
    Beat,
    Stop,
    List,
    /// Anything else over HTTP.
    Call,
}

impl Scenario {
    /// Reads the scenario `name` and those it continues, the first one first.
    pub(super) fn read(name: &str) -> Vec<Self> {
        let file = format!("{}/tests/streams/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).expect("the scenario is there");
        let scenario: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut all = scenario.continues.as_deref().map(Self::read).unwrap_or_default();
        all.push(scenario);
        all
    }
}
