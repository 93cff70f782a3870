import type { Overview } from '../overview/overview.ts';
import { nameOf } from './names.ts';
import type { PageContext } from './page-context.ts';

interface DatabaseChoiceProps {
  readonly page: PageContext;
  readonly overview: Overview;
  readonly id: string;
  readonly chosen: string | undefined;
  /** What stands for no choice. */
  readonly all: string;
}

/** A form that shows one database alone; nothing where there is only one. */
export function DatabaseChoice({ page, overview, id, chosen, all }: DatabaseChoiceProps) {
  const names = overview.databases.map((one) => page.say(nameOf(one)));
  if (names.length < 2) return null;
  return (
    <form class="choice" method="get" action={page.root}>
      <label for={id}>{page.say(DATABASE)}</label>
      <select id={id} name="database">
        <option value="">{all}</option>
        {names.map((name) => (
          <option value={name} selected={name === chosen}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit">{page.say(SHOW)}</button>
    </form>
  );
}

const DATABASE = { en: 'Database', zh: '数据库' };
const SHOW = { en: 'Show', zh: '显示' };
