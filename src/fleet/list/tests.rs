//! Lists of every kind, and what is wrong with lines.

use super::*;
use crate::acl::Grant;
use crate::export::Target;
use crate::fleet::row::Password;
use crate::pki::keys::KeyType;

/// The rows of a list, each as its name or as what is wrong with it; nothing for empty lines.
fn told(list: &str) -> Vec<String> {
    let (form, rows) = split(list);
    let one = |line: &str| match form.row(line.strip_suffix('\r').unwrap_or(line).as_bytes()) {
        Ok(None) => String::new(),
        Ok(Some(row)) => row.name.to_string(),
        Err(Problem(what)) => format!("! {what}"),
    };
    rows.strip_suffix('\n').unwrap_or(rows).split('\n').map(one).collect()
}

fn split(list: &str) -> (Form, &str) {
    let head = Form::detect(list.as_bytes(), None).unwrap();
    assert_eq!(list[..head.bytes].matches('\n').count(), head.lines);
    (head.form, &list[head.bytes..])
}

/// The only row of a list.
#[track_caller]
fn row(list: &str) -> Row {
    let (form, rows) = split(list);
    form.row(rows.trim_end_matches('\n').as_bytes()).unwrap().unwrap()
}

/// What is wrong with the only row of a list.
#[track_caller]
fn problem(list: &str) -> String {
    let (form, rows) = split(list);
    form.row(rows.trim_end_matches('\n').as_bytes()).unwrap_err().0
}

#[test]
fn every_cell_becomes_what_it_means() {
    let row = row("Name,DAYS,Key Type,SANs,username,password,ACL,profile,groups\n\
        küche 1, 90 ,P-256,a.lan 10.0.0.1;b.lan,kitchen,p:w,\"write s/{name}/#; read c/{user} ;deny x y\",esp_idf,\"a b;c\"");
    assert_eq!((row.name.as_str(), row.days, row.key_type), ("küche 1", Some(90), Some(KeyType::P256)));
    let names: Vec<String> = row.names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a.lan", "10.0.0.1", "b.lan"]);
    assert_eq!((row.user(), &row.groups[..]), ("kitchen", &["a".to_owned(), "b".to_owned(), "c".to_owned()][..]));
    // a colon ends a user's name in a password file, and is a letter like others in a password, whose hash stands there
    let Password::Given(password) = &row.password else { panic!() };
    assert_eq!(password.expose(), "p:w");
    let topics: Vec<_> = row.topics.iter().map(|topic| (topic.grant, topic.filter.as_str())).collect();
    assert_eq!(topics, [(Grant::Write, "s/küche 1/#"), (Grant::Read, "c/kitchen"), (Grant::Deny, "x y")]);
    assert_eq!(row.profile, Some(Target::EspIdf));
}

#[test]
fn json_lines_say_the_same() {
    let row = row(
        r#"{"name":"a","days":"30","names":["b.lan"],"keyType":"ed25519","topics":["write a;b","c"],"groups":"x y","generate":true,"user":null}"#,
    );
    assert_eq!((row.days, row.key_type, &row.password), (Some(30), Some(KeyType::Ed25519), &Password::Generate));
    let filters: Vec<&str> = row.topics.iter().map(|topic| topic.filter.as_str()).collect();
    assert_eq!((filters, row.groups.len(), row.user()), (vec!["a;b", "c"], 2, "a"));
    let told = told(
        "# a comment\n{\"name\":\"a\",\"days\":7}\n\n{\"name\":\"\\u0062\",\"password\":\" x\\\"y \"}\n{\"name\":\"c\"",
    );
    assert_eq!(told[..3], ["a", "", "b"]);
    assert!(told[3].starts_with("! no JSON (character 11): EOF"), "{}", told[3]);
}

