import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../src/cli.ts';
import { PgBackupError } from '../src/errors.ts';
import { EXIT_CODES } from '../src/exit-codes.ts';
import { VERSION } from '../src/version.ts';

const ENVIRONMENT = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup', BACKUP_MODE: 'local' },
  PGPASSWORD: 'canary',
};

test('config prints the effective settings, redacted, and ends with 0', async () => {
  const { exitCode, stdout } = await run(['config']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^PG_HOST +db +environment$/m);
  assert.match(stdout, /^PGPASSWORD +\*\*\* +environment$/m);
  assert.doesNotMatch(stdout, /canary/);
});

test('the help names the commands and every exit code, in both languages', async () => {
  for (const language of ['en', 'zh'] as const) {
    const { exitCode, stdout } = await run(['--help'], language);
    assert.equal(exitCode, 0);
    for (const command of ['backup', 'upload', 'list', 'verify \\[run\\]', 'prune', 'config'])
      assert.match(stdout, new RegExp(`pg-backup ${command}`));
    for (const [code, text] of Object.entries(EXIT_CODES)) {
      assert.match(stdout.replaceAll(/\s+/g, ''), new RegExp(`${code}${asPattern(text[language])}`), code);
    }
  }
});

test('the help of backup names the settings with their defaults', async () => {
  const { stdout } = await run(['backup', '--help']);
  assert.match(stdout, /RETENTION_DAYS=7/);
  assert.match(stdout, /PG_HOST \(required\)/);
});

test('the version is that of the package', async () => {
  const { exitCode, stdout } = await run(['--version']);
  assert.equal(exitCode, 0);
  assert.equal(stdout.trim(), VERSION);
});

for (const args of [
  [],
  ['bakcup'],
  ['backup', 'now'],
  ['backup', '--bogus'],
  ['prune', '--dryrun'],
  ['upload', 'now'],
  ['list', '--jsn'],
  ['verify', 'a-run', '--all'],
  ['verify', 'a-run', 'another'],
]) {
  test(`pg-backup ${args.join(' ') || 'without a command'} is a wrong usage`, async () => {
    await assert.rejects(run(args), (error) => error instanceof PgBackupError && error.code === 'USAGE');
  });
}

test('wrong settings are told before anything is done', async () => {
  for (const command of ['backup', 'upload', 'list', 'verify', 'prune', 'config']) {
    await assert.rejects(run([command], 'en', { ...ENVIRONMENT, PG_PORT: 'x' }), {
      code: 'SETTINGS_INVALID',
    });
  }
});

async function run(
  args: readonly string[],
  language: 'en' | 'zh' = 'en',
  environment: Record<string, string> = ENVIRONMENT,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(args, {
    environment,
    language,
    signal: new AbortController().signal,
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    ask: async () => undefined,
  });
  return { exitCode, stdout, stderr };
}

/** For a regular expression, blanks taken away. */
function asPattern(text: string): string {
  return text.replaceAll(/\s+/g, '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
