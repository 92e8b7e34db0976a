//! The device of a training run as an option.

use std::{fmt, str::FromStr};

use super::Device;
use crate::text::as_text;

/// A [`Device`] as an option, which files and the command line write as text: `cpu`, `cuda:1`, `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceChoice(pub Device);

as_text!(DeviceChoice);

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(DeviceChoice)
    }
}
