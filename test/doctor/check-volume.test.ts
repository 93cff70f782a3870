import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Check } from '../../src/check.ts';
import { checkVolume } from '../../src/doctor/check-volume.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { addPastRun } from '../backup/past-run.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { freeBytesOf, smallDisk } from '../integration/small-disk.ts';

const NOBODY = 65534;

describe('the volume', () => {
  test('of a new installation can be made, and is not', async (t) => {
    const directory = temporaryDirectory(t);
    const checks = await look(join(directory, 'a/b'), join(directory, 'log'));
    assert.deepEqual(
      checks.map(({ id, state }) => [id, state]),
      [
        ['base-directory', 'good'],
        ['log-directory', 'good'],
        ['space', 'good'],
      ],
    );
    assert.match(checks[0]?.text.en ?? '', /can be made below \S+$/);
    assert.deepEqual(readdirSync(directory), []);
  });

  test('that is ours is written to and locked, and nothing of that stays', async (t) => {
    const directory = temporaryDirectory(t);
    const checks = await look(directory, directory);
    assert.deepEqual(
      checks.map(({ id, state }) => [id, state]),
      [
        ['base-directory', 'good'],
        ['log-directory', 'good'],
        ['file-locks', 'good'],
        ['space', 'good'],
      ],
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  test('that is a file is told', async (t) => {
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, '');
    const [base] = await look(join(file, 'base'), temporaryDirectory(t));
    assert.equal(base?.state, 'bad');
    assert.match(base?.text.en ?? '', /ENOTDIR/);
  });

  test('whose dumps others can look into is told the command that closes it', async (t) => {
    const base = temporaryDirectory(t);
    const { data } = layoutOf(base);
    mkdirSync(data);
    chmodSync(data, 0o755);
    const open = (await look(base, base)).find(({ id }) => id === 'inner-directory');
    assert.deepEqual([open?.state, open?.remedy], ['warning', `chmod 700 ${data}`]);
    execFileSync('sh', ['-c', String(open?.remedy)]);
    assert.equal(
      (await look(base, base)).find(({ id }) => id === 'inner-directory'),
      undefined,
    );
  });

  test('that belongs to another user gets the chown that mends it', { skip: missing('root') }, async (t) => {
    const directory = temporaryDirectory(t);
    chmodSync(directory, 0o755);
    const [base, logs] = [join(directory, `it's mine`), join(directory, 'log')];
    mkdirSync(base, { mode: 0o755 });
    const before = await lookAsNobody(t, base, logs);
    assert.deepEqual(
      before.map(({ id, state }) => [id, state]),
      [
        ['base-directory', 'bad'],
        ['log-directory', 'bad'],
        ['space', 'good'],
      ],
    );
    assert.match(
      before[0]?.text.en ?? '',
      /not writable for us \(65534:65534\): EACCES; owner 0:0, mode 755$/,
    );
    assert.equal(before[0]?.remedy, `chown -R 65534:65534 '${directory}/it'\\''s mine'`);
    assert.equal(before[1]?.remedy, `mkdir -p ${logs} && chown 65534:65534 ${logs}`);
    for (const { state, remedy } of before) {
      if (state === 'bad') execFileSync('sh', ['-c', String(remedy)]);
    }
    const after = await lookAsNobody(t, base, logs);
    assert.deepEqual(
      after.filter(({ state }) => state !== 'good'),
      [],
    );
    assert.ok(after.some(({ id }) => id === 'file-locks'));
  });

  test('below which root has left directories gets one as well', { skip: missing('root') }, async (t) => {
    const base = temporaryDirectory(t);
    chownSync(base, NOBODY, NOBODY);
    const { reports } = layoutOf(base);
    mkdirSync(reports, { mode: 0o755 });
    const logs = join(base, 'log');
    const found = (await lookAsNobody(t, base, logs)).find(({ state }) => state === 'bad');
    assert.match(found?.text.en ?? '', /reports: not writable for us/);
    execFileSync('sh', ['-c', String(found?.remedy)]);
    assert.deepEqual(
      (await lookAsNobody(t, base, logs)).filter(({ state }) => state !== 'good'),
      [],
    );
  });

  test('that is full, or too small for the next run, is told', {
    skip: missing('root', 'tmpfs'),
  }, async (t) => {
    const disk = await smallDisk(t, 1024 * 1024);
    const layout = layoutOf(disk);
    for (const path of [layout.data, layout.reports, layout.records]) mkdirSync(path, { mode: 0o700 });
    addPastRun(layout, 1);
    const space = async () => (await look(disk, disk)).find(({ id }) => id === 'space');
    assert.match((await space())?.text.en ?? '', /room for the next 90 days \(by the last 1 good runs/);
    // What is left is less than the few bytes of that run.
    writeFileSync(join(disk, 'filler'), Buffer.alloc(freeBytesOf(disk)));
    const [base, ...others] = await look(disk, disk);
    assert.deepEqual([base?.state, others.find(({ id }) => id === 'space')?.state], ['bad', 'bad']);
    assert.match(base?.text.en ?? '', /ENOSPC/);
    assert.ok(existsSync(join(disk, 'filler')));
  });
});

async function look(base: string, logs: string): Promise<Check[]> {
  const { context } = recordingContext(base);
  return checkVolume({ ...context, settings: { ...context.settings, BACKUP_LOG_DIR: logs } }, ['community']);
}

async function lookAsNobody(t: TestContext, base: string, logs: string): Promise<Check[]> {
  const script = startChildScript(t, new URL('check-volume-child.ts', import.meta.url), [base, logs]);
  assert.ok(existsSync(dirname(base)));
  return JSON.parse(await script.nextLine()) as Check[];
}
