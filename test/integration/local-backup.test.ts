import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseFingerprint } from '../../src/fingerprint/fingerprint.ts';
import { type RunRecord, STAGES, type StageRecord } from '../../src/report/record.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { byHand } from './client-program.ts';
import { type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const SHOP = `
  CREATE SCHEMA sales;
  CREATE TABLE sales.item (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO sales.item SELECT i, 'item ' || i FROM generate_series(1, 5000) AS i;
  CREATE VIEW sales.few AS SELECT * FROM sales.item WHERE id < 10;
  CREATE SEQUENCE sales.number; SELECT setval('sales.number', 77);`;
/** Of PostgreSQL 15, in the order in which they are written. */
const ALL_ON_TABLES = ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'];
const FACTS = `SELECT count(*), md5(string_agg(item::text, ',' ORDER BY id)), (SELECT last_value FROM sales.number),
  (SELECT count(*) FROM sales.few) FROM sales.item`;

describe('a backup in mode local', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    await server.psql(SHOP, { database: 'shop' });
    await server.psql(`CREATE ROLE clerk LOGIN PASSWORD 'clerk'; GRANT SELECT ON sales.item TO clerk;`, {
      database: 'shop',
    });
  });
  after(() => server.stop());

  test('leaves the files of the contract, readable for whom they are meant', async (t) => {
    const here = install(t, server, 'shop');
    const { exitCode, stdout, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, '');
    const { name, record } = here.newest();
    assert.match(name, /^shop_\d{8}T\d{6}Z_[A-Za-z0-9-]+$/);
    assert.deepEqual(here.files(), artifactsOf(name).sort());
    assert.deepEqual(
      record.artifacts.map((artifact) => artifact.name),
      artifactsOf(name),
    );
    assert.deepEqual(here.leftovers(), []);
    assert.deepEqual(
      modesOf(here, ['base', 'base/data', 'base/reports', 'base/records']),
      [0o755, 0o700, 0o755, 0o755],
    );
    for (const file of here.files()) assert.equal(modeOf(join(here.data, file)), 0o600);
    assert.deepEqual(
      modesOf(here, [`base/reports/${name}.json`, `base/records/${name}.json`]),
      [0o644, 0o644],
    );

    assert.deepEqual(
      [record.status, record.proof, record.awaitsUpload, record.remote],
      ['SUCCESS', 'read', false, []],
    );
    assert.deepEqual(
      inTheirOrder(record).map((stage) => [stage.name, stage.outcome]),
      ['lock', 'preflight', 'dump', 'verify', 'globals', 'fingerprint', 'checksum'].map((stage) => [
        stage,
        'done',
      ]),
    );
    assert.match(record.server?.version ?? '', /^15\./);
    assert.match(record.client?.version ?? '', /^15\./);
    assert.equal(record.globals, 'with passwords');
    assert.equal(record.compression, '9');
  });

  test('leaves a fingerprint of what the dump holds, and tells of it in the record', async (t) => {
    const here = install(t, server, 'shop');
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name, record } = here.newest();
    assert.ok(record.fingerprint);
    const { inventory, durationSeconds, ...counted } = record.fingerprint;
    assert.deepEqual(counted, {
      level: 'counts',
      status: 'complete',
      rowsByTable: { 'sales.item': 5000 },
      rows: 5000,
      sequences: 1,
      largeObjects: 0,
    });
    // The rights on what initdb made differ from major to major.
    const { grants: _grants, ...made } = inventory;
    const parts = { index: 1, 'table constraint': 1 };
    assert.deepEqual(made, {
      schema: 2,
      extension: 1,
      database: 1,
      table: 1,
      view: 1,
      sequence: 1,
      ...parts,
    });
    assert.ok(durationSeconds > 0);
    assert.equal(
      record.server?.systemIdentifier,
      await server.psql('SELECT system_identifier FROM pg_control_system()'),
    );

    const path = join(here.data, `${name}_fingerprint.json`);
    assert.equal(modeOf(path), 0o600);
    const fingerprint = parseFingerprint(readFileSync(path, 'utf8'));
    assert.ok(fingerprint);
    const { run, dumpSha256, serverMajor, leftOut, tables, sequences } = fingerprint;
    assert.deepEqual([run, dumpSha256], [name, record.artifacts[0]?.sha256]);
    assert.deepEqual([serverMajor, leftOut], [15, []]);
    assert.deepEqual(tables, [{ schema: 'sales', name: 'item', state: 'counted', rows: 5000 }]);
    assert.deepEqual(sequences, [{ schema: 'sales', name: 'number', lastValue: '77', isCalled: true }]);
    const item = fingerprint.inventory?.find(({ kind }) => kind === 'table');
    assert.deepEqual([item?.name, item?.owner], ['sales.item', server.user]);
    assert.deepEqual(item?.grants, [
      'clerk=SELECT',
      ...ALL_ON_TABLES.map((right) => `${server.user}=${right}`),
    ]);
    assert.match(item.definition ?? '', /^-?\d+$/);
  });

  test('leaves no fingerprint, and says nothing of one, where none is wanted', async (t) => {
    const here = install(t, server, 'shop', { BACKUP_FINGERPRINT: 'off' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, record } = here.newest();
    const [dump, checksum, globals] = artifactsOf(name);
    assert.deepEqual(here.files(), [dump, checksum, globals]);
    assert.equal(record.fingerprint, undefined);
    assert.deepEqual(
      inTheirOrder(record).map((stage) => stage.name),
      ['lock', 'preflight', 'dump', 'verify', 'globals', 'checksum'],
    );
    assert.doesNotMatch(here.log(), /fingerprint/i);
  });

  test('reports exactly what the platform can parse', async (t) => {
    const here = install(t, server, 'shop');
    const startedBefore = new Date();
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name, report } = here.newest();
    const dump = join(here.data, `${name}.dump`);
    const { startedAt, finishedAt, durationSeconds, ...others } = report;
    assert.deepEqual(others, {
      database: 'shop',
      host: '127.0.0.1',
      port: String(server.port),
      mode: 'local',
      tool: 'ossutil',
      status: 'SUCCESS',
      errorMessage: '',
      local: {
        file: dump,
        globalsFile: join(here.data, `${name}_globals.sql`),
        checksumSha256: createHash('sha256').update(readFileSync(dump)).digest('hex'),
        sizeBytes: statSync(dump).size,
      },
      remote: { urls: [] },
    });
    for (const time of [startedAt, finishedAt]) {
      assert.match(time, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
      assert.ok(Math.abs(new Date(time).getTime() - startedBefore.getTime()) < 60_000, time);
    }
    assert.ok(Number.isInteger(durationSeconds) && finishedAt >= startedAt);
    assert.equal(name.split('_')[1], startedAt.replaceAll(/[-:]/g, ''));
  });

  test('writes the day’s log beside what it prints', async (t) => {
    const here = install(t, server, 'shop');
    const { stderr } = await here.run(['backup']);
    const { name, report } = here.newest();
    const day = report.startedAt.slice(0, 10).replaceAll('-', '');
    const path = join(here.logs, `backup_${day}.log`);
    assert.equal(modeOf(path), 0o600);
    const text = readFileSync(path, 'utf8');
    assert.match(text, new RegExp(`Backup of shop on 127.0.0.1:${server.port} started: ${name}`));
    assert.match(text, /Backup succeeded: .* proven: read/);
    assert.doesNotMatch(text, /ERROR/);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, text.trimEnd().split('\n').length);
    for (const line of lines) assert.ok(text.includes(JSON.parse(line).msg), line);
  });

  test('is checked by sha256sum wherever the pair is copied to', async (t) => {
    const here = install(t, server, 'shop');
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const elsewhere = temporaryDirectory(t);
    const [dump = '', checksum = ''] = here.files();
    for (const file of [dump, checksum]) copyFileSync(join(here.data, file), join(elsewhere, file));
    const check = () =>
      execFileSync('sha256sum', ['-c', checksum], { cwd: elsewhere, encoding: 'utf8', stdio: 'pipe' });
    assert.equal(check(), `${dump}: OK\n`);
    copyFileSync(join(here.data, checksum), join(elsewhere, dump));
    assert.throws(check);
  });

  test('is restored as the handbook says', async (t) => {
    const here = install(t, server, 'shop');
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const [dump = '', , globals = ''] = artifactsOf(here.newest().name).map((file) => join(here.data, file));
    const facts = await server.psql(FACTS, { database: 'shop' });

    await byHand(server, 'createdb', 'restored');
    // In an empty database `-c` finds nothing to drop: pg_restore says so, exits 1, and goes on.
    await assert.rejects(
      byHand(server, 'pg_restore', '-d', 'restored', '-c', dump),
      /errors ignored on restore/,
    );
    assert.equal(await server.psql(FACTS, { database: 'restored' }), facts);
    await byHand(server, 'pg_restore', '-d', 'restored', '-c', dump);
    assert.equal(await server.psql(FACTS, { database: 'restored' }), facts);

    await byHand(server, 'createdb', 'parallel');
    await byHand(server, 'pg_restore', '-d', 'parallel', '-j', '4', dump);
    assert.equal(await server.psql(FACTS, { database: 'parallel' }), facts);

    // The globals, in a server that has none of the roles but its own administrator.
    const other = await startPostgres();
    t.after(() => other.stop());
    await byHand(other, 'psql', '-f', globals, 'postgres');
    const verifier = `SELECT rolpassword FROM pg_authid WHERE rolname = 'clerk'`;
    const expected = await server.psql(verifier);
    assert.match(expected, /^SCRAM-SHA-256/);
    // The administrator's own password is among what was restored.
    assert.equal(await other.psql(verifier, { password: server.password }), expected);
  });
});

function modesOf(here: Installation, paths: string[]): number[] {
  return paths.map((path) => modeOf(join(here.directory, path)));
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Those that go on at the same time may begin in another one. */
function inTheirOrder({ stages }: RunRecord): StageRecord[] {
  return stages.toSorted((one, other) => STAGES.indexOf(one.name) - STAGES.indexOf(other.name));
}