#[test]
fn wrong_json_is_told_without_its_values() {
    for (line, what) in [
        (r#"{"nam":"a"}"#, "`nam` is no key of a device: name, days"),
        (r#"{"name":"a","name":"b"}"#, "the key `name` stands there twice"),
        (r#"{"san":"a","names":"b"}"#, "the key `names` stands there twice"),
        (r#"{"days":1}"#, "there is no `name`"),
        (r#"{"name":7}"#, "`name` is no text"),
        (r#"{"name":"a","password":8735}"#, "`password` is no text"),
        (r#"{"name":"a","password":["8735"]}"#, "`password` is no text"),
        (r#"{"name":"a","password":"8735","generate":true}"#, "only one of them"),
        (r#"{"name":"a","generate":"8735"}"#, "`generate` is neither true nor false"),
        (r#"{"name":"a","topics":{"8735":1}}"#, "`topics` is neither a text nor an array of texts"),
        (r#"{"name":"a","topics":["a",8735]}"#, "`topics` is neither a text nor an array of texts"),
        (r#"{"name":"a","days":1.5}"#, "`days` is no text"),
        (r#"{"name":"a","days":-8735}"#, "`days` is no text"),
        (r#"{"name":"a"} {"name":"8735"}"#, "no JSON (character 14): trailing characters"),
        (r#"["8735"]"#, "no JSON object"),
        (r#""8735""#, "no JSON object"),
        (r#"{"name":"a","password":"87\u000035"}"#, "the password has a control character"),
        (r#"{"name":"a","password":"87\n35"}"#, "the password has a control character"),
        (r#"{"name":"a","topics":["a\nb"]}"#, "control character"),
    ] {
        let Problem(told) = Form::detect(b"{}", None).unwrap().form.row(line.as_bytes()).unwrap_err();
        assert!(told.contains(what), "{line}: {told}");
        assert!(!told.contains("8735"), "{line}: {told}");
    }
}

#[test]
fn commas_semicolons_and_tabs_divide() {
    for divider in [",", ";", "\t"] {
        let list = format!("name,days,user\na,1,b\n\"c{divider}\"\"d\",2,e\n").replace(',', divider);
        let (form, rows) = split(&list);
        let rows: Vec<_> = rows.lines().map(|line| form.row(line.as_bytes())).collect();
        assert_eq!(rows[0].as_ref().unwrap().as_ref().unwrap().user(), "b");
        // a quotation mark is no letter of a file's name: that it came whole is told by the refusal
        let told = rows[1].as_ref().unwrap_err().to_string();
        let shown = format!("`c{divider}\"d`").replace('\t', "\u{fffd}");
        assert!(told.contains(&shown) || divider == "\t", "{told}");
    }
    // as a spreadsheet writes it that says what divides
    assert_eq!(told("sep=;\r\nname;user\r\na,b;c\r\n"), ["a,b"]);
}

#[test]
fn a_list_of_names_alone_needs_no_head_line() {
    assert_eq!(told("# all\n\nsensor 1\nsensor2\r\n\n# no\nb"), ["sensor 1", "sensor2", "", "", "b"]);
    assert_eq!(told("name\na\nb\n"), ["a", "b"]);
    assert!(told("a\nb,c\n")[1].contains("2 cells where the list has 1 column"));
}

#[test]
fn a_wrong_quotation_mark_spoils_its_own_line_alone() {
    let list = "name,topics\n\"a,x\nb,\"y\nc,\"y\"z\nd,y\"z\ne,\"y;\"\"z\"\nf, \"y\" \n\"g\",\n";
    let told = told(list);
    for (at, what) in
        [(0, "opened and not closed"), (1, "opened and not closed"), (2, "behind a closing"), (3, "in the middle")]
    {
        assert!(told[at].starts_with('!') && told[at].contains(what), "{}", told[at]);
    }
    assert_eq!(told[4..], ["e", "f", "g"]);
}

#[test]
fn cells_that_are_missing_or_too_many_are_told() {
    let told = told("name,days,user\na,1\nb,1,c,d\nc,1,d,,\n,,\n  \nd\n");
    assert!(told[0].starts_with("! 2 cells where the list has 3 columns: a comma"), "{}", told[0]);
    assert!(told[1].starts_with("! 4 cells where"), "{}", told[1]);
    assert_eq!(told[2..5], ["c", "", ""]);
    assert!(told[5].starts_with("! 1 cell where"), "{}", told[5]);
}

#[test]
fn columns_that_are_wrong_are_told_with_what_is_right() {
    let error = |list: &str| Form::detect(list.as_bytes(), None).unwrap_err();
    assert_eq!(error(""), HeadError::Empty);
    assert_eq!(error("\n# a\n\r\n"), HeadError::Empty);
    assert_eq!(error("[\n{\"name\":\"a\"}]"), HeadError::Array);
    let unknown = error("name,pasword\n");
    assert!(unknown.to_string().contains("a column `pasword`, which no list has (is it `password`?)"), "{unknown}");
    assert_eq!(error("\nname,san,days,SANs\n"), HeadError::Twice { line: 2, column: "names" });
    assert!(error("a1,90\na2,90\n").to_string().contains("line 1 of the list has no column `name`; it has `a1`, `90`"));
    assert!(matches!(error("name,\"days\n"), HeadError::Cells { line: 1, .. }));
    assert!(matches!(error("a\0b\n"), HeadError::NoText(_)));
    assert!(matches!(error("PK\u{3}\u{4}\n"), HeadError::NoName { .. }));
    let latin = Form::detect(b"name,gr\xf6\xdfe\n", None).unwrap_err();
    assert!(latin.to_string().contains("not UTF-8 (byte 8)"), "{latin}");
    // what is no column of ours is left alone by its mark
    assert_eq!(told("name,#place,days,\na,\"x, y\",1,\n"), ["a"]);
}

#[test]
fn asked_for_a_form_the_first_line_is_not_asked() {
    let form = |list: &str, format| Form::detect(list.as_bytes(), Some(format)).map(|head| head.form.format);
    assert_eq!(form("{a}\n", Format::Csv), Ok(Format::Csv));
    assert_eq!(form("name\n", Format::Jsonl), Ok(Format::Jsonl));
}

#[test]
fn what_is_wrong_in_a_cell_is_told() {
    for (list, what) in [
        ("name\n../a", "would leave its folder"),
        ("name\nCON", "name of a device on Windows"),
        ("name,days\na,0", "`days` is `0`: a whole number from 1 to 36500"),
        ("name,days\na,36501", "`days` is `36501`"),
        ("name,days\na,1.5", "`days` is `1.5`"),
        ("name,key\na,dsa", "`key_type` is `dsa`: one of p256"),
        ("name,names\na,b_ c/d", "`names`: `c/d` is not a host name"),
        ("name,user\na,b:c", "has a colon"),
        ("name,profile\na,toaster", "`profile` is `toaster`, which is no target"),
        ("name,password\na, secret", "begins or ends with a blank"),
        ("name,password\na,se\tcret", "control character"),
        ("name,topics\na,b/#/c", "`b/#/c` is not a topic filter"),
        ("name,topics\na,write", "an access without a topic"),
        ("name,topics\na,b/{id}", "`{id}`, which nothing stands for"),
        ("name,topics\na,b/%u/c", "write {user} or {name}"),
        ("name,topics\na+b,write b/{name}", "cannot be filled in with `a+b`"),
        ("name,topics\n\"#\",b/{name}", "cannot be filled in with `#`"),
        ("name,topics,user\na,b/{user},c/d", "cannot be filled in with `c/d`"),
        ("name,topics\n\"#a\",b", "the device's name is its user's"),
    ] {
        let told = problem(list);
        assert!(told.contains(what), "{list:?}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let wrong = format!("name,password\na,{}", "x".repeat(65536));
    assert!(problem(&wrong).contains("more than 64 KiB"));
    let long = format!("name,topics\na,{}a", "a/".repeat(201));
    assert!(problem(&long).contains("is not a topic filter"));
    let (form, _) = split("name\n");
    assert!(form.row(b"a\0b").unwrap_err().0.contains("NUL"));
    assert!(form.row(b"k\xfcche").unwrap_err().0.contains("not UTF-8 (byte 2)"));
}

#[test]
fn blanks_belong_to_a_password_where_they_are_meant() {
    let password = |list: &str| match row(list).password {
        Password::Given(password) => password.expose().to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(password("name,password\na,\" x \""), " x ");
    assert_eq!(password("name,password\na,x y"), "x y");
    assert_eq!(password("name,password\na,\"a\"\"b,c\""), "a\"b,c");
    assert_eq!(password("name,password\na,"), "None");
    assert_eq!(password("name,password\na,generate"), "Generate");
    assert_eq!(password("{\"name\":\"a\",\"password\":\" x\"}"), " x");
}

#[test]
fn a_name_without_wildcards_stays_one_level() {
    // a name that is a wildcard is no harm where it is not filled in
    assert_eq!(told("name,topics\na+b,read c/+\n"), ["a+b"]);
    // nor is what a name has in it filled in itself
    assert!(problem("name,user,topics\na,{name},x/{user}\n").contains("cannot be filled in with `{name}`"));
}

#[test]
fn what_another_writer_of_csv_wrote_is_read_as_it_was_meant() {
    let words = ["", "a", "a b", "a,b", "a;b", "\"", "a\"b\"", "\"a\"", " a ", "{\"x\":1}", "ü", "\t", "'", "a\\b"];
    // every three of them in a line
    for at in 0..words.len().pow(3) {
        let cells = [at, at / words.len(), at / words.len().pow(2)].map(|at| words[at % words.len()]);
        for separator in [b',', b';', b'\t'] {
            let mut writer = csv_core::WriterBuilder::new().delimiter(separator).build();
            let (mut line, mut length) = ([0; 200], 0);
            for (index, cell) in cells.iter().enumerate() {
                if index > 0 {
                    length += writer.delimiter(&mut line[length..]).1;
                }
                length += writer.field(cell.as_bytes(), &mut line[length..]).2;
            }
            length += writer.finish(&mut line[length..]).1;
            let line = std::str::from_utf8(&line[..length]).unwrap();
            let mut read = cells::Cells::new(line, separator);
            for cell in cells {
                assert_eq!(read.next().unwrap().unwrap().0, cell, "{line}");
            }
            assert_eq!(read.next(), Ok(None), "{line}");
        }
    }
}
