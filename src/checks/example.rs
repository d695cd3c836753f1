//! A rule's examples: what is changed in a fresh workspace so that the rule fires, or so that one could think it should.

use super::Kind;
use super::Subject;

/// Changes that are made, in this order, to the workspace that `mqsec up` writes (profile password+cert, users `admin`
/// and `client`, native or container).
pub struct Example {
    /// What the reader sees of it: a few words.
    pub name: &'static str,
    pub changes: &'static [Change],
}

pub enum Change {
    /// A file with this text, new or in place of what is there.
    Write(&'static str, &'static str),
    Bytes(&'static str, &'static [u8]),
    Append(&'static str, &'static str),
    /// The first place of a text in a file.
    Replace(&'static str, &'static str, &'static str),
    Remove(&'static str),
    /// The same bytes under another path.
    Copy(&'static str, &'static str),
    Mode(&'static str, u32),
    Owner(&'static str, u32, u32),
    /// The file becomes a symbolic link to this.
    Link(&'static str, &'static str),
    /// The clock goes on (or back) by so many days.
    Days(i64),
    /// What no other form says.
    With(fn(&mut Subject)),
}

impl Change {
    /// Makes the change; a change of a file that is not there is the example's own mistake.
    pub fn apply(&self, subject: &mut Subject) {
        let folder = &mut subject.folder;
        match *self {
            Self::Write(path, text) => subject.write(path, text.as_bytes().to_vec()),
            Self::Bytes(path, bytes) => subject.write(path, bytes.to_vec()),
            Self::Append(path, text) => {
                let now = folder.bytes(path).map(|bytes| [bytes, text.as_bytes()].concat());
                subject.write(path, now.unwrap_or_else(|| missing(path)));
            }
            Self::Replace(path, from, to) => {
                let now = folder.text(path).filter(|text| text.contains(from)).map(|text| text.replacen(from, to, 1));
                subject.write(path, now.unwrap_or_else(|| missing(path)).into_bytes());
            }
            Self::Remove(path) => drop(folder.remove(path)),
            Self::Copy(from, to) => match folder.file(from).cloned() {
                Some(file) => folder.put(to, file),
                None => missing(from),
            },
            Self::Mode(path, mode) => folder.file_mut(path).map_or_else(|| missing(path), |file| file.mode = mode),
            Self::Owner(path, uid, gid) => {
                folder.file_mut(path).map_or_else(|| missing(path), |file| (file.uid, file.gid) = (uid, gid));
            }
            Self::Link(path, to) => {
                folder.file_mut(path).map_or_else(|| missing(path), |file| file.kind = Kind::Link(to.to_owned()));
            }
            Self::Days(days) => subject.now += time::Duration::days(days),
            Self::With(change) => change(subject),
        }
        subject.forget();
    }
}

fn missing(path: &str) -> ! {
    panic!("the example changes `{path}`, which is not there, or not so")
}
