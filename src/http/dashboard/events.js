// What happens in the cluster, as it happens: the events of a channel, the newest first.

const MOST_EVENTS = 200;

/** What happened to a node in a few words; of other events their data. */
function told(channel, data) {
  if (!String(channel).startsWith('_node.') || typeof data?.node !== 'string') return brief(data);
  return data.reason ? `${address(data.node)}: ${data.reason}` : address(data.node);
}

class Events {
  constructor(session) {
    this.session = session;
    this.subscription = null;
    this.turn = 0;
    $('channel-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.listen();
    });
  }

  /** Subscribes to what the field names, instead of what was before. */
  async listen() {
    const channel = $('channel').value;
    const turn = ++this.turn;
    const former = this.subscription;
    this.subscription = null;
    try {
      if (former !== null) await this.session.ask('_unsubscribe', { subscription: former });
      const subscription = await this.session.ask('_subscribe', { channel });
      // Pressed again meanwhile: the newer one counts.
      if (turn !== this.turn) return void this.session.ask('_unsubscribe', { subscription }).catch(() => {});
      this.subscription = subscription;
      say($('events-note'), `Listening to ${channel}`);
    } catch (error) {
      say($('events-note'), `Not listening to ${channel}: ${error.message}`);
    }
  }

  /** A new session knows nothing of the old one's subscriptions. */
  again() {
    this.subscription = null;
    this.listen();
  }

  /** Whether the notification was one of these. */
  take(method, params) {
    if (method === '_event') this.add(params.channel, told(params.channel, params.data));
    else if (method === '_dropped') this.add('', `${many(params.count, 'event')} came faster than this page could take them`);
    else return false;
    return true;
  }

  add(channel, text) {
    const list = $('events');
    const now = Date.now();
    list.prepend(el('li', {}, el('time', { datetime: new Date(now).toISOString() }, clock(now)), el('b', {}, String(channel)), el('span', {}, text)));
    while (list.children.length > MOST_EVENTS) list.lastChild.remove();
  }
}
