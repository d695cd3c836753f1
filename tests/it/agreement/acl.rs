//! `acl::decide` against the brokers' own decisions. `MQSEC_ACL_DECISIONS` asks for more of them a series,
//! `MQSEC_ACL_SEED` for the same ones again.

use std::collections::BTreeSet;

use mqsec::acl::Access;
use mqsec::acl::Coverage;
use mqsec::acl::Document;
use mqsec::acl::Question;
use mqsec::acl::Rules;
use mqsec::acl::format;
use mqsec::series::Series;

use super::acl_client::Broker;
use super::acl_client::Client;
use super::acl_client::Start;
use super::acl_random;
use super::acl_random::Random;
use crate::support::tell;

const SERIES: [(&str, Series); 2] = [("2.0.21", Series::V20), ("2.1.2", Series::V21)];

/// Who may do everything: publishes what others read, and reads what they publish.
const GOD: &str = "mqsec-god";
/// First levels with `$` that `#` does not cover.
const DOLLARS: [&str; 5] = ["$SYS", "$foo", "$CONTROL", "$SYSTEM", "$"];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[derive(Default)]
struct Tally {
    decisions: usize,
    allowed: usize,
    files: usize,
    wrong: Vec<String>,
}

#[test]
fn brokers_decide_as_acl_test_says() {
    let least = setting("MQSEC_ACL_DECISIONS", 10_000) as usize;
    let nanoseconds = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let seed = setting("MQSEC_ACL_SEED", u64::from(nanoseconds()));
    tell(&format!("acl agreement: MQSEC_ACL_SEED={seed}"));
    std::thread::scope(|scope| {
        let running =
            SERIES.map(|(version, series)| (version, scope.spawn(move || compare(version, series, seed, least))));
        for (version, running) in running {
            let tally = running.join().unwrap();
            let (decisions, allowed, files) = (tally.decisions, tally.allowed, tally.files);
            tell(&format!("acl agreement: {version}: {decisions} decisions, {allowed} allowed, {files} files"));
            assert!(tally.wrong.is_empty(), "seed {seed}, {version}:\n{}", tally.wrong.join("\n\n"));
            // a harness that only ever sees refusals proves nothing
            assert!(allowed * 12 > decisions && allowed * 12 < decisions * 11, "{allowed} of {decisions}");
        }
    });
}

fn compare(version: &str, series: Series, seed: u64, least: usize) -> Tally {
    let (mut random, mut tally) = (Random(seed), Tally::default());
    while tally.decisions < least && tally.wrong.len() < 5 {
        let text = acl_random::file(&mut random);
        // a line that stops the broker goes; tests/it/agreement/acl_files.rs is about those
        let text: String = text
            .split_inclusive('\n')
            .filter(|line| Document::parse(line.as_bytes()).reading(series).stop.is_none())
            .collect();
        tally.files += 1;
        file(version, series, &text, &mut random, &mut tally);
    }
    tally
}

