import type { Text } from '../../language.ts';
import type { Proof } from '../../report/record.ts';
import type { Content } from './html.ts';
import { addressOf, type PageContext } from './page-context.ts';
import { FIELD_WORDS, PROOF_WORDS, STATUS_WORDS } from './words.ts';

/** What the address asks for; days as `YYYY-MM-DD`, the last one included. */
export interface FilterValues {
  readonly target?: string | undefined;
  readonly database?: string | undefined;
  readonly status?: 'SUCCESS' | 'FAILED' | undefined;
  readonly proof?: Proof | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** What there is to choose from. */
export interface FilterChoices {
  readonly targets: readonly string[];
  readonly databases: readonly string[];
}

interface FormProps {
  readonly page: PageContext;
  readonly values: FilterValues;
  readonly choices: FilterChoices;
}

/** A plain form: what is chosen stands in the address. */
export function RunsFilterForm({ page, values, choices }: FormProps) {
  const { say } = page;
  return (
    <form class="filter" method="get" action={addressOf(page, ['runs'])} aria-label={say(FILTER)}>
      {choices.targets.length > 0 && (
        <Choice
          page={page}
          name="target"
          label={FIELD_WORDS.target}
          value={values.target}
          names={choices.targets}
        />
      )}
      <Choice
        page={page}
        name="database"
        label={FIELD_WORDS.database}
        value={values.database}
        names={choices.databases}
      />
      <Field id="status" label={say(FIELD_WORDS.result)}>
        <select id="status" name="status">
          <option value="">{say(ANY)}</option>
          <option value="SUCCESS" selected={values.status === 'SUCCESS'}>
            {say(STATUS_WORDS.good)}
          </option>
          <option value="FAILED" selected={values.status === 'FAILED'}>
            {say(STATUS_WORDS.failed)}
          </option>
        </select>
      </Field>
      <Field id="proof" label={say(AT_LEAST)}>
        <select id="proof" name="proof">
          <option value="">{say(ANY)}</option>
          {(['read', 'stored', 'restored'] as const).map((proof) => (
            <option value={proof} selected={values.proof === proof}>
              {say(PROOF_WORDS[proof] ?? ANY)}
            </option>
          ))}
        </select>
      </Field>
      <Field id="from" label={say(FROM)}>
        <input id="from" name="from" type="date" value={values.from} />
      </Field>
      <Field id="to" label={say(TO)}>
        <input id="to" name="to" type="date" value={values.to} />
      </Field>
      <div class="filter-end">
        <button type="submit">{say(SHOW)}</button>
        <a href={addressOf(page, ['runs'])}>{say(CLEAR)}</a>
      </div>
    </form>
  );
}

interface ChoiceProps {
  readonly page: PageContext;
  readonly name: string;
  readonly label: Text;
  readonly value: string | undefined;
  readonly names: readonly string[];
}

function Choice({ page, name, label, value, names }: ChoiceProps) {
  const offered = value === undefined || names.includes(value) ? names : [value, ...names];
  return (
    <Field id={name} label={page.say(label)}>
      <select id={name} name={name}>
        <option value="">{page.say(ANY)}</option>
        {offered.map((one) => (
          <option value={one} selected={one === value}>
            {one}
          </option>
        ))}
      </select>
    </Field>
  );
}

function Field({
  id,
  label,
  children,
}: {
  readonly id: string;
  readonly label: string;
  readonly children: Content;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
    </div>
  );
}

const FILTER = { en: 'Filter', zh: '筛选' };
const ANY = { en: 'any', zh: '全部' };
const AT_LEAST = { en: 'Proven at least', zh: '验证程度至少' };
const FROM = { en: 'From', zh: '从' };
const TO = { en: 'To, included', zh: '至（含）' };
const SHOW = { en: 'Show', zh: '显示' };
const CLEAR = { en: 'Show all', zh: '显示全部' };
