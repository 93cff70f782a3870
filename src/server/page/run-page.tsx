import { runNameOf } from '../run-index/run-index.ts';
import { Anomalies } from './anomalies.tsx';
import { ErrorNote } from './error-note.tsx';
import { listIn, objectIn, textIn } from './given.ts';
import { Layout } from './layout.tsx';
import { fullName } from './names.ts';
import { addressOf, type PageContext } from './page-context.ts';
import { Badge, Moment, Name } from './parts.tsx';
import { ProofSteps } from './proof-steps.tsx';
import { RestoreSection } from './restore-section.tsx';
import { RunDrills } from './run-drills.tsx';
import { RunFacts } from './run-facts.tsx';
import { RunFiles } from './run-files.tsx';
import { RunStages } from './run-stages.tsx';
import { StatusBadge } from './run-status.tsx';
import type { ListedRun } from './runs-page.tsx';

export interface RunPageProps extends ListedRun {
  readonly page: PageContext;
  /** The files as they stand: whatever is in them is looked at before it is shown. */
  readonly report: unknown;
  readonly record: unknown;
  readonly drills: readonly unknown[];
  /** undefined where nobody may list the files that are here. */
  readonly dataFiles: ReadonlySet<string> | undefined;
  readonly scannedAt: Date | undefined;
}

/** Everything that is known of one run. */
export function RunPage(props: RunPageProps) {
  const { page, run, target, zone, scannedAt } = props;
  const { say } = page;
  const record = objectIn(props.record);
  const report = objectIn(props.report);
  const name = runNameOf(run);
  const title = fullName(target, run.database);
  const error = objectIn(record['error']);
  const isOld = props.record === null;
  const reported = isOld ? textIn(report['errorMessage']) : undefined;
  return (
    <Layout page={page} title={`${title} · ${name}`} here="runs" scannedAt={scannedAt}>
      <nav class="crumbs" aria-label={say(CRUMBS)}>
        <a href={addressOf(page, ['runs'])}>{say(RUNS)}</a>
        <span aria-hidden="true"> / </span>
        <a href={addressOf(page, ['runs'], { target, database: run.database })}>
          <Name>{title}</Name>
        </a>
      </nav>
      <header class="run-head">
        <h1>
          <Name>{title}</Name>
          <span class="run-time">
            <Moment page={page} at={new Date(run.startedAt)} zone={zone} />
          </span>
        </h1>
        <p class="run-badges">
          <StatusBadge page={page} run={run} />
          {run.record?.awaitsUpload && <Badge tone="watch">{say(AWAITS_UPLOAD)}</Badge>}
          {run.record?.hasWarning && <Badge tone="watch">{say(UNLIKE)}</Badge>}
        </p>
        <p class="run-name">
          <code>{name}</code>
        </p>
      </header>
      {Object.keys(error).length > 0 && <ErrorNote page={page} error={error} />}
      {reported !== undefined && <ErrorNote page={page} error={{ message: reported }} />}
      <Anomalies page={page} warning={objectIn(record['warning'])} zone={zone} />
      {isOld && <p class="note quiet">{say(NO_RECORD)}</p>}
      {!isOld && <ProofSteps page={page} run={run} />}
      <RunFacts page={page} run={run} zone={zone} record={record} report={report} />
      {!isOld && <RunStages page={page} record={record} />}
      <RestoreSection page={page} run={run} record={record} dataFiles={props.dataFiles} />
      <RunFiles page={page} record={record} report={report} zone={zone} dataFiles={props.dataFiles} />
      <RunDrills page={page} drills={listIn(props.drills)} zone={zone} />
      <p class="quiet">
        <a href={addressOf(page, ['api', 'v1', 'runs', name], { target })}>{say(AS_JSON)}</a>
      </p>
    </Layout>
  );
}

const CRUMBS = { en: 'Where this is', zh: '当前位置' };
const RUNS = { en: 'Runs', zh: '运行记录' };
const AWAITS_UPLOAD = { en: 'waits for its upload', zh: '等待上传' };
const UNLIKE = { en: 'unlike the others', zh: '与以往不同' };
const NO_RECORD = {
  en: 'There is a report of this run and no record: it tells neither of its stages nor how far it is proven.',
  zh: '该运行只有报表而没有记录：无法得知其各阶段与验证程度。',
};
const AS_JSON = { en: 'All of it as JSON', zh: '查看完整 JSON' };
