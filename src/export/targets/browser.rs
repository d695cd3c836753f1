//! `browser`: a client certificate for a browser, and how to use secure websockets.

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::Options;

pub(in crate::export) fn bundle(_device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    Err(Plain::new("export-unfit", "`browser` is not made yet"))
}
