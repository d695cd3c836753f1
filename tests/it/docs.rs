//! The documents' sessions are run as they stand.
