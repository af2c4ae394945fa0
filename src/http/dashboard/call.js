// The form that makes a call, and what comes of it: items of a stream as they come, then the result or the error.

const MOST_ITEMS = 500;
const MOST_TEXT = 200000;

const hex = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** JSON as it came, laid out: numbers that JavaScript can't hold stay as they were written, where the browser can do that. */
function laidOut(text) {
  const exact = (_, value, at) => (typeof value === 'number' && JSON.rawJSON && at?.source && String(value) !== at.source ? JSON.rawJSON(at.source) : value);
  const written = JSON.stringify(JSON.parse(text, exact).result, null, 2);
  return written.length > MOST_TEXT ? `${written.slice(0, MOST_TEXT)}\n… ${count(written.length - MOST_TEXT)} characters more` : written;
}

class Caller {
  constructor(session, traces) {
    this.session = session;
    this.running = null;
    $('call-form').addEventListener('submit', (event) => { event.preventDefault(); this.call(); });
    $('cancel').addEventListener('click', () => this.running && this.session.cancel(this.running.id));
    $('params').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) $('call-form').requestSubmit();
    });
    $('its-trace').addEventListener('click', () => traces.open(this.traceId));
  }

  choose(method) {
    $('method').value = method;
    $('call-section').scrollIntoView({ block: 'nearest' });
    $('params').focus();
  }

  /** What the field holds; throws with what is wrong. */
  params() {
    const text = $('params').value.trim();
    if (text === '') return undefined;
    let params;
    try { params = JSON.parse(text); } catch (error) { throw new Error(`This is not JSON: ${error.message}`); }
    if (typeof params !== 'object' || params === null) throw new Error('Params are an object or an array.');
    return params;
  }

  async call() {
    let params;
    try {
      params = this.params();
      say($('params-error'), '');
      $('params').removeAttribute('aria-invalid');
    } catch (error) {
      say($('params-error'), error.message);
      $('params').setAttribute('aria-invalid', 'true');
      return $('params').focus();
    }
    if (this.running) return;
    const method = $('method').value;
    this.traceId = hex(16);
    const meta = { traceparent: `00-${this.traceId}-${hex(8)}-01` };
    if ($('timeout').value) meta.timeoutMs = Number($('timeout').value);
    $('answer').hidden = false;
    for (const part of ['items', 'result', 'stack-part', 'its-trace']) $(part).hidden = true;
    $('items').replaceChildren();
    this.outcome('', `Calling ${method}`);
    const start = performance.now();
    const { id, answer } = this.session.start(method, params, { meta });
    this.running = { id, items: 0 };
    $('cancel').disabled = false;
    try {
      const { text } = await answer;
      this.outcome('good', `Result after ${latency((performance.now() - start) * 1000)}${this.told()}`);
      this.show(laidOut(text));
    } catch (error) {
      const code = error.code === undefined ? '' : `${error.code} `;
      this.outcome('bad', `Error ${code}after ${latency((performance.now() - start) * 1000)}${this.told()}`);
      this.fail(error);
    }
    this.running = null;
    $('cancel').disabled = true;
    $('its-trace').hidden = $('traces-section').hidden;
  }

  told() {
    return this.running.items ? `, ${many(this.running.items, 'item')}` : '';
  }

  outcome(tone, text) {
    $('outcome').dataset.tone = tone;
    say($('outcome'), text);
  }

  show(text) {
    $('result').hidden = false;
    say($('result'), text);
  }

  /** The stack stands by itself, where lines are lines. */
  fail(error) {
    const data = error.data;
    const { stack, ...rest } = data !== null && typeof data === 'object' && !Array.isArray(data) ? data : {};
    const others = Object.keys(rest).length ? rest : stack === undefined ? data : undefined;
    this.show(others === undefined ? error.message : `${error.message}\n${JSON.stringify(others, null, 2)}`);
    $('stack-part').hidden = typeof stack !== 'string';
    say($('stack'), typeof stack === 'string' ? stack : '');
  }

  /** Whether the notification was an item of the call. */
  take(method, params) {
    if (method !== '_stream' || params.id !== this.running?.id) return false;
    this.running.items++;
    const list = $('items');
    list.hidden = false;
    list.append(el('li', {}, el('span', { class: 'no' }, String(params.seq)), el('span', {}, brief(params.value, 2000))));
    while (list.children.length > MOST_ITEMS) list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
    return true;
  }
}
