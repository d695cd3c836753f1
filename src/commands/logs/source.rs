//! Where a log comes from, and how its last lines and what is added to it are read, however long it is.

use std::collections::VecDeque;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::output::Output;
use crate::broker::EngineKind;
use crate::broker::docker::Docker;
use crate::conf;
use crate::context::Context;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::error::Plain;
use crate::logs::Splitter;
use crate::workspace::fs;
use crate::workspace::fs::FsError;
use crate::workspace::layout;
use crate::workspace::utf8;

pub(super) enum Source {
    File { path: PathBuf, name: String },
    Input,
    Container(Docker),
}

/// So much of a log before the lines that are shown is read for what it tells about them: version, reloads.
const BEFORE: u64 = 256 << 10;
const BLOCK: usize = 64 << 10;

impl Source {
    /// The log of the folder's broker: its file, or what its container wrote.
    pub(super) fn of_folder(context: &Context<'_>) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        let conf = workspace.read(layout::CONF)?.map(|bytes| utf8(bytes, layout::CONF)).transpose()?;
        let log = conf.as_deref().and_then(conf::log_file).unwrap_or_else(|| layout::LOG.to_owned());
        let file = |file: &str| Self::File { path: workspace.path(file), name: workspace.show(file) };
        if workspace.has(&log) {
            return Ok(file(&log));
        }
        let engine = EngineKind::last(workspace);
        if engine != Some(EngineKind::Native) && workspace.has(layout::COMPOSE) {
            match Docker::find(workspace) {
                Ok(docker) if docker.exists(workspace) => return Ok(Self::Container(docker)),
                // the container's log is the only place left
                Err(error) if engine == Some(EngineKind::Docker) => return Err(error.into()),
                _ => {}
            }
        }
        // a broker that died before its log was open has said why elsewhere
        if workspace.has(layout::START_LOG) {
            return Ok(file(layout::START_LOG));
        }
        Err(Plain::new("log-missing", format!("there is no log: no `{}`", workspace.show(layout::START_LOG)))
            .hint("the broker makes it when it starts: mqsec up")
            .into())
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::File { name, .. } => name.clone(),
            Self::Input => "-".to_owned(),
            Self::Container(docker) => format!("container {}", docker.container),
        }
    }

    /// Reads the last lines, or all.
    pub(super) fn read(&self, lines: Option<usize>, follow: bool, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Input => read_stream(std::io::stdin().lock(), Path::new("standard input"), lines, output)?,
            Self::Container(docker) => {
                read_stream(docker.log(lines, follow)?, Path::new("docker logs"), None, output)?;
            }
            Self::File { path, .. } => match fs::open(path)? {
                (file, None) => read_stream(file, path, lines, output)?,
                (file, Some(length)) => read_file(file, length, path, lines, follow, output)?,
            },
        }
        Ok(())
    }
}

/// Reads what has no known length to its end.
fn read_stream(
    mut stream: impl Read,
    path: &Path,
    lines: Option<usize>,
    output: &mut Output<'_>,
) -> Result<(), FsError> {
    let (mut splitter, mut block) = (Splitter::default(), vec![0; BLOCK]);
    let mut last = VecDeque::new();
    let mut each = |line: &str, output: &mut Output<'_>| match lines {
        None => output.line(line),
        Some(count) => {
            last.push_back(line.to_owned());
            if last.len() > count {
                last.pop_front().iter().for_each(|line| output.skipped(line));
            }
        }
    };
    while let length @ 1.. = read_block(&mut stream, &mut block, path)? {
        splitter.push(&block[..length], |line| each(line, output));
        output.flush();
    }
    splitter.finish(|line| each(line, output));
    last.iter().for_each(|line| output.line(line));
    Ok(())
}

/// Reads a file from its last lines on, and then what is added to it.
fn read_file(
    mut file: impl Read + Seek,
    length: u64,
    path: &Path,
    lines: Option<usize>,
    follow: bool,
    output: &mut Output<'_>,
) -> Result<(), FsError> {
    let error = |source| FsError::new("read", path, source);
    let mut block = vec![0; BLOCK];
    let start = match lines {
        None => 0,
        Some(count) => start_of_last(&mut file, length, count, &mut block).map_err(error)?,
    };
    let before = if output.explains() { start.saturating_sub(BEFORE) } else { start };
    file.seek(SeekFrom::Start(before)).map_err(error)?;
    let mut splitter = Splitter::default();
    let mut skipped = (&mut file).take(start - before);
    while let length @ 1.. = read_block(&mut skipped, &mut block, path)? {
        splitter.push(&block[..length], |line| output.skipped(line));
    }
    let mut offset = start;
    while let length @ 1.. = read_block(&mut file, &mut block, path)? {
        offset += length as u64;
        splitter.push(&block[..length], |line| output.line(line));
    }
    if follow {
        output.flush();
        return follow_file(path, offset, splitter, output);
    }
    splitter.finish(|line| output.line(line));
    Ok(())
}

/// Waits for more, also when the file is moved away and begun anew.
fn follow_file(path: &Path, mut offset: u64, mut splitter: Splitter, output: &mut Output<'_>) -> Result<(), FsError> {
    let mut block = vec![0; BLOCK];
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let (mut file, length) = match fs::open(path) {
            Ok((file, length)) => (file, length.unwrap_or(0)),
            // between two files
            Err(error) if error.code() == "file-not-found" => continue,
            Err(error) => return Err(error),
        };
        if length < offset {
            splitter.finish(|line| output.line(line));
            splitter = Splitter::default();
            offset = 0;
        }
        file.seek(SeekFrom::Start(offset)).map_err(|source| FsError::new("read", path, source))?;
        while let length @ 1.. = read_block(&mut file, &mut block, path)? {
            offset += length as u64;
            splitter.push(&block[..length], |line| output.line(line));
        }
        output.flush();
    }
}

/// Where the last lines begin: their line ends are counted from the file's end.
fn start_of_last(file: &mut (impl Read + Seek), length: u64, count: usize, block: &mut [u8]) -> std::io::Result<u64> {
    let (mut end, mut found) = (length, 0);
    while end > 0 {
        let size = end.min(block.len() as u64);
        let part = &mut block[..size as usize];
        file.seek(SeekFrom::Start(end - size))?;
        file.read_exact(part)?;
        for (index, _) in part.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let behind = end - size + index as u64 + 1;
            // the line end of the last line itself
            if behind == length {
                continue;
            }
            found += 1;
            if found == count {
                return Ok(behind);
            }
        }
        end -= size;
    }
    Ok(if count == 0 { length } else { 0 })
}

fn read_block(from: &mut impl Read, block: &mut [u8], path: &Path) -> Result<usize, FsError> {
    loop {
        match from.read(block) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result.map_err(|source| FsError::new("read", path, source)),
        }
    }
}
