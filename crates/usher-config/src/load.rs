//! From texts to [`Settings`].

use toml::{Table, Value};

use crate::settings::{KEYS, Settings};

/// Prefix of the environment variables that are settings.
const ENVIRONMENT_PREFIX: &str = "USHER__";

/// Why settings cannot be used. The message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not TOML.
    #[error("the configuration file cannot be read: {0}")]
    Syntax(Box<toml::de::Error>),
    /// A key that does not exist.
    #[error("there is no setting `{name}`{}", .nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// What was written.
        name: String,
        /// The existing key that looks most like it.
        nearest: Option<String>,
    },
    /// `--set` without `=`.
    #[error("`{0}` is no setting: write KEY=VALUE, such as `throttle.enabled=false`")]
    NoValue(String),
    /// A value of the wrong kind.
    #[error("{0}")]
    Value(Box<toml::de::Error>),
}

/// Settings under construction; what is added later wins.
#[derive(Clone, Debug, Default)]
pub struct Layers(Table);

impl Layers {
    /// Adds a configuration file's text.
    pub fn file(&mut self, text: &str) -> Result<(), ConfigError> {
        let table: Table =
            toml::from_str(text).map_err(|error| ConfigError::Syntax(Box::new(error)))?;
        for (section, keys) in table {
            let Value::Table(keys) = keys else { return Err(unknown(section)) };
            for (key, value) in keys {
                self.put(&format!("{section}.{key}"), value)?;
            }
        }
        Ok(())
    }

    /// Adds one `section.key=value`, as `--set` takes it.
    pub fn assignment(&mut self, text: &str) -> Result<(), ConfigError> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| ConfigError::NoValue(text.to_owned()))?;
        self.put(name.trim(), scalar(value.trim()))
    }

    /// Adds environment variables; those that are not named `USHER__SECTION__KEY` are passed over.
    pub fn variables(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in variables {
            if let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                self.put(&rest.to_lowercase().replacen("__", ".", 1), scalar(&value))?;
            }
        }
        Ok(())
    }

    /// The finished settings.
    pub fn settings(self) -> Result<Settings, ConfigError> {
        Settings::deserialize_table(self.0)
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), ConfigError> {
        let Some(key) = KEYS.iter().find(|key| name == format!("{}.{}", key.section, key.name))
        else {
            return Err(unknown(name.to_owned()));
        };
        let section = self.0.entry(key.section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.name.to_owned(), value);
        }
        Ok(())
    }
}

impl Settings {
    fn deserialize_table(table: Table) -> Result<Self, ConfigError> {
        table.try_into().map_err(|error| ConfigError::Value(Box::new(error)))
    }
}

/// The environment of this process, for [`Layers::variables`].
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A value as TOML when it is one (`true`, `10`, `["a"]`), else as text (`3s`, `jws`).
fn scalar(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .filter(|value| !value.is_datetime())
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn unknown(name: String) -> ConfigError {
    let last = name.rsplit('.').next().unwrap_or_default();
    let nearest = KEYS
        .iter()
        .find(|key| key.name == last || name == format!("{}_{}", key.section, key.name))
        .map(|key| format!("{}.{}", key.section, key.name));
    ConfigError::UnknownKey { name, nearest }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::MediaTokenFormat;

    fn set(assignments: &[&str]) -> Result<Settings, ConfigError> {
        let mut layers = Layers::default();
        for assignment in assignments {
            layers.assignment(assignment)?;
        }
        layers.settings()
    }

    #[test]
    fn what_is_added_later_wins() -> Result<(), ConfigError> {
        let mut layers = Layers::default();
        layers.file("[entitlement]\ncode_ttl = '1m'\n[throttle]\nenabled = true")?;
        layers.variables([
            ("USHER__ENTITLEMENT__CODE_TTL".to_owned(), "2m".to_owned()),
            ("HOME".to_owned(), "/".to_owned()),
        ])?;
        layers.assignment("throttle.enabled=false")?;
        let settings = layers.settings()?;
        assert_eq!(settings.entitlement.code_ttl, Duration::from_mins(2));
        assert!(!settings.throttle.enabled);
        Ok(())
    }

    #[test]
    fn values_need_no_quotes() -> Result<(), ConfigError> {
        let settings = set(&[
            "entitlement.media_token_format=jws",
            "reports.zone=America/Los_Angeles",
            "streams.activity_window=2s",
            "throttle.burst=3",
        ])?;
        assert_eq!(settings.entitlement.media_token_format, MediaTokenFormat::Jws);
        assert_eq!(settings.reports.zone, "America/Los_Angeles");
        assert_eq!(settings.streams.activity_window, Some(Duration::from_secs(2)));
        assert_eq!(settings.throttle.burst, 3);
        Ok(())
    }

    #[test]
    fn mistakes_are_explained() {
        let complaint =
            |text| set(&[text]).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(
            complaint("entitlment.code_ttl=3s"),
            "there is no setting `entitlment.code_ttl`; did you mean `entitlement.code_ttl`?"
        );
        assert!(complaint("throttle.enabled").contains("KEY=VALUE"));
        assert!(complaint("entitlement.code_ttl=3").contains("expected a string"));
        assert!(complaint("entitlement.code_ttl=soon").contains("no duration"));
    }
}
