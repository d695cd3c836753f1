//! Entries of tar and zip archives, as bytes that can be written one after the other by several threads and gone on with after
//! a crash: a tar needs its end alone, a zip its table of contents, which is kept beside it until then.

use std::io;

/// An entry.
pub struct Entry<'a> {
    /// Its path, with `/`.
    pub path: &'a str,
    pub bytes: &'a [u8],
    pub mode: u32,
}

/// Seconds since 1970 that every entry has as its time.
pub type Time = u64;

/// Adds a file to a tar.
pub fn tar_file(archive: &mut Vec<u8>, entry: &Entry<'_>, time: Time) -> io::Result<()> {
    let mut header = tar_header(entry.mode, time);
    header.set_size(entry.bytes.len() as u64);
    tar_path(archive, &mut header, entry.path)?;
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(entry.bytes);
    pad(archive, entry.bytes.len());
    Ok(())
}

/// Adds a second name of a file before it. Long names come as links to themselves in some programs, so they are written as files.
pub fn tar_link(archive: &mut Vec<u8>, path: &str, first: &Entry<'_>, time: Time) -> io::Result<()> {
    if path.len() > 100 || first.path.len() > 100 {
        return tar_file(archive, &Entry { path, ..*first }, time);
    }
    let mut header = tar_header(first.mode, time);
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    header.set_path(path)?;
    header.set_link_name(first.path)?;
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    Ok(())
}

/// What ends a tar.
pub const TAR_END: [u8; 1024] = [0; 1024];

fn tar_header(mode: u32, time: Time) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// A path of more than 100 bytes stands in an entry of its own before its file, as GNU tar does it.
fn tar_path(archive: &mut Vec<u8>, header: &mut tar::Header, path: &str) -> io::Result<()> {
    if header.set_path(path).is_ok() {
        return Ok(());
    }
    let mut long = tar::Header::new_gnu();
    long.as_gnu_mut().ok_or(io::ErrorKind::InvalidData)?.name[..13].copy_from_slice(b"././@LongLink");
    long.set_mode(0o644);
    long.set_uid(0);
    long.set_gid(0);
    long.set_mtime(0);
    long.set_size(path.len() as u64 + 1);
    long.set_entry_type(tar::EntryType::GNULongName);
    long.set_cksum();
    archive.extend_from_slice(long.as_bytes());
    archive.extend_from_slice(path.as_bytes());
    archive.push(0);
    pad(archive, path.len() + 1);
    // for programs that do not know of long names
    let mut end = path.len().min(99);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    header.set_path(&path[..end])
}

fn pad(archive: &mut Vec<u8>, length: usize) {
    let room = length.next_multiple_of(512) - length;
    archive.resize(archive.len() + room, 0);
}

/// Some entries of a zip, and what its table of contents says of them. Their places are counted from the first of them.
#[derive(Default)]
pub struct Zip {
    pub bytes: Vec<u8>,
    table: Vec<Listed>,
}

struct Listed {
    path: String,
    crc: u32,
    length: u32,
    mode: u32,
    offset: u64,
}

impl Zip {
    /// Adds a file, as it is: what a device gets is too short and too random to be compressed.
    pub fn file(&mut self, entry: &Entry<'_>) {
        let length = u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX);
        let listed = Listed {
            path: entry.path.to_owned(),
            crc: crc32fast::hash(entry.bytes),
            length,
            mode: entry.mode,
            offset: self.bytes.len() as u64,
        };
        self.bytes.extend_from_slice(b"PK\x03\x04");
        listed.common(&mut self.bytes, 10);
        self.bytes.extend_from_slice(&0_u16.to_le_bytes());
        self.bytes.extend_from_slice(entry.path.as_bytes());
        self.bytes.extend_from_slice(entry.bytes);
        self.table.push(listed);
    }

    /// The lines of the table of contents, when the entries begin at this place of the archive; and how many they are.
    pub fn table(&self, start: u64) -> (Vec<u8>, u64) {
        let mut table = Vec::new();
        for listed in &self.table {
            let offset = start + listed.offset;
            let far = offset >= u64::from(u32::MAX);
            table.extend_from_slice(b"PK\x01\x02");
            // made on Unix, so that the mode counts
            table.extend_from_slice(&(0x0300_u16 | if far { 45 } else { 20 }).to_le_bytes());
            listed.common(&mut table, if far { 45 } else { 10 });
            table.extend_from_slice(&(if far { 12_u16 } else { 0 }).to_le_bytes());
            table.extend_from_slice(&[0; 6]); // comment, disk, internal attributes
            table.extend_from_slice(&((0o100_000 | listed.mode) << 16).to_le_bytes());
            let near = u32::try_from(offset).ok().filter(|_| !far).unwrap_or(u32::MAX);
            table.extend_from_slice(&near.to_le_bytes());
            table.extend_from_slice(listed.path.as_bytes());
            if far {
                table.extend_from_slice(&[1, 0, 8, 0]);
                table.extend_from_slice(&offset.to_le_bytes());
            }
        }
        (table, self.table.len() as u64)
    }
}

impl Listed {
    /// What the entry's head and its line in the table share.
    fn common(&self, into: &mut Vec<u8>, version: u16) {
        into.extend_from_slice(&version.to_le_bytes());
        // names are UTF-8; stored
        into.extend_from_slice(&[0, 8, 0, 0]);
        // 1980-01-01, the first date that the format has
        into.extend_from_slice(&[0, 0, 0x21, 0]);
        into.extend_from_slice(&self.crc.to_le_bytes());
        into.extend_from_slice(&self.length.to_le_bytes());
        into.extend_from_slice(&self.length.to_le_bytes());
        into.extend_from_slice(&u16::try_from(self.path.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
}

/// What ends a zip: where its table of contents begins, how long it is, and of how many lines.
pub fn zip_end(start: u64, length: u64, count: u64) -> Vec<u8> {
    let mut end = Vec::new();
    let far = start >= u64::from(u32::MAX) || length >= u64::from(u32::MAX) || count >= u64::from(u16::MAX);
    if far {
        end.extend_from_slice(b"PK\x06\x06");
        end.extend_from_slice(&44_u64.to_le_bytes());
        end.extend_from_slice(&[45, 3, 45, 0]);
        end.extend_from_slice(&[0; 8]);
        for number in [count, count, length, start] {
            end.extend_from_slice(&number.to_le_bytes());
        }
        end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        end.extend_from_slice(&(start + length).to_le_bytes());
        end.extend_from_slice(&1_u32.to_le_bytes());
    }
    let short = |number: u64| u16::try_from(number).ok().filter(|_| !far).unwrap_or(u16::MAX).to_le_bytes();
    let long = |number: u64| u32::try_from(number).ok().filter(|_| !far).unwrap_or(u32::MAX).to_le_bytes();
    end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    end.extend_from_slice(&short(count));
    end.extend_from_slice(&short(count));
    end.extend_from_slice(&long(length));
    end.extend_from_slice(&long(start));
    end.extend_from_slice(&[0, 0]);
    end
}
