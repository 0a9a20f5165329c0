import { encode } from 'uqr'

/** The light margin that scanners need around the code (ISO/IEC 18004 section 6.3.8), in modules. */
const margin = 4

/** A QR code as an SVG of its own: one path, no script, no style and nothing to fetch. */
export function drawQrCode(text: string): string {
  const { data, size } = encode(text, { border: margin, ecc: 'M' })
  const runs = data.flatMap((row, y) =>
    darkRuns(row).map(([x, width]) => `M${x} ${y}h${width}v1h-${width}z`),
  )
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${runs.join('')}"/></svg>`
  )
}

/** Where the dark runs of a row begin, and how long they are. */
function darkRuns(row: readonly boolean[]): (readonly [x: number, width: number])[] {
  const runs: [number, number][] = []
  for (const [x, isDark] of row.entries()) {
    const last = runs.at(-1)
    if (!isDark) continue
    if (last && last[0] + last[1] === x) last[1]++
    else runs.push([x, 1])
  }
  return runs
}
