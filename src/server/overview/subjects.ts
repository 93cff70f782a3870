import type { TargetContext } from '../../backup/context.ts';
import {
  isEachNamed,
  isOfLate,
  judgedDatabases,
  newSinceOf,
  type RememberedDatabases,
} from '../../schedule/judged-databases.ts';
import { seriesOf } from '../../schedule/read-freshness.ts';
import type { Subject } from './database-overview.ts';
import type { KnownDatabase } from './known-databases.ts';

/** A database of a server that no target judges any more, because it had no run for a month. */
export interface Forgotten {
  readonly context: TargetContext;
  readonly database: string;
  readonly server: string | undefined;
}

export interface Judged extends Subject {
  readonly newSince: Date | undefined;
}

/** Everything that one target judges: each database, apart for each server where the settings name none. */
export function subjectsOf(
  context: TargetContext,
  place: number,
  known: readonly KnownDatabase[],
  remembered: RememberedDatabases,
  now: Date,
): Judged[] {
  const byName = new Map(known.map((one): [string | undefined, KnownDatabase] => [one.database, one]));
  return judgedDatabases(context, remembered, known, now).flatMap((database) => {
    const servers = serversOf(context, byName.get(database), now);
    const newSince = newSinceOf(context, remembered, database);
    const isOneOfSeveral = servers.length > 1;
    return servers.map((server) => ({ context, place, database, server, isOneOfSeveral, newSince }));
  });
}

/** That of the settings; else those that had a run of late, or else all that ever had one. */
function serversOf(
  context: TargetContext,
  known: KnownDatabase | undefined,
  now: Date,
): (string | undefined)[] {
  const series = seriesOf(context);
  if (series !== undefined) return [series];
  const all = [...(known?.servers ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
  const recent = all.filter(([, startedAt]) => isOfLate(startedAt, now));
  const judged = recent.length > 0 ? recent : all;
  return judged.length > 0 ? judged.map(([server]) => server) : [undefined];
}

/** What nobody judges of what is known to a target that judges whatever has runs. `judged`: by all targets. */
export function forgottenOf(
  context: TargetContext,
  place: number,
  known: readonly KnownDatabase[],
  remembered: RememberedDatabases,
  judged: readonly Subject[],
): Forgotten[] {
  if (isEachNamed(context, remembered)) return [];
  const series = seriesOf(context);
  const here = new Set(
    judged.filter((one) => one.place === place).map(({ database, server }) => `${server}/${database}`),
  );
  const byName = known.toSorted((one, other) => (one.database < other.database ? -1 : 1));
  return byName.flatMap(({ database, servers }) =>
    [...servers.keys()]
      .filter((server) => (series === undefined || server === series) && !here.has(`${server}/${database}`))
      .map((server) => ({ context, database, server })),
  );
}
