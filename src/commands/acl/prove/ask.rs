//! Asks the broker. One connection a user (and client id); every message is unlike any other, so that a retained or a
//! stranger's one is never taken for it.
//!
//! A refusal is proven where the broker says so (0x87), or where the message arrives at somebody else and not here.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::plan::Asked;
use super::plan::Plan;
use crate::acl::Access;
use crate::acl::Question;
use crate::broker::proofs;
use crate::context::Context;
use crate::error::Failure;
use crate::mqtt::Attempt;
use crate::mqtt::Conversation;
use crate::mqtt::Identity;
use crate::mqtt::Trouble;
use crate::passwd::User;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::session::Probe;
use crate::provision::setup;
use crate::provision::users;

/// What the broker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Allowed(String),
    Denied(String),
    /// Why nothing is proven.
    Unproven(String),
}

/// Who asks: a user and a client id.
type Who = (Option<String>, Option<String>);

/// Why there is no client.
#[derive(Clone)]
struct Away {
    why: String,
    /// The broker let it not in, and was right: it brought no user name.
    locked_out: bool,
}

impl Away {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), locked_out: false }
    }
}

/// One client of the broker.
struct Client<'a> {
    conversation: Conversation<'a>,
    user: Option<String>,
    client_id: String,
    subscribed: BTreeMap<String, u8>,
    /// Payloads that arrived.
    heard: HashSet<Vec<u8>>,
    /// Topics from which anything arrived.
    topics: HashSet<String>,
}

pub(super) fn ask(context: &Context<'_>, plan: &Plan) -> Result<Vec<Seen>, Failure> {
    let probe = Probe::load(&context.workspace)?;
    let env = users::env_file(&context.workspace)?;
    let known = env.map(|env| env.users).unwrap_or_default();
    let identities = identities(context, &probe, &known)?;
    let mut wanted: Vec<Who> = Vec::new();
    for question in &plan.questions {
        let who = (question.user.clone(), question.client_id.clone());
        if !wanted.contains(&who) {
            wanted.push(who);
        }
    }
    // whoever has a password may watch, or send the control message
    for user in &known {
        if !wanted.iter().any(|(name, _)| name.as_deref() == Some(user.name.as_str())) {
            wanted.push((Some(user.name.to_string()), None));
        }
    }
    let attempts: Vec<(Who, Result<Attempt<'_>, Away>)> = wanted
        .into_iter()
        .map(|who| {
            let made = attempt(&probe, &identities, &known, &who);
            (who, made)
        })
        .collect();
    let mut clients: BTreeMap<Who, Result<Client<'_>, Away>> = BTreeMap::new();
    for (who, made) in &attempts {
        let opened = made.as_ref().map_err(Clone::clone).and_then(|attempt| {
            let conversation = Conversation::open(attempt).map_err(|trouble| refusal(&trouble, who))?;
            let (user, client_id) = (who.0.clone(), attempt.client_id.clone());
            let (subscribed, heard, topics) = (BTreeMap::new(), HashSet::new(), HashSet::new());
            Ok(Client { conversation, user, client_id, subscribed, heard, topics })
        });
        clients.insert(who.clone(), opened);
    }
    let run = proofs::client_id("message");
    let mut asking = Asking { plan, clients, controls: BTreeMap::new(), run };
    asking.listen();
    asking.control();
    let reasons = asking.write();
    asking.hear();
    let seen = plan.questions.iter().enumerate().map(|(index, asked)| asking.judge(index, asked, &reasons)).collect();
    for client in asking.clients.into_values().flatten() {
        client.conversation.close();
    }
    Ok(seen)
}

fn refusal(trouble: &Trouble, who: &Who) -> Away {
    let locked_out = who.0.is_none() && trouble.is_login();
    let why = if locked_out { "the broker lets nobody in without a user name" } else { "there is no connection" };
    Away { why: format!("{why}: {trouble}"), locked_out }
}

/// The certificate of each user who has one, and one for the others, where the listener asks for one.
fn identities(context: &Context<'_>, probe: &Probe, known: &[User]) -> Result<BTreeMap<String, Identity>, Failure> {
    let mut found = BTreeMap::new();
    if !probe.listener.require_certificate {
        return Ok(found);
    }
    for user in known {
        let paths = Paths::of(&context.workspace, Some(&setup::client_of(user)));
        if !paths.missing().is_empty() {
            continue;
        }
        if let Some((cert, key)) = &paths.pair {
            found.insert(user.name.to_string(), credentials::identity(cert, key)?.0);
        }
    }
    Ok(found)
}

fn attempt<'a>(
    probe: &'a Probe,
    identities: &'a BTreeMap<String, Identity>,
    known: &'a [User],
    who: &Who,
) -> Result<Attempt<'a>, Away> {
    let (user, client_id) = who;
    let identity = match user.as_ref().and_then(|user| identities.get(user)).or_else(|| identities.values().next()) {
        None if probe.listener.require_certificate => {
            return Err(Away::new("not asked: there is no client certificate that the listener would take"));
        }
        identity => identity,
    };
    let login = match user {
        None => None,
        Some(name) => {
            let found = known.iter().find(|user| user.name.as_str() == name);
            let found =
                found.ok_or_else(|| Away::new(format!("not asked: the password of `{name}` is not in .env")))?;
            Some((found.name.as_str(), &found.password))
        }
    };
    let client_id = client_id.clone().unwrap_or_else(|| proofs::client_id("prove"));
    Ok(Attempt { tls: Some(probe.tls(identity)), login, ..Attempt::new(&probe.host, probe.listener.port, client_id) })
}

