import * as d3 from 'd3-array';

const penguins = [
  { species: 'Adelie', island: 'Dream', mass: 3700 }, { species: 'Gentoo', island: 'Biscoe', mass: 5200 },
  { species: 'Adelie', island: 'Biscoe', mass: 3500 }, { species: 'Chinstrap', island: 'Dream', mass: 3800 }, { species: 'Gentoo', island: 'Biscoe', mass: NaN },
];
const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

export default () => ({
  summary: [d3.min(values), d3.max(values), d3.extent(values), d3.mean(values), d3.median(values), d3.variance(values), d3.deviation(values), d3.sum([0.1, 0.2, undefined, '3']), d3.fsum([1e100, 1, -1e100]), d3.mode(values), d3.quantile(values, 0.3)],
  cumulated: [...d3.cumsum(values)], ranked: [...d3.rank(values)],
  grouped: d3.groups(penguins, (d) => d.species, (d) => d.island).map(([key, group]) => [key, group.map(([island, list]) => [island, list.length])]),
  rolled: d3.rollups(penguins, (group) => d3.mean(group, (d) => d.mass), (d) => d.species),
  counted: [...d3.rollup(penguins, (group) => group.length, (d) => d.island)],
  indexed: d3.index(penguins.slice(0, 2), (d) => d.species).get('Gentoo').mass,
  flat: d3.flatRollup(penguins, (group) => group.length, (d) => d.species, (d) => d.island),
  sorted: [d3.sort(penguins, (d) => d.mass).map((d) => d.mass), d3.groupSort(penguins, (group) => -d3.median(group, (d) => d.mass), (d) => d.species), d3.sort(values, d3.descending)],
  bisected: [d3.bisect([1, 2, 2, 3], 2), d3.bisectLeft([1, 2, 2, 3], 2), d3.bisector((d) => d.x).center([{ x: 1 }, { x: 5 }], 3.5)],
  found: [d3.least(penguins, (d) => d.mass).mass, d3.greatestIndex(values), d3.quickselect([...values], 4)[4], d3.minIndex(values)],
  bins: d3.bin().domain([0, 10]).thresholds(5)(values).map((bin) => [bin.x0, bin.x1, [...bin]]),
  thresholds: [d3.thresholdSturges(values), d3.thresholdScott(values, 1, 9), d3.thresholdFreedmanDiaconis(values, 1, 9)],
  ticks: [d3.ticks(1, 10, 5), d3.ticks(0, 1, 4), d3.tickStep(0, 1, 7), d3.nice(0.13, 9.7, 5), d3.range(0, 1, 0.2), d3.tickIncrement(0, 1, 20)],
  combined: [d3.cross([1, 2], ['x', 'y']), d3.zip([1, 2], [3, 4]), d3.pairs([1, 2, 3]), d3.transpose([[1, 2], [3, 4]]), d3.merge([[1], [2, 3]]), d3.permute({ a: 1, b: 2 }, ['b', 'a'])],
  sets: [[...d3.union([1, 2], [2, 3])], [...d3.intersection([1, 2], [2, 3])], [...d3.difference([1, 2], [2])], d3.superset([1, 2], [2]), d3.disjoint([1], [2])],
  interned: new d3.InternMap([[new Date(0), 'epoch']]).get(new Date(0)),
  blurred: [...d3.blur(Float64Array.from(values), 1)],
  shuffled: d3.shuffler(() => 0.5)([...values]),
});
