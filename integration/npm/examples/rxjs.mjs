import { BehaviorSubject, combineLatest, concat, defer, EMPTY, firstValueFrom, from, interval, lastValueFrom, merge, of, range, ReplaySubject, Subject, throwError, timer, zip } from 'rxjs';
import { bufferCount, catchError, concatMap, debounceTime, delay, distinctUntilChanged, exhaustMap, filter, finalize, groupBy, map, mergeMap, pairwise, reduce, retry, scan, share, startWith, switchMap, take, takeUntil, tap, toArray, windowCount, withLatestFrom } from 'rxjs/operators';

const all = (stream) => lastValueFrom(stream.pipe(toArray()));

export default async () => {
  const log = [];
  const subject = new Subject();
  const subscription = subject.pipe(startWith(0), pairwise(), finalize(() => log.push('closed'))).subscribe((pair) => log.push(pair));
  subject.next(1);
  subject.next(2);
  subscription.unsubscribe();
  subject.next(3);
  const behaviour = new BehaviorSubject('first');
  const replay = new ReplaySubject(2);
  for (const n of [1, 2, 3]) replay.next(n);
  replay.complete();
  let tries = 0;
  return {
    squares: await all(range(1, 200).pipe(filter((x) => x % 2 === 1), map((x) => x + x), take(5))),
    reduced: await lastValueFrom(range(1, 10).pipe(scan((sum, n) => sum + n, 0), reduce((list, n) => [...list, n], []))),
    merged: await all(merge(of(1, 2).pipe(delay(5)), of(3), from(Promise.resolve(4)))),
    concatenated: await all(concat(timer(3).pipe(map(() => 'timer')), of('then'), EMPTY)),
    zipped: await all(zip(of('a', 'b'), range(1, 5))),
    latest: await all(combineLatest({ x: of(1, 2), y: of('a', 'b') })),
    mapped: await all(of(3, 1, 2).pipe(concatMap((n) => of(n, n * 10).pipe(delay(n))), bufferCount(2))),
    switched: await all(of(1, 2, 3).pipe(switchMap((n) => timer(2).pipe(map(() => n))))),
    exhausted: await all(of(1, 2, 3).pipe(exhaustMap((n) => timer(2).pipe(map(() => n))))),
    grouped: await all(range(1, 6).pipe(groupBy((n) => n % 3), mergeMap((group) => group.pipe(toArray(), map((list) => [group.key, list]))))),
    windows: await all(range(1, 5).pipe(windowCount(2), mergeMap((window) => window.pipe(toArray())))),
    retried: await all(defer(() => (++tries < 3 ? throwError(() => new Error(`try ${tries}`)) : of('done'))).pipe(retry(3))),
    caught: await all(throwError(() => new TypeError('no')).pipe(catchError((error) => of(`${error}`)))),
    distinct: await all(from([1, 1, 2, 2, 1]).pipe(distinctUntilChanged(), withLatestFrom(behaviour))),
    debounced: await all(of('a', 'b', 'c').pipe(debounceTime(2))),
    until: (await all(interval(1).pipe(takeUntil(timer(60_000)), take(3)))).length,
    replayed: await all(replay),
    shared: await (async () => { let made = 0; const source = defer(() => { made++; return timer(1); }).pipe(share()); await Promise.all([lastValueFrom(source), lastValueFrom(source)]); return made; })(),
    first: await firstValueFrom(behaviour),
    iterated: await all(from((function* () { yield* [1, 2]; })()).pipe(tap((n) => log.push(n)))),
    empty: await firstValueFrom(EMPTY).catch((error) => error.name),
    log,
  };
};
