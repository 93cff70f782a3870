import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { differencesOf, dumpWithFingerprint, measure, restore } from './fingerprint-of.ts';

const SCRIPT = `
  CREATE TABLE job (id serial PRIMARY KEY, what text, own boolean DEFAULT true);
  INSERT INTO job (what, own) VALUES ('made by the extension', false);
  CREATE TABLE inner_state (id int);
  INSERT INTO inner_state VALUES (1);
  SELECT pg_extension_config_dump('job', 'WHERE own ORDER BY id LIMIT 100');
  SELECT pg_extension_config_dump('job_id_seq', '');`;

test('rows that an extension has dumped are compared, and what else is its own is not', {
  skip: missing('postgres-server-18', 'postgres-client-18'),
}, async (t) => {
  const directory = temporaryDirectory(t);
  await chmod(directory, 0o755);
  await mkdir(join(directory, 'extension'));
  await writeFile(join(directory, 'extension/jobs.control'), `default_version = '1.0'\n`);
  await writeFile(join(directory, 'extension/jobs--1.0.sql'), SCRIPT);
  const server = await startPostgres({
    major: 18,
    settings: { extension_control_path: `${directory}:$system` },
  });
  t.after(() => server.stop());
  await server.createDatabase('jobs');
  await server.psql(
    `CREATE SCHEMA scheduled; CREATE EXTENSION jobs SCHEMA scheduled; INSERT INTO scheduled.job (what) VALUES ('ours'), ('ours too');
     INSERT INTO scheduled.inner_state VALUES (2); CREATE INDEX ON scheduled.job (what); GRANT SELECT ON scheduled.job TO PUBLIC;`,
    { database: 'jobs' },
  );

  const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'jobs');
  assert.equal(fingerprint.status, 'complete', fingerprint.detail);
  assert.deepEqual(
    fingerprint.tables?.map(({ name, rows, mayDifferInDump }) => [name, rows, mayDifferInDump]),
    [['job', 2, true]],
  );
  assert.deepEqual(
    fingerprint.sequences.map(({ name, lastValue }) => [name, lastValue]),
    [['job_id_seq', '3']],
  );
  await restore(server, archive, 'copy');
  assert.deepEqual(differencesOf(fingerprint, await measure(server, 'copy')), []);
  await server.psql(
    `UPDATE scheduled.job SET what = 'another' WHERE what = 'ours'; REVOKE SELECT ON scheduled.job FROM PUBLIC; SELECT nextval('scheduled.job_id_seq')`,
    { database: 'copy' },
  );
  assert.deepEqual(differencesOf(fingerprint, await measure(server, 'copy')), [
    'content: table scheduled.job',
    'missing: grants on table scheduled.job',
    'sequence: sequence scheduled.job_id_seq',
  ]);

  for (const [leftOut, state] of [
    ['--exclude-table-data=scheduled.job', 'leftOut'],
    ['--exclude-extension=jobs', undefined],
  ] as const) {
    const part = await dumpWithFingerprint(t, server, 'jobs', { leftOut: [leftOut] });
    assert.equal(part.fingerprint.tables?.[0]?.state, state);
    const copy = leftOut.replace('=', ' ');
    await restore(server, part.archive, copy);
    assert.deepEqual(
      differencesOf(part.fingerprint, await measure(server, copy, { leftOut: [leftOut] })),
      [],
      leftOut,
    );
  }

  await server.psql(
    `CREATE TABLE heir () INHERITS (scheduled.job); INSERT INTO heir VALUES (100, 'inherited', true), (101, 'not dumped', false)`,
    { database: 'jobs' },
  );
  const withHeir = await dumpWithFingerprint(t, server, 'jobs');
  assert.deepEqual(withHeir.fingerprint.tables?.map(({ name, rows }) => [name, rows]).sort(), [
    ['heir', 2],
    ['job', 3],
  ]);
  await restore(server, withHeir.archive, 'with heir');
  assert.equal(
    await server.psql('SELECT count(*) FROM ONLY scheduled.job WHERE own', { database: 'with heir' }),
    '3',
  );
});
