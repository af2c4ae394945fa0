// Chance that can be repeated: the same seed makes the same program.

/** FNV-1a, so that neighbouring seeds have nothing in common. */
function hash(text) {
  let state = 0x811c9dc5;
  for (const unit of text) state = Math.imul(state ^ unit.codePointAt(0), 0x01000193);
  return state >>> 0;
}

export class Random {
  #state;

  /** @param {string} seed Any text. */
  constructor(seed) {
    this.#state = hash(seed);
  }

  /** 32 random bits (mulberry32). */
  bits() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `below - 1`. */
  int(below) {
    return this.bits() % below;
  }

  /** A whole number from `from` to `to`, both included. */
  between(from, to) {
    return from + this.int(to - from + 1);
  }

  /** True in `percent` of 100 cases. */
  chance(percent) {
    return this.int(100) < percent;
  }

  pick(list) {
    return list[this.int(list.length)];
  }

  /** Calls one of the makers. Each is `[weight, make]`; one whose weight is 0 is never called. */
  weighted(makers) {
    let left = this.int(makers.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, make] of makers) {
      if (left < weight) return make();
      left -= weight;
    }
    throw new Error('no maker has a weight');
  }

  /** A list of `from` to `to` things. */
  times(from, to, make) {
    return Array.from({ length: this.between(from, to) }, (_, i) => make(i));
  }

  /** A double with any bits, finite or not. */
  double() {
    return new Float64Array(Uint32Array.of(this.bits(), this.bits()).buffer)[0];
  }
}

/** The source text of a value that `JSON.stringify` would change or refuse. */
export function literal(value) {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
