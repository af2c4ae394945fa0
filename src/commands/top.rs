//! `madrpc-actor top`: one thread looks at a server again and again, one waits for keys, and one shows what came of it.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{sync_channel, SyncSender};
use std::time::Instant;

use ratatui::crossterm::event::{self, Event};
use tokio::signal::unix::{signal, SignalKind};

use super::watching::{self, Watch};
use super::{FAILED, USAGE};
use crate::cli::TopConfig;
use crate::observe::Terminal;
use crate::top::{draw, tables, Answers, Model, Then, View};

/// News that may wait to be shown: if nobody shows them, nobody looks.
const QUEUE: usize = 16;

/// What the other threads tell.
enum News {
    Look(Instant, u64, Result<Box<Answers>, String>),
    /// A key, or another size.
    Event(Event),
    /// A signal asked for the end, or the terminal is gone.
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
    let mut model = Model::new(&watching::name(&config.url));
    let looked = actix_rt::System::new().block_on(async {
        let watch = Watch::new(&config.url, &config.look);
        model.feed(Instant::now(), watching::unix_ms(), Ok(watch.look().await?));
        actix_rt::time::sleep(config.interval).await;
        model.feed(Instant::now(), watching::unix_ms(), Ok(watch.look().await?));
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
    let (mut model, mut view) = (Model::new(&watching::name(&config.url)), View::new(color));
    let (to, news) = sync_channel(QUEUE);
    let mut screen = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
    // Neither is waited for at the end. One may be in the middle of a look; the other would never see a terminal that hangs
    // up, since crossterm's reader goes round and round there.
    let (keys, looks) = (Teller(to.clone()), Teller(to));
    std::thread::spawn(move || listen(&keys));
    std::thread::spawn(move || actix_rt::System::new().block_on(watch(config, &looks)));
    let mut show = || -> io::Result<()> {
        screen.draw(|frame| draw(frame, &model, &mut view))?;
        while let Ok(told) = news.recv() {
            match told {
                News::Look(at, time_ms, look) => model.feed(at, time_ms, look.map(|answers| *answers)),
                News::Event(Event::Key(key)) if view.key(key, &model) == Then::Quit => return Ok(()),
                News::Event(_) => {}
                News::End => return Ok(()),
            }
            screen.draw(|frame| draw(frame, &model, &mut view))?;
        }
        Ok(())
    };
    let shown = show();
    ratatui::restore();
    shown
}

/// Tells the one who shows, and at its own end, by a panic too, that there is nothing more to show.
struct Teller(SyncSender<News>);

impl Teller {
    /// False when nobody listens any more.
    fn tell(&self, news: News) -> bool {
        self.0.send(news).is_ok()
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.tell(News::End);
    }
}

/// Waits for keys, until nobody listens or the terminal is gone.
fn listen(to: &Teller) {
    while event::read().is_ok_and(|event| to.tell(News::Event(event))) {}
}

/// Looks every interval, until nobody listens or a signal comes.
async fn watch(config: TopConfig, to: &Teller) {
    let ended = async {
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let mut waits: Vec<_> = signals.into_iter().flatten().collect();
        let any = waits.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
    };
    let looks = async {
        let watch = Watch::new(&config.url, &config.look);
        let mut ticks = tokio::time::interval(config.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let look = watch
                .look()
                .await
                .map(Box::new)
                .map_err(|(_, problem)| problem.trim_start_matches("error: ").to_owned());
            if !to.tell(News::Look(Instant::now(), watching::unix_ms(), look)) {
                return;
            }
        }
    };
    tokio::select! {
        () = ended => {}
        () = looks => {}
    }
}
