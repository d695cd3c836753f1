//! `mqsec watch`: a reload with proof whenever a file of the broker changed.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::rfc3339;
use super::taking_over;
use super::taking_over::Restart;
use super::taking_over::Taken;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::takeover;
use crate::takeover::Action;
use crate::ui::Report;

/// Reload the broker whenever its files change
///
/// The files' contents are compared, not their times, so that network mounts are watched as well. A change that lasts an
/// interval is validated, taken over and proven, as `mqsec reload` does it. A broken file is told once, and the broker is
/// not told of anything until it is right. Ends with SIGINT or SIGTERM.
#[derive(clap::Args)]
pub struct Args {
    /// How often to look, in seconds
    #[arg(long, value_name = "S", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    /// Look once and end, for tests and cron
    #[arg(long)]
    once: bool,
    /// Restart the broker where a reload does not take over a change; every connection ends for a moment
    #[arg(long)]
    restart: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let mut watch = Watch { context, restart: args.restart, seen: None, handled: None, told: String::new() };
    if args.once {
        return watch.once();
    }
    let end = End::listen()?;
    context.ui.say(format!("watching `{}` every {} s", context.workspace.root().display(), args.interval));
    loop {
        watch.look();
        if end.comes_within(Duration::from_secs(args.interval)) {
            context.ui.say("ended");
            return Ok(0);
        }
    }
}

struct Watch<'a> {
    context: &'a Context<'a>,
    restart: bool,
    /// What the files were at the last look.
    seen: Option<String>,
    /// What they were when the broker had all of it.
    handled: Option<String>,
    /// What was told last, so that it is told once.
    told: String,
}

impl Watch<'_> {
    fn once(&mut self) -> Result<u8, Failure> {
        match self.take_over()? {
            Some(event) => Ok(self.context.ui.report(&event)),
            None => Err(Plain::new("broker-not-running", "no broker of this folder is running")
                .hint("start it: mqsec up")
                .into()),
        }
    }

    fn look(&mut self) {
        let context = self.context;
        let state = takeover::fingerprint(&context.workspace, context.time());
        if self.handled.as_ref() == Some(&state) {
            self.seen = Some(state);
            return;
        }
        // a change that is still under way is left alone
        if self.seen.as_ref() != Some(&state) {
            self.seen = Some(state);
            return;
        }
        match self.take_over() {
            Ok(Some(event)) => {
                self.handled = Some(state);
                self.told.clear();
                if event.is_news() {
                    context.ui.report(&event);
                }
            }
            Ok(None) => self.tell("-", || context.ui.say("no broker of this folder is running; waiting for it")),
            Err(failure) => {
                let what = format!("{} {} {:?}", failure.code, failure.message(), failure.details);
                self.tell(&what, || {
                    context.ui.failure(&failure);
                });
            }
        }
    }

    fn tell(&mut self, what: &str, say: impl FnOnce()) {
        if self.told != what {
            say();
            what.clone_into(&mut self.told);
        }
    }

    /// Lets the broker take over what changed; nothing when there is no broker.
    fn take_over(&self) -> Result<Option<Event>, Failure> {
        let context = self.context;
        let now = context.time();
        let Some(plan) = takeover::plan(&context.workspace, now)? else { return Ok(None) };
        let taken = match self.restart && matches!(plan.action, Action::Restart { .. }) {
            true => Taken::new(context, Some(plan.carry_out()?)),
            false => taking_over::carry_out(context, plan, Restart::Never)?,
        };
        Ok(Some(Event { at: rfc3339(now.replace_nanosecond(0).unwrap_or(now)), taken }))
    }
}

struct Event {
    at: String,
    taken: Taken,
}

impl Event {
    /// A broker that had read all of it already, and serves it, is no news.
    fn is_news(&self) -> bool {
        let idle = self.taken.outcome.as_ref().is_some_and(|outcome| outcome.action == Action::Nothing);
        !(idle && self.taken.holds())
    }
}

impl Report for Event {
    fn text(&self, _fancy: bool) -> String {
        format!("{} {}", self.at, self.taken.text())
    }

    fn json(&self) -> Value {
        let mut json = self.taken.json();
        json["schema"] = "mqsec/watch/1".into();
        json["at"] = self.at.clone().into();
        json
    }

    fn status(&self) -> u8 {
        u8::from(!self.taken.holds())
    }
}

/// Whether somebody asked the command to end.
struct End {
    asked: Arc<(Mutex<bool>, Condvar)>,
}

impl End {
    /// From here on SIGINT and SIGTERM end the command when it is done with what it does.
    fn listen() -> Result<Self, Failure> {
        let not_possible =
            |why: String| Failure::from(Plain::new("program-not-run", format!("signals cannot be waited for: {why}")));
        let asked = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&asked);
        let (ready, is_ready) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = runtime.map_err(|error| not_possible(error.to_string()))?;
        std::thread::spawn(move || {
            runtime.block_on(asked_to_end(&ready));
            *theirs.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            theirs.1.notify_all();
        });
        match is_ready.recv() {
            Ok(Ok(())) => Ok(Self { asked }),
            Ok(Err(why)) => Err(not_possible(why)),
            Err(_) => Err(not_possible("nobody listens".to_owned())),
        }
    }

    fn comes_within(&self, time: Duration) -> bool {
        let asked = self.asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.asked.1.wait_timeout_while(asked, time, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(unix)]
async fn asked_to_end(ready: &mpsc::Sender<Result<(), String>>) {
    use std::task::Poll;

    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let both = signal(SignalKind::interrupt()).and_then(|first| Ok((first, signal(SignalKind::terminate())?)));
    let (mut interrupt, mut terminate) = match both {
        Ok(both) => both,
        Err(error) => return drop(ready.send(Err(error.to_string()))),
    };
    let _ = ready.send(Ok(()));
    std::future::poll_fn(|context| {
        let came = interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready();
        if came { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[cfg(not(unix))]
async fn asked_to_end(ready: &mpsc::Sender<Result<(), String>>) {
    let _ = ready.send(Ok(()));
    let _ = tokio::signal::ctrl_c().await;
}
