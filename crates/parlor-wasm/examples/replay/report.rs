//! A report as the page saves it: only what a replay needs of it. What it has besides is for people.

use serde::Deserialize;
use serde_json::Value;

/// What `format` says.
pub(crate) const FORMAT: &str = "parlor-report";
/// The only version there is.
pub(crate) const VERSION: u64 = 1;

/// A saved report.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) history: History,
    /// `getConnectionsInfo()` when it was saved, behind the last step.
    pub(crate) connections: Vec<Value>,
}

/// What one core was told.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct History {
    /// How it was made: the `new` request.
    pub(crate) core: Value,
    /// How many steps are missing at the beginning.
    pub(crate) dropped: u64,
    pub(crate) steps: Vec<Step>,
}

/// One call of the core.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    /// In ms since the Unix epoch.
    pub(crate) at: u64,
    /// None: time passed.
    pub(crate) input: Option<Value>,
    /// What it told.
    #[serde(default)]
    pub(crate) said: Vec<Value>,
    /// Why it could not read the input.
    pub(crate) error: Option<String>,
}

impl Report {
    /// Reads one.
    ///
    /// # Errors
    /// A sentence that says what about it is no report.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(format!("this is no report of the debug view: format is not {FORMAT:?}"));
        }
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            other => {
                let other = other.map_or_else(|| "missing".to_owned(), |version| version.to_string());
                return Err(format!("the report's version is {other}; this reads version {VERSION}"));
            }
        }
        if value.get("history").is_none_or(Value::is_null) {
            return Err("the report has no history: it was saved outside of a session".to_owned());
        }
        serde_json::from_value(value).map_err(|error| format!("the report is damaged: {error}"))
    }
}
