//! Odd ACL files: which of them do the brokers take, with which words do they refuse, and what have they read.

use mqsec::acl::Access;
use mqsec::acl::Document;
use mqsec::acl::Question;
use mqsec::acl::Rules;
use mqsec::series::Series;

use super::acl_client::Broker;
use super::acl_client::Client;
use super::acl_client::Start;
use super::acl_random::Random;
use crate::support::tell;

/// Lines, whole files, and what comes of putting good lines around them.
const ODD: &[&[u8]] = &[
    b"",
    b"\n",
    b"# only a comment\n",
    b"# no end",
    b"\xef\xbb\xbftopic a\n",
    b"\xef\xbb\xbf# comment\ntopic a\n",
    b"topic\ta\n",
    b"topic\tread\ta\n",
    b"user\tbob\n",
    b"user \tbob\ntopic a\n",
    b"\ttopic a\n",
    b"\tuser bob\n",
    b"  topic a\n",
    b"  user bob\n topic a\n",
    b"  # comment\n",
    b"\t# comment\n",
    b"topic a # comment\n",
    b"topic read a # comment\n",
    b"topic read a/# # comment\n",
    b"topic read a #comment\n",
    b"user bob # comment\ntopic a\n",
    b"topic\n",
    b"topic \n",
    b"topic    \n",
    b"pattern\n",
    b"user\n",
    b"user \n",
    b"user   \t\n",
    b"topic read\n",
    b"topic read \n",
    b"topic readwrite\n",
    b"topic deny\n",
    b"topic rw a\n",
    b"topic READ a\n",
    b"Topic a\n",
    b"TOPIC read a\n",
    b"topics a\n",
    b"topic subscribe a\n",
    b"topic unsubscribe a\n",
    b"topic allow a\n",
    b"topic read,write a\n",
    b"topic read write a\n",
    b"topic write read a\n",
    b"topic a b\n",
    b"topic read a b\n",
    b"topic read a/#/b\n",
    b"topic read a#\n",
    b"topic read #a\n",
    b"topic read a+\n",
    b"topic read +a\n",
    b"topic read a/+b/c\n",
    b"topic read a/+/#\n",
    b"topic read ##\n",
    b"topic read +\n",
    b"topic #\n",
    b"topic +\n",
    b"topic read /\n",
    b"topic read //\n",
    b"topic read \"a\"\n",
    b"user \"bob\"\ntopic a\n",
    b"topic read 'a'\n",
    b"topic = a\n",
    b"topic: a\n",
    b"user = bob\ntopic a\n",
    b"user bob\ntopic a\n",
    b"user bob\n",
    b"user *\ntopic a\n",
    b"user bob smith\ntopic a\n",
    b"user bob,al\ntopic a\n",
    b"user +\ntopic a\n",
    b"user %u\ntopic a\n",
    b"pattern a\n",
    b"pattern read %u\n",
    b"pattern read a/%u/#\n",
    b"pattern %c%u\n",
    b"pattern deny #\n",
    b"pattern rw a/%u\n",
    b"pattern read a/%u#\n",
    b"pattern read a/+%u\n",
    b"pattern read a/%u+\n",
    b"topic a\r\nuser bob\r\ntopic b\r\n",
    b"topic a\rtopic b\n",
    b"topic read a\r",
    b"\r\n\r\n",
    b"\x0b\x0c\n",
    b"topic read a\x0b\n",
    b"topic \x0ba\n",
    b"topic \ta\n",
    b"topic read \ta\n",
    b"topic a\ntopic b\0c\ntopic c\n",
    b"topic a\ntopic b\0c\ntopic c",
    b"topic a\n\0topic b\ntopic c\n",
    b"topic a\nus\0er bob\ntopic c\n",
    b"topic a\nnonsense\0\n",
    b"topic a\nnonsense\0",
    b"\0",
    b"\0\n",
    b"topic read \0a\ntopic c\n",
    b"# comment \0 here\ntopic b\n",
    b"# comment \0 here",
    b"topic read \xff\xfe\n",
    b"topic read a\xa0\n",
    b"user \xff\ntopic a\n",
    b"topic read a\\\n",
    b"topic read a;topic read b\n",
    b"<<<<<<< HEAD\n",
    b"---\nusers:\n",
    b"{\"acl\": []}\n",
    b"topic read $SYS/#\n",
    b"topic readwrite $SYS/#\n",
    b"topic read $share/g/a\n",
    b"include other\n",
    b"\n\n\ntopic a\n\n\n",
    b" \ntopic a\n \n",
    b"-topic a\n",
    b"topic -a\n",
    b"//topic a\n",
    b"; comment\n",
    b"topic read a/\n",
    b"topic read  \n",
    b"topic  read  a  \n",
    b"topic deny a\ntopic a\n",
    b"topic a\ntopic deny a\n",
    b"topic read a\ntopic write a\n",
];

