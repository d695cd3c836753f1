//! `mqsec logs`: what the broker wrote.

use std::time::Duration;

use crate::conf;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::utf8;

/// Print the end of the broker's log
#[derive(clap::Args)]
pub struct Args {
    /// How many lines
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    lines: usize,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let conf = workspace.read(layout::CONF)?.map(|bytes| utf8(bytes, layout::CONF)).transpose()?;
    let file = conf.as_deref().and_then(conf::log_file).unwrap_or_else(|| layout::LOG.to_owned());
    // a broker that died before its log was open has said why elsewhere
    let file = if workspace.has(&file) { file } else { layout::START_LOG.to_owned() };
    let path = workspace.path(&file);
    if !fs::exists(&path) {
        return Err(Plain::new("log-missing", format!("there is no log: no `{}`", workspace.show(&file)))
            .hint("the broker makes it when it starts: mqsec up")
            .into());
    }
    let (lines, mut offset) = fs::tail(&path, args.lines)?;
    if context.ui.json {
        let object = serde_json::json!({ "schema": "mqsec/logs/1", "file": workspace.show(&file), "lines": lines });
        crate::ui::raw(format!("{object:#}\n").as_bytes());
        return Ok(0);
    }
    for line in lines {
        context.ui.part(&format!("{line}\n"));
    }
    if !args.follow {
        return Ok(0);
    }
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let (text, next) = fs::read_from(&path, offset)?;
        context.ui.part(&text);
        offset = next;
    }
}
