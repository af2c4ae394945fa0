// The WebSocket that everything comes by. It is opened again for as long as the page is.

const LONGEST_PAUSE_MS = 15000;
const ANSWER_MS = 15000;
const KEY = 'madrpc-key';

/** An error that the server answered with. */
class RpcError extends Error {
  constructor({ code, message, data }) {
    super(String(message));
    Object.assign(this, { code, data });
  }
}

/** A key as a subprotocol: base64url of its bytes. Pages can set no header of a WebSocket. */
function keyProtocol(key) {
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(key)));
  return `madrpc.key.${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

class Session {
  /** `on`: open(), closed(pauseMs), keyNeeded(wasWrong), notification(method, params). */
  constructor(on) {
    this.on = on;
    this.calls = new Map();
    this.nextId = 1;
    this.failures = 0;
    this.socket = null;
  }

  get isOpen() { return this.socket?.readyState === WebSocket.OPEN; }

  connect() {
    const key = sessionStorage.getItem(KEY);
    const needed = document.querySelector('meta[name=madrpc-key]').content === 'needed';
    if (needed && !key) return this.on.keyNeeded(false);
    const url = new URL('ws', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = url.hash = '';
    const socket = new WebSocket(url, key ? ['madrpc', keyProtocol(key)] : ['madrpc']);
    let opened = false;
    this.socket = socket;
    socket.onopen = () => { opened = true; this.failures = 0; this.on.open(); };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => this.lost(opened, key);
  }

  /** A browser doesn't tell why a WebSocket was refused; a request does. */
  async lost(opened, key) {
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(new Error('the connection was lost'));
    }
    this.calls.clear();
    let status = 0;
    if (!opened) {
      try {
        const headers = key ? { authorization: `Bearer ${key}` } : {};
        status = (await fetch('_info', { headers, cache: 'no-store' })).status;
      } catch { status = 0; }
    }
    if (status === 401) {
      sessionStorage.removeItem(KEY);
      return this.on.keyNeeded(Boolean(key));
    }
    // With chance, so that not all pages come back at the same moment.
    const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** this.failures++) * (0.5 + Math.random() / 2);
    this.on.closed(pause);
    setTimeout(() => this.connect(), pause);
  }

  receive(text) {
    const message = JSON.parse(text);
    if (message.method !== undefined) return this.on.notification(message.method, message.params ?? {});
    const call = this.calls.get(message.id);
    if (!call) return;
    this.calls.delete(message.id);
    clearTimeout(call.timer);
    if (message.error) call.reject(new RpcError(message.error));
    else call.resolve({ result: message.result, text });
  }

  send(message) {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  /** Gives the id, and a promise of `{result, text}`. Without `limitMs` the server alone says when it is over. */
  start(method, params, { meta, limitMs } = {}) {
    const id = this.nextId++;
    const answer = new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error('there is no connection'));
      const call = { resolve, reject };
      if (limitMs) {
        call.timer = setTimeout(() => { this.calls.delete(id); reject(new Error('no answer in time')); }, limitMs);
      }
      this.calls.set(id, call);
      this.send({ id, method, params, meta });
    });
    return { id, answer };
  }

  /** What a built-in method answers. */
  async ask(method, params) {
    return (await this.start(method, params, { limitMs: ANSWER_MS }).answer).result;
  }

  cancel(id) {
    if (this.isOpen) this.send({ method: '$/cancelRequest', params: { id } });
  }
}
