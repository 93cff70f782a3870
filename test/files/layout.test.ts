import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import {
  artifactFiles,
  type EncryptionMethod,
  filesOfRun,
  layoutOf,
  parseArtifactName,
  partialFiles,
} from '../../src/files/layout.ts';

const RUN = 'community_20251011T180000Z_db01';
const LAYOUT = layoutOf('/base');
const METHODS: readonly EncryptionMethod[] = ['none', 'age', 'gpg'];

test('a run has four artifacts, the dump first, and a hidden name for each while it is written', () => {
  const files = filesOfRun(LAYOUT, RUN);
  assert.deepEqual(
    artifactFiles(files).map((path) => basename(path)),
    [`${RUN}.dump`, `${RUN}.dump.sha256`, `${RUN}_globals.sql`, `${RUN}_fingerprint.json`],
  );
  for (const method of METHODS) {
    const own = filesOfRun(LAYOUT, RUN, method);
    const hidden = artifactFiles(own).map((path) => `${dirname(path)}/.${basename(path)}.partial`);
    assert.deepEqual(partialFiles(own), hidden);
    for (const path of artifactFiles(own)) assert.equal(dirname(path), LAYOUT.data);
  }
});

test('encryption shows at the end of the names, but for the checksum, which is plain', () => {
  for (const method of ['age', 'gpg'] as const) {
    assert.deepEqual(
      artifactFiles(filesOfRun(LAYOUT, RUN, method)).map((path) => basename(path)),
      [
        `${RUN}.dump.${method}`,
        `${RUN}.dump.${method}.sha256`,
        `${RUN}_globals.sql.${method}`,
        `${RUN}_fingerprint.json.${method}`,
      ],
    );
  }
});

test('the name of an artifact says its run, its kind and its encryption', () => {
  const runs = [
    RUN,
    'a_globals.sql_20251011T180000Z_h',
    'x.dump_20251011T180000Z_h',
    '%2Ea_fingerprint.json_b',
  ];
  for (const run of runs) {
    for (const encryption of METHODS) {
      const names = artifactFiles(filesOfRun(LAYOUT, run, encryption)).map((path) => basename(path));
      assert.deepEqual(
        names.map(parseArtifactName),
        (['dump', 'checksum', 'globals', 'fingerprint'] as const).map((kind) => ({ run, kind, encryption })),
      );
    }
  }
});

test('any other file name is none of an artifact', () => {
  for (const name of [
    ...partialFiles(filesOfRun(LAYOUT, RUN)).map((path) => basename(path)),
    ...['', '.dump', '_globals.sql', '.dump.sha256', 'notes.txt', RUN, `${RUN}.json`, `${RUN}.dump.zip`],
    ...[`${RUN}.dump.sha256.age`, `${RUN}.dump.age.gpg`, `${RUN}.dump.bak`, `${RUN}.dump/`],
    ...[`${RUN}_globals.sql.sha256`, `${RUN}_globals.json`, `${RUN}globals.sql`],
    ...[`${RUN}_fingerprint.json.sha256`, `${RUN}_fingerprint.sql`, `${RUN}.fingerprint.json`],
    ...[`${RUN}_fingerprint.json.age.partial`, `${RUN}_fingerprint.json\n`, '_fingerprint.json'],
  ]) {
    assert.equal(parseArtifactName(name), undefined, JSON.stringify(name));
  }
});

test('what a run leaves lies apart by who may read it, and so does what a restore and a drill need', () => {
  assert.deepEqual(
    { ...LAYOUT },
    {
      base: '/base',
      data: '/base/data',
      reports: '/base/reports',
      records: '/base/records',
      running: '/base/running',
      uploads: '/base/uploads',
      downloads: '/base/downloads',
      drills: '/base/drills',
      skipped: '/base/skipped',
      databases: '/base/databases',
      notified: '/base/notified',
      unsent: '/base/unsent',
    },
  );
  const { report, record } = filesOfRun(LAYOUT, RUN, 'gpg');
  assert.deepEqual([report, record], [`/base/reports/${RUN}.json`, `/base/records/${RUN}.json`]);
});
