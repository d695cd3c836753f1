//! A run: all cores issue, one thread writes, one brings to the disk what was written and notes it. A batch is noted in one change
//! (inventory, roster, what the password file and the ACL will get, how far the archive goes), so that a run that is killed at any
//! moment has devices that are noted and whole, and rests that the next run takes away.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use std::time::Instant;

use super::merge;
use super::office::Office;
use super::plan::Fate;
use super::plan::MOST_TOLD;
use super::plan::Plan;
use super::plan::Rules;
use super::plan::Told;
use super::sink;
use super::sink::Kind;
use super::sink::Sink;
use super::source::Chunk;
use super::source::Lines;
use super::source::Source;
use super::state;
use super::state::State;
use super::worker::Made;
use super::worker::SAMPLES;
use super::worker::Sample;
use super::worker::Worker;
use crate::error::Failure;
use crate::error::Plain;
use crate::fleet::list::Form;
use crate::pki::mint::Mint;
use crate::provision::inventory;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::fs::bulk::Growing;
use crate::workspace::layout;

/// What a run did.
pub struct Done {
    /// By this run, and by all runs of the list together.
    pub issued: u64,
    pub in_all: u64,
    /// The first of them, and how many they are.
    pub bad: Vec<Told>,
    /// What devices with a profile will have trouble with.
    pub warnings: BTreeSet<String>,
    pub bad_count: usize,
    pub samples: Vec<Sample>,
    pub merged: merge::Merged,
    pub state: State,
}

/// Lines that a worker takes at once.
const CHUNK: usize = 64;
/// How many devices are noted at once: so many when nothing holds that up, so many at the most, and those that there are after
/// so long. An archive is brought to the disk in no time, thousands of folders take as long as they took to be made, and hold up
/// whoever makes more of them meanwhile.
struct Pace {
    usual: u64,
    most: u64,
    patience: Duration,
}

impl Pace {
    fn of(kind: Kind) -> Self {
        match kind.is_folder() {
            true => Self { usual: 16_384, most: 32_768, patience: Duration::from_secs(1) },
            false => Self { usual: 512, most: 576, patience: Duration::from_millis(300) },
        }
    }
}

const MOST_WARNINGS: usize = 20;

/// Issues every new row, and ends the list.
pub fn run(
    office: &Office<'_>,
    rules: &Rules<'_>,
    source: &Source,
    plan: &Plan,
    progress: &mut dyn FnMut(u64),
) -> Result<Done, Failure> {
    let workspace = office.workspace;
    let mint = Mint::open(&office.authority, office.now)?;
    let worker = Worker { office, mint: &mint, rules };
    let mut state = office.state.clone();
    let sink = Sink::open(workspace, &state, office.resumed)?;
    let issued_before = state.issued;
    state.replace |= rules.reissue;
    // the names of what is begun are written from the start again
    state.started = 0;
    match office.resumed {
        true => {
            let mut change = Transaction::begin(workspace)?;
            state.put(&mut change);
            change.commit()?;
        }
        // from here on there is a run that can be gone on with; one that a power failure takes back has issued nothing
        false => workspace.note(layout::fleet::STATE, &state.text())?,
    }
    let started = Started::open(workspace)?;
    let desk = Desk { worker: &worker, plan, form: &source.form, started: &started, stop: AtomicBool::new(false) };
    let lines = Mutex::new(source.lines()?);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut done = Done {
        issued: 0,
        in_all: 0,
        bad: Vec::new(),
        warnings: BTreeSet::new(),
        bad_count: 0,
        samples: Vec::new(),
        merged: merge::Merged::default(),
        state: state.clone(),
    };
    std::thread::scope(|scope| -> Result<(), Failure> {
        let (made, coming) = sync_channel(2 * threads);
        for _ in 0..threads {
            let (desk, lines, made) = (&desk, &lines, made.clone());
            scope.spawn(move || desk.work(lines, &made));
        }
        drop(made);
        let (batches, to_note) = sync_channel::<Batch>(0);
        let sink = &sink;
        let clerk = scope.spawn(move || note_all(workspace, sink, &to_note));
        let written = write_all((sink, &started), coming, &batches, &mut state, &mut done, progress);
        desk.stop.store(true, Ordering::Relaxed);
        drop(batches);
        let noted = clerk.join().unwrap_or_else(|_| Err(Plain::new("fleet-broken", "a thread ended too early").into()));
        noted.and(written)
    })?;
    done.in_all = state.issued;
    done.issued = state.issued - issued_before;
    done.state = state;
    done.merged = finish(workspace, &done.state)?;
    Ok(done)
}

