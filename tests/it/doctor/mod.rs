//! `doctor`: each rule's examples, workspaces broken as people break them, and what the command prints.

mod broken;
mod examples;
mod permissions;
mod world;
