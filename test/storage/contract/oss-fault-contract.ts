import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { PgBackupError } from '../../../src/errors.ts';
import { visibleDifferences } from '../../../src/storage/copy-check.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import type { Fault, FaultRule, Operation } from '../../oss-server/server.ts';
import type { OssStoreUnderTest } from './open-oss.ts';
import { digestOfFile, testFile } from './store-under-test.ts';

const { signal } = new AbortController();

/** They never end by themselves. */
const SILENCES: Readonly<Record<string, Fault>> = {
  hold: { kind: 'hold', until: new Promise<void>(() => {}) },
  stall: { kind: 'stall', afterBytes: 100_000, until: new Promise<void>(() => {}) },
};
const REASON = new Error('the run was interrupted');

const FAULTS: Readonly<Record<string, Fault>> = {
  refuse: { kind: 'refuse' },
  reset: { kind: 'reset', afterBytes: 100_000 },
  'error 503': { kind: 'error', code: 'ServiceUnavailable', status: 503 },
  'error 403': { kind: 'error', code: 'AccessDenied' },
  truncate: { kind: 'truncate', keepBytes: 100_000 },
  'wrong-crc': { kind: 'wrong-crc' },
  'clock-skew': { kind: 'clock-skew', seconds: 3600 },
};

/** Registers what follows from each fault of the OSS stand-in for a put that sends one file with these operations. */
export function ossFaultContract(
  name: string,
  open: (t: TestContext) => Promise<OssStoreUnderTest>,
  options: { readonly skip: false | string; readonly sizes: Readonly<Record<number, readonly Operation[]>> },
): void {
  describe(`no put is a silent success: ${name}`, { skip: options.skip }, () => {
    for (const [size, operations] of Object.entries(options.sizes)) {
      for (const operation of operations) {
        for (const [what, fault] of Object.entries(SILENCES)) {
          // Other operations have no body, or one of many parts.
          if (what === 'stall' && operation !== 'PutObject') continue;
          test(
            `${size} bytes, ${operation}, ${what}, until the run is interrupted`,
            { timeout: 60_000 },
            (t) =>
              interruptedUnder(t, open, Number(size), { fault, operation, times: Number.POSITIVE_INFINITY }),
          );
        }
        for (const [what, fault] of Object.entries(FAULTS)) {
          for (const times of [1, Number.POSITIVE_INFINITY]) {
            const often = times === 1 ? 'once' : 'always';
            test(`${size} bytes, ${operation}, ${what}, ${often}`, (t) =>
              putUnder(t, open, Number(size), { fault, operation, times }));
          }
        }
      }
    }
  });
}

async function interruptedUnder(
  t: TestContext,
  open: (t: TestContext) => Promise<OssStoreUnderTest>,
  sizeBytes: number,
  rule: FaultRule,
): Promise<void> {
  const { store, server, objectFile } = await open(t);
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', randomBytes(sizeBytes));
  server.fail(rule);
  const interruption = new AbortController();
  const put = store.put(path, artifact, { overwrite: false, signal: interruption.signal });
  put.catch(() => {});
  await server.waitForRequest(({ operation }) => operation === rule.operation);
  interruption.abort(REASON);
  await assert.rejects(put, (error) => error === REASON);
  server.heal();
  assert.equal(objectFile('x'), undefined);
  assert.equal(await store.stat('x', signal), undefined);
}

async function putUnder(
  t: TestContext,
  open: (t: TestContext) => Promise<OssStoreUnderTest>,
  sizeBytes: number,
  rule: FaultRule,
): Promise<void> {
  const { store, server, objectFile } = await open(t);
  const { path, artifact } = await testFile(store, temporaryDirectory(t), 'x', randomBytes(sizeBytes));
  server.fail(rule);
  const error: unknown = await store.put(path, artifact, { overwrite: false, signal }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  server.heal();

  const present = await store.stat('x', signal);
  const object = objectFile('x');
  const hasArrived = object !== undefined && (await digestOfFile(object)) === artifact.sha256;
  const looksArrived = present !== undefined && visibleDifferences(present, artifact).length === 0;
  assert.equal(looksArrived, hasArrived, 'the store tells what is there');
  if (error === undefined) {
    assert.notEqual(present, undefined);
  } else {
    assert.ok(error instanceof PgBackupError, String(error));
    assert.match(error.code, /^(UPLOAD_FAILED|REMOTE_MISMATCH|OBJECT_EXISTS)$/);
  }
}
