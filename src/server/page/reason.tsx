import type { Finding } from './findings.ts';
import { isolatedNameOf } from './names.ts';
import { addressOf, type PageContext } from './page-context.ts';

interface ReasonProps {
  readonly page: PageContext;
  readonly finding: Finding;
  /** Where it does not stand below the name of its database. */
  readonly isNamed?: boolean;
}

/** What speaks against safety; leads to where there is more to learn about it. */
export function Reason({ page, finding: { one, run, text }, isNamed = false }: ReasonProps) {
  const { say } = page;
  if (one === undefined) return <span>{say(text)}</span>;
  const { database, context } = one;
  const { target } = context;
  const parameters = { name: isolatedNameOf(one), text };
  return (
    <a
      href={
        run === undefined
          ? addressOf(page, ['runs'], { target, database })
          : addressOf(page, ['runs', run], { target })
      }
    >
      {isNamed ? say(ABOUT, parameters) : say(text)}
    </a>
  );
}

const ABOUT = { en: '{name}: {text}', zh: '{name}：{text}' };
