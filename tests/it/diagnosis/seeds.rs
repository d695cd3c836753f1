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
        let stem =
            if matches!(target, "packet" | "session") { &name } else { path.file_stem().unwrap().to_str().unwrap() };
        let outcome = stem.split_once("--").map(|(_, outcome)| outcome.to_owned());
        (name.clone(), (fs::read(&path).unwrap(), outcome))
    });
    let seeds = BTreeMap::from_iter(seeds);
    assert!(seeds.len() >= 12, "{target} has {} seeds", seeds.len());
    seeds
}

#[test]
fn certificates() {
    for (name, (bytes, outcome)) in seeds("certificate") {
        let answer = feed::certificate(&bytes);
        assert_eq!(answer, outcome.as_deref().unwrap_or(answer), "{name}");
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
fn sessions() {
    let stranger = feed::Stranger::default();
    for (name, (bytes, outcome)) in seeds("session") {
        let answer = stranger.session(&bytes).err().unwrap_or("ok");
        assert_eq!(Some(answer), outcome.as_deref(), "{name}");
    }
}
