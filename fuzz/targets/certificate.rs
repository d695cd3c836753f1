//! Files and TLS chains: PEM, DER, CRLs, keys, and the judge on what parses.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    feed::certificate(bytes);
});
