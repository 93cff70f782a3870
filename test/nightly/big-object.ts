import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { setInterval } from 'node:timers/promises';
import type { Store } from '../../src/storage/store.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { openLocal } from '../storage/contract/open-local.ts';
import { openOssutil, openSdk } from '../storage/contract/open-oss.ts';
import { openRclone } from '../storage/contract/open-rclone.ts';
import { digestOf, type StoreUnderTest, sparseFile } from '../storage/contract/store-under-test.ts';

/** A single PutObject ends at 5 GB. */
const SIZE_BYTES = 5 * 1024 ** 3 + 100 * 1024 ** 2 + 1;
const MEBIBYTE = 1024 ** 2;

const OPEN: Readonly<Record<string, (t: TestContext) => Promise<StoreUnderTest>>> = {
  local: openLocal,
  rclone: openRclone,
  ossutil: openOssutil,
  sdk: openSdk,
};

const name = process.argv[2] ?? '';
const open = OPEN[name];
if (!open) throw new Error(`usage: big-object.ts ${Object.keys(OPEN).join('|')}`);

test(`${name}: ${SIZE_BYTES} bytes arrive and come back`, async (t) => {
  const { store } = await open(t);
  const { path, artifact } = await sparseFile(store, temporaryDirectory(t), 'big.dump', SIZE_BYTES);
  const { signal } = t;
  const memory = watchMemory();
  await timed('put', () => store.put(path, artifact, { overwrite: false, signal }));
  const present = await timed('stat', () => store.stat('big.dump', signal));
  assert.equal(present?.sizeBytes, SIZE_BYTES);
  assert.ok([undefined, artifact[store.checksum]].includes(present?.[store.checksum]));
  console.log(`${name}: the store counts ${describe(store, present?.[store.checksum])}`);
  await timed('get', async () => {
    assert.equal(await digestOf(await store.get('big.dump', { signal })), artifact.sha256);
  });
  const range = { start: SIZE_BYTES - 7, end: SIZE_BYTES - 1 };
  const lastBytes = await (await store.get('big.dump', { range, signal })).toArray();
  assert.equal(Buffer.concat(lastBytes).toString(), 'the end');
  for (const [program, bytes] of memory()) {
    console.log(`${name}: ${program} took at most ${Math.round(bytes / MEBIBYTE)} MiB`);
  }
  await store.remove('big.dump', signal);
});

function describe({ checksum }: Store, value: string | undefined): string {
  return value === undefined ? `no ${checksum}: its copy has to be read back` : `${checksum} ${value}`;
}

async function timed<T>(what: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await action();
  console.log(`${name}: ${what} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** The most memory that this process, which is also the OSS server, and each of its children held so far (proc(5), VmHWM). */
function watchMemory(): () => Map<string, number> {
  const peaks = new Map<string, number>();
  const stop = new AbortController();
  after(() => stop.abort());
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const status = statusOf(pid);
      const isOurs = Number(pid) === process.pid || status.includes(`\nPPid:\t${process.pid}\n`);
      if (!isOurs) continue;
      const program = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
      const bytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
      const key = `${program} ${pid}`;
      peaks.set(key, Math.max(bytes, peaks.get(key) ?? 0));
    }
  };
  (async () => {
    for await (const _ of setInterval(500, undefined, { signal: stop.signal })) look();
  })().catch(() => {});
  return () => {
    look();
    return peaks;
  };
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
