//! A user gets what they came for, against real brokers.

mod authorities;
mod configuration;
mod containers;
mod deploy_hook;
mod devices;
mod effective;
mod fleet;
mod fleet_cut_short;
mod fleet_life;
mod fleet_lists;
mod from_nothing;
mod inventory;
mod live_client;
mod migration;
mod no_outage;
mod old_names;
mod password_files;
mod profiles;
mod reload;
mod renewal;
mod requests;
mod revocation;
mod rollover;
mod trust;
