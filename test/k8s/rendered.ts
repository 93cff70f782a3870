import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kubernetesDirectory, missing, projectDirectory } from '../harness/parts.ts';
import type { Container, KubernetesObject, PodTemplate, Workload } from './objects.ts';

/** What may be applied: the base, and each overlay, by its path from the root. */
export const KUSTOMIZATIONS: readonly string[] = [
  'k8s/base',
  ...readdirSync(join(projectDirectory, 'k8s/overlays')).map((name) => `k8s/overlays/${name}`),
];

export const kubectlPath = join(kubernetesDirectory() ?? '', 'bin/kubectl');

/** The objects that `kubectl kustomize` makes of a directory, whose path is absolute or begins at the root. */
export function render(directory: string): KubernetesObject[] {
  const { status, stdout, stderr } = spawnSync(
    kubectlPath,
    ['kustomize', resolve(projectDirectory, directory)],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`${directory}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => {
    if (document.errors.length > 0) throw new Error(`${directory}: ${document.errors.join('; ')}`);
    return document.toJS() as KubernetesObject;
  });
}

/** Every kustomization with its objects; nothing where kubectl is missing, and the tests are skipped. */
export const RENDERED: ReadonlyMap<string, readonly KubernetesObject[]> = new Map(
  missing('kubectl') ? [] : KUSTOMIZATIONS.map((directory) => [directory, render(directory)]),
);

/** The objects that start pods, with the place that failures of tests name. */
export function workloadsOf(directory: string): Workload[] {
  return workloadsAmong(directory, RENDERED.get(directory) ?? []);
}

/** The same among objects that were rendered elsewhere. */
export function workloadsAmong(directory: string, objects: readonly KubernetesObject[]): Workload[] {
  return objects.flatMap((object) => {
    const pod = podOf(object);
    if (pod === undefined) return [];
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    return [{ place: `${directory} ${object.kind} ${object.metadata.name}`, object, pod, containers }];
  });
}

/** Every workload of every kustomization. */
export function allWorkloads(): Workload[] {
  return KUSTOMIZATIONS.flatMap(workloadsOf);
}

/** The container that runs this program, in a workload that has one. */
export function ownContainer({ containers }: Workload): Container | undefined {
  return containers.find(({ image }) => image.startsWith('pg-backup:'));
}

/** The objects of one kind. */
export function ofKind(directory: string, kind: string): KubernetesObject[] {
  return (RENDERED.get(directory) ?? []).filter((object) => object.kind === kind);
}

function podOf({ spec }: KubernetesObject): PodTemplate | undefined {
  return spec?.jobTemplate?.spec.template ?? spec?.template;
}