/// One file, one broker, some clients.
fn file(version: &str, series: Series, text: &str, random: &mut Random, tally: &mut Tally) {
    let document = Document::parse(text.as_bytes());
    let god: String = DOLLARS.iter().map(|first| format!("topic readwrite {first}/#\n")).collect();
    let whole = format!("{text}\nuser {GOD}\ntopic readwrite #\n{god}");
    let Start::Runs(broker) = Broker::start(version, whole.as_bytes()) else {
        tally.wrong.push(format!("the broker does not start with\n{whole}"));
        return;
    };
    let rules = Rules::of(&document, series);
    let formatted = Rules::of(&format(&document).unwrap(), series);
    let all: Vec<String> = rules.reading().entries.iter().map(mqsec::acl::Entry::topic).collect();
    let mut god = Client::connect(broker.port, Some(GOD), "god").unwrap();
    let everything: Vec<String> = DOLLARS.iter().map(|first| format!("{first}/#")).collect();
    let everything: Vec<&str> = everything
        .iter()
        .map(String::as_str)
        .filter(|f| !f.starts_with("$SYS/"))
        .chain(["#", "$SYS/broker/connection/#"])
        .collect();
    god.subscribe(&everything);
    let named: Vec<String> =
        rules.reading().sections.iter().map(|(_, name)| String::from_utf8(name.clone()).unwrap()).collect();
    for _ in 0..4 {
        let user = match random.below(10) {
            0 => None,
            1 | 2 => Some(random.of(acl_random::USERS).to_owned()),
            _ if named.is_empty() => None,
            _ => Some(named[random.below(named.len())].clone()),
        };
        let (user, client_id) = (user.as_deref(), random.of(acl_random::IDS));
        let Some(mut client) = Client::connect(broker.port, user, client_id) else { continue };
        let own = rules.topics_of(user).chain(rules.patterns()).map(mqsec::acl::Entry::topic);
        let own: Vec<String> = own.collect();
        let filters: &[String] = if own.is_empty() { &all } else { &own };
        let topics: BTreeSet<String> = (0..16).map(|_| acl_random::topic(random, filters, user, client_id)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        tally.wrong.extend(filters_agree(&rules, filters, &topics, user, client_id));
        let writes = writes(&mut client, &mut god, &topics);
        let reads = reads(&mut client, &mut god, &topics, &everything);
        for (access, found) in [(Access::Write, writes), (Access::Read, reads)] {
            for (topic, found) in topics.iter().zip(found) {
                let Some(allowed) = found else { continue };
                let question = Question { user, client_id, access, topic };
                let decision = rules.decide(&question);
                tally.decisions += 1;
                tally.allowed += usize::from(allowed);
                if decision.allowed != allowed {
                    let why = rules.why(&question);
                    tally.wrong.push(format!("{question:?}: the broker says {allowed}, we {why:?} for\n{text}"));
                }
                if formatted.decide(&question).allowed != decision.allowed {
                    tally.wrong.push(format!("{question:?}: fmt changes the decision of\n{text}"));
                }
            }
        }
    }
}

/// What is said of a filter holds for the topics that it covers.
fn filters_agree(
    rules: &Rules,
    filters: &[String],
    topics: &[&str],
    user: Option<&str>,
    client_id: &str,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for filter in filters.iter().map(String::as_str).filter(|filter| !filter.starts_with("$share")).take(4).chain(["#"])
    {
        let question = Question { user, client_id, access: Access::Read, topic: filter };
        let received = mqsec::acl::received(rules, &question).unwrap();
        let alone = Rules::of(&Document::parse(format!("topic read {filter}").as_bytes()), Series::V20);
        for topic in topics {
            let covered = alone.decide(&Question { user: None, client_id, access: Access::Read, topic }).allowed;
            let allowed = rules.decide(&Question { topic, ..question }).allowed;
            let fits = match received.coverage {
                Some(Coverage::All) => allowed,
                Some(Coverage::None) => !allowed,
                _ => true,
            };
            if covered && !fits {
                wrong.push(format!("{received:?} for {user:?} {client_id}, but {topic} is allowed: {allowed}"));
            }
        }
    }
    wrong
}

/// Which topics the client may publish to: by the reason code, and by whether the message arrives elsewhere.
fn writes(client: &mut Client, god: &mut Client, topics: &[&str]) -> Vec<Option<bool>> {
    god.delivered.clear();
    let answers = client.publish(topics, "w");
    god.settle();
    let judged = topics.iter().zip(answers).map(|(topic, answer)| {
        let answer = answer.unwrap_or_else(|| panic!("no answer for {topic}"));
        let allowed = answer < 0x80;
        assert!(allowed || answer == 0x87, "{answer:#x} for {topic}");
        // nobody receives what goes to $CONTROL
        let arrives = allowed && !topic.starts_with("$CONTROL/");
        // what god does not subscribe to has the reason code alone
        let watched = !topic.starts_with('$')
            || DOLLARS.iter().any(|first| *first != "$SYS" && topic.starts_with(&format!("{first}/")));
        if watched {
            assert_eq!(god.delivered.iter().any(|it| it == topic), arrives, "{topic}: PUBACK {answer:#x}");
        }
        Some(allowed)
    });
    judged.collect()
}

/// Which topics the client may read; None where nobody can publish to one.
fn reads(client: &mut Client, god: &mut Client, topics: &[&str], everything: &[&str]) -> Vec<Option<bool>> {
    client.subscribe(everything);
    client.settle();
    client.delivered.clear();
    let answers = god.publish(topics, "r");
    client.settle();
    let delivered: BTreeSet<&String> = client.delivered.iter().collect();
    let judged = topics.iter().zip(answers).map(|(topic, answer)| {
        let published = answer.is_some_and(|reason| reason < 0x80) && !topic.starts_with("$CONTROL/");
        let covered = !topic.starts_with('$')
            || everything.iter().any(|filter| {
                filter.strip_suffix('#').is_some_and(|start| !start.is_empty() && topic.starts_with(start))
            });
        (published && covered).then(|| delivered.contains(&(*topic).to_owned()))
    });
    judged.collect()
}
