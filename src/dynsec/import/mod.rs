//! A password file and an ACL become clients, groups and roles. The decisions stay the same; where they cannot, a note
//! says which line, and never does anybody silently get more than before.
//!
//! An acl_file asks a client's own `topic` lines first, denials before grants, then the `pattern` lines in the same way,
//! and never refuses a subscription: what is received is what counts. That is: a role each, whose entries have four
//! priorities, and subscriptions that are open to everybody while nothing is received without a role.

mod acl_lines;
mod roles;

use std::collections::BTreeMap;

use self::acl_lines::Line;
use self::acl_lines::Whom;
use self::roles::Entries;
use super::Acl;
use super::AclType;
use super::Client;
use super::DefaultAccess;
use super::File;
use super::Group;
use super::Login;
use super::Member;
use super::Role;
use super::RoleName;
use super::initial;
use super::initial::Person;
use crate::acl::Grant;
use crate::passwd::Hash;
use crate::series::Series;

const ANONYMOUS: &str = "anonymous";
const PATTERNS: &str = "patterns";
const ALL: &str = "everything";

/// What is converted.
pub struct Source<'a> {
    /// Path, for a reader, and contents.
    pub passwd: Option<(&'a str, &'a [u8])>,
    pub acl: Option<(&'a str, &'a [u8])>,
    /// Whether the configuration lets in clients without a user name.
    pub anonymous: bool,
    /// Whether it takes user names from client certificates, so that there can be users whom no file names.
    pub identities: bool,
    /// Who may change the file afterwards; a user of the password file, or a new one.
    pub admin: Person,
    pub target: Series,
}

pub struct Imported {
    pub file: File,
    pub notes: Vec<Note>,
}

/// What did not convert as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub path: String,
    pub line: Option<usize>,
    /// Whether something that was decided before is decided otherwise; the rest is good to know.
    pub is_loss: bool,
    pub what: String,
}

/// Why nothing was converted: a broker does not read the file either.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of `{path}` {why}")]
pub struct Unusable {
    path: String,
    line: usize,
    why: String,
}

impl crate::error::Diagnose for Unusable {
    fn code(&self) -> &'static str {
        "dynsec-import-unusable"
    }

    fn details(&self) -> Vec<String> {
        vec!["no broker starts with this file, so there is nothing that it decides".to_owned()]
    }

    fn hints(&self) -> Vec<String> {
        vec!["mend the line, then import again; see all of it: mqsec acl lint".to_owned()]
    }
}

/// Where notes are gathered.
struct Notes(Vec<Note>);

impl Notes {
    fn push(&mut self, path: &str, line: Option<usize>, is_loss: bool, what: impl Into<String>) {
        self.0.push(Note { path: path.to_owned(), line, is_loss, what: what.into() });
    }
}

pub fn import(source: Source<'_>) -> Result<Imported, Unusable> {
    let mut notes = Notes(Vec::new());
    let acl = source.acl.map(|(path, bytes)| {
        let unusable = |(line, why)| Unusable { path: path.to_owned(), line, why };
        acl_lines::read(path, bytes, source.target).map_err(unusable)
    });
    let lines = acl.transpose()?;
    let mut logins = users(&source, &mut notes);
    let mut file = File {
        default_access: DefaultAccess { subscribe: true, unsubscribe: true, ..DefaultAccess::default() },
        roles: vec![initial::admin_role()],
        ..File::default()
    };
    let admin = source.admin.name.clone();
    logins.entry(admin.clone()).or_insert(source.admin.login);
    match (&lines, source.acl) {
        (Some(lines), Some((path, _))) => {
            let patterns = lines.iter().filter(|line| line.whom == Whom::Everybody).collect();
            let mut maker = Maker { file: &mut file, notes: &mut notes, path, lines, patterns, target: source.target };
            maker.clients(logins);
            maker.anonymous(source.anonymous);
        }
        _ => without_acl(&mut file, logins, source.anonymous, &mut notes),
    }
    if source.identities {
        let what = "takes user names from certificates: one that neither file names is no client of the plugin, and is refused; add each: mqsec dynsec add client NAME --no-password";
        notes.push("the configuration", None, true, what);
    }
    if let Some(client) = file.clients.iter_mut().find(|client| client.username == admin) {
        client.roles.push(RoleName::new(initial::ADMIN));
    }
    Ok(Imported { file, notes: notes.0 })
}

