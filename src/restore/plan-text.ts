import prettyBytes from 'pretty-bytes';
import { describeError, type PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { neededMinor } from '../postgres/fixed-minors.ts';
import { utcSecond } from '../report/report.ts';
import { providerOn } from './database-options.ts';
import type { RestorePlan } from './plan.ts';
import { LABELS, PROOFS, WORDS } from './plan-words.ts';
import { isWhole } from './restore-options.ts';
import type { RoleRemark } from './role-creation.ts';

/** The plan as people read it, one fact a line; the first lines of every restore. */
export function describePlan(plan: RestorePlan, language: Language): string {
  const say = (text: Text): string => render(text, language);
  const rows = [
    ...aboutSource(plan, say),
    ...aboutTarget(plan, say),
    ...aboutDatabase(plan, say),
    ...aboutNeeds(plan, say),
  ];
  const width = Math.max(...rows.map(([label]) => widthOf(label)));
  const lines = rows.map(
    ([label, value]) => `  ${label}${' '.repeat(width - widthOf(label))}  ${onOneLine(value)}`,
  );
  return `${[say(WORDS.heading), ...lines].join('\n')}\n`;
}

type Say = (text: Text) => string;
type Row = readonly [string, string];

function aboutSource(plan: RestorePlan, say: Say): Row[] {
  const { source, toc, options, selected } = plan;
  const { record } = source;
  const proof = record ? say(PROOFS[record.proof]) : say(WORDS.noRecord);
  const size = prettyBytes(source.dump.sizeBytes);
  const encryption = source.encryption === 'none' ? '' : `, ${source.encryption}`;
  const server = source.series === undefined ? '' : ` (${source.series})`;
  const whole = record?.server
    ? ` (${say(WORDS.databaseOf)} ${prettyBytes(record.server.databaseSizeBytes)})`
    : '';
  const rows: Row[] = [
    [say(LABELS.backup), `${source.run}, ${utcSecond(source.startedAt)}`],
    [say(LABELS.proof), `${proof}; ${describeFingerprint(plan, say)}`],
    [
      say(LABELS.dump),
      `${size}${whole}, ${say(source.place === 'local' ? WORDS.local : WORDS.remote)}${encryption}`,
    ],
    [
      say(LABELS.from),
      `"${toc.database}", PostgreSQL ${toc.serverVersion}${server}; pg_dump ${toc.dumpVersion}`,
    ],
  ];
  if (!isWhole(options.part)) rows.push([say(LABELS.part), describePart(options.part, selected?.size, say)]);
  rows.push(...plan.loose.map(({ kind, tag }): Row => [say(LABELS.loose), `${kind} ${tag}`]));
  if (record && record.leftOut.length > 0) rows.push([say(LABELS.leftOut), record.leftOut.join(' ')]);
  return rows;
}

function describeFingerprint({ fingerprint, fingerprintFault }: RestorePlan, say: Say): string {
  if (fingerprintFault) return `! ${say(WORDS.unreadableFingerprint)} (${say(messageOf(fingerprintFault))})`;
  if (!fingerprint) return say(WORDS.noFingerprint);
  const { level, status } = fingerprint;
  return `${say(WORDS.fingerprint)} ${level}${status === 'partial' ? `, ${say(WORDS.partial)}` : ''}`;
}

function messageOf(error: PgBackupError): Text {
  return { en: describeError(error, 'en').message, zh: describeError(error, 'zh').message };
}

function describePart(part: RestorePlan['options']['part'], entries: number | undefined, say: Say): string {
  const words = [
    ...part.schemas.map((name) => `--schema ${name}`),
    ...part.tables.map((name) => `--table ${name}`),
    ...(part.schemaOnly ? ['--schema-only'] : []),
    ...(part.dataOnly ? ['--data-only'] : []),
  ];
  return words.join(' ') + (entries === undefined ? '' : ` (${entries} ${say(WORDS.entries)})`);
}

function aboutTarget({ access, target, client, jobs, options }: RestorePlan, say: Say): Row[] {
  const secure = neededMinor(client.version);
  const insecure = secure === undefined ? '' : ` ! ${say(WORDS.insecure)} ${secure}`;
  const user = target.isSuperuser ? say(WORDS.superuser) : say(WORDS.noSuperuser);
  return [
    [
      say(LABELS.server),
      `${access.host}:${access.port}, PostgreSQL ${target.server.version}, "${access.user}" (${user})`,
    ],
    [say(LABELS.client), `pg_restore ${client.version}, ${client.directory}, -j ${jobs}${insecure}`],
    [say(LABELS.database), `"${options.to}"`],
  ];
}

function aboutDatabase(plan: RestorePlan, say: Say): Row[] {
  const { target, databaseOptions: created, isSource, expectedSeconds } = plan;
  const { existing } = target;
  const rows: Row[] = [];
  if (!existing) {
    rows.push([say(LABELS.state), say(WORDS.willBeCreated)]);
    rows.push([say(LABELS.encoding), describeLocale(plan, say)]);
  } else {
    const fill = existing.isEmpty ? WORDS.empty : WORDS.filled;
    rows.push([
      say(LABELS.state),
      `${say(fill)} (${prettyBytes(existing.sizeBytes)}); ${say(WORDS.inOneTransaction)}; ${say(WORDS.keepsItsOwn)}`,
    ]);
    const isOther = existing.encoding !== created.encoding || existing.collation !== created.collation;
    const other = isOther ? ` ! ${say(WORDS.inBackup)} ${created.encoding}, ${created.collation ?? '-'}` : '';
    rows.push([say(LABELS.encoding), `${existing.encoding}, ${existing.collation}${other}`]);
    if (isSource) rows.push([say(LABELS.warning), say(WORDS.isSource)]);
    for (const { user, application, address, since } of existing.connections) {
      rows.push([say(LABELS.connected), `${user} "${application}" ${address} ${since}`]);
    }
  }
  for (const name of target.unfinished) rows.push([say(LABELS.unfinished), `"${name}"`]);
  const duration =
    expectedSeconds === undefined ? say(WORDS.unknownDuration) : `${Math.ceil(expectedSeconds)} s`;
  rows.push([say(LABELS.duration), duration]);
  return rows;
}

/** A provider that the server does not know gives way to its C library. */
function describeLocale({ databaseOptions: created, target }: RestorePlan, say: Say): string {
  const { encoding, collation = '-', provider } = created;
  const isCLibrary = provider === undefined || provider === 'libc';
  const isKnown = isCLibrary || providerOn(target.server.major, created) === provider;
  const other = isKnown ? '' : ` ! ${say(WORDS.noProvider)}`;
  return `${encoding}, ${collation}${provider === undefined ? '' : ` (${provider})`}${other}`;
}

function aboutNeeds({ missing, roles, options }: RestorePlan, say: Say): Row[] {
  const roleNames = [...new Set([...missing.owners, ...missing.grantees, ...missing.otherRoles])].sort();
  const list = (names: readonly string[]): string => names.join(', ') || say(WORDS.none);
  const rows: Row[] = [
    [say(LABELS.missingRoles), list(roleNames)],
    [say(LABELS.missingExtensions), list(missing.extensions)],
    [say(LABELS.missingTablespaces), list(missing.tablespaces)],
  ];
  if (missing.unassignable.length > 0 && !options.noOwner) {
    rows.push([say(LABELS.unassignable), list(missing.unassignable)]);
  }
  if (missing.collation !== undefined) rows.push([say(LABELS.missingCollation), missing.collation]);
  const without = [
    ...(options.noOwner ? ['--no-owner'] : []),
    ...(options.noPrivileges ? ['--no-privileges'] : []),
    ...(options.noTablespaces ? ['--no-tablespaces'] : []),
  ];
  if (without.length > 0) rows.push([say(LABELS.without), without.join(' ')]);
  if (roles) {
    rows.push([say(LABELS.createdRoles), list(roles.missing)]);
    const remark = ({ role, what }: RoleRemark): string => `${role}: ${say(what)}`;
    rows.push(...roles.differences.map((difference): Row => [say(LABELS.otherRole), remark(difference)]));
    rows.push(...roles.omissions.map((omission): Row => [say(LABELS.roleOmission), remark(omission)]));
  }
  return rows;
}

/** Names come from the archive and from others' sessions: none of them may move the cursor of whoever reads this. */
function onOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** Wide characters take two columns. */
function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (/[\u2e80-\uffef]/.test(character) ? 2 : 1), 0);
}
