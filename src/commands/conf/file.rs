//! The configuration of the folder, as the commands of `conf` look at it.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::conf::reading::Files;
use crate::conf::reading::Place;
use crate::conf::reading::Reading;
use crate::conf::start;
use crate::conf::start::Cause;
use crate::conf::start::Port;
use crate::conf::start::Start;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::configuration;
use crate::series::Series;
use crate::snapshot;
use crate::takeover::Here;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// A longer file is no configuration.
const LONGEST: u64 = 32 << 20;

pub(super) struct Configuration<'a> {
    workspace: &'a Workspace,
    now: OffsetDateTime,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Configuration<'a> {
    pub(super) fn load(context: &'a Context<'_>) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        let Some(bytes) = fs::read_at_most(&workspace.path(layout::CONF), LONGEST)? else {
            return Err(configuration::missing(workspace).hint("or without a broker: mqsec conf init").into());
        };
        // an edit of a part would lose the rest
        if bytes.len() as u64 > LONGEST {
            let what =
                format!("`{}` is longer than {} MB: no configuration", workspace.show(layout::CONF), LONGEST >> 20);
            return Err(Plain::new("conf-too-long", what)
                .hint("write a new one and keep this: mqsec conf init --force")
                .into());
        }
        Ok(Self { workspace, now: context.now, bytes })
    }

    /// The path as the reader types it.
    pub(super) fn shown(&self) -> String {
        self.workspace.show(layout::CONF)
    }

    /// What a broker makes of it.
    pub(super) fn reading(&self, series: Series) -> Reading {
        self.reading_of(&self.bytes, series)
    }

    /// What a broker would make of it with these contents.
    pub(super) fn reading_of(&self, bytes: &[u8], series: Series) -> Reading {
        Reading::read(layout::CONF, bytes, &Disk(self.workspace), series)
    }

    /// The line of this file that would end a broker's start with these contents, and why; None where it starts.
    pub(super) fn stop_of(&self, bytes: &[u8], series: Series) -> Option<(Option<usize>, String)> {
        let reading = self.reading_of(bytes, series);
        let problem = reading.stopped()?;
        Some((own_line(&problem.place), self.told(&problem.what, &problem.place)))
    }

    /// The same with all the files that it names: what is wrong with one of them is wrong with the line that names it.
    pub(super) fn files_stop(&self, bytes: &[u8], series: Series) -> Option<FilesStop> {
        let subject = snapshot::of_broker(self.workspace, self.now, Series::RELEASED.to_vec(), None);
        // a broker that runs has the ports, and gives them to the one that follows it
        let here = Here::new(self.workspace, &subject, true);
        match start::predict(&self.reading_of(bytes, series), &here) {
            Start::Runs(_) => None,
            Start::Stops(stop) => Some(FilesStop {
                line: own_line(&stop.place),
                why: self.told(&stop.cause, &stop.place),
                elsewhere: is_elsewhere(&stop.cause),
            }),
        }
    }

    /// What is wrong, with its place.
    fn told(&self, what: &dyn std::fmt::Display, place: &Place) -> String {
        format!("{what} (`{}` line {})", self.workspace.show(&place.path), place.line)
    }

    /// The series for which it is meant: those that start with it, or else those that are out.
    pub(super) fn targets(&self, asked: Option<Series>) -> Vec<Series> {
        if let Some(series) = asked {
            return vec![series];
        }
        let starts: Vec<Series> =
            Series::RELEASED.iter().copied().filter(|series| self.reading(*series).stop.is_none()).collect();
        if starts.is_empty() { Series::RELEASED.to_vec() } else { starts }
    }
}

/// A stop by a file that the configuration names.
pub(super) struct FilesStop {
    pub(super) line: Option<usize>,
    pub(super) why: String,
    /// The file lies outside of the folder, where a container may have it.
    pub(super) elsewhere: bool,
}

fn own_line(place: &Place) -> Option<usize> {
    (place.path == layout::CONF).then_some(place.line)
}

/// The files of the workspace, and those of the machine, as the configuration names them.
pub(super) struct Disk<'a>(&'a Workspace);

impl Disk<'_> {
    /// In the container the workspace is `/mosquitto`.
    pub(super) fn path(&self, named: &str) -> PathBuf {
        self.0.path(named.strip_prefix("/mosquitto/").unwrap_or(named))
    }
}

impl Files for Disk<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(&self.path(path)).ok().flatten()
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        let path = self.path(folder);
        let name = |path: std::path::PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        fs::is_dir(&path).then(|| fs::files(&path).into_iter().filter_map(name).collect())
    }
}

/// Whether a stop is about something outside of the folder, which a container, or another machine, may have.
fn is_elsewhere(cause: &Cause) -> bool {
    let path = match cause {
        Cause::User { .. } | Cause::Interface { .. } => return true,
        Cause::Listen { why, .. } => return matches!(why, Port::NotHere | Port::NotPermitted),
        Cause::Plugin { path, .. }
        | Cause::File { path, .. }
        | Cause::Certificate { path, .. }
        | Cause::Key { path, .. }
        | Cause::Authorities { path, .. }
        | Cause::Crl { path, .. }
        | Cause::HttpDir { path } => path,
        _ => return false,
    };
    path.starts_with('/') && !path.starts_with("/mosquitto/")
}
