//! `bridge`: the bridge section for another Mosquitto.

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::Options;

pub(in crate::export) fn bundle(_device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    Err(Plain::new("export-unfit", "`bridge` is not made yet"))
}
