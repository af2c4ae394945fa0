use std::time::{Duration, Instant};

use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use serde_json::{json, Value};

use super::*;

const URL: &str = "http://127.0.0.1:8080";

/// An orchestrator that has run for `uptime` seconds, with nodes as (address, state, breaker).
fn orchestrator(uptime: u64, nodes: &[(&str, &str, &str)]) -> Value {
    let figures = |state: &str, breaker: &str| {
        json!({"state": state, "circuit_state": breaker, "inflight": 3, "queue": 1, "cpu": 0.25, "uptime_ms": uptime * 1000,
               "rss_bytes": 64 << 20, "executors": {"busy": 1, "all": 2}, "calls_per_s": 120.5, "errors_per_s": 0.5,
               "call_count": 1000, "failure_count": 5, "p99_latency_us": 4200})
    };
    let nodes: serde_json::Map<_, _> =
        nodes.iter().map(|(addr, state, breaker)| ((*addr).to_owned(), figures(state, breaker))).collect();
    let method = |calls: u64, rate: f64, errors: u64| {
        json!({"call_count": calls, "failure_count": errors, "calls_per_s": rate, "errors_per_s": 0.0,
               "p50_latency_us": 900, "p99_latency_us": 4200})
    };
    json!({
        "uptime_ms": uptime * 1000,
        "node_events": {"joined": nodes.len()},
        "cluster": {
            "nodes_up": nodes.len(), "inflight": 6, "executors": {"busy": 2, "all": 4}, "rss_bytes": 128 << 20,
            "calls_per_s": 241.0, "errors_per_s": 1.0, "call_count": 2000, "failure_count": 10,
            "recent": {"p50_latency_us": 800, "p99_latency_us": 4100},
            "methods": {"greet": method(1500, 200.0, 10), "slow": method(500, 41.0, 0), "idle": method(9, 0.0, 0)},
            "nodes": nodes,
        },
    })
}

fn answers(metrics: &Value) -> Answers {
    let kind = if metrics["cluster"].is_object() { "orchestrator" } else { "node" };
    let info = json!({"server_type": kind, "version": "1.2.3"});
    Answers::read(&metrics.to_string(), &info.to_string()).expect("they can be read")
}

/// Looks a second apart.
fn model(looks: &[Option<Value>]) -> Model {
    let (mut model, start) = (Model::new(URL), Instant::now());
    for (second, look) in (0..).zip(looks) {
        let look = look.as_ref().map(answers).ok_or_else(|| "connection refused".to_owned());
        model.feed(start + Duration::from_secs(second), second * 1000, look);
    }
    model
}

/// Events as "EVENT NODE DETAIL".
fn events(model: &Model) -> Vec<String> {
    let line = |event: &Event| {
        let node = event.node.as_deref().unwrap_or("-");
        format!("{} {node} {}", event.event, event.detail).trim_end().to_owned()
    };
    model.events.iter().map(line).collect()
}

fn node(uptime: u64, calls: u64, errors: u64, cpu_s: f64) -> Value {
    json!({
        "total_requests": calls, "failed_requests": errors, "uptime_ms": uptime * 1000, "p99_latency_us": 700,
        "methods": {"greet": {"call_count": calls, "failure_count": errors}},
        "process": {"inflight": 2, "cpu_s": cpu_s, "cpus": 2, "rss_bytes": 1 << 20},
        "executors": {"busy": 1, "all": 2}, "nodes": null,
    })
}

#[test]
fn a_node_alone_has_rates_after_two_looks() {
    let first = model(&[Some(node(10, 100, 1, 1.0))]).snapshot().expect("a look");
    assert_eq!((first.cluster.calls_per_s, first.cluster.call_count), (None, 100));
    let second = model(&[Some(node(10, 100, 1, 1.0)), Some(node(11, 150, 3, 2.0))]).snapshot().expect("a look");
    assert_eq!((second.cluster.calls_per_s, second.cluster.errors_per_s), (Some(50.0), Some(2.0)));
    let line = &second.nodes[0];
    assert_eq!((line.cpu, line.state.as_str(), line.executors_all), (Some(0.5), "up", Some(2)));
    assert_eq!((second.methods[0].calls_per_s, second.methods[0].errors_per_s), (Some(50.0), Some(2.0)));
}

#[test]
fn rates_are_of_the_last_five_seconds() {
    // Ten calls a second for ten seconds, then none for five.
    let calls = |second: u64| second.min(10) * 10;
    let looks: Vec<_> = (0..=15).map(|second| Some(node(second, calls(second), 0, 0.0))).collect();
    let rate = |looks: &[Option<Value>]| model(looks).snapshot().expect("a look").cluster.calls_per_s;
    assert_eq!(rate(&looks[..=10]), Some(10.0));
    assert_eq!(rate(&looks[..=12]), Some(6.0));
    assert_eq!(rate(&looks), Some(0.0));
}

