//! Each broken world has its one code, one message, a next step, and leaves nothing half-written.

mod certificates;
mod connections;
mod evidence;
mod files;
mod hostile;
mod input;
mod logs;
mod probe;
mod seeds;
mod world;
mod worlds;
