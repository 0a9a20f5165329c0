import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'

export interface DocumentationAsset {
  readonly contentType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Nothing but our own files, no inline script or style, no text that becomes markup. */
export const documentationContentSecurityPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

// Beside src and dist: the browser loads these files as they are, so there is nothing to build.
const directory = new URL('../../documentation-page/', import.meta.url)
const page = 'index.html'

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The page under the empty name, and its parts under theirs. */
export function loadDocumentationAssets(): ReadonlyMap<string, DocumentationAsset> {
  const assets = new Map<string, DocumentationAsset>()
  for (const file of readdirSync(directory)) {
    const contentType = contentTypes[extname(file)]
    if (contentType === undefined) continue
    const bytes = new Uint8Array(readFileSync(new URL(file, directory)))
    assets.set(file === page ? '' : file, { contentType, bytes })
  }
  return assets
}
