import semver from 'semver';

const VERSIONS = ['1.2.3', '1.10.0', '1.2.3-beta.2', '1.2.3-beta.11', '2.0.0-rc.1+build.5', '1.2.3-alpha', '0.4.9', '10.0.0'];

export default () => ({
  valid: ['1.2.3', 'a.b.c', ' =v1.2.3 ', '1.2', '1.2.3.4', '01.2.3', '1.2.3-01'].map((text) => semver.valid(text)),
  cleaned: semver.clean('  =v1.2.3   '),
  sorted: semver.sort([...VERSIONS]), reversed: semver.rsort([...VERSIONS]).slice(0, 3),
  satisfied: [['1.2.3', '1.x || >=2.5.0 || 5.0.0 - 7.2.3'], ['1.2.3-beta.2', '^1.2.3-beta.1'], ['1.2.4-beta', '~1.2.3-alpha'], ['0.2.5', '^0.2.3'], ['0.0.4', '^0.0.3'], ['1.5.0', '<1.4 || >1.4.9 <2']].map(([version, range]) => semver.satisfies(version, range)),
  ranges: ['^1.2.3', '~1', '1.x.x', '1.2 - 2', '>=1.2 <3', '*', '^0.0', '~>1.2.3', 'x || 2', '>1', '<=2.0', 'not a range'].map((range) => semver.validRange(range)),
  compared: [semver.gt('1.2.3', '9.8.7'), semver.lt('1.2.3-a', '1.2.3'), semver.cmp('1.2.3', '!==', '1.2.3'), semver.compareBuild('1.0.0+1', '1.0.0+2'), semver.diff('1.2.3', '1.3.0-rc.1')],
  coerced: ['v2', '42.6.7.9.3-alpha', '1.2.3.4', 'none', '3.4 replaces 3.3.1'].map((text) => String(semver.coerce(text))), rtl: String(semver.coerce('3.4 replaces 3.3.1', { rtl: true })),
  bumped: ['major', 'minor', 'patch', 'premajor', 'prepatch', 'prerelease'].map((kind) => semver.inc('1.2.3-beta.4', kind, 'beta')),
  best: [semver.maxSatisfying(VERSIONS, '^1.2.0'), semver.minSatisfying(VERSIONS, '>=1', { includePrerelease: true }), String(semver.minVersion('>1.2.3 <2'))],
  outside: [semver.gtr('2.0.0', '^1.2'), semver.ltr('0.1.0', '^1.2'), semver.intersects('^1.2.0', '~1.4'), semver.subset('~1.2.3', '^1.2.0'), semver.simplifyRange(VERSIONS, '1.2.3 || 1.10.0')],
  parts: [semver.major('1.2.3'), semver.prerelease('1.2.3-alpha.1.x'), semver.parse('1.2.3-beta.2+b.5'), new semver.Range('>=1.2.3 <2 || 3.x').set.map((list) => list.map(String))],
  strict: (() => { try { return new semver.SemVer('nope'); } catch (error) { return `${error}`; } })(),
});
