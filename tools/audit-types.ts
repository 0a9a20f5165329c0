/** The members of the union AuditType, which exists in types alone. */
export function auditTypes(source: string): readonly string[] {
  const start = source.indexOf('export type AuditType =')
  const end = source.indexOf('\n\n', start)
  return [...source.slice(start, end).matchAll(/'([a-z_.]+)'/g)].map((match) => match[1] ?? '')
}
