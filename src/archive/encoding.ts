/** Encodings by the names of the Encoding Standard; those that it does not know are read as ASCII with gaps (PostgreSQL manual, 24.3). */
const LABELS: Readonly<Record<string, string>> = {
  BIG5: 'big5',
  EUC_CN: 'gb18030',
  EUC_JP: 'euc-jp',
  EUC_JIS_2004: 'euc-jp',
  EUC_KR: 'euc-kr',
  GB18030: 'gb18030',
  GBK: 'gbk',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'windows-1254',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  SHIFT_JIS_2004: 'shift_jis',
  SJIS: 'shift_jis',
  UHC: 'euc-kr',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
};

/** Text in one of PostgreSQL's encodings, by its name there. */
export function decodeText(bytes: Buffer, encoding: string): string {
  const name = encoding.toUpperCase();
  if (name === 'UTF8' || name === 'SQL_ASCII') return bytes.toString('utf8');
  const label = LABELS[name];
  return label === undefined ? bytes.toString('latin1') : decoderOf(label).decode(bytes);
}

const decoders = new Map<string, TextDecoder>();

/** Always the same one: it is much larger than most names. */
function decoderOf(label: string): TextDecoder {
  // A mark at the beginning is a part of the name here.
  const decoder = decoders.get(label) ?? new TextDecoder(label, { ignoreBOM: true });
  decoders.set(label, decoder);
  return decoder;
}