/// The users of the password file, each with the form of its password.
fn users(source: &Source<'_>, notes: &mut Notes) -> BTreeMap<String, Login> {
    let mut logins = BTreeMap::new();
    let Some((path, bytes)) = source.passwd else { return logins };
    let text = String::from_utf8_lossy(bytes);
    for (index, line) in text.lines().enumerate() {
        // as a broker reads it: what follows a second colon is ignored
        let Some((name, rest)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
        let (name, hash) = (name.trim(), rest.split(':').next().unwrap_or_default().trim());
        if name.is_empty() {
            continue;
        }
        let number = Some(index + 1);
        let login = match hash.parse::<Hash>() {
            Err(why) => {
                notes.push(path, number, false, format!("the user `{name}` {why}, so it never could log in; left out"));
                continue;
            }
            Ok(hash) => match Login::of(&hash) {
                Some(login) => login,
                None if hash.iterations().is_some() && source.target > Series::V20 => Login::encoded(&hash),
                None => {
                    let why = if hash.iterations().is_some() {
                        "has a salt of 64 bytes, which the plugin of 2.0 does not load (--target 2.1 keeps it)"
                    } else {
                        "has a `$6$` hash, for which the plugin has no form"
                    };
                    notes.push(
                        path,
                        number,
                        true,
                        format!(
                            "the user `{name}` {why}; give it a password: mqsec dynsec passwd {}",
                            crate::error::single_quoted(name)
                        ),
                    );
                    Login::default()
                }
            },
        };
        if logins.insert(name.to_owned(), login).is_some() {
            notes.push(
                path,
                number,
                false,
                format!("the user `{name}` stands here again; this line counts, as 2.0 has it"),
            );
        }
    }
    logins
}

/// Without an ACL everybody may do everything.
fn without_acl(file: &mut File, logins: BTreeMap<String, Login>, anonymous: bool, notes: &mut Notes) {
    use AclType as A;
    let acls = ["#", "$SYS/#"].map(|topic| Acl::allow(A::PublishClientReceive, topic));
    let acls = acls.into_iter().chain([Acl::allow(A::PublishClientSend, "#")]).collect();
    file.roles.push(Role {
        rolename: ALL.to_owned(),
        textdescription: Some("what everybody may where there is no ACL".to_owned()),
        acls,
        ..Role::default()
    });
    let clients = logins.keys().map(|name| Member { username: name.clone(), ..Member::default() }).collect();
    let group = |name: &str, clients| Group {
        groupname: name.to_owned(),
        roles: vec![RoleName::new(ALL)],
        clients,
        ..Group::default()
    };
    file.groups.push(group(initial::EVERYONE, clients));
    if anonymous {
        file.groups.push(group(ANONYMOUS, Vec::new()));
        file.anonymous_group = Some(ANONYMOUS.to_owned());
    }
    file.clients.extend(logins.into_iter().map(|(username, login)| Client { username, login, ..Client::default() }));
    notes.push(
        "the configuration",
        None,
        false,
        "names no acl_file: everybody may publish and read every topic, as before",
    );
    notes.push("the configuration", None, true, "topics that begin with `$` and not with `$SYS` are refused now");
}

/// What is being made of an ACL.
struct Maker<'a> {
    file: &'a mut File,
    notes: &'a mut Notes,
    path: &'a str,
    lines: &'a [Line],
    patterns: Vec<&'a Line>,
    target: Series,
}

