//! Draws what is known on a terminal of any size. What there is no room for is left out, the least important first.

use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Row, Sparkline, Table};
use ratatui::Frame;

use super::changes::Event;
use super::model::{Curves, Model};
use super::plain::summary;
use super::sheet::{escaped, Cell, Column, Sheet, Tone};
use super::sheets::{self, microseconds, per_second};
use super::snapshot::{ClusterLine, Snapshot};
use super::view::{Focus, View};

/// Characters that the first column should have.
const NAME: u16 = 22;

/// Lines of a curve, its caption included.
const CURVES: u16 = 3;

/// Lines of events at most, their caption included.
const EVENTS: u16 = 6;

/// Below so many lines curves or events are left out.
const TALL: u16 = 18;
const MIDDLING: u16 = 15;

const KEYS: &str = " q quit  ? help  p pause  / filter  tab table  s/S sort  r reverse  ↑↓ scroll";

const HELP: [&str; 13] = [
    "q, Ctrl-C   quit",
    "?, h        this help",
    "p, space    stand still, and go on",
    "Tab         the other table: the following keys are for it",
    "/           filter by name: Enter keeps the filter, Esc",
    "            clears it",
    "s, S        sort by the next column, by the one before",
    "r           reverse the order",
    "↑ ↓         scroll; also PgUp, PgDn, Home, End",
    "",
    "Rates and the cluster's latencies are those of the last",
    "seconds, counts and the methods' latencies those since the",
    "engines started.",
];

/// Draws it all.
pub fn draw(frame: &mut Frame<'_>, model: &Model, view: &mut View) {
    let area = frame.area();
    let still = view.paused.take();
    let now = if still.is_some() { None } else { model.snapshot() };
    let (snapshot, curves) = match &still {
        Some(still) => (Some(&still.0), &still.1),
        None => (now.as_ref(), &model.curves),
    };
    let [top, body, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area);
    frame.render_widget(status(model, snapshot, still.is_some(), view.color), top);
    match snapshot {
        Some(snapshot) => draw_body(frame, body, snapshot, curves, view),
        None => {
            let text = model.problem.as_deref().map_or_else(|| "asking …".to_owned(), escaped);
            frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), body);
        }
    }
    frame.render_widget(footer(view), bottom);
    if view.help {
        draw_help(frame, area);
    }
    view.paused = still;
}

/// The first line: whom it is about, and whether it answers.
fn status(model: &Model, snapshot: Option<&Snapshot>, still: bool, color: bool) -> Line<'static> {
    let who = snapshot.map_or_else(|| escaped(model.url()), |snapshot| summary(&snapshot.cluster)[0].clone());
    let mut spans = vec![Span::styled(format!(" {who} "), Style::new().add_modifier(Modifier::BOLD))];
    if still {
        spans.insert(0, Span::styled(" PAUSED ", Style::new().add_modifier(Modifier::REVERSED)));
    }
    if let Some(problem) = &model.problem {
        let style = tone(Tone::Bad, color).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        spans.insert(0, Span::styled(" GONE ", style));
        spans.push(Span::styled(format!(" {}", escaped(problem)), tone(Tone::Bad, color)));
    }
    Line::from(spans)
}

fn footer(view: &View) -> Line<'static> {
    match (view.typing, view.filter().is_empty()) {
        (true, _) => Line::from(format!(" filter: {}▏  Enter keeps it, Esc clears it", escaped(view.filter()))),
        (false, false) => Line::from(format!(" filter: {}  (Esc clears it) {KEYS}", escaped(view.filter()))),
        (false, true) => Line::styled(KEYS, Style::new().add_modifier(Modifier::DIM)),
    }
}

fn draw_body(frame: &mut Frame<'_>, area: Rect, snapshot: &Snapshot, curves: &Curves, view: &mut View) {
    let shown = |height: u16, from: u16| if area.height >= from { height } else { 0 };
    let events = shown(EVENTS.min(u16::try_from(snapshot.events.len()).unwrap_or(EVENTS).saturating_add(1)), TALL);
    let summary_height = shown(2, 6);
    let curves_height = shown(CURVES, MIDDLING);
    let left = area.height.saturating_sub(summary_height + curves_height + events);
    // A caption, the titles, and the rows; nodes get as much as they need up to half, the methods the rest.
    let rows = u16::try_from(snapshot.nodes.len()).unwrap_or(u16::MAX).saturating_add(2);
    let methods = u16::try_from(snapshot.methods.len()).unwrap_or(u16::MAX).saturating_add(2);
    let half = (left / 2).max(left.saturating_sub(methods));
    let nodes = if left < 6 { left } else { rows.min(half) };
    let [summary_area, curves_area, nodes_area, methods_area, events_area] = Layout::vertical([
        Constraint::Length(summary_height),
        Constraint::Length(curves_height),
        Constraint::Length(nodes),
        Constraint::Min(0),
        Constraint::Length(events),
    ])
    .areas(area);
    let [_, line, calls] = summary(&snapshot.cluster);
    let line = Line::styled(format!(" {line}"), tone(of_cluster(&snapshot.cluster), view.color));
    frame.render_widget(Paragraph::new(vec![line, Line::from(format!(" {calls}"))]), summary_area);
    draw_curves(frame, curves_area, &snapshot.cluster, curves, view.color);
    // Where only one has room it is the one that keys go to.
    let (nodes_area, methods_area) = match (left < 6, view.focus) {
        (true, Focus::Methods) => (Rect::default(), nodes_area),
        _ => (nodes_area, methods_area),
    };
    draw_sheet(frame, nodes_area, Focus::Nodes, sheets::nodes(snapshot), view);
    draw_sheet(frame, methods_area, Focus::Methods, sheets::methods(snapshot), view);
    draw_events(frame, events_area, &snapshot.events);
}