#[test]
fn brokers_take_and_refuse_the_files_that_acl_lint_says() {
    let mut files: Vec<Vec<u8>> = ODD.iter().map(|file| file.to_vec()).collect();
    files.extend(long_lines());
    files.extend(mangled());
    tell(&format!("acl agreement: {} odd files", files.len()));
    assert!(files.len() >= 150);
    std::thread::scope(|scope| {
        let files = &files;
        let running = [("2.0.21", Series::V20), ("2.1.2", Series::V21)]
            .map(|(version, series)| scope.spawn(move || ask(version, series, files)));
        let wrong: Vec<String> = running.into_iter().flat_map(|running| running.join().unwrap()).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// Lines around the sizes of the broker's buffer, with an end and without, good and bad.
fn long_lines() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for length in [253, 254, 255, 256, 257, 1254, 1255, 1256, 2255, 70_000] {
        for (start, end) in [("topic ", ""), ("topic ", "\n"), ("topic a\ntopic ", "")] {
            files.push(format!("{start}{}{end}", "x".repeat(length - start.len().min(6))).into_bytes());
        }
    }
    files.push(format!("topic b\ntopic {}\ntopic c", "/".repeat(200)).into_bytes());
    files.push(format!("topic b\ntopic {}\ntopic c", "/".repeat(201)).into_bytes());
    files.push([b"\0".repeat(300), b"topic a\ntopic b\n".to_vec()].concat());
    files.push([b"topic c\n\0".to_vec(), vec![b' '; 253], b"topic a\ntopic b\n".to_vec()].concat());
    files
}

/// Good files with one byte changed, by a fixed seed.
fn mangled() -> Vec<Vec<u8>> {
    let good = b"# head\ntopic read a\nuser bob\ntopic write b/+\ntopic deny a/#\npattern read c/%u\n";
    let mut random = Random(7);
    let bytes = b"\0\t #+/%\r\n\xffax";
    (0..60)
        .map(|_| {
            let mut file = good.to_vec();
            let (at, byte) = (random.below(file.len()), bytes[random.below(bytes.len())]);
            match random.below(3) {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                _ => drop(file.remove(at)),
            }
            file
        })
        .collect()
}

fn ask(version: &str, series: Series, files: &[Vec<u8>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let shown = || String::from_utf8_lossy(&file[..file.len().min(200)]).escape_debug().to_string();
        let rules = Rules::of(&Document::parse(file), series);
        let stop = rules.reading().stop.as_ref();
        match (Broker::start(version, file), stop) {
            (Start::Runs(broker), None) => {
                wrong.extend(questions(&broker, &rules).into_iter().map(|it| format!("{version} `{}`: {it}", shown())))
            }
            (Start::Runs(_), Some(stop)) => wrong.push(format!("{version} takes `{}`, we say {stop:?}", shown())),
            (Start::Ended { log, .. }, None) => wrong.push(format!("{version} refuses `{}`: {log}", shown())),
            (Start::Ended { status, log }, Some((_, _, stop))) => {
                let words = stop.words("acl");
                // the log cuts long lines
                let start: String = words.chars().take(300).collect();
                if status != 3 || !(log.contains(&start)) {
                    wrong.push(format!("{version} refuses `{}` with {status}, {log}, and not with {words}", shown()));
                }
            }
        }
    }
    wrong
}

/// What the broker has read of a file that it took, by what it lets publish.
fn questions(broker: &Broker, rules: &Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    let long = "x".repeat(249);
    let topics = ["a", "b", "c", "a b", "read", "\ta", "a/b", "c/bob", &long, "b/", "/", "\"a\""];
    for user in [None, Some("bob")] {
        let mut client = Client::connect(broker.port, user, "c1").unwrap();
        // 2.1 takes a control character for a malformed packet
        let topics: Vec<&str> = topics.into_iter().filter(|topic| !topic.contains('\t')).collect();
        for (topic, answer) in topics.iter().zip(client.publish(&topics, "x")) {
            let decision = rules.decide(&Question { user, client_id: "c1", access: Access::Write, topic });
            if answer.map(|reason| reason < 0x80) != Some(decision.allowed) {
                wrong.push(format!("{user:?} {topic}: PUBACK {answer:?}, we say {decision:?}"));
            }
        }
    }
    wrong
}
