//! A user gets what they came for, against real brokers.

mod authorities;
mod configuration;
mod containers;
mod devices;
mod effective;
mod from_nothing;
mod migration;
mod old_names;
mod password_files;
mod profiles;
mod requests;
