import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Check } from '../../src/check.ts';
import { remedyText } from '../../src/check.ts';
import { loadSettings } from '../../src/config/load.ts';
import { checkBucket } from '../../src/doctor/check-bucket.ts';
import { PgBackupError } from '../../src/errors.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { missing, rclonePath } from '../harness/parts.ts';
import { startRcloneServer } from '../harness/rclone-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, searchPath } from '../integration/installation.ts';
import { type BucketOptions, type OssServer, startOssServer } from '../oss-server/server.ts';

const BUCKET = 'backups';
const REGION = 'cn-hangzhou';
const SECRET = 'canary/secret+key=';
const ALL = ['oss:PutObject', 'oss:GetObject', 'oss:ListObjects', 'oss:DeleteObject'];
const STEPS = ['put', 'head', 'get', 'list', 'delete'].map((step) => `bucket-${step}`);

describe('the bucket', { concurrency: 2 }, () => {
  let oss: OssServer;
  let directory: string;
  let keys = 0;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pg-backup-doctor-'));
    oss = await startOssServer({
      dataDirectory: directory,
      region: REGION,
      credentials: [],
      buckets: [BUCKET],
    });
  });
  after(async () => {
    await oss.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Settings with a key of its own, which may do these actions. */
  const allowed = (...actions: string[]): Env => {
    keys += 1;
    const accessKeyId = `LTAI${keys}`;
    const Statement = [
      { Effect: 'Allow', Action: actions, Resource: ['acs:oss:*:*:backups', 'acs:oss:*:*:backups/*'] },
    ];
    oss.addCredential({ accessKeyId, accessKeySecret: SECRET, policy: { Version: '1', Statement } });
    return settingsFor(oss, accessKeyId);
  };
  /** Lets the key of `env` do what the remedy says, besides what it may already. */
  const obey = (env: Env, actions: readonly string[], check: Check | undefined): void => {
    const text = remedyText(check?.remedy ?? '', 'en');
    const statement = JSON.parse(/\{.*\}$/.exec(text)?.[0] ?? '');
    const before = {
      Effect: 'Allow',
      Action: actions,
      Resource: ['acs:oss:*:*:backups', 'acs:oss:*:*:backups/*'],
    };
    oss.addCredential({
      accessKeyId: env['OSS_ACCESS_KEY_ID'] ?? '',
      accessKeySecret: SECRET,
      policy: { Version: '1', Statement: [before, statement] },
    });
  };

  for (const tool of ['sdk', 'ossutil'] as const) {
    test(`is put to, asked, read, listed and cleared with ${tool}`, {
      skip: tool === 'ossutil' && missing('ossutil'),
    }, async (t) => {
      const env = { ...allowed(...ALL), BACKUP_UPLOAD_TOOL: tool, OSS_PREFIX: `fine/${tool}` };
      const checks = await look(t, env);
      assert.deepEqual(
        checks.map(({ id }) => id),
        ['bucket-credentials', 'bucket', 'bucket-clock', ...STEPS],
      );
      assert.deepEqual(
        checks.filter(({ state }) => state !== 'good'),
        [],
      );
      assert.deepEqual(below(oss, `fine/${tool}`), []);
      assert.ok(!JSON.stringify(checks).includes(SECRET));
    });
  }

  for (const [action, step, state] of [
    ['oss:PutObject', 'put', 'bad'],
    ['oss:ListObjects', 'list', 'warning'],
    ['oss:DeleteObject', 'delete', 'warning'],
  ] as const) {
    test(`whose key lacks ${action} is told the statement that allows it`, async (t) => {
      const others = ALL.filter((other) => other !== action);
      const env = { ...allowed(...others), OSS_PREFIX: `lacks/${step}` };
      const checks = await look(t, env);
      const refused = checks.filter((check) => check.state !== 'good');
      assert.deepEqual(
        refused.map((check) => [check.id, check.state]),
        [[`bucket-${step}`, state]],
      );
      assert.match(refused[0]?.text.en ?? '', /AccessDenied/);
      assert.match(remedyText(refused[0]?.remedy ?? '', 'en'), new RegExp(`"${action}"`));
      const left = below(oss, `lacks/${step}`);
      assert.equal(left.length, action === 'oss:DeleteObject' ? 1 : 0);
      obey(env, others, refused[0]);
      assert.deepEqual(
        (await look(t, env)).filter((check) => check.state !== 'good'),
        [],
      );
      assert.deepEqual(below(oss, `lacks/${step}`), left);
    });
  }

  test('whose key may not read is told so for each question, and cleared all the same', async (t) => {
    const others = ALL.filter((other) => other !== 'oss:GetObject');
    const env = { ...allowed(...others), OSS_PREFIX: 'unread' };
    const refused = (await look(t, env)).filter(({ state }) => state !== 'good');
    assert.deepEqual(
      refused.map(({ id, state }) => [id, state]),
      [
        ['bucket-head', 'bad'],
        ['bucket-get', 'bad'],
      ],
    );
    assert.deepEqual(below(oss, 'unread'), []);
    obey(env, others, refused[0]);
    assert.deepEqual(
      (await look(t, env)).filter(({ state }) => state !== 'good'),
      [],
    );
  });

  test('whose old copies are removed needs the right to do so', async (t) => {
    const env = { ...allowed(...ALL.slice(0, 3)), OSS_PREFIX: 'retention', REMOTE_RETENTION_DAYS: '30' };
    const last = (await look(t, env)).at(-1);
    assert.deepEqual([last?.id, last?.state], ['bucket-delete', 'bad']);
    assert.match(
      remedyText(last?.remedy ?? '', 'en'),
      /"oss:DeleteObject".*"acs:oss:\*:\*:backups\/retention\/\*"/,
    );
  });

  for (const [seconds, state, said] of [
    [30, 'good', /within 3\d s|within 2\d s/],
    [120, 'warning', /1[12]\d s behind/],
    [-120, 'warning', /1[12]\d s ahead/],
    [700, 'bad', /(69|70)\d s behind/],
  ] as const) {
    test(`tells a clock that is ${-seconds} s from its own`, async (t) => {
      const own = await ownServer(t, {});
      own.fail({ fault: { kind: 'clock-skew', seconds }, times: Number.POSITIVE_INFINITY });
      const clock = (await look(t, settingsFor(own, 'LTAIown'))).find(({ id }) => id === 'bucket-clock');
      assert.equal(clock?.state, state, clock?.text.en);
      assert.match(clock?.text.en ?? '', said);
    });
  }

  test('that refuses everything for the clock says how far it is', async (t) => {
    const own = await ownServer(t, {});
    own.fail({ fault: { kind: 'clock-skew', seconds: 1800 }, times: Number.POSITIVE_INFINITY });
    const checks = await look(t, settingsFor(own, 'LTAIown'));
    assert.deepEqual(
      checks.map(({ id, state }) => [id, state]),
      [
        ['bucket-credentials', 'good'],
        ['bucket', 'bad'],
        ['bucket-clock', 'bad'],
      ],
    );
    assert.match(checks[2]?.text.en ?? '', /(1799|1800|1801) s behind/);
  });

  test('of versions or a retention rule is told what stays', async (t) => {
    const versioned = await ownServer(t, { versioning: 'Enabled' });
    assert.match(
      (await look(t, settingsFor(versioned, 'LTAIown'))).at(-1)?.text.en ?? '',
      /keeps the version of oss:/,
    );
    const worm = await ownServer(t, { worm: true });
    const last = (await look(t, settingsFor(worm, 'LTAIown'))).at(-1);
    assert.equal(last?.state, 'good');
    assert.match(last?.text.en ?? '', /stays until the retention rule \(WORM\)/);
  });

  test('of an archive class is told that reading takes a thaw first', async (t) => {
    const own = await ownServer(t, {});
    own.fail({ fault: { kind: 'error', code: 'InvalidObjectState' }, operation: 'GetObject' });
    const get = (await look(t, settingsFor(own, 'LTAIown'))).find(({ id }) => id === 'bucket-get');
    assert.deepEqual(
      [get?.state, remedyText(get?.remedy ?? '', 'en').slice(0, 18)],
      ['warning', 'Restore the object'],
    );
  });

  test('is cleared also where a step failed, and where the person wants to go', async (t) => {
    const own = await ownServer(t, {});
    own.fail({ fault: { kind: 'truncate', keepBytes: 1 }, operation: 'PutObject' });
    const checks = await look(t, settingsFor(own, 'LTAIown'));
    assert.ok(
      checks.some(({ state }) => state === 'bad'),
      JSON.stringify(checks),
    );
    assert.deepEqual(own.objects(BUCKET), []);

    const controller = new AbortController();
    const reason = new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' });
    const held = Promise.withResolvers<void>();
    t.after(() => held.resolve());
    own.fail({ fault: { kind: 'hold', until: held.promise }, operation: 'GetObject' });
    const looking = look(t, settingsFor(own, 'LTAIown'), controller.signal);
    await own.waitForRequest(({ operation, status }) => operation === 'GetObject' && status === 'pending');
    controller.abort(reason);
    await assert.rejects(looking, reason);
    assert.deepEqual(own.objects(BUCKET), []);
  });

  test('that gives back something else is found out', async (t) => {
    const own = await ownServer(t, {});
    const held = Promise.withResolvers<void>();
    t.after(() => held.resolve());
    own.fail({ fault: { kind: 'hold', until: held.promise }, operation: 'GetObject' });
    const looking = look(t, settingsFor(own, 'LTAIown'));
    const { key = '' } = await own.waitForRequest(({ operation }) => operation === 'GetObject');
    const path = own.objectPath(BUCKET, key);
    writeFileSync(path, readFileSync(path, 'utf8').toUpperCase());
    held.resolve();
    const get = (await looking).find(({ id }) => id === 'bucket-get');
    assert.deepEqual([get?.state, /not what was put$/.test(get?.text.en ?? '')], ['bad', true]);
  });

  test('that cannot be reached is told once', async (t) => {
    const env = { ...allowed(...ALL), OSS_ENDPOINT: 'http://127.0.0.1:1' };
    assert.deepEqual(
      (await look(t, env)).map(({ id, state }) => [id, state]),
      [
        ['bucket-credentials', 'good'],
        ['bucket', 'bad'],
      ],
    );
  });

  test('is told where its keys come from, and never the keys', async (t) => {
    const { OSS_ACCESS_KEY_ID: id = '', ...rest } = allowed(...ALL);
    const chain = {
      ...rest,
      OSS_ACCESS_KEY_SECRET: '',
      OSS_CREDENTIALS: 'chain',
      ALIBABA_CLOUD_ACCESS_KEY_ID: id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET,
    };
    const [source, ...others] = await look(t, chain);
    assert.equal(source?.text.en, 'keys: OSS_CREDENTIALS=chain, ALIBABA_CLOUD_ACCESS_KEY_ID');
    assert.deepEqual(
      others.filter(({ state }) => state !== 'good'),
      [],
    );
    const without = {
      ...chain,
      ALIBABA_CLOUD_ACCESS_KEY_ID: '',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
    };
    const [none, ...nothing] = await look(t, without);
    assert.deepEqual([none?.state, nothing], ['bad', []]);
    const [fleeting] = await look(t, { ...rest, OSS_ACCESS_KEY_ID: id, OSS_SECURITY_TOKEN: 'x' });
    assert.deepEqual([fleeting?.state, fleeting?.text.zh.includes('OSS_SECURITY_TOKEN')], ['warning', true]);
  });

  test('of an rclone remote is looked at likewise', { skip: missing('rclone') }, async (t) => {
    const place = temporaryDirectory(t);
    const s3 = await startRcloneServer(place, ['backups']);
    t.after(() => s3.stop());
    const env = {
      BACKUP_MODE: 'both',
      BACKUP_UPLOAD_TOOL: 'rclone',
      RCLONE_PATH: 'backups/some/where',
      PATH: [dirname(rclonePath() ?? ''), process.env['PATH']].join(delimiter),
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_OSS_TYPE: 's3',
      RCLONE_CONFIG_OSS_PROVIDER: 'Other',
      RCLONE_CONFIG_OSS_ENDPOINT: `http://127.0.0.1:${s3.port}`,
      RCLONE_CONFIG_OSS_ACCESS_KEY_ID: s3.accessKeyId,
      RCLONE_CONFIG_OSS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    };
    const checks = await look(t, env);
    assert.deepEqual(
      checks.map(({ id, state }) => [id, state]),
      ['bucket-credentials', 'bucket', ...STEPS].map((id) => [id, 'good']),
    );
    assert.match(checks[0]?.text.en ?? '', /RCLONE_CONFIG_OSS_\*/);
    const objects = join(s3.bucketDirectory('backups'), 'some/where');
    assert.deepEqual(existsSync(objects) ? readdirSync(objects) : [], []);
    assert.ok(!JSON.stringify(checks).includes(s3.secretAccessKey));
  });

  async function ownServer(t: TestContext, kind: Omit<BucketOptions, 'name'>): Promise<OssServer> {
    const own = await startOssServer({
      dataDirectory: temporaryDirectory(t),
      region: REGION,
      credentials: [{ accessKeyId: 'LTAIown', accessKeySecret: SECRET }],
      buckets: [{ ...kind, name: BUCKET }],
    });
    t.after(() => own.close());
    return own;
  }
});

