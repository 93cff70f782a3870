import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { howToGet } from '../../src/how-to-get.ts';
import { type Client, chooseClient, findClients } from '../../src/postgres/clients.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];

test("of the installed majors the server's own is taken, else the smallest newer one", () => {
  const table: readonly (readonly [installed: number[], server: number, chosen: number])[] = [
    [[18, 17, 15], 15, 15],
    [[18, 17, 15], 16, 17],
    [[18, 17, 15], 9, 15],
    [[18, 15], 17, 18],
    [[15, 17, 18], 16, 17],
    [[18], 18, 18],
  ];
  for (const [installed, server, chosen] of table) {
    const client = chooseClient(installed.map(fakeClient), { major: server, version: `${server}.1` });
    assert.equal(client.major, chosen, `${installed} for ${server}`);
  }
});

test('a server that is newer than every client is an error that names both versions', () => {
  assert.throws(
    () => chooseClient([fakeClient(17), fakeClient(15)], { major: 18, version: '18.4 (Debian)' }),
    {
      code: 'CLIENT_TOO_OLD',
      message: /server is PostgreSQL 18\.4 \(Debian\), but the newest client found is 17\.1/,
      parameters: {
        serverVersion: '18.4 (Debian)',
        clientVersion: '17.1',
        remedy: howToGet().client(18),
      },
    },
  );
});

const skip = missing('postgres-client-15');

test('a real client is found with its version and all of its programs', { skip }, async () => {
  const directory = clientDirectories().get(15) ?? '';
  const [client, ...more] = await findClients(directory, process.env['PATH']);
  assert.equal(more.length, 0);
  assert.match(client?.version ?? '', /^15\.\d+$/);
  assert.deepEqual(client, {
    ...{ major: 15, version: client?.version, directory },
    ...{ pgDump: join(directory, 'pg_dump'), pgDumpall: join(directory, 'pg_dumpall') },
    ...{ pgRestore: join(directory, 'pg_restore'), psql: join(directory, 'psql') },
  });
});

// From here on the clients are scripts: what counts is where they lie and what they say their version is.

test('clients on PATH are found beside those of Debian, newest first', async (t) => {
  const [old, future] = [fakeDirectory(t, '12.3'), fakeDirectory(t, '99.1')];
  const clients = await findClients(undefined, `${old}:${future}:${old}:/nowhere`);
  const versions = clients.map(({ version }) => version);
  assert.equal(versions[0], '99.1');
  assert.equal(versions.at(-1), '12.3');
  assert.equal(versions.filter((version) => version === '12.3').length, 1, 'a directory counts once');
});

test('PG_BIN_DIR alone counts where it is given', async (t) => {
  const directory = fakeDirectory(t, '14.2');
  const clients = await findClients(directory, fakeDirectory(t, '99.1'));
  assert.deepEqual(
    clients.map(({ version }) => version),
    ['14.2'],
  );
});

test('versions are read as vendors and betas write them', async (t) => {
  for (const [said, major] of [
    ['17.10 (Debian 17.10-1.pgdg12+1)', 17],
    ['18beta1', 18],
    ['16', 16],
  ] as const) {
    const [client] = await findClients(fakeDirectory(t, said), undefined);
    assert.equal(client?.major, major);
  }
});

test("Debian's wrapper, which chooses a version by rules of its own, is not taken for a client", async (t) => {
  const directory = fakeDirectory(t, '98.0');
  const wrapper = join(temporaryDirectory(t), 'pg_wrapper');
  writeScript(wrapper, 'exec false');
  const wrapped = temporaryDirectory(t);
  for (const program of PROGRAMS) symlinkSync(wrapper, join(wrapped, program));
  const clients = await findClients(undefined, `${wrapped}:${directory}`);
  assert.ok(clients.every((client) => client.directory !== wrapped));
});

test('an incomplete client is passed over where there is another one', async (t) => {
  const incomplete = fakeDirectory(t, '97.0', ['pg_dump']);
  const complete = fakeDirectory(t, '96.0');
  const clients = await findClients(undefined, `${incomplete}:${complete}`);
  assert.equal(clients[0]?.version, '96.0');
});

test('a missing program is told in the words of the handbook, with where it was looked for', async (t) => {
  const empty = temporaryDirectory(t);
  await assert.rejects(findClients(empty, process.env['PATH']), {
    code: 'COMMAND_MISSING',
    message: new RegExp(`^Missing command: pg_dump \\(looked in ${empty}\\)`),
  });
  const incomplete = fakeDirectory(t, '15.1', ['pg_dump', 'pg_dumpall', 'psql']);
  await assert.rejects(findClients(incomplete, undefined), {
    code: 'COMMAND_MISSING',
    message: new RegExp(`^Missing command: pg_restore \\(looked in ${incomplete}\\)`),
  });
});

test('a pg_dump that does not say its version is as good as none', async (t) => {
  const directory = fakeDirectory(t, '15.1');
  writeScript(join(directory, 'pg_dump'), 'echo "error while loading shared libraries" >&2; exit 127');
  await assert.rejects(findClients(directory, undefined), { code: 'COMMAND_MISSING', message: /pg_dump/ });
});

function fakeClient(major: number): Client {
  const directory = `/usr/lib/postgresql/${major}/bin`;
  return { major, version: `${major}.1`, directory, pgDump: '', pgDumpall: '', pgRestore: '', psql: '' };
}

function fakeDirectory(t: TestContext, version: string, programs = PROGRAMS): string {
  const directory = temporaryDirectory(t);
  for (const program of programs) {
    writeScript(join(directory, program), `echo "${program} (PostgreSQL) ${version}"`);
  }
  return directory;
}

function writeScript(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
