//! `home-assistant`: files and settings for Home Assistant's MQTT integration.

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::Options;

pub(in crate::export) fn bundle(_device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    Err(Plain::new("export-unfit", "`home-assistant` is not made yet"))
}
