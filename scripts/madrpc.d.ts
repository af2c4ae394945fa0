// What a program that runs on a madrpc-actor node finds in its global scope, for editors and for `tsc --checkJs`.
// A jsconfig.json beside your scripts that includes this file is enough; scripts/jsconfig.json is an example.

/** Anything that JSON can express. */
type MadrpcJson = null | boolean | number | string | MadrpcJson[] | { [member: string]: MadrpcJson };

/** What a call is told about itself. */
interface MadrpcContext {
  /** The call's id in the log of every process that it passes through. */
  readonly id: string;
  /** The name that the call was made by. */
  readonly method: string;
  /** When the caller stops waiting, in milliseconds since 1970 as `Date.now()` counts them. */
  readonly deadline: number;
  /** Aborted when the call is cancelled: its caller has gone, or its deadline has passed. */
  readonly signal: AbortSignal;
  /** The W3C trace that the call belongs to. */
  readonly trace: { readonly traceId: string; readonly spanId: string };
  /** What the caller pushes while the call runs, each value once; without a caller that pushes it is at its end. */
  readonly input: MadrpcStream<any, undefined>;
  /**
   * Has the call go on after its answer until the promise has settled, up to the call's deadline: for what waits for promises of
   * other calls. What the call itself has begun goes on without it. Throws a TypeError once the call is over.
   */
  waitUntil(promise: unknown): void;
}

/**
 * Values as they come, to be read once. To leave it (`break`, `return()`) cancels the call that it is of. Several values
 * may be asked for at once, up to 1,024 that are not there.
 */
interface MadrpcStream<T, R> {
  next(): Promise<{ done: false; value: T } | { done: true; value: R }>;
  return(value?: any): Promise<{ done: true; value: any }>;
  throw(reason?: any): Promise<{ done: true; value: any }>;
  [Symbol.asyncIterator](): MadrpcStream<T, R>;
}

/** What the function of a subscription is told about its event. */
interface MadrpcEventContext extends MadrpcContext {
  /** Where it was published, which may be one of many that the pattern matches. */
  readonly channel: string;
}

/** What callers and the orchestrator are told about a method. */
interface MadrpcMethodOptions {
  /** For people; `_info` shows it. */
  description?: string;
  /** Running it twice does no more than running it once: a call that may have been lost is sent to another node. */
  idempotent?: boolean;
  /** A call that takes longer than nineteen of twenty is made on a second node, too; needs `idempotent`. */
  hedge?: boolean;
  /** The longest that one call may take, waiting included. The caller's deadline holds as well. */
  timeoutMs?: number;
}

/** How a call is made. */
interface MadrpcCallOptions {
  /** The longest to wait. The deadline of the calling method holds as well. */
  timeoutMs?: number;
  /** Only a node that carries all of these gets the call. */
  tags?: Record<string, string>;
  /** Names the call: however often it is made with the same key, it runs once, and all get what that came to. */
  idempotencyKey?: string;
  /** Rejects the call with the signal's reason when it is aborted. */
  signal?: AbortSignal;
}

/** How a stream is asked for: it can't be replayed, and so has no idempotency key. */
type MadrpcStreamOptions = Omit<MadrpcCallOptions, 'idempotencyKey'>;

/** How a notification is made. Its time is its own, and not that of the call that makes it. */
type MadrpcNotifyOptions = Omit<MadrpcCallOptions, 'signal'>;

/** How the calls of a map are made. */
interface MadrpcMapOptions extends MadrpcStreamOptions {
  /** Calls that are open at once, at most; 256 by default. */
  concurrency?: number;
  /** `abort`, the default: the first error rejects the map, and cancels the calls that are open. `collect`: none does. */
  onError?: 'abort' | 'collect';
  /** Called as each item is done. The total is null while an iterator has not ended. What it throws rejects the map. */
  onProgress?: (done: number, total: number | null) => void;
}

/** What `onError: 'collect'` gives for an item, as `Promise.allSettled` does. */
type MadrpcSettled<R> = { status: 'fulfilled'; value: R } | { status: 'rejected'; reason: any };

/** An error with a JSON-RPC code. Thrown by a method it reaches the caller as it is; a failed `call` rejects with one. */
declare class MadrpcRpcError extends Error {
  /** @param code an integer; -32768 to -32000 are JSON-RPC's own */
  constructor(code: number, message: string, data?: unknown);
  readonly code: number;
  /**
   * What the callee says about it: anything that JSON can express, or undefined. Of an Error that is no RpcError: `name`, `stack`,
   * `method`, `node`, and its own properties in `fields`; `omitted` says why one is not among them.
   */
  readonly data: any;
}

