//! Values of a graph's settings, the scalar inputs with a default value.

use narrows_bundle::GraphPorts;

/// The settings whose value is not the default of the graph, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings(Vec<(String, f32)>);

impl Settings {
    /// Sets the value of a setting. Returns whether the graph has a setting with this name.
    pub(super) fn set(&mut self, ports: &GraphPorts, name: &str, value: f32) -> bool {
        let Some(setting) = ports.settings.iter().find(|setting| setting.name == name) else {
            return false;
        };
        self.0.retain(|(other, _)| other != name);
        if setting.default != value {
            self.0.push((name.to_owned(), value));
        }
        true
    }

    /// Returns the settings whose value is not the default.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&str, f32)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}
