//! Where the broker finds the plugin: in the stock image, or by looking on this machine.

use std::path::Path;
use std::path::PathBuf;

use crate::broker::EngineKind;
use crate::broker::docker::Docker;
use crate::broker::native::Native;
use crate::context::Context;
use crate::dynsec;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::fs;

/// Both series of the stock image have it there.
const IN_IMAGE: &str = "/usr/lib/mosquitto_dynamic_security.so";

/// The path that was asked for; the image's, where Docker ran the broker the last time, or would run it; else the one of
/// the installed Mosquitto.
pub(super) fn find(context: &Context<'_>, asked: Option<&Path>) -> Result<String, Failure> {
    let workspace = &context.workspace;
    if let Some(path) = asked {
        let shown = path.display().to_string();
        // a line of the configuration ends where it ends
        if shown.trim() != shown || shown.chars().any(char::is_control) || shown.is_empty() {
            return Err(Plain::new(
                "dynsec-plugin-missing",
                format!("`{}` cannot stand in a configuration", shown.escape_debug()),
            )
            .hint("give the path of mosquitto_dynamic_security.so: mqsec dynsec init --plugin-path PATH")
            .into());
        }
        // a container has folders of its own; a broker of this machine would end over it, and the running one is gone
        if EngineKind::last(workspace) == Some(EngineKind::Native) && !fs::is_file(&workspace.path(path)) {
            return Err(Plain::new("dynsec-plugin-missing", format!("there is no `{shown}`"))
                .hint("leave --plugin-path out: mqsec looks beside the installed Mosquitto")
                .into());
        }
        return Ok(shown);
    }
    match EngineKind::last(workspace) {
        Some(EngineKind::Docker) => Ok(IN_IMAGE.to_owned()),
        Some(EngineKind::Native) => installed(),
        // as `up` chooses
        None if Docker::find(workspace).is_ok() => Ok(IN_IMAGE.to_owned()),
        None => installed(),
    }
}

/// The plugin of the Mosquitto that is installed.
fn installed() -> Result<String, Failure> {
    let native = Native::find(None)?;
    let candidates = dynsec::candidates(&library_folders(&native.program));
    // 2.0 does not load a plugin of 2.1, and the other way round: what lies nearest to the program comes first
    candidates.into_iter().find(|path| fs::is_file(Path::new(path))).ok_or_else(|| {
        Plain::new("dynsec-plugin-missing", "the dynamic security plugin was not found on this machine")
            .detail(format!("it was looked for beside `{}` and below /usr/lib", native.program.display()))
            .hint("find it: find / -name 'mosquitto_dynamic_security*' -not -path '/proc/*'")
            .hint("then: mqsec dynsec init --plugin-path PATH")
            .into()
    })
}

/// The folders in which libraries are: below the program's own prefix, then those that systems have. Debian has one for
/// each architecture in them.
fn library_folders(program: &Path) -> Vec<String> {
    let own = program.parent().and_then(Path::parent).map(|prefix| prefix.join("lib"));
    let usual = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib", "/opt/homebrew/opt/mosquitto/lib"];
    let roots: Vec<PathBuf> = own.into_iter().chain(usual.map(PathBuf::from)).collect();
    roots
        .iter()
        .flat_map(|root| {
            let inner = fs::folders(root).unwrap_or_default();
            let multiarch = inner.into_iter().filter(|name| name.contains("-linux-")).map(|name| root.join(name));
            multiarch.chain([root.clone()]).collect::<Vec<_>>()
        })
        .map(|folder| folder.display().to_string())
        .collect()
}
