import { ossError } from './oss-error.ts';
import { headerOf, type OssRequest } from './request.ts';

const maximumTags = 10;
const maximumKeyLength = 128;
const maximumValueLength = 256;
const allowed = /^[A-Za-z0-9 +\-=._:/]*$/;

/**
 * The object tags in `x-oss-tagging` (`key=value&key2=value2`, percent-encoded). Throws InvalidTag or InvalidArgument
 * for what OSS refuses; limits and EC from its pages 0010-00000209 to 0010-00000219.
 */
export function userTags(request: OssRequest): Record<string, string> {
  const text = headerOf(request, 'x-oss-tagging');
  if (!text) return {};
  const entries = text.split('&').map(parseTag);
  const keys = new Set(entries.map(([key]) => key));
  if (entries.length > maximumTags || keys.size < entries.length) throw ossError('InvalidTag');
  return Object.fromEntries(entries);
}

function parseTag(text: string): [key: string, value: string] {
  const [key, value = '', ...rest] = text.split('=').map(decode);
  if (!key || rest.length > 0) throw invalidFormat(text);
  if (key.length > maximumKeyLength) throw ossError('InvalidTag', { ec: '0010-00000209' });
  if (!allowed.test(key)) throw ossError('InvalidTag', { ec: '0010-00000212' });
  if (value.length > maximumValueLength || !allowed.test(value)) throw ossError('InvalidTag');
  return [key, value];
}

// As in a form, `+` is a space: so the OSS Go SDK writes it.
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    throw invalidFormat(text);
  }
}

function invalidFormat(text: string): Error {
  return ossError('InvalidArgument', {
    ec: '0010-00000219',
    ArgumentName: 'x-oss-tagging',
    ArgumentValue: text,
  });
}
