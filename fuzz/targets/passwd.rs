//! Password files of any bytes, as each series reads them, as mqsec changes them, and as an import takes them.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    feed::passwd(bytes);
});
