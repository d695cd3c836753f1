//! mosquitto.conf: printed as it was, read by both series, edited.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    feed::conf(bytes);
});
