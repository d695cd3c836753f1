//! Random ACL files, users, client ids and topics: few words, so that lines and questions meet often.

/// Numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

pub const USERS: &[&str] = &[
    "ann", "bob", "ann", "bob", "a", "a b", "b/c", "p+q", "h#", "+", "%u", "%c", "\u{e9}", "user", "c1", "x-y", "",
    "/", "#x",
];
pub const IDS: &[&str] =
    &["c1", "c2", "c1", "c2", "x", "ann", "b/c", "dev+1", "dev#", "%c", "id %u", "\u{e9}", "x", "a", "1/2/3", "/c"];
const WORDS: &[&str] =
    &["a", "b", "c", "ann", "bob", "c1", "", "a b", "\u{e9}", "b/c", "%u", "%c", "x", "read", "-", "%"];
const VARIABLES: &[&str] = &["%u", "%c", "%u", "%c", "x%u", "%u-x", "%c%u", "%%u", "%uu", "pre-%c", "%u%", "%c%c"];
const FIRST: &[&str] = &["$SYS", "$foo", "$CONTROL", "$share", "$SYSTEM", "$"];
const STATE: &str = "$SYS/broker/connection/x/state";

fn filter(random: &mut Random, pattern: bool) -> String {
    if random.chance(4) {
        return random.of(&["#", "+", "+/+", "/#", "+/#", "$SYS/#", "$SYS/broker/connection/+/state", "/"]).to_owned();
    }
    let mut levels: Vec<String> = Vec::new();
    if random.chance(8) {
        levels.push(random.of(FIRST).to_owned());
    }
    for _ in 0..=random.below(4) {
        let variable = random.chance(if pattern { 45 } else { 4 });
        let word = match variable {
            true => random.of(VARIABLES),
            false if random.chance(20) => "+",
            false => random.of(WORDS),
        };
        levels.push(word.to_owned());
    }
    if random.chance(25) {
        levels.push("#".to_owned());
    }
    levels.join("/")
}

/// A file that brokers start with; a line that they would not is left out by whoever asks `mqsec::acl`.
pub fn file(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(36) {
        let blanks = if random.chance(10) { "  " } else { " " };
        let indent = if random.chance(5) { "   " } else { "" };
        let end = random.of(&["\n", "\n", "\n", "\r\n", " \n", "\t\n"]);
        let line = match random.below(10) {
            0 => "# a comment".to_owned(),
            1 | 2 => format!("user{blanks}{}", random.of(USERS)),
            kind => {
                let pattern = kind > 7;
                let word = if pattern { "pattern" } else { "topic" };
                let grant = random.of(&["read", "write", "readwrite", "deny", "readwrite", "write", "read", ""]);
                let filter = filter(random, pattern);
                if grant.is_empty() { format!("{word} {filter}") } else { format!("{word}{blanks}{grant} {filter}") }
            }
        };
        let indent = if line.starts_with('#') { "" } else { indent };
        text.push_str(&format!("{indent}{line}{end}"));
    }
    text
}

/// A topic to ask about: one that the filters of the file may cover for this client, or any.
pub fn topic(random: &mut Random, filters: &[String], user: Option<&str>, client_id: &str) -> String {
    if random.chance(4) {
        return STATE.to_owned();
    }
    let mut topic = if !filters.is_empty() && random.chance(75) {
        let chosen = &filters[random.below(filters.len())];
        let levels = chosen.split('/').map(|level| match level {
            "+" => random.of(WORDS).to_owned(),
            "#" => random.of(&["a", "a/b", "", "x"]).to_owned(),
            // now and then the variable stays as it is written
            other if random.chance(85) => other.replace("%u", user.unwrap_or("ann")).replace("%c", client_id),
            other => other.to_owned(),
        });
        levels.collect::<Vec<_>>().join("/")
    } else {
        filter(random, true)
    };
    if random.chance(10) {
        topic = topic.rsplit_once('/').map_or(topic.clone(), |(parent, _)| parent.to_owned());
    }
    if random.chance(8) {
        topic.push_str(random.of(&["/", "/x", "x"]));
    }
    topic = topic.replace(['+', '#'], random.of(&["a", "b", "z"]));
    if topic.is_empty() { "a".to_owned() } else { topic }
}
