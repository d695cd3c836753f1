//! Each broken world has its one code, one message, a next step, and leaves nothing half-written.

mod connections;
mod files;
mod input;
