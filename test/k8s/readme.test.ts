import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { VERSION } from '../../src/version.ts';
import { blocksOf, namesInTable, pageText } from '../docs/pages.ts';
import { missing, projectDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { KubernetesObject } from './objects.ts';
import { KUSTOMIZATIONS, kubectlPath, RENDERED, render, workloadsOf } from './rendered.ts';

const skip = missing('kubectl');
const PAGE = 'k8s/README.md';
const PAGES = [PAGE, 'k8s/README.zh-CN.md'];
const runFile = promisify(execFile);

/** kubectl sends what `create job` and the like make in a binary form, which the server of the tests cannot read. */
const GENERATED_AS_JSON = `#!/usr/bin/env bash
set -euo pipefail
if [[ $1 == create && " $* " != *' --dry-run='* && " $* " != *' --filename='* ]]; then
  "$KUBECTL" "$@" --dry-run=client --output=json | "$KUBECTL" create --filename=-
else
  exec "$KUBECTL" "$@"
fi
`;

const object = (apiVersion: string, kind: string): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: '' },
});
const KINDS: readonly KubernetesObject[] = [
  ...[...RENDERED.values()].flat(),
  object('v1', 'Secret'),
  object('batch/v1', 'Job'),
];

test('both pages name every overlay, and give the same commands', () => {
  const [english = [], chinese] = PAGES.map((page) => [
    ...pageText(page).matchAll(/^```(?:sh|yaml|text)\n(.*?)^```$/gms),
  ]);
  assert.deepEqual(
    chinese?.map(([block]) => block),
    english.map(([block]) => block),
  );
  const directories = KUSTOMIZATIONS.map((path) => path.slice('k8s/'.length)).toSorted();
  assert.deepEqual(namesInTable(PAGE, 'Which one').toSorted(), directories);
  assert.deepEqual(namesInTable('k8s/README.zh-CN.md', '如何选择').toSorted(), directories);
});

test('the commands of the README make the secrets, apply an overlay, and start Jobs from it', {
  skip,
}, async (t) => {
  const { created, run } = await shell(t);
  const [secrets = '', reportSecrets = '', apply = '', ...jobs] = blocksOf(PAGE, 'sh');
  await run(secrets);
  await run(reportSecrets);
  const template = parseAllDocuments(pageText('k8s/secrets.yaml')).map((document) => document.toJS());
  assert.deepEqual(
    created
      .filter(({ kind }) => kind === 'Secret')
      .map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {}).toSorted()])
      .toSorted(),
    template
      .map(({ metadata, stringData }) => [metadata.name, Object.keys(stringData).toSorted()])
      .toSorted(),
  );

  await run(apply.split('\n')[1] ?? '');
  const applied = RENDERED.get('k8s/overlays/drill') ?? [];
  for (const { kind, metadata } of applied) {
    assert.ok(
      created.some((one) => one.kind === kind && one.metadata.name === metadata.name),
      `${kind} ${metadata.name}`,
    );
  }

  for (const job of jobs) await run(job);
  const cronJob = (name: string) =>
    applied.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name)?.spec?.jobTemplate
      ?.spec ?? assert.fail(name);
  const expected = ['pg-backup', 'pg-backup', 'pg-backup', 'pg-backup-drill', 'pg-backup'].map(cronJob);
  const started = created.filter(({ kind }) => kind === 'Job');
  assert.deepEqual(
    started.map(({ metadata }) => metadata.name),
    ['backup-by-hand', 'restore-plan', 'restore', 'drill-by-hand', 'acceptance'],
  );
  const restore = ['restore', '--latest', '--to', 'community_restored'];
  const accept = ['acceptance', '--server', 'http://pg-backup-report:8080'];
  const commands = [['backup'], [...restore, '--plan'], restore, ['drill'], accept];
  for (const [index, { spec }] of started.entries()) {
    const { template, podFailurePolicy } = expected[index] ?? assert.fail();
    const [container] = template.spec.containers;
    assert.deepEqual(spec?.template?.spec.containers, [{ ...container, args: commands[index] }]);
    assert.deepEqual(spec?.template?.spec.securityContext, template.spec.securityContext);
    assert.deepEqual((spec as { podFailurePolicy?: object }).podFailurePolicy, podFailurePolicy);
  }
});

