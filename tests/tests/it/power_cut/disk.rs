//! A disk as a power cut leaves it: what was synced, and of the rest nothing, or any of it, sector by sector.
//!
//! Rebuilt from the log that `shim.c` writes. A name is on the disk once its folder was synced, a file's bytes once
//! the file was; what was written while a sync was under way may be lost.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The numbers that a record of the log begins with.
const NUMBERS: usize = 4;

/// A change that no sync has covered yet, with its place in the log.
struct Pending<T> {
    place: u64,
    change: T,
}

enum FileChange {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

enum NameChange {
    Create { file: usize },
    Unlink,
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Pending<FileChange>>,
}

/// A disk and its cache at the end of a log.
#[derive(Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    names: BTreeMap<String, usize>,
    pending_names: Vec<Pending<(String, NameChange)>>,
    pub(crate) syncs: usize,
}

/// What of the changes that were not synced is lost.
pub(crate) enum Lost {
    Everything,
    /// Each sector, each change of length and each change of a name with even chances.
    Some(fastrand::Rng),
}

impl Disk {
    /// The disk after all that `log` tells. A record that the kill cut short is left out: it was not answered.
    pub(crate) fn of(log: &Path) -> Self {
        let log = std::fs::read(log).unwrap_or_default();
        let mut disk = Self::default();
        let (mut rest, mut place) = (log.as_slice(), 0);
        while let Some((numbers, behind)) = rest.split_at_checked(NUMBERS * size_of::<u64>()) {
            let number = |n: usize| u64::from_ne_bytes(numbers[n * 8..n * 8 + 8].try_into().unwrap());
            let [kind, inode, offset, length] = [number(0), number(1), number(2), number(3)];
            let carried = if matches!(kind, 1 | 2 | 5) { usize::try_from(length).unwrap() } else { 0 };
            let Some((bytes, behind)) = behind.split_at_checked(carried) else { break };
            disk.follow(place, kind, inode, offset, length, bytes);
            (rest, place) = (behind, place + 1);
        }
        disk
    }

    fn follow(&mut self, place: u64, kind: u64, inode: u64, offset: u64, length: u64, bytes: &[u8]) {
        let name =
            || Path::new(str::from_utf8(bytes).unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
        let size = |number: u64| usize::try_from(number).unwrap();
        match kind {
            1 => {
                let file = self.files.len();
                self.files.push(File::default());
                self.by_inode.insert(inode, file);
                self.pending_names.push(Pending { place, change: (name(), NameChange::Create { file }) });
            }
            2 => {
                let change = FileChange::Write { offset: size(offset), bytes: bytes.to_vec() };
                self.file(inode).pending.push(Pending { place, change });
            }
            3 => {
                let change = FileChange::Truncate { length: size(length) };
                self.file(inode).pending.push(Pending { place, change });
            }
            4 => {
                self.syncs += 1;
                self.file(inode).sync(offset);
            }
            5 => self.pending_names.push(Pending { place, change: (name(), NameChange::Unlink) }),
            6 => {
                for Pending { change, .. } in drain(&mut self.pending_names, offset) {
                    rename(&mut self.names, change);
                }
            }
            other => panic!("the load changed a file in a way that cannot be followed (kind {other})"),
        }
    }

    fn file(&mut self, inode: u64) -> &mut File {
        let file = *self.by_inode.get(&inode).expect("every file of the load is created by it");
        &mut self.files[file]
    }

    /// The power goes: writes what is left into the empty folder `into`.
    pub(crate) fn cut(mut self, mut lost: Lost, into: &Path) {
        for Pending { change, .. } in self.pending_names {
            if lost.is_spared() {
                rename(&mut self.names, change);
            }
        }
        for (name, file) in self.names {
            let File { mut synced, pending } = std::mem::take(&mut self.files[file]);
            for Pending { change, .. } in pending {
                spare(&mut synced, change, &mut lost);
            }
            std::fs::write(into.join(name), synced).unwrap();
        }
    }
}

impl File {
    /// Everything before `place` in the log is on the disk.
    fn sync(&mut self, place: u64) {
        for Pending { change, .. } in drain(&mut self.pending, place) {
            apply(&mut self.synced, &change);
        }
    }
}

impl Lost {
    fn is_spared(&mut self) -> bool {
        match self {
            Self::Everything => false,
            Self::Some(random) => random.bool(),
        }
    }
}

fn drain<T>(pending: &mut Vec<Pending<T>>, before: u64) -> Vec<Pending<T>> {
    let covered = pending.iter().take_while(|pending| pending.place < before).count();
    pending.drain(..covered).collect()
}

fn rename(names: &mut BTreeMap<String, usize>, (name, change): (String, NameChange)) {
    match change {
        NameChange::Create { file } => names.insert(name, file),
        NameChange::Unlink => names.remove(&name),
    };
}

fn apply(content: &mut Vec<u8>, change: &FileChange) {
    match change {
        FileChange::Truncate { length } => content.resize(*length, 0),
        FileChange::Write { offset, bytes } => {
            let end = offset + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(bytes);
        }
    }
}

/// Applies of a change what is spared.
fn spare(content: &mut Vec<u8>, change: FileChange, lost: &mut Lost) {
    match change {
        FileChange::Truncate { .. } if lost.is_spared() => apply(content, &change),
        FileChange::Truncate { .. } => {}
        FileChange::Write { offset, bytes } => {
            let mut at = offset;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (sector, behind) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                if lost.is_spared() {
                    apply(content, &FileChange::Write { offset: at, bytes: sector.to_vec() });
                }
                (at, rest) = (at + sector.len(), behind);
            }
        }
    }
}
