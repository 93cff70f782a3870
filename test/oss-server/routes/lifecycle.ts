import { receiveText } from '../body.ts';
import type { Exchange, Reply } from '../exchange.ts';
import type { ObjectStore } from '../object-store.ts';
import { ossError } from '../oss-error.ts';

const maximumXmlBytes = 1024 ** 2;

/** The elements that this server knows inside each one; the leaves are checked by their pattern. */
const grammar: Readonly<Record<string, readonly string[] | RegExp>> = {
  LifecycleConfiguration: ['Rule'],
  Rule: ['ID', 'Prefix', 'Status', 'Expiration', 'AbortMultipartUpload', 'NoncurrentVersionExpiration'],
  Expiration: ['Days', 'ExpiredObjectDeleteMarker'],
  AbortMultipartUpload: ['Days'],
  NoncurrentVersionExpiration: ['NoncurrentDays'],
  ID: /^.{1,255}$/,
  Prefix: /^[^*?]*$/,
  Status: /^(Enabled|Disabled)$/,
  Days: /^[1-9]\d{0,5}$/,
  NoncurrentDays: /^[1-9]\d{0,5}$/,
  ExpiredObjectDeleteMarker: /^(true|false)$/,
};

const rulesOf = new WeakMap<ObjectStore, Map<string, string>>();

/** Keeps the rules of a bucket, and does nothing by them. */
export async function putBucketLifecycle({ request, store, bucket, fault }: Exchange): Promise<Reply> {
  const xml = await receiveText(request, maximumXmlBytes, fault);
  const body = xml.replace(/^\s*<\?xml[^>]*\?>/, '');
  checkElements(body, ['LifecycleConfiguration']);
  const ofStore = rulesOf.get(store) ?? new Map<string, string>();
  rulesOf.set(store, ofStore.set(bucket, body.trim()));
  return { status: 200 };
}

export function getBucketLifecycle({ store, bucket }: Exchange): Reply {
  const body = rulesOf.get(store)?.get(bucket);
  if (body === undefined) throw ossError('NoSuchLifecycle', { BucketName: bucket });
  return { status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

/** Throws MalformedXML for anything but elements of the grammar, each with its closing tag, in `xml`. */
function checkElements(xml: string, allowed: readonly string[]): void {
  let rest = xml.trim();
  while (rest !== '') {
    const [whole = '', name = '', inner = ''] = /^<(\w+)>([\s\S]*?)<\/\1>/.exec(rest) ?? [];
    const content = grammar[name];
    if (content === undefined || !allowed.includes(name)) throw ossError('MalformedXML');
    if (!(content instanceof RegExp)) checkElements(inner, content);
    else if (!content.test(inner.trim())) throw ossError('MalformedXML');
    rest = rest.slice(whole.length).trim();
  }
}
