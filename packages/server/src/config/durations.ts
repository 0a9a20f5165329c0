const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const
const pattern = /^(\d{1,9})(s|m|h|d|w)?$/

/** `30s`, `15m`, `12h`, `7d`, `2w` or bare seconds, in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = 's'] = pattern.exec(text.trim()) ?? []
  if (digits === undefined) return undefined
  return Number(digits) * unitSeconds[unit as keyof typeof unitSeconds]
}
