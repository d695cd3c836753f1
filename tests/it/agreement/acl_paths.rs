//! The other ways of a message, which the ACL file decides like the plain ones: retained, shared, a will.

use mqsec::acl;
use mqsec::acl::Access;
use mqsec::acl::Coverage;
use mqsec::acl::Document;
use mqsec::acl::Question;
use mqsec::acl::Rules;
use mqsec::series::Series;

use super::acl_client::Broker;
use super::acl_client::Client;
use super::acl_client::Start;
use crate::support::wait_for;

const FILE: &str = "\
user reader
topic read open/#
topic deny open/secret
topic read $share/g/closed
user silent
topic write other
user god
topic readwrite #
";

fn start(version: &str) -> Broker {
    match Broker::start(version, FILE.as_bytes()) {
        Start::Runs(broker) => broker,
        Start::Ended { log, .. } => panic!("{log}"),
    }
}

fn rules(series: Series) -> Rules {
    Rules::of(&Document::parse(FILE.as_bytes()), series)
}

const SERIES: [(&str, Series); 2] = [("2.0.21", Series::V20), ("2.1.2", Series::V21)];

fn may(series: Series, user: &str, access: Access, topic: &str) -> bool {
    rules(series).decide(&Question { user: Some(user), client_id: "x", access, topic }).allowed
}

#[test]
fn retained_messages_and_wildcards_bring_what_may_be_read() {
    for (version, series) in SERIES {
        let broker = start(version);
        let mut god = Client::connect(broker.port, Some("god"), "god").unwrap();
        let topics = ["open/a", "open/secret", "open/x/y", "closed"];
        topics.iter().for_each(|topic| god.retain(topic));
        for (user, filter) in [("reader", "#"), ("reader", "open/+"), ("silent", "#"), ("reader", "closed")] {
            let mut client = Client::connect(broker.port, Some(user), "x").unwrap();
            client.subscribe(&[filter]);
            client.settle();
            let mut found = client.delivered.clone();
            found.sort();
            let covered = topics.iter().filter(|topic| match filter {
                "#" => true,
                "open/+" => topic.starts_with("open/") && topic.matches('/').count() == 1,
                same => **topic == same,
            });
            let expected: Vec<&str> =
                covered.clone().filter(|topic| may(series, user, Access::Read, topic)).copied().collect();
            assert_eq!(found, expected, "{version} {user} {filter}");
            let question = Question { user: Some(user), client_id: "x", access: Access::Read, topic: filter };
            let coverage = acl::received(&rules(series), &question).unwrap().coverage.unwrap();
            assert_eq!(expected.is_empty(), coverage == Coverage::None, "{version} {user} {filter}");
            assert_eq!(expected.len() == covered.count(), coverage == Coverage::All, "{version} {user} {filter}");
        }
    }
}

#[test]
fn a_shared_subscription_is_asked_about_with_the_topics_of_its_messages() {
    for (version, series) in SERIES {
        let broker = start(version);
        let mut god = Client::connect(broker.port, Some("god"), "god").unwrap();
        let mut reader = Client::connect(broker.port, Some("reader"), "x").unwrap();
        reader.subscribe(&["$share/g/open/#", "$share/g/closed"]);
        let topics = ["open/a", "open/secret", "closed"];
        god.publish(&topics, "x");
        reader.settle();
        let expected: Vec<&str> =
            topics.into_iter().filter(|topic| may(series, "reader", Access::Read, topic)).collect();
        assert_eq!((reader.delivered, expected.as_slice()), (vec!["open/a".to_owned()], &["open/a"][..]), "{version}");
    }
}

#[test]
fn a_will_is_written_by_who_left_it() {
    for (version, series) in SERIES {
        let broker = start(version);
        let mut god = Client::connect(broker.port, Some("god"), "god").unwrap();
        god.subscribe(&["#"]);
        // the denied one goes first: once the other's will is here, it would be, too
        for (topic, allowed) in [("open/a", false), ("other", true)] {
            assert_eq!(may(series, "silent", Access::Write, topic), allowed);
            drop(Client::connect_with(broker.port, Some("silent"), topic, Some(topic)).unwrap());
        }
        wait_for("the will", || {
            god.settle();
            god.delivered.contains(&"other".to_owned())
        });
        // both hung up before this round
        god.settle();
        assert_eq!(god.delivered, ["other"], "{version}");
    }
}