#[test]
fn a_node_that_was_restarted_counts_anew() {
    let looks = [Some(node(100, 5000, 0, 50.0)), Some(node(1, 20, 0, 0.1)), Some(node(2, 30, 0, 0.2))];
    let after = model(&looks);
    assert_eq!(events(&after), [format!("restarted - {URL}")]);
    assert_eq!(after.snapshot().expect("a look").cluster.calls_per_s, Some(10.0));
    assert_eq!(model(&looks[..2]).snapshot().expect("a look").cluster.calls_per_s, None);
}

#[test]
fn what_changes_between_two_looks_is_told() {
    let before =
        orchestrator(5, &[("http://a", "up", "Closed"), ("http://b", "up", "Closed"), ("http://c", "up", "Closed")]);
    let mut after =
        orchestrator(6, &[("http://a", "down", "Closed"), ("http://b", "up", "Open"), ("http://d", "up", "Closed")]);
    after["cluster"]["nodes"]["http://b"]["uptime_ms"] = json!(10);
    after["node_events"] = json!({"joined": 4, "left": 1, "down": 3, "recovered": 2});
    let changed = model(&[Some(before), Some(after)]);
    let expected = [
        "down http://a",
        "breaker http://b Open",
        "restarted http://b its engine is a new one",
        "joined http://d",
        "left http://c",
        "down - 2 between two looks",
        "up - 2 between two looks",
    ];
    assert_eq!(events(&changed), expected);
}

#[test]
fn it_survives_that_the_server_is_gone() {
    let up = || Some(orchestrator(50, &[("http://a", "up", "Closed")]));
    let gone = model(&[up(), None, None]);
    assert_eq!((gone.problem(), events(&gone).len()), (Some("connection refused"), 1));
    assert!(gone.snapshot().is_some(), "what was known last stays");
    let back = model(&[up(), None, Some(orchestrator(1, &[]))]);
    assert_eq!(back.problem(), None);
    assert_eq!(events(&back), ["gone - connection refused".into(), "back -".into(), format!("restarted - {URL}")]);
}

#[test]
fn what_is_kept_is_bounded() {
    let looks: Vec<_> = (0..1200).map(|look| (look % 2 == 0).then(|| orchestrator(look, &[]))).collect();
    let kept = model(&looks);
    assert_eq!((kept.events.len(), kept.curves.calls.len(), kept.curves.p99_us.len()), (200, 512, 512));
}

