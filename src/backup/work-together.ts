/** Works that go on at the same time and are of use only together. */
export interface Team {
  /** Aborts with the first failure of any of them. */
  readonly failed: AbortSignal;
  /** Takes a work in; returns it. */
  add<T>(work: Promise<T>): Promise<T>;
  /** Resolves once every work has ended. @throws the first failure */
  end(): Promise<void>;
}

/** Each work must end soon after `failed`. */
export function workTogether(): Team {
  const failing = new AbortController();
  const works: Promise<void>[] = [];
  return {
    failed: failing.signal,
    add(work) {
      works.push(
        work.then(
          () => {},
          (error: unknown) => failing.abort(error),
        ),
      );
      return work;
    },
    async end() {
      // One that was taken in meanwhile counts, too.
      for (let index = 0; index < works.length; index += 1) await works[index];
      failing.signal.throwIfAborted();
    },
  };
}
