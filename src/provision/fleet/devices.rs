//! The devices that were issued from lists, as the roster has them now, and the newest certificate of each.

use std::collections::HashMap;

use crate::error::Failure;
use crate::fleet::roster::Device;
use crate::pki::inventory::Book;
use crate::pki::inventory::Role;
use crate::pki::inventory::Row;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::utf8;

/// The roster's text; empty where nothing was issued from a list yet.
pub fn text(workspace: &Workspace) -> Result<String, Failure> {
    match workspace.read(layout::ROSTER)? {
        Some(bytes) => Ok(utf8(bytes, &workspace.show(layout::ROSTER))?),
        None => Ok(String::new()),
    }
}

/// The last line of each name.
#[derive(Debug, Default)]
pub struct Devices<'a> {
    all: Vec<Device<'a>>,
    places: HashMap<&'a str, usize>,
    /// Lines that cannot be read, which is what a device loses that has no other.
    pub damaged: usize,
}

impl<'a> Devices<'a> {
    pub fn of(text: &'a str) -> Self {
        const LEAST_OF_A_LINE: usize = 40;
        let mut devices = Self::default();
        devices.all.reserve(text.len() / LEAST_OF_A_LINE);
        devices.places.reserve(text.len() / LEAST_OF_A_LINE);
        for line in text.split_inclusive('\n') {
            let Some(device) = line.strip_suffix('\n').and_then(Device::parse) else {
                devices.damaged += usize::from(!line.trim().is_empty());
                continue;
            };
            match devices.places.insert(device.name, devices.all.len()) {
                None => devices.all.push(device),
                Some(place) => {
                    devices.places.insert(device.name, place);
                    devices.all[place] = device;
                }
            }
        }
        devices
    }

    pub fn all(&self) -> &[Device<'a>] {
        &self.all
    }

    pub fn get(&self, name: &str) -> Option<&Device<'a>> {
        self.places.get(name).map(|place| &self.all[*place])
    }

    /// The newest client certificate of each, in their order.
    pub fn rows<'b>(&self, book: &'b Book) -> Vec<Option<&'b Row>> {
        let mut rows = vec![None; self.all.len()];
        for row in book.rows().iter().filter(|row| row.role == Role::Client && Book::is_newest(row)) {
            if let Some(place) = self.places.get(&*book.name(row)) {
                rows[*place] = Some(row);
            }
        }
        rows
    }
}

/// Whether a device belongs to a group.
pub fn is_in(device: &Device<'_>, group: &str) -> bool {
    device.groups.split(' ').any(|one| one == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_line_takes_the_place_of_an_earlier_one() {
        let line = |name: &str, groups: &str| format!("device\t{name}\t{name}\tp256\t90\t\t\t{groups}\t{:016x}\n", 7);
        let text = line("a", "x") + &line("b", "x y") + "device\tc\n\n" + &line("a", "y") + "device\td\td\tp256";
        let devices = Devices::of(&text);
        let told: Vec<_> = devices.all().iter().map(|one| (one.name, one.groups)).collect();
        assert_eq!((told.as_slice(), devices.damaged), (&[("a", "y"), ("b", "x y")][..], 2));
        assert_eq!(devices.get("a").map(|one| is_in(one, "x")), Some(false));
        assert!(devices.get("b").is_some_and(|one| is_in(one, "y")) && devices.get("c").is_none());
    }
}