/// Ends an interrupted run with what it has.
pub fn give_up(workspace: &Workspace, state: State) -> Result<Done, Failure> {
    if !state.ended {
        if state.kind.is_folder() {
            state::clear_leftovers(workspace, &state, &sink::folder(workspace, &state))?;
        }
        // an archive that is gone cannot be ended, and everything else can
        if state.kind != Kind::Stdout && (state.kind.is_folder() || fs::exists(&state.part())) {
            Sink::open(workspace, &state, true)?.end(workspace, &state, &[])?;
        }
    }
    let merged = finish(workspace, &state)?;
    Ok(Done {
        issued: 0,
        in_all: state.issued,
        bad: Vec::new(),
        bad_count: 0,
        warnings: BTreeSet::new(),
        samples: Vec::new(),
        merged,
        state,
    })
}

/// What remains when every device is noted and the archive has its end: its name, and the broker's files, once.
pub fn finish(workspace: &Workspace, state: &State) -> Result<merge::Merged, Failure> {
    // every name in it is noted, or its folder is taken away; no later run is to find it
    fs::remove_file(&workspace.path(layout::fleet::STARTED))?;
    sink::place(state)?;
    let rests = [layout::fleet::PASSWD, layout::fleet::ACL, layout::fleet::TABLE];
    let mut merged = merge::Merged::default();
    if rests.iter().any(|path| workspace.has(path)) {
        let mut change = Transaction::begin(workspace)?;
        merged = merge::logins(&mut change, state.replace)?;
        rests.into_iter().for_each(|path| change.remove(path));
        change.remove(layout::fleet::STATE);
        change.commit()?;
    }
    // whoever finds it again does this again, and there is nothing left to do
    fs::remove_file(&workspace.path(layout::fleet::STATE))?;
    Ok(merged)
}

/// What workers share.
struct Desk<'a> {
    worker: &'a Worker<'a>,
    plan: &'a Plan,
    form: &'a Form,
    started: &'a Started,
    stop: AtomicBool,
}

impl Desk<'_> {
    /// Takes lines and makes devices of them until there are none.
    fn work(&self, lines: &Mutex<Lines>, made: &SyncSender<Result<Made, Failure>>) {
        while !self.stop.load(Ordering::Relaxed) {
            let taken = match lines.lock() {
                Ok(mut lines) => lines.next(CHUNK),
                Err(_) => return,
            };
            let result = match taken {
                Ok(Some(chunk)) => self.chunk(&chunk),
                Ok(None) => return,
                Err(failure) => Err(failure),
            };
            let failed = result.is_err();
            if made.send(result).is_err() || failed {
                return;
            }
        }
    }

    fn chunk(&self, chunk: &Chunk) -> Result<Made, Failure> {
        let mut made = Made::default();
        let mut rows = Vec::with_capacity(CHUNK);
        for (at, line) in chunk.lines().enumerate() {
            let index = chunk.first + at;
            if self.plan.fates.get(index) != Some(&Fate::New) {
                continue;
            }
            match self.worker.rules.row(self.form, line) {
                Ok(Some(row)) => rows.push((index + 1, row)),
                Ok(None) => {}
                // it was whole when the list was read first
                Err(problem) => made.bad.push(Told { line: index + 1, what: problem.0 }),
            }
        }
        if self.worker.office.form.kind.is_folder() {
            made.started = self.started.begin(self.worker.free(&rows)?.into_iter())?;
        }
        for (line, row) in &rows {
            self.worker.issue(*line, row, &mut made)?;
        }
        Ok(made)
    }
}

/// Some devices that are to be noted together.
struct Batch {
    state: State,
    inventory: String,
    roster: String,
    passwd: zeroize::Zeroizing<Vec<u8>>,
    acl: String,
    table: Vec<u8>,
    count: u64,
}

impl Batch {
    fn new(state: &State) -> Self {
        Self {
            state: state.clone(),
            inventory: String::new(),
            roster: String::new(),
            passwd: zeroize::Zeroizing::default(),
            acl: String::new(),
            table: Vec::new(),
            count: 0,
        }
    }

    fn take(&mut self, made: &Made) {
        self.inventory.push_str(&made.inventory);
        self.roster.push_str(&made.roster);
        self.passwd.extend_from_slice(&made.passwd);
        self.acl.push_str(&made.acl);
        self.count += made.count;
    }
}

