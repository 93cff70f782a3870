import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { findPlaces } from '../../src/archive/toc.ts';
import { type Reencode, UnknownArchive, writeDump } from '../../src/backup/write-dump.ts';
import { type Encryption, openEncryption } from '../../src/encryption/encryption.ts';
import { dumpToPipe } from '../archive/dump.ts';
import { encryptionSettings } from '../encryption/keys.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { smallDisk } from '../integration/small-disk.ts';

const DISK_BYTES = 400 * 1024;
/** Three pieces have come out by then, which such a disk has no room for. */
const SILENT_AFTER_BYTES = 2_900_000;
const ONE_THREAD: Reencode = { level: 1, threads: 1 };
const NEVER = new AbortController().signal;
/** None of what is tested here may wait for pg_dump. */
const SOON = { timeout: 60_000 };
const WHOLE = 'exec cat "$ARCHIVE"';
const SILENT = `head -c ${SILENT_AFTER_BYTES} "$ARCHIVE"; touch "$FILE.silent"; exec sleep 1000`;

describe('a dump that is compressed here', {
  skip: missing('postgres-server-15', 'postgres-client-15', 'gpg'),
}, () => {
  let server: PostgresServer;
  let archive: Buffer;
  let contents: Buffer;
  before(async () => {
    server = await startPostgres({ major: 15 });
    await server.psql(
      `CREATE TABLE item AS SELECT md5(g::text) || md5((g + 1)::text) AS text FROM generate_series(1, 100000) g`,
    );
    archive = await dumpToPipe(15, server, 'postgres', '--compress=0');
    contents = await dumpToPipe(15, server, 'postgres', '--compress=0', '--schema-only');
    assert.ok(archive.length > SILENT_AFTER_BYTES);
  });
  after(() => server.stop());

  for (const [how, open] of [
    ['in the clear', undefined],
    ['with age', openAge],
    ['with gpg', openGpg],
  ] as const) {
    for (const [what, script] of [
      ['writes all it has', WHOLE],
      ['falls silent', SILENT],
    ] as const) {
      test(`on a full disk is told as such, ${how}, whose pg_dump ${what}`, {
        ...SOON,
        skip: missing('tmpfs'),
      }, async (t) => {
        const file = join(await smallDisk(t, DISK_BYTES), 'dump');
        await assert.rejects(write(t, script, { file, encryption: await open?.(t) }), { code: 'DISK_FULL' });
      });
    }
  }

  test('fails with its gpg, also while pg_dump is silent', SOON, async (t) => {
    const file = join(temporaryDirectory(t), 'dump');
    const encryption = await openGpg(
      t,
      `cat <&0 >/dev/null & until [ -e "${file}.silent" ]; do :; done; kill $!; echo "gpg: out of sorts" >&2; exit 2`,
    );
    await assert.rejects(write(t, SILENT, { file, encryption }), {
      code: 'ENCRYPTION_FAILED',
      message: /^gpg failed: exit code 2: gpg: out of sorts/,
    });
  });

  test('fails with a thread that dies, and says what to do', SOON, async (t) => {
    // No level of zlib's.
    await assert.rejects(write(t, WHOLE, { reencoding: { level: 99, threads: 1 } }), {
      code: 'DUMP_FAILED',
      message:
        /^pg_dump failed \(ended by us\): a thread that compresses .* died .*; BACKUP_COMPRESS_THREADS=0/,
    });
  });

  test('whose pg_dump fails is told by that', SOON, async (t) => {
    const script = `head -c ${SILENT_AFTER_BYTES} "$ARCHIVE"; exit 3`;
    for (const encryption of [undefined, await openAge(t)]) {
      await assert.rejects(write(t, script, { encryption }), /it ended with 3/);
    }
  });

  test('that loses bytes while it is written is no dump', SOON, async (t) => {
    // The table of contents is all of it, and is written as soon as it is there.
    const script = 'cat "$ARCHIVE"; until [ -s "$FILE" ]; do :; done; truncate -s 100 "$FILE"';
    await assert.rejects(write(t, script, { bytes: contents }), {
      code: 'ARCHIVE_DAMAGED',
      message: /has lost bytes/,
    });
    const file = await write(t, 'cat "$ARCHIVE"', { bytes: contents });
    assert.equal(findPlaces(readFileSync(file))?.headBytes, contents.length);
  });

  test('that is cut in its head is no archive, and none of an unknown format', SOON, async (t) => {
    for (const length of [0, 3, 100, 2000]) {
      await assert.rejects(write(t, `head -c ${length} "$ARCHIVE"`), {
        code: 'DUMP_FAILED',
        message: /^pg_dump failed \(exit code 0\): .*not a whole archive: cut short/,
      });
    }
    await assert.rejects(write(t, 'printf "PGDMP\\001\\143"; tail -c +8 "$ARCHIVE"'), UnknownArchive);
  });

  /** Writes the dump of a pg_dump that is that script; `$ARCHIVE` is what the real one wrote, `$FILE` where it goes to. */
  async function write(
    t: TestContext,
    script: string,
    options: {
      readonly file?: string;
      readonly encryption?: Encryption | undefined;
      readonly reencoding?: Reencode;
      readonly bytes?: Buffer;
    } = {},
  ): Promise<string> {
    const directory = temporaryDirectory(t);
    const [pgDump, path] = [join(directory, 'pg_dump'), join(directory, 'archive')];
    const { file = join(directory, 'dump'), encryption, reencoding = ONE_THREAD } = options;
    writeFileSync(path, options.bytes ?? archive);
    writeFileSync(pgDump, `#!/bin/bash\n${script}\n`);
    chmodSync(pgDump, 0o755);
    const environment = { PATH: process.env['PATH'] ?? '', ARCHIVE: path, FILE: file };
    await writeDump({ file: pgDump, args: [], environment, signal: t.signal }, file, {
      ...{ encryption, reencoding, onToc: undefined },
      failure: ({ exitCode }) => (exitCode === 0 ? undefined : new Error(`it ended with ${exitCode}`)),
    });
    assert.ok(existsSync(file));
    return file;
  }
});

async function openAge(t: TestContext): Promise<Encryption> {
  return open(t, 'age', process.env['PATH'] ?? '');
}

/** @param script in the place of the gpg that encrypts */
async function openGpg(t: TestContext, script?: string): Promise<Encryption> {
  const path = process.env['PATH'] ?? '';
  if (script === undefined) return open(t, 'gpg', path);
  const bin = join(temporaryDirectory(t), 'bin');
  mkdirSync(bin);
  const real = path
    .split(delimiter)
    .map((directory) => join(directory, 'gpg'))
    .find((candidate) => existsSync(candidate));
  const text = `#!/bin/bash\ncase " $* " in *' --symmetric '*) ${script} ;; *) exec ${real} "$@" ;; esac\n`;
  writeFileSync(join(bin, 'gpg'), text, { mode: 0o755 });
  return open(t, 'gpg', [bin, path].join(delimiter));
}

async function open(t: TestContext, method: 'age' | 'gpg', path: string): Promise<Encryption> {
  const encryption = await openEncryption(method, {
    settings: encryptionSettings(method, { passphrase: 'correct horse' }),
    environment: { PATH: path },
    temporaryDirectory: temporaryDirectory(t),
    signal: NEVER,
  });
  t.after(() => encryption.close());
  return encryption;
}
