//! What a hostile broker answers, for both protocol versions.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use libfuzzer_sys::fuzz_target;
use mqsec::mqtt::Version;

fuzz_target!(|bytes: &[u8]| {
    for version in [Version::V311, Version::V5] {
        let _ = feed::packet(bytes, version);
    }
});
