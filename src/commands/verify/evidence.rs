//! What certificates are judged by: trusted authorities, revocation lists, and the other certificates at hand.

use std::path::Path;

use super::Args;
use super::target::Source;
use super::target::Target;
use crate::context::Context;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::pki::crl::Crl;
use crate::pki::input;
use crate::pki::parsed::Certificate;
use crate::pki::verify::Finding;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub(super) struct Evidence {
    /// The broker's certificate, where another authority than the folder's issued it.
    pub(super) external: Option<Certificate>,
    /// The authorities that are trusted; none where no authority is known.
    pub(super) trust: Vec<Certificate>,
    /// The folder's own, whatever `--ca` says.
    pub(super) own: Vec<Certificate>,
    /// Those, and the signing authorities below them: whoever may have signed a list.
    pub(super) issuers: Vec<Certificate>,
    /// Whether the authority's keys lie in a folder of their own, which need not be there now.
    pub(super) keys_elsewhere: bool,
    /// The lists to judge by: those that were given, else what the broker reads.
    pub(super) crls: Vec<Crl>,
    /// The authority's own list, where the broker has a copy; a revocation may not have reached the broker yet.
    pub(super) newer: Vec<Crl>,
    /// Whether the folder has an authority and no list anywhere.
    pub(super) without_list: bool,
    /// Whether the reader gave the lists.
    pub(super) lists_given: bool,
    pub(super) nearby: Vec<Nearby>,
    /// The authorities of those, each once.
    pub(super) others: Vec<Certificate>,
}

/// A certificate that lies in the folder, or beside a file.
pub(super) struct Nearby {
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) certificate: Certificate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Folder,
    Backup,
    /// In the folder of a file that is judged.
    Beside,
}

impl Evidence {
    pub(super) fn gather(context: &Context<'_>, args: &Args, targets: &[Target]) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        // what is wrong with the folder's own files is told where they are judged
        let own_file = |file: &str| read(&workspace.path(file)).ok();
        let own = own_file(layout::CA_CERT)
            .and_then(|bytes| input::certificates(&bytes, layout::CA_CERT).ok())
            .map_or_else(Vec::new, |found| found.list);
        let mut issuers = own.clone();
        for generation in [Generation::Current, Generation::Next, Generation::Old] {
            let files = layout::authority(generation);
            for path in [files.signing_cert, files.cert] {
                let found = certificates(&workspace.path(path)).map_or_else(|_| Vec::new(), |found| found.list);
                issuers.extend(found);
            }
        }
        let trust = match &args.ca {
            Some(path) => certificates(path)?.list,
            None => own.clone(),
        };
        let lists = |file: &str| {
            own_file(file).and_then(|bytes| input::revocation_lists(&bytes, file).ok()).unwrap_or_default()
        };
        let (mut crls, mut newer) = (Vec::new(), Vec::new());
        for path in &args.crl {
            crls.extend(revocation_lists(path)?);
        }
        if args.crl.is_empty() && args.ca.is_none() {
            (crls, newer) = (lists(layout::broker::CRL), lists(layout::CA_CRL));
            if crls.is_empty() {
                crls = std::mem::take(&mut newer);
            }
        }
        let no_file = !workspace.has(layout::CA_CRL) && !workspace.has(layout::broker::CRL);
        let nearby = nearby(context, targets);
        let mut others: Vec<Certificate> = Vec::new();
        for found in nearby.iter().filter(|found| found.certificate.is_ca) {
            if others.len() < MOST_AUTHORITIES && !others.iter().any(|other| other.der == found.certificate.der) {
                others.push(found.certificate.clone());
            }
        }
        let external = workspace.has(layout::broker::EXTERNAL) && args.ca.is_none();
        let external = own_file(layout::broker::CERT).filter(|_| external);
        Ok(Self {
            external: external.and_then(|bytes| Certificate::from_pem(&bytes, "").ok()),
            without_list: no_file && !own.is_empty() && args.ca.is_none() && args.crl.is_empty(),
            lists_given: !args.crl.is_empty(),
            trust,
            own,
            issuers,
            keys_elsewhere: workspace.ca_dir().is_some(),
            crls,
            newer,
            nearby,
            others,
        })
    }
}

/// How many authorities are tried where an issuer is missing.
const MOST_AUTHORITIES: usize = 200;
/// How many files beside a judged one are looked at.
const MOST_FILES: usize = 200;

/// Reads a file within the limits.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Finding> {
    let shown = path.display();
    match fs::read_at_most(path, input::LARGEST_FILE) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Finding::invalid("file-not-found", format!("there is no `{shown}`"))
            .hint("look whether the path is right; issue what is missing: mqsec up")),
        Err(error) => {
            let found = Finding::invalid(error.code(), format!("{error}: {}", error.source));
            Err(match error.hints().into_iter().next() {
                Some(hint) => found.hint(hint),
                None => found,
            })
        }
    }
}

pub(super) fn certificates(path: &Path) -> Result<input::Certificates, Finding> {
    input::certificates(&read(path)?, &path.display().to_string())
}

pub(super) fn revocation_lists(path: &Path) -> Result<Vec<Crl>, Finding> {
    input::revocation_lists(&read(path)?, &path.display().to_string())
}

/// Certificates of the folder, its backups, and of the folders of judged files.
fn nearby(context: &Context<'_>, targets: &[Target]) -> Vec<Nearby> {
    let workspace = &context.workspace;
    let mut found = Vec::new();
    let mut look = |folder: &Path, place: Place, most: usize| {
        for path in fs::files(folder).into_iter().filter(|path| may_hold_certificates(path)).take(most) {
            let Ok(bytes) = read(&path) else { continue };
            let shown = path.display().to_string();
            let Ok(read) = input::certificates(&bytes, &shown) else { continue };
            found.extend(read.list.into_iter().map(|certificate| Nearby { path: shown.clone(), place, certificate }));
        }
    };
    let certs = workspace.path("certs");
    look(&certs, Place::Folder, usize::MAX);
    for folder in
        [layout::broker::DIR, "certs/signing", "certs/next", "certs/next/signing", "certs/old", "certs/old/signing"]
    {
        look(&workspace.path(folder), Place::Folder, usize::MAX);
    }
    let below = |folder: &str| {
        let folder = workspace.path(folder);
        fs::folders(&folder).unwrap_or_default().into_iter().map(move |name| folder.join(name))
    };
    below(layout::CLIENT_DIR).for_each(|folder| look(&folder, Place::Folder, usize::MAX));
    below(layout::BACKUP).for_each(|folder| look(&folder, Place::Backup, usize::MAX));
    for target in targets {
        if let Source::File(path) = &target.source {
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            look(folder, Place::Beside, MOST_FILES);
        }
    }
    found
}

fn may_hold_certificates(path: &Path) -> bool {
    path.extension().is_some_and(|end| ["crt", "pem", "cer"].iter().any(|known| end.eq_ignore_ascii_case(known)))
}