fn of_cluster(cluster: &ClusterLine) -> Tone {
    match (cluster.nodes_up, cluster.nodes_suspect, cluster.nodes_down) {
        (0, ..) => Tone::Bad,
        (_, 0, 0) => Tone::Plain,
        _ => Tone::Doubtful,
    }
}

fn draw_curves(frame: &mut Frame<'_>, area: Rect, cluster: &ClusterLine, curves: &Curves, color: bool) {
    let areas: [Rect; 3] = Layout::horizontal([Constraint::Fill(1); 3]).spacing(1).areas(area);
    let figures = [
        (format!("calls/s {}", per_second(cluster.calls_per_s)), &curves.calls, Tone::Good),
        (format!("errors/s {}", per_second(cluster.errors_per_s)), &curves.errors, Tone::Bad),
        (format!("p99 {}", microseconds(cluster.p99_latency_us)), &curves.p99_us, Tone::Doubtful),
    ];
    for ((caption, curve, curve_tone), area) in figures.into_iter().zip(areas) {
        // The youngest are at the right.
        let points = curve.iter().copied().skip(curve.len().saturating_sub(usize::from(area.width)));
        let padding = usize::from(area.width).saturating_sub(curve.len());
        let points: Vec<u64> = std::iter::repeat_n(0, padding).chain(points).collect();
        let block = Block::new().title(Line::styled(format!(" {caption}"), Style::new().add_modifier(Modifier::BOLD)));
        frame.render_widget(Sparkline::default().block(block).style(tone(curve_tone, color)).data(points), area);
    }
}

fn draw_sheet(frame: &mut Frame<'_>, area: Rect, focus: Focus, sheet: Sheet, view: &mut View) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.height.saturating_sub(2));
    let all = sheet.rows.len();
    let sheet = view.arrange(focus, sheet, room);
    let (focused, color) = (view.focus == focus, view.color);
    let pane = if focus == Focus::Nodes { &view.nodes } else { &view.methods };
    let columns = sheet.fitting(area.width.saturating_sub(1), NAME);
    let title = |index: usize, column: &Column| {
        let arrow = match (pane.order.column == index, pane.order.reversed) {
            (true, false) => "▾",
            (true, true) => "▴",
            (false, _) => "",
        };
        let line = Line::styled(format!("{}{arrow}", column.title), Style::new().add_modifier(Modifier::UNDERLINED));
        line.alignment(alignment(index))
    };
    let titles = Row::new(columns.iter().map(|index| title(*index, &sheet.columns[*index])));
    let cell =
        |index: usize, cell: &Cell| Line::styled(cell.text.clone(), tone(cell.tone, color)).alignment(alignment(index));
    let below = sheet.rows.iter().skip(pane.above).take(room);
    let rows = below.map(|row| Row::new(columns.iter().map(|index| cell(*index, &row[*index]))));
    let widths = columns.iter().map(|index| match index {
        0 => Constraint::Fill(1),
        index => Constraint::Length(sheet.columns[*index].width),
    });
    let name = if focus == Focus::Nodes { "nodes" } else { "methods" };
    let last = (pane.above + room).min(sheet.rows.len());
    let caption = match (sheet.rows.len(), all) {
        (0, _) => format!("{name}: none of {all} "),
        (shown, all) => {
            let of = if shown == all { format!("{all}") } else { format!("{shown} (of {all})") };
            format!("{name} {}-{last} of {of} ", pane.above + 1)
        }
    };
    let style = if focused { Modifier::BOLD | Modifier::REVERSED } else { Modifier::BOLD };
    let block = Block::new().title(Span::styled(caption, Style::new().add_modifier(style)));
    // In line with the captions.
    let area = Rect { x: area.x + 1, width: area.width - 1, ..area };
    frame.render_widget(Table::new(rows, widths).header(titles).block(block), area);
}

/// Names begin at the left, figures end at the right.
fn alignment(column: usize) -> Alignment {
    if column == 0 {
        Alignment::Left
    } else {
        Alignment::Right
    }
}

fn draw_events(frame: &mut Frame<'_>, area: Rect, events: &[Event]) {
    if area.is_empty() {
        return;
    }
    let mut lines = vec![Line::styled(" events (UTC) ", Style::new().add_modifier(Modifier::BOLD))];
    let room = usize::from(area.height.saturating_sub(1));
    // The youngest first.
    for event in events.iter().rev().take(room) {
        let node = event.node.as_deref().unwrap_or_default();
        let text = format!("{} {:<9} {node} {}", clock(event.time_ms), event.event, event.detail);
        lines.push(Line::from(format!(" {}", escaped(text.trim_end()))));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The time of day, UTC.
fn clock(time_ms: u64) -> String {
    let s = time_ms / 1000;
    format!("{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60)
}

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let width = HELP.iter().map(|line| line.chars().count()).max().unwrap_or_default() + 4;
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(HELP.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let area = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    let lines: Vec<Line<'_>> = HELP.iter().map(|line| Line::from(format!(" {line}"))).collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" keys ")), area);
}

fn tone(tone: Tone, color: bool) -> Style {
    match (tone, color) {
        (Tone::Plain, _) | (_, false) => Style::new(),
        (Tone::Good, true) => Style::new().fg(Color::Green),
        (Tone::Doubtful, true) => Style::new().fg(Color::Yellow),
        (Tone::Bad, true) => Style::new().fg(Color::Red),
    }
}
