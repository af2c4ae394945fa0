// How figures and texts come onto the page. Whatever a server says goes in as text, never as markup.

const $ = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets what has changed, so that selections and screen readers are left in peace. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const NONE = '–';
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** Up to about three figures, with thousands told apart. */
function count(value) {
  if (!isNumber(value)) return NONE;
  if (value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value)) return value.toFixed(value < 1 ? 2 : 1);
  return Math.round(value).toLocaleString('en');
}

/** "1 node", "2 nodes". */
const many = (number, what) => `${count(number)} ${what}${number === 1 ? '' : 's'}`;

function latency(us) {
  if (!isNumber(us)) return NONE;
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)} ms`;
  return `${(us / 1e6).toFixed(us < 1e7 ? 1 : 0)} s`;
}

function bytes(value) {
  if (!isNumber(value)) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${value.toFixed(unit > 0 && value < 10 ? 1 : 0)} ${units[unit]}`;
}

function span(ms) {
  if (!isNumber(ms)) return NONE;
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} days`;
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB', { hour12: false });
}

/** JSON on one line, cut where it is long. */
function brief(value, most = 300) {
  const text = JSON.stringify(value) ?? '';
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** `host:port` of a node's URL. */
const address = (url) => String(url).replace(/^https?:\/\//, '');
