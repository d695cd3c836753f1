//! Other people's programs judge what mqsec makes: openssl, three Mosquitto versions, Python, Node, the kernel.

mod acl;
mod bridge;
mod clients;
mod crashes;
mod dynsec;
mod full_disk;
mod hierarchy;
mod login;
mod modes;
mod openssl;
mod packets;
mod passwords;
mod strace;
