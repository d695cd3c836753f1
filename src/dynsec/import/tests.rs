//! What is imported decides as the ACL did: asked of every user, topic and access of a small world.

use std::sync::OnceLock;

use super::super::access::Action;
use super::super::access::Question;
use super::super::access::decide;
use super::*;
use crate::acl;
use crate::acl::Access;
use crate::acl::Document;
use crate::secret::Secret;

fn of(acl: &str, target: Series) -> Imported {
    static PASSWD: OnceLock<String> = OnceLock::new();
    let passwd = PASSWD.get_or_init(|| {
        let hash = |text: &str| Hash::new(&Secret::new(text), 1).to_string();
        format!("admin:{}\nbob:{}\na/b:{}\np+:{}\n", hash("1"), hash("2"), hash("3"), hash("4"))
    });
    import(Source {
        passwd: Some(("p", passwd.as_bytes())),
        acl: Some(("a", acl.as_bytes())),
        anonymous: true,
        identities: false,
        admin: Person { name: "admin".to_owned(), login: Login::default() },
        target,
    })
    .unwrap()
}

const WORLDS: &[&str] = &[
    "",
    "topic read a/#\nuser bob\ntopic a/b\ntopic deny a/b/c\ntopic read #\nuser admin\ntopic #\n",
    "user bob\ntopic read a/b\ntopic write a/+\npattern deny a/b\npattern readwrite a/#\n",
    "pattern readwrite users/%u/#\npattern deny users/+/secret\npattern read x/#\npattern deny x/y\nuser p+\ntopic x/y\n",
    "pattern deny %u/no\npattern write +/no\nuser bob\ntopic read bob/no\ntopic deny bob/x\n",
    "pattern write pre-%u/#\npattern read pre-bob/#\nuser bob\ntopic deny pre-bob/x\nuser ghost\ntopic #\n",
];

const USERS: [Option<&str>; 6] = [Some("admin"), Some("bob"), Some("a/b"), Some("p+"), Some("ghost"), None];

/// Asks both of every user, topic and access; gives how many were asked, and how many allowed.
fn agree(text: &str, imported: &Imported, topics: &[&str], series: Series) -> (usize, usize) {
    let document = Document::parse(text.as_bytes());
    let rules = acl::Rules::of(&document, series);
    let (mut asked, mut allowed) = (0, 0);
    for user in USERS {
        // whom neither file names is no client
        if user.is_some_and(|user| imported.file.client(user).is_none()) {
            continue;
        }
        for topic in topics {
            for (action, access) in [(Action::Send, Access::Write), (Action::Receive, Access::Read)] {
                let before = rules.decide(&acl::Question { user, client_id: "id", access, topic }).allowed;
                let question = Question { user, client_id: "id", action, topic };
                let now = decide(&imported.file, &question, series);
                assert_eq!(now, before, "{series}\n{text}\n{question:?}");
                (asked, allowed) = (asked + 1, allowed + usize::from(now));
            }
        }
    }
    (asked, allowed)
}

#[test]
fn every_decision_stays() {
    let topics = [
        "a",
        "a/b",
        "a/b/c",
        "x",
        "x/y",
        "users/bob/x",
        "users/bob/secret",
        "users/a/b/x",
        "bob/no",
        "bob/x",
        "admin/no",
        "pre-bob/x",
        "pre-bob/y",
        "pre-admin/y",
    ];
    for text in WORLDS {
        for series in [Series::V20, Series::V21] {
            let imported = of(text, series);
            assert_eq!(super::super::parse(&imported.file.print()).unwrap(), imported.file);
            assert_eq!(imported.file.client("ghost").is_some(), text.contains("ghost"));
            agree(text, &imported, &topics, series);
        }
    }
}

