import type { Page } from 'playwright-core'

type Rgb = readonly number[]

interface PaintedText {
  readonly color: Rgb
  readonly behind: Rgb
  readonly html: string
}

/** Text with less contrast than WCAG 2.2 asks for (1.4.3: 4.5 to 1). */
export async function findFaintText(page: Page): Promise<string[]> {
  const painted = await page.evaluate(readPaintedText)
  if (painted.length < 20) throw new Error('The page shows hardly any text')
  return painted.flatMap(({ color, behind, html }) => {
    const [one, two] = [luminance(color), luminance(behind)]
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
    return contrast < 4.5 ? [`${contrast.toFixed(2)} ${html}`] : []
  })
}

/** WCAG 2.2, "relative luminance". */
function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((value) => {
    const part = value / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Runs in the page. A canvas turns every way to write a colour into red, green and blue. */
function readPaintedText(): PaintedText[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const toRgb = (color: string): number[] => {
    if (canvas === null) throw new Error('There is no canvas')
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const behind = (element: Element | null): number[] => {
    if (element === null) return [255, 255, 255, 255]
    const color = toRgb(getComputedStyle(element).backgroundColor)
    return color[3] === 255 ? color : behind(element.parentElement)
  }
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- only this function is sent to the page
  const isPainted = (element: HTMLElement): boolean =>
    element.checkVisibility() &&
    [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
    )
  return [...document.querySelectorAll<HTMLElement>('body *')].filter(isPainted).map((element) => ({
    color: toRgb(getComputedStyle(element).color),
    behind: behind(element),
    html: element.outerHTML.slice(0, 80),
  }))
}
