//! What a reading is, by examples whose answers were measured.

use std::collections::BTreeMap;

use super::Files;
use super::NoFiles;
use super::Reading;
use super::What;
use crate::series::Series;

fn read(text: &str, series: Series) -> Reading {
    Reading::read("m.conf", text.as_bytes(), &NoFiles, series)
}

/// The line of the problem that ends the start, and its kind; nothing when the broker starts.
fn stop(text: &str, series: Series) -> Option<(usize, String)> {
    read(text, series).stopped().map(|problem| {
        let kind = format!("{:?}", problem.what);
        (problem.place.line, kind.split([' ', '{']).next().unwrap_or_default().to_owned())
    })
}

#[test]
fn only_spaces_separate_and_a_comment_begins_in_the_first_column() {
    for series in [Series::V20, Series::V21] {
        assert_eq!(stop("# x\nlistener 1883\n  max_qos 1 # fine\nuser root\r\n", series), None);
        assert_eq!(stop("listener\t1883\n", series), Some((1, "Unknown".to_owned())));
        assert_eq!(stop("listener 1883\n # x\n", series), Some((2, "Unknown".to_owned())));
        assert_eq!(stop("\u{feff}listener 1883\n", series), Some((1, "Unknown".to_owned())));
        assert_eq!(stop("allow_anonymous yes\n", series), Some((1, "NotABool".to_owned())));
        let reading = read("password_file /p # x\n", series);
        assert_eq!(reading.global.text("password_file"), Some("/p # x"));
    }
}

#[test]
fn an_equals_sign_makes_a_socket_in_20() {
    let reading = read("listener = 1883\n", Series::V20);
    assert_eq!(reading.listeners[0].unix_path.as_deref(), Some("1883"));
    assert_eq!(stop("listener = 1883\n", Series::V21), Some((1, "NotANumber".to_owned())));
}

#[test]
fn a_second_string_is_fatal_in_20_only() {
    let text = "password_file a\nlistener 1883\npassword_file b\n";
    assert_eq!(stop(text, Series::V20), Some((3, "Duplicate".to_owned())));
    let reading = read(text, Series::V21);
    assert_eq!((reading.stop, reading.global.text("password_file")), (None, Some("b")));
}

#[test]
fn options_above_the_first_listener_open_another() {
    let text = "certfile c\nkeyfile k\nlistener 8883\n";
    for series in [Series::V20, Series::V21] {
        let reading = read(text, series);
        let mut ports: Vec<_> = reading.listeners.iter().map(|l| (l.port, l.hidden, l.is_tls())).collect();
        ports.sort_unstable();
        assert_eq!(ports, [(1883, true, true), (8883, false, false)]);
        assert!(
            reading.problems.iter().any(|p| matches!(p.what, What::HiddenListener { key: "certfile", port: 1883 }))
        );
    }
    assert_eq!(stop("cafile c\nlistener 8883\n", Series::V21), Some((1, "NeedsListener".to_owned())));
    assert_eq!(read("max_connections -1\nlistener 1\n", Series::V20).listeners.len(), 1);
}

#[test]
fn without_a_listener_it_is_this_machine_alone() {
    for series in [Series::V20, Series::V21] {
        let reading = read("max_connections 5\n", series);
        assert!(reading.local_only && reading.listeners.is_empty());
        assert_eq!(stop("certfile c\n", series), Some((1, "HalfTls".to_owned())));
    }
}

#[test]
fn per_listener_settings_say_where_an_option_belongs() {
    let text = "per_listener_settings true\nlistener 1\npassword_file p\nlistener 2\n";
    let reading = read(text, Series::V20);
    assert_eq!(reading.option(&reading.listeners[0], "password_file").map(|v| v.text.as_str()), Some("p"));
    assert_eq!(reading.option(&reading.listeners[1], "password_file"), None);
    let text = "password_file p\nlistener 1\nper_listener_settings true\n";
    assert_eq!(stop(text, Series::V21), Some((3, "PerListenerLate".to_owned())));
}

#[test]
fn a_bridge_needs_an_address_and_a_topic() {
    for series in [Series::V20, Series::V21] {
        assert_eq!(stop("connection a\naddress h\ntopic # out 0 # x\n", series), None);
        assert_eq!(stop("connection a\naddress h\n", series), Some((1, "BridgeWithout".to_owned())));
        assert_eq!(stop("address h\n", series), Some((1, "NeedsBridge".to_owned())));
        assert_eq!(stop("connection a\naddress h:0\n", series), Some((2, "BridgePort".to_owned())));
    }
}

struct Folder(BTreeMap<&'static str, &'static str>);

impl Files for Folder {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.as_bytes().to_vec())
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        let names: Vec<String> =
            self.0.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned)).collect();
        (!names.is_empty()).then_some(names)
    }
}

#[test]
fn included_files_are_read_in_order_and_begin_anew() {
    let files =
        Folder(BTreeMap::from([("d/B.conf", "listener 2\n"), ("d/a.conf", "listener 1\n"), ("d/x.txt", "bad\n")]));
    let reading = Reading::read("m", b"include_dir d\nlistener 3\n", &files, Series::V21);
    assert_eq!(reading.listeners.iter().map(|l| l.port).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(reading.files, ["m", "d/a.conf", "d/B.conf"]);
    let nested = Folder(BTreeMap::from([("d/a.conf", "include_dir d\n")]));
    assert_eq!(Reading::read("m", b"include_dir d\n", &nested, Series::V20).stop, None);
    let reading = Reading::read("m", b"include_dir d\n", &nested, Series::V21);
    assert_eq!(reading.stopped().map(|p| (p.place.path.as_str(), p.place.line)), Some(("d/a.conf", 1)));
    assert!(Reading::read("m", b"include_dir e\n", &nested, Series::V20).stop.is_some());
}

#[test]
fn everything_is_told_at_once() {
    let reading = read("foo 1\nbar 2\nlistener 1883\n", Series::V21);
    assert_eq!((reading.problems.len(), reading.stop, reading.listeners.len()), (2, Some(0), 1));
}

/// A hostile file takes time in proportion to its length: each of these would take minutes otherwise.
#[test]
fn tens_of_thousands_of_lines_are_read_at_once() {
    let count = 30_000;
    let lines = |line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    for text in [
        lines(&|at| format!("connection b{at}\n")),
        lines(&|at| format!("plugin_load p{at} /x\n")),
        lines(&|at| if at % 2 == 0 { "log_type all\n".to_owned() } else { "password_file x\n".to_owned() }),
        lines(&|at| format!("nonsense{at} x\n")),
        lines(&|at| format!("listener {}\n", at % 65_536)),
        "x".repeat(10_000_000),
    ] {
        for series in [Series::V20, Series::V21] {
            let reading = read(&text, series);
            assert!(reading.problems.len() <= 1001, "{}", reading.problems.len());
        }
    }
}