/** The params of a call: positional or by name. */
type MadrpcParams = readonly unknown[] | object;

/** An `async function*` is a stream: its items reach the caller as they are read. */
type MadrpcMethod<P, R> = (params: P, ctx: MadrpcContext) => R | PromiseLike<R>;

declare const madrpc: {
  /**
   * Makes `fn` callable as `name`, while the script loads. `params` is the caller's array or object, or undefined when
   * the call has none. What `fn` returns, or what its promise resolves to, is the result, written as JSON.stringify would.
   * Throws for a reserved name: one that begins with `_` or `rpc.`.
   */
  register<P = any, R = unknown>(name: string, fn: MadrpcMethod<P, R>): void;
  register<P = any, R = unknown>(name: string, options: MadrpcMethodOptions, fn: MadrpcMethod<P, R>): void;

  /**
   * Calls a method anywhere in the cluster; on a node without an orchestrator, on this node. Waiting holds no thread.
   * Rejects with a `madrpc.RpcError`. Not awaited, it goes on after the answer of the call that made it, up to that call's
   * deadline; where that call is cancelled, it is cancelled and rejects with -32800.
   */
  call<R = any>(method: string, params?: MadrpcParams, options?: MadrpcCallOptions): Promise<R>;

  /**
   * A call without an answer: it leaves whatever becomes of the call that makes it, and may take 30 seconds, or
   * `timeoutMs`. Throws a `madrpc.RpcError` where the params can't be sent or too much is open.
   */
  notify(method: string, params?: MadrpcParams, options?: MadrpcNotifyOptions): void;

  /** As `call`, but this executor does nothing else until the answer is there. Throws a `madrpc.RpcError`. */
  callSync<R = any>(method: string, params?: MadrpcParams, options?: MadrpcCallOptions): R;

  /**
   * Calls an `async function*` and gives its items as they come. The call leaves with those that this turn makes; it runs
   * ahead of its reader by some items, and waits then. What it returns is the value at the end; what it throws, or
   * whatever else fails, is thrown after the items before it. A method of another kind has no items, and its result as the value at the
   * end.
   */
  stream<T = any, R = any>(method: string, params?: MadrpcParams, options?: MadrpcStreamOptions): MadrpcStream<T, R>;

  /**
   * Calls a method once for each item, which is the params of that call, and gives the results in the items' order. So
   * many calls are open at a time.
   */
  map<R = any>(
    method: string,
    items: Iterable<MadrpcParams> | AsyncIterable<MadrpcParams>,
    options: MadrpcMapOptions & { onError: 'collect' },
  ): Promise<MadrpcSettled<R>[]>;
  map<R = any>(
    method: string,
    items: Iterable<MadrpcParams> | AsyncIterable<MadrpcParams>,
    options?: MadrpcMapOptions,
  ): Promise<R[]>;

  readonly RpcError: typeof MadrpcRpcError;
  /**
   * Publishes an event to whoever has subscribed, anywhere in the cluster. Resolves to the number of receivers; rejects with
   * -32602 when the channel's name is the system's (it begins with `_`), with -32005 when no orchestrator can be reached. It is
   * sent whether it is awaited or not.
   */
  publish(channel: string, data?: unknown): Promise<number>;
  /**
   * While the script loads: has `fn` run for each event on the channel, or on every one that the pattern matches (`*`, `?`,
   * `[ab]`), on one executor of this node. The events of one pattern run one after the other, in their order.
   */
  subscribe(channel: string, fn: (data: any, ctx: MadrpcEventContext) => unknown): void;
};

// A timer fires even when the call that set it is over, and can begin nothing then; an interval ends with its call.
declare function setTimeout(callback: (...args: any[]) => void, delayMs?: number, ...args: any[]): number;
declare function clearTimeout(timer: number | undefined): void;
declare function setInterval(callback: (...args: any[]) => void, delayMs?: number, ...args: any[]): number;
declare function clearInterval(timer: number | undefined): void;

// A throw out of it ends the call that queued it.
declare function queueMicrotask(callback: () => void): void;

/** Bytes, as the functions below take them. */
type BufferSource = ArrayBufferView | ArrayBufferLike;

/** A deep copy, cycles included. Throws a DataCloneError for functions, symbols, and objects of most host classes. */
declare function structuredClone<T>(value: T, options?: { transfer?: Iterable<ArrayBuffer> } | null): T;

/** Text whose characters are bytes, to base64. */
declare function btoa(text: string): string;
/** Base64, padded or not, to text whose characters are bytes. */
declare function atob(base64: string): string;

