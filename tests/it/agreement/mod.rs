//! What mqsec says a broker makes of a file, and what the brokers make of it: the same, for every file here.

mod acl;
mod acl_client;
mod acl_files;
mod acl_paths;
mod acl_random;
mod conf;
mod conf_broker;
mod conf_cases;
mod conf_check;
mod conf_generated;
mod conf_material;
mod passwd;
