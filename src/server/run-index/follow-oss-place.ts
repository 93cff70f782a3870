import { layoutOf } from '../../files/layout.ts';
import { JSON_KINDS } from '../../report/directory.ts';
import { type ReportSource, type SharedKind, sharedPath } from '../../report/report-source.ts';
import { drillFacts, recordFacts, reportFacts } from './facts.ts';
import { followOssDirectory, type OssDirectoryOptions, understand } from './follow-oss-directory.ts';
import type { Place } from './follow-place.ts';
import type { RunIndex } from './run-index.ts';

/** Keeps the index up to date with what lies in OSS whenever it is looked at. Neither dumps nor marks of runs that are under way lie there. */
export function followOssPlace(
  index: RunIndex,
  place: number,
  options: Pick<OssDirectoryOptions<never>, 'source' | 'clock' | 'relistMilliseconds'>,
): Place {
  return {
    // No directory: nothing is found below its paths.
    layout: layoutOf(options.source.url),
    reports: followOssDirectory({
      ...{ ...options, kind: 'reports', json: JSON_KINDS.reports },
      factsOf: reportFacts,
      onChange: (name, facts) => index.setReport(place, name, facts),
      onUnreadable: (name, isIt) => index.setUnreadable(place, 'reports', name, isIt),
    }),
    others: [
      followOssDirectory({
        ...{ ...options, kind: 'records', json: JSON_KINDS.records },
        factsOf: recordFacts,
        onChange: (name, facts) => index.setRecord(place, name, facts),
        onUnreadable: (name, isIt) => index.setUnreadable(place, 'records', name, isIt),
      }),
      followOssDirectory({
        ...{ ...options, kind: 'drills', json: JSON_KINDS.drills },
        factsOf: drillFacts,
        onChange: (name, facts) => index.setDrill(place, name, facts),
      }),
    ],
    async lookAtMarks() {},
  };
}

/**
 * Reads one object, all of it, as it stands now; undefined where there is none that can be used.
 * @throws PgBackupError STORE_FAILED
 */
export async function readOssJson(
  source: ReportSource,
  kind: SharedKind,
  fileName: string,
  signal: AbortSignal,
): Promise<unknown> {
  const path = sharedPath(fileName);
  if (path === undefined) return undefined;
  const content = await source.read(kind, path, JSON_KINDS[kind].maximumBytes, signal);
  return content instanceof Buffer ? understand(content, JSON_KINDS[kind]) : undefined;
}