function settingsFor(oss: OssServer, accessKeyId: string): Env {
  return {
    BACKUP_MODE: 'both',
    BACKUP_UPLOAD_TOOL: 'sdk',
    OSS_BUCKET: BUCKET,
    OSS_PREFIX: 'own',
    OSS_ENDPOINT: oss.endpoint,
    OSS_REGION: REGION,
    OSS_ACCESS_KEY_ID: accessKeyId,
    OSS_ACCESS_KEY_SECRET: SECRET,
  };
}

async function look(t: TestContext, env: Env, signal: AbortSignal = t.signal): Promise<readonly Check[]> {
  const base = temporaryDirectory(t);
  const given = {
    PG_HOST: 'db',
    PG_DATABASE: 'community',
    PG_USER: 'backup',
    BACKUP_BASE_DIR: base,
    HOME: base,
    PATH: searchPath(),
    ...env,
  };
  const { settings, environment } = loadSettings(given, () => '', 'en');
  const { context } = recordingContext(base);
  return checkBucket({ ...context, settings, environment, signal }, temporaryDirectory(t));
}

function below(oss: OssServer, prefix: string): string[] {
  return oss
    .objects(BUCKET)
    .map(({ key }) => key)
    .filter((key) => key.startsWith(`${prefix}/`));
}
