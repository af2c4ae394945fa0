// Puts the parts together, and asks the server every two seconds.

const POLL_MS = 2000;
// What changes seldom is asked for every so many times.
const SELDOM = 5;

const status = (tone, text) => { $('status').dataset.tone = tone; say($('status'), text); };

const session = new Session({
  open() {
    $('key-form').hidden = true;
    $('figures').hidden = false;
    $('forget').hidden = !sessionStorage.getItem(KEY);
    status('good', 'Connected');
    rounds = 0;
    events.again();
    poll();
  },
  closed(pause) { status('bad', `Not connected, next attempt in ${Math.ceil(pause / 1000)} s`); },
  keyNeeded(wasWrong) {
    status('wait', 'A key is needed');
    $('figures').hidden = true;
    $('forget').hidden = true;
    $('key-form').hidden = false;
    say($('key-error'), wasWrong ? 'The server does not know this key.' : '');
    $('key').focus();
  },
  notification(method, params) {
    if (caller.take(method, params) || !events.take(method, params)) return;
    // Something has happened to a node: look at once at what is asked for seldom.
    if (String(params.channel).startsWith('_')) { rounds = 0; soon(); }
  },
});

const traces = new Traces(session);
const caller = new Caller(session, traces);
const events = new Events(session);
const overview = new Overview((method) => caller.choose(method));

let rounds = 0;
let timer = 0;
let polling = false;
let paused = false;

/** Asks for everything once, and again a little later: never twice at a time, and not for a page that nobody sees. */
async function poll() {
  clearTimeout(timer);
  if (polling || paused || document.hidden || !session.isOpen) return;
  polling = true;
  let next = POLL_MS;
  try {
    if (rounds++ % SELDOM === 0) {
      const [info, discovered] = await Promise.all([session.ask('_info'), session.ask('rpc.discover')]);
      overview.inform(info, discovered.methods);
      await traces.refresh();
    }
    if (!overview.isRecalled) overview.recall(await session.ask('_history'));
    const [metrics, health] = await Promise.all([session.ask('_metrics'), session.ask('_health')]);
    overview.update(metrics, health);
    status('good', 'Connected');
  } catch (error) {
    // Rate-limited, for one: the server says when to come again.
    next = Math.max(next, 1000 * (error.data?.retryAfterSeconds ?? 0));
    if (session.isOpen) status('bad', error.message);
  }
  polling = false;
  timer = setTimeout(poll, next);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(poll, 300);
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  poll();
});
document.addEventListener('visibilitychange', () => poll());
$('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $('key').value);
  $('key').value = '';
  session.connect();
});
$('forget').addEventListener('click', () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});
session.connect();
