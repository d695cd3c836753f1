//! The inventory's file: what was issued and revoked is noted in the same change that writes the files.

use std::collections::HashSet;
use std::io::BufRead;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use time::OffsetDateTime;

use super::stamp;
use crate::error::Failure;
use crate::pki::crl::Crl;
use crate::pki::inventory::Book;
use crate::pki::inventory::Found;
use crate::pki::inventory::Issued;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Line;
use crate::pki::inventory::Rebuilt;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role;
use crate::pki::inventory::Row;
use crate::pki::inventory::rebuilt;
use crate::pki::inventory::revocations;
use crate::pki::parsed::Certificate;
use crate::workspace::FsError;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Notes a certificate that this change writes to `file`.
pub fn issued(change: &mut Transaction<'_>, certificate: &Certificate, role: Role, file: &Path) {
    let file = file.to_string_lossy();
    append(change, &Issued::new(certificate, role, &file).line());
}

pub fn revoked(change: &mut Transaction<'_>, entry: &Revoked<'_>) {
    append(change, &entry.line());
}

/// Notes lines that are made already.
pub(super) fn append(change: &mut Transaction<'_>, line: &str) {
    // a folder of an mqsec that kept none yet, or from which it was taken away
    if !change.has(layout::INVENTORY) {
        let made = from_files(change.workspace(), &[]);
        change.append(layout::INVENTORY, made.text.as_bytes());
    }
    change.append(layout::INVENTORY, line.as_bytes());
}

/// Its text; what the files tell where there is none.
pub fn text(change: &Transaction<'_>) -> Result<Vec<u8>, Failure> {
    Ok(match change.read(layout::INVENTORY)? {
        Some(bytes) => bytes.to_vec(),
        None => from_files(change.workspace(), &[]).text.into_bytes(),
    })
}

/// Makes the inventory anew from what is there and from what of it can be read; says where the old one is kept.
pub fn rebuild(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<(Rebuilt, Option<String>), Failure> {
    let workspace = change.workspace();
    let old = workspace.read(layout::INVENTORY)?.unwrap_or_default();
    let made = from_files(workspace, &old);
    let mut kept = None;
    if made.text.as_bytes() != old {
        kept = change.back_up(layout::INVENTORY, &stamp(now))?.map(|path| workspace.show(path));
        change.put(layout::INVENTORY, made.text.as_str());
    }
    Ok((made, kept))
}

fn from_files(workspace: &Workspace, old: &[u8]) -> Rebuilt {
    rebuilt(old, &certificates(workspace), &lists(workspace))
}

/// Every certificate below `certs/` that can be read.
pub fn certificates(workspace: &Workspace) -> Vec<Found> {
    const DEEPEST: usize = 6;
    let mut found = Vec::new();
    let mut folders = vec![("certs".to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let dir = workspace.path(&folder);
        if depth < DEEPEST {
            let inner = fs::folders(&dir).unwrap_or_default();
            folders.extend(inner.into_iter().map(|name| (format!("{folder}/{name}"), depth + 1)));
        }
        for file in fs::files(&dir) {
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if !name.ends_with(".crt") || name.ends_with(".chain.crt") {
                continue;
            }
            let path = format!("{folder}/{name}");
            let pem = fs::read(&file).ok().flatten().unwrap_or_default();
            let all = Certificate::all_from_pem(&pem, &path).unwrap_or_default();
            found.extend(all.into_iter().map(|certificate| Found { path: path.clone(), certificate }));
        }
    }
    found
}

/// The revocation lists that are in place.
pub fn lists(workspace: &Workspace) -> Vec<Crl> {
    let pem = workspace.read(layout::CA_CRL).ok().flatten().unwrap_or_default();
    Crl::all_from_pem(&pem, layout::CA_CRL).unwrap_or_default()
}

/// Which file the inventory was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Inventory,
    /// There is none; what the certificates and lists themselves tell.
    Files,
}

/// What is known now: the inventory, with what the lists in place revoke besides.
pub fn read(workspace: &Workspace, keep: Keep) -> Result<(Book, Source), Failure> {
    let mut book = Book::new(keep);
    let path = workspace.path(layout::INVENTORY);
    let source = match fs::open(&path) {
        Ok((file, length)) => {
            take_in(&mut book, file, length.unwrap_or_default(), &path)?;
            Source::Inventory
        }
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => {
            book.take(from_files(workspace, &[]).text.as_bytes());
            book.finish();
            Source::Files
        }
        Err(error) => return Err(error.into()),
    };
    for entry in lists(workspace).iter().flat_map(revocations) {
        book.revoke(&entry);
    }
    book.retire_authorities(&authorities(workspace));
    Ok((book, source))
}

/// The serial numbers that it has as revoked. Of all other lines the first letter alone is looked at.
pub fn revoked_serials(workspace: &Workspace) -> Result<HashSet<String>, Failure> {
    let path = workspace.path(layout::INVENTORY);
    let mut serials = HashSet::new();
    let file = match fs::open(&path) {
        Ok((file, _)) => file,
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => return Ok(serials),
        Err(error) => return Err(error.into()),
    };
    let mut lines = std::io::BufReader::with_capacity(1 << 17, file);
    let failed = |source| FsError::new("read", &path, source);
    let mut line = String::new();
    loop {
        match lines.fill_buf().map_err(failed)?.first() {
            None => return Ok(serials),
            Some(b'r') => {
                line.clear();
                // a line that is no text is told by whoever reads all of them
                if lines.read_line(&mut line).is_ok()
                    && let Some(Line::Revoked(entry)) = line.strip_suffix('\n').and_then(Line::parse)
                {
                    serials.insert(entry.serial.into_owned());
                }
            }
            Some(_) => drop(lines.skip_until(b'\n').map_err(failed)?),
        }
    }
}

/// Reads a file to its end; the halves of a long one by two threads.
fn take_in(book: &mut Book, file: impl Read, length: u64, path: &Path) -> Result<(), FsError> {
    const LONG: u64 = 1 << 20;
    let failed = |source| FsError::new("read", path, source);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let half = if length < LONG || cores < 2 { None } else { line_after(path, length / 2).map_err(failed)? };
    let Some((cut, rest)) = half else {
        book.expect(length);
        return pour(file, book).map_err(failed);
    };
    let mut second = book.sequel();
    book.expect(length);
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| {
            second.expect(length - cut);
            pour(rest, &mut second).map(|()| second)
        });
        (pour(file.take(cut), book), second.join())
    });
    first.map_err(failed)?;
    // a thread that did not come back has not read its half
    let second = second.unwrap_or_else(|_| Err(std::io::Error::other("the second half was not read")));
    book.join(second.map_err(failed)?);
    Ok(())
}

