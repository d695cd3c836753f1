//! Mosquitto's log: lines of any form, whole and in pieces.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    feed::log(bytes);
});
