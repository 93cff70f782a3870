/** A name as SQL reads it whatever it holds (PostgreSQL manual, 4.1.1). */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
