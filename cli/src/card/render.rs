//! Templates.

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

/// Fills in a template; a variable that it names and `context` lacks is an error. Empty lines at
/// the end are left out.
pub(super) fn render(template: &str, context: impl Serialize) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    // A line with a block alone leaves no empty line.
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    Ok(environment.render_str(template, Serde(context))?.trim_end().to_owned())
}
