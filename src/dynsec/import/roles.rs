//! The entries of a role that answers as an acl_file does.

use std::collections::BTreeMap;

use crate::acl::Grant;
use crate::dynsec::Acl;
use crate::dynsec::AclType;
use crate::dynsec::Role;

/// Priorities: a client's own lines come before patterns, and in each a denial before a grant.
#[derive(Clone, Copy)]
pub(super) struct Rank {
    deny: i32,
    grant: i32,
}

pub(super) const OWN: Rank = Rank { deny: 40, grant: 30 };
pub(super) const PATTERN: Rank = Rank { deny: 20, grant: 10 };

/// A role has one entry for a kind and a filter: the one that comes first is the one that counts.
#[derive(Clone, Default)]
pub(super) struct Entries(BTreeMap<(AclType, String), (i32, bool)>);

impl Entries {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, grant: Grant, filter: &str, rank: Rank) {
        let denies = grant == Grant::Deny;
        let priority = if denies { rank.deny } else { rank.grant };
        let kinds = [
            (AclType::PublishClientSend, grant != Grant::Read),
            (AclType::PublishClientReceive, grant != Grant::Write),
        ];
        for (kind, _) in kinds.into_iter().filter(|(_, wanted)| *wanted) {
            self.put(kind, filter, priority, !denies);
        }
    }

    fn put(&mut self, kind: AclType, filter: &str, priority: i32, allow: bool) {
        let entry = self.0.entry((kind, filter.to_owned())).or_insert((priority, allow));
        if entry.0 < priority {
            *entry = (priority, allow);
        }
    }

    /// Takes over the denials of another.
    pub(super) fn deny_as(&mut self, other: &Self) {
        for ((kind, filter), (priority, allow)) in &other.0 {
            if !allow {
                self.put(*kind, filter, *priority, false);
            }
        }
    }

    pub(super) fn into_role(self, name: &str) -> Role {
        let mut acls: Vec<Acl> =
            self.0.into_iter().map(|((kind, topic), (rank, allow))| Acl::new(kind, topic, rank, allow)).collect();
        // for a reader: in the order in which they are asked
        acls.sort_by_key(|acl| std::cmp::Reverse(acl.priority.as_ref().and_then(serde_json::Number::as_i64)));
        Role { rolename: name.to_owned(), acls, ..Role::default() }
    }
}
