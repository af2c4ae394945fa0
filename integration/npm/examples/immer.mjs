import { castDraft, createDraft, current, enableMapSet, enablePatches, finishDraft, freeze, immerable, isDraft, original, produce, produceWithPatches, applyPatches, nothing } from 'immer';

enableMapSet();
enablePatches();

class Clock {
  [immerable] = true;
  constructor(hour) { this.hour = hour; }
  get text() { return `${this.hour}:00`; }
  tick() { return produce(this, (draft) => { draft.hour++; }); }
}

export default () => {
  const base = [{ title: 'Learn TypeScript', done: true }, { title: 'Try Immer', done: false, tags: ['a'] }];
  const next = produce(base, (draft) => {
    draft[1].done = true;
    draft.push({ title: 'Tweet about it' });
  });
  const [patched, patches, inverse] = produceWithPatches({ user: { name: 'a', list: [1, 2, 3] }, gone: 1 }, (draft) => {
    draft.user.name = 'b';
    draft.user.list.splice(1, 1, 'x', 'y');
    delete draft.gone;
    draft.added = { deep: true };
  });
  const collections = produce({ map: new Map([['k', { n: 1 }]]), set: new Set([1, 2]) }, (draft) => {
    draft.map.get('k').n++;
    draft.map.set('new', {});
    draft.set.delete(1);
    draft.set.add(3);
  });
  const clock = new Clock(12);
  const toggled = produce((draft, id) => { draft[id].done = !draft[id].done; });
  const draft = createDraft({ a: { b: 1 } });
  draft.a.b = 2;
  const seen = [isDraft(draft.a), original(draft).a.b, current(draft).a.b];
  return {
    next, base,
    shared: [next[0] === base[0], next[1] === base[1], next[1].tags === base[1].tags, produce(base, () => {}) === base],
    frozen: [Object.isFrozen(next), Object.isFrozen(next[1]), (() => { try { next[0].done = false; } catch (error) { return error.name; } })()],
    patched, patches, inverse,
    undone: applyPatches(patched, inverse),
    map: [...collections.map], set: [...collections.set],
    class: [clock.tick().text, clock.text, clock.tick() instanceof Clock],
    curried: toggled(base, 0)[0].done,
    finished: finishDraft(draft), seen,
    returned: [produce({ a: 1 }, () => ({ b: 2 })), produce({ a: 1 }, () => nothing) ?? 'nothing'],
    sorted: produce([3, 1, 2], (list) => { castDraft(list).sort(); list.reverse(); }),
    deep: Object.isFrozen(freeze({ a: { b: [] } }, true).a.b),
    errors: [() => produce(1, (n) => n + 1), () => produce({ a: 1 }, (d) => { d.a = 2; return { b: 1 }; }), () => original({})].map((run) => { try { return run(); } catch (error) { return error.message; } }),
  };
};