/** Writes to the node's log, with the name of the method. */
interface Console {
  debug(...data: any[]): void;
  log(...data: any[]): void;
  info(...data: any[]): void;
  warn(...data: any[]): void;
  error(...data: any[]): void;
  trace(...data: any[]): void;
  assert(condition?: boolean, ...data: any[]): void;
  dir(value?: any, options?: any): void;
  dirxml(...data: any[]): void;
  table(data?: any, columns?: readonly string[]): void;
  group(...data: any[]): void;
  groupCollapsed(...data: any[]): void;
  groupEnd(): void;
  count(label?: string): void;
  countReset(label?: string): void;
  time(label?: string): void;
  timeLog(label?: string, ...data: any[]): void;
  timeEnd(label?: string): void;
  /** Does nothing: a log stays. */
  clear(): void;
}
declare var console: Console;

/** What host APIs throw: an Error with one of the standard's names, and a code if the name is an old one. */
declare class DOMException extends Error {
  constructor(message?: string, name?: string);
  readonly name: string;
  readonly code: number;
  static readonly ABORT_ERR: 20;
  static readonly DATA_CLONE_ERR: 25;
  static readonly INVALID_CHARACTER_ERR: 5;
  static readonly INVALID_STATE_ERR: 11;
  static readonly QUOTA_EXCEEDED_ERR: 22;
  static readonly TIMEOUT_ERR: 23;
  static readonly TYPE_MISMATCH_ERR: 17;
}

interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

declare class Event {
  constructor(type: string, options?: EventInit);
  readonly type: string;
  readonly target: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly eventPhase: number;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  readonly isTrusted: boolean;
  readonly timeStamp: number;
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
  composedPath(): EventTarget[];
}

type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void };

interface AddEventListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

declare class EventTarget {
  addEventListener(type: string, listener: EventListener | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener(type: string, listener: EventListener | null, options?: boolean | { capture?: boolean }): void;
  dispatchEvent(event: Event): boolean;
}

declare class AbortSignal extends EventTarget {
  private constructor();
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((this: AbortSignal, event: Event) => void) | null;
  throwIfAborted(): void;
  static abort(reason?: any): AbortSignal;
  /** Aborted with a TimeoutError after this time; the timer ends with the call that set it. */
  static timeout(ms: number): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: any): void;
}

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  /** @param label any of the Encoding standard: utf-8, utf-16le, latin1, … */
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: BufferSource, options?: { stream?: boolean }): string;
}

declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string | URL, base?: string | URL): boolean;
  static parse(url: string | URL, base?: string | URL): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}

declare class URLSearchParams {
  constructor(init?: string | Iterable<Iterable<string>> | Record<string, string>);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  toString(): string;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: any): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class Performance {
  private constructor();
  /** When the context was made, in milliseconds since 1970. */
  readonly timeOrigin: number;
  /** Milliseconds since then. */
  now(): number;
  toJSON(): { timeOrigin: number };
}
declare var performance: Performance;

declare class Crypto {
  private constructor();
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
  /** Fills an array of integers, 65,536 bytes at most, and gives it back. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
}
declare var crypto: Crypto;

type HeadersInit = Headers | Iterable<Iterable<string>> | Record<string, string>;
type BodyInit = string | BufferSource | URLSearchParams;

/** Names are case-insensitive, and come in lower case and sorted when they are iterated. */
declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: any): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

/** A body is all there, and is read once. */
interface Body {
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array>;
  json(): Promise<any>;
  text(): Promise<string>;
}

interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  redirect?: 'follow' | 'error' | 'manual';
  signal?: AbortSignal | null;
}

interface Request extends Body {}
declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit);
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: 'follow' | 'error' | 'manual';
  readonly signal: AbortSignal;
  clone(): Request;
}

interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

interface Response extends Body {}
declare class Response {
  constructor(body?: BodyInit | null, init?: ResponseInit);
  static error(): Response;
  static json(value: any, init?: ResponseInit): Response;
  static redirect(url: string | URL, status?: number): Response;
  readonly type: 'default' | 'basic' | 'error';
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly ok: boolean;
  readonly statusText: string;
  readonly headers: Headers;
  clone(): Response;
}

/**
 * Asks an HTTP server that the node's `--allow-net` lists; redirects must stay within the list. Rejects with a TypeError
 * that tells why: not listed, not reached, cut off, longer than `--max-body`. Ends with the call that made it where that is cancelled, by its
 * deadline, or by a signal. With `redirect: 'manual'` the answer that leads elsewhere is given as it is. Does not work while
 * the script loads.
 */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
