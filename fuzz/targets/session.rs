//! A whole session with a hostile broker, websockets included, over a socket on loopback.

#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target feeds one reader")]
mod feed;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static STRANGER: LazyLock<feed::Stranger> = LazyLock::new(feed::Stranger::default);

fuzz_target!(|bytes: &[u8]| {
    let _ = STRANGER.session(bytes);
});
