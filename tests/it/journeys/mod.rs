//! A user gets what they came for, against real brokers.

mod containers;
mod devices;
mod from_nothing;
mod old_names;
