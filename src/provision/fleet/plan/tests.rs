//! Plans of small folders, with few records in memory and with all.

use super::*;
use crate::provision::fleet::source::Origin;

struct Folder {
    workspace: Workspace,
}

impl Folder {
    fn new(test: &str) -> Self {
        let base = std::env::temp_dir().join(format!("mqsec-plan-{}-{test}", std::process::id()));
        let folder = Self { workspace: Workspace::at(base) };
        folder.workspace.make_dir("certs").unwrap();
        folder.workspace.make_dir("config").unwrap();
        folder
    }

    fn write(&self, path: &str, text: &str) -> std::path::PathBuf {
        let path = self.workspace.path(path);
        fs::overwrite(&path, text.as_bytes(), 0o600, None).map(drop).unwrap();
        path
    }

    fn rules<'a>(&self, groups: &'a Groups, reissue: bool) -> Rules<'a> {
        let now = time::macros::datetime!(2026-11-21 12:00 UTC);
        Rules { groups, key_type: KeyType::P256, generate_passwords: false, reissue, now }
    }

    /// The fates as letters, and all that is told; the same with partitions on the disk.
    fn plan(&self, list: &str, reissue: bool) -> (String, Vec<String>) {
        let path = self.write("list", list);
        let (groups, source) = (Groups::default(), Source::open(&self.workspace, &Origin::of(&path), None).unwrap());
        let [one, other] = [1 << 20, 2].map(|most| {
            let plan = make_with(&self.workspace, &source, &self.rules(&groups, reissue), most).unwrap();
            let letter = |fate: &Fate| match fate {
                Fate::Nothing => '.',
                Fate::New => 'n',
                Fate::Done => 'd',
                Fate::Changed => 'c',
                Fate::Taken => 't',
                Fate::Bad => 'b',
            };
            let told = plan.bad.iter().chain(&plan.kept).map(|told| format!("{}: {}", told.line, told.what)).collect();
            (plan.fates.iter().map(letter).collect::<String>(), told)
        });
        assert_eq!(one, other);
        one
    }

    /// The roster's line of a row in this list.
    fn roster(&self, list: &str, name: &str) -> String {
        let path = self.write("issued", list);
        let source = Source::open(&self.workspace, &Origin::of(&path), None).unwrap();
        let chunk = source.lines().unwrap().next(1000).unwrap().unwrap();
        let groups = Groups::default();
        let rules = self.rules(&groups, false);
        let mut rows = chunk.lines().map(|line| rules.row(&source.form, line).unwrap().unwrap());
        let row = rows.find(|row| row.name.as_str() == name).unwrap();
        crate::fleet::roster::line(&row, KeyType::P256, 90, row.digest())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir(self.workspace.root()).unwrap();
    }
}

fn issued(serial: &str, name: &str, until: u32) -> String {
    let digest = "ab".repeat(32);
    format!("issued\t{serial}\tclient\t{name}\t2026-01-01T00:00:00Z\t{until}-01-01T00:00:00Z\t01\tfile\t{digest}\n")
}

#[test]
fn names_and_users_that_stand_twice_are_told_with_their_first_line() {
    let folder = Folder::new("twice");
    let list = "\nname,user,password\na,,\nb,u,x\nbad;\nb,v,y\nc,u,z\nd,u,\na,,\ne,a,generate\nb,,\n";
    let (fates, told) = folder.plan(list, false);
    assert_eq!(fates, "nnbbbnbnb");
    assert_eq!(told[0][..5], *"5: 1 ");
    assert_eq!(
        told[1..],
        [
            "6: the name `b` stands in line 4 already",
            "7: the user `u` of `c` is given a password in line 4 already",
            "9: the name `a` stands in line 3 already",
            "11: the name `b` stands in line 4 already"
        ]
    );
}

