// Runs in a container, with the volumes of one finished run: holds files and report against their contract.
// Arguments: the status that the report must have, and the encryption, empty for none. Speaks only to fail.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

const BASE = '/data/db-backups';
const REPORT_KEYS = [
  ...['database', 'host', 'port', 'startedAt', 'finishedAt', 'durationSeconds'],
  ...['mode', 'tool', 'status', 'errorMessage', 'local', 'remote'],
];
const LOCAL_KEYS = ['file', 'globalsFile', 'checksumSha256', 'sizeBytes'];
const RUN_NAME = /^shop_\d{8}T\d{6}Z_sidecar$/;
const UTC_SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const [expectedStatus, encryption] = process.argv.slice(2);
const end = encryption ? `.${encryption}` : '';
const runName = checkReport();
checkData(runName);
checkLog();

function checkReport(): string {
  const names = readdirSync(`${BASE}/reports`).filter((name) => name.endsWith('.json'));
  assert.equal(names.length, 1, `one report: ${names}`);
  const [name = ''] = names;
  const runName = name.replace(/\.json$/, '');
  assert.match(runName, RUN_NAME);
  assert.equal(modeOf(`${BASE}/reports`), 0o755);
  assert.equal(modeOf(`${BASE}/reports/${name}`), 0o644);

  const report = JSON.parse(readFileSync(`${BASE}/reports/${name}`, 'utf8'));
  assert.deepEqual(Object.keys(report).sort(), [...REPORT_KEYS].sort());
  assert.deepEqual(Object.keys(report.local).sort(), [...LOCAL_KEYS].sort());
  assert.deepEqual(Object.keys(report.remote), ['urls']);
  assert.deepEqual(report.remote.urls, []);
  assert.equal(report.status, expectedStatus);
  assert.deepEqual([report.database, report.host, report.port, report.mode], ['shop', 'db', '5432', 'local']);
  assert.match(report.startedAt, UTC_SECOND);
  assert.match(report.finishedAt, UTC_SECOND);
  assert.ok(Number.isInteger(report.durationSeconds));
  assert.equal(report.errorMessage === '', expectedStatus === 'SUCCESS', report.errorMessage);
  if (expectedStatus === 'SUCCESS') checkLocal(runName, report.local);
  return runName;
}

function checkLocal(runName: string, local: Record<string, unknown>): void {
  const dump = `${BASE}/data/${runName}.dump${end}`;
  assert.equal(local.file, dump);
  assert.equal(local.globalsFile, `${BASE}/data/${runName}_globals.sql${end}`);
  assert.equal(local.sizeBytes, statSync(dump).size);
  assert.equal(
    readFileSync(`${dump}.sha256`, 'utf8').trimEnd(),
    `${local.checksumSha256}  ${basename(dump)}`,
  );
}

function checkData(runName: string): void {
  const files =
    expectedStatus === 'SUCCESS'
      ? [`.dump${end}`, `.dump${end}.sha256`, `_globals.sql${end}`, `_fingerprint.json${end}`]
      : [];
  assert.deepEqual(readdirSync(`${BASE}/data`).sort(), files.map((suffix) => runName + suffix).sort());
  assert.equal(modeOf(`${BASE}/data`), 0o700);
  if (expectedStatus !== 'SUCCESS') return;
  const [, checksum = '', globals = '', fingerprint = ''] = files.map((suffix) => `${runName}${suffix}`);
  for (const suffix of files) assert.equal(modeOf(`${BASE}/data/${runName}${suffix}`), 0o600);
  execFileSync('sha256sum', ['--check', '--strict', checksum], { cwd: `${BASE}/data` });
  for (const [file, text] of [
    [globals, 'CREATE ROLE clerk;'],
    [fingerprint, '{"schema":"sales","name":"orders","state":"counted"'],
  ] as const) {
    const isReadable = readFileSync(`${BASE}/data/${file}`, 'utf8').includes(text);
    assert.equal(isReadable, !encryption, file);
  }
}

function checkLog(): void {
  const [name = ''] = readdirSync('/var/log/db-backup');
  assert.match(name, /^backup_\d{8}\.log$/);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}
