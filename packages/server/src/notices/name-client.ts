// In this order: the later ones are named by the earlier ones, too.
const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['CrOS', 'ChromeOS'],
  ['Windows', 'Windows'],
  ['Macintosh', 'macOS'],
  ['Linux', 'Linux'],
] as const

/**
 * What a mail calls the program that did something: the browser and its system, or the name of another program. Never the
 * header as it came: anybody can bring a warning about, and would have us send his own words, and his link, to its reader.
 */
export function nameClient(userAgent: string | null): string {
  const text = userAgent ?? ''
  const [, browser] = browsers.find(([mark]) => text.includes(mark)) ?? []
  const [, system] = systems.find(([mark]) => text.includes(mark)) ?? []
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`
  return /^[A-Za-z][A-Za-z0-9_-]{0,31}(?=$|[/ ])/.exec(text)?.[0] ?? 'an unnamed program'
}