/// Where the next line begins, and the file from there on; nothing where there is none.
fn line_after(path: &Path, place: u64) -> std::io::Result<Option<(u64, impl Read + Send + use<>)>> {
    let Ok((mut file, _)) = fs::open(path) else { return Ok(None) };
    file.seek(SeekFrom::Start(place))?;
    let mut piece = vec![0; 1 << 16];
    let read = file.read(&mut piece)?;
    let Some(at) = piece[..read].iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let cut = place + at as u64 + 1;
    file.seek(SeekFrom::Start(cut))?;
    Ok(Some((cut, file)))
}

fn pour(mut from: impl Read, book: &mut Book) -> std::io::Result<()> {
    // small enough to stay in the processor's cache
    let mut piece = vec![0; 1 << 17];
    loop {
        match from.read(&mut piece)? {
            0 => break,
            read => book.take(&piece[..read]),
        }
    }
    book.finish();
    Ok(())
}

pub struct Clients {
    pub total: usize,
    /// Those that end first, with their ends.
    pub first: Vec<(String, OffsetDateTime)>,
}

/// The clients, where there are too many to read every certificate of theirs.
pub fn many_clients(workspace: &Workspace) -> Result<Option<Clients>, Failure> {
    const MANY: u64 = 256 * 1000;
    const FIRST: usize = 20;
    if fs::length(&workspace.path(layout::INVENTORY)).is_none_or(|length| length < MANY) {
        return Ok(None);
    }
    let (book, _) = read(workspace, Keep::Brief)?;
    let mut clients: Vec<&Row> = book.rows().iter().filter(|row| row.role == Role::Client).collect();
    clients.sort_by_key(|row| row.not_after);
    let end = |row: &&Row| OffsetDateTime::from_unix_timestamp(row.not_after).ok();
    let first = clients.iter().take(FIRST).filter_map(|row| Some((book.name(row).into_owned(), end(row)?)));
    Ok(Some(Clients { total: clients.len(), first: first.collect() }))
}

/// The fingerprints of the authorities that are in use or trusted.
fn authorities(workspace: &Workspace) -> Vec<String> {
    let mut all = Vec::new();
    for generation in [Generation::Current, Generation::Next, Generation::Old] {
        let files = layout::authority(generation);
        for path in [files.cert, files.signing_cert, files.cross] {
            let pem = workspace.read(&path).ok().flatten().unwrap_or_default();
            for certificate in Certificate::all_from_pem(&pem, "").unwrap_or_default() {
                all.push(certificate.fingerprint().replace(':', "").to_ascii_lowercase());
            }
        }
    }
    all
}
