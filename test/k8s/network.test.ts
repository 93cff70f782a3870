import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import type { KubernetesObject, Labels, NetworkRule, Workload } from './objects.ts';
import { allWorkloads, KUSTOMIZATIONS, ofKind, RENDERED, workloadsOf } from './rendered.ts';

const skip = missing('kubectl');
const DNS = 53;
const HTTPS = 443;
const POSTGRES = 5432;
const REPORT = 8080;

test('everything carries the standard labels', { skip }, () => {
  for (const [directory, objects] of RENDERED) {
    const pods = workloadsOf(directory).map(({ place, pod }) => ({ place, labels: pod.metadata.labels }));
    const all = objects.map(({ kind, metadata }) => ({
      place: `${directory} ${kind} ${metadata.name}`,
      labels: metadata.labels,
    }));
    for (const { place, labels } of [...all, ...pods]) {
      for (const name of ['name', 'part-of', 'managed-by']) {
        assert.ok(labels?.[`app.kubernetes.io/${name}`], `${place}: ${name}`);
      }
    }
    for (const { place, labels } of pods) assert.ok(labels?.['app.kubernetes.io/component'], place);
  }
});

test('selectors choose the pods that they are for', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    const workloads = workloadsOf(directory);
    for (const { place, object, pod } of workloads) {
      if (object.kind === 'CronJob') continue;
      assert.ok(fits(selectorOf(object), pod.metadata.labels), place);
    }
    for (const service of ofKind(directory, 'Service')) {
      const chosen = chosenBy(service.spec?.selector as Labels, workloads);
      assert.deepEqual(
        chosen.map(({ object }) => object.metadata.name),
        [service.metadata.name],
        directory,
      );
    }
    for (const policy of ofKind(directory, 'NetworkPolicy')) {
      assert.notEqual(chosenBy(policy.spec?.podSelector?.matchLabels ?? {}, workloads).length, 0);
    }
    for (const monitor of ofKind(directory, 'ServiceMonitor')) {
      const services = ofKind(directory, 'Service').filter(({ metadata }) =>
        fits(selectorOf(monitor), metadata.labels),
      );
      assert.equal(services.length, 1);
      assert.equal(services[0]?.metadata.labels?.['app.kubernetes.io/name'], 'pg-backup');
    }
  }
});

test('ports of Services, of policies and of containers are the same ones', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    const workloads = workloadsOf(directory);
    for (const service of ofKind(directory, 'Service')) {
      const [workload] = chosenBy(service.spec?.selector as Labels, workloads);
      const ports = workload?.containers.flatMap(({ ports = [] }) => ports) ?? [];
      for (const { targetPort, port } of service.spec?.ports ?? []) {
        const container = ports.find(({ name }) => name === targetPort);
        assert.equal(container?.containerPort, port, `${directory} ${service.metadata.name}`);
      }
    }
    for (const workload of workloads) {
      const open = workload.containers.flatMap(({ ports = [] }) =>
        ports.map(({ containerPort }) => containerPort),
      );
      assert.deepEqual(portsOf(rulesFor(workload, 'ingress')), open, workload.place);
    }
  }
});

test('by default nothing may be reached, and each pod may reach what it needs', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    const denies = ofKind(directory, 'NetworkPolicy').filter(
      ({ spec }) => Object.keys(spec?.podSelector ?? {}).length === 0,
    );
    assert.deepEqual(
      denies.map(({ spec }) => spec),
      [{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }],
    );
  }
  for (const workload of allWorkloads()) {
    const { place, object } = workload;
    const component = workload.pod.metadata.labels?.['app.kubernetes.io/component'] ?? '';
    const readsOss = /oss-only|rrsa-ack|statefulset/.test(place);
    const expected: Readonly<Record<string, readonly number[]>> = {
      backup: [DNS, HTTPS, POSTGRES, REPORT],
      // Its database lies on the loopback.
      database: [DNS, HTTPS, REPORT],
      // Its server listens on a Unix socket.
      drill: [DNS, HTTPS],
      report: readsOss ? [DNS, HTTPS] : [],
    };
    const rules = rulesFor(workload, 'egress');
    assert.deepEqual(portsOf(rules), expected[component], place);
    for (const { ports, to } of rules) {
      if (!ports?.some(({ port }) => port === REPORT)) continue;
      const labels = to?.[0]?.podSelector?.matchLabels ?? assert.fail(place);
      const reached = chosenBy(labels, workloadsOf(place.split(' ')[0] ?? ''));
      assert.deepEqual(
        reached.map(({ object }) => object.metadata.name),
        ['pg-backup-report'],
        place,
      );
    }
    assert.ok(object.metadata.name !== 'pg-backup-report' || component === 'report', place);
  }
});

/** The rules of all policies that choose the pod. */
function rulesFor({ place, pod }: Workload, direction: 'ingress' | 'egress'): NetworkRule[] {
  const directory = place.split(' ')[0] ?? '';
  return ofKind(directory, 'NetworkPolicy')
    .filter(({ spec }) => fits(spec?.podSelector?.matchLabels ?? {}, pod.metadata.labels))
    .flatMap(({ spec }) => spec?.[direction] ?? []);
}

function portsOf(rules: readonly NetworkRule[]): number[] {
  const ports = rules.flatMap(({ ports }) => ports?.map(({ port }) => port) ?? assert.fail('every port'));
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

function chosenBy(selector: Labels, workloads: readonly Workload[]): Workload[] {
  return workloads.filter(({ pod }) => fits(selector, pod.metadata.labels));
}

function selectorOf({ spec }: KubernetesObject): Labels {
  const { matchLabels } = (spec?.selector ?? {}) as { readonly matchLabels?: Labels };
  return matchLabels ?? assert.fail('no selector');
}

function fits(selector: Labels, labels: Labels = {}): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
