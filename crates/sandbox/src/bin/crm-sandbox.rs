//! Serves the sandbox on loopback ports.

use std::io;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use sandbox::{Clock, Data, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Emulates CRM vendors on this machine: one loopback port each, and one for the admin API.
///
/// Prints one line of JSON with addresses and credentials when it is ready.
#[derive(Debug, Parser)]
#[command(name = "crm-sandbox", version)]
struct Options {
    /// The admin API listens here, the vendors on the ports after it; 0 takes any free ports.
    #[arg(long, value_name = "PORT", default_value_t = 4000)]
    port_base: u16,
    /// What the vendors hold at the start.
    #[arg(long, value_enum, default_value_t = Contents::Demo)]
    data: Contents,
    /// Multiplies the amount of demo data.
    #[arg(long, value_name = "N", default_value_t = 1)]
    scale: u32,
    /// Seed of ids, demo data, credentials and fault dice.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Stop when standard input is closed, so that the sandbox never outlives the program that started it.
    #[arg(long)]
    until_eof: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Contents {
    /// A fictional world of companies, people, deals, tasks and notes.
    Demo,
    /// Users and settings only.
    Empty,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.and_then(|runtime| {
        let result = runtime.block_on(run(&options));
        // Reading standard input cannot be cancelled; do not wait for it.
        runtime.shutdown_background();
        result
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is all that is left to tell it to.
            let _ = io::Write::write_all(&mut io::stderr(), format!("crm-sandbox: {error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> io::Result<()> {
    let data = match options.data {
        Contents::Demo => Data::Demo,
        Contents::Empty => Data::Empty,
    };
    let builder = Sandbox::builder().seed(options.seed).scale(options.scale).data(data).clock(Clock::system());
    let running = builder.build().serve(options.port_base).await?;
    // Listened for before anyone is told that there is something to stop.
    let stop = stop_signal()?;
    let mut stdout = tokio::io::stdout();
    stdout.write_all(format!("{}\n", running.ready_line()).as_bytes()).await?;
    stdout.flush().await?;
    tokio::select! {
        () = stop => {}
        closed = end_of_input(), if options.until_eof => closed?,
    }
    running.shutdown().await;
    Ok(())
}

#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a way to hear of it, only the end of the input stops the sandbox.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

async fn end_of_input() -> io::Result<()> {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0_u8; 1024];
    while stdin.read(&mut ignored).await? > 0 {}
    Ok(())
}
