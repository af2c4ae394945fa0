// What the cluster, or a node alone, does now: tiles, charts, nodes, methods. Fed with what `_metrics` and `_info` say.

const STATES = { up: 'good', suspect: 'warn', down: 'bad' };
const BREAKERS = { Closed: ['closed', 'good'], HalfOpen: ['half-open', 'warn'], Open: ['open', 'bad'] };

class Overview {
  /** `choose` gets the name of a method that somebody has pressed. */
  constructor(choose) {
    this.tiles = new Map();
    this.last = null;
    this.isRecalled = false;
    this.rates = new Map();
    this.details = new Map();
    this.registered = new Map();
    this.charts = [
      new Chart('Throughput', [{ name: 'calls/s', color: 'one' }], count, 1),
      new Chart('Latency', [{ name: 'p50', color: 'one' }, { name: 'p95', color: 'two' }, { name: 'p99', color: 'three' }], latency, 1000),
      new Chart('Errors', [{ name: 'errors/s', color: 'bad' }], count, 1),
    ];
    $('charts').append(...this.charts.map((chart) => chart.element));
    this.nodes = new Table($('nodes'), 'Nodes', [
      { name: 'Node', left: true, get: (row) => row.addr, show: address },
      { name: 'State', left: true, get: (row) => row.state, node: (row, cell) => this.nodeState(row, cell) },
      { name: 'Breaker', left: true, get: (row) => row.circuit_state, node: (row, cell) => state(cell, ...(BREAKERS[row.circuit_state] ?? [row.circuit_state, 'warn'])) },
      { name: 'In flight', get: (row) => row.inflight, show: count },
      { name: 'Queue', get: (row) => row.queue, show: count },
      { name: 'Calls/s', get: (row) => row.calls_per_s, show: count },
      { name: 'p50', get: (row) => row.p50_latency_us, show: latency },
      { name: 'p99', get: (row) => row.p99_latency_us, show: latency },
      { name: 'Errors', get: (row) => row.failure_count, show: count },
      { name: 'CPU', get: (row) => row.cpu, node: cpu },
      { name: 'Memory', get: (row) => row.rss_bytes, show: bytes },
      { name: 'Executors', get: (row) => row.executors?.busy, show: (_, { executors }) => (executors ? `${executors.busy} / ${executors.all}` : NONE) },
      { name: 'Up for', get: (row) => row.uptime_ms, show: span },
    ], { by: 0, down: false, key: (row) => row.addr, empty: 'No node has joined yet.' });
    this.methods = new Table($('methods'), 'Methods', [
      { name: 'Method', left: true, get: (row) => row.name, node: (row, cell) => this.methodName(row, cell, choose) },
      { name: 'Calls/s', get: (row) => row.rate, show: count },
      { name: 'Calls', get: (row) => row.call_count, show: count },
      { name: 'Errors', get: (row) => row.failure_count, show: count },
      { name: 'p50', get: (row) => row.p50_latency_us, show: latency },
      { name: 'p95', get: (row) => row.p95_latency_us, show: latency },
      { name: 'p99', get: (row) => row.p99_latency_us, show: latency },
      { name: 'Longest', get: (row) => row.max_latency_us, show: latency },
    ], { by: 2, key: (row) => row.name, empty: 'No method fits.' });
    $('filter').addEventListener('input', () => this.showMethods());
  }

  /** `_info`, and what `rpc.discover` lists. */
  inform(info, discovered) {
    this.info = info;
    say($('kind'), `${info.server_type} ${info.version}`);
    document.title = `${location.host} – madrpc-actor`;
    $('nodes-section').hidden = $('nodes-link').hidden = info.server_type !== 'orchestrator';
    this.details = new Map((info.nodes ?? []).map((node) => [node.addr, node]));
    this.registered = new Map(discovered.map((method) => [method.name, method]));
    $('method-names').replaceChildren(...discovered.slice(0, 500).map(({ name }) => el('option', { value: name })));
    if (this.last) this.showMethods();
  }

  /** `_history`: what was before the page was opened. */
  recall(points) {
    this.isRecalled = true;
    const now = Date.now();
    for (const point of points) this.draw(now - point.age_ms, point.calls_per_s, point.errors_per_s, point);
  }

  draw(at, calls, errors, latencies) {
    this.charts[0].add(at, [calls]);
    this.charts[1].add(at, [latencies.p50_latency_us, latencies.p95_latency_us, latencies.p99_latency_us]);
    this.charts[2].add(at, [errors]);
  }

