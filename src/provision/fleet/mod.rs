//! A fleet's list becomes keys, certificates, passwords and permissions: checked whole, issued by all cores, written in an order
//! that a killed run can go on from.

pub mod devices;
pub mod plan;
pub mod renew;
pub mod revoke;
pub mod source;
