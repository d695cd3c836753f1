//! What the password commands tell.

use serde_json::Value;
use serde_json::json;

use crate::passwd::Outcome;
use crate::passwd::UserName;
use crate::ui::Report;

pub(super) struct Synced {
    pub(super) path: String,
    pub(super) users: usize,
    pub(super) outcome: Outcome,
}

impl Report for Synced {
    fn text(&self, fancy: bool) -> String {
        let Outcome { added, changed, unchanged, removed, kept } = &self.outcome;
        let mark = if fancy { "✅ " } else { "" };
        let mut text = format!("{mark}File {} successfully updated with {} user(s)!\n", self.path, self.users);
        let groups = [
            ("added", added),
            ("changed", changed),
            ("unchanged", unchanged),
            ("removed", removed),
            ("kept, not in .env", kept),
        ];
        for (what, names) in groups.into_iter().filter(|(_, names)| !names.is_empty()) {
            text.push_str(&format!("  {what}: {}\n", names.join(", ")));
        }
        text
    }

    fn json(&self) -> Value {
        let Outcome { added, changed, unchanged, removed, kept } = &self.outcome;
        json!({
            "schema": "mqsec/passwd/1", "file": self.path, "added": added, "changed": changed,
            "unchanged": unchanged, "removed": removed, "kept": kept,
        })
    }
}

pub(super) struct Done {
    pub(super) text: String,
    pub(super) user: UserName,
    pub(super) did: &'static str,
}

impl Report for Done {
    fn text(&self, _fancy: bool) -> String {
        self.text.clone()
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/passwd-user/1", "user": self.user.as_str(), "did": self.did })
    }
}

pub(super) struct List {
    pub(super) path: String,
    pub(super) rows: Vec<(String, String, bool)>,
}

impl Report for List {
    fn text(&self, _fancy: bool) -> String {
        if self.rows.is_empty() {
            return format!("no users in `{}`\n", self.path);
        }
        crate::ui::columns(
            &self.rows.iter().map(|(user, form, _)| vec![user.clone(), form.clone()]).collect::<Vec<_>>(),
        )
    }

    fn json(&self) -> Value {
        let users: Vec<_> =
            self.rows.iter().map(|(user, form, ok)| json!({ "user": user, "hash": form, "usable": ok })).collect();
        json!({ "schema": "mqsec/passwd-list/1", "file": self.path, "users": users })
    }

    fn status(&self) -> u8 {
        u8::from(self.rows.iter().any(|row| !row.2))
    }
}

pub(super) struct Tested {
    pub(super) command: String,
    pub(super) rows: Vec<(String, &'static str, bool)>,
}

impl Report for Tested {
    fn text(&self, _fancy: bool) -> String {
        let rows: Vec<_> = self.rows.iter().map(|(user, seen, _)| vec![user.clone(), (*seen).to_owned()]).collect();
        let mut text = crate::ui::columns(&rows);
        if self.status() != 0 {
            text.push_str(&format!("next: {} passwd\n", self.command));
        }
        text
    }

    fn json(&self) -> Value {
        let users: Vec<_> = self.rows.iter().map(|(user, _, ok)| json!({ "user": user, "matches": ok })).collect();
        json!({ "schema": "mqsec/passwd-test/1", "users": users })
    }

    fn status(&self) -> u8 {
        u8::from(self.rows.iter().any(|row| !row.2))
    }
}
