//! `pem`: key, certificate with its chain, and the authority, in PEM.

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::Options;

pub(in crate::export) fn bundle(_device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    Err(Plain::new("export-unfit", "`pem` is not made yet"))
}
