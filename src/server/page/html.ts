import { type ComponentChildren, createElement, type FunctionComponent, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** Whatever may stand between two tags. */
export type Content = ComponentChildren;
/** A whole page, not yet a text. */
export type Page = VNode;

/** What a page may load and do: nothing but what comes from here, and no script or style that stands in it. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What JSX writes as `<Component {...props} />`, for files without JSX. */
export function draw<Props extends object>(component: FunctionComponent<Props>, props: Props): Page {
  return createElement(component, props) as Page;
}

/** The text of a whole page; every text within was escaped. */
export function htmlText(page: Page): string {
  return `<!doctype html>\n${renderToString(page)}`;
}
