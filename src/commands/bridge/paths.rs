//! How the broker names the bridge's files: in a container through its mounts.

use std::path::Path;

use crate::bridge::Files;
use crate::checks::Subject;
use crate::error::Plain;
use crate::workspace::layout;
use crate::workspace::layout::BridgeFiles;

/// The same path as the broker opens it. Outside of a container it starts in the workspace; in one it may see only some
/// of the folders, and under other names.
fn seen(subject: &Subject, path: &str) -> Result<String, Plain> {
    if !subject.runtime.container {
        return Ok(path.to_owned());
    }
    let names = [path.to_owned(), format!("/mosquitto/{path}")];
    let fits = |name: &String| subject.resolve_in_container(name).as_deref() == Some(path);
    names.into_iter().find(fits).ok_or_else(|| {
        let folder = Path::new(path).components().take(2).collect::<std::path::PathBuf>();
        let folder = folder.display();
        Plain::new("bridge-not-mounted", format!("the broker's container does not see `{path}`"))
            .detail(format!("no mount of `{}` leads there", layout::COMPOSE))
            .hint(format!("mount the folder there: - ./{folder}:/mosquitto/{folder}:ro"))
    })
}

pub(super) fn files(subject: &Subject, files: &BridgeFiles) -> Result<Files, Plain> {
    let seen = |path: &Path| seen(subject, &path.to_string_lossy());
    Ok(Files { ca: seen(&files.ca)?, cert: seen(&files.cert)?, key: seen(&files.key)? })
}

/// The folder that `include_dir` names.
pub(super) fn folder(subject: &Subject) -> Result<String, Plain> {
    seen(subject, layout::BRIDGES)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::checks::Folder;
    use crate::checks::Runtime;
    use crate::conf::compose::Compose;
    use crate::series::Series;

    fn subject(container: bool, compose: &str) -> Subject {
        let (now, runtime) = (OffsetDateTime::UNIX_EPOCH, Runtime { uid: 1, gid: 1, container });
        let mut subject = Subject::new(Folder::default(), now, Series::RELEASED.to_vec(), runtime);
        subject.write(layout::COMPOSE, compose.into());
        subject
    }

    #[test]
    fn a_container_sees_the_files_through_its_mounts() {
        let ours = Compose::default().render();
        let files = super::files(&subject(true, &ours), &layout::bridge("site")).unwrap();
        assert_eq!(files.ca, "certs/broker/bridges/site/ca.crt");
        // an image that is started without a working directory stands in `/`
        let theirs = ours.replace("    working_dir: /mosquitto\n", "");
        let theirs = subject(true, &theirs);
        let files = super::files(&theirs, &layout::bridge("site")).unwrap();
        assert_eq!(files.key, "/mosquitto/certs/broker/bridges/site/client.key");
        assert_eq!(folder(&theirs).unwrap(), "/mosquitto/config/bridges");
    }

    #[test]
    fn what_is_not_mounted_is_told() {
        let text = Compose::default().render().replace("      - ./certs/broker:/mosquitto/certs/broker:ro\n", "");
        assert!(super::files(&subject(true, &text), &layout::bridge("site")).is_err());
        assert!(super::files(&subject(false, &text), &layout::bridge("site")).is_ok());
    }
}
