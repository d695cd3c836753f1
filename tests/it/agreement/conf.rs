//! Does a broker start with a configuration? mqsec's prediction and the broker's own answer, for hundreds of them.
//!
//! What they are compared by: whether the broker runs or ends, its exit status, and every socket that it opened. The
//! brokers run in networks of their own, so that each has port 1883 to itself. `MQSEC_CONF_CASES` raises the number of
//! generated cases, `MQSEC_CONF_SEED` begins elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use mqsec::conf::keyword::KEYWORDS;

use super::conf_broker;
use super::conf_broker::Outcome;
use super::conf_cases::CASES;
use super::conf_generated;
use super::conf_material;
use crate::support::may_use;
use crate::support::tell;

const VERSIONS: [&str; 2] = ["2.0.21", "2.1.2"];

/// A configuration by its name.
pub struct Case {
    pub name: String,
    pub conf: Vec<u8>,
}

/// A folder that goes with the test.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn scratch(name: &str) -> Scratch {
    let path = std::env::temp_dir().join(format!("mqsec-conf-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Scratch(path)
}

/// Runs every case on both versions, several at a time; what differs, in words.
fn disagreements(cases: &[Case], base: &Path, material: &Path) -> Vec<String> {
    let jobs: Vec<(&Case, &str)> = cases.iter().flat_map(|case| VERSIONS.map(|version| (case, version))).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some((case, version)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let dir = base.join(format!("{}-{version}", case.name.replace(['/', ' '], "_")));
                    conf_material::fill(&dir, material);
                    fs::write(dir.join("m.conf"), &case.conf).unwrap();
                    let (expected, why) = conf_broker::predicted(version, &dir);
                    let (found, said) = conf_broker::real(version, &dir);
                    if expected != found {
                        let conf = String::from_utf8_lossy(&case.conf).into_owned();
                        let told: Vec<&str> = said.lines().rev().take(4).collect();
                        wrong.lock().unwrap().push(format!(
                            "{} on {version}: predicted {expected:?} ({why}), it is {found:?}\n  {}\n  said: {}",
                            case.name,
                            conf.chars().take(600).collect::<String>().replace('\n', "\n  "),
                            told.join("\n        ")
                        ));
                    }
                    fs::remove_dir_all(&dir).unwrap();
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

fn agree(what: &str, cases: &[Case]) {
    if !may_use("root") {
        return;
    }
    let (base, material) = (scratch(what), scratch(&format!("{what}-material")));
    conf_material::make(&material.0);
    let wrong = disagreements(cases, &base.0, &material.0);
    tell(&format!(
        "{what}: {} configurations on {}: {} disagreements",
        cases.len(),
        VERSIONS.join(" and "),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len() * VERSIONS.len(), wrong.join("\n"));
}

#[test]
fn written_configurations_start_or_stop_as_predicted() {
    let mut cases: Vec<Case> =
        CASES.iter().map(|(name, conf)| Case { name: (*name).to_owned(), conf: conf.to_vec() }).collect();
    for length in [65_535, 65_536] {
        let conf = format!("listener 18830\nlog_timestamp_format {}\n", "x".repeat(length)).into_bytes();
        cases.push(Case { name: format!("value of {length}"), conf });
    }
    let conf = format!("listener 18830\n#{}\nmax_qos 1\n", "x".repeat(1_000_000)).into_bytes();
    cases.push(Case { name: "line of 1 MB".to_owned(), conf });
    assert!(cases.len() >= 150, "{}", cases.len());
    agree("written", &cases);
}

#[test]
fn generated_configurations_start_or_stop_as_predicted() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let mut cases = conf_generated::of_every_keyword();
    cases.extend(conf_generated::mixed(number("MQSEC_CONF_SEED", 1), number("MQSEC_CONF_CASES", 150)));
    agree("generated", &cases);
}

/// Each broker says itself which names it does not know.
#[test]
fn every_broker_knows_the_keywords_that_the_table_says() {
    if !may_use("root") {
        return;
    }
    let base = scratch("keywords");
    let mut wrong = Vec::new();
    for version in ["2.0.11", "2.0.21", "2.1.2"] {
        for keyword in KEYWORDS {
            let name = keyword.name.replace('*', "abc");
            let dir = base.0.join(version).join(&name);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("m.conf"), format!("{name}\nno_such_option 1\n")).unwrap();
            let (outcome, said) = conf_broker::real(version, &dir);
            let known =
                !said.lines().any(|line| line.contains("Unknown configuration variable") && line.contains(&name));
            let old = version == "2.0.11" && keyword.since != "2.0";
            let expected = keyword.known_to(conf_broker::series(version)) && !old;
            if known != expected || !matches!(outcome, Outcome::Stops(_)) {
                wrong.push(format!("{name} on {version}: known {known}, the table says {expected}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
