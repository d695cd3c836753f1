//! Other people's programs judge what mqsec makes: openssl, three Mosquitto versions, Python, Node, the kernel.

mod acl;
mod acme;
mod bridge;
mod clients;
mod crashes;
mod dynsec;
mod export_devices;
mod export_formats;
mod export_programs;
mod export_refused;
mod export_tasmota;
mod fleet_crashes;
mod fleet_input;
mod full_disk;
mod hierarchy;
mod life_crashes;
mod login;
mod modes;
mod openssl;
mod packets;
mod parallel;
mod passwords;
mod strace;
