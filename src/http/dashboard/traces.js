// The slowest and the latest traces, and the tree of one of them.

const SIBLINGS = 20;
const MOST_SPANS = 500;
const PARTS = [['queue', 'queue', 'queue_us'], ['wait', 'wait', 'wait_us'], ['js', 'JavaScript', 'js_us'], ['net', 'network', 'network_us']];

class Traces {
  constructor(session) {
    this.session = session;
    this.which = 'slowest';
    this.table = new Table($('traces'), 'Traces', [
      { name: 'Method', left: true, get: (row) => row.method, node: (row, cell) => link(cell, row.method, 'Show its tree', () => this.open(row.trace_id)) },
      { name: 'When', get: (row) => row.start_us, show: (us) => clock(us / 1000) },
      { name: 'Total', get: (row) => row.total_us, show: latency },
      { name: 'Calls', get: (row) => row.calls, show: count },
      { name: 'Nodes', get: (row) => row.nodes, show: count },
      { name: 'Errors', get: (row) => row.errors, show: count },
    ], { by: 2, key: (row) => row.trace_id, empty: 'No trace is kept yet.' });
    for (const [which, by] of [['slowest', 2], ['latest', 1]]) {
      $(which).addEventListener('click', () => {
        this.which = which;
        Object.assign(this.table, { by, down: true });
        for (const name of ['slowest', 'latest']) $(name).setAttribute('aria-pressed', String(name === which));
        this.refresh();
      });
    }
  }

  async refresh() {
    try {
      const kept = await this.session.ask('_trace', { limit: 30 });
      $('traces-section').hidden = $('traces-link').hidden = false;
      this.table.set(kept[this.which]);
      say($('traces-note'), `${count(kept.traces)} kept`);
    } catch (error) {
      say($('traces-note'), error.message);
    }
  }

  /** Shows the tree of a trace, and goes there. */
  async open(id) {
    const place = $('tree');
    try {
      const trace = await this.session.ask('_trace', { trace_id: id });
      place.replaceChildren(...this.draw(trace));
    } catch (error) {
      place.replaceChildren(el('p', { class: 'bad' }, error.message));
    }
    $('traces-section').hidden = $('traces-link').hidden = false;
    place.hidden = false;
    place.focus();
  }

  draw(trace) {
    const end = Math.max(...trace.spans.map((span) => span.start_us + span.total_us));
    const scale = { from: trace.start_us, over: Math.max(1, end - trace.start_us) };
    const rows = fold(trace.spans);
    const close = el('button', { type: 'button', class: 'end', on: { click: () => { $('tree').hidden = true; } } }, 'Close');
    const keys = PARTS.map(([color, name]) => el('span', { class: `key-${color}` }, el('i', { class: color }), name));
    const head = ['Method', 'Node', 'Queue', 'Wait', 'JavaScript', 'Network', 'Total', 'Time'];
    const left = (n) => (n < 2 || n === 7 ? 'left' : null);
    const table = el('table', { 'aria-label': `Calls of the trace ${trace.trace_id}` },
      el('thead', {}, el('tr', {}, ...head.map((name, n) => el('th', { scope: 'col', class: left(n) }, name)))),
      el('tbody', {}, ...rows.slice(0, MOST_SPANS).map((row) => line(row, scale))));
    const more = rows.length - MOST_SPANS + (trace.dropped ?? 0);
    return [
      el('div', { class: 'title' },
        el('h3', {}, `${latency(trace.total_us)} · ${many(trace.calls, 'call')} · ${many(trace.nodes, 'node')} · ${many(trace.errors, 'error')}`),
        el('div', { class: 'legend' }, ...keys), close),
      el('p', { class: 'note mono' }, trace.trace_id),
      el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Calls of the trace' }, table),
      more > 0 ? el('p', { class: 'note' }, `${many(more, 'call')} more not shown`) : null,
    ].filter(Boolean);
  }
}

/** Many calls of one method that one call has made become one row, and what is below them is left out. */
function fold(spans) {
  const groups = new Map();
  const groupOf = ({ parent_id: parent, method }) => `${parent} ${method}`;
  for (const span of spans) {
    const group = groupOf(span);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(span);
  }
  const rows = [];
  const hidden = new Set();
  for (const span of spans) {
    const siblings = groups.get(groupOf(span));
    if (hidden.has(span.parent_id)) hidden.add(span.span_id);
    else if (siblings.length <= SIBLINGS) rows.push({ span });
    else {
      if (siblings[0] === span) rows.push({ span, siblings });
      hidden.add(span.span_id);
    }
  }
  return rows;
}

/** One call, or many of a kind. */
function line({ span, siblings }, scale) {
  const indent = '\u2003'.repeat(Math.min(span.depth, 20));
  const lane = el('div', { class: 'lane' });
  const bar = (color, from, us) => {
    if (!(us > 0)) return;
    const part = el('i', { class: color });
    part.style.left = `${(100 * (from - scale.from)) / scale.over}%`;
    part.style.width = `${(100 * us) / scale.over}%`;
    lane.append(part);
  };
  let cells;
  if (siblings) {
    const totals = siblings.map((one) => one.total_us).sort((a, b) => a - b);
    const share = (of) => latency(totals[Math.min(totals.length - 1, Math.floor(of * totals.length))]);
    const nodes = new Set(siblings.map((one) => one.node)).size;
    for (const one of siblings.slice(0, MOST_SPANS)) bar('js', one.start_us, one.total_us);
    cells = [`${indent}${span.method} ×${count(siblings.length)}`, many(nodes, 'node'), '', '', `p50 ${share(0.5)}`, `p90 ${share(0.9)}`, `max ${share(1)}`];
  } else {
    let from = span.start_us;
    for (const [color, , name] of PARTS) { bar(color, from, span[name]); from += span[name] ?? 0; }
    if (!isNumber(span.js_us)) bar('wait', span.start_us, span.total_us);
    const error = isNumber(span.error) ? ` (${span.error})` : '';
    cells = [`${indent}${span.method}${error}`, span.node ? address(span.node) : NONE, ...PARTS.map(([, , name]) => latency(span[name])), latency(span.total_us)];
  }
  const [name, ...others] = cells;
  return el('tr', {},
    el('th', { scope: 'row', class: isNumber(span.error) && !siblings ? 'left bad' : 'left' }, el('span', { class: 'span-name', title: name.trim() }, name)),
    ...others.map((text, n) => el('td', { class: n === 0 ? 'left' : null }, text)),
    el('td', {}, lane));
}