  /** `_metrics` and `_health`. */
  update(metrics, health) {
    const before = this.last;
    const seconds = before ? (metrics.uptime_ms - before.uptime_ms) / 1000 : 0;
    const per = (now, then) => (seconds > 0 ? Math.max(0, now - then) / seconds : null);
    const rates = new Map();
    for (const [name, { call_count: calls }] of Object.entries(metrics.methods)) {
      rates.set(name, per(calls, before?.methods[name]?.call_count ?? 0));
    }
    this.rates = rates;
    this.last = metrics;
    const now = Date.now();
    const [calls, errors] = seconds > 0
      ? [per(metrics.total_requests, before.total_requests), per(metrics.failed_requests, before.failed_requests)]
      : [null, null];
    const recent = metrics.recent ?? {};
    this.draw(now, calls, errors, recent);
    this.showTiles(metrics, health, recent);
    this.showNodes(metrics.cluster);
    this.showMethods();
  }

  tile(name, text, small = '', tone = '') {
    if (!this.tiles.has(name)) {
      const [value, unit] = [el('span'), el('small')];
      const shown = el('dd', {}, value, ' ', unit);
      $('tiles').append(el('div', {}, el('dt', {}, name), shown));
      this.tiles.set(name, { shown, value, unit });
    }
    const { shown, value, unit } = this.tiles.get(name);
    shown.dataset.tone = tone;
    say(value, text);
    say(unit, small);
  }

  showTiles(metrics, health, recent) {
    const { cluster } = metrics;
    const all = cluster ?? this.info ?? {};
    this.tile('Calls per second', count(recent.calls_per_s), `${count(metrics.total_requests)} in all`);
    this.tile('Errors per second', count(recent.errors_per_s), `${count(metrics.failed_requests)} in all`, recent.errors_per_s > 0 ? 'warn' : '');
    this.tile('Median latency', latency(recent.p50_latency_us));
    this.tile('99th percentile', latency(recent.p99_latency_us));
    this.tile('In flight', count(health.pending_requests));
    if (cluster) {
      const { nodes_up: up, nodes_suspect: suspect, nodes_down: down } = cluster;
      const others = [suspect && `${suspect} suspect`, down && `${down} down`].filter(Boolean).join(', ');
      this.tile('Nodes up', count(up), others, down ? 'bad' : suspect ? 'warn' : '');
    }
    if (all.executors) this.tile('Executors busy', count(all.executors.busy), `of ${all.executors.all}`);
    if (cluster) this.tile('Memory of nodes', bytes(cluster.rss_bytes));
    if (isNumber(all.engine_restarts)) this.tile('Engine restarts', count(all.engine_restarts), '', all.engine_restarts ? 'warn' : '');
    this.tile('Up for', span(metrics.uptime_ms));
  }

  showNodes(cluster) {
    if (!cluster) return;
    const rows = Object.entries(cluster.nodes).map(([addr, node]) => ({ addr, ...node }));
    const hidden = this.nodes.set(rows);
    say($('nodes-note'), hidden ? `${rows.length}, the first ${MOST_ROWS} of this order are shown` : `${rows.length}`);
  }

  /** What is not registered, such as the sum of unknown names, can't be called. */
  methodName({ name, description }, cell, choose) {
    if (this.registered.has(name)) link(cell, name, description ?? 'Call it', () => choose(name));
    else if (cell.textContent !== name) cell.replaceChildren(name);
  }

  nodeState(row, cell) {
    // What it said last, and nothing that holds now.
    cell.parentElement.classList.toggle('stale', row.state === 'down');
    const reason = this.details.get(row.addr)?.disable_reason;
    const ejected = row.state === 'up' && reason;
    state(cell, ejected ? 'up, no calls' : row.state, ejected ? 'warn' : STATES[row.state] ?? 'warn', reason);
  }

  showMethods() {
    const wanted = $('filter').value.toLowerCase();
    const names = new Set([...this.registered.keys(), ...Object.keys(this.last?.methods ?? {})]);
    const rows = [...names].filter((name) => name.toLowerCase().includes(wanted)).map((name) => ({
      name,
      description: this.registered.get(name)?.description,
      rate: this.rates.get(name) ?? null,
      call_count: 0,
      failure_count: 0,
      ...this.last?.methods[name],
    }));
    const hidden = this.methods.set(rows);
    say($('methods-note'), hidden ? `${rows.length}, the first ${MOST_ROWS} of this order are shown` : `${rows.length}`);
  }
}

function cpu(row, cell) {
  if (!cell.firstChild) cell.append(el('meter', { min: 0, max: 1, high: 0.9, 'aria-hidden': true }), el('span'));
  const [meter, text] = cell.children;
  meter.hidden = !isNumber(row.cpu);
  meter.value = row.cpu ?? 0;
  say(text, isNumber(row.cpu) ? `${Math.round(row.cpu * 100)} %` : NONE);
}
