import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ListedBackup, listBackups } from '../../src/backup/list-backups.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { type VerifyOptions, verifyCopies } from '../../src/backup/verify-copies.ts';
import { PgBackupError } from '../../src/errors.ts';
import { filesOfRun, layoutOf } from '../../src/files/layout.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { addPastRun, artifactsOf, type PastRunFacts } from './past-run.ts';
import { recordingContext } from './recording-context.ts';
import { newPlace, type Place, verify } from './verify-place.ts';

// What is found in the copies of real backups is tested in test/integration/verify.test.ts.

const skip = missing('postgres-client-15') || missing('rclone');
const NEWEST: Partial<VerifyOptions> = { remote: true };
const ALL: Partial<VerifyOptions> = { remote: true, all: true };

test('an interruption while a file is read is told as such', async (t) => {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  addPastRun(layout, 1);
  const interruption = new AbortController();
  const { context } = recordingContext(layout.base, {
    signal: interruption.signal,
    progress: {
      start: () => {
        setImmediate(() => interruption.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' })));
        return () => {};
      },
      clear: () => {},
    },
  });
  const options = { run: undefined, all: false, remote: false, write: () => {} };
  await assert.rejects(verifyCopies(context, options), { code: 'INTERRUPTED' });
});

test('copies in both places are ok', { skip }, async (t) => {
  const place = await newPlace(t);
  const run = place.add(1);
  const { exitCode, text } = await verify(place, NEWEST);
  assert.deepEqual(
    [exitCode, text],
    [0, `ok         ${run}  local: size, sha256, full read; remote: size, checksum\n`],
  );
});

test('a store that was emptied is found out, also after a move to another server', { skip }, async (t) => {
  const place = await newPlace(t, { PG_HOST: 'new-db' });
  const [newest] = [1, 2, 3].map((days) => place.add(days, { host: 'old-db' }));
  empty(place);
  for (const options of [NEWEST, ALL]) {
    const { exitCode, text } = await verify(place, options);
    assert.equal(exitCode, 14, text);
    assert.match(text, new RegExp(`^damaged +${newest} .* remote: ${newest}\\.dump is missing`));
    assert.equal(text.match(/^damaged /gm)?.length, options.all ? 3 : 1, text);
  }
});

test('the newest copy of each server has to be there, though newer ones of another server are', {
  skip,
}, async (t) => {
  const place = await newPlace(t);
  place.add(1);
  const [newestOfOld, older] = [20, 30].map((days) => place.add(days, { host: 'old-db' }));
  for (const run of [newestOfOld, older])
    for (const name of artifactsOf(run ?? '')) rmSync(join(place.store, name));
  const { exitCode, text } = await verify(place, ALL);
  assert.equal(exitCode, 14, text);
  assert.match(text, new RegExp(`^damaged +${newestOfOld} `, 'm'));
  assert.match(text, new RegExp(`^ok +${older} .* remote: gone, as older copies are`, 'm'));
});

test('a store that was emptied is found out where nothing is here', { skip }, async (t) => {
  const place = await newPlace(t, { PG_HOST: 'new-db', BACKUP_MODE: 'oss' });
  const facts = { host: 'old-db', local: false, record: { mode: 'oss' } } as const;
  const [newest = ''] = [1, 2, 3].map((days) => place.add(days, facts));
  empty(place);
  for (const options of [NEWEST, ALL]) {
    const { exitCode, text } = await verify(place, options);
    assert.equal(exitCode, 14, text);
    assert.match(text, new RegExp(`^damaged +${newest} `));
  }
  const [listed] = await list(place);
  assert.deepEqual([listed?.run, listed?.remote], [newest, false]);
});

test('a store that was emptied is found out though the newest backup never was sent', { skip }, async (t) => {
  const place = await newPlace(t);
  const [older = ''] = [2, 3].map((days) => place.add(days, { local: false }));
  const newest = addPastRun(place.layout, 1);
  assert.equal((await verify(place, NEWEST)).exitCode, 0);
  empty(place);
  for (const options of [NEWEST, ALL]) {
    const { exitCode, text } = await verify(place, options);
    assert.equal(exitCode, 14, text);
    assert.match(text, new RegExp(`^ok +${newest} .* remote: none was made$`, 'm'));
    assert.match(text, new RegExp(`^damaged +${older} `, 'm'));
  }
});

test('where no remote copy could be compared nothing is ok, and the exit code says why', {
  skip,
}, async (t) => {
  const CASES: Readonly<Record<string, readonly [PastRunFacts, number, RegExp]>> = {
    'a run that waits': [{ record: { awaitsUpload: true, remote: [] } }, 12, /waits for its upload/],
    'one that went elsewhere': [{ urlOf: (name) => `other:${name}` }, 2, /it went to another place/],
  };
  for (const [what, [facts, expected, told]] of Object.entries(CASES)) {
    const place = await newPlace(t);
    const older = place.add(2);
    const newest = place.add(1, facts);
    const { exitCode, text } = await verify(place, { ...NEWEST, run: newest });
    assert.equal(exitCode, expected, `${what}: ${text}`);
    assert.match(text, /^unchecked .* local: size, sha256, full read; remote: /);
    assert.match(text, told);
    assert.equal((await verify(place, { ...NEWEST })).exitCode, expected);
    assert.equal((await verify(place, ALL)).exitCode, 0, 'of many not all are beyond reach');
    rmSync(filesOfRun(place.layout, older).record);
    rmSync(filesOfRun(place.layout, older).report);
    assert.equal((await verify(place, ALL)).exitCode, expected, 'all that there are');
  }
  const place = await newPlace(t);
  const unknown = place.add(1, {
    report: { local: { ...REPORT_EXAMPLE.local, sizeBytes: 0, checksumSha256: '' } },
  });
  rmSync(filesOfRun(place.layout, unknown).record);
  const { exitCode, text } = await verify(place, NEWEST);
  assert.equal(exitCode, 2, text);
  assert.match(text, /^unchecked .* local: full read; remote: no record here tells/);
});

test('an object of another size in place of an old copy is told, and not taken for an expired one', {
  skip,
}, async (t) => {
  const place = await newPlace(t);
  place.add(1);
  const old = place.add(20);
  for (const name of artifactsOf(old)) rmSync(join(place.store, name));
  assert.equal((await verify(place, ALL)).exitCode, 0);
  writeFileSync(join(place.store, `${old}.dump`), 'x');
  const { exitCode, text } = await verify(place, ALL);
  assert.equal(exitCode, 14, text);
  assert.match(text, new RegExp(`^damaged +${old} .*\\.dump differs: 1 bytes instead of `, 'm'));
  const listed = (await list(place)).find(({ run }) => run === old);
  assert.deepEqual([listed?.remote, listed?.remoteDiffers], [true, true]);
  assert.match(await listTable(place), new RegExp(`${old} .* local\\+remote \\(differs\\) `));
});

test('a store that cannot be opened keeps nothing here from being checked', { skip }, async (t) => {
  const place = await newPlace(t);
  place.add(1);
  const environment = { ...place.context.environment, PATH: process.env['PATH'] };
  const without = { ...place, context: { ...place.context, environment } };
  const { exitCode, text } = await verify(without, NEWEST);
  assert.equal(exitCode, 3, text);
  assert.match(text, /^unchecked .* local: size, sha256, full read; remote: Missing command: rclone/);
});

test('a list does not take a bug for a store that is out of reach', async (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  let asked = 0;
  const settings = {
    ...context.settings,
    get BACKUP_MODE() {
      asked += 1;
      if (asked === 1) throw new TypeError('a bug');
      return 'local' as const;
    },
  };
  const write = () => assert.fail('nothing is known');
  await assert.rejects(listBackups([{ ...context, settings }], { json: false, write }), TypeError);
});

function empty({ store }: Place): void {
  rmSync(store, { recursive: true });
  mkdirSync(store);
}

async function list(place: Place): Promise<ListedBackup[]> {
  return JSON.parse(await listed(place, true)) as ListedBackup[];
}

function listTable(place: Place): Promise<string> {
  return listed(place, false);
}

async function listed({ context }: Place, json: boolean): Promise<string> {
  let text = '';
  await listBackups([context], {
    json,
    write: (more) => {
      text += more;
    },
  });
  return text;
}