#[test]
fn what_was_issued_is_done_or_changed_or_taken() {
    let folder = Folder::new("issued");
    let list = "name,days\na,1\nb,2\nc,3\nd,4\ne,5\nf,6\ng,7\nh,8\n";
    // the later line of a name counts
    let roster = [("a", 1), ("b", 9), ("c", 9), ("c", 3), ("d", 4), ("d", 9), ("g", 7)]
        .map(|(name, days)| folder.roster(&format!("name,days\n{name},{days}\n"), name));
    folder.write(layout::ROSTER, &roster.concat());
    let inventory = [
        issued("01", "a", 2029),
        issued("02", "e", 2027),
        issued("03", "f", 2026),
        issued("04", "g", 2027),
        issued("05", "h", 2027),
        "revoked\t04\t01\t2026-02-01T00:00:00Z\tsuperseded\nrevoked\t05\t01\t2026-02-01T00:00:00Z\tsuperseded\n"
            .to_owned(),
    ];
    folder.write(layout::INVENTORY, &inventory.concat());
    let (fates, told) = folder.plan(list, false);
    assert_eq!(fates, "dcdctncn");
    assert_eq!(told.len(), 4);
    assert!(told[0].starts_with("3: `b` was issued before, from a row that said something else"), "{}", told[0]);
    assert!(told[2].starts_with("6: `e` has a certificate that was not issued from a list"), "{}", told[2]);
    assert!(told[3].starts_with("8: `g` was issued before, and was revoked"), "{}", told[3]);
    let (fates, told) = folder.plan(list, true);
    assert_eq!((fates.as_str(), told.len()), ("dndnnnnn", 0));
}

#[test]
fn what_ends_soon_is_issued_anew_where_that_is_asked_for() {
    let folder = Folder::new("ending");
    let list = "name,days\nnew,1\nending,1\nended,1\n";
    folder.write(layout::ROSTER, &["new", "ending", "ended"].map(|name| folder.roster(list, name)).concat());
    let inventory = [issued("01", "new", 2029), issued("02", "ending", 2027), issued("03", "ended", 2026)];
    folder.write(layout::INVENTORY, &inventory.concat());
    let (fates, told) = folder.plan(list, false);
    assert_eq!(fates, "ddc");
    assert!(told[0].starts_with("4: `ended` was issued before, and its certificate has ended"), "{}", told[0]);
    assert_eq!(folder.plan(list, true).0, "dnn");
}

#[test]
fn a_user_who_has_a_password_already_is_not_given_another() {
    let folder = Folder::new("users");
    folder.write(layout::PASSWD, "# x:y\n a :$7$\n:b:$7$\nc\n");
    let list = "name,password\na,x\nb,generate\nc,x\nx,x\n# x:y,x\n";
    let (fates, told) = folder.plan(list, false);
    assert_eq!(fates, "ttnn.");
    assert!(told[0].starts_with("2: the user `a` of `a` has a password already"), "{}", told[0]);
    assert_eq!(folder.plan(list, true).0, "nnnn.");
    // who was issued from this row has it from there
    folder.write(layout::ROSTER, &folder.roster("name,password\na,x\n", "a"));
    assert_eq!(folder.plan(list, false).0, "dtnn.");
}

#[test]
fn many_bad_lines_are_counted_and_the_first_told() {
    let folder = Folder::new("many");
    let list: String =
        (0..5000).map(|at| if at % 2 == 0 { format!("{at},x\n") } else { format!("{at},1\n") }).collect();
    let (fates, told) = folder.plan(&format!("name,days\n{list}last,0"), false);
    assert_eq!(fates.matches('b').count(), 2501);
    assert_eq!(told.len(), MOST_TOLD);
    assert!(told[MOST_TOLD - 1].starts_with("100: `days` is `x`"), "{}", told[MOST_TOLD - 1]);
}

#[test]
fn a_list_that_is_written_to_meanwhile_is_told() {
    let folder = Folder::new("written");
    let path = folder.write("list", "name\na\n");
    let source = Source::open(&folder.workspace, &Origin::of(&path), None).unwrap();
    assert!(source.unchanged().is_ok());
    folder.write("list", "name\na\nb\n");
    assert_eq!(source.lines().err().unwrap().code, "fleet-list-unreadable");
}
