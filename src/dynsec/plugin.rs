//! The plugin's lines in mosquitto.conf: which are there, and the same configuration with them.

/// The file's name on every system but for its ending, which is `.so` everywhere that mqsec runs a broker.
pub const NAME: &str = "mosquitto_dynamic_security.so";
pub const CONFIG_FILE: &str = "plugin_opt_config_file";

/// The plugin as a configuration loads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// From 1.
    pub line: usize,
    pub path: String,
    /// Line and value of its `plugin_opt_config_file`. Without one the plugin does nothing.
    pub file: Option<(usize, String)>,
}

/// Key and value of each line as the broker splits it: only spaces separate, `#` is a comment in column 1.
fn directives(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).filter_map(|(number, line)| {
        let line = line.trim_matches([' ', '\r']);
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        (!key.is_empty()).then(|| (number + 1, key, value.trim_matches(' ')))
    })
}

/// Where the configuration loads the plugin.
pub fn uses(text: &str) -> Vec<Use> {
    let mut found: Vec<Use> = Vec::new();
    let mut ours = false;
    for (line, key, value) in directives(text) {
        match key {
            "plugin" | "auth_plugin" | "global_plugin" | "plugin_load" => {
                let path =
                    if key == "plugin_load" { value.split_once(' ').map_or("", |(_, path)| path) } else { value };
                ours = path.contains("mosquitto_dynamic_security.");
                if ours {
                    found.push(Use { line, path: path.trim().to_owned(), file: None });
                }
            }
            CONFIG_FILE | "auth_opt_config_file" if ours => {
                if let Some(last) = found.last_mut() {
                    last.file = Some((line, value.to_owned()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The lines that name a password file or an ACL, as options or as 2.1's plugins for them, which lock people out beside
/// this plugin: both sides must agree.
pub fn beside(text: &str) -> Vec<(usize, &str, &str)> {
    let mut others = false;
    let keep = |(_, key, value): &(usize, &str, &str)| match *key {
        "password_file" | "acl_file" => true,
        "plugin" | "auth_plugin" | "global_plugin" | "plugin_load" => {
            others = *key != "plugin_load"
                && ["mosquitto_password_file.", "mosquitto_acl_file."].iter().any(|name| value.contains(name));
            others
        }
        key => others && (key.starts_with("plugin_opt_") || key.starts_with("auth_opt_")),
    };
    directives(text).filter(keep).collect()
}

/// Whether options belong to listeners, so that a plugin would belong to the last one.
pub fn is_per_listener(text: &str) -> bool {
    is_true(text, "per_listener_settings")
}

/// Whether an option is true anywhere.
pub fn is_true(text: &str, option: &str) -> bool {
    directives(text).any(|(_, key, value)| key == option && matches!(value, "true" | "1"))
}

/// The configuration with the plugin, and without password file and ACL. The plugin stands where the first of these stood,
/// or before the first listener; every other line keeps its bytes.
pub fn with_plugin(text: &str, path: &str, file: &str) -> String {
    let out: Vec<usize> = beside(text).into_iter().map(|(line, ..)| line).collect();
    let listener = directives(text).find(|(_, key, _)| *key == "listener").map(|(line, ..)| line);
    let place = if uses(text).is_empty() { out.first().copied().or(listener) } else { None };
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let block = [
        "# Who may connect and do what stands in the plugin's file, which the broker itself rewrites: mqsec dynsec.",
        "# A password_file or an acl_file beside it would have to agree to each answer, and lock people out.",
        &format!("plugin {path}"),
        &format!("{CONFIG_FILE} {file}"),
        "",
    ]
    .join(end);
    let mut new = String::with_capacity(text.len() + block.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let number = number + 1;
        if place == Some(number) {
            new.push_str(&block);
        }
        if !out.contains(&number) {
            new.push_str(line);
        }
    }
    if uses(text).is_empty() && place.is_none() {
        if !new.is_empty() && !new.ends_with('\n') {
            new.push_str(end);
        }
        new.push_str(&block);
    }
    new
}

/// Where systems keep the plugin, below the folders that libraries are in. 2.1 has a folder of its own for plugins.
pub fn candidates(library_folders: &[String]) -> Vec<String> {
    library_folders
        .iter()
        .flat_map(|folder| [format!("{folder}/mosquitto/{NAME}"), format!("{folder}/{NAME}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_stands_in_the_place_of_what_it_replaces() {
        let text = "# mine\r\nallow_anonymous false\r\npassword_file p\r\n  acl_file a b\r\nlistener 1\r\n";
        let new = with_plugin(text, "/x/mosquitto_dynamic_security.so", "data/d.json");
        assert_eq!(uses(&new).len(), 1);
        assert_eq!(uses(&new)[0].file, Some((6, "data/d.json".to_owned())));
        assert!(beside(&new).is_empty() && new.starts_with("# mine\r\nallow_anonymous false\r\n# Who"));
        assert!(new.ends_with("data/d.json\r\nlistener 1\r\n"), "{new}");
        assert_eq!(with_plugin(&new, "/other", "other"), new);
        assert!(with_plugin("listener 1\n", "/p", "f").ends_with("plugin_opt_config_file f\nlistener 1\n"));
        assert!(with_plugin("allow_anonymous true", "/p", "f").starts_with("allow_anonymous true\n#"));
    }

    #[test]
    fn the_plugins_of_2_1_for_the_same_go_out_too() {
        let text =
            "plugin /l/mosquitto_acl_file.so\nplugin_opt_acl_file a\nplugin /l/mine.so\nplugin_opt_x y\nlistener 1\n";
        assert_eq!(beside(text).iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [1, 2]);
        let new = with_plugin(text, "/p", "f");
        assert!(new.contains("plugin /p\nplugin_opt_config_file f\nplugin /l/mine.so\nplugin_opt_x y\n"), "{new}");
    }

    #[test]
    fn another_plugin_s_options_are_not_ours() {
        let text = "plugin /l/other.so\nplugin_opt_config_file x\nplugin /l/mosquitto_dynamic_security.so\n#plugin_opt_config_file y\nlistener 1\nplugin_load n /l/mosquitto_dynamic_security.so\nplugin_opt_config_file  z\n";
        let found = uses(text);
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [3, 6]);
        assert_eq!((found[0].file.clone(), found[1].file.clone()), (None, Some((7, "z".to_owned()))));
    }
}
