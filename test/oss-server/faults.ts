import type { Operation } from './operations.ts';

export type Fault =
  /** Close the connection with a reset, without an answer. */
  | { readonly kind: 'refuse' }
  /** Reset the connection once more than `afterBytes` of the request's (or, for GetObject, the answer's) body have passed. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Answer with this error, such as 503 ServiceUnavailable or 403 AccessDenied, before looking at the signature. */
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message?: string }
  /** Leave the request unread and unanswered until the promise is resolved, then go on as usual. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  /** Answer as if everything had been stored, but keep only the first `keepBytes`. */
  | { readonly kind: 'truncate'; readonly keepBytes: number }
  /** Answer with an `x-oss-hash-crc64ecma` that is not the data's. */
  | { readonly kind: 'wrong-crc' }
  /** Judge and date the request by a clock that is this far ahead (or, negative, behind). */
  | { readonly kind: 'clock-skew'; readonly seconds: number };

export interface FaultRule {
  readonly fault: Fault;
  /** Which requests it hits: any, where left out. */
  readonly operation?: Operation;
  readonly key?: string;
  /** How many matching requests it hits; 1 where left out, Infinity for all. */
  readonly times?: number;
}

/** The faults that a test has ordered and that have not been used up. */
export class FaultPlan {
  readonly #pending: { rule: FaultRule; timesLeft: number }[] = [];

  add(rule: FaultRule): void {
    this.#pending.push({ rule, timesLeft: rule.times ?? 1 });
  }

  clear(): void {
    this.#pending.length = 0;
  }

  /** Uses up and returns the first fault that fits, or undefined. */
  take(operation: Operation | undefined, key: string | undefined): Fault | undefined {
    const entry = this.#pending.find(
      ({ rule, timesLeft }) =>
        timesLeft > 0 &&
        (rule.operation === undefined || rule.operation === operation) &&
        (rule.key === undefined || rule.key === key),
    );
    if (entry) entry.timesLeft -= 1;
    return entry?.rule.fault;
  }
}
