import { describeAnomalies } from '../../backup/warn-of-anomalies.ts';
import type { Anomaly } from '../../report/record.ts';
import { type Given, listIn, numberIn, textIn, timeIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Badge, Moment } from './parts.tsx';

interface AnomaliesProps {
  readonly page: PageContext;
  /** Of the record. */
  readonly warning: Given;
  readonly zone: string;
}

/** What looks unlike the runs before; nothing where nothing does. */
export function Anomalies({ page, warning, zone }: AnomaliesProps) {
  const anomalies = listIn(warning['anomalies']).map(anomalyOf);
  const acceptedAt = timeIn(warning['acceptedAt']);
  if (anomalies.length === 0) return null;
  const { say } = page;
  return (
    <section class="note note-watch" aria-label={say(TITLE)}>
      <p class="note-head">
        <Badge tone="watch">{say(TITLE)}</Badge>
      </p>
      <ul>
        {describeAnomalies({ anomalies }).map((text) => (
          <li>{say(text)}</li>
        ))}
      </ul>
      <p class="quiet">
        {acceptedAt ? say(ACCEPTED) : say(HELD)}{' '}
        {acceptedAt && <Moment page={page} at={acceptedAt} zone={zone} />}
      </p>
    </section>
  );
}

function anomalyOf(given: Given): Anomaly {
  const kind = textIn(given['kind']);
  const object = textIn(given['object']);
  return {
    kind: kind === 'size' || kind === 'rows' ? kind : 'table',
    ...(object !== undefined && { object }),
    found: numberIn(given['found']) ?? 0,
    median: numberIn(given['median']) ?? 0,
  };
}

const TITLE = { en: 'Unlike the runs before', zh: '与以往的运行不同' };
const ACCEPTED = { en: 'A person accepted this:', zh: '已由人工确认：' };
const HELD = {
  en: 'Nothing old is removed until the next normal run, or until a person accepts it (pg-backup accept).',
  zh: '在下次正常运行之前，或人工确认（pg-backup accept）之前，不会删除任何旧备份。',
};