#[test]
fn the_acl_that_mqsec_writes_loses_nothing() {
    let text = acl::render(&["admin", "bob", "a/b", "p+"]);
    for series in [Series::V20, Series::V21] {
        let imported = of(&text, series);
        assert_eq!(imported.notes.iter().filter(|note| note.is_loss).collect::<Vec<_>>(), Vec::<&Note>::new());
        let topics = [
            "test/connection",
            "users/bob/x",
            "users/a%2Fb/x",
            "users/a/b/x",
            "users/p%2B/y",
            "x",
            "$SYS/broker/uptime",
        ];
        let (asked, allowed) = agree(&text, &imported, &topics, series);
        assert!(asked > 50 && allowed > 20, "{allowed} of {asked}");
    }
}

#[test]
fn every_decision_of_random_acls_stays() {
    let topics = ["a", "a/b", "b", "bob", "bob/a", "a/bob", "id/a", "a/b/a", "xbob/a", "admin/a", "a/a/b"];
    let levels = ["a", "b", "+", "#", "bob", "%u", "x%u", "admin"];
    let mut state = 20_261_121_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut asked, mut allowed) = (0, 0);
    for _ in 0..1500 {
        let mut text = String::new();
        for _ in 0..random(8) {
            if random(4) == 0 {
                text.push_str(["user bob\n", "user admin\n", "user a/b\n", "user ghost\n", "user p+\n"][random(5)]);
                continue;
            }
            let pattern = random(2) == 0;
            let mut filter = Vec::new();
            for _ in 0..=random(3) {
                // a `topic` line with `%u` is told as a loss on 2.1, and is another test's
                let level = levels[random(levels.len())];
                filter.push(if pattern || !level.contains('%') { level } else { "a" });
                if level == "#" {
                    break;
                }
            }
            let grant = ["", "read ", "write ", "readwrite ", "deny "][random(5)];
            text.push_str(&format!("{} {grant}{}\n", if pattern { "pattern" } else { "topic" }, filter.join("/")));
        }
        for series in [Series::V20, Series::V21] {
            let (more, yes) = agree(&text, &of(&text, series), &topics, series);
            (asked, allowed) = (asked + more, allowed + yes);
        }
    }
    // both answers occur, or agreement would say nothing
    assert!(asked > 200_000 && allowed * 10 > asked && allowed * 10 < asked * 9, "{allowed} of {asked}");
}

#[test]
fn what_cannot_be_said_is_told_with_its_line_and_gives_nobody_more() {
    let acl = "pattern read c/%c/#\npattern deny d/%c\npattern write d/#\nuser bob\ntopic write $CONTROL/#\n";
    let Imported { file, notes } = of(acl, Series::V20);
    let lines: Vec<_> = notes.iter().filter(|note| note.is_loss).map(|note| note.line).collect();
    assert_eq!(lines, [Some(1), Some(1), Some(2), Some(5)]);
    let may =
        |action, topic| decide(&file, &Question { user: Some("bob"), client_id: "id", action, topic }, Series::V20);
    assert!(!may(Action::Receive, "c/id/x") && !may(Action::Send, "d/other") && may(Action::Send, "d/x/y"));
    assert!(!may(Action::Send, initial::CONTROL));
    let kept = of("pattern read c/%c/#\n", Series::V21);
    assert_eq!(kept.notes.iter().filter(|note| note.is_loss).count(), 1);
}

#[test]
fn a_hash_without_a_form_is_told_by_its_line() {
    let old =
        "$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==";
    let passwd = format!("x:{old}\ny:plain\n");
    let source = |acl| Source {
        passwd: Some(("p", passwd.as_bytes())),
        acl,
        anonymous: false,
        identities: true,
        admin: Person { name: "admin".to_owned(), login: Login::new(&Secret::new("s"), 101) },
        target: Series::V20,
    };
    let Imported { file, notes } = import(source(None)).unwrap();
    assert!(file.client("x").unwrap().login.is_empty() && file.client("y").is_none());
    assert!(notes.iter().any(|note| note.what.contains("certificate")));
    assert_eq!(
        notes.iter().map(|note| (note.line, note.is_loss)).take(2).collect::<Vec<_>>(),
        [(Some(1), true), (Some(2), false)]
    );
    assert_eq!(super::super::lint::admins(&file).len(), 1);
    let error = import(source(Some(("a", b"user x\ntopic rw y\n")))).err().unwrap();
    assert_eq!(error.line, 2);
}
