import assert from 'node:assert/strict'
import { test } from 'node:test'
import jsQr from 'jsqr'
import { drawQrCode } from './qr-code.ts'

const scale = 4

/** What a camera sees of the picture: rectangles of dark on light. */
function paint(svg: string): { pixels: Uint8ClampedArray; side: number } {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const side = size * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  const dark = /<path d="([^"]+)"/.exec(svg)?.[1] ?? ''
  for (const [, x, y, width, height] of dark.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-\3z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + Number(height)) * scale; row++) {
      const start = (row * side + Number(x) * scale) * 4
      const end = start + Number(width) * scale * 4
      for (let at = start; at < end; at++) if (at % 4 !== 3) pixels[at] = 0
    }
  }
  return { pixels, side }
}

test('a QR code is read as it was written, short or long', () => {
  for (const text of [
    'x',
    'otpauth://totp/Shop:ada?secret=ABC',
    `https://example.org/${'é/'.repeat(300)}`,
  ]) {
    const svg = drawQrCode(text)
    const { pixels, side } = paint(svg)
    assert.equal(jsQr.default(pixels, side, side, { inversionAttempts: 'dontInvert' })?.data, text)
    assert.match(
      svg,
      /^<svg xmlns="[^"]+" viewBox="[^"]+" shape-rendering="crispEdges">(<path [^<>]+\/>){2}<\/svg>$/,
    )
    // Four modules of light around it.
    const dark = svg.slice(svg.lastIndexOf('<path'))
    for (const [, x, y] of dark.matchAll(/M(\d+) (\d+)h/g)) {
      assert.ok(Number(x) >= 4 && Number(y) >= 4)
    }
  }
})
