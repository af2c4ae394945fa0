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
  /** The W3C trace that the call belongs to. */
  readonly trace: { readonly traceId: string; readonly spanId: string };
}

/** What callers and the orchestrator are told about a method. */
interface MadrpcMethodOptions {
  /** For people; `_info` shows it. */
  description?: string;
  /** Running it twice does no more than running it once: a call that may have been lost is sent to another node. */
  idempotent?: boolean;
  /** The longest that one call may take, waiting included. The caller's deadline holds as well. */
  timeoutMs?: number;
}

/** How a call is made. */
interface MadrpcCallOptions {
  /** The longest to wait. The deadline of the calling method holds as well. */
  timeoutMs?: number;
  /** Go along with the call; nodes are not chosen by them yet. */
  tags?: Record<string, string>;
  /** Goes along with the call; nodes do not yet tell a repeat by it. */
  idempotencyKey?: string;
}

/** An error with a JSON-RPC code. Thrown by a method it reaches the caller as it is; a failed `call` rejects with one. */
declare class MadrpcRpcError extends Error {
  /** @param code an integer; -32768 to -32000 are JSON-RPC's own */
  constructor(code: number, message: string, data?: unknown);
  readonly code: number;
  /** What the callee says about it: anything that JSON can express, or undefined. */
  readonly data: any;
}

/** The params of a call: positional or by name. */
type MadrpcParams = readonly unknown[] | object;

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
   * Rejects with a `madrpc.RpcError`.
   */
  call<R = any>(method: string, params?: MadrpcParams, options?: MadrpcCallOptions): Promise<R>;

  /** As `call`, but this executor does nothing else until the answer is there. Throws a `madrpc.RpcError`. */
  callSync<R = any>(method: string, params?: MadrpcParams, options?: MadrpcCallOptions): R;

  readonly RpcError: typeof MadrpcRpcError;
};

// Timers belong to the call that set them and end with it.
declare function setTimeout(callback: (...args: any[]) => void, delayMs?: number, ...args: any[]): number;
declare function clearTimeout(timer: number | undefined): void;
declare function setInterval(callback: (...args: any[]) => void, delayMs?: number, ...args: any[]): number;
declare function clearInterval(timer: number | undefined): void;

/** Writes to the node's log, with the name of the method. */
interface Console {
  debug(...data: any[]): void;
  log(...data: any[]): void;
  info(...data: any[]): void;
  warn(...data: any[]): void;
  error(...data: any[]): void;
}
declare var console: Console;
