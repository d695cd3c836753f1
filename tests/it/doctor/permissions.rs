//! The simulation of who may read and write, against the kernel: the same paths, asked as that user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::process::Command;

use mqsec::checks::Runtime;
use mqsec::checks::access;
use mqsec::checks::access::Want;
use mqsec::series::Series;
use mqsec::snapshot;
use mqsec::workspace::Workspace;
use time::OffsetDateTime;

use crate::support::Sandbox;
use crate::support::may_use;

const BROKER: u32 = 4711;

#[test]
fn the_simulation_agrees_with_the_kernel() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.write("config/mosquitto.passwd", "x\n");
    let folder = sandbox.dir.join("config");
    let workspace = Workspace::at(sandbox.dir.clone());
    // the same numbers in each run
    let mut seed = 7_u32;
    let mut random = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % below
    };
    let owners = [0, BROKER, 4712];
    let (mut yes, mut no) = (0, 0);
    for _ in 0..150 {
        for one in [&folder, &path] {
            let (uid, gid) = (owners[random(3) as usize], owners[random(3) as usize]);
            chown(one, Some(uid), Some(gid)).unwrap();
            fs::set_permissions(one, fs::Permissions::from_mode(random(0o1000))).unwrap();
        }
        let mut subject = snapshot::take(&workspace, OffsetDateTime::now_utc(), Series::RELEASED.to_vec());
        subject.runtime = Runtime { uid: BROKER, gid: BROKER, container: false };
        subject.groups = Vec::new();
        for (want, flag) in [(Want::Read, "-r"), (Want::Write, "-w")] {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={BROKER}"), &format!("--regid={BROKER}"), "--clear-groups", "test", flag]);
            let may = command.arg(&path).status().unwrap().success();
            let simulated = access::obstacle(&subject, "config/mosquitto.passwd", want).is_none();
            let modes = [&folder, &path].map(|path| fs::metadata(path).unwrap().permissions().mode());
            assert_eq!(may, simulated, "{flag} {:o} {:o}", modes[0], modes[1]);
            if may { yes += 1 } else { no += 1 }
        }
    }
    assert!(yes > 20 && no > 20, "{yes} allowed, {no} refused: that compares nothing");
}
