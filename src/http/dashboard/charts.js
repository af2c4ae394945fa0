// Lines over the last minutes, as SVG: as many as the page has seen, from one to five.

const SHORTEST_MS = 60 * 1000;
const LONGEST_MS = 5 * 60 * 1000;
const WIDTH = 600;
const HEIGHT = 118;

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** 1, 2 or 5 times a power of ten, and not below `value`. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= value) ?? value;
}

class Chart {
  /** `series`: [{name, color}]; `show` makes text of a value; the scale ends at `least` or above. */
  constructor(title, series, show, least) {
    Object.assign(this, { title, series, show, least, points: [], chosen: null });
    const id = `chart-${title.toLowerCase().replaceAll(' ', '-')}`;
    this.values = series.map(() => el('b'));
    const legend = el('div', { class: 'legend end' },
      ...series.map(({ name, color }, n) => el('span', {}, el('i', { class: `k-${color}` }), `${name} `, this.values[n])));
    this.picture = svg('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', tabindex: 0 });
    for (const part of [0, 0.5, 1]) {
      const y = 1 + part * (HEIGHT - 2);
      this.picture.append(svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y, y2: y }));
    }
    this.mark = svg('line', { class: 'mark', y1: 0, y2: HEIGHT, x1: -9, x2: -9 });
    this.lines = series.map(({ color }) => svg('path', { class: `s-${color}` }));
    this.picture.append(this.mark, ...this.lines);
    this.top = el('span', { class: 'top' });
    this.when = el('span', {}, 'now');
    this.since = el('span');
    this.picture.addEventListener('pointermove', (event) => {
      const box = this.picture.getBoundingClientRect();
      this.choose((event.clientX - box.left) / box.width);
    });
    this.picture.addEventListener('pointerleave', () => this.choose(null));
    this.picture.addEventListener('blur', () => this.choose(null));
    this.picture.addEventListener('keydown', (event) => this.key(event));
    this.element = el('section', { class: 'card', 'aria-labelledby': id },
      el('div', { class: 'title' }, el('h2', { id }, title), legend),
      el('div', { class: 'plot' }, this.top, this.picture),
      el('div', { class: 'axis' }, this.since, this.when));
  }

  /** The time from the left to the right edge. */
  get width() {
    return Math.max(SHORTEST_MS, this.points.at(-1).at - this.points[0].at);
  }

  /** Of what is not known, `values` has null, and the line a gap. */
  add(at, values) {
    this.points.push({ at, values });
    while (this.points[0].at < at - LONGEST_MS) this.points.shift();
    this.draw();
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || this.points.length === 0) return;
    event.preventDefault();
    const at = this.chosen === null ? this.points.length - 1 : this.points.indexOf(this.chosen) + step;
    this.chosen = this.points[Math.max(0, Math.min(this.points.length - 1, at))];
    this.draw();
  }

  choose(share) {
    const newest = this.points.at(-1);
    this.chosen = null;
    if (share !== null && newest) {
      const at = newest.at - this.width * (1 - share);
      const distance = (point) => Math.abs(point.at - at);
      this.chosen = this.points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
    }
    this.draw();
  }

  draw() {
    const newest = this.points.at(-1);
    if (!newest) return;
    const all = this.points.flatMap((point) => point.values.filter(isNumber));
    const top = roundUp(Math.max(this.least, ...all));
    const { width } = this;
    const x = (at) => (WIDTH * (1 - (newest.at - at) / width)).toFixed(1);
    const y = (value) => (1 + (HEIGHT - 2) * (1 - value / top)).toFixed(1);
    this.lines.forEach((line, n) => {
      let path = '';
      let pen = 'M';
      for (const { at, values } of this.points) {
        if (isNumber(values[n])) { path += `${pen}${x(at)} ${y(values[n])}`; pen = 'L'; } else pen = 'M';
      }
      line.setAttribute('d', path);
    });
    const shown = this.chosen && this.points.includes(this.chosen) ? this.chosen : newest;
    const place = shown === this.chosen ? x(shown.at) : -9;
    this.mark.setAttribute('x1', place);
    this.mark.setAttribute('x2', place);
    say(this.top, this.show(top));
    say(this.since, `${span(width)} ago`);
    say(this.when, shown === this.chosen ? clock(shown.at) : 'now');
    this.values.forEach((value, n) => say(value, this.show(shown.values[n])));
    const told = this.series.map(({ name }, n) => `${name} ${this.show(shown.values[n])}`).join(', ');
    this.picture.setAttribute('aria-label', `${this.title}, ${this.when.textContent}: ${told}. Arrow keys go back in time.`);
  }
}
