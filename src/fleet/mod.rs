//! A fleet: a list of devices, and what of it was issued. The list is read line by line, so that its length costs no memory.

pub mod archive;
pub mod groups;
pub mod list;
pub mod roster;
pub mod row;
mod topics;
