import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import type { Container, PodTemplate, Workload } from './objects.ts';
import { allWorkloads, KUSTOMIZATIONS, ofKind, ownContainer, RENDERED } from './rendered.ts';

const skip = missing('kubectl');

test('the namespace enforces the restricted Pod Security Standard, and everything is in it', { skip }, () => {
  for (const [directory, objects] of RENDERED) {
    const [namespace] = ofKind(directory, 'Namespace');
    assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted', directory);
    for (const { kind, metadata } of objects) {
      const place = kind === 'Namespace' ? metadata.name : metadata.namespace;
      assert.equal(place, 'pg-backup', `${directory} ${kind} ${metadata.name}`);
    }
  }
});

test('every container fits that standard, writes nowhere but to its volumes, and has its share', {
  skip,
}, () => {
  const workloads = allWorkloads();
  assert.ok(workloads.length >= 16);
  for (const workload of workloads) {
    assert.deepEqual(
      workload.containers.flatMap((container) => tooFree(workload.pod, container)),
      [],
      workload.place,
    );
    for (const { name, resources } of workload.containers) {
      for (const shares of [resources?.requests, resources?.limits]) {
        assert.deepEqual(
          Object.keys(shares ?? {}).toSorted(),
          ['cpu', 'ephemeral-storage', 'memory'],
          `${workload.place} ${name}`,
        );
      }
    }
  }
});

test('what that test goes by is found where it is missing', { skip }, () => {
  const [{ pod, containers } = assert.fail('no workloads')] = allWorkloads();
  const [container = assert.fail('no container')] = containers;
  const { securityContext, ...bare } = container;
  assert.deepEqual(tooFree(pod, container), []);
  assert.equal(tooFree(pod, bare).length, 3);
  assert.equal(tooFree({ ...pod, spec: { ...pod.spec, securityContext: {} } }, container).length, 4);
  assert.equal(tooFree({ ...pod, spec: { ...pod.spec, hostNetwork: true } }, container).length, 1);
  const asRoot = { ...container, securityContext: { ...securityContext, runAsUser: 0 } };
  assert.equal(tooFree(pod, asRoot).length, 1);
});

test('this program runs as the user of its image', { skip }, () => {
  for (const workload of allWorkloads()) {
    const container = ownContainer(workload);
    assert.ok(container, workload.place);
    assert.equal(effective(workload.pod, container).runAsUser, 10001, workload.place);
    assert.equal(workload.pod.spec.securityContext?.fsGroup, 10001, workload.place);
  }
});

test('no pod has a token of the API server, and none gets settings from the names of Services', {
  skip,
}, () => {
  for (const workload of allWorkloads()) {
    const { spec } = workload.pod;
    assert.equal(spec.automountServiceAccountToken, false, workload.place);
    assert.equal(spec.enableServiceLinks, false, workload.place);
    const directory = workload.place.split(' ')[0] ?? '';
    const account = ofKind(directory, 'ServiceAccount').find(
      ({ metadata }) => metadata.name === spec.serviceAccountName,
    );
    assert.equal(account?.automountServiceAccountToken, false, workload.place);
  }
});

test('the report server mounts everything read-only but its temporary directory', { skip }, () => {
  const servers = allWorkloads().filter(({ object }) => object.metadata.name === 'pg-backup-report');
  assert.equal(servers.length, KUSTOMIZATIONS.length);
  for (const server of servers) {
    assert.equal(server.object.spec?.replicas, 1);
    const writable = (server.containers[0]?.volumeMounts ?? []).filter(({ readOnly }) => !readOnly);
    assert.deepEqual(
      writable.map(({ mountPath }) => mountPath),
      ['/tmp'],
      server.place,
    );
    assert.ok(
      server.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === '/data/db-backups'),
      server.place,
    );
  }
});

test('the backups write to their volume, their log and their temporary directory, and to nothing else', {
  skip,
}, () => {
  for (const workload of allWorkloads().filter((one) => one.object.metadata.name !== 'pg-backup-report')) {
    const mounts = ownContainer(workload)?.volumeMounts ?? [];
    assert.deepEqual(
      mounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath),
      [
        '/data/db-backups',
        '/var/log/db-backup',
        '/tmp',
        ...(/drill$/.test(workload.object.metadata.name) ? ['/drill'] : []),
      ],
      workload.place,
    );
  }
});

test('every mount has its volume, every volume its claim, and none comes from the node', { skip }, () => {
  for (const workload of allWorkloads()) {
    const directory = workload.place.split(' ')[0] ?? '';
    const claims = ofKind(directory, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    const volumes = workload.pod.spec.volumes ?? [];
    const templates = workload.object.spec?.volumeClaimTemplates ?? [];
    const names = [...volumes, ...templates.map(({ metadata }) => metadata)].map(({ name }) => name);
    const mounted = workload.containers.flatMap(({ volumeMounts = [] }) =>
      volumeMounts.map(({ name }) => name),
    );
    assert.deepEqual([...new Set(mounted)].toSorted(), names.toSorted(), workload.place);
    for (const { name, emptyDir, secret, persistentVolumeClaim } of volumes) {
      assert.ok(emptyDir?.sizeLimit || secret || persistentVolumeClaim, `${workload.place} ${name}`);
      if (secret) assert.equal(secret.defaultMode, 0o440, `${workload.place} ${name}`);
      if (persistentVolumeClaim) assert.ok(claims.includes(persistentVolumeClaim.claimName), workload.place);
    }
  }
});

/** What the restricted Pod Security Standard wants (kubernetes.io, "Pod Security Standards"), and a read-only root. */
function tooFree(pod: PodTemplate, container: Container): string[] {
  const context = effective(pod, container);
  const { hostNetwork, hostPID, hostIPC } = pod.spec;
  const wanted: readonly (readonly [string, boolean])[] = [
    ['host namespaces', !hostNetwork && !hostPID && !hostIPC],
    ['runAsNonRoot', context.runAsNonRoot === true],
    ['runAsUser', (context.runAsUser ?? 0) > 0],
    ['fsGroup', (pod.spec.securityContext?.fsGroup ?? 0) > 0],
    ['seccompProfile', context.seccompProfile?.type === 'RuntimeDefault'],
    ['privileged', !context.privileged],
    ['allowPrivilegeEscalation', context.allowPrivilegeEscalation === false],
    ['capabilities', context.capabilities?.drop?.join() === 'ALL' && context.capabilities.add === undefined],
    ['readOnlyRootFilesystem', context.readOnlyRootFilesystem === true],
  ];
  return wanted.filter(([, isThere]) => !isThere).map(([name]) => `${container.name}: ${name}`);
}

function effective(pod: Workload['pod'], container: Container): NonNullable<Container['securityContext']> {
  return { ...pod.spec.securityContext, ...container.securityContext };
}