impl Maker<'_> {
    /// A client for each user, with a role of its own where the ACL says something of this user alone, and a group for
    /// what it says of everybody.
    fn clients(&mut self, mut logins: BTreeMap<String, Login>) {
        let mut own: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in self.lines {
            if let Whom::User(name) = &line.whom {
                own.entry(name).or_default().push(line);
            }
        }
        for (name, lines) in &own {
            if !logins.contains_key(*name) {
                let what = format!(
                    "the user `{name}` is not in the password file: made without a password, so it gets in by a certificate's name alone"
                );
                self.notes.push(self.path, lines.first().map(|line| line.number), false, what);
                logins.insert((*name).to_owned(), Login::default());
            }
        }
        let general = self.general();
        let mut members = Vec::new();
        for (username, login) in logins {
            let mut entries = Entries::default();
            for line in own.remove(username.as_str()).unwrap_or_default() {
                self.topic(&mut entries, line);
            }
            let mut client = Client { username, login, ..Client::default() };
            // a broker refuses by pattern whoever has such a name, so there is nothing to convert
            if !client.username.contains(['+', '#']) {
                self.expand(&mut entries, &general, &client.username);
                members.push(Member { username: client.username.clone(), ..Member::default() });
            }
            if !entries.is_empty() {
                let role = entries.into_role(&format!("own-{}", client.username));
                client.roles.push(RoleName::new(&role.rolename));
                self.file.roles.push(role);
            }
            self.file.clients.push(client);
        }
        if !general.is_empty() {
            self.file.roles.push(general.clone().into_role(PATTERNS));
            let roles = vec![RoleName::new(PATTERNS)];
            let groupname = initial::EVERYONE.to_owned();
            self.file.groups.push(Group { groupname, roles, clients: members, ..Group::default() });
        }
    }

    /// A `topic` line.
    fn topic(&mut self, entries: &mut Entries, line: &Line) {
        if self.is_refused(line) {
            return;
        }
        if self.target > Series::V20 && line.filter.split('/').any(|level| matches!(level, "%u" | "%c")) {
            self.loss(line, "a `topic` line takes `%u` and `%c` by the letter, the plugin of 2.1 does not; left out");
            return;
        }
        entries.add(line.grant, &line.filter, roles::OWN);
    }

    /// The `pattern` lines that say the same for every client.
    fn general(&mut self) -> Entries {
        let mut entries = Entries::default();
        let mut told = false;
        for line in self.patterns.clone() {
            if !std::mem::replace(&mut told, true) {
                self.loss(
                    line,
                    "patterns refuse a client whose identifier has `+` or `#`; the plugin does not look at that",
                );
            }
            if self.is_refused(line) {
                continue;
            }
            let has = |part: &str| line.filter.contains(part);
            if has("%c") {
                self.by_identifier(&mut entries, line);
            } else if !has("%u") {
                entries.add(line.grant, &line.filter, roles::PATTERN);
            }
        }
        entries
    }

    /// A pattern with `%c`: 2.1's plugin knows it as a whole level. Where it cannot be said, a denial denies more than
    /// before and a grant is left out: nobody gets more.
    fn by_identifier(&mut self, entries: &mut Entries, line: &Line) {
        let whole = line.filter.split('/').all(|level| level == "%c" || !level.contains("%c"));
        if self.target > Series::V20 && whole && !line.filter.contains("%u") {
            entries.add(line.grant, &line.filter, roles::PATTERN);
        } else if line.grant == Grant::Deny {
            let widened = |level: &str| if level.contains('%') { "+".to_owned() } else { level.to_owned() };
            let filter = line.filter.split('/').map(widened).collect::<Vec<_>>().join("/");
            entries.add(line.grant, &filter, roles::PATTERN);
            self.loss(
                line,
                &format!("the plugin does not know client identifiers (`%c`): `{filter}` is denied to all"),
            );
        } else {
            self.loss(line, "the plugin does not know client identifiers (`%c`): nobody is granted this any more");
        }
    }

    /// The patterns with `%u`, for one user. Their grants come before those of everybody, so the denials of everybody are
    /// repeated in front of them.
    fn expand(&mut self, entries: &mut Entries, general: &Entries, user: &str) {
        let mut some = false;
        for line in &self.patterns {
            if !line.filter.contains("%u") || line.filter.contains("%c") || is_control(&line.filter) {
                continue;
            }
            let whole = line.filter.split('/').all(|level| level == "%u" || !level.contains("%u"));
            if self.target > Series::V20 && (!whole || user.contains('/')) {
                // 2.1 substitutes whole levels alone, and never matches a name of two
                continue;
            }
            some = true;
            entries.add(line.grant, &line.filter.replace("%u", user), roles::PATTERN);
        }
        if some {
            entries.deny_as(general);
        }
    }

    /// What clients without a user name may: the lines before the first `user`, then the patterns without `%u`.
    fn anonymous(&mut self, let_in: bool) {
        let mut entries = Entries::default();
        let section: Vec<&Line> = self.lines.iter().filter(|line| line.whom == Whom::Anonymous).collect();
        for line in &section {
            self.topic(&mut entries, line);
        }
        if !let_in {
            if let Some(line) = section.first() {
                let what = "these lines are for clients without a user name, whom the configuration refuses";
                self.notes.push(self.path, Some(line.number), false, what);
            }
            return;
        }
        let mut roles = Vec::new();
        if !entries.is_empty() {
            let role = entries.into_role(ANONYMOUS);
            roles.push(RoleName { priority: Some(1.into()), ..RoleName::new(&role.rolename) });
            self.file.roles.push(role);
        }
        roles.extend(self.file.role(PATTERNS).map(|role| RoleName::new(&role.rolename)));
        self.file.groups.push(Group { groupname: ANONYMOUS.to_owned(), roles, ..Group::default() });
        self.file.anonymous_group = Some(ANONYMOUS.to_owned());
    }

    /// A line about the plugin's own topics would make its holder the plugin's admin.
    fn is_refused(&mut self, line: &Line) -> bool {
        let refused = is_control(&line.filter) && line.grant != Grant::Deny;
        if refused {
            let what = "it names the plugin's own topics, and would make everybody whom it is for an admin; left out";
            self.notes.push(self.path, Some(line.number), true, what);
        }
        refused
    }

    fn loss(&mut self, line: &Line, what: &str) {
        self.notes.push(self.path, Some(line.number), true, what);
    }
}

fn is_control(filter: &str) -> bool {
    filter.starts_with("$CONTROL")
        || [initial::CONTROL, initial::ANSWERS].iter().any(|topic| super::access::matches(filter, topic))
}

#[cfg(test)]
mod tests;
