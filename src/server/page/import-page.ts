import { fileURLToPath } from 'node:url';

/**
 * The pages, each loaded when it is first asked for. They are JSX, which Node does not read; tsx, which does, is loaded along with the first, unless
 * they are compiled as all of this is.
 */
export const importPage = {
  overview: () => compiled(async () => (await import('./overview-page.tsx')).OverviewPage),
  runs: () => compiled(async () => (await import('./runs-page.tsx')).RunsPage),
  run: () => compiled(async () => (await import('./run-page.tsx')).RunPage),
  api: () => compiled(async () => (await import('./api-page.tsx')).ApiPage),
  message: () => compiled(async () => (await import('./message-page.tsx')).MessagePage),
};

const IS_COMPILED = import.meta.url.endsWith('.js');
let registered: Promise<unknown> | undefined;

async function compiled<Page>(load: () => Promise<Page>): Promise<Page> {
  registered ??= IS_COMPILED ? Promise.resolve() : registerTsx();
  await registered;
  return load();
}

async function registerTsx(): Promise<void> {
  const { register } = await import('tsx/esm/api');
  // It would look for the settings of TypeScript in the working directory, and knows of no JSX without them.
  register({ tsconfig: fileURLToPath(new URL('../../../tsconfig.json', import.meta.url)) });
}
