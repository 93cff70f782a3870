/** A name as SQL reads it whatever it holds (PostgreSQL manual, 4.1.1). */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string constant as SQL reads it whatever it holds and whatever standard_conforming_strings says (PostgreSQL manual, 4.1.2). */
export function quoteLiteral(value: string): string {
  const quoted = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