#[test]
fn answers_of_others_are_refused_or_understood() {
    assert!(Answers::read("[]", "{}").is_err() && Answers::read("{}", "7").is_err());
    assert!(Answers::read(r#"{"cluster": {"nodes": 7}}"#, "{}").expect_err("no map").contains("_metrics"));
    let bare = model(&[Some(json!({}))]).snapshot().expect("a look");
    assert_eq!((bare.nodes.len(), bare.nodes[0].rss_bytes), (1, None));
}

/// The screen as text, line by line.
fn screen(model: &Model, view: &mut View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen of memory");
    terminal.draw(|frame| draw(frame, model, view)).expect("it is drawn");
    terminal.backend().to_string()
}

fn press(view: &mut View, model: &Model, codes: &[KeyCode]) -> Then {
    let press = |code: &KeyCode| view.key(KeyEvent::new(*code, KeyModifiers::NONE), model);
    codes.iter().map(press).last().expect("a key")
}

fn two_nodes() -> Model {
    let looks = [
        Some(orchestrator(5, &[("http://a:1", "up", "Closed")])),
        Some(orchestrator(6, &[("http://a:1", "suspect", "Open"), ("http://b:1", "up", "Closed")])),
    ];
    model(&looks)
}

#[test]
fn a_large_screen_shows_everything() {
    let shown = screen(&two_nodes(), &mut View::new(true), 120, 30);
    for text in [
        "orchestrator 1.2.3, up 6s",
        "nodes 2 up",
        "calls/s 241",
        "p99 4.1ms",
        "http://a:1",
        "suspect",
        "Open",
        "120",
        "25%",
        "64.0MiB",
        "1/2",
        "greet",
        "1,500",
        "events",
        "joined    http://b:1",
        "q quit",
    ] {
        assert!(shown.contains(text), "{text} in\n{shown}");
    }
}

#[test]
fn a_small_screen_shows_what_matters() {
    let shown = screen(&two_nodes(), &mut View::new(false), 44, 14);
    for text in ["http://a:1", "suspect", "greet", "calls/s"] {
        assert!(shown.contains(text), "{text} in\n{shown}");
    }
    assert!(!shown.contains("memory  ") && !shown.contains("events"), "{shown}");
}

#[test]
fn no_size_is_too_small() {
    let (model, empty) = (two_nodes(), Model::new(URL));
    for width in (1..40).chain([80, 300]) {
        for height in (1..24).chain([60]) {
            let mut view = View::new(true);
            view.help = height % 2 == 0;
            screen(&model, &mut view, width, height);
            screen(&empty, &mut view, width, height);
        }
    }
}

#[test]
fn keys_sort_filter_pause_and_quit() {
    use KeyCode::{Backspace, Char, Enter, Esc, Tab};
    let (model, mut view) = (two_nodes(), View::new(false));
    let order = |view: &mut View| {
        let shown = screen(&model, view, 120, 30);
        let mut names: Vec<_> =
            ["greet", "slow", "idle"].into_iter().filter_map(|name| Some((shown.find(name)?, name))).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(order(&mut view), ["greet", "slow", "idle"]);
    press(&mut view, &model, &[Tab, Char('r')]);
    assert_eq!(order(&mut view), ["idle", "slow", "greet"]);
    press(&mut view, &model, &[Char('S'), Char('S')]);
    assert_eq!(order(&mut view), ["greet", "idle", "slow"], "by name");
    press(&mut view, &model, &[Char('/'), Char('q'), Backspace, Char('S'), Char('l'), Enter]);
    assert_eq!(order(&mut view), ["slow"]);
    assert!(screen(&model, &mut view, 120, 30).contains("filter: Sl"));
    press(&mut view, &model, &[Esc]);
    assert_eq!(order(&mut view).len(), 3);

    press(&mut view, &model, &[Char('p')]);
    let later = Model::new(URL);
    let still = screen(&later, &mut view, 120, 30);
    assert!(still.contains("PAUSED") && still.contains("greet"), "{still}");
    press(&mut view, &model, &[Char(' ')]);
    assert!(screen(&later, &mut view, 120, 30).contains("asking"));

    press(&mut view, &model, &[Char('?')]);
    assert!(screen(&model, &mut view, 120, 30).contains("stand still"));
    assert_eq!(press(&mut view, &model, &[Char('x')]), Then::GoOn, "it takes the help away");
    assert!(!screen(&model, &mut view, 120, 30).contains("stand still"));
    assert_eq!(press(&mut view, &model, &[Char('q')]), Then::Quit);
    let ctrl_c = KeyEvent::new(Char('c'), KeyModifiers::CONTROL);
    press(&mut view, &model, &[Char('/')]);
    assert_eq!(view.key(ctrl_c, &model), Then::Quit, "even while a filter is typed");
}

#[test]
fn many_rows_scroll_and_stop_at_the_end() {
    let addresses: Vec<String> = (100..300).map(|number| format!("http://n{number}")).collect();
    let nodes: Vec<_> = addresses.iter().map(|addr| (addr.as_str(), "up", "Closed")).collect();
    let (model, mut view) = (model(&[Some(orchestrator(5, &nodes))]), View::new(false));
    assert!(screen(&model, &mut view, 80, 24).contains("http://n100"));
    press(&mut view, &model, &[KeyCode::Down, KeyCode::PageDown]);
    let shown = screen(&model, &mut view, 80, 24);
    assert!(shown.contains("http://n111") && !shown.contains("http://n110"), "{shown}");
    press(&mut view, &model, &[KeyCode::End]);
    assert!(screen(&model, &mut view, 80, 24).contains("http://n299"));
    press(&mut view, &model, &[KeyCode::Up]);
    let shown = screen(&model, &mut view, 80, 24);
    assert!(shown.contains("http://n298") && !shown.contains("http://n299"), "{shown}");
}

#[test]
fn what_other_processes_say_can_not_draw() {
    let mut odd = orchestrator(5, &[("http://a\u{1b}[2J", "up", "Closed\r")]);
    odd["cluster"]["methods"]["evil\u{1b}]0;title\u{7}\n"] = json!({"calls_per_s": 999.0});
    let model = model(&[Some(orchestrator(4, &[])), Some(odd), None]);
    let snapshot = model.snapshot().expect("a look");
    let texts = [tables(&snapshot), nodes_table(&snapshot), screen(&model, &mut View::new(true), 200, 40)];
    for text in texts {
        assert!(!text.contains(|char: char| char.is_control() && char != '\n'), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"), "{text}");
    }
    assert!(tables(&snapshot).contains("evil\\u{1b}]0;title\\u{7}\\n"), "{}", tables(&snapshot));
}

#[test]
fn plain_tables_are_aligned() {
    let snapshot = two_nodes().snapshot().expect("a look");
    let table = nodes_table(&snapshot);
    let widths: Vec<usize> = table.lines().map(str::len).collect();
    assert!(widths.len() == 3 && widths.iter().all(|width| *width == widths[0]), "{table}");
    let all = tables(&snapshot);
    assert!(all.starts_with(URL) && all.ends_with("\n") && !all.ends_with("\n\n"), "{all}");
    assert!(all.contains("joined  http://b:1"), "{all}");
}
