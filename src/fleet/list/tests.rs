//! Lists of every kind.