/// Writes what the workers made, and hands it on in batches.
fn write_all(
    (sink, started): (&Sink, &Started),
    coming: Receiver<Result<Made, Failure>>,
    batches: &SyncSender<Batch>,
    state: &mut State,
    done: &mut Done,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let gone = || Failure::from(Plain::new("fleet-broken", "a thread ended too early"));
    let pace = Pace::of(state.kind);
    let mut batch = Batch::new(state);
    let mut since = Instant::now();
    for made in coming {
        let made = made?;
        sink.add(&made.blob, state, &mut batch.table)?;
        started.end(made.started);
        batch.take(&made);
        state.issued += made.count;
        progress(made.count);
        // they do not name the device, so there are few
        if done.warnings.len() < MOST_WARNINGS {
            done.warnings.extend(made.warnings);
        }
        done.bad_count += made.bad.len();
        let room = MOST_TOLD.saturating_sub(done.bad.len());
        done.bad.extend(made.bad.into_iter().take(room));
        keep_samples(&mut done.samples, made.samples);
        if batch.count >= pace.usual || since.elapsed() > pace.patience {
            state.started = started.floor();
            batch.state = state.clone();
            batch = match batches.try_send(batch) {
                Ok(()) => {
                    since = Instant::now();
                    Batch::new(state)
                }
                Err(TrySendError::Full(batch)) if batch.count < pace.most => batch,
                Err(TrySendError::Full(batch)) => {
                    batches.send(batch).map_err(|_| gone())?;
                    since = Instant::now();
                    Batch::new(state)
                }
                Err(TrySendError::Disconnected(_)) => return Err(gone()),
            };
        }
    }
    state.started = started.floor();
    state.ended = true;
    batch.state = state.clone();
    batches.send(batch).map_err(|_| gone())
}

/// The first, and then every now and then another one in place of an earlier one.
fn keep_samples(samples: &mut Vec<Sample>, made: Vec<Sample>) {
    for sample in made {
        match samples.len() {
            0..SAMPLES => samples.push(sample),
            _ => {
                let at = usize::from(crate::secret::random_bytes::<1>()[0]);
                if let Some(old) = samples.get_mut(at) {
                    *old = sample;
                }
            }
        }
    }
}

/// Brings batches to the disk, and notes their devices.
fn note_all(workspace: &Workspace, sink: &Sink, batches: &Receiver<Batch>) -> Result<(), Failure> {
    for batch in batches {
        match batch.state.ended {
            true => sink.end(workspace, &batch.state, &batch.table)?,
            false => sink.sync()?,
        }
        let mut change = Transaction::begin(workspace)?;
        if !batch.inventory.is_empty() {
            inventory::append(&mut change, &batch.inventory);
            change.append(layout::ROSTER, batch.roster.as_bytes());
        }
        let table = sink::table_line(&batch.table);
        let rests = [
            (layout::fleet::PASSWD, batch.passwd.as_slice()),
            (layout::fleet::ACL, batch.acl.as_bytes()),
            (layout::fleet::TABLE, table.as_bytes()),
        ];
        for (path, bytes) in rests.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
            change.append(path, bytes);
        }
        batch.state.put(&mut change);
        change.commit()?;
    }
    Ok(())
}

/// The names of devices whose folders are begun, so that those that are never noted can be taken away.
struct Started {
    file: Growing,
    open: Mutex<Open>,
}

struct Open {
    end: u64,
    /// Where chunks begin that were not written yet.
    chunks: BTreeSet<u64>,
}

impl Started {
    fn open(workspace: &Workspace) -> Result<Self, Failure> {
        let path = workspace.path(layout::fleet::STARTED);
        fs::remove_file(&path)?;
        let file = Growing::create(&path, 0o600, workspace.owner(layout::Whose::Operator))?;
        Ok(Self { file, open: Mutex::new(Open { end: 0, chunks: BTreeSet::new() }) })
    }

    /// Notes the names; says where.
    fn begin<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<u64, Failure> {
        let mut text = String::from("\n");
        names.for_each(|name| text.extend([name, "\n"]));
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = open.end;
        self.file.add(text.as_bytes())?;
        open.end += text.len() as u64;
        open.chunks.insert(start);
        Ok(start)
    }

    fn end(&self, start: u64) {
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).chunks.remove(&start);
    }

    /// What stands before it is noted with the next batch.
    fn floor(&self) -> u64 {
        let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.chunks.first().copied().unwrap_or(open.end)
    }
}
