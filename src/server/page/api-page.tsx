import { type ApiParameter, type ApiRoute, ROUTE_PARAMETER } from './api-routes.ts';
import { API_WORDS } from './api-words.ts';
import { Layout } from './layout.tsx';
import { addressOf, type PageContext } from './page-context.ts';

/** Every route with its parameters, each as a form that opens the answer. */
export function ApiPage({
  page,
  routes,
}: {
  readonly page: PageContext;
  readonly routes: readonly ApiRoute[];
}) {
  const { say } = page;
  return (
    <Layout page={page} title="API">
      <h1>{say(TITLE)}</h1>
      <p>
        {say(INTRODUCTION)} <a href={addressOf(page, ['openapi.json'])}>openapi.json</a>
      </p>
      {routes.map((route, index) => (
        <RouteForm page={page} route={route} id={`route-${index}`} />
      ))}
    </Layout>
  );
}

function RouteForm({
  page,
  route,
  id,
}: {
  readonly page: PageContext;
  readonly route: ApiRoute;
  readonly id: string;
}) {
  const { path, summary, description, parameters } = route;
  return (
    <section class="section api-route" aria-labelledby={id}>
      <h2 id={id}>
        <code>{path}</code>
      </h2>
      <p>
        <Described page={page} text={summary} />
      </p>
      {description && (
        <p class="quiet">
          <Described page={page} text={description} />
        </p>
      )}
      <form
        class={parameters.length > 0 ? 'filter' : undefined}
        method="get"
        action={addressOf(page, ['api', 'open'])}
      >
        <input type="hidden" name={ROUTE_PARAMETER} value={path} />
        {parameters.map((parameter) => (
          <Field page={page} parameter={parameter} id={`${id}-${parameter.name}`} />
        ))}
        <div class="filter-end">
          <button type="submit">
            {page.say(OPEN)} <span class="chart-unseen">{path}</span>
          </button>
        </div>
      </form>
    </section>
  );
}

function Field({
  page,
  parameter,
  id,
}: {
  readonly page: PageContext;
  readonly parameter: ApiParameter;
  readonly id: string;
}) {
  const { name, isInPath, description, values } = parameter;
  const about = description && `${id}-about`;
  return (
    <div class="field">
      <label for={id}>
        <code>{name}</code>
        {isInPath && ` (${page.say(NEEDED)})`}
      </label>
      {values ? (
        <select id={id} name={name} aria-describedby={about}>
          <option value="">{page.say(ANY)}</option>
          {values.map((value) => (
            <option>{value}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          name={name}
          required={isInPath}
          autocomplete="off"
          spellcheck={false}
          aria-describedby={about}
        />
      )}
      {description && (
        <small id={about}>
          <Described page={page} text={description} />
        </small>
      )}
    </div>
  );
}

/** A text of the description, in the language of the page where it is known in it. What stands between backquotes is code. */
function Described({ page, text }: { readonly page: PageContext; readonly text: string }) {
  const translated = page.language === 'zh' ? API_WORDS.get(text) : undefined;
  return (
    <span lang={translated === undefined ? 'en' : undefined}>
      {(translated ?? text).split('`').map((part, index) => (index % 2 === 0 ? part : <code>{part}</code>))}
    </span>
  );
}

const TITLE = { en: 'Try the API', zh: '试用 API' };
const INTRODUCTION = {
  en: 'Every route, with what it takes. A form opens the answer as it is; what is left empty is not sent. All of it in one document:',
  zh: '所有接口及其参数。表单会原样打开应答，留空的参数不会发送。完整描述（英文）：',
};
const OPEN = { en: 'Open', zh: '打开' };
const NEEDED = { en: 'needed', zh: '必填' };
const ANY = { en: '(any)', zh: '（不限）' };