struct Asking<'a> {
    plan: &'a Plan,
    clients: BTreeMap<Who, Result<Client<'a>, Away>>,
    /// By topic: the control message that was taken, or why there is none.
    controls: BTreeMap<String, Result<String, String>>,
    run: String,
}

impl Asking<'_> {
    /// Who may do this, by the file; the file's first users first.
    fn able(&self, access: Access, topic: &str) -> Vec<Who> {
        let may = |client: &Client<'_>| {
            let question = Question { user: client.user.as_deref(), client_id: &client.client_id, access, topic };
            self.plan.rules.decide(&question).allowed
        };
        let open = self.clients.iter().filter_map(|(who, client)| Some((who, client.as_ref().ok()?)));
        open.filter(|(_, client)| may(client)).map(|(who, _)| who.clone()).collect()
    }

    fn topics(&self) -> Vec<String> {
        let topics: HashSet<&String> = self.plan.questions.iter().map(|asked| &asked.topic).collect();
        let mut topics: Vec<String> = topics.into_iter().cloned().collect();
        topics.sort();
        topics
    }

    /// Something happened on the way: the client answers no more.
    fn fail(&mut self, who: &Who, trouble: &Trouble) {
        self.clients.insert(who.clone(), Err(Away::new(format!("the connection ended: {trouble}"))));
    }

    /// Everyone subscribes to what it is asked to read; and for each topic somebody else watches.
    fn listen(&mut self) {
        let mut wanted: BTreeMap<Who, Vec<String>> = BTreeMap::new();
        for asked in self.plan.questions.iter().filter(|asked| asked.access == Access::Read) {
            wanted.entry((asked.user.clone(), asked.client_id.clone())).or_default().push(asked.topic.clone());
        }
        for topic in self.topics() {
            // two, so that each has another one
            for who in self.able(Access::Read, &topic).into_iter().take(2) {
                wanted.entry(who).or_default().push(topic.clone());
            }
        }
        for (who, mut topics) in wanted {
            topics.sort();
            topics.dedup();
            let Some(Ok(client)) = self.clients.get_mut(&who) else { continue };
            let filters: Vec<&str> = topics.iter().map(String::as_str).collect();
            match client.conversation.subscribe(&filters) {
                Ok(codes) => client.subscribed = topics.into_iter().zip(codes).collect(),
                Err(trouble) => self.fail(&who, &trouble),
            }
        }
        self.hear();
    }

    /// On each topic, a message from somebody who may write there.
    fn control(&mut self) {
        let mut by_sender: BTreeMap<Who, Vec<String>> = BTreeMap::new();
        for topic in self.topics() {
            match self.able(Access::Write, &topic).into_iter().next() {
                Some(who) => by_sender.entry(who).or_default().push(topic),
                None => {
                    let why = "nobody whose password is known may write there".to_owned();
                    self.controls.insert(topic, Err(why));
                }
            }
        }
        for (who, topics) in by_sender {
            let payloads: Vec<String> = topics.iter().map(|topic| format!("{} control {topic}", self.run)).collect();
            let messages: Vec<(&str, &str)> =
                topics.iter().zip(&payloads).map(|(topic, payload)| (topic.as_str(), payload.as_str())).collect();
            let Some(Ok(client)) = self.clients.get_mut(&who) else { continue };
            match client.conversation.publish(&messages) {
                Ok(reasons) => {
                    for ((topic, payload), reason) in topics.into_iter().zip(payloads).zip(reasons) {
                        let taken = if reason < 0x80 {
                            Ok(payload)
                        } else {
                            Err(format!("the control message was refused ({reason:#04x})"))
                        };
                        self.controls.insert(topic, taken);
                    }
                }
                Err(trouble) => self.fail(&who, &trouble),
            }
            self.hear();
        }
    }

    /// The writes that are asked about; the reason of each question's message.
    fn write(&mut self) -> BTreeMap<usize, u8> {
        let mut by_sender: BTreeMap<Who, Vec<usize>> = BTreeMap::new();
        for (index, asked) in self.plan.questions.iter().enumerate().filter(|(_, asked)| asked.access == Access::Write)
        {
            by_sender.entry((asked.user.clone(), asked.client_id.clone())).or_default().push(index);
        }
        let mut reasons = BTreeMap::new();
        for (who, indexes) in by_sender {
            let payloads: Vec<String> = indexes.iter().map(|index| self.payload(*index)).collect();
            let topic = |index: &usize| self.plan.questions[*index].topic.as_str();
            let messages: Vec<(&str, &str)> =
                indexes.iter().zip(&payloads).map(|(index, payload)| (topic(index), payload.as_str())).collect();
            let Some(Ok(client)) = self.clients.get_mut(&who) else { continue };
            match client.conversation.publish(&messages) {
                Ok(found) => reasons.extend(indexes.into_iter().zip(found)),
                Err(trouble) => self.fail(&who, &trouble),
            }
            self.hear();
        }
        reasons
    }

    fn payload(&self, index: usize) -> String {
        format!("{} question {index}", self.run)
    }

    /// Takes in what has arrived, everywhere.
    fn hear(&mut self) {
        let whos: Vec<Who> = self.clients.keys().cloned().collect();
        for who in whos {
            let Some(Ok(client)) = self.clients.get_mut(&who) else { continue };
            if let Err(trouble) = client.conversation.settle() {
                self.fail(&who, &trouble);
                continue;
            }
            for message in client.conversation.take_delivered() {
                client.heard.insert(message.payload);
                client.topics.insert(message.topic);
            }
        }
    }

    fn judge(&self, index: usize, asked: &Asked, reasons: &BTreeMap<usize, u8>) -> Seen {
        let who = (asked.user.clone(), asked.client_id.clone());
        let client = match self.clients.get(&who) {
            Some(Ok(client)) => client,
            Some(Err(away)) if away.locked_out => return Seen::Denied(away.why.clone()),
            Some(Err(away)) => return Seen::Unproven(away.why.clone()),
            None => return Seen::Unproven("not asked".to_owned()),
        };
        match asked.access {
            Access::Write => match reasons.get(&index) {
                Some(reason) => self.written(index, asked, *reason),
                None => Seen::Unproven("its message was not acknowledged".to_owned()),
            },
            Access::Read => self.read(&who, client, asked),
        }
    }

    /// Who watches a topic, and has shown that it does by hearing the control message.
    fn watcher(&self, topic: &str, but: Option<&Who>) -> Result<&Client<'_>, String> {
        let control = match self.controls.get(topic) {
            Some(Ok(payload)) => payload.as_bytes(),
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("no control message was sent".to_owned()),
        };
        let open =
            self.clients.iter().filter(|(who, _)| but != Some(*who)).filter_map(|(_, client)| client.as_ref().ok());
        let mut open = open.filter(|client| client.heard.contains(control));
        open.next().ok_or_else(|| "the control message arrived at nobody else who could be asked".to_owned())
    }

    fn written(&self, index: usize, asked: &Asked, reason: u8) -> Seen {
        let payload = self.payload(index).into_bytes();
        let arrived = self.clients.values().flatten().find(|client| client.heard.contains(&payload));
        let watcher = self.watcher(&asked.topic, None);
        let name = |client: &Client<'_>| client.user.clone().unwrap_or_else(|| "a client without a name".to_owned());
        match (reason, arrived, watcher) {
            (0x87, Some(other), _) => Seen::Allowed(format!("PUBACK 0x87, and yet it arrived at {}", name(other))),
            (0x87, None, Ok(other)) => {
                Seen::Denied(format!("PUBACK 0x87; {} received the control message and not this one", name(other)))
            }
            (0x87, None, Err(why)) => Seen::Denied(format!("PUBACK 0x87; nobody watched, because {why}")),
            (0x00..=0x7f, Some(other), _) => {
                Seen::Allowed(format!("PUBACK {reason:#04x}; it arrived at {}", name(other)))
            }
            (0x00..=0x7f, None, Err(why)) => {
                Seen::Allowed(format!("PUBACK {reason:#04x}; nobody watched, because {why}"))
            }
            (0x00..=0x7f, None, Ok(other)) => Seen::Unproven(format!(
                "PUBACK {reason:#04x}, but it did not arrive at {}, who received the control message",
                name(other)
            )),
            _ => Seen::Unproven(format!("the broker refused it for another reason: {reason:#04x}")),
        }
    }

    fn read(&self, who: &Who, client: &Client<'_>, asked: &Asked) -> Seen {
        match client.subscribed.get(&asked.topic) {
            Some(0..=2) => {}
            Some(0x87) => return Seen::Denied("SUBACK 0x87".to_owned()),
            Some(code) => return Seen::Unproven(format!("SUBACK {code:#04x}")),
            None => return Seen::Unproven("the subscription was not acknowledged".to_owned()),
        }
        if asked.topic.starts_with("$SYS/") {
            return self.read_sys(who, client, asked);
        }
        let control = match self.controls.get(&asked.topic) {
            Some(Ok(payload)) => payload.as_bytes(),
            Some(Err(why)) => return Seen::Unproven(why.clone()),
            None => return Seen::Unproven("no control message was sent".to_owned()),
        };
        if client.heard.contains(control) {
            return Seen::Allowed("the control message arrived".to_owned());
        }
        match self.watcher(&asked.topic, Some(who)) {
            Ok(other) => {
                let other = other.user.as_deref().unwrap_or("a client without a name");
                Seen::Denied(format!("the control message arrived at {other}, and not here"))
            }
            Err(why) => Seen::Unproven(why),
        }
    }

    /// Nobody can publish there; but the broker itself does, and keeps the last one of each.
    fn read_sys(&self, who: &Who, client: &Client<'_>, asked: &Asked) -> Seen {
        if client.topics.contains(&asked.topic) {
            return Seen::Allowed("the broker's own message arrived".to_owned());
        }
        let others =
            self.clients.iter().filter(|(other, _)| *other != who).filter_map(|(_, client)| client.as_ref().ok());
        match others.into_iter().find(|client| client.topics.contains(&asked.topic)) {
            Some(other) => {
                let other = other.user.as_deref().unwrap_or("a client without a name");
                Seen::Denied(format!("the broker's own message arrived at {other}, and not here"))
            }
            None => Seen::Unproven("the broker publishes nothing there that anybody could receive".to_owned()),
        }
    }
}