test('the names and sizes that the pages give of other overlays are theirs', { skip }, () => {
  const cronJobs = workloadsOf('k8s/overlays/many-databases').filter(
    ({ object }) => object.kind === 'CronJob',
  );
  const sets = workloadsOf('k8s/overlays/statefulset-sidecar');
  const sizes = ['run', 'drill'].map((name) => {
    const [patch] = parseAllDocuments(pageText(`k8s/components/oss-only/room-for-a-${name}.yaml`));
    const [container] = patch?.toJS().spec.jobTemplate.spec.template.spec.containers ?? [];
    return container.resources.requests['ephemeral-storage'];
  });
  for (const page of PAGES) {
    const text = pageText(page);
    const [, name, flags = ''] =
      /--from=cronjob\/(pg-backup-\w+)`.*?`("--database","\w+")`/s.exec(text) ?? assert.fail(page);
    const cronJob = cronJobs.find(({ object }) => object.metadata.name === name);
    assert.deepEqual(cronJob?.containers[0]?.args, ['backup', ...JSON.parse(`[${flags}]`)], page);
    const [, set, container] =
      / (\S+)-0 --container=(\S+) -- pg-backup backup`/.exec(text) ?? assert.fail(page);
    const pod = sets.find(({ object }) => object.kind === 'StatefulSet' && object.metadata.name === set);
    assert.ok(
      pod?.containers.some((one) => one.name === container && one.args?.[0] === 'schedule'),
      page,
    );
    assert.deepEqual([...text.matchAll(/\d+Gi\b/g)].map(String), sizes, page);
  }
});

test('the overlay of the README joins the components', { skip }, async (t) => {
  const { faultsOf } = await import('./api-schema.ts');
  const directory = join(temporaryDirectory(t), 'k8s');
  cpSync(join(projectDirectory, 'k8s'), directory, { recursive: true });
  const own = join(directory, 'overlays/own');
  mkdirSync(own);
  const [, overlay = ''] = /^```yaml\n(.*?)^```$/ms.exec(pageText(PAGE)) ?? [];
  writeFileSync(join(own, 'kustomization.yaml'), overlay);
  const objects = render(own);
  for (const one of objects) assert.deepEqual(faultsOf(one), [], `${one.kind} ${one.metadata.name}`);

  const text = JSON.stringify(objects);
  const images = [...text.matchAll(/"image":"([^"]*)"/g)].map(([, image]) => image).toSorted();
  const image = 'registry.example.com/ops/pg-backup';
  assert.deepEqual(images, [`${image}:${VERSION}`, `${image}:${VERSION}`, `${image}:drill`]);
  const built = [...pageText(PAGE).matchAll(/^docker build .*--tag (\S+) \.$/gm)].map(([, tag]) => tag);
  assert.deepEqual(built, [`${image}:${VERSION}`, `${image}:drill`]);
  assert.doesNotMatch(text, /pg-backup-oss|persistentVolumeClaim|OSS_ACCESS_KEY|your-oss-bucket/);
  const settings = objects.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  for (const literal of parse(overlay).configMapGenerator[0].literals) {
    const [name = '', value] = literal.split('=');
    assert.equal(settings[name], value);
  }
});

/** Runs commands as a person would, against a server that keeps what kubectl sends. */
async function shell(t: TestContext) {
  const { startApiServer } = await import('./api-server.ts');
  const { url, created } = await startApiServer(t, KINDS);
  const directory = temporaryDirectory(t);
  symlinkSync(join(projectDirectory, 'k8s'), join(directory, 'k8s'));
  for (const name of ['password', 'access-key-id', 'access-key-secret', 'token']) {
    writeFileSync(join(directory, name), `the ${name}`);
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: url } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    users: [{ name: 'test', user: {} }],
  };
  writeFileSync(join(directory, 'config'), JSON.stringify(config));
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin/kubectl'), GENERATED_AS_JSON, { mode: 0o755 });
  const env = {
    PATH: [join(directory, 'bin'), process.env['PATH']].join(delimiter),
    KUBECTL: kubectlPath,
    HOME: directory,
    KUBECONFIG: join(directory, 'config'),
  };
  const run = (commands: string) =>
    runFile('bash', ['-euo', 'pipefail', '-c', commands], { cwd: directory, env });
  return { created, run };
}
