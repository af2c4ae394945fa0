// A table that is sorted by its heads and changes in place: rows are known by a key.

const MOST_ROWS = 200;

class Table {
  /**
   * `columns`: [{name, get(row), show(value, row), left, node(row, cell)}]. `get` is what is sorted by, and `show` makes its
   * text; with `node` the cell is filled by hand. The first column is the row's head.
   */
  constructor(place, label, columns, { by, down = true, key, empty }) {
    Object.assign(this, { columns, by, down, key, rows: [], lines: new Map() });
    this.heads = columns.map((column, n) => el('th', { scope: 'col', class: column.left ? 'left' : null },
      el('button', { type: 'button', on: { click: () => this.sortBy(n) } }, column.name)));
    this.body = el('tbody');
    this.none = el('p', { class: 'empty' }, empty);
    this.table = el('table', { 'aria-label': label }, el('thead', {}, el('tr', {}, ...this.heads)), this.body);
    place.append(this.table, this.none);
    this.set([]);
  }

  sortBy(n) {
    this.down = this.by === n ? !this.down : !this.columns[n].left;
    this.by = n;
    this.set(this.rows);
  }

  /** Shows these rows; gives how many there was no room for. */
  set(rows) {
    this.rows = rows;
    const { get } = this.columns[this.by];
    const sign = this.down ? -1 : 1;
    const order = (a, b) => {
      const [one, other] = [get(a), get(b)];
      if (typeof one === 'string' || typeof other === 'string') return sign * String(one).localeCompare(String(other));
      return sign * ((one ?? -1) - (other ?? -1));
    };
    const sorted = [...rows].sort((a, b) => order(a, b) || String(this.key(a)).localeCompare(String(this.key(b))));
    const shown = sorted.slice(0, MOST_ROWS);
    this.heads.forEach((head, n) => head.setAttribute('aria-sort', n !== this.by ? 'none' : this.down ? 'descending' : 'ascending'));
    const kept = new Set(shown.map((row) => this.key(row)));
    for (const [key, line] of this.lines) {
      if (!kept.has(key)) { line.remove(); this.lines.delete(key); }
    }
    shown.forEach((row, n) => {
      const line = this.line(row);
      // Moved only when it must be, since what is moved loses the focus.
      if (this.body.children[n] !== line) this.body.insertBefore(line, this.body.children[n] ?? null);
      this.columns.forEach((column, m) => {
        const cell = line.children[m];
        if (column.node) column.node(row, cell);
        else say(cell, column.show(column.get(row), row));
      });
    });
    this.table.hidden = shown.length === 0;
    this.none.hidden = shown.length > 0;
    return rows.length - shown.length;
  }

  line(row) {
    const key = this.key(row);
    if (!this.lines.has(key)) {
      const cells = this.columns.map((column, n) => el(n === 0 ? 'th' : 'td', {
        scope: n === 0 ? 'row' : null,
        class: column.left ? 'left' : null,
      }));
      this.lines.set(key, el('tr', {}, ...cells));
    }
    return this.lines.get(key);
  }
}

/** A cell that is a state: a dot and a word. */
function state(cell, text, tone, title) {
  if (!cell.firstChild) cell.append(el('span', { class: 'state' }));
  cell.firstChild.dataset.tone = tone;
  cell.title = title ?? '';
  say(cell.firstChild, text);
}

/** A cell that begins with a button which does something with the row's name. */
function link(cell, text, title, act) {
  if (!cell.firstElementChild) cell.replaceChildren(el('button', { type: 'button', title, on: { click: () => act() } }));
  say(cell.firstChild, text);
}
