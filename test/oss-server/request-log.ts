import type { Operation } from './operations.ts';

export interface LoggedRequest {
  /** Undefined where the request is none that this server knows. */
  readonly operation: Operation | undefined;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** For UploadPart. */
  readonly partNumber: number | undefined;
  readonly userAgent: string;
  /** All request headers, names in lower case: `host` tells how the bucket was addressed. */
  readonly headers: Readonly<Record<string, string>>;
  /** How the accepted signature was made, and with which key. */
  readonly signature: 'V1' | 'V4' | undefined;
  readonly accessKeyId: string | undefined;
  /** The HTTP status; `pending` until the answer has been sent, `dropped` where the connection ended before that. */
  readonly status: number | 'pending' | 'dropped';
  /** When the head of the request had arrived, and when the answer had been sent or the connection had ended (Unix time). */
  readonly atMilliseconds: number;
  readonly endedAtMilliseconds: number | undefined;
}

/** Every request since the server's start, in the order of arrival. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];
  readonly #waiting = new Set<() => void>();

  /** Adds an entry and returns the way to update it. */
  begin(entry: LoggedRequest): (change: Partial<LoggedRequest>) => void {
    const index = this.entries.push(entry) - 1;
    this.#wake();
    return (change) => {
      this.entries[index] = { ...(this.entries[index] ?? entry), ...change };
      this.#wake();
    };
  }

  /** Resolves with the first request, past or to come, that `matches`; it is asked again when a request's status changes. */
  waitFor(matches: (request: LoggedRequest) => boolean): Promise<LoggedRequest> {
    const { promise, resolve } = Promise.withResolvers<LoggedRequest>();
    const look = () => {
      const found = this.entries.find(matches);
      if (!found) return;
      this.#waiting.delete(look);
      resolve(found);
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}
