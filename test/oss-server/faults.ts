import { publishedError } from './error-catalogue.ts';
import type { Operation } from './operations.ts';

export type Fault =
  /** Close the connection with a reset, without an answer. */
  | { readonly kind: 'refuse' }
  /** Reset the connection after the first `afterBytes` of the request's (or, for GetObject, the answer's) body. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Take no more than `afterBytes` of the request's body (or, for GetObject, send no more) until the promise is resolved. */
  | { readonly kind: 'stall'; readonly afterBytes: number; readonly until: Promise<void> }
  /**
   * Answer with this error before looking at the signature. Status, message and EC are the published ones
   * (`error-catalogue.ts`) where they are left out; a code that is not there needs a status.
   */
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly status?: number;
      readonly message?: string;
      readonly ec?: string;
    }
  /** Leave the request unread and unanswered until the promise is resolved, then go on as usual. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  /**
   * Answer as if everything had been stored, but keep only the first `keepBytes`; for GetObject, send only those and
   * close the connection in good order, short of the announced length.
   */
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
  readonly partNumber?: number;
  /** How many matching requests it hits; 1 where left out, Infinity for all. */
  readonly times?: number;
}

/** The faults that a test has ordered and that have not been used up. */
export class FaultPlan {
  readonly #pending: { rule: FaultRule; timesLeft: number }[] = [];

  /** Throws an Error for an `error` whose status nobody knows. */
  add(rule: FaultRule): void {
    const { fault } = rule;
    if (fault.kind === 'error' && fault.status === undefined && !publishedError(fault.code)) {
      throw new Error(`the OSS server knows no status for the error ${fault.code}: give one`);
    }
    this.#pending.push({ rule, timesLeft: rule.times ?? 1 });
  }

  clear(): void {
    this.#pending.length = 0;
  }

  /** Uses up and returns the first fault that fits, or undefined. */
  take(
    operation: Operation | undefined,
    key: string | undefined,
    partNumber: number | undefined,
  ): Fault | undefined {
    const entry = this.#pending.find(
      ({ rule, timesLeft }) =>
        timesLeft > 0 &&
        (rule.operation === undefined || rule.operation === operation) &&
        (rule.key === undefined || rule.key === key) &&
        (rule.partNumber === undefined || rule.partNumber === partNumber),
    );
    if (entry) entry.timesLeft -= 1;
    return entry?.rule.fault;
  }
}
