//! The ACL file that a command is about.

use std::path::Path;
use std::path::PathBuf;

use crate::acl::Document;
use crate::acl::Rules;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::provision::credentials;
use crate::provision::dynsec;
use crate::provision::permissions;
use crate::series::Series;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

/// No ACL file that somebody wrote is longer; a broker would take minutes for it.
const LONGEST: u64 = 256 << 20;

pub(super) struct AclFile {
    pub document: Document,
    /// As the reader would type it.
    pub shown: String,
    /// Its place in the workspace; None for a file elsewhere.
    place: Option<PathBuf>,
    /// Whether it is there.
    pub exists: bool,
    /// Whether the workspace's configuration names it.
    pub named: bool,
}

impl AclFile {
    /// The file that `--file` names, or the configuration, or else mqsec's own.
    pub(super) fn find(context: &Context<'_>, file: Option<&Path>) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        let named = permissions::acl_file(workspace)?;
        let place = match file {
            Some(file) => place_of(workspace.root(), file),
            None => Some(named.clone().unwrap_or_else(|| PathBuf::from(layout::ACL))),
        };
        let path = file.map_or_else(|| workspace.path(place.clone().unwrap_or_default()), Path::to_owned);
        if file.is_some() && fs::is_dir(&path) {
            return Err(credentials::is_a_folder(&path));
        }
        let bytes = fs::read_at_most(&path, LONGEST)?;
        if bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 > LONGEST) {
            return Err(Plain::new("acl-file-long", format!("`{}` is longer than 256 MB", path.display()))
                .hint("give the ACL file itself: mqsec acl --file FILE")
                .into());
        }
        let is_named = named.is_some() && place == named;
        Ok(Self {
            exists: bytes.is_some(),
            document: Document::parse(&bytes.unwrap_or_default()),
            shown: path.strip_prefix(".").unwrap_or(&path).display().to_string(),
            place,
            named: is_named,
        })
    }

    /// The file that has to be there.
    pub(super) fn must_find(context: &Context<'_>, file: Option<&Path>) -> Result<Self, Failure> {
        let found = Self::find(context, file)?;
        let plugin = matches!(dynsec::active(&context.workspace), Ok(Some(_)));
        if found.exists {
            found.warn_of_unread(context, plugin);
            return Ok(found);
        }
        let error = Plain::new("acl-file-missing", format!("there is no ACL file `{}`", found.shown));
        Err(if file.is_some() && !found.named {
            error.hint("without --file it is the one that the configuration names; see: mqsec conf get acl_file")
        } else if !context.workspace.has(layout::CONF) {
            error.detail(format!("and no `{}` that names one", context.workspace.show(layout::CONF))).hint("make both: mqsec up")
        } else if found.named {
            error.detail("the configuration names it: a broker does not start without it").hint("make it: mqsec up")
        } else if plugin {
            error
                .detail("the configuration names no acl_file: the dynamic security plugin decides")
                .hint("who may do what: mqsec dynsec list")
        } else {
            error
                .detail("the configuration names no acl_file: whoever gets in may read and write everything")
                .hint("begin one: mqsec acl add USER readwrite TOPIC, and write `acl_file config/mosquitto.acl` into the configuration")
        }
        .into())
    }

    /// mqsec's own file, where the configuration does not name it: an answer from it is not the broker's.
    pub(super) fn warn_of_unread(&self, context: &Context<'_>, plugin: bool) {
        let own = self.place.as_deref() == Some(Path::new(layout::ACL));
        if self.named || !own || !context.workspace.has(layout::CONF) {
            return;
        }
        let why = if plugin { "; the dynamic security plugin decides, see: mqsec dynsec list" } else { "" };
        let text = format!("the configuration does not name `{}`: no broker reads it{why}", self.shown);
        context.ui.warn(context.ui.with_folder(&text));
    }

    /// The rules for each of these series; a failure where one would not start.
    pub(super) fn rules(&self, targets: &[Series]) -> Result<Vec<(Series, Rules)>, Failure> {
        self.check()?;
        Ok(targets.iter().map(|series| (*series, Rules::of(&self.document, *series))).collect())
    }

    /// Whether a broker starts with it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        permissions::refuse_broken(&self.document, &self.shown).map_err(|mut failure| {
            if !self.named {
                failure.hints =
                    vec![format!("what is wrong, line by line: mqsec acl lint --file {}", quoted(&self.shown))];
            }
            failure
        })
    }

    /// Writes the changed document back to its place.
    pub(super) fn save(&self, context: &Context<'_>, document: &Document) -> Result<bool, Failure> {
        let Some(place) = &self.place else {
            return Err(Plain::new(
                "acl-file-elsewhere",
                format!("`{}` is not in the workspace, and is not changed", self.shown),
            )
            .hint("give the folder that has it: mqsec --dir DIR acl …")
            .into());
        };
        let mut change = Transaction::begin(&context.workspace)?;
        change.put(place.clone(), document.to_bytes());
        Ok(!change.commit()?.is_empty())
    }

    /// `FILE:LINE: text`, as an editor takes it.
    pub(super) fn at(&self, line: usize) -> String {
        format!("{}:{line}: {}", self.shown, printable(&self.document.text(line)))
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The path inside the workspace of a file that is there, or whose folder is.
fn place_of(root: &Path, file: &Path) -> Option<PathBuf> {
    let here = |folder: &Path| if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() };
    let above = file.ancestors().skip(1).find(|folder| fs::same_folder(root, &here(folder)))?;
    file.strip_prefix(above).ok().map(Path::to_owned)
}
