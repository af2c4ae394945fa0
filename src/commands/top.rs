//! `madrpc-actor top`: looks at a server again and again on a thread of its own, and shows what came of it on another.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event};
use tokio::signal::unix::{signal, SignalKind};

use super::look::{self, Watch};
use super::{FAILED, USAGE};
use crate::cli::TopConfig;
use crate::observe::Terminal;
use crate::top::{draw, tables, Answers, Model, Then, View};

/// Between two looks at the keyboard and at what has been heard.
const TURN: Duration = Duration::from_millis(50);

/// Looks that may wait to be shown: if nobody shows them, nobody looks.
const QUEUE: usize = 4;

/// What the other thread tells.
enum News {
    Look(Instant, u64, Result<Answers, String>),
    /// A signal asked for the end.
    End,
}

/// Shows the server, and gives the exit code.
pub fn run(config: TopConfig, terminal: &Terminal) -> u8 {
    if config.once || config.json {
        return once(&config, terminal);
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        terminal.write_stderr(b"error: no terminal to draw on; --once and --json print a snapshot\n");
        return USAGE;
    }
    // A line of the log would stand in the middle of the picture.
    log::set_max_level(log::LevelFilter::Off);
    match live(config) {
        Ok(()) => 0,
        Err(error) => {
            terminal.write_stderr(format!("error: the terminal: {error}\n").as_bytes());
            FAILED
        }
    }
}

/// A node alone tells no rates, so it takes two looks; what changes between them is told.
fn once(config: &TopConfig, terminal: &Terminal) -> u8 {
    let mut model = Model::new(&look::name(&config.url));
    let looked = actix_rt::System::new().block_on(async {
        let watch = Watch::new(&config.url, &config.access);
        model.feed(Instant::now(), look::unix_ms(), Ok(watch.look().await?));
        actix_rt::time::sleep(config.interval).await;
        model.feed(Instant::now(), look::unix_ms(), Ok(watch.look().await?));
        Ok(())
    });
    if let Err((code, problem)) = looked {
        let problem: String = problem;
        terminal.write_stderr(format!("{problem}\n").as_bytes());
        return code;
    }
    let text = model.snapshot().map(|snapshot| match config.json {
        true => super::json_line(&snapshot),
        false => tables(&snapshot),
    });
    terminal.write_stdout(text.unwrap_or_default().as_bytes());
    0
}

/// Owns the terminal until somebody wants it back. It is restored at every end, at a panic of any thread, too.
fn live(config: TopConfig) -> io::Result<()> {
    let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (mut model, mut view) = (Model::new(&look::name(&config.url)), View::new(color));
    let (to, news) = sync_channel(QUEUE);
    let mut screen = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
    // Not waited for at the end: it may be in the middle of a look.
    std::thread::spawn(move || actix_rt::System::new().block_on(watch(config, to)));
    let mut show = || -> io::Result<()> {
        screen.draw(|frame| draw(frame, &model, &mut view))?;
        loop {
            let mut changed = false;
            if event::poll(TURN)? {
                changed = true;
                match event::read()? {
                    Event::Key(key) if view.key(key, &model) == Then::Quit => return Ok(()),
                    _ => {}
                }
            }
            match hear(&news, &mut model) {
                Some(heard) => changed |= heard,
                None => return Ok(()),
            }
            if changed {
                screen.draw(|frame| draw(frame, &model, &mut view))?;
            }
        }
    };
    let shown = show();
    ratatui::restore();
    shown
}

/// Takes in what has been told, and says whether there was something; `None`: it is to end.
fn hear(news: &Receiver<News>, model: &mut Model) -> Option<bool> {
    let mut heard = false;
    loop {
        match news.try_recv() {
            Ok(News::Look(at, time_ms, look)) => model.feed(at, time_ms, look),
            Ok(News::End) | Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => return Some(heard),
        }
        heard = true;
    }
}

/// Looks every interval, until nobody listens or a signal comes.
async fn watch(config: TopConfig, to: SyncSender<News>) {
    let ended = async {
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let mut waits: Vec<_> = signals.into_iter().flatten().collect();
        let any = waits.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
    };
    let looks = async {
        let watch = Watch::new(&config.url, &config.access);
        let mut ticks = tokio::time::interval(config.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let look = watch.look().await.map_err(|(_, problem)| problem);
            if to.send(News::Look(Instant::now(), look::unix_ms(), look)).is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = ended => drop(to.send(News::End)),
        () = looks => {}
    }
}
