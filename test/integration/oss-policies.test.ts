import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missing, projectDirectory } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type OssServer, startOssServer } from '../oss-server/server.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');

const BUCKET = 'your-oss-bucket';
const PREFIX = 'postgres/backups';
const REGION = 'cn-hangzhou';
const PAGES = ['docs/oss.md', 'docs/oss.zh-CN.md'];

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: readonly string[] }[];
}

describe('the policies of docs/oss.md', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let oss: OssServer;
  let directory: string;
  let keys = 0;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pg-backup-policies-'));
    server = await startPostgres();
    for (const database of ['ossutil', 'sdk', 'deleting', 'restoring']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    }
    oss = await startOssServer({
      dataDirectory: directory,
      region: REGION,
      credentials: [],
      buckets: [BUCKET],
    });
  });
  after(async () => {
    await oss.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Settings with a key of its own that may do what the policy says, and nothing else. */
  const allowed = (policy: Policy, tool: string): Env => {
    keys += 1;
    const accessKeyId = `LTAI${keys}`;
    oss.addCredential({ accessKeyId, accessKeySecret: 'secret', policy });
    return {
      BACKUP_MODE: 'both',
      BACKUP_UPLOAD_TOOL: tool,
      OSS_BUCKET: BUCKET,
      OSS_PREFIX: PREFIX,
      OSS_ENDPOINT: oss.endpoint,
      OSS_REGION: REGION,
      OSS_ACCESS_KEY_ID: accessKeyId,
      OSS_ACCESS_KEY_SECRET: 'secret',
    };
  };
  const exitCode = async (here: Installation, args: string[], changes: Env): Promise<number | null> =>
    (await here.run(args, changes)).exitCode;

  test('are the same on both pages', () => {
    for (const name of ['backup', 'restore']) {
      assert.deepEqual(policyOf(PAGES[1] ?? '', name), policyOf(PAGES[0] ?? '', name));
    }
  });

  for (const tool of ['ossutil', 'sdk']) {
    test(`the one for backups is enough for ${tool}, and none of its actions is too much`, async (t) => {
      const policy = policyOf('docs/oss.md', 'backup');
      const here = install(t, server, tool, allowed(policy, tool));
      for (const args of [['backup'], ['list'], ['verify', '--remote']]) {
        const { exitCode, stdout, stderr } = await here.run(args);
        assert.equal(exitCode, 0, `${args}: ${stdout}${stderr}`);
      }
      assert.equal(await exitCode(here, ['backup'], allowed(without(policy, 'oss:PutObject'), tool)), 11);
      assert.notEqual(await exitCode(here, ['backup'], allowed(without(policy, 'oss:GetObject'), tool)), 0);
      assert.equal(await exitCode(here, ['list'], allowed(without(policy, 'oss:ListObjects'), tool)), 15);
      // What the fourth one is for is tested with uploads that fail.
      assert.deepEqual(actionsOf(policy).toSorted(), [
        'oss:AbortMultipartUpload',
        'oss:GetObject',
        'oss:ListObjects',
        'oss:PutObject',
      ]);
    });
  }

  test('remote retention needs the right to delete, and tags that to tag', async (t) => {
    const policy = policyOf('docs/oss.md', 'backup');
    const here = install(t, server, 'deleting', {});
    const tagged = { OSS_OBJECT_TAGS: 'app=community', BACKUP_UPLOAD_TOOL: 'sdk' };
    assert.equal(await exitCode(here, ['backup'], { ...allowed(policy, 'sdk'), ...tagged }), 11);
    const tagging = withObjectAction(policy, 'oss:PutObjectTagging');
    for (const tool of ['ossutil', 'sdk']) {
      const settings = { ...allowed(tagging, tool), OSS_OBJECT_TAGS: 'app=community' };
      assert.equal(await exitCode(here, ['backup'], settings), 0, tool);
    }
    const old = { REMOTE_RETENTION_DAYS: '1' };
    assert.equal(await exitCode(here, ['prune'], { ...allowed(policy, 'sdk'), ...old }), 0);
  });

  test('the one for restoring reads everything and changes nothing', async (t) => {
    const here = install(t, server, 'restoring', allowed(policyOf('docs/oss.md', 'backup'), 'sdk'));
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const policy = policyOf('docs/oss.md', 'restore');
    const settings = allowed(policy, 'sdk');
    assert.equal(await exitCode(here, ['list'], settings), 0);
    assert.equal(await exitCode(here, ['verify', '--remote'], settings), 0);
    assert.equal(await exitCode(here, ['backup'], settings), 11);
    assert.equal(await exitCode(here, ['list'], allowed(without(policy, 'oss:ListObjects'), 'sdk')), 15);
    assert.notEqual(
      await exitCode(here, ['verify', '--remote'], allowed(without(policy, 'oss:GetObject'), 'sdk')),
      0,
    );
  });
});

/** The policy below the comment that names it. */
function policyOf(page: string, name: string): Policy {
  const text = readFileSync(join(projectDirectory, page), 'utf8');
  const [, json = ''] =
    new RegExp(`<!-- policy: ${name} -->\\n\`\`\`json\\n(.*?)\\n\`\`\``, 's').exec(text) ?? [];
  return JSON.parse(json) as Policy;
}

function actionsOf(policy: Policy): string[] {
  return policy.Statement.flatMap(({ Action }) => Action);
}

/** Without the action; a statement that allows nothing any more goes. */
function without(policy: Policy, action: string): Policy {
  assert.ok(actionsOf(policy).includes(action), action);
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Action: statement.Action.filter((other) => other !== action),
  })).filter(({ Action }) => Action.length > 0);
  return { ...policy, Statement };
}

/** With the further action on the objects, as the first statement names them. */
function withObjectAction(policy: Policy, action: string): Policy {
  const [first, ...rest] = policy.Statement;
  assert.ok(first);
  return { ...policy, Statement: [{ ...first, Action: [...first.Action, action] }, ...rest] };
}
