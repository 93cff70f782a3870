/** The path of a request's address, and its query without the `?`, in which more of them may come; undefined where it has none (RFC 3986, 3.4). */
export function splitUrl(url: string): { readonly path: string; readonly query: string | undefined } {
  const end = url.indexOf('?');
  return end < 0 ? { path: url, query: undefined } : { path: url.slice(0, end), query: url.slice(end + 1) };
}
