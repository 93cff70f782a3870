import type { TestContext } from 'node:test';

export interface ServerEvents {
  /** All that have come so far, with their parsed data. */
  readonly all: readonly { readonly event: string; readonly data: unknown }[];
  named(event: string): unknown[];
  close(): void;
}

/** Reads server-sent events as an EventSource does, until it is closed or the test ends. */
export async function readEvents(t: TestContext, url: string, init: RequestInit = {}): Promise<ServerEvents> {
  const controller = new AbortController();
  const close = (): void => controller.abort();
  t.after(close);
  const answer = await fetch(url, { ...init, signal: controller.signal });
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
  const all: { event: string; data: unknown }[] = [];
  void (async () => {
    let text = '';
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? [];
        if (event !== undefined && data !== undefined) all.push({ event, data: JSON.parse(data) });
      }
    }
  })().catch(() => {});
  return {
    all,
    named: (name) => all.filter(({ event }) => event === name).map(({ data }) => data),
    close,
  };
}
