import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { EXIT_CODES } from '../../src/exit-codes.ts';
import { missing, projectDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { KubernetesObject, Workload } from './objects.ts';
import {
  allWorkloads,
  KUSTOMIZATIONS,
  ofKind,
  ownContainer,
  render,
  workloadsAmong,
  workloadsOf,
} from './rendered.ts';

const skip = missing('kubectl');

test('Jobs exclude each other, are caught up, end, and are kept for a look', { skip }, () => {
  const jobs = cronJobs();
  assert.ok(jobs.length >= 8);
  for (const { place, spec } of jobs) {
    assert.equal(spec?.concurrencyPolicy, 'Forbid', place);
    assert.ok((spec?.startingDeadlineSeconds ?? 0) >= 3600, place);
    assert.ok((spec?.successfulJobsHistoryLimit ?? 0) >= 1, place);
    assert.ok((spec?.failedJobsHistoryLimit ?? 0) >= 3, place);
    assert.ok((spec?.jobTemplate?.spec.activeDeadlineSeconds ?? 0) >= 36_000, place);
    assert.equal(spec?.jobTemplate?.spec.template.spec.restartPolicy, 'Never', place);
  }
});

test('a Job has time for all attempts of the program', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    const [settings] = ofKind(directory, 'ConfigMap');
    const retries = Number(settings?.data?.['BACKUP_RETRIES']);
    const minutes = Number(settings?.data?.['BACKUP_TIMEOUT_MINUTES']);
    // 1, 2, 4, … minutes of pause, and an hour: docs/schedule.md
    const needed = ((retries + 1) * minutes + 2 ** retries - 1 + 60) * 60;
    for (const { metadata, spec } of ofKind(directory, 'CronJob')) {
      if (metadata.labels?.['app.kubernetes.io/component'] !== 'backup') continue;
      assert.equal(spec?.jobTemplate?.spec.activeDeadlineSeconds, needed, `${directory} ${metadata.name}`);
    }
  }
});

test('Kubernetes starts another pod only where the program could not try again by itself', { skip }, () => {
  const own = Object.keys(EXIT_CODES)
    .map(Number)
    .filter((code) => code >= 2 && code < 128);
  for (const { place, spec } of cronJobs()) {
    const job = spec?.jobTemplate?.spec ?? assert.fail(place);
    assert.equal(job.backoffLimit, 1, place);
    const [disruption, ended] = job.podFailurePolicy.rules;
    assert.deepEqual(disruption, {
      action: 'Ignore',
      onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
    });
    assert.equal(ended?.action, 'FailJob', place);
    assert.equal(ended?.onExitCodes?.operator, 'In', place);
    assert.deepEqual(ended?.onExitCodes?.values, own, place);
    assert.equal(ended?.onExitCodes?.containerName, job.template.spec.containers[0]?.name, place);
  }
});

test('a pod has the time to write its report when it is told to stop', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    for (const { place, object, pod } of workloadsOf(directory)) {
      if (object.kind === 'Deployment') continue;
      const seconds = object.kind === 'StatefulSet' ? 120 : 60;
      assert.equal(pod.spec.terminationGracePeriodSeconds, seconds, place);
    }
  }
});

test('the report server is alive while it answers, and ready once it has read everything', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    const server = workloadsOf(directory).find(({ object }) => object.kind === 'Deployment');
    const container = server?.containers[0];
    assert.deepEqual(container?.livenessProbe?.httpGet, { path: '/livez', port: 'http' });
    assert.deepEqual(container?.readinessProbe?.httpGet, { path: '/readyz', port: 'http' });
  }
});

test('a drill has a server, and a directory of its own for it, and knows no password of a database', {
  skip,
}, () => {
  const drill = workloadsOf('k8s/overlays/drill').find(({ place }) => place.endsWith('pg-backup-drill'));
  const container = drill && ownContainer(drill);
  assert.equal(container?.image, 'pg-backup:drill');
  assert.deepEqual(container?.args, ['drill']);
  const directory = container?.env?.find(({ name }) => name === 'DRILL_DIRECTORY')?.value;
  const mount = container?.volumeMounts?.find(({ mountPath }) => mountPath === directory);
  const volume = drill?.pod.spec.volumes?.find(({ name }) => name === mount?.name);
  assert.equal(volume?.emptyDir?.sizeLimit, '50Gi');
  assert.ok(!container?.env?.some(({ name }) => name.startsWith('PGPASSWORD')));
});

test('a pod may fill its directories on disk, and a Job finds as much on its node', { skip }, (t) => {
  const own = [...allWorkloads(), ...joined(t, ['drill', 'oss-only'])];
  assert.ok(own.length > KUSTOMIZATIONS.length * 2);
  for (const { place, object, pod, containers } of own) {
    const directories = (pod.spec.volumes ?? []).flatMap(({ emptyDir }) =>
      emptyDir && emptyDir.medium !== 'Memory' ? [sizeBytes(emptyDir.sizeLimit)] : [],
    );
    const storage = (share: 'requests' | 'limits'): number =>
      sum(containers.map(({ resources }) => sizeBytes(resources?.[share]?.['ephemeral-storage'])));
    assert.ok(storage('limits') > sum(directories), `${place}: ${storage('limits')} < ${sum(directories)}`);
    if (object.kind === 'CronJob') assert.equal(storage('requests'), storage('limits'), place);
  }
});

test('the sidecar outlives PostgreSQL, and its probe takes nobody’s database away', { skip }, () => {
  const directory = 'k8s/overlays/statefulset-sidecar';
  const set = workloadsOf(directory).find(({ object }) => object.kind === 'StatefulSet');
  const [sidecar] = set?.pod.spec.initContainers ?? [];
  assert.equal(sidecar?.restartPolicy, 'Always');
  assert.deepEqual(sidecar?.args, ['schedule']);
  assert.deepEqual(sidecar?.readinessProbe?.exec?.command, ['pg-backup', 'healthcheck']);
  assert.equal(sidecar?.livenessProbe ?? sidecar?.startupProbe, undefined);
  assert.equal(set?.object.spec?.podManagementPolicy, 'Parallel');
  const service = ofKind(directory, 'Service').find(({ metadata }) => metadata.name === 'postgres');
  assert.equal(service?.spec?.publishNotReadyAddresses, true);
});

/** The workloads of an overlay that joins these components. */
function joined(t: TestContext, components: readonly string[]): Workload[] {
  const directory = join(temporaryDirectory(t), 'k8s');
  cpSync(join(projectDirectory, 'k8s'), directory, { recursive: true });
  const overlay = join(directory, 'overlays/joined');
  mkdirSync(overlay);
  writeFileSync(
    join(overlay, 'kustomization.yaml'),
    stringify({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['../../base'],
      components: components.map((name) => `../../components/${name}`),
    }),
  );
  return workloadsAmong(components.join('+'), render(overlay));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** Of a quantity such as `512Mi`. */
function sizeBytes(quantity = ''): number {
  const [, count, unit] = /^(\d+)([MG])i$/.exec(quantity) ?? assert.fail(quantity);
  return Number(count) * 2 ** (unit === 'G' ? 30 : 20);
}

function cronJobs(): { place: string; spec: KubernetesObject['spec'] }[] {
  return KUSTOMIZATIONS.flatMap((directory) =>
    ofKind(directory, 'CronJob').map(({ metadata, spec }) => ({
      place: `${directory} ${metadata.name}`,
      spec,
    })),
  );
}
