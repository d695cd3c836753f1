//! Fifty clients publish over TLS while certificates are renewed and revoked, users come and the broker is reloaded: no
//! connection ends, no message of QoS 1 is lost, and every handshake after a command sees the new certificate.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::live_client::Live;
use super::live_client::on_disk;
use super::live_client::shown;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::tell;
use crate::support::wait_for;

const CLIENTS: usize = 50;
const TIMES: usize = 20;

#[test]
fn on_2_0_21() {
    no_outage("2.0.21");
}

#[test]
fn on_2_1_2() {
    no_outage("2.1.2");
}

fn no_outage(version: &str) {
    let sandbox = Sandbox::with_broker(version);
    let password = |client: usize| format!("secret number {client}");
    let mut env = "USER_0=admin\nPASS_0='the first one'\n".to_owned();
    for client in 0..CLIENTS {
        env.push_str(&format!("USER_{0}=c{client}\nPASS_{0}='{1}'\n", client + 1, password(client)));
    }
    sandbox.write(".env", env);
    sandbox.run("chmod", &["600", ".env"]).ok();
    sandbox.up_native(&["localhost"]).ok();
    let names = (0..CLIENTS).map(|client| format!("c{client}")).chain((0..TIMES).map(|victim| format!("v{victim}")));
    for name in names {
        sandbox.mqsec(&["client-cert", &name]).ok();
    }
    let process = sandbox.read(".mqsec/broker.pid");

    let stop = AtomicBool::new(false);
    let (sent, received, commands, slowest) = std::thread::scope(|scope| {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let listening = scope.spawn(|| listen(&sandbox, &stop));
        wait_for("the subscriber", || sandbox.has("subscribed"));
        let publishers: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (ready, stop, sandbox, password) = (ready.clone(), &stop, &sandbox, password(client));
                scope.spawn(move || {
                    let name = format!("c{client}");
                    let mut live = Live::connect(sandbox, &name, &name, &password, &name)?;
                    let _ = ready.send(());
                    publish(&mut live, client, stop)
                })
            })
            .collect();
        (0..CLIENTS).for_each(|_| is_ready.recv_timeout(Duration::from_secs(60)).expect("all clients get in"));
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&sandbox)));
        stop.store(true, Ordering::SeqCst);
        let sent: Vec<usize> = publishers
            .into_iter()
            .enumerate()
            .map(|(at, thread)| {
                thread.join().unwrap().unwrap_or_else(|error| panic!("client {at} was cut off: {error}"))
            })
            .collect();
        let received = listening.join().unwrap().unwrap_or_else(|error| panic!("the subscriber was cut off: {error}"));
        let (commands, slowest) = worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sent, received, commands, slowest)
    });

    let total: usize = sent.iter().sum();
    let lost: Vec<String> = sent
        .iter()
        .enumerate()
        .flat_map(|(client, count)| (0..*count).map(move |number| format!("{client} {number}")))
        .filter(|message| !received.contains(message))
        .collect();
    assert!(lost.is_empty(), "{} of {total} messages are lost: {:?}", lost.len(), &lost[..lost.len().min(10)]);
    assert!(sent.iter().all(|count| *count >= TIMES), "some client hardly published: {sent:?}");
    assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "it is the same broker from the first to the last");
    tell(&format!(
        "{version}: {CLIENTS} clients held through {commands} commands, {total} messages of QoS 1 published, \
         acknowledged and received, 0 lost, 0 connections lost; slowest command {} ms",
        slowest.as_millis()
    ));
}

/// Publishes until it is told to stop; how many messages were acknowledged.
fn publish(live: &mut Live, client: usize, stop: &AtomicBool) -> std::io::Result<usize> {
    let mut count = 0;
    while !stop.load(Ordering::SeqCst) {
        live.publish(&format!("users/c{client}/load"), format!("{client} {count}").as_bytes())?;
        count += 1;
        // the rate of a sensor, not a condition
        std::thread::sleep(Duration::from_millis(100));
    }
    live.ping()?;
    Ok(count)
}

/// Every message that came, until nothing comes any more after the end.
fn listen(sandbox: &Sandbox, stop: &AtomicBool) -> std::io::Result<HashSet<String>> {
    let mut live = Live::connect(sandbox, "admin", "admin", "the first one", "counts")?;
    live.subscribe("users/+/load")?;
    sandbox.write("subscribed", "");
    let mut all = HashSet::new();
    let mut quiet = 0;
    while quiet < 10 {
        live.take(Duration::from_millis(200))?;
        let new = std::mem::take(&mut live.received);
        quiet = if !new.is_empty() || !stop.load(Ordering::SeqCst) { 0 } else { quiet + 1 };
        all.extend(new.into_iter().map(|(_, payload)| String::from_utf8_lossy(&payload).into_owned()));
    }
    live.ping()?;
    Ok(all)
}

/// The commands, one after the other, each followed by handshakes; how many there were, and what the slowest took.
fn work(sandbox: &Sandbox) -> (usize, Duration) {
    let (mut commands, mut slowest) = (0, Duration::ZERO);
    let mut run = |what: &mut dyn FnMut() -> Said| {
        let start = Instant::now();
        what().ok();
        slowest = slowest.max(start.elapsed());
        commands += 1;
        assert_eq!(shown(sandbox, sandbox.port), on_disk(sandbox), "a handshake after the command sees the old one");
    };
    for round in 0..TIMES {
        let before = on_disk(sandbox);
        run(&mut || sandbox.mqsec(&["renew", "broker", "--rekey"]));
        assert_ne!(on_disk(sandbox), before, "nothing was renewed");
        run(&mut || sandbox.mqsec(&["revoke", &format!("v{round}")]));
        let name = format!("late{round}");
        sandbox.mqsec_with_input(&["passwd", "add", &name, "--stdin"], "late secret\n").ok();
        run(&mut || sandbox.mqsec(&["reload"]));
        let late = Live::connect(sandbox, "admin", &name, "late secret", &name);
        assert!(late.is_ok(), "a user who was added does not get in: {:?}", late.err());
        run(&mut || sandbox.mqsec(&["reload", "--force"]));
    }
    (commands, slowest)
}
