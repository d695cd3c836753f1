//! The fuzz targets' seeds, through the same functions: none makes mqsec panic, and where a seed's name says how it
//! ends (`pkcs12--file-is-pkcs12.p12`), it ends so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mqsec::mqtt::Version;

#[path = "../../../fuzz/feed.rs"]
mod feed;

/// Name, contents and expected outcome of a target's seeds.
fn seeds(target: &str) -> BTreeMap<String, (Vec<u8>, Option<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // these names have no ending, but dots
        let stem = if matches!(target, "packet" | "passwd" | "session") {
            &name
        } else {
            path.file_stem().unwrap().to_str().unwrap()
        };
        let outcome = stem.split_once("--").map(|(_, outcome)| outcome.to_owned());
        (name.clone(), (fs::read(&path).unwrap(), outcome))
    });
    let seeds = BTreeMap::from_iter(seeds);
    assert!(seeds.len() >= 12, "{target} has {} seeds", seeds.len());
    seeds
}

#[test]
fn acls() {
    for (name, (bytes, outcome)) in seeds("acl") {
        assert_eq!(Some(feed::acl(&bytes)), outcome.as_deref(), "{name}");
    }
}

/// The ACL seeds again, with bytes changed, cut out and put together by chance. `MQSEC_FEED_SECONDS` asks for more.
#[test]
fn mutated_acls() {
    let wanted = std::env::var("MQSEC_FEED_SECONDS").map_or(2, |text| text.parse().unwrap());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(wanted);
    let seeds: Vec<Vec<u8>> = seeds("acl").into_values().map(|(bytes, _)| bytes).collect();
    let mut state: u64 = std::process::id().into();
    let mut below = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % count.max(1)
    };
    let bytes = b"\0\t\n\r #+/%$uc\xff\"a";
    let mut count = 0;
    while std::time::Instant::now() < end {
        let (one, other) = (&seeds[below(seeds.len())], &seeds[below(seeds.len())]);
        let mut file = [&one[..below(one.len() + 1)], &other[below(other.len() + 1)..]].concat();
        for _ in 0..below(6) {
            let (at, byte) = (below(file.len() + 1), bytes[below(bytes.len())]);
            match below(3) {
                0 if at < file.len() => file[at] = byte,
                1 if at < file.len() => drop(file.remove(at)),
                _ => file.insert(at, byte),
            }
        }
        let shown = file.escape_ascii().to_string();
        let fed = std::panic::catch_unwind(move || feed::acl(&file));
        assert!(fed.is_ok(), "{shown}");
        count += 1;
    }
    crate::support::tell(&format!("{count} mutated ACL files in {wanted} s"));
}

#[test]
fn certificates() {
    for (name, (bytes, outcome)) in seeds("certificate") {
        let answer = feed::certificate(&bytes);
        assert_eq!(answer, outcome.as_deref().unwrap_or(answer), "{name}");
    }
}

#[test]
fn configurations() {
    for (name, (bytes, outcome)) in seeds("conf") {
        let end = feed::conf(&bytes);
        assert_eq!(end, outcome.unwrap_or(end.clone()), "{name}");
    }
}

#[test]
fn logs() {
    for (bytes, _) in seeds("log").values() {
        feed::log(bytes);
    }
}

#[test]
fn packets() {
    for (name, (bytes, outcome)) in seeds("packet") {
        let (v3, v5) = (feed::packet(&bytes, Version::V311), feed::packet(&bytes, Version::V5));
        let answer = if name.starts_with("v3-") { v3 } else { v5 };
        assert_eq!(Some(answer), outcome, "{name}");
    }
}

#[test]
fn password_files() {
    for (name, (bytes, outcome)) in seeds("passwd") {
        assert_eq!(Some(feed::passwd(&bytes)), outcome, "{name}");
    }
}

#[test]
fn sessions() {
    let stranger = feed::Stranger::default();
    for (name, (bytes, outcome)) in seeds("session") {
        let answer = stranger.session(&bytes).err().unwrap_or("ok");
        assert_eq!(Some(answer), outcome.as_deref(), "{name}");
    }
}
