//! Lists read in pieces: nothing is lost where pieces meet.

use super::*;

fn source(test: &str, bytes: &[u8]) -> (Result<Source, Failure>, Workspace) {
    let workspace = Workspace::at(std::env::temp_dir().join(format!("mqsec-source-{}-{test}", std::process::id())));
    workspace.make_dir(".mqsec").unwrap();
    let path = workspace.path("list");
    fs::overwrite(&path, bytes, 0o600, None).map(drop).unwrap();
    (Source::open(&workspace, &Origin::File(path), None), workspace)
}

/// The lines with their indices, read so many at a time.
fn lines(source: &Source, most: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut lines = source.lines().unwrap();
    while let Some(chunk) = lines.next(most).unwrap() {
        assert_eq!(chunk.first, all.len());
        assert_eq!(chunk.lines().count(), chunk.count);
        all.extend(chunk.lines().map(<[u8]>::to_vec));
    }
    all
}

#[test]
fn lines_come_whole_whatever_the_pieces_are() {
    let mut text = b"name\n".to_vec();
    let mut expected = Vec::new();
    for at in 0..20_000_usize {
        let line = format!("{at}{}", "x".repeat(at * 7919 % 60));
        text.extend_from_slice(format!("{line}{}", ["\n", "\r\n"][at % 2]).as_bytes());
        expected.push(line.into_bytes());
    }
    expected.extend([b"".to_vec(), b"".to_vec(), b"last".to_vec()]);
    text.extend_from_slice(b"\n\r\nlast");
    let (source, workspace) = source("pieces", &text);
    let source = source.unwrap();
    for most in [1, 7, 1000, usize::MAX] {
        assert_eq!(lines(&source, most), expected, "{most}");
    }
    assert_eq!(source.line_number(0), 2);
    fs::remove_dir(workspace.root()).unwrap();
}

#[test]
fn a_line_that_is_too_long_is_cut_and_not_kept() {
    let long = "x".repeat(3 << 20);
    let (source, workspace) = source("long", format!("name\na\n{long}\nb\n{long}").as_bytes());
    let source = source.unwrap();
    let lengths: Vec<usize> = lines(&source, 3).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, LONGEST_LINE + 2, 1, LONGEST_LINE + 2]);
    assert!(source.form.row(&lines(&source, 9)[1]).unwrap_err().0.contains("more than 64 KiB"));
    fs::remove_dir(workspace.root()).unwrap();
}

#[test]
fn other_encodings_are_kept_in_a_file_without_a_name() {
    let text: String = (0..30_000).map(|at| format!("küche {at}\r")).collect();
    let expected: Vec<Vec<u8>> = (0..30_000).map(|at| format!("küche {at}").into_bytes()).collect();
    let utf16: Vec<u8> = format!("name\r{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, bytes) in [("cr", format!("\u{feff}name\r{text}").into_bytes()), ("utf16", utf16)] {
        let (source, workspace) = source(name, &bytes);
        let source = source.unwrap();
        assert_eq!(lines(&source, 1000), expected, "{name}");
        assert_eq!(lines(&source, 1), expected, "{name}");
        assert!(fs::files(&workspace.path(layout::FLEET)).is_empty());
        fs::remove_dir(workspace.root()).unwrap();
    }
}

#[test]
fn what_is_no_list_is_told() {
    for (name, bytes, code) in [
        ("empty", &b""[..], "fleet-list-empty"),
        ("mark", b"\xef\xbb\xbf", "fleet-list-empty"),
        ("binary", b"\x7fELF\0\0\n", "fleet-list-unreadable"),
        ("endless", &[b'x'; 200_000], "fleet-list-unreadable"),
    ] {
        let (source, workspace) = source(name, bytes);
        assert_eq!(source.err().unwrap().code, code, "{name}");
        let origin = Origin::File(workspace.path(".mqsec"));
        assert_eq!(Source::open(&workspace, &origin, None).err().unwrap().code, "fleet-list-unreadable");
        fs::remove_dir(workspace.root()).unwrap();
        assert_eq!(Source::open(&workspace, &origin, None).err().unwrap().code, "fleet-list-unreadable");
    }
}
